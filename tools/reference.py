"""Writes the generated parts of the reference in `content/docs/reference/`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; all other
text is written by hand and stays. Run `make reference` after a change of a command, a
setting, a front-matter key, a template variable or a problem code. A test compares.
"""

import ast
import importlib
import inspect
import itertools
import pkgutil
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import inspect as msgtypes

import sitegen
from sitegen import cli, config
from sitegen.build import render, templates
from sitegen.build.survey import Asked, Survey, read_inputs
from sitegen.cli.site import clock_moment
from sitegen.content import fields
from sitegen.markup.records import TocEntry
from sitegen.site import plan, questions, views

HELP = ["-h", "--help"]
"""What the commands' own contexts have; click keeps the help option made first."""

FOLDER = Path(__file__).parent.parent / "content" / "docs" / "reference"

_PART = re.compile(
    r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->\n)", re.DOTALL
)


def updated(text: str) -> str:
    """Returns a page with every generated part made anew."""

    def part(match: re.Match[str]) -> str:
        made = PARTS[match["name"]]()
        return f"{match[1]}\n{made.strip()}\n\n{match[3]}"

    return _PART.sub(part, text)


def pages() -> list[Path]:
    """Returns the pages of the reference."""
    return sorted(FOLDER.glob("*.md"))


def main() -> int:
    """Writes every page of the reference that is stale; returns the exit code."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = updated(text)
        if new != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(FOLDER.parent.parent.parent)} updated")
    return 0


# Commands


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Yields every command with its full name, groups before what is in them."""
    context = click.Context(cli.main, info_name="sitegen", help_option_names=HELP)
    for name in cli.main.list_commands(context):
        command = cli.main.get_command(context, name)
        assert command is not None, name
        yield from _with_below(f"sitegen {name}", command)


def _with_below(name: str, command: click.Command) -> Iterator[tuple[str, Any]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name, help_option_names=HELP)
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            assert inner is not None, below
            yield from _with_below(f"{name} {below}", inner)


def commands() -> str:
    """Returns a section for each command."""
    return "\n\n".join(_command(name, command) for name, command in all_commands())


def group_options() -> str:
    """Returns the options that stand before a command's name."""
    return _options(cli.main)


def _command(name: str, command: click.Command) -> str:
    text, examples = _help(command)
    parts = [f"## {name}", text, f"```text\n{_usage(name, command)}\n```"]
    if options := _options(command):
        parts.append(options)
    if examples:
        parts.append("```sh\n" + "\n".join(examples) + "\n```")
    return "\n\n".join(parts)


def _help(command: click.Command) -> tuple[str, list[str]]:
    """Returns a command's explanation and its examples."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    words, examples = [], []
    for paragraph in paragraphs:
        lines = paragraph.replace("\b", "").strip("\n").splitlines()
        if lines and re.fullmatch(r"Examples?:", lines[0].strip()):
            examples = [line.strip() for line in lines[1:]]
        elif "\b" in paragraph:
            words.append("```text\n" + "\n".join(lines).strip("\n") + "\n```")
        else:
            words.append(" ".join(line.strip() for line in lines))
    return "\n\n".join(words), examples


def _usage(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, help_option_names=HELP)
    return " ".join([name, *command.collect_usage_pieces(context)])


def _options(command: click.Command) -> str:
    rows = [_option(p) for p in command.params if isinstance(p, click.Option)]
    return table(("option", "what it does"), rows) if rows else ""


def _option(option: click.Option) -> tuple[str, str]:
    names = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag else f" {_metavar(option)}"
    shown = ", ".join(f"`{name}{value if name == names[-1] else ''}`" for name in names)
    return shown, " ".join((option.help or "").split())


def _metavar(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return option.type.name.upper()


# Configuration


def configuration() -> str:
    """Returns a section for each table of `sitegen.toml`, the top level first."""
    top, tables = [], []
    whole = _struct_in(msgtypes.type_info(config.Config))
    assert whole is not None
    for field in whole.fields:
        inner = _struct_in(field.type)
        if inner is None:
            top.append(_setting("", field, config.Config))
        else:
            tables += _tables(field.name, inner)
    head = "## The top level\n\n" + table(SETTING_COLUMNS, top)
    return "\n\n".join([head, *tables])


SETTING_COLUMNS = ("key", "type", "default", "what it is")


def _tables(name: str, struct: msgtypes.StructType, many: bool = False) -> list[str]:
    """Returns a table's section, and those of the tables in it."""
    rows, below = [], []
    for field in struct.fields:
        inner = _struct_in(field.type)
        if inner is None or inner.cls is struct.cls:
            rows.append(_setting(name, field, struct.cls))
        else:
            listed = not isinstance(field.type, msgtypes.StructType) and _is_list(field)
            below += _tables(f"{name}.{field.name}", inner, listed)
    shown = f"`[[{name}]]`" if many else f"`[{name}]`"
    about = inspect.getdoc(struct.cls) or ""
    parts = [f"## {shown}", about]
    if rows:
        parts.append(table(SETTING_COLUMNS, rows))
    return ["\n\n".join(parts), *below]


