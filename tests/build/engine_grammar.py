"""Random sites whose templates ask everything, and random edits of them.

A World is a site as values: leaves (content files), other files, settings, a clock.
An edit is a named function from one World to the next; a history is a World and the
steps that follow it, each some edits and a build for one of three targets.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]

START = 1782907200
"""The clock of the first build: 2026-07-01T12:00:00Z."""

DAY = 86_400

SECTIONS = ("posts", "docs", "docs/deep", "notes", "")
NAMES = ("a", "b", "c", "d", "e")
WORDS = ("Apple", "Böhm", "apple pie", "C++", "<Dart>", "Elm & Fir")
TAGS = ("red", "Red", "blue", "C++", "c", "x:y")
DATES = ("", "2026-01-05", "2026-06-30", "2026-07-02", "2026-07-04T10:00:00+02:00")
BODIES = (
    "Plain words.",
    "# One\n\nFirst.\n\n## Two\n\nMore words than before, to be counted.",
    "[b](b.md) and [docs](/docs/) and [home](/) and [here](#two)",
    "[post](@/posts/a.md#one) ![image](img.png) [gone](nowhere.md)",
    '<a href="../c.md">c</a> <img srcset="/x.png 1x, img.png 2x" src="img.png">',
    "[tag](/tags/red/) [rel](deeper/page.html) [q](?x=1)\n\n```python\nx = 1\n```",
    "Summary.\n\n<!-- more -->\n\nRest with a [deep](/docs/deep/a.md) link.[^1]\n\n[^1]: n",
)


class Leaf(msgspec.Struct, frozen=True):
    """A content file: its front matter and its body."""

    fields: tuple[tuple[str, Any], ...]
    body: str

    def text(self) -> str:
        """Returns the file."""
        import json

        lines = [f"{key}: {json.dumps(value)}" for key, value in self.fields]
        return "\n".join(["---", *lines, "---", self.body, ""])

    def with_field(self, name: str, value: Any) -> "Leaf":
        """Returns a copy with one value set, or taken out by None."""
        kept = tuple((k, v) for k, v in self.fields if k != name)
        added = () if value is None else ((name, value),)
        return Leaf((*kept, *added), self.body)


class World(msgspec.Struct, frozen=True):
    """A site and its time."""

    leaves: dict[str, Leaf]
    """By path below content/."""
    files: dict[str, str]
    """Templates, static files and bundle files, by path below the root."""
    config: dict[str, Any]
    clock: int = START

    def tree(self) -> dict[str, str]:
        """Returns every file by its path below the root."""
        leaves = {f"content/{path}": leaf.text() for path, leaf in self.leaves.items()}
        return {**leaves, **self.files}


class Edit(msgspec.Struct, frozen=True):
    """One change, as plain values, so that an example that fails can be read."""

    kind: str
    args: tuple[Any, ...]

    def __call__(self, world: World) -> World:
        """Returns the world after the change."""
        return EDITS[self.kind](world, *self.args)


class Step(msgspec.Struct, frozen=True):
    """Some edits, what else befalls the site, and the target of the build after it."""

    edits: tuple[Edit, ...]
    mishaps: tuple[str, ...]
    target: int


class History(msgspec.Struct, frozen=True):
    """A site and what happens to it."""

    start: World
    steps: tuple[Step, ...]


class Choice:
    """Draws from short lists."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def of(self, options: Sequence[T]) -> T:
        """Returns one of some options."""
        return options[self.below(len(options))]

    def below(self, count: int) -> int:
        """Returns a number from 0 to below `count`."""
        return int(self.draw(_below(count)))

    def some(self, make: Callable[[], T], most: int, least: int = 0) -> list[T]:
        """Returns some results of a function."""
        return [make() for _ in range(least + self.below(most - least + 1))]

    def odds(self, one_in: int) -> bool:
        """Returns True about once in so many times."""
        return self.below(one_in) == one_in - 1


