"""`sitegen.toml` becomes a Config: typed, with defaults, every mistake named."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

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


FieldKind = Literal["line", "text", "url", "number", "date", "choice", "flag"]
"""What a visitor may write into a field of the submission form."""


class SubmissionField(msgspec.Struct, frozen=True):
    """One more field of the submission form; posts have it in `extra`."""

    name: str = ""
    """The key under `extra`: small letters, digits and `_`."""
    label: str = ""
    """What the form calls the field; left out: the name."""
    hint: str = ""
    """A sentence below the label."""
    kind: FieldKind = "line"
    """`line`, `text` (several lines), `url` (http or https), `number` (whole), `date`,
    `choice` or `flag` (a check box)."""
    required: bool = False
    """Whether it must be filled in."""
    longest: int = 200
    """The most characters that it may hold."""
    choices: tuple[str, ...] = ()
    """What can be chosen, for kind `choice`."""


class Limits(msgspec.Struct, frozen=True):
    """What a submission may be at most, and how often one may come."""

    body: int = 300_000
    """Bytes of a whole request; more is refused unread."""
    content: int = 30_000
    """Characters of a post's text."""
    links: int = 5
    """Links in a text; with more it goes to `spam/`."""
    fill_seconds: int = 3
    """Seconds that a person takes to fill in the form; faster ones go to `spam/`."""
    token_hours: int = 24
    """Hours for which a form can be sent; after that one more click is needed."""
    per_network: int = 20
    """Submissions an hour from one network (a /24 or a /64)."""
    total: int = 500
    """Submissions an hour from everywhere."""
    entries: int = 100_000
    """Entries that may wait, and as many among the spam; beyond it nothing is taken."""
    render_seconds: int = 10
    """Seconds that rendering a submission may take; what takes longer cannot be
    approved."""


class Mail(msgspec.Struct, frozen=True):
    """Mail to the moderators when posts arrive; the table switches it on."""

    host: str = ""
    """The mail server."""
    port: int = 587
    """Its port: 587 for `starttls`, 465 for `tls`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is kept private; `none` for a server on the same machine."""
    user: str = ""
    """The name to log in with; left out: no log-in."""
    password: str = ""
    """Its password; the variable `SITEGEN_MAIL_PASSWORD` wins over it."""
    sender: str = ""
    """The address that mail comes from; left out: the first of `to`."""
    to: tuple[str, ...] = ()
    """The moderators' addresses, in ASCII (`xn--bcher-kva.example`)."""
    interval_minutes: int = 15
    """The least time between two mails; what arrives meanwhile comes in one."""
    author: bool = False
    """Whether visitors who left an address are told, once, what became of it."""


class Webhook(msgspec.Struct, frozen=True):
    """A signed request to a program when posts arrive; the table switches it on."""

    url: str = ""
    """Where it is sent, such as `https://example.org/hooks/blog`."""
    secret: str = ""
    """What it is signed with, 32 characters or more; the variable
    `SITEGEN_WEBHOOK_SECRET` wins over it."""
    interval_minutes: int = 0
    """The least time between two requests; what arrives meanwhile comes in one."""


class Submissions(msgspec.Struct, frozen=True):
    """The form by which the public sends posts in; the table switches it on."""

    path: str = "/submit/"
    """The form's address."""
    section: str = "posts"
    """The section in which approved posts are published."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may send the form, such as `https://example.com`."""
    trusted_proxies: int = 0
    """How many proxies of your own stand before the endpoint; each adds the address it
    saw to `X-Forwarded-For`."""
    image_hosts: tuple[str, ...] = ()
    """Hosts from which images in submitted posts are shown."""
    fields: tuple[SubmissionField, ...] = ()
    """More fields, each as `[[submissions.fields]]`."""
    rebuild: bool = False
    """Whether an approval on the review pages builds the site into its output."""
    limits: Limits = Limits()
    mail: Mail | None = None
    webhook: Webhook | None = None


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
    submissions: Submissions | None = None
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


TABLES = ("paths", "build", "unique", "feed", "markdown", "submissions")
"""Tables whose keys are fixed."""

