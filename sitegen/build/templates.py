"""Jinja made honest: a page's questions are all that its templates read.

Plain Jinja2 would break the trace of a page in several ways, each mended here and
nowhere else:

- Modules of `{% import %}` are kept per process, so a second page would record nothing
  and see the first one's variables. Here they live for one page.
- A template that is cached is not looked up again. Here every look-up is noted, hit or
  miss, so that a file added later makes pages stale.
- `site` as a render variable is undefined inside nested imports. Here it is a global
  that asks in the name of the page being rendered.
- Filters with constant arguments run once, at compile time. Those that read anything
  besides their arguments take the context, which prevents that.
- `lipsum` and `random` give other bytes each time. They are gone. So does what prints
  its place in memory, such as a method that is not called; it is refused.

An include whose run read nothing but this very `site` gives the same text on every
page. It is kept with its questions and reused; what was read decides, not the text of
the template.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote

import jinja2
import msgspec
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Template, TemplateModule
from jinja2.runtime import Context, StrictUndefined
from jinja2.utils import missing
from markupsafe import Markup, escape

from sitegen.build.theme import TemplateSource
from sitegen.config import Config
from sitegen.markup.records import Document
from sitegen.problems import Location, Problem, error, nearest_file
from sitegen.site import urls
from sitegen.site.questions import Question
from sitegen.site.views import Reader, SiteView

CODES = {
    "template-syntax": "A template is not valid Jinja2.",
    "template-error": "A template failed while a page was rendered.",
    "template-missing": "A template that is asked for does not exist.",
}


WHILE_RENDERING = " (while rendering "
"""Begins the part of a message that names the page."""


class TemplateFailure(Exception):
    """A page could not be rendered; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class Page:
    """The page being rendered: its reader, its questions and its imported modules."""

    def __init__(self, reader: Reader, urls: dict[str, str]) -> None:
        self.reader = reader
        self.urls = urls
        """What `|url` gave for this site so far; it is the same on every page."""
        self.site = SiteView(reader)
        self.modules: dict[str | None, TemplateModule] = {}
        self.shared: set[Question] = set()

    def questions(self) -> list[Question]:
        """Returns all that was asked for this page."""
        asked = self.reader.questions()
        return list({*asked, *self.shared}) if self.shared else asked


class KeptInclude(msgspec.Struct, frozen=True):
    """The text of an include that read only the site, and what it asked."""

    text: str
    questions: tuple[Question, ...]


class HonestTemplate(Template):
    """A template whose module lives as long as one page."""

    environment: "HonestEnvironment"

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        modules = self.environment.page.modules
        if self.name not in modules:
            modules[self.name] = self.make_module()
        return modules[self.name]


class ReadsMore(BaseException):
    """An include reads more than the site; stops it before that has any effect.

    No page fails by it, so that nothing that catches errors should catch it.
    """


class WatchedContext(Context):
    """The context of an include that may read nothing but `site`."""

    environment: "HonestEnvironment"

    def resolve_or_missing(self, key: str) -> Any:
        """Returns a variable, or the sentinel for none."""
        if key not in self.vars and key not in self.environment.globals:
            raise ReadsMore
        return super().resolve_or_missing(key)

    def get_all(self) -> dict[str, Any]:
        """Refuses to give the whole context, as an import asks for it."""
        if self.environment.watching:
            raise ReadsMore
        return super().get_all()  # For the traceback of a failure.

    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        """Refuses to give a copy of the context with other variables."""
        raise ReadsMore


