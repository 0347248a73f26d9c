"""A file becomes a Post: its front matter is checked and made plain."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from sitegen.content import addresses, dates, slugs, titles
from sitegen.content.fields import (
    BY_SPELLING,
    SPECIAL,
    TRUST,
    UNTRUSTED_KEYS,
    Field,
    misspelled,
    nearly_trust,
)
from sitegen.content.flaws import Fault
from sitegen.content.frontmatter import FrontMatter, locate, location, parse
from sitegen.content.records import Body, Moment, Post
from sitegen.problems import Location, Problem, Severity

CODES = {
    "title-missing": "The file has no title.",
    "value-type": "A value is of another type than its key wants.",
    "value-line-break": "A value that is one line has a line break.",
    "value-control-character": "A value has a control character.",
    "value-direction-override": "A value has a character that turns text around.",
    "number-out-of-range": "A number is too small or too large.",
    "lang-invalid": "The language is not written as a language tag.",
    "template-invalid": "The template is not the name of a file.",
    "sort-by-unknown": "`sort_by` names no order that there is.",
    "key-duplicate": "A key is written twice.",
    "submission-invalid": "`submission` does not name a submission.",
    "trust-misspelled": "A key looks like a misspelling of `untrusted`.",
    "untrusted-key": "A stranger's post sets what only the site's authors may.",
    "untrusted-value": "A stranger's post has a value that is not allowed.",
    "key-misplaced": "A key has a meaning only in `_index.md`.",
    "key-unknown": "A key looks like a misspelling of another.",
    "key-is-text": "A key is so long that it is probably a line of text.",
    "problems-too-many": "A file has more than 100 problems; the rest is not listed.",
    "taxonomy-unknown": "A taxonomy is not in `sitegen.toml`.",
    **titles.CODES,
    **slugs.CODES,
    **dates.CODES,
    **addresses.CODES,
}

ORDERS = ("date", "weight", "title")
"""What `sort_by` may say."""

_MAX_FINDINGS = 100  # each costs a walk through the front matter
_MAX_KEY = 60
_MAX_NUMBER = 1_000_000_000
_MAX_STORED = 2**63  # MessagePack holds no larger integers
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SUBMISSION = re.compile(r"[0-9a-f]{20}")
_WEB_URL = re.compile(r"https?://[^\s/?#\\<>\"'`@]+(?:[/?#][^\s\\<>\"'`]*)?", re.I)
_YES = frozenset(("true", "yes", "on", "1"))
_NO = frozenset(("false", "no", "off", "0"))
_READABLE = re.compile(r"\w[\w -]*")


class PostRules(msgspec.Struct, frozen=True, array_like=True):
    """What of the site's configuration decides how a file is read."""

    timezone: str = "UTC"
    """An IANA name, for dates that are written without a zone."""
    taxonomies: tuple[str, ...] = ("tags", "categories")
    url_fields: tuple[str, ...] = ()
    """Declared fields of the submission form that hold web addresses."""
    other_fields: tuple[str, ...] = ()
    """All other declared fields."""


def read_post(
    id: str, data: bytes, path: str, rules: PostRules
) -> tuple[Post | None, Body, tuple[Problem, ...]]:
    """Returns the post in a file, where its Markdown is, and all that is wrong.

    `id` is the file's path relative to the content folder, `path` the one that problems
    name. There is no post if there is an error.
    """
    front, problems = parse(data, path)
    if problems:
        return None, front.body, problems
    reading = _Reading(front, _Place.of(id), rules)
    values = reading.values()
    if not reading.findings:
        return Post(id=id, **values), front.body, ()
    problems = _problems(reading.findings, data, path)
    if any(problem.is_error for problem in problems):
        return None, front.body, problems
    return Post(id=id, **values), front.body, problems


def _problems(
    findings: list["_Finding"], data: bytes, path: str
) -> tuple[Problem, ...]:
    """Returns the problems with their places, the first hundred of very many."""
    if len(findings) > _MAX_FINDINGS:
        # Errors first, so that none is hidden behind warnings.
        findings = sorted(findings, key=lambda finding: finding.severity)
        more = f"{len(findings) - _MAX_FINDINGS:,} more problems are in this file."
        fault = Fault("problems-too-many", more, "Mend those that are listed first.")
        findings = [
            *findings[:_MAX_FINDINGS],
            _Finding("", fault, None, findings[0].severity),
        ]
    return tuple(finding.problem(data, path) for finding in findings)


