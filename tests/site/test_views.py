"""What templates see: read-only all the way down, and helpful when it is missing."""

import gc
from pathlib import Path

import pytest

from sitegen.build.render import context, render
from sitegen.site.model import freeze
from sitegen.site.views import Reader
from tests.conftest import MakeSite
from tests.pages import documents_of, environment, failure, rendering, text_of
from tests.surveys import md, post, survey

POST = "posts/a/index.html"


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a small site that has everything once."""
    return make_site(
        {
            "sitegen.toml": """title = "T & co"
base_url = "https://example.org/b"
author = "Ada"
description = "D"
timezone = "Europe/Paris"
[extra]
list = [1, {deep = [2]}]
since = 2020-01-02
""",
            "content/_index.md": md("title: Home", body="*Hi.*"),
            "content/posts/a.md": post(
                "A & B",
                "updated: 2026-02-01",
                "tags: [Python, C++]",
                "categories: [One]",
                "authors: [Eve, Adam]",
                "aliases: [/old/]",
                "image: pic.png",
                "lang: de",
                "summary: S",
                "extra: {x: [1, {y: 2}], since: 2020-01-02}",
                body="# One\n\n## Two\n\n" + "word " * 500,
            ),
            "content/posts/b.md": post("B", date="2026-01-02", body="Text."),
            "content/docs/_index.md": md(
                "title: Docs", "description: DD", "extra: {k: v}"
            ),
            "content/docs/p.md": md("title: P", "toc: false", body="# X"),
        }
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ post }}", "A &amp; B"),
        ("{{ post.url }} {{ post.permalink }}", "/b/posts/a/ https://example.org/b/posts/a/"),
        ("{{ post.date }}|{{ post.updated|date('%d.%m.') }}", "2026-01-01 00:00:00+01:00|01.02."),
        ("{{ post.section }} {{ post.section.name }} {{ post.section.parent }}", "Posts posts None"),
        ("{{ post.slug }} {{ post.source }} {{ post.lang }}", "a content/posts/a.md de"),
        ("{{ post.tags|join('/') }} {{ post.tags[0].url }}", "Python/C++ /b/tags/python/"),
        ("{{ post.categories }} {{ post.terms('tags')|length }}", "One 2"),
        ("{{ post.authors|join('+') }} {{ post.author }}", "Eve+Adam Eve"),
        ("{{ post.description }}|{{ post.summary }}|{{ post.draft }}", "|S|False"),
        ("{{ post.words }} {{ post.minutes }}", "502 2"),
        ("{{ post.toc[0].title }} {{ post.toc[0].children[0].id }}", "One two"),
        ("{{ post.previous }} {{ post.next }} {{ post.next.previous == post }}", "None B True"),
        ("{{ post.aliases[0] }} {{ post.image }} {{ post.weight }}", "/old/ /b/posts/a/pic.png 0"),
        ("{{ post.extra.x[1].y }} {{ post.extra.since|date('%Y') }}", "2 2020"),
        ("{{ post.unlisted }} {{ post.expires }}", "False None"),
        ("{{ site.title }} {{ site.base_url }} {{ site.language }}", "T &amp; co https://example.org/b en"),
        ("{{ site.author }} {{ site.description }} {{ site.highlight }}", "Ada D True"),
        ("{{ site.extra.list[1].deep[0] }} {{ site.extra.since }}", "2 2020-01-02"),
        ("{{ site.posts|length }} {{ site.posts[-1] }} {{ site.posts[0:1]|length }}", "2 A &amp; B 1"),
        ("{{ site.posts[::-1][0] }} {{ post in site.posts }} {{ post in site.pages }}", "A &amp; B True False"),
        ("{{ site.posts[9] is defined }} {{ 1 in site.posts }}", "False False"),
        ("{{ site.recent(1) }} {{ site.recent(0)|length }} {{ site.posts }}", "B 0 B, A &amp; B"),
        ("{{ site.section('/docs/').title }} {{ site.section('x') }}", "Docs None"),
        ("{{ site.sections|join(' ') }} {{ site.taxonomies|join(' ') }}", "Docs Posts Tags Categories"),
        ("{{ site.terms('tags')|map(attribute='name')|join(' ') }}", "C++ Python"),
        ("{{ site.terms('tags')[0].posts[0] }} {{ site.terms('tags')[0].count }}", "A &amp; B 1"),
        ("{{ site.terms('tags')[0].title }} {{ site.terms('tags')[0].slug }}", "C++ c-plus-plus"),
        ("{{ site.terms('nothing')|length }}{{ post.terms('nothing')|length }}", "00"),
        ("{{ site.updated }} {{ site.now('%H:%M %Z') }}", "2026-02-01 00:00:00+01:00 14:00 UTC+02:00"),
        ("{{ site.now() }} {{ site.feed_url }} {{ site.home.content }}", "2026-07-01 /b/feed.xml <p><em>Hi.</em></p>"),
        ("{{ site.section('docs').extra.k }} {{ site.section('docs').pages[0].toc }}", "v ()"),
        ("{{ site.section('docs').permalink }} {{ site.section('docs').lang }}", "https://example.org/b/docs/ en"),
        ("{{ site.section('docs').description }}{{ site.section('posts').content }}", "DD"),
        ("{{ site.section('posts').dated }} {{ site.section('posts').posts|length }}", "True 2"),
        ("{{ page.kind }} {{ page.url }} {{ page.permalink }}", "post /b/posts/a/ https://example.org/b/posts/a/"),
        ("{{ page.title }} {{ page.lang }} {{ page }}", "A &amp; B de A &amp; B"),
        ("{{ site.taxonomies[0].terms|length }} {{ site.taxonomies[0].url }}", "2 /b/tags/"),
        ("{% for p in site.posts|sort(attribute='title') %}{{ p }},{% endfor %}", "A &amp; B,B,"),
        ("{{ site.posts|selectattr('draft')|list }}", "[]"),
        ("{% for y, ps in site.posts|groupby('section') %}{{ y }}{{ ps|length }}{% endfor %}", "Posts2"),
        ("{{ post.extra|tojson }}", '{"since": "2020-01-02", "x": [1, {"y": 2}]}'),
        ("{{ site.extra.list|tojson }} {{ post.date|tojson }}", '[1, {"deep": [2]}] "2026-01-01T00:00:00+01:00"'),
        ("{{ post|attr('title') }} {{ post['title'] }}", "A &amp; B A &amp; B"),
        ("{{ site.posts|map(attribute='section')|unique|list|length }}", "1"),
    ],
)  # fmt: skip
def test_views_show(root: Path, template: str, text: str) -> None:
    assert text_of(root, template, POST) == text


def test_content_has_whole_addresses_where_feeds_want_them(
    root: Path, make_site: MakeSite
) -> None:
    make_site({"content/posts/b.md": post("B", date="2026-01-02", body="[a](a.md)")})
    assert 'href="/b/posts/a/"' in text_of(root, "{{ site.posts[0].content }}")
    absolute = text_of(root, "{{ site.posts[0].content_absolute }}")
    assert 'href="https://example.org/b/posts/a/"' in absolute


@pytest.mark.parametrize(
    "template",
    [
        "{% set post.title = 'x' %}",
        "{{ site.posts.append(post) }}",
        "{{ site.posts.sort() }}",
        "{{ site.posts.clear() }}",
        "{{ post.tags.pop() }}",
        "{{ post.authors.append('x') }}",
        "{{ post.extra.update({'x': 1}) }}",
        "{{ post.extra.pop('x') }}",
        "{{ post.extra.setdefault('z', 1) }}",
        "{{ post.extra.x.append(1) }}",
        "{{ post.extra.x[1].clear() }}",
        "{{ site.extra.list.append(1) }}",
        "{{ site.extra.list[1].deep.append(1) }}",
        "{{ post.toc.append(1) }}",
        "{{ post.toc[0].children.append(1) }}",
        "{{ post.aliases.clear() }}",
        "{{ pager.pages.append(1) }}",
    ],
)
@pytest.mark.parametrize("output", [POST, "posts/index.html"])
def test_templates_cannot_change_anything(
    root: Path, template: str, output: str
) -> None:
    if output != POST:
        template = "{% set post = posts[0] %}" + template
    elif "pager" in template:
        template = "{% set pager = post.toc[0] %}{{ pager.append(1) }}"
    assert failure(root, template, output).code == "template-error"


@pytest.mark.parametrize(
    "code",
    [
        "site.title = 'x'",
        "post.title = 'x'",
        "post.other = 1",
        "post._record.title = 'x'",
        "del post.title",
        "site.posts[0] = 1",
        "post.extra['x'] = 1",
        "post.extra['x'][1]['y'] = 1",
        "page.kind.x = 1",
        "post.toc[0].title = 'x'",
        "post.section.title = 'x'",
        "post.tags[0].name = 'x'",
        "site.now = 1",
        "pager.number = 2",
    ],
)
def test_not_even_python_can_change_what_views_show(root: Path, code: str) -> None:
    found = survey(root)
    lists = {a.output: a for a in found.artifacts}
    reader = Reader(found.site, documents_of(found))
    names = {
        "post": reader.view("posts/a.md"),
        "pager": lists["posts/index.html"].pager,
        "site": environment({}).open_page(reader).site,
        "page": context(lists[POST], reader)["page"],
    }
    with pytest.raises((AttributeError, TypeError)):
        exec(code, names)


def test_private_names_are_refused_when_a_template_is_compiled(root: Path) -> None:
    for template in ("{{ post._id }}", "{{ post['_id'] }}", "{{ site.posts._ids }}"):
        problem = failure(root, "\n" + template)
        assert problem.code == "template-syntax"
        assert (problem.location.path, problem.location.line) == ("templates/x.html", 2)


@pytest.mark.parametrize(
    "template",
    [
        "{{ post['_' ~ 'id'] }}",
        "{{ post|attr('_id') }}",
        "{{ post|attr('__class__') }}",
        "{{ site.posts|map(attribute='_id')|list }}",
        "{{ site.posts|map(attribute='section._record')|list }}",
        "{{ site.posts|sort(attribute='_id') }}",
        "{{ site.posts|selectattr('_note')|list }}",
        "{{ site.posts|groupby('_id')|list }}",
        "{{ site.posts|sum(attribute='__doc__') }}",
        "{% set name = '__class__' %}{{ post[name] }}",
    ],
)
def test_private_names_are_refused_at_run_time(root: Path, template: str) -> None:
    problem = failure(root, template, POST)
    assert problem.code == "template-error"
    assert "names that begin with '_'" in problem.message


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("{{ post.titel }}", "a post has no 'titel'", "Did you mean 'title'?"),
        ("{{ psot.title }}", "'psot' is undefined", "Did you mean 'post'?"),
        ("{{ site.psots }}", "site has no 'psots'", "Did you mean 'posts'?"),
        ("{{ site.sections[0].pagse }}", "a section has no 'pagse'", "Did you mean 'pages'?"),
        ("{{ post.tags[0].nmae }}", "a term has no 'nmae'", "Did you mean 'name'?"),
        ("{{ site.taxonomies[0].term }}", "a taxonomy has no 'term'", "Did you mean 'terms'?"),
        ("{{ page.knd }}", "page has no 'knd'", "Did you mean 'kind'?"),
        ("{{ post.extra.xx }}", "this table has no 'xx'", "Did you mean 'x'?"),
        ("{{ post.previous.title }}", "nothing (none) has no 'title'", ""),
        ("{{ site.posts.length }}", "this list has no 'length'", ""),
        ("{{ qqq }}", "'qqq' is undefined", ""),
        ("{{ site.posts[7].title }}", "this list has no element 7", ""),
        ("{{ post.title.uper() }}", "this str has no 'uper'", "Did you mean 'upper'?"),
        ("{{ post.toc[0].titel }}", "this TocEntry has no 'titel'", "Did you mean 'title'?"),
        ("{{ 'x'|date }}", "ValueError: Invalid isoformat string: 'x'", ""),
        ("{{ post|tojson }}", "TypeError: a post cannot be written as JSON", ""),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_an_error_with_a_suggestion(
    root: Path, template: str, message: str, hint: str
) -> None:
    problem = failure(root, f"\n\n{template}", POST)
    where = problem.location
    assert (where.path, where.line, where.source) == ("templates/x.html", 3, template)
    assert problem.message == f"{message} (while rendering /posts/a/)."
    assert problem.hint == hint


def test_every_page_has_a_title_and_a_language(root: Path) -> None:
    titles = {
        output: text_of(root, "{{ page.title }}|{{ page.lang }}", output)
        for output in (
            "index.html",
            "404.html",
            "posts/index.html",
            "tags/index.html",
            "tags/python/index.html",
            "old/index.html",
        )
    }
    assert titles == {
        "index.html": "Home|en",
        "404.html": "Page not found|en",
        "posts/index.html": "Posts|en",
        "tags/index.html": "Tags|en",
        "tags/python/index.html": "Python|en",
        "old/index.html": "A &amp; B|de",
    }


def test_a_home_page_without_a_text_has_the_site_s_title(make_site: MakeSite) -> None:
    files = {"sitegen.toml": 'title = "Mine"', "content/posts/a.md": post("A")}
    assert text_of(make_site(files), "{{ page.title }}{{ site.home }}") == "MineNone"


def test_a_home_page_without_a_title_has_the_site_s(make_site: MakeSite) -> None:
    files = {"sitegen.toml": 'title = "Mine"', "content/_index.md": md("weight: 1")}
    assert text_of(make_site(files), "{{ page.title }}") == "Mine"


def test_without_an_address_there_is_no_feed(make_site: MakeSite) -> None:
    assert (
        text_of(make_site({"content/posts/a.md": post("A")}), "{{ site.feed_url }}")
        == ""
    )


def test_a_taxonomy_without_terms_is_not_listed(make_site: MakeSite) -> None:
    root = make_site({"content/posts/a.md": post("A", "tags: [x]")})
    template = "{% for t in site.taxonomies %}[{{ t.url }}]{% endfor %}"
    assert text_of(root, template) == "[/tags/]"


def test_views_are_equal_by_what_they_show(root: Path) -> None:
    template = (
        "{{ site.posts[1] == post }} {{ post == site.title }} {{ site.posts[0] < post }}"
        " {{ {post: 1}[site.posts[1]] }} {{ [post]|string }}"
    )
    text = text_of(root, template, POST)
    assert text == "True False False 1 [&lt;A &amp; B&gt;]"


def test_what_is_read_is_asked(root: Path) -> None:
    template = (
        "{{ post.title }}{{ post.previous }}{% for p in site.recent(1) %}{{ p.url }}"
        "{% endfor %}{{ site.title }}{{ site.now('%Y') }}{{ post.content }}"
        "{{ site.posts|length }}{{ site.updated }}"
    )
    questions = set(rendering(root, POST, {"main": template}).questions)
    assert questions == {
        ("template", "posts/post.html"),
        ("template", "post.html"),
        ("fields", "posts/a.md", ("title",)),
        ("neighbour", "posts/a.md", 0),
        ("list", ("slice", 0, 1, "posts")),
        ("columns", ("slice", 0, 1, "posts"), ("url",)),
        ("config", "title"),
        ("now", "%Y"),
        ("content", "posts/a.md"),
        ("list", ("posts",)),
        ("fields", ":site", ("updated",)),
    }


def test_what_is_not_read_is_not_asked(root: Path) -> None:
    template = "{% if false %}{{ post.title }}{{ site.posts|length }}{% endif %}"
    questions = rendering(root, POST, {"main": template}).questions
    assert {question[0] for question in questions} == {"template"}


def test_frozen_data_cannot_be_changed() -> None:
    frozen = freeze({"a": [1, {"b": (2,)}], "c": "text"})
    assert frozen == {"a": (1, {"b": (2,)}), "c": "text"}
    with pytest.raises(TypeError):
        frozen["a"][1]["b"] = 1


def test_a_page_leaves_nothing_for_the_garbage_collector(root: Path) -> None:
    found = survey(root)
    artifacts = [a for a in found.artifacts if a.kind in ("post", "page")]
    main = "{{ post.title }} {{ post.next }} {{ site.posts|length }}"
    made = environment({"post.html": main, "page.html": main})
    documents = documents_of(found)
    for artifact in artifacts:  # what all pages share is worked out once
        render(artifact, found.site, made, documents)
    gc.collect()
    gc.disable()
    try:
        for artifact in artifacts * 10:
            render(artifact, found.site, made, documents)
        assert gc.collect() == 0
    finally:
        gc.enable()