class HonestGenerator(CodeGenerator):
    """Compiles includes and what `{{ }}` prints to calls of the environment's own."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """Writes what comes before an expression that is printed.

        Jinja2's own makes a `Markup` of each piece; they are joined to one text anyway.
        """
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown((")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        """Writes what a template prints; pieces that follow one another as one text.

        Each piece that is yielded passes through every block and template around it.
        """
        if frame.buffer is not None or len(node.nodes) < 3:
            super().visit_Output(node, frame)
            return
        if frame.require_output_check:
            if self.has_known_extends:
                return
            self.writeline("if parent_template is None:")
            self.indent()
        pieces = frame.copy()
        pieces.buffer = self.temporary_identifier()
        pieces.require_output_check = False
        self.writeline(f"{pieces.buffer} = []")
        super().visit_Output(node, pieces)
        self.writeline(f"yield concat({pieces.buffer})")
        if frame.require_output_check:
            self.outdent()

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """Writes the reading of an attribute: plainly, if it is there."""
        value = self.temporary_identifier()
        owner = self.temporary_identifier()
        self.write(f"({value} if ({value} := getattr(({owner} := ")
        self.visit(node.node, frame)
        self.write(f"), {node.attr!r}, missing)) is not missing else ")
        self.write(f"environment.getattr({owner}, {node.attr!r}))")

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:
        """Writes the code of `{% include %}`.

        Jinja2's own for `without context` makes a macro around it return a generator.
        """
        if node.ignore_missing:
            self.writeline("try:")
            self.indent()
        self.writeline("template = environment.get_or_select_template(", node)
        self.visit(node.template, frame)
        self.write(f", {self.name!r})")
        if node.ignore_missing:
            self.outdent()
            self.writeline("except TemplateNotFound:")
            self.indent()
            self.writeline("pass")
            self.outdent()
            self.writeline("else:")
            self.indent()
        found = "template._get_default_module()._body_stream"
        if node.with_context:
            local = self.dump_local_context(frame)
            found = f"environment.include(template, context, {local})"
        self.writeline(f"for event in {found}:")
        self.indent()
        self.simple_write("event", frame)
        self.outdent()
        if node.ignore_missing:
            self.outdent()


class HonestEnvironment(jinja2.Environment):
    """Renders the templates of one site; `page` says in whose name."""

    template_class = HonestTemplate
    code_generator_class = HonestGenerator

    def __init__(self, sources: Mapping[str, TemplateSource]) -> None:
        super().__init__(
            autoescape=jinja2.select_autoescape(("html", "htm", "xml"), default=False),
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=0,
            finalize=_printable,
        )
        self.shown = shown
        self.sources = sources
        self.labels = {source.label: source for source in sources.values()}
        self.compiled: dict[str, Template] = {}
        self.chosen: dict[tuple[str, ...], tuple[Template, set[Question]]] = {}
        """What was found for a list of names, and the look-ups that it took."""
        self.kept: dict[str, KeptInclude] = {}
        self.kept_site: Any = None
        self.urls: dict[str, str] = {}
        self.unshared: set[str] = set()
        self.watching = 0
        """How many includes around may read nothing but the site."""
        self.page: Page
        self.variables: Mapping[str, Any] = {}
        self.undefined = _undefined_for(self)
        self.globals.pop("lipsum", None)
        self.filters.pop("random", None)
        self.filters |= FILTERS
        self.policies["json.dumps_kwargs"] = {"sort_keys": True, "default": _thawed}

    def open_page(self, reader: Reader) -> Page:
        """Returns a new page; from now on everything is asked in its name."""
        if reader.site is not self.kept_site:
            self.kept.clear()
            self.urls.clear()
            self.kept_site = reader.site
        self.turn_to(Page(reader, self.urls))
        return self.page

    def forget_includes(self) -> None:
        """Lets go of kept includes: the text of a post that they show is another."""
        self.kept_site = None

    def turn_to(self, page: Page) -> None:
        """Makes `page` the one in whose name everything is asked."""
        self.page = page
        self.globals["site"] = page.site

    def _load_template(
        self, name: str, globals: Mapping[str, Any] | None = None
    ) -> Template:
        name = str(name)  # It may be Markup, which is no plain data.
        self.page.reader.asked.add(("template", name))
        if name not in self.compiled:
            self.compiled[name] = self._compile_source(name)
        return self.compiled[name]

    def choose(self, names: tuple[str, ...]) -> Template:
        """Returns the first template of these names that exists.

        Raises TemplatesNotFound if none does.
        """
        if names not in self.chosen:
            template = self.select_template(list(names))
            looked_up = names[: names.index(template.name or "") + 1]
            self.chosen[names] = template, {("template", name) for name in looked_up}
        template, asked = self.chosen[names]
        self.page.reader.asked |= asked
        return template

    def _compile_source(self, name: str) -> Template:
        source = self.sources.get(name)
        if source is None:
            raise jinja2.TemplateNotFound(name)
        code = self.compile(source.text, name, source.label)
        return HonestTemplate.from_code(self, code, self.globals)

    def _parse(
        self, source: str, name: str | None, filename: str | None
    ) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
            if _is_private(_constant_name(node)):
                message = "Names that begin with '_' cannot be read"
                raise jinja2.TemplateSyntaxError(message, node.lineno, name, filename)
        return tree

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Returns an item or attribute, never one whose name begins with `_`."""
        if _is_private(argument):
            raise jinja2.exceptions.SecurityError(
                f"'{argument}': names that begin with '_' cannot be read"
            )
        return super().getitem(obj, argument)

    def include(
        self, template: Template, context: Context, local: Mapping[str, Any]
    ) -> Iterator[str]:
        """Yields the text of an include, from memory if it reads only the site."""
        variables = {**Context.get_all(context), **_present(local)}
        if kept := self._kept(template, variables):
            self.page.shared.update(kept.questions)
            yield kept.text
            return
        yield self._plain_include(template, variables)

    def _kept(
        self, template: Template, variables: dict[str, Any]
    ) -> KeptInclude | None:
        """Returns an include as it is on every page; None if it reads more than that.

        Raises ReadsMore if it lies in another that must be the same on every page.
        """
        name = template.name or ""
        if name not in self.unshared and self._has_all_globals(variables):
            try:
                if name not in self.kept:
                    self.kept[name] = self._run(template, variables)
                return self.kept[name]
            except ReadsMore:
                self.unshared.add(name)
        if self.watching:
            raise ReadsMore
        return None

    def _plain_include(self, template: Template, variables: dict[str, Any]) -> str:
        """Runs an include in the name of the page, with imports of its own.

        Those of the page would make the text depend on what was imported before, which
        is not so where an include runs in a page of its own.
        """
        page, modules = self.page, self.page.modules
        page.modules = {}
        try:
            context = template.new_context(variables, True)
            return "".join(template.root_render_func(context))
        finally:
            page.modules = modules

    def _run(self, template: Template, variables: dict[str, Any]) -> KeptInclude:
        """Runs an include in a page of its own; raises ReadsMore if it cannot."""
        outer, inner = self.page, Page(self._inner_reader(), self.urls)
        self.turn_to(inner)
        self.watching += 1
        try:
            parent = {**variables, "site": inner.site}
            context = WatchedContext(
                self, parent, template.name, template.blocks, template.globals
            )
            text = "".join(template.root_render_func(context))
        finally:
            self.watching -= 1
            self.turn_to(outer)
        return KeptInclude(text, tuple(inner.questions()))

    def _inner_reader(self) -> Reader:
        reader = self.page.reader
        return Reader(reader.site, reader.documents)

    def _has_all_globals(self, variables: Mapping[str, Any]) -> bool:
        """True unless a page has another value for `site` or another global."""
        return all(variables.get(name) is value for name, value in self.globals.items())

    @cached_property
    def template_names(self) -> list[str]:
        """Every template that can be looked up."""
        return sorted(self.sources)