class _Place(msgspec.Struct, frozen=True):
    """What a file's path says."""

    section: str
    name: str
    """Of the file, or of the folder of a bundle or a section; "" at the top."""
    is_section: bool

    @classmethod
    def of(cls, id: str) -> "_Place":
        """Returns the place of a file in the content folder."""
        folder, _, file = id.rpartition("/")
        stem = file.rpartition(".")[0]
        above, _, name = folder.rpartition("/")
        if stem == "_index":
            return cls(folder, name, True)
        if stem == "index":
            return cls(above, name, False)
        return cls(folder, stem, False)


class _Finding(msgspec.Struct, frozen=True):
    """Something wrong with a key, before anybody looks for its line."""

    key: str
    fault: Fault
    index: int | None = None
    severity: Severity = Severity.ERROR
    is_key: bool = False

    def problem(self, data: bytes, path: str) -> Problem:
        """Returns the problem with the place of the key's value in the file."""
        return Problem(
            self.fault.code,
            self.severity,
            self.location(data, path),
            self.fault.message,
            self.fault.hint,
        )

    def location(self, data: bytes, path: str) -> Location:
        """Returns the place of the key's value, or of the item, in the file."""
        if not self.key:
            return location(data, path, 1, 1)
        at = locate(data, self.key, self.index, is_key=self.is_key)
        return location(data, path, *at)


class _Given(msgspec.Struct, frozen=True):
    """A value as the file gives it, with the key that it is written under."""

    key: str
    value: Any
    name: str
    """What the key is called here, whatever tool's spelling the file uses."""


