"""Both engines: the same features, the same ids, and no text that they choke on."""

import re
import subprocess
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from sitegen.config import Markdown
from sitegen.content.frontmatter import parse
from sitegen.markup.document import finish, finish_plain
from sitegen.markup.engine import render, to_html
from sitegen.markup.extensions import impure_extensions, is_pure
from sitegen.markup.highlight import highlight_stylesheet
from sitegen.markup.records import Document, Outline
from sitegen.problems import SitegenError
from tests.browsing import Message, Serve
from tests.markup.conftest import flat

COMMONMARK = Markdown(engine="commonmark")
MARKDOWN = Markdown(engine="markdown")
ENGINES = [COMMONMARK, MARKDOWN]

both = pytest.mark.parametrize("settings", ENGINES, ids=lambda each: each.engine)

FEATURES = """\
# Hello *world* {#custom .big}

## Hello *world*

## Setext `code` & <b>raw</b>

Setext
------

Text[^1] with [a link](a.md "t"), ![an image](img.png), <https://x.org/?a=1&b=2>,
~~gone~~ and **bold**. Again[^1], and another[^long].

| a   |   b |
|:---:|----:|
| 1   | `2` |

- [x] done **task**
- [ ] open

* * *

1. one

    ```rust,ignore
    let x = 1;
    ```

> [!NOTE]
> an alert

> a quote

Term
:   Definition one
:   Definition two

```python title="x"
def f(): return "<&>"
```

~~~ {.python}
pass
~~~

``` unknown-language
plain <b>
```

    indented

<div class="own">
<a href='raw.md'>raw</a>
</div>

[^1]: First *note* with [a link](c.md).
[^long]: Second

    - of two blocks

[^unused]: Never shown.
"""


def html_of(document: Document) -> str:
    """Returns the HTML of a document whose references lead where they say."""
    return "".join(
        escape(part) if number % 2 else part
        for number, part in enumerate(document.parts)
    )


def html(text: str, settings: Markdown = COMMONMARK) -> str:
    """Returns the HTML that a text becomes."""
    return html_of(render(text, settings)[0])


def with_extensions(*names: str, **configs: dict[str, object]) -> Markdown:
    """Returns settings for Python-Markdown."""
    return Markdown("markdown", names, configs)


@pytest.mark.parametrize(
    "piece",
    [
        '<h1 id="custom" class="big">Hello <em>world</em></h1>',
        '<h2 id="hello-world">',
        '<h2 id="setext-code-raw">',
        '<h2 id="setext">Setext</h2>',
        '<a href="a.md" title="t">a link</a>',
        '<a href="https://x.org/?a=1&amp;b=2">',
        "<del>gone</del>",
        '<div class="table-scroll" tabindex="0" role="group"><table>',
        ">2</code></td>",
        '<input type="checkbox" disabled checked aria-label="done task"> done',
        '<input type="checkbox" disabled aria-label="open"> open',
        '<code class="language-rust"><span class="kd">let</span>',
        '<blockquote class="markdown-alert-note">\n<p>an alert</p>',
        "<dt>Term</dt>\n<dd>Definition one</dd>\n<dd>Definition two</dd>",
        '<div class="highlight"><pre tabindex="0"><code class="language-python">'
        '<span class="k">def</span>',
        '<code class="language-python"><span class="k">pass</span>',
        '<code class="language-unknown-language">plain &lt;b&gt;\n</code></pre></div>',
        '<pre tabindex="0"><code>indented\n</code></pre></div>',
        "<a href='raw.md'>raw</a>",
        'Text<sup class="footnote-ref"><a href="#fn-1" id="fnref-1" role="doc-noteref">1</a></sup>',
        'id="fnref-1-2" role="doc-noteref">1</a></sup>',
        '<div class="footnotes" role="doc-endnotes">\n<ol>\n<li id="fn-1">\n<p>First <em>note</em>',
        '<li id="fn-2">\n<p>Second</p>\n<ul>',
        '<p><a class="footnote-backref" href="#fnref-2" role="doc-backlink" aria-label="2">',
    ],
)
@both
def test_a_feature_works(settings: Markdown, piece: str) -> None:
    # Attributes come in any order.
    found = html(FEATURES, settings).replace(
        '<h1 class="big" id="custom">', '<h1 id="custom" class="big">'
    )
    assert piece in found
    assert "Never shown" not in found


