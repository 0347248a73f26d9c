"""Where references stand in the Markdown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.config import Markdown
from sitegen.content.frontmatter import parse
from sitegen.markup.engine import render
from sitegen.markup.positions import reference_positions

TEXT = """\
é [a](x.md), ![i](ü.png "t"), `x.md` and <mailto:a@b.org>
é <b><img src="ü.png" srcset='s.png 1x, t.png 2x'></b>

<div>
 é <a href=x.md data-href="y.md">z</a>
</div>

> [r][ref] and [ref]

[ref]: r.md "t"

[[wiki]] &amp; [b](<a b.md>)
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("x.md", ((1, 3), (5, 12))),
        ("ü.png", ((1, 14), (2, 16))),
        ("%C3%BC.png", ((1, 14), (2, 16))),
        ("mailto:a@b.org", ((1, 42),)),
        ("s.png", ((2, 31),)),
        ("t.png", ((2, 41),)),
        ("y.md", ((5, 28),)),
        ("r.md", ((8, 3), (8, 16), (10, 1))),
        ("a%20b.md", ((12, 16),)),
        ("wiki", ((12, 3),)),
        ("none", ()),
        ("", ()),
    ],
)
def test_references_are_found(
    target: str, expected: tuple[tuple[int, int], ...]
) -> None:
    assert reference_positions(TEXT, [target]) == {target: expected}


def test_line_ends_do_not_matter() -> None:
    targets = ["x.md", "ü.png", "r.md"]
    crlf = reference_positions(TEXT.replace("\n", "\r\n"), targets)
    assert crlf == reference_positions(TEXT, targets)


@given(st.text(), st.lists(st.text()))
def test_positions_are_in_the_text(text: str, targets: list[str]) -> None:
    lines = text.split("\n")
    for places in reference_positions(text, targets).values():
        assert all(1 <= column <= len(lines[line - 1]) + 1 for line, column in places)


def test_references_of_real_posts_are_found(corpora: Path) -> None:
    missing = []
    for path in sorted(corpora.rglob("*.md")):
        data = path.read_bytes()
        text = data[parse(data, path.name)[0].body.offset :].decode()
        found = render(text, Markdown("commonmark"))[1]
        places = reference_positions(text, found.links + found.images)
        missing += [target for target in places if not places[target]]
    assert missing == []
