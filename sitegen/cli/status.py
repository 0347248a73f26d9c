"""`sitegen status`."""

from collections.abc import Iterable
from typing import Any

import click

from sitegen.build.status import Status, Waits
from sitegen.build.survey import Asked
from sitegen.cli.options import format_option
from sitegen.cli.site import asked as ask
from sitegen.cli.site import when_words
from sitegen.cli.terminal import plural, say, tell, tell_json
from sitegen.problems import printable


@click.command()
@click.option("--clock", metavar="TIME", help="Look as if it were this time.")
@format_option("text", "json")
@click.pass_obj
def status(obj: tuple[str, str], clock: str | None, format: str) -> None:
    """Shows what is on its way: drafts, scheduled posts, the queue, and Git.

    \b
    Examples:
      sitegen status
      sitegen status --format json
    """
    from sitegen.build.status import status as look
    from sitegen.cli.check import survey

    asked = ask(obj, clock=clock, tolerant=True)
    found = look(asked, survey(asked))
    if format == "json":
        tell_json(_json(found))
    else:
        _show(asked, found)


def _show(asked: Asked, found: Status) -> None:
    _list("Drafts", (_words(w) for w in found.drafts))
    _list("Scheduled", (_scheduled(asked, w) for w in found.scheduled))
    held = {name: count for name, count in found.queue.items() if count}
    _list("Queue", (f"{n} in {name}" for name, n in held.items()))
    _list("Not committed", map(printable, found.uncommitted or ()))
    _list("Not merged", (printable(f"{b.name}: {b.subject}") for b in found.branches))
    if found.uncommitted is None:
        say("There is no Git repository here. Make one with: git init")
    elif found.commits is None:
        say("Nothing is known of a last build.")
    else:
        tell(f"{plural(found.commits, 'commit')} since the last build.")


def _list(heading: str, lines: Iterable[str]) -> None:
    found = list(lines)
    tell(f"{heading}: {len(found) or 'none'}")
    for line in found:
        tell(f"  {line}")


def _words(waits: Waits) -> str:
    return printable(f"{waits.title} ({waits.path})")


def _scheduled(asked: Asked, waits: Waits) -> str:
    return f"{when_words(waits.when, asked.config)}  {_words(waits)}"


def _json(found: Status) -> dict[str, Any]:
    uncommitted = None if found.uncommitted is None else list(found.uncommitted)
    return {
        "drafts": [_waits_json(waits) for waits in found.drafts],
        "scheduled": [_waits_json(waits) for waits in found.scheduled],
        "queue": found.queue,
        "uncommitted": uncommitted,
        "branches": [
            {"name": b.name, "commit": b.commit, "subject": b.subject}
            for b in found.branches
        ],
        "commits_since_build": found.commits,
    }


def _waits_json(waits: Waits) -> dict[str, Any]:
    when = waits.when.datetime().isoformat() if waits.when else None
    return {"path": waits.path, "title": waits.title, "date": when}
