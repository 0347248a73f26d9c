"""`sitegen.toml` becomes a Config: typed, with defaults, every mistake named."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from sitegen.problems import Location, Problem, did_you_mean, error

FILE_NAME = "sitegen.toml"

CODES = {
    "config-syntax": "`sitegen.toml` is not valid TOML.",
    "config-unknown": "`sitegen.toml` has a key that sitegen does not know.",
    "config-value": "A value in `sitegen.toml` is of the wrong type or not allowed.",
}


DEFAULT_TAXONOMIES = {
    "tags": "/tags/{slug}/",
    "categories": "/categories/{slug}/",
}


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Folders, relative to the site's root."""

    content: str = "content"
    """Posts and pages as Markdown files."""
    templates: str = "templates"
    """Templates that override the theme's, file by file."""
    static: str = "static"
    """Files that are copied to the output as they are."""
    output: str = "output"
    """Where the site is written."""


class Build(msgspec.Struct, frozen=True):
    """How pages are made."""

    paginate: int = 10
    """Posts on a list page; 0 puts all on one."""


class Unique(msgspec.Struct, frozen=True):
    """What must not be used twice."""

    title: Literal["site", "section", "off"] = "site"
    """Where a title may be used only once: in the `site`, in a top-level `section`,
    or `off`."""


class Feed(msgspec.Struct, frozen=True):
    """The Atom feed of the newest posts."""

    path: str = "/feed.xml"
    """The feed's address."""
    limit: int = 20
    """The number of posts in the feed."""


class Markdown(msgspec.Struct, frozen=True):
    """How Markdown becomes HTML."""

    engine: Literal["markdown", "commonmark"] = "markdown"
    """`commonmark` (CommonMark and GFM, fast) or `markdown` (Python-Markdown)."""
    extensions: tuple[str, ...] = ()
    """Python-Markdown extensions by name; for engine `markdown`."""
    extension_configs: dict[str, dict[str, Any]] = {}
    """Settings of those extensions, a table for each."""
    highlight: bool = True
    """Whether code blocks are coloured by Pygments."""


class Config(msgspec.Struct, frozen=True):
    """Everything from `sitegen.toml`, typed, with defaults."""

    title: str = ""
    """The site's name."""
    base_url: str = ""
    """Where the site will live, such as `https://example.org/blog`."""
    description: str = ""
    """One sentence about the site, for search engines and the feed."""
    author: str = ""
    """Who writes what names no author of its own."""
    language: str = "en"
    """The language of pages that name none of their own, as a BCP 47 tag."""
    timezone: str = "UTC"
    """The zone of dates written without one, such as `Europe/Paris`."""
    paths: Paths = Paths()
    build: Build = Build()
    unique: Unique = Unique()
    permalinks: dict[str, str] = {}
    """Section name → address pattern of its posts and pages."""
    taxonomies: dict[str, str] = msgspec.field(
        default_factory=lambda: dict(DEFAULT_TAXONOMIES)
    )
    """Taxonomy name → address pattern of its terms' pages."""
    feed: Feed = Feed()
    markdown: Markdown = Markdown()
    extra: dict[str, Any] = {}
    """The site's own values; templates see them as `site.extra`."""

    @property
    def base_path(self) -> str:
        """The path of `base_url` without a slash at its end; "" at a host's root."""
        return _split_url(self.base_url)[1]

    @property
    def origin(self) -> str:
        """Scheme and host of `base_url`; "" without one."""
        return _split_url(self.base_url)[0]


@lru_cache(maxsize=8)
def _split_url(base_url: str) -> tuple[str, str]:
    """Returns scheme with host, and the path; asked for every URL of a page."""
    match = re.match(r"https?://[^/]*", base_url)
    origin = match[0] if match else ""
    return origin, base_url[len(origin) :]


TABLES = ("paths", "build", "unique", "feed", "markdown")
"""Tables whose keys are fixed."""

FREE_TABLES = ("permalinks", "taxonomies", "extra")
"""Tables whose keys the site chooses."""

PERMALINK_FIELDS = frozenset({"section", "slug", "year", "month", "day", "stem"})
"""What a pattern under `[permalinks]` may hold in braces."""

_KINDS = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "float": "a number",
    "null": "nothing",
}

_S = TypeVar("_S", bound=msgspec.Struct)


def load(root: Path, name: str = FILE_NAME) -> tuple[Config, tuple[Problem, ...]]:
    """Returns the configuration of the site at `root`, and what is wrong with it.

    A missing file gives the defaults. Without a `content/` folder as well, the
    Markdown files directly in `root` are the content.
    """
    path = root / name
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        bare = not (root / Paths().content).is_dir()
        return (Config(paths=Paths(content=".")) if bare else Config()), ()
    return parse(data, name)