def _is_list(field: msgtypes.Field) -> bool:
    return isinstance(field.type, (msgtypes.ListType, msgtypes.VarTupleType))


def _struct_in(kind: msgtypes.Type) -> msgtypes.StructType | None:
    """Returns the struct that a field is, may be, or lists."""
    if isinstance(kind, msgtypes.StructType):
        return kind
    if isinstance(kind, msgtypes.UnionType):
        found = (_struct_in(part) for part in kind.types)
        return next((struct for struct in found if struct), None)
    if isinstance(kind, (msgtypes.ListType, msgtypes.VarTupleType)):
        return _struct_in(kind.item_type)
    return None


def setting_names() -> set[str]:
    """Returns every key of `sitegen.toml` as the reference writes it."""
    return set(re.findall(r"^\| `(\w+)` \|", configuration(), re.MULTILINE))


def _setting(table: str, field: msgtypes.Field, owner: type) -> tuple[str, ...]:
    return (
        f"`{field.name}`",
        _kind_words(field.type),
        _default(field),
        docstring(owner, field.name),
    )


def _kind_words(kind: msgtypes.Type) -> str:
    if isinstance(kind, msgtypes.LiteralType):
        return " or ".join(f"`{_toml(value)}`" for value in kind.values)
    if isinstance(kind, (msgtypes.ListType, msgtypes.VarTupleType)):
        return f"list of {_kind_words(kind.item_type)}"
    if isinstance(kind, msgtypes.UnionType):
        parts = (p for p in kind.types if not isinstance(p, msgtypes.NoneType))
        return " or ".join(_kind_words(part) for part in parts)
    words = {
        msgtypes.StrType: "text",
        msgtypes.IntType: "number",
        msgtypes.FloatType: "number",
        msgtypes.BoolType: "true or false",
        msgtypes.DictType: "table",
    }
    return words.get(type(kind), "any value")


def _default(field: msgtypes.Field) -> str:
    value = field.default
    if value is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if value is msgspec.NODEFAULT:
        return "must be given"
    return "" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        parts = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {parts} }}" if parts else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)


# Front matter


def front_matter() -> str:
    """Returns the keys of posts and pages, and those of sections alone."""
    everywhere = [_field(f) for f in fields.FIELDS if not f.section_only]
    sections = [_field(f) for f in fields.FIELDS if f.section_only]
    return "\n\n".join(
        (
            table(FIELD_COLUMNS, everywhere),
            "## Keys of sections",
            "Only `_index.md` files have these.",
            table(FIELD_COLUMNS, sections),
        )
    )


