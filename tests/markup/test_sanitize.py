"""What of a stranger's Markdown is let through."""

import html.parser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.markup.sanitize import SafeDocument, render_untrusted


def show(text: str, hosts: tuple[str, ...] = ()) -> str:
    """Returns the HTML of a stranger's text, with its references as written."""
    document, _ = render_untrusted(text, hosts)
    assert isinstance(document, SafeDocument)
    return "".join(document.parts).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "**b** *i* ~~d~~ `c`",
            "<p><strong>b</strong> <em>i</em> <del>d</del> <code>c</code></p>",
        ),
        (
            "[x](https://a.org)",
            '<p><a href="https://a.org" rel="nofollow ugc noopener">x</a></p>',
        ),
        ("<b onclick=alert(1)>x</b>", "<p><b>x</b></p>"),
        ("a<script>alert(1)</script>b", "<p>ab</p>"),
        ("[x](javascript:alert%281%29)", '<p><a rel="nofollow ugc noopener">x</a></p>'),
        ("<style>p{}</style>x", "x"),
        ('<p style="position:fixed" class="form button">x</p>', "<p>x</p>"),
        (
            '<form action="//evil"><input name=q value=v><button>go</button></form>',
            '<input disabled="">go',
        ),
        ("<!-- x -->y", "y"),
        ("</div></article>x", "x"),
        ("<svg><a xlink:href='javascript:1'>x</a></svg>y", "<p>y</p>"),
        ("<base href=//evil.org><meta http-equiv=refresh content=0>x", "x"),
        (
            '<a href="#top" target="_blank" name="y">x</a>',
            '<p><a href="#u-top" rel="nofollow ugc noopener">x</a></p>',
        ),
    ],
)
def test_what_becomes_of_it(text: str, expected: str) -> None:
    assert show(text) == expected


def test_headings_get_ids_that_are_no_names_of_the_page() -> None:
    assert show("# Location\n\n## Main {#main}") == (
        '<h1 id="u-location">Location</h1>\n<h2 id="u-main">Main</h2>'
    )
    document, outline = render_untrusted("# Location\n\n[up](#location)", ())
    assert [entry.id for entry in document.toc] == ["u-location"]
    assert "u-location" in outline.anchors and "#u-location" in outline.links


@pytest.mark.parametrize(
    ("url", "hosts", "shown"),
    [
        ("/a.png", (), True),
        ("a.png", (), True),
        ("https://img.org/a.png", (), False),
        ("https://img.org/a.png", ("img.org",), True),
        ("https://IMG.org/a.png", ("img.org",), True),
        ("https://img.org.evil.org/a.png", ("img.org",), False),
        ("https://img.org@evil.org/a.png", ("img.org",), False),
        ("https://img.org:8080/a.png", ("img.org",), False),
        ("//evil.org/a.png", (), False),
        ("/\\evil.org/a.png", (), False),
        ("\\\\evil.org/a.png", (), False),
        ("data:image/png;base64,AAAA", (), False),
        ("mailto:a@b.org", (), False),
        ("/&#9;/evil.org/a.png", (), False),
    ],
)
def test_images_come_from_the_site_or_from_its_hosts(
    url: str, hosts: tuple[str, ...], shown: bool
) -> None:
    assert ("src=" in show(f'<img src="{url}" alt="x">', hosts)) is shown


def test_code_keeps_its_colours_and_no_other_class() -> None:
    html_text = show('```python\nx = "y"\n```\n\n<span class="k evil">z</span>')
    assert '<code class="language-python">' in html_text
    assert 'class="s2"' in html_text and '<span class="k">z</span>' in html_text


def test_footnotes_and_task_lists_work() -> None:
    html_text = show("a[^1]\n\n[^1]: note\n\n- [x] done\n- [ ] todo")
    target = re.search(r'<a href="#([^"]+)"[^>]* role="doc-noteref"', html_text)
    assert target and f'id="{target[1]}"' in html_text
    assert html_text.count('type="checkbox"') == html_text.count('disabled=""') == 2


def test_no_extension_reads_other_files(tmp_path: str) -> None:
    assert "root:" not in show('--8<-- "/etc/passwd"\n\n{% include "x" %}')


class _Tags(html.parser.HTMLParser):
    """Notes every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


PIECES = st.sampled_from(
    "<script> </script> <img src=x onerror=alert(1)> <svg> <math> <style> </style> <a href="
    " javascript: data: &#106; &Tab; \" ' > < [x]( ![x]( ) [x]: <!-- --> <![CDATA[ ]]> ` ``` # | - "
    "<iframe srcdoc= <noscript> <template> <table> <td> <select> <mtext> <annotation-xml> "
    "onload=1 style=x id=x class=x \n \t \x00 é <form> </p> </div> <details open ontoggle=1>".split(
        " "
    )
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=25))
def test_only_what_is_on_the_lists_comes_through(pieces: list[str]) -> None:
    from sitegen.markup.sanitize import ATTRIBUTES, TAGS, VALUES

    parser = _Tags()
    parser.feed(show("".join(pieces)))
    for tag, attributes in parser.found:
        assert tag in TAGS
        known = ATTRIBUTES.get(tag, set()) | set(VALUES.get(tag, {}))
        assert set(attributes) <= known | {"rel", "type", "disabled"}
        for name in ("href", "src"):
            value = (attributes.get(name) or "").strip().lower()
            scheme = re.match(r"[a-z][a-z0-9+.-]*:", value)
            assert not scheme or scheme[0] in ("http:", "https:", "mailto:")