def render_template(
    environment: HonestEnvironment,
    names: tuple[str, ...],
    variables: Mapping[str, Any],
    showing: str,
) -> str:
    """Returns the text that the first existing template gives.

    Raises TemplateFailure with file, line, and the page that it was rendered for.
    """
    environment.variables = variables
    try:
        return environment.choose(names).render(variables)
    except Exception as failure:
        problem = failure_problem(environment, failure, names, showing)
        raise TemplateFailure(problem) from failure


def failure_problem(
    environment: HonestEnvironment,
    failure: Exception,
    names: tuple[str, ...],
    showing: str,
) -> Problem:
    """Returns what went wrong in a template, where, and for which page."""
    while_rendering = f"{WHILE_RENDERING}{showing})"
    if isinstance(failure, jinja2.TemplateSyntaxError):
        return _syntax_problem(environment, failure)
    label, line = _place(environment, failure)
    source = environment.labels.get(label)
    text = _line_of(source.text, line) if source else ""
    at = Location(label or names[0], line, 0, text)
    if isinstance(failure, jinja2.TemplateNotFound):
        match = nearest_file(str(failure.name), environment.template_names)
        hint = f"Did you mean '{match}'?" if match else "Create it in templates/."
        message = f"There is no template '{failure.name}'{while_rendering}."
        return error("template-missing", at, message, hint)
    words = str(failure) or type(failure).__name__
    if not isinstance(failure, jinja2.TemplateError):
        words = f"{type(failure).__name__}: {words}"
    words = words.rstrip(".")
    message, _, hint = words.partition("\n")
    return error("template-error", at, f"{message}{while_rendering}.", hint)


