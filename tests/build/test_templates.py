"""Templates work as in plain Jinja2, and each page is made as if it were the only one."""

from collections.abc import Mapping
from pathlib import Path

import jinja2
import pytest

from sitegen.build.render import context
from sitegen.build.templates import (
    HonestEnvironment,
    WatchedContext,
    render_template,
    syntax_problems,
)
from sitegen.build.theme import TemplateSource
from sitegen.site.questions import Question
from sitegen.site.views import Reader
from tests.conftest import MakeSite, Run
from tests.pages import documents_of, environment, failure, text_of
from tests.surveys import md, post, survey
from tests.trees import tree

PAGES = ("index.html", "posts/a/index.html", "posts/b/index.html", "docs/c/index.html")


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site of a few pages."""
    return make_site(
        {
            "sitegen.toml": 'title = "Site"\nbase_url = "https://example.org/b"\n',
            "content/posts/a.md": post("A"),
            "content/posts/b.md": post("B", date="2026-02-02"),
            "content/docs/c.md": md("title: C"),
        }
    )


Made = dict[str, tuple[str, set[Question]]]


def all_pages(
    root: Path, made: HonestEnvironment, order: tuple[str, ...] = PAGES
) -> Made:
    """Returns text and questions of several pages, one after another, of `x.html`."""
    found = survey(root)
    artifacts = {artifact.output: artifact for artifact in found.artifacts}
    pages: Made = {}
    for output in order:
        page = made.open_page(Reader(found.site, documents_of(found)))
        variables = context(artifacts[output], page.reader)
        text = render_template(made, ("x.html",), variables, output)
        pages[output] = (text, set(page.questions()))
    return pages


def alone(root: Path, templates: Mapping[str, str]) -> Made:
    """Returns the same, each page made by an environment of its own."""
    pages: Made = {}
    for output in PAGES:
        pages |= all_pages(root, environment(dict(templates)), (output,))
    return pages


def plain(root: Path, templates: Mapping[str, str]) -> dict[str, str]:
    """Returns the texts as plain Jinja2 gives them."""
    found = survey(root)
    artifacts = {artifact.output: artifact for artifact in found.artifacts}
    texts = {}
    for output in PAGES:
        made = environment(dict(templates))
        page = made.open_page(Reader(found.site, documents_of(found)))
        jinja = jinja2.Environment(
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            loader=jinja2.DictLoader(dict(templates)),
            keep_trailing_newline=True,
        )
        jinja.globals["site"] = page.site
        variables = context(artifacts[output], page.reader)
        texts[output] = jinja.get_template("x.html").render(variables)
    return texts


CASES: dict[str, dict[str, str]] = {
    "import": {
        "x.html": "{% import 'm.html' as m %}{{ m.hi('<x>') }}{{ m.v }}",
        "m.html": "{% set v = site.title %}{% macro hi(x) %}[{{ x }}{{ site.title }}]{% endmacro %}",
    },
    "from": {
        "x.html": "{% from 'm.html' import hi as hello, other %}{{ hello() }}{{ other(1) }}",
        "m.html": "{% macro hi() %}{{ other(2) }}{% endmacro %}{% macro other(x) %}<{{ x }}>{% endmacro %}",
    },
    "import with context": {
        "x.html": "{% set y = 1 %}{% import 'm.html' as m with context %}{{ m.v }}",
        "m.html": "{% set v = page.url ~ y %}",
    },
    "nested import": {
        "x.html": "{% import 'm.html' as m %}{{ m.hi() }}",
        "m.html": "{% import 'n.html' as n %}{% macro hi() %}{{ n.all() }}{% endmacro %}",
        "n.html": "{% macro all() %}{% for p in site.posts %}{{ p.title }}{% endfor %}{% endmacro %}",
    },
    "a counter in a module": {
        "x.html": "{% import 'm.html' as m %}{{ m.next() }}{{ m.next() }}",
        "m.html": "{% set ns = namespace(n=0) %}{% macro next() %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% endmacro %}",
    },
    "namespace": {
        "x.html": "{% set ns = namespace(n=0) %}{% for p in site.posts %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
    },
    "include with its context": {
        "x.html": "{% set y = 1 %}{% for i in (1, 2) %}{% include 'i.html' %}{% endfor %}",
        "i.html": "{{ y }}{{ i }}{{ page.url }}",
    },
    "include of the site": {
        "x.html": "{% include 'i.html' %}{{ page.url }}{% include 'i.html' %}",
        "i.html": "{% set y = site.title %}<{{ y }}{% for p in site.recent(1) %}{{ p.url }}{% endfor %}>{{ '/a b'|url }}",
    },
    "include without context": {
        "x.html": "{% set y = 1 %}{% include 'i.html' without context %}",
        "i.html": "{{ y is defined }}{{ site.title }}",
    },
    "include if it exists": {
        "x.html": "{% include 'no.html' ignore missing %}{% include 'i.html' ignore missing %}{% include ['no.html', 'i.html'] %}{% include 'no.html' ignore missing without context %}",
        "i.html": "I{{ page.kind }}",
    },
    "include by a name that is worked out": {
        "x.html": "{% include page.kind ~ '.html' %}",
        "home.html": "H",
        "post.html": "P{{ post.title }}",
        "page.html": "G",
    },
    "include in an include": {
        "x.html": "{% include 'i.html' %}|{% include 'j.html' %}",
        "i.html": "i{% include 'j.html' %}{{ page.url }}",
        "j.html": "j{{ site.title }}{% include 'k.html' %}",
        "k.html": "{{ site.posts|length }}",
    },
    "include that a page changes": {
        "x.html": "{% set site = {'title': page.url} %}{% include 'i.html' %}",
        "i.html": "{{ site.title }}",
    },
    "include that changes a namespace": {
        "x.html": "{% set ns = namespace(n=0) %}{% include 'i.html' %}{% include 'i.html' %}{{ ns.n }}",
        "i.html": "{% set ns.n = ns.n + 1 %}",
    },
    "include with a macro": {
        "x.html": "{% macro m(x) %}({{ x }}){% endmacro %}{% include 'i.html' %}",
        "i.html": "{{ m(site.title) }}{% macro n() %}n{% endmacro %}{{ n() }}",
    },
    "include that imports": {
        "x.html": "{% include 'i.html' %}",
        "i.html": "{% import 'm.html' as m %}{{ m.hi() }}",
        "m.html": "{% macro hi() %}{{ site.title }}{% endmacro %}",
    },
    "include that extends": {
        "x.html": "{% include 'i.html' %}",
        "i.html": "{% extends 'b.html' %}{% block a %}{{ super() }}i{% endblock %}",
        "b.html": "<{% block a %}b{% endblock %}>",
    },
    "include that asks what is defined": {
        "x.html": "{% include 'i.html' %}",
        "i.html": "{{ post is defined }}{{ nothing|default('x') }}",
    },
    "inheritance": {
        "x.html": "{% extends 'y.html' %}{% block a %}{{ super() }}x{{ page.url }}{% endblock %}",
        "y.html": "{% extends 'z.html' %}{% block a %}{{ super() }}y{% endblock %}{% block b %}{{ self.a() }}{% endblock %}",
        "z.html": "{% block a %}z{% endblock %}-{% block b %}{% endblock %}",
    },
    "inheritance by a name that is worked out": {
        "x.html": "{% extends 'home.html' if page.kind == 'home' else 'other.html' %}",
        "home.html": "H",
        "other.html": "O",
    },
    "scoped blocks": {
        "x.html": "{% for p in site.posts %}{% block a scoped %}{{ p.title }}{{ loop.index }}{% endblock %}{% endfor %}",
    },
    "call and filter blocks": {
        "x.html": "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}{{ page.url }}{% endcall %}{% filter upper %}a{% endfilter %}",
    },
    "recursive loops": {
        "x.html": "{% for s in site.sections recursive %}{{ s.title }}{{ loop(s.sections) }}{% endfor %}",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_templates_give_what_plain_jinja_gives(root: Path, name: str) -> None:
    if "url" in CASES[name].get("i.html", ""):
        CASES[name]["i.html"] = CASES[name]["i.html"].replace("{{ '/a b'|url }}", "")
    texts = {output: made[0] for output, made in alone(root, CASES[name]).items()}
    assert texts == plain(root, CASES[name])


REUSED: dict[str, dict[str, str]] = {
    **CASES,
    "an include with a counter of its own": {
        "x.html": "{% import 'm.html' as m %}{{ m.next() }}{% include 'i.html' %}",
        "i.html": "{% import 'm.html' as m %}{{ m.next() }}{{ page.url }}",
        "m.html": CASES["a counter in a module"]["m.html"],
    },
    "an include of the site with a counter": {
        "x.html": "{% import 'm.html' as m %}{{ m.next() }}{% include 'i.html' %}",
        "i.html": "{% import 'm.html' as m %}{{ m.next() }}",
        "m.html": CASES["a counter in a module"]["m.html"],
    },
    "the clock, an address and a setting in an include": {
        "x.html": "{% include 'i.html' %}",
        "i.html": "{{ site.now('%Y') }}{{ '/x'|absolute }}{{ '*a*'|markdown }}{{ '*a*'|markdown(trusted=true) }}{{ site.extra }}",
    },
}  # fmt: skip


@pytest.mark.parametrize("order", [PAGES, PAGES[::-1], PAGES[1:] + PAGES[:1]])
@pytest.mark.parametrize("name", REUSED)
def test_a_page_does_not_depend_on_the_one_before(
    root: Path, name: str, order: tuple[str, ...]
) -> None:
    """Neither its text nor its questions: an include that is reused asks them too."""
    together = all_pages(root, environment(dict(REUSED[name])), order)
    assert together == alone(root, REUSED[name])


def test_an_include_of_the_site_runs_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[object] = []
    whole = WatchedContext.__init__

    def counted(self: WatchedContext, *args: object) -> None:
        runs.append(args)
        whole(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(WatchedContext, "__init__", counted)
    all_pages(root, environment(CASES["include of the site"]))
    assert len(runs) == 1
    all_pages(root, environment(CASES["include with its context"]))
    assert len(runs) == 2


def test_another_site_is_another_include(root: Path, make_site: MakeSite) -> None:
    made = environment(
        {"x.html": "{% include 'i.html' %}", "i.html": "{{ site.posts }}"}
    )
    first = all_pages(root, made)
    make_site({"content/posts/d.md": post("D", date="2026-03-03")})
    second = all_pages(root, made)
    assert first["index.html"][0] == "B, A"
    assert second["index.html"][0] == "D, B, A"


def test_a_missing_include_is_asked_for(root: Path) -> None:
    templates = {"x.html": "{% include ['no.html', 'i.html'] %}", "i.html": ""}
    questions = all_pages(root, environment(templates))["index.html"][1]
    assert {("template", "no.html"), ("template", "i.html")} <= questions


def test_an_include_that_fails_does_not_spoil_the_next_page(root: Path) -> None:
    made = environment(
        {"x.html": "{% include 'i.html' %}{{ page.url }}", "i.html": "{{ post.title }}"}
    )
    with pytest.raises(Exception, match="template-error"):
        all_pages(root, made, ("index.html",))
    text, questions = all_pages(root, made, PAGES[1:2])[PAGES[1]]
    assert text == "A/b/posts/a/"
    assert ("fields", "posts/a.md", ("title",)) in questions


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ '/style.css'|url }}", "/b/style.css"),
        ("{{ 'style.css'|url }}", "/b/style.css"),
        ("{{ '/b/x/'|url }}", "/b/x/"),
        ("{{ post.url|url }}", "/b/posts/a/"),
        ("{{ '/ä b/?x=1#y'|url }}", "/b/%C3%A4%20b/?x=1#y"),
        ("{{ '/%C3%A4%20b/100%/'|url }}", "/b/%C3%A4%20b/100%25/"),
        ("{{ '/#top'|url }}", "/b/#top"),
        ("{{ '//example.net/x'|url }}", "//example.net/x"),
        ("{{ 'https://example.net'|url }}", "https://example.net"),
        ("{{ '#x'|url }}", "#x"),
        ("{{ 'mailto:a@example.net'|url }}", "mailto:a@example.net"),
        ("{{ '/x'|absolute }}", "https://example.org/b/x"),
        ("{{ post.url|absolute }}", "https://example.org/b/posts/a/"),
        ("{{ 'https://example.net/'|absolute }}", "https://example.net/"),
        ("{{ post.date|date('%d/%m/%y') }}", "01/01/26"),
        ("{{ none|date }}{{ ''|date }}", ""),
        ("{{ '2026-05-06'|date('%-d') }}", "6"),
        ("{{ '2026-05-06T23:08:09-02:00'|date }}", "2026-05-06"),
        ("{{ '0900-05-06'|date == '0900-05-06'|date('%Y') ~ '-05-06' }}", "True"),
        (
            "{{ '*a* [b](/c)'|markdown(trusted=true) }}",
            '<p><em>a</em> <a href="/b/c">b</a></p>',
        ),
        ("{{ '![b](/c.png)'|markdown }}", '<p><img src="/b/c.png" alt="b"></p>'),
        (
            "{{ '<i x=y>'|markdown(trusted=true) }}{{ '<i>' }}",
            "<p><i x=y></p>&lt;i&gt;",
        ),
        ("{{ '<i x=y>z</i>'|markdown }}", "<p><i>z</i></p>"),
        ("{{ '<i x=y>z</i>'|markdown(trusted='yes') }}", "<p><i>z</i></p>"),
        (
            "{{ '[x](https://e.org)<script>y</script>'|markdown }}",
            '<p><a href="https://e.org" rel="nofollow ugc noopener">x</a></p>',
        ),
        ("{{ post|attr('title') }}{{ post|attr('nothing') is defined }}", "AFalse"),
    ],
)
def test_filters(root: Path, template: str, text: str) -> None:
    assert text_of(root, template, "posts/a/index.html").strip() == text


def test_filters_with_constants_are_asked_on_every_page(root: Path) -> None:
    template = "{{ '/x'|url }}{{ '/x'|absolute }}"
    for _, questions in all_pages(root, environment({"x.html": template})).values():
        assert ("config", "base_url") in questions


@pytest.mark.parametrize("template", ["{{ lipsum() }}", "{{ [1, 2]|random }}"])
def test_nothing_gives_other_bytes_each_time(root: Path, template: str) -> None:
    assert failure(root, template).code in ("template-error", "template-syntax")


def test_only_markup_is_escaped(root: Path) -> None:
    templates = {"x.html": "{% include 'a.txt' %}{% include 'a.xml' %}"}
    more = {"a.txt": "{{ '<' }}", "a.xml": "{{ '<' }}"}
    text = all_pages(root, environment(templates | more))["index.html"][0]
    assert text == "<&lt;"


def test_all_templates_are_looked_at_before_any_is_used() -> None:
    made = HonestEnvironment(
        {
            "a.html": TemplateSource("templates/a.html", "\n{% endif %}"),
            "b.html": TemplateSource("templates/b.html", "{{ 1|nothing }}"),
            "c.html": TemplateSource("templates/c.html", "{{ x is strange }}"),
            "d.html": TemplateSource("templates/d.html", "{% extends 'gone.html' %}"),
        }
    )
    found = [
        (p.location.path, p.location.line, p.message) for p in syntax_problems(made)
    ]
    assert [(path, line) for path, line, _ in found] == [
        ("templates/a.html", 2),
        ("templates/b.html", 1),
        ("templates/c.html", 1),
    ]


def test_an_error_names_the_innermost_template(root: Path) -> None:
    made = environment(
        {
            "x.html": "{% extends 'y.html' %}\n{% block a %}{% include 'i.html' %}{% endblock %}",
            "y.html": "{% block a %}{% endblock %}",
            "i.html": "{% import 'm.html' as m %}\n\n{{ m.hi(page) }}",
            "m.html": "{% macro hi(x) %}\n  {{ x.nothing }}\n{% endmacro %}",
        }
    )
    with pytest.raises(Exception, match="template-error") as caught:
        all_pages(root, made)
    problem = caught.value.problem  # type: ignore[attr-defined]
    at = problem.location
    assert (at.path, at.line, at.source) == ("templates/m.html", 2, "  {{ x.nothing }}")


def test_an_error_in_the_theme_says_so(make_site: MakeSite, run: Run) -> None:
    root = make_site(
        {
            "content/a.md": md("title: A"),
            "templates/_words.html": "{% set home = 'x' %}",
        }
    )
    result = run("build", root=root)
    assert result.exit_code == 1
    assert "theme:templates/base.html:" in result.stderr


def test_a_template_of_the_site_replaces_the_theme_s(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site(
        {
            "content/posts/a.md": post("A"),
            "content/docs/b.md": md("title: B"),
            "templates/_footer.html": "my footer",
            "templates/docs/page.html": "docs: {{ post.title }}",
        }
    )
    assert run("build", root=root).exit_code == 0
    built = tree(root / "output")
    assert built["docs/b/index.html"] == b"docs: B"
    assert b"my footer" in built["posts/a/index.html"]
