"""Titles that are not what they seem, and titles that are nearly the same."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sitegen.content.titles import title_key, without_ignorable

_TWINS = (
    # Cyrillic
    ("АВЕЅІЈКМНОРСТУХҺԌԜаеѕіјорсухһԁԛԝӏ", "ABESIJKMHOPCTYXHGWaesijopcyxhdqwl"),
    # Greek
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγινορυϲϳ", "ABEZHIKMNOPTYXayivopucj"),
    # Armenian
    ("ՕՍԼհոսօցզ", "OULhnuogq"),
    # Latin
    ("ɑɡıɩƖ", "agiil"),
)
"""Letters that look like plain ones in most typefaces, and those."""

_PLAIN = {
    ord(odd): plain
    for odds, plains in _TWINS
    for odd, plain in zip(odds, plains, strict=True)
}
_MERGED = str.maketrans("i10|", "llol")
"""What also looks the same, in small letters: I, l and 1, O and 0."""

MOST_MARKS = 3
"""Marks on one letter that writing systems need."""

ALIKE = 0.6
"""From which share of common letter groups on two titles count as similar."""

MOST_SIMILAR = 5


def warnings(title: str) -> list[str]:
    """Returns what readers of a title cannot see, or may take for something else."""
    found = []
    if without_ignorable(title) != title:
        found.append("It has characters that nobody sees.")
    mixed = [word for word in title.split() if len(_scripts(word)) > 1]
    if mixed:
        names = " and ".join(sorted(_scripts(mixed[0])))
        found.append(f"The word “{mixed[0]}” mixes {names} letters.")
    elif "Latin" not in _scripts(title) and _is_disguised(title):
        script = next(iter(_scripts(title)))
        found.append(f"Its {script} letters look like Latin ones.")
    if _marks(title) > MOST_MARKS:
        found.append("It heaps marks on one letter.")
    if unicodedata.normalize("NFKC", title) != unicodedata.normalize("NFC", title):
        found.append("It has letters in another width or shape.")
    return found


def similar(
    title: str, others: Iterable[tuple[str, str]]
) -> list[tuple[str, str, bool]]:
    """Returns those of some (title, where it is) that are nearly the same.

    Nearest first; true for those that look the same.
    """
    key, look, groups = title_key(title), skeleton(title), groups_of(title)
    found = []
    for other, where in others:
        same = skeleton(other) == look
        likeness = 1.0 if same else _likeness(groups, groups_of(other))
        if likeness >= ALIKE:
            found.append((likeness, title_key(other) != key, other, where, same))
    nearest = sorted(found, reverse=True)[:MOST_SIMILAR]
    return [(other, where, same) for _, _, other, where, same in nearest]


@lru_cache(maxsize=50_000)
def skeleton(title: str) -> str:
    """Returns what two titles share that look alike: no spaces, no odd letters."""
    plain = unicodedata.normalize("NFKC", title).translate(_PLAIN)
    bare = unicodedata.normalize("NFD", title_key(plain)).translate(_MERGED)
    return "".join(char for char in bare if char.isalnum())


@lru_cache(maxsize=50_000)
def groups_of(title: str) -> frozenset[str]:
    """Returns the groups of three letters in a title."""
    text = f"  {title_key(title)} "
    return frozenset(text[at : at + 3] for at in range(len(text) - 2))


def _likeness(first: frozenset[str], second: frozenset[str]) -> float:
    return 2 * len(first & second) / ((len(first) + len(second)) or 1)


@lru_cache(maxsize=1000)
def _scripts(text: str) -> frozenset[str]:
    """Returns the alphabets of a text, of those that are mixed to deceive."""
    return frozenset(_script(char) for char in text if char.isalpha()) - {""}


def _script(char: str) -> str:
    name = unicodedata.name(char, "").partition(" ")[0]
    return _ALPHABETS.get(name, "")


_ALPHABETS: Mapping[str, str] = {
    "LATIN": "Latin",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "ARMENIAN": "Armenian",
    "CHEROKEE": "Cherokee",
}


def _is_disguised(title: str) -> bool:
    """True if every letter of a title could be taken for a Latin one."""
    letters = [char for char in title if char.isalpha()]
    plain = [_PLAIN.get(ord(char), char) for char in letters]
    return bool(letters) and all(char.isascii() for char in plain)


def _marks(title: str) -> int:
    """Returns the most marks that one letter carries."""
    most = run = 0
    for char in unicodedata.normalize("NFD", title):
        run = run + 1 if unicodedata.combining(char) else 0
        most = max(most, run)
    return most
