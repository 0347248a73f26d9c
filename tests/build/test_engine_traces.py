"""What once broke a trace, one case each; the laws look for more of them."""

import pytest

from sitegen.problems import ProblemsFound
from tests.build.test_engine_store import built
from tests.conftest import MakeSite

CONFIG = 'base_url = "https://example.org"\n[markdown]\nengine = "commonmark"\n'


def post(title: str, body: str = "Text.", more: str = "") -> str:
    """Returns a content file."""
    return f"---\ntitle: {title}\ndate: 2026-01-01\n{more}---\n{body}\n"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% set n %}part.html{% endset %}{% include n %}", "part"),
        ("{% set n %}tags{% endset %}{{ site.terms(n)|join }}", "red"),
        ("{% set n %}posts{% endset %}{{ site.section(n).title }}", "Posts"),
        ("{% set n %}%Y{% endset %}{{ site.now(n) }}", "2026"),
        ("{{ site.posts[:10**30]|join }}", "A"),
        ("{{ site.recent(10**30)|join }}", "A"),
        ("{{ site.posts[-(10**30):]|join }}", "A"),
    ],
)
def test_questions_are_plain_data(
    make_site: MakeSite, template: str, text: str
) -> None:
    """The text of a block is marked as safe, and numbers may be of any size."""
    root = make_site(
        {
            "content/posts/a.md": post("A", more="tags: [red]\n"),
            "templates/index.html": template,
            "templates/part.html": "part",
        }
    )
    built(root)
    assert (root / "output/index.html").read_text(encoding="utf-8") == text
    assert built(root).rendered == 0


@pytest.mark.parametrize(
    "template",
    ["{{ site.terms(site) }}", "{{ site.section(site.posts) }}", "{{ site.now(1) }}"],
)
def test_a_name_that_is_no_text_is_an_error_of_the_template(
    make_site: MakeSite, template: str
) -> None:
    root = make_site({"content/a.md": post("A"), "templates/index.html": template})
    with pytest.raises(ProblemsFound) as failure:
        built(root)
    (problem,) = failure.value.problems
    assert "a name must be text" in problem.message


@pytest.mark.parametrize(
    "printed",
    [
        "site.pages|map(attribute='title')",
        "site.extra.items",
        "cycler(1, 2)",
        "[1]|select",
        "[site.posts|map('title')]",
    ],
)
def test_what_would_print_its_place_in_memory_is_refused(
    make_site: MakeSite, printed: str
) -> None:
    template = f"\n{{{{ {printed} }}}}"
    root = make_site({"content/a.md": post("A"), "templates/index.html": template})
    with pytest.raises(ProblemsFound) as failure:
        built(root)
    (problem,) = failure.value.problems
    assert "cannot be printed" in problem.message
    assert problem.location.line == 2
    assert "|join" in problem.hint


def test_full_urls_depend_on_the_post_s_own_address(make_site: MakeSite) -> None:
    files = {
        "sitegen.toml": CONFIG,
        "content/posts/a.md": post("A", "[here](#one)"),
        "templates/index.html": "{{ site.posts[0].content_absolute }}",
    }
    root = make_site(files)
    built(root)
    moved = post("A", "[here](#one)", "permalink: /moved/\n")
    make_site({"content/posts/a.md": moved})
    built(root)
    page = (root / "output/index.html").read_text(encoding="utf-8")
    assert "https://example.org/moved/#one" in page


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/x", "https://example.org/x"),
        ("#x", "#x"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("//cdn.example.org/x", "//cdn.example.org/x"),
        ("https://example.net/x", "https://example.net/x"),
    ],
)
def test_only_paths_become_full_urls(make_site: MakeSite, path: str, url: str) -> None:
    root = make_site(
        {
            "sitegen.toml": CONFIG,
            "content/a.md": post("A"),
            "templates/index.html": f"{{{{ '{path}'|absolute }}}}",
        }
    )
    built(root)
    assert (root / "output/index.html").read_text(encoding="utf-8") == url


def test_what_an_include_hands_out_is_still_asked_for_the_page(
    make_site: MakeSite,
) -> None:
    """An include of more than the site must never run in a page of its own."""
    root = make_site(
        {
            "content/posts/a.md": post("A"),
            "templates/part.html": "{% set found = site.posts %}{% set ns.posts = found %}",
            "templates/index.html": "{% set ns = namespace() %}{% include 'part.html' %}"
            "{% for p in ns.posts %}{{ p.title }}{% endfor %}",
        }
    )
    built(root)
    make_site({"content/posts/a.md": post("B")})
    built(root)
    assert (root / "output/index.html").read_text(encoding="utf-8") == "B"


def test_a_macro_may_include_without_context(make_site: MakeSite) -> None:
    """Jinja2 alone gives a generator's place in memory here."""
    root = make_site(
        {
            "content/a.md": post("A"),
            "templates/part.html": "part",
            "templates/index.html": "{% macro m() %}{% include 'part.html' without"
            " context %}{% include 'no.html' ignore missing without context %}!"
            "{% endmacro %}{{ m() }}",
        }
    )
    built(root)
    assert (root / "output/index.html").read_text(encoding="utf-8") == "part!"


def test_an_include_counts_once_what_it_is_given(make_site: MakeSite) -> None:
    count = "{% set ns.n = ns.n + 1 %}{{ site.title }}"
    page = "{% set ns = namespace(n=0) %}{% include 'part.html' %}{{ ns.n }}"
    root = make_site(
        {
            "content/a.md": post("A"),
            "content/b.md": post("B"),
            "templates/part.html": count,
            "templates/post.html": page,
        }
    )
    built(root)
    for name in "ab":
        text = (root / f"output/{name}/index.html").read_text(encoding="utf-8")
        assert text == "1"


def test_a_page_may_have_its_own_value_for_a_global(make_site: MakeSite) -> None:
    root = make_site(
        {
            "content/a.md": post("A"),
            "content/b.md": post("B"),
            "templates/part.html": "{{ range }}",
            "templates/post.html": "{% with range = page.title %}"
            "{% include 'part.html' %}{% endwith %}",
        }
    )
    built(root)
    for name in "ab":
        text = (root / f"output/{name}/index.html").read_text(encoding="utf-8")
        assert text == name.upper()


def test_a_link_that_is_only_a_query_can_be_missing(make_site: MakeSite) -> None:
    root = make_site({"content/_index.md": post("Home", "[q](?x=1)")})
    make_site({"content/index.md": post("Other")})
    built(root)
    assert (root / "output/index.html").exists()
