"""Titles that are not what they seem, and characters that nobody sees."""

import pytest

from sitegen.submissions.review import lookalikes
from sitegen.submissions.review.view import revealed


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Hello world", ""),
        ("Café au lait", ""),
        ("Привет мир", ""),
        ("Война и мир", ""),
        ("日本語の題名", ""),
        ("Ωμέγα", ""),
        ("Emoji 👩\u200d🚀 are fine", "characters that nobody sees"),
        ("Неllo world", "mixes Cyrillic and Latin letters"),
        ("First pοst", "mixes Greek and Latin letters"),
        ("хосе", "Cyrillic letters look like Latin ones"),
        ("Zero\u200bwidth", "characters that nobody sees"),
        ("Ｆｕｌｌ width", "another width or shape"),
        ("Z\u0300\u0301\u0302\u0303\u0304algo", "heaps marks"),
    ],
)
def test_a_title_that_is_not_what_it_seems_is_pointed_out(
    title: str, words: str
) -> None:
    found = lookalikes.warnings(title)
    assert any(words in each for each in found) if words else not found


@pytest.mark.parametrize(
    ("title", "other", "same"),
    [
        ("Hello, world!", "Hello World", True),
        ("Неllo wоrld", "Hello world", True),
        ("Illness", "lllness", True),
        ("10 tips", "lO tips", True),
        ("A walk along the pier", "A walk along a pier", False),
    ],
)
def test_titles_that_are_nearly_the_same_are_found(
    title: str, other: str, same: bool
) -> None:
    places = [("Something else", "/x/"), (other, "/y/"), ("And more", "/z/")]
    assert lookalikes.similar(title, places) == [(other, "/y/", same)]


def test_only_the_nearest_titles_are_shown() -> None:
    others = [(f"My trip number {number}", str(number)) for number in range(50)]
    found = lookalikes.similar("My trip number 7", others)
    assert len(found) == lookalikes.MOST_SIMILAR and found[0][1] == "7"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n<b>", "plain\n&lt;b&gt;"),
        ("a\u202eb", 'a<mark class="hidden">U+202E</mark>b'),
        ("a\x07", 'a<mark class="hidden">U+0007</mark>'),
        ("a\u200db", 'a<mark class="hidden">U+200D</mark>b'),
        ("👩\u200d🚀 ❤\ufe0f é", "👩\u200d🚀 ❤\ufe0f é"),
    ],
)
def test_what_nobody_sees_is_shown_by_number(text: str, shown: str) -> None:
    assert revealed(text) == shown