def parse(data: bytes, name: str = FILE_NAME) -> tuple[Config, tuple[Problem, ...]]:
    """Returns the configuration that TOML text holds, and what is wrong with it."""
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as failure:
        return Config(), (_not_utf8(data, name, failure),)
    except (ValueError, RecursionError) as failure:
        # TOMLDecodeError is a ValueError; so is a number of 5,000 digits.
        return Config(), (_bad_toml(text, name, failure),)
    reader = _Reader(name, text.splitlines())
    config = reader.config(table)
    return config, tuple(reader.problems)


def _not_utf8(data: bytes, name: str, failure: UnicodeDecodeError) -> Problem:
    line = data.count(b"\n", 0, failure.start) + 1
    return error(
        "config-syntax",
        Location(name, line),
        "The file is not UTF-8 text.",
        "Save it as UTF-8.",
    )


def _bad_toml(text: str, name: str, failure: Exception) -> Problem:
    message = str(failure)
    place = re.search(
        r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", message
    )
    lines = text.splitlines() or [""]
    line = int(place[1]) if place and place[1] else len(lines)
    column = int(place[2]) if place and place[2] else len(lines[line - 1]) + 1
    words = message[: place.start()] if place else message
    return error(
        "config-syntax",
        Location(name, line, column, lines[min(line, len(lines)) - 1]),
        f"This is not valid TOML: {words}.",
        'Text needs quotes: title = "My blog".',
    )


class _Reader:
    """Turns a parsed table into a Config and gathers the problems on the way."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self.problems: list[Problem] = []
        self.refused: list[tuple[str, str]] = []

    def config(self, table: Mapping[str, Any]) -> Config:
        """Returns the Config of a whole file; what is refused stays at its default."""
        top = {key: value for key, value in table.items() if key not in TABLES}
        parts: dict[str, Any] = {}
        for key, kind in _struct_tables():
            if key in table:
                parts[key] = self.table(key, kind, table[key])
        config = self.fields("", Config, top, parts)
        self.check(config)
        for place in self.refused:
            config = _without(config, *place)
        return msgspec.structs.replace(config, base_url=config.base_url.rstrip("/"))

    def table(self, key: str, kind: type[_S], value: Any) -> _S:
        """Returns one table with fixed keys."""
        if not isinstance(value, dict):
            self.add("config-value", "", key, f"'{key}' must be a table: [{key}].")
            return kind()
        return self.fields(key, kind, value, {})

    def fields(
        self, table: str, kind: type[_S], data: Mapping[str, Any], known: dict[str, Any]
    ) -> _S:
        """Returns `kind` with every key of `data` that is known and of its type."""
        types = {field.name: field.type for field in msgspec.structs.fields(kind)}
        values = dict(known)
        for key, value in data.items():
            if key not in types:
                self.unknown(table, key, types)
                continue
            try:
                values[key] = msgspec.convert(_plain(value), types[key])
            except msgspec.ValidationError as failure:
                self.add("config-value", table, key, _in_words(key, failure))
        return kind(**values)

    def unknown(self, table: str, key: str, known: Mapping[str, Any]) -> None:
        """Notes a key that does not exist, with the one that was meant."""
        where = f"[{table}]" if table else "the top level"
        home = next((t for t, kind in _struct_tables() if key in _names(kind)), "")
        hint = did_you_mean(key, known)
        if not hint and home and home != table:
            hint = f"'{key}' belongs in [{home}]."
        hint = hint or "Your own values belong in [extra]."
        self.add("config-unknown", table, key, f"Unknown key '{key}' in {where}.", hint)

    def check(self, config: Config) -> None:
        """Notes values that are of the right type and still not allowed."""
        if not is_base_url(config.base_url):
            self.bad("", "base_url", "must start with http:// or https:// and a host")
        if not _zone_exists(config.timezone):
            self.bad("", "timezone", "is not a time zone's name, such as Europe/Paris")
        if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", config.language):
            self.bad("", "language", "is not a language tag, such as en or pt-BR")
        if config.build.paginate < 0:
            self.bad("build", "paginate", "cannot be below 0")
        if config.feed.limit < 1:
            self.bad("feed", "limit", "must be at least 1")
        if not _is_path(config.feed.path) or config.feed.path.endswith("/"):
            self.bad("feed", "path", "must be a path such as /feed.xml")
        self.check_patterns(config)
        self.check_paths(config)

    def check_patterns(self, config: Config) -> None:
        """Notes permalink patterns that cannot be filled in."""
        for section, pattern in config.permalinks.items():
            self.check_pattern("permalinks", section, pattern, PERMALINK_FIELDS)
        for taxonomy, pattern in config.taxonomies.items():
            self.check_pattern("taxonomies", taxonomy, pattern, frozenset({"slug"}))

    def check_pattern(
        self, table: str, key: str, pattern: str, known: frozenset[str]
    ) -> None:
        """Notes what is wrong with one pattern."""
        for name in re.findall(r"\{([^{}]*)\}", pattern):
            if name not in known:
                fields = ", ".join(f"{{{field}}}" for field in sorted(known))
                hint = did_you_mean(name, known) or f"Known are {fields}."
                self.bad(table, key, f"has an unknown field {{{name}}}", hint)
        bare = re.sub(r"\{[^{}]*\}", "x", pattern)
        if not _is_path(bare):
            self.bad(table, key, "must be a path such as /posts/{slug}/")
        elif table == "taxonomies" and "{slug}" not in pattern:
            self.bad(table, key, "must hold {slug}")

    def check_paths(self, config: Config) -> None:
        """Notes folders that leave the root or lie in one another."""
        for key in msgspec.structs.asdict(config.paths):
            value = getattr(config.paths, key)
            parts = value.split("/")
            if not value or value.startswith("/") or not all(map(_is_folder, parts)):
                self.bad("paths", key, "must be a folder inside the site's root")
        output = config.paths.output.strip("/")
        inputs = (config.paths.content, config.paths.templates, config.paths.static)
        for key, value in zip(("content", "templates", "static"), inputs, strict=True):
            if _is_within(value.strip("/"), output):
                self.bad("paths", "output", f"would overwrite the {key} folder")

    def bad(self, table: str, key: str, words: str, hint: str = "") -> None:
        """Notes a value that is not allowed; its default takes its place."""
        self.refused.append((table, key))
        self.add("config-value", table, key, f"'{key}' {words}.", hint)

    def add(
        self, code: str, table: str, key: str, message: str, hint: str = ""
    ) -> None:
        """Notes a problem at a key."""
        line, column = _find_key(self.lines, table, key)
        source = self.lines[line - 1] if line else ""
        at = Location(self.name, line, column, source)
        self.problems.append(error(code, at, message, hint))


def is_base_url(text: str) -> bool:
    """True if a site can live at this address; so it can at none."""
    return not text or bool(re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", text))


def _is_path(text: str) -> bool:
    """True for a path that can be written as it is and leads nowhere else."""
    names = text.split("/")
    return bool(re.fullmatch(r"/(?:[\w.~-]+/)*[\w.~-]*", text)) and not (
        {".", ".."} & set(names)
    )


def _is_folder(name: str) -> bool:
    fits = name.isprintable() and len(name.encode()) <= 255
    return fits and name != ".." and "\\" not in name


def _without(config: Config, table: str, key: str) -> Config:
    """Returns the Config with one value at its default again."""
    replace = msgspec.structs.replace
    if not table:
        return replace(config, **{key: getattr(Config(), key)})
    part = getattr(config, table)
    if isinstance(part, dict):
        rest = {name: value for name, value in part.items() if name != key}
        return replace(config, **{table: rest})
    default = getattr(type(part)(), key)
    return replace(config, **{table: replace(part, **{key: default})})


def _plain(value: Any) -> Any:
    """Returns a value as MessagePack holds it: dates and huge numbers become text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value.isoformat() if isinstance(value, (date, time)) else value


