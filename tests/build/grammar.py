"""Random sites and random edits of them, as values.

A site is a dict of files. An edit is a function of a site, drawn by name: to try
another kind, write one below and add it to EDITS.
"""

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

Files = dict[str, str]
Draw = Callable[[st.SearchStrategy[str]], str]

NAMES = ("a", "b", "c", "ä")
SECTIONS = ("", "posts/", "docs/", "docs/deep/")
WORDS: tuple[str, ...] = (
    "One",
    "two",
    "*three*",
    "# Heading",
    "[x](a.md)",
    "[y](/posts/b/#heading)",
)
WORDS += ("![z](pic.png)", "`code`", "<!-- more -->", "[self](#heading)")
TAGS = ("x", "X", "C++", "y z")
DATES = ("2026-01-01", "2026-02-02", "2026-06-30", "2026-08-01")


def pick(*values: str) -> st.SearchStrategy[str]:
    """Returns a strategy for one of some texts; the first is the simplest."""
    return st.sampled_from(values)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """Draws Markdown with headings, links and images, some of them broken."""
    words = draw(st.lists(pick(*WORDS), max_size=4))
    return "\n\n".join(words) + "\n"


@st.composite
def posts(draw: st.DrawFn, title: str) -> str:
    """Draws a content file."""
    fields = [f"title: {title}"]
    if draw(st.booleans()):
        fields.append(f"date: {draw(pick(*DATES))}")
    tags = draw(st.lists(pick(*TAGS), max_size=2))
    optional = (
        f"tags: {tags}",
        "draft: true",
        "unlisted: true",
        "weight: 3",
        "expires: 2026-07-15",
        "updated: 2026-03-03",
        "lang: de",
        "description: Said in short",
        "extra: {mood: calm}",
    )
    fields += draw(st.lists(pick(*optional), max_size=3, unique=True))
    return "\n".join(("---", *fields, "---", draw(bodies())))


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Draws the path of a content file."""
    return f"content/{draw(pick(*SECTIONS))}{draw(pick(*NAMES))}.md"


@st.composite
def contents(draw: st.DrawFn, path: str) -> str:
    """Draws what stands at a path; its title is its own, or two files would clash."""
    return draw(posts(f"{draw(pick('Title', 'Other'))} of {path}"))


CONFIGS = (
    "",
    'title = "S"\nbase_url = "https://example.org"\n',
    'title = "T"\nbase_url = "https://example.org/sub"\n[build]\npaginate = 1\n',
    '[markdown]\nengine = "commonmark"\nhighlight = false\n[extra]\na = 1\n',
    "[taxonomies]\ntags = '/t/{slug}/'\n",
    "[permalinks]\ndocs = '/d/{slug}.html'\n",
)

TEMPLATES = {
    "templates/post.html": (
        "{{ post.title }}{{ post.previous }}{{ post.next }}",
        "{% extends 'base.html' %}{% block content %}{{ post.content }}{% endblock %}",
        "{{ post.tags }}{{ site.posts|length }}{{ site.now('%Y-%m-%d') }}",
    ),
    "templates/base.html": (
        "<title>{{ page.title }}</title>{% include '_nav.html' %}{% block content %}"
        "{% endblock %}{% include 'extra.html' ignore missing %}",
        "{% block content %}{% endblock %}{{ site.updated }}",
    ),
    "templates/extra.html": ("{{ site.pages }}", "{{ page.url }}", "plain"),
    "templates/docs/page.html": ("{{ post.section.pages }}", "{{ post.toc }}"),
    "templates/_nav.html": ("{% for p in site.posts %}{{ p.url }} {% endfor %}",),
}


@st.composite
def sites(draw: st.DrawFn) -> Files:
    """Draws a site."""
    found = draw(st.lists(paths(), min_size=1, max_size=6, unique=True))
    files = {path: draw(contents(path)) for path in found}
    files["sitegen.toml"] = draw(pick(*CONFIGS))
    for edit in draw(st.lists(st.sampled_from([template, static, bundle]), max_size=2)):
        files = edit(draw, files)
    return files


def write_post(draw: st.DrawFn, files: Files) -> Files:
    """Adds a post, or writes another in its place."""
    path = draw(paths())
    return files | {path: draw(contents(path))}


def rewrite(draw: st.DrawFn, files: Files) -> Files:
    """Gives a post another text, and leaves what stands above it."""
    path = draw(pick(*_posts(files)))
    head, _, _ = files[path].rpartition("---\n")
    return files | {path: f"{head}---\n{draw(bodies())}"}


def remove(draw: st.DrawFn, files: Files) -> Files:
    """Removes any file but the last post."""
    keep = _posts(files)[0]
    gone = draw(pick(*files))
    return {name: text for name, text in files.items() if name != gone or name == keep}


def settings(draw: st.DrawFn, files: Files) -> Files:
    """Changes the configuration."""
    return files | {"sitegen.toml": draw(pick(*CONFIGS))}


def template(draw: st.DrawFn, files: Files) -> Files:
    """Adds or changes a template."""
    name = draw(pick(*TEMPLATES))
    return files | {name: draw(pick(*TEMPLATES[name]))}


def static(draw: st.DrawFn, files: Files) -> Files:
    """Adds or changes a file that is copied."""
    name = draw(pick("static/file.txt", "static/deep/er.txt", "static/robots.txt"))
    return files | {name: draw(pick("1", "2", "three"))}


def bundle(draw: st.DrawFn, files: Files) -> Files:
    """Adds or changes a bundle and its picture."""
    text = draw(contents("content/posts/bundle/index.md"))
    picture = {"content/posts/bundle/pic.png": draw(pick("x", "y"))}
    return files | {"content/posts/bundle/index.md": text + "![p](pic.png)\n"} | picture


def index(draw: st.DrawFn, files: Files) -> Files:
    """Adds or changes the text of a section."""
    section = draw(pick("", "posts/", "docs/"))
    fields = draw(
        pick("", "dated: true", "sort_by: title", "weight: 2", "dated: false")
    )
    text = f"---\ntitle: Index of {section}\n{fields}\n---\n{draw(bodies())}"
    return files | {f"content/{section}_index.md": text}


def nothing(draw: st.DrawFn, files: Files) -> Files:
    """Changes nothing."""
    return files


EDITS = (
    nothing,
    write_post,
    rewrite,
    remove,
    settings,
    template,
    static,
    bundle,
    index,
)


@st.composite
def edits(draw: st.DrawFn, files: Files) -> Files:
    """Draws what a site becomes by an edit or two."""
    for edit in draw(st.lists(st.sampled_from(EDITS), min_size=1, max_size=2)):
        files = edit(draw, files)
    return files


def _posts(files: Mapping[str, str]) -> list[str]:
    return sorted(name for name in files if name.endswith(".md"))