FORM_FIELDS = frozenset({"title", "content", "name", "email", "token", "website"})
"""Names that the submission form uses itself; `website` is a trap for machines."""

FREE_VALUES = ("extra", "extension_configs")
"""Keys whose values may be anything."""

SHORTEST_SECRET = 32
"""Characters that a key for signing must have."""

MOST = 1_000_000
"""Posts on a page or in a feed."""

PERMALINK_FIELDS = frozenset({"section", "slug", "year", "month", "day", "stem"})
"""What a pattern under `[permalinks]` may hold in braces."""

_KINDS = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "float": "a number",
    "datetime": "a date",
    "date": "a date",
    "time": "a time",
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
                parts[key] = self.table(key, kind, self.inner(key, table[key]))
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

    def inner(self, table: str, value: Any) -> Any:
        """Returns a table with the tables inside it read already."""
        if table != "submissions" or not isinstance(value, dict):
            return value
        inner = dict(value)
        for name, kind in _SUBMISSION_TABLES.items():
            if name in inner:
                inner[name] = self.table(f"{table}.{name}", kind, inner[name])
        if isinstance(inner.get("fields"), list):
            inner["fields"] = tuple(
                self.table("submissions.fields", SubmissionField, field)
                for field in inner["fields"]
            )
        return inner

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
            if key in _INNER.get(table, ()) and _is_read(value):
                values[key] = value
                continue
            try:
                found = msgspec.convert(value, types[key])
                values[key] = _plain(found) if key in FREE_VALUES else found
            except msgspec.ValidationError as failure:
                self.add("config-value", table, key, _in_words(key, failure))
        return kind(**values)

    def unknown(self, table: str, key: str, known: Mapping[str, Any]) -> None:
        """Notes a key that does not exist, with the one that was meant."""
        where = f"[{table}]" if table else "the top level"
        homes = " or ".join(_homes(key))
        hint = f"'{key}' belongs {homes}." if homes else did_you_mean(key, known)
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
        if not 0 <= config.build.paginate <= MOST:
            self.bad("build", "paginate", f"must be between 0 and {MOST:,}")
        if not 1 <= config.feed.limit <= MOST:
            self.bad("feed", "limit", f"must be between 1 and {MOST:,}")
        if not _is_path(config.feed.path) or config.feed.path.endswith("/"):
            self.bad("feed", "path", "must be a path such as /feed.xml")
        self.check_patterns(config)
        self.check_paths(config)
        if config.submissions:
            self.check_submissions(config.submissions)

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

    def check_submissions(self, given: Submissions) -> None:
        """Notes settings of the submission form that cannot be meant."""
        table = "submissions"
        if not re.fullmatch(r"(/[\w~-][\w.~-]*)+/", given.path):
            self.bad(table, "path", "must be a path such as /submit/")
        parts = given.section.split("/")
        if not given.section or any(part in ("", ".", "..") for part in parts):
            self.bad(table, "section", "must be a section such as posts")
        for origin in given.origins:
            if not re.fullmatch(r"https?://[^/?#\s]+", origin):
                self.bad(
                    table, "origins", "must hold sites such as https://example.com"
                )
        for host in given.image_hosts:
            if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", host):
                self.bad(table, "image_hosts", "must hold hosts such as example.com")
        if given.trusted_proxies < 0:
            self.bad(table, "trusted_proxies", "cannot be below 0")
        for key, value in msgspec.structs.asdict(given.limits).items():
            if value < (0 if key in ("fill_seconds", "links") else 1):
                self.bad("submissions.limits", key, "is too small")
        self.check_fields(given.fields)
        if given.mail:
            self.check_mail(given.mail)
        if given.webhook:
            self.check_webhook(given.webhook)

    def check_mail(self, given: Mail) -> None:
        """Notes settings with which no mail would arrive."""
        table = "submissions.mail"
        if not re.fullmatch(r"[\w.:-]+", given.host):
            self.bad(table, "host", "must be a mail server such as mail.example.org")
        if not 1 <= given.port <= 65535:
            self.bad(table, "port", "must be between 1 and 65535")
        if not given.to or not all(map(is_email, given.to)):
            self.bad(table, "to", "must hold addresses such as me@example.org")
        if given.sender and not is_email(given.sender):
            self.bad(table, "sender", "must be an address such as blog@example.org")
        if given.interval_minutes < 0:
            self.bad(table, "interval_minutes", "cannot be below 0")

    def check_webhook(self, given: Webhook) -> None:
        """Notes settings with which no request would arrive, or none that is safe."""
        table = "submissions.webhook"
        if not re.fullmatch(r"https?://[^/?#\s@]+(/[!-~]*)?", given.url):
            self.bad(table, "url", "must be an address such as https://example.org/x")
        if given.secret and len(given.secret) < SHORTEST_SECRET:
            self.bad(table, "secret", f"must have {SHORTEST_SECRET} characters or more")
        if given.interval_minutes < 0:
            self.bad(table, "interval_minutes", "cannot be below 0")

    def check_fields(self, fields: tuple[SubmissionField, ...]) -> None:
        """Notes fields of the submission form that cannot work."""
        table, seen = "submissions.fields", set(FORM_FIELDS)
        for field in fields:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", field.name):
                self.bad(table, "name", "must be small letters, digits and _")
            elif field.name in seen:
                self.bad(table, "name", f"is taken: {field.name}")
            seen.add(field.name)
            if field.longest < 1:
                self.bad(table, "longest", "must be at least 1")
            if field.kind == "choice" and not field.choices:
                self.bad(table, "kind", "is choice, and there are no choices")
            elif field.choices and field.kind != "choice":
                self.bad(table, "choices", "belongs to kind 'choice' only")

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


