"""What a content file becomes, and what it takes in memory."""

from pathlib import Path

import msgspec
import pytest

from sitegen import config
from sitegen.build import outlines
from sitegen.build.parse import (
    Entry,
    Known,
    ParseRules,
    parse,
    parse_file,
    rules_of,
    share,
)
from sitegen.content.records import Source
from sitegen.content.scan import Found
from sitegen.markup.records import Outline

TEXT = b"""---
title: One
tags: [red, blue]
author: Ada
---

## A heading

[Two](two.md) ![](three.png)
"""


@pytest.fixture
def rules(tmp_path: Path) -> ParseRules:
    """Gives the rules of a site without settings."""
    (tmp_path / "sitegen.toml").write_text("")
    return rules_of(config.load(tmp_path)[0])


def received(name: str, rules: ParseRules) -> Entry:
    """Returns an entry as another process sends it."""
    entry = parse(Found(f"posts/{name}.md", 1, len(TEXT), 1), TEXT, rules)[0]
    return msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=Entry)


def test_entries_share_what_they_have_in_common(rules: ParseRules) -> None:
    plain = received("a", rules)
    one, two = share(plain), share(received("b", rules))
    assert one == plain
    assert one.post and two.post
    assert one.post.id is one.source.path
    assert one.post.section is two.post.section
    assert one.post.extra is two.post.extra
    assert one.post.authors[0] is two.post.authors[0]
    assert one.post.terms["tags"][1] is two.post.terms["tags"][1]


def test_outlines_are_read_when_asked_for(rules: ParseRules) -> None:
    found = outlines.Outlines({"a": received("a", rules).outline})
    outline = Outline(("a-heading",), ("two.md",), ("three.png",))
    assert dict(found) == {"a": outline} and len(found) == 1
    assert "a" in found and "b" not in found and found.get("b") is None
    assert outlines.pack(outline) == found.packed["a"]


@pytest.mark.parametrize("size", [0, 3, len(TEXT) - 1, len(TEXT) + 1, 10**6])
def test_a_file_is_read_whole_whatever_size_it_had(
    size: int, rules: ParseRules, tmp_path: Path
) -> None:
    file = tmp_path / "content/posts/a.md"
    file.parent.mkdir(parents=True)
    file.write_bytes(TEXT)
    found = parse_file(tmp_path, Found("posts/a.md", 1, size, 1), rules)
    assert isinstance(found, tuple) and found[0].source.size == len(TEXT)
    assert found[0].post and found[0].post.title == "One"


@pytest.mark.parametrize("place", [0, 4, TEXT.index(b"\n\n"), len(TEXT) - 1])
@pytest.mark.parametrize("other", [b"", b"x", b"\n---\n"])
def test_a_file_is_known_by_each_of_its_bytes(
    place: int, other: bytes, rules: ParseRules, tmp_path: Path
) -> None:
    file = tmp_path / "content/posts/a.md"
    file.parent.mkdir(parents=True)
    found = Found("posts/a.md", 2, len(TEXT), 1)
    known = Known.of(parse(found, TEXT, rules)[0])
    file.write_bytes(TEXT)
    same = parse_file(tmp_path, found, rules, known)
    assert isinstance(same, Source) and same.digest == known.digest
    file.write_bytes(TEXT[:place] + other + TEXT[place + 1 :])
    changed = parse_file(tmp_path, found, rules, known)
    assert isinstance(changed, tuple) and changed[0].source.digest != known.digest


@pytest.mark.parametrize(
    "text",
    [
        TEXT.decode(),
        "---\ntitle: A\ndate: 2026-01-01 10:00:00 +02:00\nextra:\n  a: [1, 2.5, null, [[]]]"
        "\n  b: 2026-01-01\n  c: 2026-01-01T10:00:00Z\n  d: {e: .inf, f: true}\n---\n",
        "+++\ntitle = 'A'\ndate = 2026-01-01T10:00:00.123Z\n[extra]\nd = 2026-01-01\n"
        "t = 10:00:00\nl = [1, [2]]\nz = {a = 1}\n+++\n# H\n",
        "---\ntitle: A\nother: [a, {b: c}]\nwhen: 2026-02-03\n---\n[l](x.md) ![i](a.png)",
        "no front matter\n",
        "---\ntitle: [\n---\n",
    ],
)
def test_what_is_parsed_here_is_what_another_process_sends(
    text: str, rules: ParseRules
) -> None:
    data = text.encode()
    entry = parse(Found("posts/a.md", 1, len(data), 1), data, rules)[0]
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=Entry)
    assert repr(sent) == repr(entry), "lists stay lists, tuples tuples"