def test_both_engines_find_the_same() -> None:
    (first, one), (second, two) = (render(FEATURES, each) for each in ENGINES)
    assert first.toc == second.toc
    assert set(one.anchors) == set(two.anchors)
    assert one.links == two.links == ("a.md", "raw.md", "c.md")
    assert one.images == two.images == ("img.png",)
    assert first.summary == second.summary


@given(
    st.lists(
        st.text(st.characters(categories=("L", "N"), include_characters=" -")).filter(
            str.strip
        )
    )
)
def test_both_engines_give_the_same_heading_ids(titles: list[str]) -> None:
    text = "\n\n".join(f"## a {title} z" for title in titles)
    one, two = (render(text, settings)[0].toc for settings in ENGINES)
    assert [entry.id for entry in one] == [entry.id for entry in two]


@both
@given(text=st.text())
def test_no_text_raises(settings: Markdown, text: str) -> None:
    document, found = render(text, settings)
    check_document(document, found)


PIECES = [
    "<",
    ">",
    "&",
    '"',
    "'",
    "=",
    "[^a]",
    "[^a]:",
    "\n",
    "\n\n",
    "    ",
    "`",
    "```",
]
PIECES += [
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<h2",
    "</h2>",
    "<a href=",
    "[",
    "](",
]
PIECES += [
    "# ",
    "- [ ] ",
    "|",
    "|-|",
    "> ",
    "a",
    "é",
    "<div>",
    "</div>",
    "<!-- more -->",
]


@both
@given(pieces=st.lists(st.sampled_from(PIECES)))
def test_no_markup_raises(settings: Markdown, pieces: list[str]) -> None:
    document, found = render("".join(pieces), settings)
    check_document(document, found)


def check_document(document: Document, found: Outline) -> None:
    """Checks what holds for every document."""
    assert len(document.parts) % 2 == 1
    ids = [entry.id for entry in flat(document.toc)]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= set(found.anchors)
    assert {*found.links, *found.images} <= set(document.parts[1::2])


HARD = [
    *("[", "![", "](", "<", "<!--", '<a href="', "<h2>", "</", "`", "*a _b ", "&"),
    *("# a\n", "- a\n", "|a\n", "[^a]", "<div>", "<table><thead>", "<script>"),
    *("> ", "\0", "\x02\x03", "[a](", "{#", "~~", "- [ ] a\n"),
]


