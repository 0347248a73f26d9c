"""The table of keys, and what is taken for a misspelling of one."""

import pytest

from sitegen.content.fields import (
    BY_SPELLING,
    FIELDS,
    SPECIAL,
    misspelled,
    nearly_trust,
)
from sitegen.content.records import Post


def test_every_key_has_a_sentence() -> None:
    for field in FIELDS:
        assert field.description.endswith(".") and field.name.islower()
    assert len(BY_SPELLING) == sum(1 + len(field.spellings) for field in FIELDS)
    assert not set(BY_SPELLING) & set(SPECIAL)


def test_every_key_is_a_field_of_the_record_or_a_taxonomy() -> None:
    others = {"tags", "categories", "untrusted"}
    assert {field.name for field in FIELDS} - others <= set(Post.__struct_fields__)


@pytest.mark.parametrize(
    "key",
    "untrustd Un-Trusted un_trusted untusted untrusted_ trusted submision Submissions"
    " submisson".split(),
)
def test_what_looks_like_a_key_of_trust_is_noticed(key: str) -> None:
    assert nearly_trust(key)


@pytest.mark.parametrize(
    "key", "untrusted Untrusted submission mission rust tryst title thrust".split()
)
def test_what_is_or_is_not_a_key_of_trust_is_left_alone(key: str) -> None:
    assert nearly_trust(key) == ""


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("titel", "title"),
        ("tilte", "title"),
        ("Titl", "title"),
        ("desciption", "description"),
        ("descriptoin", "description"),
        ("permalimk", "permalink"),
        ("catagories", "categories"),
        ("publish_date", "date"),
        ("expiry_date", "expires"),
        ("update", "updated"),
        ("last-mod", "updated"),
        ("sumary", "summary"),
        ("wieght", "weight"),
        ("darft", "draft"),
        ("layuot", "layout"),
    ],
)
def test_a_slip_is_noticed(key: str, meant: str) -> None:
    assert misspelled(key) == meant


@pytest.mark.parametrize(
    "key",
    "data math tabs images locale hero github height type series menu keywords link "
    "links toc2 cover subtitle comments id name hidden order nav rating team state "
    "uuid image_alt tumblr_url math katex gallery video audio robots css js Analyses "
    "featured pinned source rate plug long photo titles dates größe latitude".split(),
)
def test_an_ordinary_key_is_left_alone(key: str) -> None:
    assert misspelled(key) == ""