class _Reading:
    """One walk through the fields of one file; gathers what is wrong on the way."""

    def __init__(self, front: FrontMatter, place: _Place, rules: PostRules) -> None:
        self.front = front
        self.place = place
        self.rules = rules
        self.is_header = front.dialect == "header"
        self.findings: list[_Finding] = []
        self.given: dict[str, _Given] = {}
        self.terms: dict[str, tuple[str, ...]] = {}
        self.own: dict[str, Any] = {}
        self.is_held = False

    def error(self, key: str, fault: Fault, index: int | None = None) -> None:
        """Notes what stops a build."""
        self.findings.append(_Finding(key, fault, index))

    def warn(self, key: str, code: str, message: str, hint: str) -> None:
        """Notes what does not stop a build, about the key itself."""
        fault = Fault(code, message, hint)
        self.findings.append(_Finding(key, fault, None, Severity.WARNING, True))

    def values(self) -> dict[str, Any]:
        """Returns the post's values by name, but for its id."""
        for key, value in self.front.fields.items():
            self.sort(key, value)
        values: dict[str, Any] = {}
        for name, given in self.given.items():
            if name == "extra" or name in TRUST or given.value is None:
                continue
            value = _READERS[BY_SPELLING[name].kind](self, given)
            if value is not None:
                values[name] = value
        values["section"] = self.place.section
        if self.is_held:
            values["draft"] = True
        self.read_title(values)
        self.read_slug_and_date(values)
        self.read_terms(values)
        self.read_extra(values)
        self.read_trust(values)
        return values

    # Sorting keys

    def sort(self, key: str, value: Any) -> None:
        """Puts a value where its key belongs."""
        field = BY_SPELLING.get(key) or BY_SPELLING.get(key.lower())
        if field is not None:
            self.sort_known(field, _Given(key, value, field.name))
        elif key in self.rules.taxonomies:
            self.add_terms(key, _Given(key, value, key))
        elif key.lower() in SPECIAL and self.is_special(key, value):
            pass
        else:
            self.own[key] = value
            self.doubt(key)

    def doubt(self, key: str) -> None:
        """Warns of an own key that was probably not meant to be one."""
        trust = nearly_trust(key)
        if trust:
            message = f"The key '{key}' looks like '{trust}'."
            hint = f"Write '{trust}', or move '{key}' into 'extra' if it is your own."
            fault = Fault("trust-misspelled", message, hint)
            self.findings.append(_Finding(key, fault, is_key=True))
            return
        meant = misspelled(key)
        if meant:
            self.warn(
                key,
                "key-unknown",
                f"The key '{key}' is kept in 'extra'. Was '{meant}' meant?",
                f"Write '{meant}', or move '{key}' into 'extra' if it is your own.",
            )
        elif len(key) > _MAX_KEY:
            self.warn(
                key,
                "key-is-text",
                "This line is a key because of the ': ' in it, and looks like text.",
                "Indent the line if it belongs to the text above, or quote that text.",
            )

    def sort_known(self, field: Field, given: _Given) -> None:
        """Keeps the value of a known key; of two spellings, the one that counts."""
        name = field.name
        if field.section_only and not self.place.is_section:
            self.own[given.key] = given.value
            hint = "Move it there, or into 'extra' if it is your own."
            message = f"'{given.key}' has a meaning only in a section's _index.md."
            self.warn(given.key, "key-misplaced", message, hint)
            return
        before = self.given.get(name)
        if before is not None and before.key.lower() == given.key.lower():
            message = f"'{given.key}' and '{before.key}' are the same key."
            self.error(given.key, Fault("key-duplicate", message, "Keep one of them."))
        elif before is None or before.value is None:
            self.given[name] = given
        elif given.value is None:
            pass
        elif field.kind in ("list", "addresses"):
            both = [*_listed(before.value), *_listed(given.value)]
            self.given[name] = msgspec.structs.replace(before, value=both)
        # A date to be shown must not publish what `publishDate` holds back.
        elif given.key.lower() == "publishdate" or (
            given.key.lower() == name and before.key.lower() != "publishdate"
        ):
            self.given[name] = given

    def is_special(self, key: str, value: Any) -> bool:
        """True if a key of other tools was understood; what it says is kept."""
        name = key.lower()
        if name == "layout":
            if isinstance(value, str) and value.endswith(".html"):
                self.given.setdefault("template", _Given(key, value, "template"))
            return True
        if name == "taxonomies" and isinstance(value, dict):
            self.sort_taxonomies(key, value)
            return True
        if self.is_header and isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower(), value)
        if name == "status" and isinstance(value, str):
            value = {"draft": False, "published": True}.get(value.lower())
        if name in ("status", "published") and isinstance(value, bool):
            if not value:  # whoever says that it is a draft is believed
                self.is_held = True
            return True
        return False

    def sort_taxonomies(self, key: str, tables: dict[str, Any]) -> None:
        """Takes in the terms that Zola keeps in a table of their own."""
        for name, value in tables.items():
            given = _Given(f"{key}.{name}", value, name)
            if name in ("tags", "categories", *self.rules.taxonomies):
                self.add_terms(name, given)
            else:
                self.warn(
                    given.key,
                    "taxonomy-unknown",
                    f"There is no taxonomy '{name}'.",
                    f'Add it to [taxonomies] in sitegen.toml: {name} = "/{name}/'
                    '{slug}/".',
                )

    # Reading values: each returns the value, or None after noting what is wrong

    def expect(self, given: _Given, expected: str, hint: str) -> None:
        """Notes that a value is of the wrong type."""
        message = f"'{given.key}' is {_describe(given.value)}, not {expected}."
        self.error(given.key, Fault("value-type", message, hint))

    def text(self, given: _Given) -> str | None:
        """Returns a text of any length."""
        if not isinstance(given.value, str):
            self.expect(given, "text", f"Put it in quotes: {_quoted(given)}.")
            return None
        control = _CONTROL.search(given.value)
        if control:
            message = f"'{given.key}' has the control character "
            message += f"U+{ord(control[0]):04X} in it."
            self.error(
                given.key, Fault("value-control-character", message, "Delete it.")
            )
            return None
        return given.value.strip()

    def title(self, given: _Given) -> str | None:
        """Returns a title."""
        if not isinstance(given.value, str):
            self.expect(given, "text", f"Put it in quotes: {_quoted(given)}.")
            return None
        title = given.value.strip()
        fault = titles.check_title(title)
        if fault:
            self.error(given.key, fault)
            return None
        return title

    def line(self, given: _Given) -> str | None:
        """Returns a text of one line."""
        if not isinstance(given.value, str):
            self.expect(given, "text", f"Put it in quotes: {_quoted(given)}.")
            return None
        return self.clean_line(given.key, given.value)

    def clean_line(self, key: str, text: str, index: int | None = None) -> str | None:
        """Returns a text of one line without the spaces around it."""
        text = text.strip()
        fault = titles.check_line(text)
        if fault:
            code, message = f"value-{fault.code}", f"'{key}' {fault.message}."
            self.error(key, Fault(code, message, fault.hint), index)
            return None
        return text

    def moment(self, given: _Given) -> Moment | None:
        """Returns a date."""
        if not isinstance(given.value, (str, date)):
            self.expect(given, "a date", "Write 2024-05-06 or 2024-05-06 07:08.")
            return None
        if given.value == "":
            return None
        found = dates.moment(given.value, self.rules.timezone)
        if isinstance(found, Fault):
            self.error(given.key, found)
            return None
        return found

    def flag(self, given: _Given) -> bool | None:
        """Returns true or false."""
        value = given.value
        if self.is_header and isinstance(value, str):
            word = value.lower()
            value = True if word in _YES else False if word in _NO else value
        if not isinstance(value, bool):
            self.expect(given, "true or false", "Write true or false without quotes.")
            return None
        return value

    def number(self, given: _Given) -> int | None:
        """Returns a whole number."""
        value = given.value
        if self.is_header and isinstance(value, str):
            value = int(value) if re.fullmatch(r"-?[0-9]{1,12}", value) else value
        if not isinstance(value, int) or isinstance(value, bool):
            self.expect(given, "a whole number", "Write digits without quotes.")
            return None
        least = 0 if given.name == "paginate" else -_MAX_NUMBER
        if not least <= value <= _MAX_NUMBER:
            message = f"'{given.key}' is not between {least:,} and {_MAX_NUMBER:,}."
            self.error(
                given.key, Fault("number-out-of-range", message, "Correct the number.")
            )
            return None
        return value

    def texts(self, given: _Given) -> tuple[str, ...] | None:
        """Returns texts without repeats; a term taxonomy is kept among the terms."""
        if given.name != "authors":
            self.add_terms(given.name, given)
            return None
        return self.names(given)

    def names(self, given: _Given) -> tuple[str, ...]:
        """Returns the texts of a list, cleaned and without repeats."""
        found: dict[str, str] = {}
        for index, item in enumerate(self.items(given)):
            name = self.name(given, item, index)
            if name:
                found.setdefault(titles.title_key(name), name)
        found.pop("", None)
        return tuple(found.values())

    def items(self, given: _Given) -> Iterable[Any]:
        """Returns the items of a list, or the parts of a text with commas."""
        value = given.value
        if not isinstance(value, str):
            return _listed(value)
        # `author` and `category` name one, and a person may be "King, Jr.".
        if given.key.lower() in ("author", "category"):
            return [value]
        if self.is_header and ";" in value:
            return value.split(";")
        if given.name == "authors" and not self.is_header:
            return [value]
        return value.split(",")

    def name(self, given: _Given, item: Any, index: int) -> str | None:
        """Returns one term or author; numbers and dates are taken as text."""
        if isinstance(item, str):
            if item.isprintable():
                return " ".join(item.split()) if " " in item else item
            line = self.clean_line(given.key, item, index)
            return line and " ".join(line.split())
        if item is None:
            return None
        if isinstance(item, (int, float, date)) and not isinstance(item, bool):
            return item.isoformat() if isinstance(item, date) else str(item)
        message = f"'{given.key}' has {_describe(item)} in it where text belongs."
        hint = "Put it in quotes, or remove it."
        self.error(given.key, Fault("value-type", message, hint), index)
        return None

    def slug(self, given: _Given) -> str | None:
        """Returns a slug; a number is taken as text."""
        value = given.value
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)[:60]
        if not isinstance(value, str):
            self.expect(given, "text", f"Put it in quotes: {_quoted(given)}.")
            return None
        slug = value.strip()
        if not slug:
            return None
        fault = slugs.slug_problem(slug)
        if fault:
            self.error(given.key, fault)
            return None
        return slug

    def address(self, given: _Given) -> str | None:
        """Returns the path of a permalink."""
        if not isinstance(given.value, str):
            self.expect(given, "text", "Write a path: /about/.")
            return None
        return self.clean_address(given.key, given.value.strip())

    def addresses(self, given: _Given) -> tuple[str, ...]:
        """Returns the paths of aliases, without repeats."""
        value = given.value
        if isinstance(value, str) and self.is_header:
            value = value.split(",")
        found: dict[str, None] = {}
        for index, item in enumerate(_listed(value)):
            if isinstance(item, str):
                if path := self.clean_address(given.key, item.strip(), index):
                    found[path] = None
            elif item is not None:
                message = f"'{given.key}' has {_describe(item)} in it, not a path."
                fault = Fault("value-type", message, "Write a path: /old/.")
                self.error(given.key, fault, index)
        return tuple(found)

    def clean_address(
        self, key: str, text: str, index: int | None = None
    ) -> str | None:
        """Returns a path that begins with a slash."""
        path = addresses.read_address(text)
        if isinstance(path, Fault):
            self.error(key, path, index)
            return None
        return path

    def template(self, given: _Given) -> str | None:
        """Returns the name of a template."""
        name = self.line(given)
        if name and (name.startswith("/") or "\\" in name or ".." in name.split("/")):
            message = f"'{name[:60]}' is not the name of a template."
            hint = "Write its path inside the templates folder, such as wide.html."
            self.error(given.key, Fault("template-invalid", message, hint))
            return None
        return name

    def language(self, given: _Given) -> str | None:
        """Returns a language tag."""
        tag = self.line(given)
        if tag and not _LANGUAGE.fullmatch(tag):
            message = f"'{tag[:60]}' is not a language tag."
            hint = "Write one such as en, de or pt-BR."
            self.error(given.key, Fault("lang-invalid", message, hint))
            return None
        return tag

    def order(self, given: _Given) -> str | None:
        """Returns what a section is ordered by; another tool's order is a warning."""
        order = self.line(given)
        if order and order not in ORDERS:
            fault = Fault(
                "sort-by-unknown",
                f"There is no order '{order[:60]}'; the usual one is used.",
                "Write date, weight or title.",
            )
            self.findings.append(_Finding(given.key, fault, None, Severity.WARNING))
            return None
        return order

    def submission_id(self, given: _Given) -> str | None:
        """Returns the id of the submission that a post came from."""
        value = given.value
        id = value.get("id") if isinstance(value, dict) and len(value) == 1 else None
        if not isinstance(id, str) or not _SUBMISSION.fullmatch(id):
            message = f"'{given.key}' does not name a submission."
            hint = "Write submission: {id: …} as it was, or remove the line."
            self.error(given.key, Fault("submission-invalid", message, hint))
            return None
        return id

    # What more than one key decides

    def read_title(self, values: dict[str, Any]) -> None:
        """Sees to it that there is a title."""
        given = self.given.get("title")
        if "title" in values or (given and given.value is not None):
            return
        name = _readable(dates.from_file_name(self.place.name)[1])
        if self.place.is_section:
            values["title"] = name  # "" at the top: the site has a title
            return
        if not _READABLE.fullmatch(name):
            name = "My title"
        fault = Fault("title-missing", "The file has no title.", self.title_hint(name))
        self.error(given.key if given else "", fault)

    def title_hint(self, title: str) -> str:
        """Returns what to write, in the dialect that the file uses."""
        if self.front.dialect is None:
            return f"Begin the file with these lines:\n---\ntitle: {title}\n---"
        if self.front.dialect == "toml":
            return f'Add a line to the front matter:\n+++\ntitle = "{title}"\n+++'
        if self.front.dialect == "header":
            return f"Add a line to the header:\nTitle: {title}"
        return f"Add a line to the front matter:\n---\ntitle: {title}\n---"

    def read_slug_and_date(self, values: dict[str, Any]) -> None:
        """Takes from the name and the permalink what the front matter leaves out."""
        when, name = dates.from_file_name(self.place.name)
        if self.place.is_section:
            values["slug"] = ""
            return
        if "slug" not in values:
            values["slug"] = slugs.slug_of_name(name) if name else ""
        if "date" in self.given and self.given["date"].value not in (None, ""):
            return
        when = when or self.date_of_permalink(values)
        if when:
            found = dates.moment(when, self.rules.timezone)
            if isinstance(found, Moment):
                values["date"] = found

    def date_of_permalink(self, values: Mapping[str, Any]) -> date | None:
        """Returns the date at the start of the permalink, or after the section's."""
        path = values.get("permalink", "")
        section = f"/{self.place.section}/"
        if path.startswith(section):
            return dates.from_path(path) or dates.from_path(path[len(section) - 1 :])
        return dates.from_path(path)

    def read_trust(self, values: dict[str, Any]) -> None:
        """Decides whether the text is trusted; in doubt it is not.

        A file that came from a submission is a stranger's, unless it says in so many
        words that somebody vouches for it.
        """
        submission = self.given.get("submission")
        untrusted = self.given.get("untrusted")
        if submission:
            values["submission"] = self.submission_id(submission) or ""
        said = self.flag(untrusted) if untrusted else None
        trusted = said is False if submission else not untrusted or said is False
        values["trusted"] = trusted
        if not trusted:
            self.restrict()

    def restrict(self) -> None:
        """Notes what a stranger's post sets although only authors may."""
        hint = "Remove it; or, once you vouch for the text, add untrusted: false."
        for key in self.front.fields:
            field = BY_SPELLING.get(key) or BY_SPELLING.get(key.lower())
            if field is None or field.name not in UNTRUSTED_KEYS:
                message = f"A stranger's post may not set '{key}'."
                self.error(key, Fault("untrusted-key", message, hint))
        extra = self.given.get("extra")
        if extra and isinstance(extra.value, dict):
            for name, value in extra.value.items():
                self.restrict_extra(f"{extra.key}.{name}", name, value)

    def restrict_extra(self, key: str, name: object, value: Any) -> None:
        """Notes a value in `extra` that the submission form could not have given."""
        if name not in (*self.rules.url_fields, *self.rules.other_fields):
            message = f"'{name}' is not a field of the submission form."
            hint = "Remove it, or declare it in [[submissions.fields]]."
            self.error(key, Fault("untrusted-key", message, hint))
        elif isinstance(value, (dict, list)):
            message = f"'{name}' is {_describe(value)}, not a value of the form."
            self.error(key, Fault("untrusted-value", message, "Write one value."))
        elif name in self.rules.url_fields and not _is_web_url(value):
            message = f"'{name}' is not an address that begins with http or https."
            hint = "Correct or remove it."
            self.error(key, Fault("untrusted-value", message, hint))

    def add_terms(self, taxonomy: str, given: _Given) -> None:
        """Adds terms to those of a taxonomy."""
        if given.value is None:
            return
        before = self.terms.get(taxonomy)
        names = self.names(given)
        if before:
            merged = {titles.title_key(name): name for name in (*names, *before)}
            names = tuple(merged.values())
        if names:
            self.terms[taxonomy] = names

    def read_terms(self, values: dict[str, Any]) -> None:
        """Keeps the terms of all taxonomies."""
        for name in ("tags", "categories"):
            values.pop(name, None)
        if self.terms:
            values["terms"] = self.terms

    def read_extra(self, values: dict[str, Any]) -> None:
        """Keeps the file's own values; those in `extra` win over those outside."""
        given = self.given.get("extra")
        own = self.own
        if given and given.value not in (None, ""):
            if isinstance(given.value, dict):
                own = own | given.value
            else:
                self.expect(given, "a mapping", "Write keys and values below it.")
        if own:
            values["extra"] = plain(own)


