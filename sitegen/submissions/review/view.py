"""What a moderator sees of entries and decisions: plain values for the templates."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
from markupsafe import Markup, escape

from sitegen.config import Config, Submissions
from sitegen.submissions import decisions
from sitegen.submissions.decisions import Decision
from sitegen.submissions.moderation import Listed
from sitegen.submissions.records import State, Submission
from sitegen.submissions.review import lookalikes

TABS: Mapping[State, str] = {
    "pending": "Waiting",
    "spam": "Spam",
    "rejected": "Rejected",
}

GUARDS = {
    "trap": "filled in the field that people do not see",
    "fast": "was faster than a person",
    "links": "has many links",
}
"""What a guard noticed, in words."""

BADGES = {"trap": "hidden field", "fast": "too fast", "links": "many links"}
"""The same where there is little room."""

EXCERPT = 180
"""Characters of a text that the list shows."""


class Row(msgspec.Struct, frozen=True):
    """An entry in the list."""

    id: str
    version: str
    title: Markup
    name: str
    """The title without marks, for labels."""
    author: str
    when: Markup
    notes: tuple[str, ...]
    excerpt: str
    reason: str


class Fact(msgspec.Struct, frozen=True):
    """Something that is known of an entry."""

    label: str
    value: str | Markup
    place: str = ""
    """Where more of it is: a path below the review pages."""


class Near(msgspec.Struct, frozen=True):
    """Another entry or post that may matter for a decision."""

    title: str
    place: str
    """A path below the review pages, or a URL of the site if `is_post`."""
    note: str
    is_post: bool = False


class Line(msgspec.Struct, frozen=True):
    """A decision in the log."""

    when: Markup
    by: str
    what: str
    id: str
    url: str


class Clock:
    """Shows times in the site's zone."""

    def __init__(self, config: Config) -> None:
        self.zone = ZoneInfo(config.timezone)
        self.name = config.timezone

    def shown(self, at: float) -> Markup:
        """Returns a time for people and machines."""
        when = datetime.fromtimestamp(at, UTC).astimezone(self.zone)
        text = f"{when:%Y-%m-%d %H:%M}"
        return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), text)


def row_of(listed: Listed, clock: Clock) -> Row:
    """Returns an entry as the list shows it."""
    entry = listed.submission
    text = " ".join(entry.content[: 4 * EXCERPT].split())
    excerpt = f"{text[:EXCERPT]}…" if len(text) > EXCERPT else text
    odd = ("odd title",) if lookalikes.warnings(entry.title) else ()
    return Row(
        entry.id,
        listed.version,
        revealed(entry.title),
        entry.title,
        entry.author,
        clock.shown(entry.received),
        (*(BADGES.get(flag, flag) for flag in entry.flags), *odd),
        excerpt,
        entry.reason,
    )


def facts_of(listed: Listed, settings: Submissions, clock: Clock) -> list[Fact]:
    """Returns what is known of an entry besides title and text."""
    entry = listed.submission
    labels = {field.name: field.label or field.name for field in settings.fields}
    network = f"?state={{}}&q=network:{entry.network}"
    facts = [
        Fact("Received", clock.shown(entry.received)),
        Fact("Name", revealed(entry.author)),
        Fact("E-mail", revealed(entry.email)),
        Fact("Network", entry.network, network.format(listed.state)),
        *(
            Fact(labels.get(key, key), revealed(str(value)))
            for key, value in entry.extra.items()
        ),
        Fact("Guards", "; ".join(GUARDS.get(flag, flag) for flag in entry.flags)),
        Fact("Reason", entry.reason if listed.state == "rejected" else ""),
    ]
    return [fact for fact in facts if fact.value]


def near(
    listed: Listed, others: Iterable[Listed], published: Mapping[str, str]
) -> tuple[list[Near], list[Near]]:
    """Returns titles that are nearly the same, and entries of the same network."""
    entry = listed.submission
    known = [each for each in others if each.submission.id != entry.id]
    by_id = {each.submission.id: each for each in known}
    titles = [(each.submission.title, each.submission.id) for each in known]
    found = lookalikes.similar(entry.title, [*titles, *published.items()])
    similar = [
        Near(
            title,
            f"{where}/" if where in by_id else where,
            _words_of(by_id.get(where), looks_same),
            where not in by_id,
        )
        for title, where, looks_same in found
    ]
    same = [
        Near(each.submission.title, f"{each.submission.id}/", TABS[each.state].lower())
        for each in known
        if entry.network and each.submission.network == entry.network
    ]
    return similar, same


def _words_of(other: Listed | None, looks_same: bool) -> str:
    where = TABS[other.state].lower() if other else "published"
    return f"{where}, looks the same" if looks_same else where


def line_of(decision: Decision, clock: Clock, url: str) -> Line:
    """Returns a decision as the log shows it; `url` is where the entry is now."""
    what = decisions.DONE[decision.action]
    at = clock.shown(decision.at)
    return Line(at, decision.by, what, decision.id, url)


def values_of(entry: Submission) -> dict[str, str]:
    """Returns an entry as the values of a form."""
    extra = {
        name: "1" if value is True else str(value)
        for name, value in entry.extra.items()
    }
    return {
        "title": entry.title,
        "content": entry.content,
        "name": entry.author,
        "email": entry.email,
        **extra,
    }


_PLAIN = re.compile(r"[\x20-\x7e\n]*")


def revealed(text: str) -> Markup:
    """Returns a text in which the characters that nobody sees are shown by number."""
    if _PLAIN.fullmatch(text):
        return escape(text)
    parts, before = [], ""
    for char in text:
        parts.append(_mark(char) if _is_hidden(char, before) else escape(char))
        before = char
    return Markup("").join(parts)


def _mark(char: str) -> Markup:
    code = f"U+{ord(char):04X}"
    return Markup('<mark class="hidden">{}</mark>').format(code)


def _is_hidden(char: str, before: str) -> bool:
    """True for what cannot be seen and is no part of the letter or emoji before it."""
    if char in "\n\t\ufe0e\ufe0f":
        return False
    if char == "\u200d":
        return before.isalnum()
    return unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")