@pytest.mark.parametrize("piece", HARD)
def test_much_of_anything_is_read(piece: str) -> None:
    render(piece * (400_000 // len(piece)), COMMONMARK)


@pytest.mark.parametrize("piece", HARD)
def test_python_markdown_reads_much_of_anything(piece: str) -> None:
    render(piece * 3000, MARKDOWN)


def test_text_nested_too_deeply_for_python_markdown_is_an_error() -> None:
    text = "".join("    " * level + "- a\n" for level in range(500))
    with pytest.raises(SitegenError, match="nested too deeply"):
        render(text, MARKDOWN)
    assert html("fine", MARKDOWN) == "<p>fine</p>"
    assert "<ul>" in html(text, COMMONMARK)


def test_an_extension_that_fails_is_an_error() -> None:
    configs: dict[str, object] = {"check_paths": True, "base_path": ["nowhere"]}
    settings = with_extensions("pymdownx.snippets", **{"pymdownx.snippets": configs})
    with pytest.raises(SitegenError, match="extension failed: .*absent.md"):
        render('--8<-- "absent.md"', settings)
    assert html("fine", settings) == "<p>fine</p>"


@both
def test_line_ends_do_not_matter(settings: Markdown) -> None:
    crlf = FEATURES.replace("\n", "\r\n")
    assert render(crlf, settings) == render(FEATURES, settings)


@both
def test_nul_is_replaced(settings: Markdown) -> None:
    assert html("a\0b", settings).strip() == "<p>a\ufffdb</p>"


@both
def test_without_highlighting_code_is_plain(settings: Markdown) -> None:
    plain = Markdown(settings.engine, highlight=False)
    found = html("```python\npass\n```", plain)
    assert '<code class="language-python">pass\n</code>' in found


@pytest.mark.parametrize(
    "name", ["extra", "markdown.extensions.extra", "pymdownx.extra", "footnotes"]
)
def test_what_is_there_already_may_be_named(name: str) -> None:
    found = html(FEATURES, with_extensions(name))
    assert '<div class="footnotes"' in found
    assert '<code class="language-rust"><span class="kd">let</span>' in found


def test_an_extension_is_configured() -> None:
    settings = with_extensions("toc", toc={"permalink": True})
    text = "[TOC]\n\n# One\n\n## Straße *2*"
    assert '<div class="toc">' in html(text, settings)
    assert render(text, settings)[0].toc == render(text, COMMONMARK)[0].toc


def test_a_bundle_is_configured_by_its_parts() -> None:
    settings = with_extensions("extra", extra={"footnotes": {"BACKLINK_TEXT": "back"}})
    assert ">back</a>" in html("a[^1]\n\n[^1]: b", settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (with_extensions("codehilite"), '<div class="highlight"><pre><span></span>'),
        (
            with_extensions("codehilite", codehilite={"css_class": "own"}),
            '<div class="own"><pre><span></span>',
        ),
        (with_extensions("pymdownx.highlight"), '<div class="highlight"><pre>'),
        (
            with_extensions("fenced_code", fenced_code={"lang_prefix": "lang-"}),
            '<code class="lang-python">',
        ),
    ],
)
def test_a_site_may_colour_code_its_own_way(settings: Markdown, expected: str) -> None:
    assert expected in html("```python\npass\n```", settings)


def test_a_site_may_have_footnotes_its_own_way() -> None:
    settings = with_extensions("footnotes", footnotes={"BACKLINK_TEXT": "back"})
    assert '<a class="footnote-backref"' in html("a[^1]\n\n[^1]: b", settings)


def test_an_alert_may_begin_with_a_paragraph_of_its_own() -> None:
    found = html("> [!tip]\n>\n> text", MARKDOWN)
    assert (
        found == '<blockquote class="markdown-alert-tip">\n<p>text</p>\n</blockquote>'
    )


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (
            with_extensions("fotnotes"),
            "no Markdown extension 'fotnotes'",
            "'footnotes'",
        ),
        (with_extensions("some.package.of.mine"), "some.package.of.mine", "Install"),
        (with_extensions("toc", toc={"no_such": 1}), "'toc' does not start", "toc"),
        (with_extensions("json"), "'json' does not start", "documentation"),
    ],
)
def test_an_extension_that_cannot_be_used_is_an_error(
    settings: Markdown, message: str, hint: str
) -> None:
    with pytest.raises(SitegenError) as caught:
        render("a", settings)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_some_extensions_read_more_than_the_text() -> None:
    settings = with_extensions("markdown.extensions.toc", "pymdownx.snippets", "own")
    assert impure_extensions(settings) == ("pymdownx.snippets", "own")
    assert not is_pure(settings)
    assert is_pure(with_extensions("admonition", "pymdownx.superfences"))
    assert is_pure(Markdown("commonmark", ("pymdownx.snippets",)))


