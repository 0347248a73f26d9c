"""The engine `markdown`: Python-Markdown with the features of the other engine.

It is left as it is but for what the two engines promise to share: fences with any
info string, coloured by the same function; footnotes in the markup that
`footnotes.gather` reads; GitHub's alerts. What a site configures itself stays its own.
"""

import re
import threading
import xml.etree.ElementTree as etree
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import msgspec
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.footnotes import (
    FootnoteExtension,
    FootnoteInlineProcessor,
    FootnoteTreeprocessor,
)
from markdown.inlinepatterns import LinkInlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString, get_installed_extensions
from pymdownx.superfences import (  # type: ignore[import-untyped]
    SuperFencesBlockPreprocessor,
    SuperFencesCodeExtension,
)

from sitegen.content.slugs import slugify
from sitegen.markup.highlight import code_block, language_of, plain_block
from sitegen.problems import SitegenError, did_you_mean

_ALWAYS = (
    *("abbr", "attr_list", "def_list", "md_in_html", "sane_lists", "tables"),
    *("pymdownx.tasklist", "pymdownx.tilde"),
)
_DEFAULTS: dict[str, dict[str, Any]] = {
    "pymdownx.tilde": {"subscript": False},
    "codehilite": {"css_class": "highlight"},
    "toc": {"slugify": lambda text, separator: slugify(text, whole=True)},
}
_BUNDLES = {
    "extra": (
        *("fenced_code", "footnotes", "attr_list", "def_list", "tables", "abbr"),
        "md_in_html",
    ),
    "pymdownx.extra": (
        *("pymdownx.betterem", "pymdownx.superfences", "footnotes", "attr_list"),
        *("def_list", "tables", "abbr", "md_in_html"),
    ),
}
_FENCES = ("fenced_code", "pymdownx.superfences")
_HIGHLIGHTERS = {"codehilite": "fenced_code", "pymdownx.highlight": _FENCES[1]}
"""A site that names one of these colours its code by it; with the fences it needs."""

_DEEPEST = 50
_BRACKETS = re.compile(r"[\[\]]")
_PARENTHESES = re.compile(r"[()]")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)", re.I)


def to_html(
    text: str,
    extensions: tuple[str, ...],
    configs: Mapping[str, Mapping[str, Any]],
    highlight: bool,
) -> str:
    """Returns the HTML of a Markdown text."""
    key = msgspec.json.encode((extensions, configs, highlight))
    return _converter(key).convert(text)


@lru_cache(maxsize=8)
def _converter(key: bytes) -> "_Converter":
    """Returns the converter for some settings; making one takes milliseconds."""
    return _Converter(*msgspec.json.decode(key))


class _Converter:
    """A Markdown instance; its lock guards the state that it keeps per document."""

    def __init__(
        self, extensions: list[str], configs: dict[str, dict[str, Any]], highlight: bool
    ) -> None:
        self.lock = threading.Lock()
        self.make = partial(_instance, extensions, configs, highlight)
        self.markdown = self.make()

    def convert(self, text: str) -> str:
        """Returns the HTML of a text; a failure leaves nothing behind."""
        with self.lock:
            try:
                return self.markdown.reset().convert(text)
            except RecursionError:
                self.markdown = self.make()
                raise SitegenError(
                    "The text is nested too deeply for Python-Markdown.",
                    'Flatten its lists and quotes, or set engine = "commonmark".',
                ) from None
            except Exception as failure:  # whatever an extension raises
                self.markdown = self.make()
                raise SitegenError(
                    f"A Markdown extension failed: {failure or type(failure).__name__}",
                    "Mend what it names, or take it out of [markdown] extensions.",
                ) from failure


def _instance(
    extensions: list[str], configs: dict[str, dict[str, Any]], highlight: bool
) -> Markdown:
    """Returns a Markdown instance with our extensions and the site's."""
    markdown = Markdown()
    names, configs = _unbundle(extensions, configs)
    for extension in _own_extensions(names, configs, highlight):
        markdown.registerExtensions([extension], {})
    for name in dict.fromkeys((*_ALWAYS, *names)):
        _register(markdown, name, configs.get(name, {}))
    for pattern in markdown.inlinePatterns:
        if isinstance(pattern, LinkInlineProcessor):
            _bound(pattern)
    return markdown