@cache
def _below(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


POST = (
    "title",
    "url",
    "permalink",
    "date",
    "updated",
    "expires",
    "section",
    "section.title",
    "slug",
    "authors|join(',')",
    "author",
    "description",
    "summary",
    "aliases|join(',')",
    "image",
    "lang",
    "draft",
    "unlisted",
    "weight",
    "extra.note|default('none')",
    "extra.note is defined",
    "extra|tojson",
    "source",
    "content",
    "content_absolute",
    "toc|map(attribute='title')|join(',')",
    "words",
    "minutes",
    "previous",
    "next",
    "next.next.title if P.next and P.next.next",
    "previous.url if P.previous",
    "terms('tags')|map(attribute='url')|join(',')",
    "tags|length",
    "tags|map(attribute='count')|join('+')",
    "categories|join(',')",
    "date|date('%d %b %Y') if P.date",
    "title|markdown",
    "extra['note'] if 'note' in P.extra",
)
"""What is read of a post `P`."""

SECTION = (
    "title",
    "name",
    "url",
    "permalink",
    "content",
    "description",
    "extra|tojson",
    "lang",
    "dated",
    "parent",
    "posts|length",
    "posts[:1]|join(',')",
    "pages|map(attribute='title')|join(',')",
    "sections|map(attribute='title')|join(',')",
    "sections|length",
)
"""What is read of a section `S`."""

SITE = (
    "site",
    "site.title",
    "site.base_url",
    "site.description",
    "site.language",
    "site.author",
    "site.extra.colour|default('grey')",
    "site.extra|tojson",
    "site.posts|length",
    "site.pages|map(attribute='title')|join(',')",
    "site.posts[0].title if site.posts",
    "site.posts[-1].url if site.posts",
    "site.posts[1:3]|join('|')",
    "site.posts[::2]|join('|')",
    "(site.posts|first).title if site.posts",
    "(site.posts|last).date if site.posts",
    "site.recent(2)|map(attribute='date')|join(',')",
    "site.recent(3)|length",
    "site.posts|sort(attribute='title')|map(attribute='title')|join(',')",
    "site.posts|selectattr('weight')|map(attribute='url')|join(',')",
    "site.posts|rejectattr('draft')|list|length",
    "site.posts|groupby('section')|map('first')|join(',')",
    "site.posts|map(attribute='extra.note', default='-')|join(',')",
    "site.posts|map(attribute='author')|unique|join(',')",
    "site.posts|map('attr', 'title')|join",
    "site.pages|min(attribute='weight')",
    "site.sections|map(attribute='url')|join(',')",
    "site.sections|sort(attribute='title', reverse=true)|join(',')",
    "site.section('docs') is none",
    "site.section('notes').title if site.section('notes')",
    "site.section('docs/deep').posts|length if site.section('docs/deep')",
    "site.section('').posts|length",
    "site.home.title if site.home",
    "site.home.content if site.home",
    "site.terms('tags')|map(attribute='name')|join(',')",
    "site.terms('categories')|length",
    "site.terms('nothing')|length",
    "(site.terms('tags')|first).posts|join(',') if site.terms('tags')",
    "site.taxonomies|map(attribute='url')|join(',')",
    "site.updated",
    "site.feed_url",
    "site.now('%Y')",
    "site.now('%Y-%m-%d %H')",
    "site.now()",
    "'/x.css'|url",
    "'/x.css'|absolute",
    "'#x'|absolute",
    "'*a* [b](/c/)'|markdown",
    "'*a* [b](/c/)'|markdown(trusted=true)",
    "'2026-01-01'|date('%d')",
    "page.title",
    "page.url",
    "page.permalink",
    "page.kind",
    "page.lang",
    "(site.posts|first) in site.recent(1)",
    "(site.pages|first) == (site.posts|first)",
    "post.title if post is defined",
    "term.posts|length if term is defined",
    "term.count if term is defined",
    "taxonomy.title if taxonomy is defined",
    "section.title if section is defined",
    "posts|length if posts is defined",
    "pager.total if pager is defined and pager",
    "post in site.posts[:2] if post is defined",
)
"""What is read without a loop."""

LISTS = (
    "site.posts",
    "site.pages",
    "site.recent(2)",
    "site.posts[:2]",
    "site.posts[1:]",
    "site.posts|sort(attribute='weight')",
    "site.posts|selectattr('unlisted', 'false')",
    "site.posts|reverse",
    "(site.section('docs') or site).pages",
    "(posts if posts is defined else [])",
    "([post] if post is defined else [])",
    "([post.next] if post is defined and post.next else [])",
)

PARTS = ("part1.html", "part2.html", "part3.html")
MODULES = ("mod1.html", "mod2.html")


class Grammar:
    """Makes template texts."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice

    def post(self) -> str:
        """Returns a read of the loop's post."""
        part = self.choice.of(POST).replace("P.", "p.")
        return f"{{{{ p.{part} }}}}"

    def section(self) -> str:
        """Returns a read of the loop's section."""
        return f"{{{{ s.{self.choice.of(SECTION)} }}}}"

    def site(self) -> str:
        """Returns a read of the site or of the page."""
        return f"{{{{ {self.choice.of(SITE)} }}}};"

    def loop(self, level: int) -> str:
        """Returns a loop over posts."""
        body = "".join(self.choice.some(self.post, 3, 1))
        inner = self.body(level, 1) if self.choice.odds(3) else ""
        index = self.choice.of(("", "{{ loop.index }}", "{{ loop.last }}"))
        found = self.choice.of(LISTS)
        return (
            f"{{% for p in {found} %}}{index}{body}{inner},{{% else %}}0{{% endfor %}}"
        )

    def terms(self, level: int) -> str:
        """Returns a loop over the terms of a taxonomy."""
        name = self.choice.of(("tags", "categories"))
        what = self.choice.of(("url", "count", "slug", "title", "posts[:1]|join"))
        return f"{{% for t in site.terms('{name}') %}}{{{{ t }}}}{{{{ t.{what} }}}}{{% endfor %}}"

    def sections(self, level: int) -> str:
        """Returns a loop over sections."""
        body = "".join(self.choice.some(self.section, 3, 1))
        return f"{{% for s in site.sections %}}{body}{{% endfor %}}"

    def include(self, level: int) -> str:
        """Returns an include of a part, in one of many ways."""
        later = [name for name in PARTS if int(name[4]) > level]
        if not later:
            return "-"
        name = self.choice.of(later)
        return self.choice.of(
            (
                f"{{% include '{name}' ignore missing %}}",
                f"{{% include '{name}' %}}",
                f"{{% include ['{name}', 'part3.html'] ignore missing %}}",
                f"{{% include ['nothing.html', '{name}'] ignore missing %}}",
                f"{{% include '{name}' ignore missing without context %}}",
                "{% include page.kind ~ '.part' ignore missing %}",
                f"{{% set n %}}{name}{{% endset %}}{{% include n ignore missing %}}",
                f"{{% with site = page %}}{{% include '{name}' ignore missing %}}{{% endwith %}}",
                f"{{% with p = site.posts|first %}}{{% include '{name}' ignore missing %}}{{% endwith %}}",
                f"{{% for site in [site, site] %}}{{% include '{name}' ignore missing %}}{{% endfor %}}",
                f"{{% set ns = namespace(n=0) %}}{{% for x in [1, 2] %}}{{% include '{name}' ignore missing %}}{{% endfor %}}{{{{ ns.n }}}}",
            )
        )

    def module(self, level: int) -> str:
        """Returns an import and calls of its macros."""
        name = "mod2.html" if level == 9 else self.choice.of(MODULES)
        how = self.choice.of(("", " with context"))
        if self.choice.odds(2):
            head = f"{{% import '{name}' as m{how} %}}"
            call = "m."
        else:
            head = f"{{% from '{name}' import bump, show{how} %}}"
            call = ""
        return head + self.choice.of(
            (
                f"{{{{ {call}bump() }}}}{{{{ {call}bump() }}}}",
                f"{{{{ {call}show(site.recent(1)) }}}}",
                f"{{% for p in site.posts %}}{{{{ {call}bump() }}}}{{% endfor %}}",
                f"{{% call {call}show(site.pages) %}}{self.site()}{{% endcall %}}",
            )
        )

    def odd(self, level: int) -> str:
        """Returns one of Jinja's other statements."""
        inner = self.body(level, 1)
        return self.choice.of(
            (
                f"{{% set ns = namespace(n=0) %}}{{% for p in site.posts %}}{{% set ns.n = ns.n + p.weight %}}{{% endfor %}}{{{{ ns.n }}}}{inner}",
                "{% set c = cycler('odd', 'even') %}{% for p in site.posts %}{{ c.next() }}{{ p.title }}{% endfor %}",
                "{% set j = joiner(',') %}{% for p in site.pages %}{{ j() }}{{ p.title }}{% endfor %}",
                f"{{% set x %}}{inner}{{% endset %}}{{{{ x|length }}}}{{{{ x }}}}",
                f"{{% filter upper %}}{inner}{{% endfilter %}}",
                f"{{% if site.posts %}}{inner}{{% else %}}none{{% endif %}}",
                f"{{% macro own(a, b=site.title) %}}{{{{ a }}}}{{{{ b }}}}{inner}{{% endmacro %}}{{{{ own(page.title) }}}}",
                f"{{% set site = site %}}{inner}",
                f"{{% autoescape false %}}{inner}{{% endautoescape %}}",
                f"{{% with title = site.title %}}{{{{ title }}}}{inner}{{% endwith %}}",
                "{% set name %}tags{% endset %}{{ site.terms(name)|join }}",
                "{% for g in site.posts|groupby('weight') %}{{ g.grouper }}{{ g.list|join }}{% endfor %}",
                "{% if ns is defined and ns.n is defined %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% endif %}",
                "{% if p is defined and p %}{{ p.title }}{% endif %}",
                "{% for s in site.sections recursive %}{{ s.title }}{{ loop(s.sections) }}{% endfor %}",
            )
        )

    def statement(self, level: int) -> str:
        """Returns one statement; `level` keeps includes from running in circles."""
        kinds = (
            self.loop,
            self.include,
            self.terms,
            self.sections,
            self.include,
            self.module,
            self.odd,
        )
        if self.choice.odds(3):
            return self.site()
        return self.choice.of(kinds)(level)

    def body(self, level: int, most: int = 3) -> str:
        """Returns some statements."""
        return "\n".join(self.choice.some(lambda: self.statement(level), most, 1))

    def template(self, name: str) -> str:
        """Returns the text of a template of that name."""
        if name in MODULES:
            return self.module_text(name)
        if name in PARTS:
            return self.body(int(name[4]), 2)
        if name == "frame.html":
            return f"<{self.site()}{{% block main %}}{self.body(0, 1)}{{% endblock %}}>"
        if self.choice.odds(2):
            more = "{{ super() }}" if self.choice.odds(2) else ""
            return (
                "{% extends 'frame.html' %}{% block main %}"
                f"{more}{self.body(0, 2)}{{% endblock %}}"
            )
        return self.body(0)

    def module_text(self, name: str) -> str:
        """Returns macros, one of which counts its calls."""
        nested = self.module(9) if name == "mod1.html" else ""
        return (
            "{% set ns = namespace(n=0) %}"
            "{% macro bump() %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% endmacro %}"
            f"{{% macro show(posts) %}}{nested}{self.site()}"
            "{% for p in posts %}{{ p.title }}{{ p.url }}{% endfor %}"
            "{% if caller %}{{ caller() }}{% endif %}{% endmacro %}"
        )


TEMPLATES = (
    "frame.html",
    *PARTS,
    *MODULES,
    "post.html",
    "page.html",
    "index.html",
    "list.html",
    "term.html",
    "taxonomy.html",
    "404.html",
    "own.html",
    "posts/post.html",
    "docs/list.html",
    "post.part",
    "home.part",
    "tags/term.html",
    "feed.xml",
)

STATIC = ("static/x.css", "static/robots.txt", "static/sub/y.txt", "static/x.png")
BUNDLE = ("content/posts/e/img.png", "content/docs/img.png", "content/posts/e/t.txt")

FIELDS: dict[str, tuple[Any, ...]] = {
    "title": WORDS,
    "date": DATES[1:],
    "updated": (None, "2026-06-01", "2026-06-02"),
    "expires": (None, None, "2026-07-03", "2020-01-01"),
    "tags": (None, ["red"], ["Red", "blue"], ["C++", "c", "x:y"], list(TAGS)),
    "categories": (None, None, ["one"], ["one", "two"]),
    "weight": (None, 1, 2, 3),
    "draft": (None, None, None, True),
    "unlisted": (None, None, None, True),
    "aliases": (None, None, ["/old/"], ["/older/", "/sub"], ["/x.html"]),
    "template": (None, None, None, "own.html"),
    "permalink": (None, None, None, "/moved/", "/sub/at/"),
    "author": (None, "Ann", "Bob"),
    "description": (None, "About <it>"),
    "summary": (None, None, "By hand"),
    "image": (None, "img.png", "/x.png"),
    "lang": (None, None, "de"),
    "toc": (None, None, False),
    "note": (None, "n1", "n2"),
    "slug": (None, None, "other"),
}

SETTINGS: dict[str, tuple[Any, ...]] = {
    "title": ("Site", "Other <site>"),
    "description": ("", "Words"),
    "author": ("", "Zoe"),
    "language": ("en", "fr"),
    "timezone": ("UTC", "Europe/Paris"),
    "paginate": (0, 1, 2),
    "colour": (None, "red", "blue"),
    "highlight": (False, True),
    "engine": ("commonmark", "commonmark", "markdown"),
    "posts": (None, "/p/{slug}/", "/{year}/{slug}/"),
    "limit": (1, 20),
}


def leaf(choice: Choice, path: str) -> Leaf:
    """Returns a content file for a path; a file for `posts` has a date."""
    fields: list[tuple[str, Any]] = [("title", f"{choice.of(WORDS)} {path}")]
    if path.startswith("posts/") and not path.endswith("_index.md"):
        fields.append(("date", choice.of(DATES[1:])))
    names = set(choice.some(lambda: choice.of(tuple(FIELDS)), 3))
    for name in sorted(names - {"title", "date"}):
        value = choice.of(FIELDS[name])
        if value is not None:
            fields.append((name, value))
    return Leaf(tuple(fields), choice.of(BODIES))


def path_of(choice: Choice) -> str:
    """Returns the path of a content file."""
    if choice.odds(6):
        return choice.of(("_index.md", "docs/_index.md", "posts/e/index.md"))
    folder = choice.of(SECTIONS)
    return f"{folder}/{choice.of(NAMES)}.md".lstrip("/")


def world(choice: Choice) -> World:
    """Returns a small site."""
    grammar = Grammar(choice)
    paths = ["posts/a.md", *choice.some(lambda: path_of(choice), 5, 1)]
    templates = [*choice.some(lambda: choice.of(TEMPLATES), 5, 1)]
    files = {f"templates/{name}": grammar.template(name) for name in templates}
    for name in ("frame.html", "mod1.html", "mod2.html"):
        if any(f"'{name}'" in text for text in files.values()):
            files.setdefault(f"templates/{name}", grammar.template(name))
    for name in choice.some(lambda: choice.of((*STATIC, *BUNDLE)), 2):
        files[name] = "0"
    return World({path: leaf(choice, path) for path in paths}, files, {})


def create(world: World, path: str, new: Leaf) -> World:
    """Adds a content file, or writes it anew."""
    return msgspec.structs.replace(world, leaves={**world.leaves, path: new})


def _pick(world: World, number: int) -> str:
    paths = sorted(world.leaves)
    return paths[number % len(paths)] if paths else ""


def change(world: World, number: int, name: str, value: Any) -> World:
    """Sets one value in the front matter of a file."""
    path = _pick(world, number)
    if not path:
        return world
    return create(world, path, world.leaves[path].with_field(name, value))


def rewrite(world: World, number: int, body: str) -> World:
    """Gives a file another body."""
    path = _pick(world, number)
    if not path:
        return world
    return create(world, path, Leaf(world.leaves[path].fields, body))


def delete(world: World, number: int) -> World:
    """Deletes a content file."""
    path = _pick(world, number)
    leaves = {key: leaf for key, leaf in world.leaves.items() if key != path}
    return msgspec.structs.replace(world, leaves=leaves)


def move(world: World, number: int, to: str) -> World:
    """Gives a content file another path."""
    path = _pick(world, number)
    if not path or to in world.leaves:
        return world
    moved = world.leaves[path]
    return create(delete(world, number), to, moved)


def swap_titles(world: World, one: int, other: int) -> World:
    """Gives each of two files the other's title."""
    first, second = _pick(world, one), _pick(world, other)
    if not first:
        return world
    titles = [dict(world.leaves[path].fields)["title"] for path in (first, second)]
    world = change(world, one, "title", titles[1])
    return change(world, other, "title", titles[0])


def swap_files(world: World, one: int, other: int) -> World:
    """Gives each of two files the other's path."""
    first, second = _pick(world, one), _pick(world, other)
    if not first:
        return world
    leaves = {
        **world.leaves,
        first: world.leaves[second],
        second: world.leaves[first],
    }
    return msgspec.structs.replace(world, leaves=leaves)


def write(world: World, path: str, text: str) -> World:
    """Writes a template, a static file or a bundle's file."""
    return msgspec.structs.replace(world, files={**world.files, path: text})


def remove(world: World, number: int) -> World:
    """Removes a template, a static file or a bundle's file."""
    paths = sorted(world.files)
    if not paths:
        return world
    path = paths[number % len(paths)]
    files = {key: text for key, text in world.files.items() if key != path}
    return msgspec.structs.replace(world, files=files)


def set_up(world: World, name: str, value: Any) -> World:
    """Changes a setting."""
    return msgspec.structs.replace(world, config={**world.config, name: value})


def wait(world: World, days: float) -> World:
    """Moves the clock, also back."""
    return msgspec.structs.replace(world, clock=world.clock + int(days * DAY))


EDITS: dict[str, Callable[..., World]] = {
    function.__name__: function
    for function in (
        create,
        change,
        rewrite,
        delete,
        move,
        swap_titles,
        swap_files,
        write,
        remove,
        set_up,
        wait,
    )
}


def edit(choice: Choice) -> Edit:
    """Returns a change of a site."""
    grammar = Grammar(choice)
    kind = choice.of(
        (
            "change",
            "change",
            "change",
            "rewrite",
            "rewrite",
            "create",
            "delete",
            "move",
            "swap_titles",
            "swap_files",
            "template",
            "template",
            "static",
            "remove",
            "set_up",
            "wait",
        )
    )
    if kind == "change":
        name = choice.of(tuple(FIELDS))
        return Edit(kind, (choice.below(6), name, choice.of(FIELDS[name])))
    if kind == "rewrite":
        return Edit(kind, (choice.below(6), choice.of(BODIES)))
    if kind == "create":
        path = path_of(choice)
        return Edit(kind, (path, leaf(choice, path)))
    if kind == "delete" or kind == "remove":
        return Edit(kind, (choice.below(6),))
    if kind == "move":
        return Edit(kind, (choice.below(6), path_of(choice)))
    if kind.startswith("swap"):
        return Edit(kind, (choice.below(6), choice.below(6)))
    if kind == "template":
        name = choice.of(TEMPLATES)
        return Edit("write", (f"templates/{name}", grammar.template(name)))
    if kind == "static":
        return Edit("write", (choice.of((*STATIC, *BUNDLE)), choice.of("012")))
    if kind == "wait":
        return Edit(kind, (choice.of((0.04, 1, 2, 3, 400, -1, -2)),))
    name = choice.of(tuple(SETTINGS))
    return Edit(kind, (name, choice.of(SETTINGS[name])))


MISHAPS = (
    "edit an output",
    "delete an output",
    "empty an output",
    "delete the output folder",
    "delete the manifest",
    "delete the cache",
    "garble the cache",
    "truncate the cache",
    "touch everything",
    "a template fails",
    "a title is missing",
    "kill",
    "interrupt",
)
"""What may happen between two builds, besides edits."""


def step(choice: Choice) -> Step:
    """Returns some edits, and what befalls the site."""
    edits = choice.some(lambda: edit(choice), 3)
    mishaps = [choice.of(MISHAPS)] if choice.odds(4) else []
    return Step(tuple(edits), tuple(mishaps), max(0, choice.below(6) - 3))


@st.composite
def histories(draw: Draw) -> History:
    """Draws a site and what happens to it."""
    choice = Choice(draw)
    start = world(choice)
    steps = choice.some(lambda: step(choice), 4, 1)
    return History(start, tuple(steps))
