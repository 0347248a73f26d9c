"""Slugs: never empty, stable, and fit for an address and a file name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.content.slugs import slug_of_name, slug_problem, slugify


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("C", "c"),
        ("C++", "c"),
        ("  --a__b-- ", "a-b"),
        ("Ärger in Köln", "ärger-in-köln"),
        ("Cafe\u0301", "café"),
        ("日本語 テスト", "日本語-テスト"),
        ("हिन्दी भाषा", "हिन्दी-भाषा"),
        ("ภาษาไทยที่นี่", "ภาษาไทยที่นี่"),
        ("می\u200cخواهم", "میخواهم"),
        ("so\u00adft", "soft"),
        ("❤\ufe0f love", "love"),
        ("\u0301a", "a"),
        ("2024-05-06", "2024-05-06"),
    ],
)
def test_letters_and_digits_are_kept(text: str, slug: str) -> None:
    assert slugify(text) == slug


@given(st.text(st.characters(codec="ascii"), max_size=100))
def test_all_else_in_ascii_is_one_hyphen(text: str) -> None:
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    assert slugify(text) == plain or (not plain and slugify(text).startswith("x-"))


def test_a_text_without_letters_gets_a_stable_stand_in() -> None:
    assert slugify("!!!") == "x-3894b0d5" != slugify("???")
    assert slugify("") == slugify("")


def test_a_long_text_is_cut() -> None:
    assert slugify("a" * 300) == "a" * 100
    assert slugify("日" * 300) == "日" * 66
    assert slugify("a" * 99 + " b") == "a" * 99


@given(st.text() | st.text(st.characters()))
def test_a_slug_is_never_empty_and_fits_everywhere(text: str) -> None:
    slug = slugify(text)
    assert slug and len(slug) <= 100 and len(slug.encode("utf-8", "replace")) <= 200
    assert slugify(slug) == slug
    assert slug_problem(slug) is None
    assert slug_of_name(slug) == slug
    assert "/" not in slug and not slug.startswith("-") and not slug.endswith("-")


@pytest.mark.parametrize("slug", ["a", "Rust-1.3", "a_b~c", "äöü", "हिन्दी", ".a"])
def test_a_good_slug_is_taken(slug: str) -> None:
    assert slug_problem(slug) is None


@pytest.mark.parametrize(
    "slug",
    [
        "",
        ".",
        "..",
        "a/b",
        "a b",
        "a?b",
        "a%20b",
        "a\\b",
        "e\u0301",
        "a\u200bb",
        "x" * 201,
        "é" * 101,
        "a@b",
    ],
)
def test_a_bad_slug_is_refused_with_a_suggestion(slug: str) -> None:
    fault = slug_problem(slug)
    assert fault is not None and slugify(slug) in fault.hint


def test_a_file_name_is_kept_where_it_can_be() -> None:
    assert slug_of_name("roadmap@0") == "roadmap@0"
    assert slug_of_name("Rust-1.3") == "Rust-1.3"
    assert slug_of_name("cafe\u0301") == "café"
    assert slug_of_name("My post!") == "my-post"
    assert slug_of_name("..").startswith("x-")
