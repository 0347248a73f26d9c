"""Plain text, words and summaries."""

import pytest

from sitegen.markup.document import finish
from sitegen.markup.records import Document
from sitegen.markup.text import count_words, plain_text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><p>b &amp; <em>c</em>d</p>", "a b & cd"),
        ("<td>a</td><td>b</td>", "a b"),
        ("a<br />b", "a b"),
        ("<!-- x -->a<script>b</script><STYLE>c</Style>d", "a d"),
        ('<p title="a > b">c</p>', "c"),
        ("a  \n b &nbsp; c", "a b c"),
        ('a<sup class="footnote-ref"><a href="#x">1</a></sup> b', "a b"),
        ("a < b", "a < b"),
        ("2 &lt; 3 and <unclosed", "2 < 3 and"),
    ],
)
def test_html_becomes_plain_text(html: str, expected: str) -> None:
    assert plain_text(html) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one two", 2),
        ("don't well-known — x", 3),
        ("你好，世界 abc", 5),
        ("héé 1", 2),
    ],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert count_words(text) == words


def test_words_of_a_document_are_counted() -> None:
    assert count_words(Document(('<p>a <a href="', "some target", '">b</a></p>'))) == 2


def summary(html: str) -> str:
    """Returns the summary of a body."""
    return finish(html)[0].summary


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>" + "word " * 70 + "</p>", "word " * 69 + "word"),
        ("<p>" + "word, " * 71 + "</p>", "word, " * 69 + "word,…"),
        ("<p>" + "你好，" * 40 + "</p>", "你好，" * 34 + "你好…"),
        ("<p>" + "x" * 5000 + "</p>", "x" * 1000 + "…"),
        ("<h1>T</h1><p>a</p><pre><code>b</code></pre><p>c</p>", "a c"),
        ("<p>a</p><table><tr><td>b</td></tr></table>", "a"),
        ('<p>a</p><div class="footnotes" role="doc-endnotes"><p>b</p></div>', "a"),
        ('<p>a<sup class="footnote-ref">1</sup></p>', "a"),
        ("<ul><li>a</li><li>b &lt; c</li></ul>", "a b < c"),
        ("", ""),
    ],
)
def test_the_summary_is_the_first_words(html: str, expected: str) -> None:
    assert summary(html) == expected


def test_the_summary_before_the_marker_may_be_long() -> None:
    html = "<p>" + "word " * 500 + "</p><!-- more --><p>rest</p>"
    assert summary(html) == ("word " * 500).strip()