def spellings() -> str:
    """Returns which keys of other tools are understood."""
    rows = [
        (f"`{spelling}`", f"`{field.name}`")
        for field in fields.FIELDS
        for spelling in field.spellings
    ]
    rows += [(f"`{key}`", meaning) for key, meaning in fields.SPECIAL.items()]
    return table(("written as", "understood as"), sorted(rows))


FIELD_COLUMNS = ("key", "value", "what it says")

KIND_WORDS: Mapping[fields.Kind, str] = {
    "title": "text",
    "line": "one line of text",
    "text": "text",
    "moment": "date or time",
    "flag": "true or false",
    "number": "whole number",
    "list": "list of texts, or one text",
    "slug": "letters, digits, `-._~`",
    "address": "path such as `/about/`",
    "addresses": "list of paths",
    "template": "file name",
    "language": "BCP 47 tag",
    "order": "`date`, `weight` or `title`",
    "mapping": "mapping",
    "submission": "mapping with `id`; set by sitegen",
}
"""What may be written for each kind of key."""


def _field(field: fields.Field) -> tuple[str, ...]:
    return f"`{field.name}`", KIND_WORDS[field.kind], field.description


# Templates

OF_POST = {
    "title": "Its title.",
    "url": "Its root-relative URL, with `base_url`'s path.",
    "permalink": "Its URL with scheme and host; without `base_url` the same as `url`.",
    "date": "When it was published; a `datetime`, or none.",
    "updated": "When it was last changed: as it says, else by Git, else `date`.",
    "expires": "When it is taken down, or none.",
    "section": "Its section; none at the top level.",
    "slug": "The last part of its address.",
    "authors": "Its authors' names, as front matter lists them.",
    "author": "Its first author, else the site's.",
    "description": "The front matter's `description`.",
    "summary": "The front matter's `summary`, else what stands above "
    "`<!-- more -->`, else its first words; plain text.",
    "aliases": "Old addresses that lead to it.",
    "image": "The URL of the picture that stands for it, or an empty text.",
    "lang": "Its language, else the site's.",
    "draft": "True for a draft (which is shown only with `--drafts`).",
    "unlisted": "True if no list shows it.",
    "weight": "Its place among its section's pages.",
    "extra": "Your own front-matter keys, and those under `extra`.",
    "source": "The path of its file, relative to the site's folder.",
    "source_url": "Where its file can be read on a Git host; or empty.",
    "edit_url": "Where its file can be edited there, or empty.",
    "shows_toc": "False where the front matter says `toc: false`.",
}
OF_SECTION = {
    "name": "Its path below the content folder, such as `docs/howto`.",
    "title": "The title of its `_index.md`, else its folder's name.",
    "url": "The root-relative URL of its list.",
    "permalink": "The URL of its list with scheme and host.",
    "description": "The `description` of its `_index.md`.",
    "extra": "The `extra` of its `_index.md`.",
    "lang": "The language of its `_index.md`, else the site's.",
    "dated": "True if its files are posts.",
    "index": "The path of its `_index.md` in the content folder; empty without one.",
    "parent": "The section around it; none at the top level.",
}
OF_TERM = {
    "name": "The term as most posts spell it.",
    "slug": "The last part of its address.",
    "url": "The root-relative URL of its list.",
    "permalink": "The URL of its list with scheme and host.",
    "count": "The number of its posts.",
}
OF_TAXONOMY = {
    "name": "Its name in `sitegen.toml`, such as `tags`.",
    "title": "The name with a capital letter.",
    "url": "The root-relative URL of its index; empty if its pattern has no room.",
}
OF_SITE = {
    "title": "The site's name.",
    "base_url": "Where the site lives; empty if nobody said.",
    "description": "The site's description.",
    "language": "The site's language.",
    "author": "Who writes what names no author.",
    "extra": "Everything under `[extra]` in `sitegen.toml`.",
    "highlight": "True if code is coloured, and `/highlight.css` exists.",
    "posts": "All listed posts, newest first.",
    "pages": "All listed pages, by weight, then title.",
    "sections": "The sections at the top level.",
    "taxonomies": "All taxonomies.",
}
DESCRIPTIONS: Mapping[type, Mapping[str, str]] = {
    views.PostView: OF_POST,
    views.SectionView: OF_SECTION,
    views.TermView: OF_TERM,
    views.TaxonomyView: OF_TAXONOMY,
    views.SiteView: OF_SITE,
    views.PageView: {"kind": "What sort of page it is; see the first table."},
    plan.Pager: {
        "total": "How many pages the list has.",
        "pages": "The first page, the last and the nearest; each has `number` and "
        "`url`.",
    },
    TocEntry: {
        "id": "What its link leads to, without the `#`.",
        "level": "1 to 6, as in `h1` to `h6`.",
        "children": "The headings below it.",
    },
}
"""Descriptions of names that the code gives without a docstring."""