def _unbundle(
    extensions: list[str], configs: dict[str, dict[str, Any]]
) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Returns names and settings by short names, with bundles taken apart."""
    settings = {_short(name): config for name, config in configs.items()}
    names: list[str] = []
    for name in map(_short, extensions):
        parts = _BUNDLES.get(name, (name,))
        names += parts
        if name in _BUNDLES:
            inner = settings.pop(name, {})
            settings |= {_short(part): inner[part] for part in inner}
    return names, settings


def _short(name: str) -> str:
    return name.removeprefix("markdown.extensions.")


def _own_extensions(
    names: list[str], configs: dict[str, dict[str, Any]], highlight: bool
) -> list[Extension]:
    """Returns our own extensions; what they replace is taken out of `names`.

    An extension that the site configures is not replaced.
    """
    own: list[Extension] = []
    if "footnotes" not in configs:
        names[:] = [name for name in names if name != "footnotes"]
        own.append(_Footnotes())
    own.append(_Alerts())
    highlighters = [name for name in names if name in _HIGHLIGHTERS]
    if highlighters:
        names += [_HIGHLIGHTERS[name] for name in highlighters]
    elif not any(name in configs for name in _FENCES):
        names[:] = [name for name in names if name not in _FENCES]
        own.append(_Fences(highlight))
    return own


def _register(markdown: Markdown, name: str, config: dict[str, Any]) -> None:
    """Adds an extension by name, or says why it cannot be used."""
    settings = _DEFAULTS.get(name, {}) | config
    try:
        markdown.registerExtensions([name], {name: settings})
    except ImportError as failure:
        known = [entry.name for entry in get_installed_extensions()]
        raise SitegenError(
            f"There is no Markdown extension '{name}': {failure}",
            did_you_mean(name, known)
            or "Install the package that has it into the same environment as sitegen.",
        ) from None
    except Exception as failure:  # whatever a stranger's module raises when it starts
        raise SitegenError(
            f"The Markdown extension '{name}' does not start: {failure}",
            f'Check [markdown.extension_configs."{name}"] against its documentation.',
        ) from failure


def _bound(pattern: LinkInlineProcessor) -> None:
    """Makes a pattern refuse what takes quadratic time, such as `[[[[…`."""
    get_text, get_link = pattern.getText, pattern.getLink

    def bounded_text(data: str, index: int) -> tuple[str, int, bool]:
        deep = _nests_deeply(_BRACKETS, data, index)
        return ("", index, False) if deep else get_text(data, index)

    def bounded_link(data: str, index: int) -> tuple[str, str | None, int, bool]:
        opens = data.startswith("(", index)
        deep = opens and _nests_deeply(_PARENTHESES, data, index + 1)
        return ("", None, index, False) if deep else get_link(data, index)

    pattern.getText = bounded_text  # type: ignore[method-assign]
    pattern.getLink = bounded_link  # type: ignore[method-assign]


def _nests_deeply(brackets: re.Pattern[str], data: str, index: int) -> bool:
    """True if many brackets open before the one around `index` is closed."""
    depth = 1
    for bracket in brackets.finditer(data, index):
        depth += 1 if bracket[0] in "[(" else -1
        if depth == 0:
            return False
        if depth > _DEEPEST:
            return True
    return False


class _Fences(SuperFencesCodeExtension):  # type: ignore[misc]
    """Fenced code, also in lists and quotes, with any info string."""

    def __init__(self, highlight: bool) -> None:
        block = code_block if highlight else plain_block

        def accept(language: str, *details: object) -> bool:
            return True

        def show(source: str, language: str, *details: object, **more: object) -> str:
            return block(language, source + "\n")

        fence = {"name": "*", "class": "", "validator": accept, "format": show}
        super().__init__(custom_fences=[fence], relaxed_headers=True)

    def patch_fenced_rule(self) -> None:
        """Puts our reading of info strings and our indented blocks in place."""
        super().patch_fenced_rule()
        fences = _FencePreprocessor(self.md)
        fences.config = self.getConfigs()
        fences.extension = self
        self.md.preprocessors.register(fences, "fenced_code_block", 25)
        self.md.treeprocessors.register(_IndentedCode(self.md), "indented-code", 30)


class _FencePreprocessor(SuperFencesBlockPreprocessor):  # type: ignore[misc]
    def handle_unrecognized(self, m: re.Match[str]) -> bool:
        """Takes the first word of an info string such as `rust,ignore`."""
        known: bool = super().handle_unrecognized(m)
        self.lang = language_of(m["lang"] or m["unrecognized"])
        return known


class _IndentedCode(Treeprocessor):
    """Gives indented code the HTML of fenced code."""

    def run(self, root: etree.Element) -> None:
        for pre in root.iter("pre"):
            if len(pre) == 1 and pre[0].tag == "code" and not pre[0].attrib:
                code = _unescape(pre[0].text or "").rstrip() + "\n"
                pre.clear()
                pre.tag = "p"
                pre.text = self.md.htmlStash.store(plain_block(None, code))


def _unescape(code: str) -> str:
    """Undoes what Python-Markdown's `code_escape` does."""
    return code.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class _Footnotes(FootnoteExtension):
    """Footnotes that stay where they are defined, for `footnotes.gather`."""

    def extendMarkdown(self, md: Markdown) -> None:
        super().extendMarkdown(md)
        reference = _Reference(r"\[\^([^\]]*)\]", self)
        md.inlinePatterns.register(reference, "footnote", 175)
        md.treeprocessors.register(_Definitions(self), "footnote", 50)
        md.treeprocessors.deregister("footnote-duplicate")
        md.postprocessors.deregister("footnote")


class _Reference(FootnoteInlineProcessor):
    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element | None, int | None, int | None]:
        if m[1] not in self.footnotes.footnotes:
            return None, None, None
        sup = etree.Element("sup", {"class": "footnote-reference"})
        link = etree.SubElement(sup, "a", {"href": f"#{m[1]}"})
        link.text = AtomicString("1")
        return sup, m.start(), m.end()


class _Definitions(FootnoteTreeprocessor):
    def run(self, root: etree.Element) -> None:
        for label, text in self.footnotes.footnotes.items():
            note = etree.SubElement(
                root, "div", {"class": "footnote-definition", "id": label}
            )
            mark = {"class": "footnote-definition-label"}
            etree.SubElement(note, "sup", mark).text = AtomicString("1")
            content = etree.Element("div")
            self.footnotes.parser.parseChunk(content, text)
            note.extend(content)


class _Alerts(Extension):
    """`> [!NOTE]` and its kin, with the class that the other engine gives them."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(_AlertTreeprocessor(md), "alerts", 40)


class _AlertTreeprocessor(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for quote in root.iter("blockquote"):
            first = quote[0] if len(quote) else None
            kind = _ALERT.match(first.text or "") if first is not None else None
            if first is None or kind is None or first.tag != "p":
                continue
            quote.set("class", f"markdown-alert-{kind[1].lower()}")
            first.text = (first.text or "")[kind.end() :]
            if not first.text and not len(first):
                quote.remove(first)