def merged(problems: Iterable[Problem]) -> list[Problem]:
    """Returns template errors, those of one place once, with the number of pages."""
    groups: dict[tuple[str, Location, str], list[Problem]] = {}
    for problem in problems:
        what = problem.message.partition(WHILE_RENDERING)[0]
        key = (problem.code, problem.location, what)
        groups.setdefault(key, []).append(problem)
    return [_merged(group) for group in groups.values()]


def _merged(group: list[Problem]) -> Problem:
    first = min(group, key=Problem.sort_key)
    if len(group) == 1 or WHILE_RENDERING not in first.message:
        return first
    pages = f", and {len(group) - 1} more)."
    message = first.message.removesuffix(").") + pages
    return msgspec.structs.replace(first, message=message)


def syntax_problems(environment: HonestEnvironment) -> Iterator[Problem]:
    """Yields what is wrong with the templates before any page is rendered."""
    names = {source.label: name for name, source in environment.sources.items()}
    for label, name in names.items():
        try:
            environment.compile(environment.sources[name].text, name, label)
        except jinja2.TemplateSyntaxError as failure:
            yield _syntax_problem(environment, failure)


def _syntax_problem(
    environment: HonestEnvironment, failure: jinja2.TemplateSyntaxError
) -> Problem:
    source = environment.sources.get(failure.name or "")
    text = _line_of(source.text, failure.lineno) if source else ""
    at = Location(failure.filename or failure.name or "", failure.lineno, 0, text)
    return error("template-syntax", at, f"{(failure.message or '').rstrip('.')}.")


