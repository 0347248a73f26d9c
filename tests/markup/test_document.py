"""Headings, references, anchors and the table of contents of an engine's HTML."""

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.markup.document import finish, is_local
from sitegen.markup.records import TocEntry
from tests.markup.conftest import flat


def headings(*levels: int) -> str:
    """Returns HTML with headings of these levels, numbered from 1."""
    return "\n".join(
        f"<h{level}>{number}</h{level}>" for number, level in enumerate(levels, 1)
    )


def shape(entries: tuple[TocEntry, ...]) -> list[object]:
    """Returns titles and children only."""
    return [
        (entry.title, shape(entry.children)) if entry.children else entry.title
        for entry in entries
    ]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((), []),
        ((1, 2, 3, 2, 1), [("1", [("2", ["3"]), "4"]), "5"]),
        ((2, 4, 3), [("1", ["2", "3"])]),
        ((3, 2, 1), ["1", "2", "3"]),
        ((1, 6, 6, 2), [("1", ["2", "3", "4"])]),
    ],
)
def test_the_table_of_contents_is_nested(
    levels: tuple[int, ...], expected: list[object]
) -> None:
    assert shape(finish(headings(*levels))[0].toc) == expected


@given(st.lists(st.integers(1, 6)))
def test_the_table_of_contents_has_every_heading_in_order(levels: list[int]) -> None:
    document, found = finish(headings(*levels))
    assert [entry.level for entry in flat(document.toc)] == levels
    assert tuple(entry.id for entry in flat(document.toc)) == found.anchors


def ids(html: str) -> list[str]:
    """Returns the ids of headings."""
    return [entry.id for entry in flat(finish(html)[0].toc)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>A</h1><h2>a</h2><h3>a!</h3>", ["a", "a-2", "a-3"]),
        ("<h1>a</h1><h2>a 2</h2><h3>a</h3>", ["a", "a-2", "a-3"]),
        ("<h1>a</h1><h2 id='a'>b</h2>", ["a-2", "a"]),
        ('<h1>a</h1><p id="a">b</p>', ["a-2"]),
        ('<h1 id="a">x</h1><h2 id="a">y</h2>', ["a", "a-2"]),
        (
            "<h1 id=>Empty</h1><h1 id>Bare</h1><h1 id=''>Quoted</h1>",
            ["empty", "bare", "quoted"],
        ),
        ('<H1 class="x">Upper</H1>', ["upper"]),
        ('<h1><img src="a.png" alt="Our logo"></h1>', ["our-logo"]),
        ('<h1>A<sup class="footnote-ref"><a href="#fn-1">1</a></sup></h1>', ["a"]),
        ('<h1>A<a class="headerlink" href="#a">¶</a></h1>', ["a"]),
        ("<h1></h1><h2> </h2>", []),
        ("<h1>a<h2>b</h2>", ["b"]),
        ("<h1>a</h2><hr><h1x>b</h1x>", []),
    ],
)
def test_headings_have_ids(html: str, expected: list[str]) -> None:
    assert ids(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>a</h1>", '<h1 id="a">a</h1>'),
        ("<h1 id=x>a</h1>", "<h1 id=x>a</h1>"),
        ("<h1 id=>a</h1>", '<h1 id="a">a</h1>'),
        ('<h1 id="x">a</h1><h2 id=x>b</h2>', '<h1 id="x">a</h1><h2 id="x-2">b</h2>'),
        ("<h1 id='x'>unclosed", "<h1 id='x'>unclosed"),
    ],
)
def test_ids_are_written_into_the_html(html: str, expected: str) -> None:
    assert finish(html)[0].parts == (expected,)


def test_ten_thousand_equal_headings_have_ids() -> None:
    found = ids("<h2>a</h2>" * 10_000)
    assert len(set(found)) == 10_000
    assert found[-1] == "a-10000"


def test_every_id_is_an_anchor() -> None:
    html = '<p id="a">x</p><a name="b"></a><h2>c</h2><td id=d><input name="e">'
    assert set(finish(html)[1].anchors) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        *(("a.md", True), ("/a/", True), ("#a", True), ("?q", True), ("../a:b", True)),
        *(("https://x.org", False), ("//x.org", False), ("mailto:a@b.org", False)),
        *(("JavaScript:x", False), (" \x01data:x", False), ("java\nscript:x", False)),
        *(("\\\\x.org", False), ("/\\x.org", False)),
    ],
)
def test_a_target_is_local_or_not(target: str, expected: bool) -> None:
    assert is_local(target) is expected