_SUBMISSION_TABLES: Mapping[str, type[msgspec.Struct]] = {
    "limits": Limits,
    "mail": Mail,
    "webhook": Webhook,
}

_INNER = {"submissions": (*_SUBMISSION_TABLES, "fields")}
"""Table → its keys that are tables themselves."""


def _is_read(value: Any) -> bool:
    return isinstance(value, msgspec.Struct | tuple)


def is_email(text: str) -> bool:
    """True for one plain e-mail address and nothing else.

    What mail programs would read as more than that, quotes, comments and encoded words,
    is not allowed.
    """
    return bool(_EMAIL.fullmatch(text))


_ATOM, _LABEL = r"[\w!#$%&'*+/^`{|}~-]+", r"(?!-)[a-z0-9-]{1,63}(?<!-)"

_EMAIL = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.ASCII | re.IGNORECASE
)


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


def _without(part: _S, table: str, key: str) -> _S:
    """Returns a Config, or a table of it, with one value at its default again."""
    replace = msgspec.structs.replace
    if not table:
        return replace(part, **{key: getattr(type(part)(), key)})
    name, _, inner = table.partition(".")
    value = getattr(part, name)
    if isinstance(value, dict):
        rest = {each: value[each] for each in value if each != key}
        return replace(part, **{name: rest})
    if isinstance(value, tuple):  # tables in a list: one that is wrong spoils them all
        return replace(part, **{name: ()})
    return replace(part, **{name: _without(value, inner, key)})


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
        if field.name == "submissions":
            yield field.name, Submissions
        elif field.name in TABLES:
            yield field.name, field.type


def _homes(key: str) -> Iterator[str]:
    """Yields where in the file a key is known."""
    if key in _names(Config).difference(TABLES):
        yield "at the top (before all tables)"
    for table, kind in _struct_tables():
        if key in _names(kind):
            yield f"in [{table}]"
    for table, kind in _SUBMISSION_TABLES.items():
        if key in _names(kind):
            yield f"in [submissions.{table}]"


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
        allowed = {
            "engine": "'markdown' or 'commonmark'",
            "kind": f"one of {', '.join(get_args(FieldKind))}",
            "security": "'starttls', 'tls' or 'none'",
        }
        words = allowed.get(key, "'site', 'section' or 'off'")
        return f"'{key}' must be {words}, not {enum[1]}."
    return f"'{key}': {text}."


def _zone_exists(name: str) -> bool:
    if name == "UTC":
        return True
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
