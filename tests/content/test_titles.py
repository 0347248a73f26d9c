"""Titles: which are the same, which are refused."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.content.titles import CODES, check_title, title_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello World", "hello   world "),
        ("Café", "Cafe\u0301"),
        ("Cafe\u034f\u0301", "Café"),
        ("Straße", "STRASSE"),
        ("ﬁne", "fine"),
        ("so\u00adft", "soft"),
        ("a\u200bb", "ab"),
        ("Ａ", "a"),
        ("a\u00a0b", "a b"),
        ("\u1e9e", "ss"),
        ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
    ],
)
def test_what_readers_take_for_the_same_has_one_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


def test_what_readers_tell_apart_has_two_keys() -> None:
    titles = ["C", "C++", "C#", "resume", "résumé", "Ι", "I", "1", "l", ""]
    assert len({title_key(title) for title in titles}) == len(titles)


def test_the_key_of_a_key_is_itself_for_every_code_point() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        key = title_key(character)
        assert title_key(key) == key, f"U+{number:04X}"


def test_the_key_of_a_key_is_itself_between_letters() -> None:
    for number in range(sys.maxunicode + 1):
        if unicodedata.category(chr(number)) not in ("Cn", "Co", "Cs"):
            key = title_key(f"a{chr(number)}\u0301")
            assert title_key(key) == key, f"U+{number:04X}"


@given(st.text())
def test_the_key_of_a_key_is_itself(text: str) -> None:
    assert title_key(title_key(text)) == title_key(text)


@given(st.text())
def test_the_key_does_not_depend_on_normal_forms(text: str) -> None:
    keys = {title_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert keys == {title_key(text)}


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", "title-empty"),
        (" \t ", "title-empty"),
        ("\u200b\u2060", "title-empty"),
        ("x" * 301, "title-too-long"),
        ("a\nb", "title-line-break"),
        ("a\r\nb", "title-line-break"),
        ("a\u2028b", "title-control-character"),
        ("a\x85b", "title-control-character"),
        ("a\x00b", "title-control-character"),
        ("a\x7fb", "title-control-character"),
        ("a\x9bb", "title-control-character"),
        ("a\tb", "title-control-character"),
        ("a\u202eb", "title-direction-override"),
        ("a\u2066b", "title-direction-override"),
    ],
)
def test_a_bad_title_is_refused(title: str, code: str) -> None:
    fault = check_title(title)
    assert fault is not None and fault.code == code and code in CODES
    assert fault.message.startswith("The title ") and fault.hint


@pytest.mark.parametrize(
    "title",
    ["x", "x" * 300, "C++", "日本語", "👩\u200d💻", "می\u200cخواهم", "!", "é" * 300],
)
def test_a_good_title_is_taken(title: str) -> None:
    assert check_title(title) is None