def _place(environment: HonestEnvironment, failure: Exception) -> tuple[str, int]:
    """Returns the label and line of the innermost template in a traceback."""
    trace = failure.__traceback__
    place = ("", 0)
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name in environment.labels:
            place = (name, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _line_of(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _thawed(value: Any) -> Any:
    """Returns what `tojson` makes of a value that JSON does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{describe(value)[0]} cannot be written as JSON")


_PLAIN = frozenset((str, Markup, int, float, bool, type(None)))

_ADDRESS = re.compile(r" at 0x[0-9a-f]+>")


def _printable(value: Any) -> Any:
    """Returns a value that `{{ }}` prints, unless it would print its place in memory.

    Raises TemplateRuntimeError for that: it is another one in each build.
    """
    if type(value) not in _PLAIN and _ADDRESS.search(str(value)):
        raise jinja2.TemplateRuntimeError(
            f"{describe(value)[0]} cannot be printed\n"
            "Call what is a function with (), and join what is a list with |join."
        )
    return value


def shown(value: Any) -> str:
    """Returns what `{{ }}` prints where it is to be escaped."""
    kind = type(value)
    if kind is Markup or (
        # Five looks for one character each take a third of what a pattern takes.
        kind is str
        and "<" not in value
        and "&" not in value
        and ">" not in value
        and '"' not in value
        and "'" not in value
    ):
        text: str = value
        return text
    return escape(_printable(value))


def _constant_name(node: nodes.Node) -> Any:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value
    return None


def _is_private(name: Any) -> bool:
    return isinstance(name, str) and name.startswith("_")


def _present(local: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in local.items() if value is not missing}


def _undefined_for(environment: HonestEnvironment) -> type[StrictUndefined]:
    """Returns an undefined value that suggests what was meant."""

    class Missing(StrictUndefined):
        __slots__ = ()

        @property
        def _undefined_message(self) -> str:
            name = self._undefined_name
            if self._undefined_hint:
                return super()._undefined_message
            if not isinstance(name, str):
                return f"{describe(self._undefined_obj)[0]} has no element {name!r}"
            if self._undefined_obj is missing:
                message = f"'{name}' is undefined"
                known = {*environment.variables, *environment.globals}
            else:
                what, known = describe(self._undefined_obj)
                message = f"{what} has no '{name}'"
            import difflib

            close = difflib.get_close_matches(name, sorted(known), n=1)
            return f"{message}\nDid you mean '{close[0]}'?" if close else message

    return Missing


KIND_WORDS = {
    "PostView": "a post",
    "SectionView": "a section",
    "TermView": "a term",
    "TaxonomyView": "a taxonomy",
    "SiteView": "site",
    "PageView": "page",
    "Pager": "pager",
    "mappingproxy": "this table",
    "Views": "this list",
    "Elements": "this list",
    "NoneType": "nothing (none)",
}


def describe(value: Any) -> tuple[str, set[str]]:
    """Returns words for a value, and the names that can be read from it."""
    kind = type(value).__name__
    words = KIND_WORDS.get(kind, f"this {kind}")
    names = {name for name in dir(value) if not name.startswith("_")}
    if isinstance(value, Mapping):
        names = {str(key) for key in value}
    return words, names


@jinja2.pass_context
def _url(context: Context, path: str) -> str:
    """`{{ '/style.css'|url }}`: the same path below `base_url`'s."""
    page: Page = context.environment.page  # type: ignore[attr-defined]
    page.reader.asked.add(BASE_URL)
    known = page.urls.get(path)
    if known is None:
        known = page.urls[path] = site_url(page.reader.site.config, path)
    return known


def site_url(config: Config, path: str) -> str:
    """Returns the URL of a path of the site; what leads elsewhere stays as it is."""
    if "://" in path or path.startswith(("//", "#", "mailto:")):
        return path
    if config.base_path and path.startswith(f"{config.base_path}/"):
        return path
    # Encoded or not, the letters are the same; a query or anchor stays as it is.
    end = re.search(r"[?#]|$", path)
    stop = end.start() if end else len(path)
    place = unquote(path[:stop].lstrip("/"))
    return urls.url(config, f"/{place}") + path[stop:]


BASE_URL: Question = ("config", "base_url")
"""What every URL depends on."""


@jinja2.pass_context
def _absolute(context: Context, path: str) -> str:
    """`{{ '/style.css'|absolute }}`: the same path with scheme and host."""
    found = _url(context, path)
    if not found.startswith("/") or found.startswith("//"):
        return found
    return _page(context).reader.site.config.origin + found


def _date(value: datetime | str | None, format: str = "%Y-%m-%d") -> str:
    """`{{ post.date|date('%-d %B %Y') }}`: a date as `strftime` writes it."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if format == "%Y-%m-%d" and type(value) is datetime and value.year > 999:
        return value.date().isoformat()  # `strftime` pads no earlier year
    # Two times that are equal may be written in two zones.
    zone = value.tzinfo
    if type(zone) is timezone:
        return _written(value, zone, format)
    return value.strftime(format)


@lru_cache(maxsize=10_000)
def _written(value: datetime, zone: timezone, format: str) -> str:
    return value.strftime(format)


@jinja2.pass_context
def _markdown(context: Context, text: str, trusted: bool = False) -> Markup:
    """`{{ post.extra.note|markdown }}`: Markdown as HTML, cleaned as if a stranger had
    written it; `markdown(trusted=true)` reads it as `[markdown]` says.
    """
    from sitegen.site.views import join

    page = _page(context)
    document = _document(page, text, trusted)
    local = page.reader.site

    def resolve(target: str) -> str:
        if target.startswith("/") and not target.startswith("//"):
            return urls.url(local.config, target)
        return target

    page.reader.setting("base_url")
    return join(document, resolve)


def _document(page: Page, text: str, trusted: bool) -> Document:
    """Returns what a text becomes; nobody can tell any more who wrote it."""
    from sitegen.markup.engine import render
    from sitegen.markup.sanitize import render_untrusted

    config = page.reader.site.config
    if trusted is True:
        page.reader.setting("markdown")
        return render(text, config.markdown)[0]
    page.reader.setting("submissions")
    form = config.submissions
    return render_untrusted(text, form.image_hosts if form else ())[0]


@jinja2.pass_context
def _attr(context: Context, value: Any, name: str) -> Any:
    """`{{ post|attr('title') }}`: an attribute, never a private one."""
    environment = context.environment
    if _is_private(name):
        raise jinja2.exceptions.SecurityError(
            f"'{name}': names that begin with '_' cannot be read"
        )
    try:
        return getattr(value, name)
    except AttributeError:
        return environment.undefined(obj=value, name=name)


def _page(context: Context) -> Page:
    environment = context.environment
    assert isinstance(environment, HonestEnvironment)
    return environment.page


FILTERS: dict[str, Callable[..., Any]] = {
    "url": _url,
    "absolute": _absolute,
    "date": _date,
    "markdown": _markdown,
    "attr": _attr,
}
"""Filters that templates have besides Jinja2's own."""
