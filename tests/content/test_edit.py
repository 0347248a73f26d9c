"""Changing a key leaves every other byte of a file as its author wrote it."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sitegen.content.edit import edit
from sitegen.content.frontmatter import dump, parse
from sitegen.problems import SitegenError

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
PARIS = datetime(2026, 7, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
PUBLISH = {"date": NOON, "draft": None}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "---\n# mine\ntitle:   'Hi'   # a comment\ndraft: true # not yet\ntags: [a,  b]\n---\nbody\n",
            "---\n# mine\ntitle:   'Hi'   # a comment\ndate: 2026-07-01 12:00:00+00:00\ntags: [a,  b]\n---\nbody\n",
        ),
        (
            "---\ndate:    2020-01-01   # old\ntitle: Hi\ndraft: yes\n---\n",
            "---\ndate:    2026-07-01 12:00:00+00:00   # old\ntitle: Hi\n---\n",
        ),
        (
            "---\ntitle: Hi\ndate:\ndraft: true\n...\nbody",
            "---\ntitle: Hi\ndate: 2026-07-01 12:00:00+00:00\n...\nbody",
        ),
        (
            "---\r\ntitle: >\r\n  A long\r\n  title\r\n\r\ndraft: true\r\n---\r\nbody\r\n",
            "---\r\ntitle: >\r\n  A long\r\n  title\r\ndate: 2026-07-01 12:00:00+00:00\r\n\r\n---\r\nbody\r\n",
        ),
        (
            '\ufeff---\n"title": é\n"draft": true\n"date": "2020-01-01"\n---\nbody',
            '\ufeff---\n"title": é\n"date": 2026-07-01 12:00:00+00:00\n---\nbody',
        ),
        (
            "---\ndraft: true\n---\n",
            "---\ndate: 2026-07-01 12:00:00+00:00\n---\n",
        ),
        (
            "+++\ntitle = 'Hi' # x\ndraft = true\n\n[extra]\ndate = 1\n+++\nbody",
            "+++\ntitle = 'Hi' # x\ndate = 2026-07-01T12:00:00+00:00\n\n[extra]\ndate = 1\n+++\nbody",
        ),
        (
            "+++\ndate=1979-05-27 07:32:00 # c\ntitle = 'Hi'\ntags = [\n  'a', # ]\n  'b',\n]\n'draft' = true\n+++\n",
            "+++\ndate=2026-07-01T12:00:00+00:00 # c\ntitle = 'Hi'\ntags = [\n  'a', # ]\n  'b',\n]\n+++\n",
        ),
        (
            "Title:  Hi\nDraft: true\nTags: a,\n  b\n\nbody\n",
            "Title:  Hi\ndate: 2026-07-01 12:00:00+00:00\nTags: a,\n  b\n\nbody\n",
        ),
        (
            "Date: 2020-01-01\nTitle: A\n  long one\nDraft: true\n\nbody",
            "Date: 2026-07-01 12:00:00+00:00\nTitle: A\n  long one\n\nbody",
        ),
        (
            "no front matter",
            "---\ndate: 2026-07-01 12:00:00+00:00\n---\nno front matter",
        ),
    ],
)
def test_only_the_changed_keys_move(before: str, after: str) -> None:
    assert edit(before.encode(), PUBLISH).decode() == after


def test_a_long_value_is_replaced_and_removed_as_a_whole() -> None:
    before = (
        "---\ntitle: Hi\ntags:\n- a\n# between\n- b: {c: 1}\n# after\nslug: x\n---\n"
    )
    replaced = edit(before.encode(), {"tags": ["new"]}).decode()
    assert replaced == "---\ntitle: Hi\ntags:\n- new\n# after\nslug: x\n---\n"
    removed = edit(before.encode(), {"tags": None}).decode()
    assert removed == "---\ntitle: Hi\n# after\nslug: x\n---\n"


def test_an_offset_is_kept() -> None:
    for text in ("---\ntitle: x\n---\n", "+++\ntitle = 'x'\n+++\n"):
        front, _ = parse(edit(text.encode(), {"date": PARIS}), "")
        assert front.fields["date"].utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    "text",
    [
        "---\n{title: x, draft: true}\n---\n",
        "---\nbase: &b {draft: true}\n<<: *b\ntitle: x\n---\n",
        "---\ndraft: &yes true\ntitle: x\nunlisted: *yes\n---\n",
        "+++\ntitle = 'x'\nextra.draft = 1\ndraft.x = true\n+++\n",
    ],
)
def test_what_cannot_be_changed_alone_is_refused(text: str) -> None:
    with pytest.raises(SitegenError, match="cannot be changed without"):
        edit(text.encode(), {"draft": None})


def test_a_broken_file_is_refused() -> None:
    with pytest.raises(SitegenError, match="not closed"):
        edit(b"---\ntitle: x\n", {"draft": None})


def test_removing_what_is_not_there_changes_nothing() -> None:
    text = b"---\ntitle: x # y\n---\n"
    assert edit(text, {"draft": None}) == text


texts = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1
)
values = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.lists(texts, max_size=3),
    st.just(date(2024, 2, 29)),
    st.just(PARIS),
)
keys = st.sampled_from(["title", "date", "draft", "tags", "slug", "my key", "é", "x"])


@given(
    fields=st.dictionaries(keys, values, min_size=1),
    body=texts,
    key=keys,
    value=st.one_of(st.none(), values),
    dialect=st.sampled_from(["yaml", "toml"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_change_is_that_change_and_no_other(
    fields: dict[str, Any], body: str, key: str, value: Any, dialect: Any, newline: str
) -> None:
    data = dump(fields, body, dialect).replace("\n", newline).encode()
    assume(b"*id" not in data)
    before, problems = parse(data, "")
    assume(not problems and before.dialect == dialect)
    after = edit(data, {key: value})
    expected = {k: v for k, v in before.fields.items() if k != key}
    if value is not None:
        expected[key] = value
    front, problems = parse(after, "")
    assert not problems
    assert front.fields == expected
    kept = [line for line in data.splitlines() if line in after.splitlines()]
    assert len(data.splitlines()) - len(kept) <= 1 + data.count(b"\n- ")


@given(
    lines=st.lists(st.sampled_from(["tags: a", "slug: b", "x: c", "date: d"])), key=keys
)
def test_a_header_keeps_its_other_lines(lines: list[str], key: str) -> None:
    lines = ["Title: x", *dict.fromkeys(lines)]
    assume(key.isascii() and " " not in key and key != "title")
    data = "\n".join([*lines, "", "body"]).encode()
    after = edit(data, {key: "new"}).decode().splitlines()
    others = [line for line in lines if not line.startswith(f"{key}:")]
    assert [line for line in after[:-2] if not line.startswith(f"{key}:")] == others
    assert f"{key}: new" in after
