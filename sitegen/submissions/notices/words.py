"""What moderators and authors read: plain values and text, every text escaped."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sitegen.config import Config
from sitegen.problems import printable
from sitegen.submissions.records import Submission

WHOLE = 20
"""Entries of a digest that are told as a whole; the others are counted."""

LONGEST = 100_000
"""Characters of all texts in one digest."""


class News(msgspec.Struct, frozen=True):
    """What a digest says, read from the queue when it is sent."""

    name: str
    entries: tuple[Submission, ...]
    """The first ones, newest first."""
    count: int
    """All of them."""
    review: str
    """The address of the review pages; "" if they are off or have no address."""


class Text(msgspec.Struct, frozen=True):
    """A mail's subject and body."""

    subject: str
    body: str


def digest_text(news: News, config: Config) -> Text:
    """Returns the mail to moderators."""
    site = printable(config.title or config.base_url or "your site")
    first = printable(news.entries[0].title)
    subject = f"[{site}] {news.count:,} posts wait"
    if news.count == 1:
        subject = f"[{site}] A post waits: {first}"
    parts = [_how_many(news)]
    room = LONGEST
    for entry in news.entries:
        part = _entry_text(entry, config, news.review, max(room, 500))
        room -= len(part)
        parts.append(part)
    left = news.count - len(news.entries)
    if left:
        parts.append(f"And {left:,} more.")
    where = news.review or "sitegen queue list"
    parts.append(f"Decide: {where}")
    return Text(subject, "\n\n".join(parts) + "\n")


def _how_many(news: News) -> str:
    return "A post waits." if news.count == 1 else f"{news.count:,} posts wait."


def _entry_text(entry: Submission, config: Config, review: str, room: int) -> str:
    """Returns one entry; its lines are set off, so that they cannot pass for ours."""
    when = datetime.fromtimestamp(entry.received, UTC)
    local = when.astimezone(ZoneInfo(config.timezone))
    about = {
        "Title": entry.title,
        "Name": entry.author,
        "E-mail": entry.email,
        **entry.extra,
        "Noticed": ", ".join(entry.flags),
    }
    head = [f"Received: {local:%Y-%m-%d %H:%M} {config.timezone}"]
    head += [
        f"{printable(label)}: {printable(str(value).replace(chr(10), ' / '))}"
        for label, value in about.items()
        if value
    ]
    if review:
        head.append(f"Link: {review}{entry.id}/")
    text = entry.content[:room]
    lines = [f"> {printable(line)}" for line in text.rstrip("\n").split("\n")]
    if len(text) < len(entry.content):
        lines.append("(cut here)")
    return "\n".join(["-" * 60, *head, "", *lines])


def digest_values(news: News, config: Config, now: int) -> dict[str, Any]:
    """Returns the body of a request to the webhook."""
    return {
        "event": "submissions.waiting",
        "delivery": news.name,
        "sent_at": _iso(now),
        "site": config.base_url,
        "count": news.count,
        "entries": [_entry_values(entry, news.review) for entry in news.entries],
    }


def _entry_values(entry: Submission, review: str) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "author": entry.author,
        "received_at": _iso(entry.received),
        "flags": list(entry.flags),
        "extra": entry.extra,
        "content": entry.content[:LONGEST],
        "review_url": f"{review}{entry.id}/" if review else "",
    }


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def letter_text(config: Config, url: str) -> Text:
    """Returns what an author reads; nothing that a visitor wrote is in it.

    Whoever types somebody else's address must not be able to send them words.
    """
    site = printable(config.title or config.base_url or "our site")
    if url:
        shown = f"{config.origin}{url}"
        return Text(
            f"[{site}] Your post is accepted",
            f"The post that was sent in from this address is accepted:\n\n{shown}\n",
        )
    return Text(
        f"[{site}] Your post was not accepted",
        "The post that was sent in from this address was not accepted.\n",
    )