def test_the_fast_engine_does_not_load_the_other_one() -> None:
    program = (
        "import sys; from sitegen.config import Markdown;"
        "from sitegen.markup.engine import render;"
        "render('# a\\n```\\nb\\n```\\n- [ ] c', Markdown('commonmark'));"
        "print(*{'markdown', 'pygments', 'pymdownx'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Features</title>
<style>{style}</style></head><body><main>{body}</main></body></html>
"""


def page(settings: Markdown) -> str:
    """Returns a page with every feature."""
    return PAGE.format(style=highlight_stylesheet(), body=html(FEATURES, settings))


@both
def test_the_html_is_valid(
    settings: Markdown, tmp_path: Path, html_checker: Callable[..., list[Message]]
) -> None:
    (tmp_path / "index.html").write_text(page(settings), encoding="utf-8")
    messages = html_checker(tmp_path / "index.html")
    assert [each for each in messages if each["type"] == "error"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@both
def test_the_html_is_accessible(
    settings: Markdown,
    scheme: Literal["light", "dark"],
    tmp_path: Path,
    static_server: Serve,
    browser_page: Page,
    axe: Callable[..., list[Message]],
) -> None:
    (tmp_path / "index.html").write_text(page(settings), encoding="utf-8")
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(static_server(tmp_path))
    assert axe(browser_page) == []


def bodies(corpora: Path) -> list[str]:
    """Returns the Markdown of all posts of real blogs."""
    found = []
    for path in sorted(corpora.rglob("*.md")):
        data = path.read_bytes()
        found.append(data[parse(data, path.name)[0].body.offset :].decode())
    return found


@both
def test_real_posts_are_read(corpora: Path, settings: Markdown) -> None:
    texts = bodies(corpora)
    assert len(texts) > 1000
    for text in texts:
        document, found = render(text, settings)
        check_document(document, found)
        assert bool(text.strip()) == bool(html_of(document).strip())


BLOCKS = st.sampled_from(
    [
        *("# One", "## One", "### *Two* `x`", "# ![alt](i.png)", "#", "# One {#id}"),
        *("a [b](c.md#d) e", "[x](http://e.org/?a=1&b=2)", "![i](p&q.png 't')"),
        *("- one\n- two [l](/m/)", "1. x\n\n   y", "> quote\n>\n> # In it"),
        *("```py\nx = 'href=\"y\"'\n```", "    indented", "|a|b|\n|-|-|\n|1|2|"),
        *("- [ ] task", "note[^1]\n\n[^1]: text", "~~del~~ *em* **strong**", "---"),
        *(
            "> [!NOTE]\n> alert",
            "Term\n: definition",
            "one one-2 \u4e2d\u6587 _ * \\\\",
        ),
        " ".join(["word"] * 40),
        " ".join(["w\u00f6rd,"] * 90),
        "x" * 1100,
        "\u4e2d" * 90,
        "&amp; &lt;b&gt; & \" '",
        *("<b>raw</b>", "<div id='x'>", "<p>", "<a name=n>", "<!-- more -->", "<em>"),
        *("`a<b`", "```\na < b <c\n```", "<http://e.org>", "[m](<n o>)", "&LT;i&#60;"),
        *(
            "[r]: /r '<i> t'",
            "[r] and [r]",
            "![<](i.png '<u>')",
            "- [ ] a < b <i>",
            "a < b",
        ),
        *("<A href='x'>y", '<a href="x" class="y">', "`<h2>`", "List<int> x", "<h2>"),
    ]
)


@given(st.lists(BLOCKS, max_size=60), st.booleans())
def test_html_of_no_author_is_finished_the_same_way_sooner(
    pieces: list[str], highlight: bool
) -> None:
    """The short way is an optimisation: it gives what the long way gives."""
    text = "\n\n".join(pieces)
    html = to_html(text, COMMONMARK, highlight)

    assert finish_plain(html, text) == finish(html)


@given(st.text(st.sampled_from("<>/apimgsrcltx3 ]=\"' \n#-*`[](h1!&;:")))
def test_any_text_is_finished_the_same_way_sooner(text: str) -> None:
    html = to_html(text, COMMONMARK, False)

    assert finish_plain(html, text) == finish(html)


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] a < b <i id=x>",
        "&lt; <i id=x>",
        "&#60; <i id=x>",
        "a [r] [r] <i id=x>\n\n[r]: /r '<'",
        "a [r] [r] <i id=x>\r\r> * 1. [r]: /r '<'",
        "a [\\[r] [\\[r] <i id=x>\n\n[\\[r]: /r '<'",
        "a [r s] [r s] <i id=x>\n\n[r\ns]: /r '<'",
        "1) [x] a < b <i id=x>",
        "- [\x0c] a < b <i id=x>",
        '- <input type="checkbox" disabled/> a < b < c <i id=x>',
    ],
)
def test_html_is_found_where_as_much_was_escaped_as_was_written(text: str) -> None:
    html = to_html(text, COMMONMARK, False)
    assert html.count("&lt;") == text.count("<")

    document, outline = finish_plain(html, text)

    assert (document, outline) == finish(html) and "x" in outline.anchors


@pytest.mark.parametrize(
    "text", ["a < b" + "[ ] " * 100_000, "a < b" + "]: " * 100_000, " <[a]:" * 50_000]
)
def test_a_text_full_of_brackets_is_finished_the_same_way(text: str) -> None:
    html = to_html(text, COMMONMARK, False)
    assert finish_plain(html, text) == finish(html)


@pytest.mark.needs("corpora")
def test_real_posts_are_finished_the_same_way_sooner(
    corpora: Path,
) -> None:
    for file in corpora.rglob("*.md"):
        data = file.read_bytes()
        body = data[parse(data, "x")[0].body.offset :].decode()
        html = to_html(body, COMMONMARK, False)

        assert finish_plain(html, body) == finish(html), file


@pytest.mark.parametrize("engine", ["commonmark", "markdown"])
def test_empty_elements_end_as_in_html_and_not_as_in_xml(
    engine: Literal["commonmark", "markdown"],
) -> None:
    own = ("<!-- <br /> -->", "<script>'<hr />'</script>", "<input />")
    text = 'a  \nb ![c](d.png "e") `<br />`\n\n---\n\n' + "\n\n".join(own)
    html = to_html(text, Markdown(engine=engine), highlight=True)
    assert re.search('<br>\nb <img [^>/]+ title="e"> <code>', html)
    assert "<hr>" in html and all(each in html for each in own)
    assert "<code>&lt;br /&gt;</code>" in html