def _struct_tables() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    for field in msgspec.structs.fields(Config):
        if field.name in TABLES:
            yield field.name, field.type


def _names(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def _in_words(key: str, failure: msgspec.ValidationError) -> str:
    """Returns msgspec's message in the words of a TOML file."""
    text = str(failure)
    types = re.search(r"Expected `(\w+)`(?:, got `(\w+)`)?", text)
    if types:
        expected = _KINDS.get(types[1], types[1])
        found = _KINDS.get(types[2] or "", types[2] or "something else")
        inside = " in it" if "at `$[" in text else ""
        return f"'{key}' must be {expected}, but there is {found}{inside}."
    enum = re.search(r"Invalid enum value (.+?)(?: - at|$)", text)
    if enum:
        allowed = {"engine": "'markdown' or 'commonmark'"}
        words = allowed.get(key, "'site', 'section' or 'off'")
        return f"'{key}' must be {words}, not {enum[1]}."
    return f"'{key}': {text}."


def _zone_exists(name: str) -> bool:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_within(inner: str, outer: str) -> bool:
    if outer in ("", "."):
        return True
    return inner == outer or inner.startswith(f"{outer}/")


def _find_key(lines: list[str], table: str, key: str) -> tuple[int, int]:
    """Returns line and column of a key of a table; (0, 0) if it cannot be seen.

    TOML's parser keeps no positions. This looks for the key as people write it and
    is only asked when there is a problem.
    """
    here = ""
    name = rf"(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')"
    for number, line in enumerate(lines, 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            here = header[1]
            if not table and re.fullmatch(name, here):
                return number, line.index(here) + 1
            continue
        found = re.match(rf"(\s*)(?:{re.escape(table)}\s*\.\s*)?{name}\s*[.=]", line)
        if found and (here == table or f"{table}." in found[0]):
            return number, len(found[1]) + 1
    return 0, 0
