"""Problems are values: what is wrong, where, and what to do next."""

import enum
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import msgspec


class Severity(enum.StrEnum):
    """Whether a problem stops a build."""

    ERROR = "error"
    WARNING = "warning"


class Location(msgspec.Struct, frozen=True, array_like=True):
    """A place in a file of the site; line and column count from 1, 0 is unknown."""

    path: str
    """Relative to the site's root, with forward slashes."""
    line: int = 0
    column: int = 0
    """In characters, not bytes."""
    source: str = ""
    """The text of that line, without its line end."""


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """One thing that is wrong with the site."""

    code: str
    """Stable and documented, such as `title-duplicate`."""
    severity: Severity
    location: Location
    message: str
    hint: str = ""
    """The next step for whoever has to mend it."""
    related: tuple[Location, ...] = ()
    """Other places that take part, such as the first use of a title."""

    @property
    def is_error(self) -> bool:
        """True if nothing may be written while this problem stands."""
        return self.severity is Severity.ERROR

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Returns what problems are ordered by: file, line, column, code, message."""
        at = self.location
        return (at.path, at.line, at.column, self.code, self.message)


class SitegenError(Exception):
    """The work cannot go on; says why and what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ProblemsFound(SitegenError):
    """Problems stop the work; carries all of them, sorted."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=Problem.sort_key))
        errors = sum(problem.is_error for problem in self.problems)
        super().__init__(f"{errors} errors")
        self.args = (self.problems,)


def error(
    code: str,
    location: Location,
    message: str,
    hint: str = "",
    related: tuple[Location, ...] = (),
) -> Problem:
    """Returns a problem that stops a build."""
    return Problem(code, Severity.ERROR, location, message, hint, related)


def warning(
    code: str,
    location: Location,
    message: str,
    hint: str = "",
    related: tuple[Location, ...] = (),
) -> Problem:
    """Returns a problem that stops a build only under `--strict`."""
    return Problem(code, Severity.WARNING, location, message, hint, related)


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns the known name that `name` was probably meant to be, or ""."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return found[0] if found else ""


def nearest_file(name: str, known: Iterable[str]) -> str:
    """Returns the known file name that was probably meant, or "".

    Endings are left out of the comparison: they make all names look alike.
    """
    stem, dot, ending = name.rpartition(".")
    stems = [k.removesuffix(dot + ending) for k in known if k.endswith(dot + ending)]
    match = nearest(stem, stems)
    return match and match + dot + ending


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns "Did you mean …?" for a misspelled name, or ""."""
    match = nearest(name, known)
    return f"Did you mean '{match}'?" if match else ""


Style = Callable[[str, str], str]
"""Gives a text the look of `error`, `warning`, `place`, `hint` or `source`."""


def plain(text: str, look: str) -> str:
    """Returns a text as it is, without a look."""
    return text


def as_text(problem: Problem, style: Style = plain) -> str:
    """Returns a problem for people: where, what, the source line with a caret, a hint.

    Control characters and those that turn text around are escaped.
    """
    at, look = problem.location, problem.severity.value
    place = ":".join(str(part) for part in (at.path, at.line, at.column) if part)
    kind = style(f"{look}[{problem.code}]", look)
    lines = [
        f"{style(printable(place), 'place')}: {kind}: {printable(problem.message)}",
        *_excerpt(at, style),
    ]
    if problem.hint:
        lines += [
            style(f"  {printable(line)}", "hint") for line in _lines(problem.hint)
        ]
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _excerpt(at: Location, style: Style) -> list[str]:
    """Returns the source line and a caret below its column, cut to a screen's width."""
    start = max(0, at.column - 60)
    if not at.source[start:].strip() or not at.line:
        return []
    shown = printable(at.source[start : start + 120])
    margin = " " * len(str(at.line))
    lines = [style(f"  {at.line} | {shown}", "source")]
    if at.column:
        before = printable(at.source[start : at.column - 1])
        caret = " " * width(before)
        lines.append(style(f"  {margin} | {caret}^", "source"))
    return lines


def width(text: str) -> int:
    """Returns how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    joined = sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)
    return len(text) + wide - joined


def printable(text: str) -> str:
    """Returns a text that cannot steer a terminal: its controls are escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char == "\t":
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        code = ord(char)
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return char


def as_json(problem: Problem) -> dict[str, Any]:
    """Returns a problem for programs."""
    at = problem.location
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "path": at.path,
        "line": at.line,
        "column": at.column,
        "message": problem.message,
        "hint": problem.hint,
        "source": at.source,
    }


def as_github(problem: Problem, folder: str = "") -> str:
    """Returns a problem as an annotation of GitHub Actions.

    `folder` is the site's in its repository, such as `docs/`: GitHub's paths are the
    repository's.
    """
    at = problem.location
    path = f"{folder}{at.path}" if at.path else ""
    places = {"file": path, "line": at.line, "col": at.column}
    given = [f"{key}={_property(value)}" for key, value in places.items() if value]
    given.append(f"title={_property(problem.code)}")
    text = "\n".join(part for part in (problem.message, problem.hint) if part)
    return f"::{problem.severity.value} {','.join(given)}::{_data(text)}"


def _data(text: object) -> str:
    return str(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: object) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
