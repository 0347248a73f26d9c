"""Footnotes are numbered as they are read, and never lost."""

import pytest

from sitegen.config import Markdown
from sitegen.markup.engine import render


def html(text: str) -> str:
    """Returns the HTML of a text, with engine `commonmark`."""
    return "".join(render(text, Markdown("commonmark"))[0].parts)


def test_numbers_follow_the_first_references() -> None:
    found = html("a[^z] b[^y]\n\n[^y]: second\n\n[^z]: first")
    assert found.index("first") < found.index("second")


def test_a_footnote_may_refer_to_another_one() -> None:
    found = html("a[^1]\n\n[^1]: b[^2]\n\n[^2]: c[^1]")
    assert found.count("<li id=") == 2
    assert 'href="#fnref-1-2"' in found


def test_a_definition_may_stand_in_a_quote_or_a_definition() -> None:
    found = html("a[^1] b[^2]\n\n> [^1]: c\n>\n>     [^2]: d")
    assert found.count("<li id=") == 2
    assert "footnote-definition" not in found


def test_the_first_definition_counts() -> None:
    found = html("a[^1]\n\n[^1]: one\n\n[^1]: two")
    assert "one" in found
    assert "two" not in found


def test_without_references_there_is_no_section() -> None:
    assert html("a\n\n[^1]: b") == "<p>a</p>\n"


def test_headings_and_footnotes_share_no_id() -> None:
    document, _ = render("# Fn 1\n\na[^1]\n\n[^1]: b", Markdown("commonmark"))
    assert [entry.id for entry in document.toc] == ["fn-1-2"]


def test_raw_html_in_a_footnote_keeps_its_place() -> None:
    found = html("a[^1]\n\n[^1]: b\n\n    <div>\n    <div>c</div>\n    </div>\n\nd")
    assert (
        found.index("<p>d</p>")
        < found.index('<div class="footnotes"')
        < found.index("c</div>")
    )


@pytest.mark.parametrize("tag", ["div", "DIV class='x'"])
def test_a_footnote_without_an_end_loses_no_text(tag: str) -> None:
    found = html(f"a[^1]\n\n[^1]: b\n\n    <{tag}>\n\nthe rest")
    assert "the rest" in found
    assert '<div class="footnotes"' not in found


def test_markup_that_looks_like_a_footnote_is_left_alone() -> None:
    raw = '<sup class="footnote-reference"><a href="#none">1</a></sup>'
    found = html(f"a[^1] {raw} <!-- </div> -->\n\n[^1]: b\n\n</div>")
    assert '<sup class="footnote-reference"><a href="#none">1</a></sup>' in found


def test_scripts_hold_no_footnotes() -> None:
    found = html("a[^1]\n\n[^1]: b\n\n    <script>'</div>'</script>\n\n    c")
    assert "<script>'</div>'</script>" in found
    assert found.index('<div class="footnotes"') < found.index("<script>")
