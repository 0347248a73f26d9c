"""What is wrong with a piece of text, before it is known where the piece lies."""

import msgspec


class Flaw(msgspec.Struct, frozen=True):
    """One thing that is wrong at a position of a text."""

    code: str
    index: int
    """In characters from the start of the text."""
    message: str
    hint: str = ""


class Fault(msgspec.Struct, frozen=True):
    """Why a value is refused; whoever asked knows where it is written."""

    code: str
    message: str
    hint: str = ""


class Unreadable(Exception):
    """A text cannot be read; carries the flaw that stopped the reading."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw = flaw


class Place(msgspec.Struct, frozen=True):
    """Which part of a key's entry is looked for; its value when nothing is said."""

    index: int | None = None
    """An item of the list that is the value."""
    value: str | None = None
    """The item that is this text."""
    is_key: bool = False

    def is_item(self, number: int, value: object) -> bool:
        """True if the item of this number and value is the one looked for."""
        return number == self.index or (self.value is not None and value == self.value)


def index_of(text: str, line: int, column: int) -> int:
    """Returns the index of a line and column, both counted from 1."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if start == 0:
            return len(text)
    return min(start + column - 1, len(text))


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Returns the line and the column of an index, both counted from 1."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