@pytest.mark.parametrize(
    ("html", "parts"),
    [
        ('<a href="a.md">x</a>', ('<a href="', "a.md", '">x</a>')),
        ('<a href="a?b&amp;c" title="t">x', ('<a href="', "a?b&c", '" title="t">x')),
        ("<a class='x' href='a.md'>x", ("<a class='x' href='", "a.md", "'>x")),
        ("<a href=a.md>x", ('<a href="', "a.md", '">x')),
        ("<A HREF = a.md >x", ('<A HREF = "', "a.md", '" >x')),
        ('<a href="https://x.org">x', ('<a href="https://x.org">x',)),
        ('<a href="">x<a href>y', ('<a href="">x<a href>y',)),
        ('<a href="a" href="b">', ('<a href="', "a", '" href="b">')),
        ('<img src="a.png" alt="x" />', ('<img src="', "a.png", '" alt="x" />')),
        ('<img src="data:x" alt="">', ('<img src="data:x" alt="">',)),
        (
            '<img srcset="a.png, b.png 2x,https://x.org/c.png 3x" src="a.png">',
            (
                '<img srcset="',
                "a.png",
                ", ",
                "b.png",
                ' 2x,https://x.org/c.png 3x" src="',
                "a.png",
                '">',
            ),
        ),
        ('<video poster="a" src="b">', ('<video poster="', "a", '" src="', "b", '">')),
        ('<object data="a">', ('<object data="', "a", '">')),
        ('<image xlink:href="a"/>', ('<image xlink:href="', "a", '"/>')),
        (
            '<script src="a.js">"<a href=b>"</script>',
            ('<script src="', "a.js", '">"<a href=b>"</script>'),
        ),
        ('<p title="<a href=b>">', ('<p title="<a href=b>">',)),
        (
            "<!-- <a href=b> --><!---><!-- x --!><style><a href=b></style>",
            ("<!-- <a href=b> --><!---><!-- x --!><style><a href=b></style>",),
        ),
        (
            "<TEXTAREA><a href=b></textarea><i x=>",
            ("<TEXTAREA><a href=b></textarea><i x=>",),
        ),
        ("a < b </ > <? <a href=b ?> <!x> &", ("a < b </ > <? <a href=b ?> <!x> &",)),
        ("<p>unclosed <a", ("<p>unclosed <a",)),
        ("<p>unclosed </", ("<p>unclosed </",)),
    ],
)
def test_references_are_open(html: str, parts: tuple[str, ...]) -> None:
    assert finish(html)[0].parts == parts


def test_references_are_listed_once_in_order() -> None:
    html = '<a href="b"><a href="a"><a href="b" id="x"><img src="i" alt="">'
    html += '<iframe src="f"></iframe><area href="c">'
    found = finish(html)[1]
    assert found.links == ("b", "a", "c")
    assert found.images == ("i", "f")


def test_links_of_footnotes_are_open_but_not_listed() -> None:
    html = '<a href="#fn-1" id="fnref-1" role="doc-noteref">1</a>'
    document, found = finish(html)
    assert document.parts[1] == "#fn-1"
    assert found.links == ()


@pytest.mark.parametrize("marker", ["<!-- more -->", "<!--more-->", "<!-- MORE\n-->"])
def test_the_marker_ends_the_summary_and_vanishes(marker: str) -> None:
    document, _ = finish(f"<p>one</p>\n{marker}\n<p>two</p>")
    assert document.summary == "one"
    assert document.parts == ("<p>one</p>\n\n<p>two</p>",)


def test_other_comments_are_no_marker() -> None:
    html = "<p>one</p><!-- more about this --><p>two</p>"
    document, _ = finish(html)
    assert document.summary == "one two"
    assert document.parts == (html,)


@given(
    st.lists(
        st.sampled_from(["<a href=", '"x"', "'", ">", "<h1", "</h1>", " id=", "b"])
    )
)
def test_nothing_but_quotes_and_space_around_targets_is_lost(pieces: list[str]) -> None:
    html = "".join(pieces)
    document, _ = finish(html)
    rest = iter(unescape("".join(document.parts)))  # a renamed id is escaped
    assert all(character in rest for character in html if character not in "'\" ")