_READERS: dict[str, Callable[[_Reading, _Given], Any]] = {
    "title": _Reading.title,
    "line": _Reading.line,
    "text": _Reading.text,
    "moment": _Reading.moment,
    "flag": _Reading.flag,
    "number": _Reading.number,
    "list": _Reading.texts,
    "slug": _Reading.slug,
    "address": _Reading.address,
    "addresses": _Reading.addresses,
    "template": _Reading.template,
    "language": _Reading.language,
    "order": _Reading.order,
}


def _is_web_url(value: Any) -> bool:
    return isinstance(value, str) and bool(_WEB_URL.fullmatch(value))


def plain(value: Any) -> Any:
    """Returns a value as MessagePack and JSON hold it: dates and such become text."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, int):
        return value if -_MAX_STORED <= value < _MAX_STORED else _digits(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.isoformat()


def _digits(value: int) -> str:
    """Returns an integer as text; Python refuses decimal digits beyond 4,300."""
    return str(value) if value.bit_length() < 10_000 else hex(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _readable(name: str) -> str:
    words = " ".join(re.split(r"[-_\s]+", name)).strip()
    return words[:1].upper() + words[1:]


def _describe(value: Any) -> str:
    """Returns in plain words what a value is."""
    found = (words for kind, words in _KINDS if isinstance(value, kind))
    return next(found, "empty")


# A bool is an int and a datetime a date, so they come first.
_KINDS: tuple[tuple[type, str], ...] = (
    (str, "text"),
    (bool, "true or false (YAML also reads yes, no, on and off so)"),
    (int, "a number"),
    (float, "a number"),
    (datetime, "a date with a time"),
    (date, "a date"),
    (list, "a list"),
    (dict, "a mapping"),
)


def _quoted(given: _Given) -> str:
    shown = str(plain(given.value))
    shown = (
        shown
        if len(shown) <= 40 and isinstance(given.value, (int, float, date))
        else "…"
    )
    return f'{given.key}: "{shown}"'