def names_of(view: type) -> list[str]:
    """Returns all that templates may read from a view, in the order of its code."""
    found = [name for name in vars(view) if not name.startswith("_")]
    plain = [name for name in DESCRIPTIONS.get(view, {}) if name in found]
    return plain + [name for name in found if name not in plain]


def view(kind: type) -> Callable[[], str]:
    """Returns the maker of a view's table."""

    def make() -> str:
        rows = [_view_row(kind, name) for name in names_of(kind)]
        return table(("name", "what it gives"), rows)

    return make


def _view_row(kind: type, name: str) -> tuple[str, str]:
    value = vars(kind)[name]
    shown = f"`{name}`"
    if inspect.isfunction(value):
        parameters = list(inspect.signature(value).parameters.values())[1:]
        shown = f"`{name}({', '.join(_parameter(p) for p in parameters)})`"
    return shown, description_of(kind, name)


def description_of(kind: type, name: str) -> str:
    """Returns what a name of a view gives, in words; "" if nobody wrote that."""
    said = DESCRIPTIONS.get(kind, {}).get(name)
    return said or inspect.getdoc(vars(kind)[name]) or ""


def _parameter(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f'{parameter.name}="{parameter.default}"'


def struct(kind: type[msgspec.Struct]) -> Callable[[], str]:
    """Returns the maker of a table of a struct's fields."""

    def make() -> str:
        names = [field.name for field in msgspec.structs.fields(kind)]
        said = DESCRIPTIONS.get(kind, {})
        rows = [(f"`{n}`", docstring(kind, n) or said.get(n, "")) for n in names]
        return table(("name", "what it gives"), rows)

    return make


def filters() -> str:
    """Returns the filters that Jinja2 alone does not have."""
    rows = []
    for name, function in templates.FILTERS.items():
        example, _, words = (inspect.getdoc(function) or "").partition("`: ")
        words = (words[:1].upper() + words[1:]).replace("\n", " ")
        rows.append((f"`{name}`", f"{example}`", words))
    return table(("filter", "example", "what it gives"), rows)


EXAMPLE = {
    "content/_index.md": "---\ntitle: Home\n---\n",
    "content/about.md": "---\ntitle: About\naliases: [/old/]\n---\n",
    "content/posts/one.md": "---\ntitle: One\ndate: 2026-01-01\ntags: [a]\n---\n",
}
"""A site with every kind of page."""


def kinds() -> str:
    """Returns each kind of page with its templates and variables, as they are."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [_kind_row(*pair) for pair in _kinds_of(Path(folder))]
    return table(("`page.kind`", "templates, the first that exists", "variables"), rows)


def _kinds_of(folder: Path) -> Iterable[tuple[plan.Artifact, Survey]]:
    for path, text in EXAMPLE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    settings = config.Config(base_url="https://example.org")
    now = clock_moment(settings, "2026-07-01")
    survey = Survey(folder, read_inputs(Asked(folder, settings, now)))
    found: dict[str, plan.Artifact] = {}
    for artifact in survey.artifacts:
        if artifact.templates:
            found.setdefault(artifact.kind, artifact)
    return [(artifact, survey) for artifact in found.values()]


def _kind_row(artifact: plan.Artifact, survey: Survey) -> tuple[str, ...]:
    def nothing(id: str) -> Any:
        raise AssertionError(f"variables alone read no document: {id}")

    variables = render.context(artifact, views.Reader(survey.site, nothing))
    names = ", ".join(f"`{name}`" for name in sorted({"site", *variables}))
    looked_up = ", ".join(f"`{_general(name)}`" for name in artifact.templates)
    return f"`{artifact.kind}`", looked_up, names


def _general(name: str) -> str:
    return name.replace("posts/", "SECTION/").replace("tags/", "TAXONOMY/")


# Problems

ROOMS = {
    "config": "Configuration",
    "git": "Git",
    "content": "Content files and front matter",
    "markup": "Markdown",
    "site": "The site as a whole",
    "build": "Templates and output",
    "submissions": "Submissions",
    "serve": "The development server",
    "cli": "Commands",
}
"""Part of the package → the heading of its codes."""


def modules() -> Iterator[Any]:
    """Yields every module of the package."""
    for found in pkgutil.walk_packages(sitegen.__path__, "sitegen."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def codes() -> dict[str, dict[str, str]]:
    """Returns heading → problem code → what it means."""
    result: dict[str, dict[str, str]] = {heading: {} for heading in ROOMS.values()}
    for module in modules():
        if meanings := getattr(module, "CODES", {}):
            result[ROOMS[module.__name__.split(".")[1]]].update(meanings)
    return result


def problems() -> str:
    """Returns a section for the codes of each part of the package."""
    warnings = warning_codes()
    parts = []
    for heading, meanings in codes().items():
        rows = [
            (f"`{code}`", "warning" if code in warnings else "error", meaning)
            for code, meaning in sorted(meanings.items())
        ]
        if rows:
            parts.append(f"## {heading}\n\n" + table(("code", "is", "means"), rows))
    return "\n\n".join(parts)


def warning_codes() -> set[str]:
    """Returns the codes that the package gives to warnings, as its source says."""
    return {
        constant.value
        for module in modules()
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call) and _called(call) in ("warning", "warn")
        for constant in call.args
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    }


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


# What they share


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Returns a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def docstring(owner: type, field: str) -> str:
    """Returns the text below a field of a class, which Python itself does not keep."""
    body = ast.parse(inspect.getsource(owner)).body[0]
    assert isinstance(body, ast.ClassDef)
    for item, after in itertools.pairwise(body.body):
        if _sets(item, field) and (text := _text(after)):
            return " ".join(inspect.cleandoc(text).split())
    return ""


def _sets(node: ast.stmt, name: str) -> bool:
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == name
    )


def _text(node: ast.stmt) -> str:
    """Returns the text that a statement is, if it is nothing else; else ""."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "group-options": group_options,
    "configuration": configuration,
    "front-matter": front_matter,
    "spellings": spellings,
    "site": view(views.SiteView),
    "page": view(views.PageView),
    "post": view(views.PostView),
    "section": view(views.SectionView),
    "term": view(views.TermView),
    "taxonomy": view(views.TaxonomyView),
    "pager": struct(plan.Pager),
    "toc": struct(TocEntry),
    "kinds": kinds,
    "filters": filters,
    "problems": problems,
}
"""Name of a generated part → what makes it."""

TABLES: Mapping[type, Mapping[str, Any]] = {
    views.PostView: questions.POST_FIELDS,
    views.SectionView: questions.SECTION_FIELDS,
    views.TermView: questions.TERM_FIELDS,
    views.TaxonomyView: questions.TAXONOMY_FIELDS,
}
"""View → the table that its generated properties come from."""

if __name__ == "__main__":
    sys.exit(main())
