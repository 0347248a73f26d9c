"""`sitegen queue`: moderators look at what came in, and decide."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sitegen.cli.options import format_option
from sitegen.cli.site import asked as ask
from sitegen.cli.site import when_words
from sitegen.cli.terminal import (
    say,
    show_failure,
    show_problems,
    tell,
    tell_json,
)
from sitegen.content.records import Moment
from sitegen.problems import SitegenError, printable

if TYPE_CHECKING:
    from sitegen.submissions.moderation import Desk, Listed

STATES = ("pending", "spam", "rejected")


@click.group()
def queue() -> None:
    """Shows what visitors have sent in, and decides on it.

    \b
    Examples:
      sitegen queue list
      sitegen queue show 3f
      sitegen queue approve 3f 9a
    """


@contextmanager
def desk_of(obj: tuple[str, str]) -> Iterator["Desk"]:
    """Gives the moderator's desk of the site that a command is for."""
    from sitegen.submissions.app import queue_folder
    from sitegen.submissions.moderation import Desk
    from sitegen.submissions.spool import open_spool

    asked = ask(obj)
    settings = asked.config.submissions
    if settings is None:
        raise SitegenError(
            "This site takes no submissions.", "Add [submissions] to sitegen.toml."
        )
    with open_spool(queue_folder(asked.root, asked.config)) as spool:
        # SOURCE_DATE_EPOCH stands still; what is late by it must not be kept from it.
        yield Desk(
            asked.root, asked.config, settings, spool, lambda: float(asked.now.at)
        )


ids_argument = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@queue.command("list")
@click.option(
    "--state",
    type=click.Choice((*STATES, "all")),
    default="pending",
    help="Which entries.  [default: pending]",
)
@format_option("text", "json")
@click.pass_obj
def list_entries(obj: tuple[str, str], state: str, format: str) -> None:
    """Lists the entries of the queue, newest first.

    \b
    Examples:
      sitegen queue list
      sitegen queue list --state spam
    """
    with desk_of(obj) as desk:
        states = STATES if state == "all" else (state,)
        entries = [e for each in states for e in desk.entries(each)]  # type: ignore[arg-type]
        if format == "json":
            tell_json({"entries": [as_json(entry) for entry in entries]})
            return
        for entry in entries:
            tell(line_of(entry, desk))
        say("1 entry" if len(entries) == 1 else f"{len(entries):,} entries")


def line_of(entry: "Listed", desk: "Desk") -> str:
    """Returns an entry on one line."""
    found = entry.submission
    when = when_words(Moment(found.received), desk.config)
    author = f" by {found.author}" if found.author else ""
    notes = "".join(f" [{flag}]" for flag in found.flags)
    state = "" if entry.state == "pending" else f" ({entry.state})"
    return printable(f"{found.id[:8]}  {when}  {found.title}{author}{notes}{state}")


def as_json(entry: "Listed", whole: bool = False) -> dict[str, Any]:
    """Returns an entry for programs."""
    found = entry.submission
    answer: dict[str, Any] = {
        "id": found.id,
        "title": found.title,
        "state": entry.state,
        "received_at": datetime.fromtimestamp(found.received, UTC).isoformat(),
        "author": found.author,
        "flags": list(found.flags),
    }
    if whole:
        answer |= {
            "email": found.email,
            "network": found.network,
            "reason": found.reason,
            "extra": found.extra,
            "content": found.content,
        }
    return answer


@queue.command()
@ids_argument
@format_option("text", "json")
@click.pass_obj
def show(obj: tuple[str, str], ids: tuple[str, ...], format: str) -> None:
    """Shows entries as they were sent, with what the guards noticed.

    An ID may be its first characters.

    \b
    Examples:
      sitegen queue show 3f
    """
    with desk_of(obj) as desk:
        entries = [desk.read(desk.find(id)) for id in ids]
        if format == "json":
            tell_json({"entries": [as_json(entry, True) for entry in entries]})
            return
        for entry in entries:
            for line in lines_of(entry, desk):
                tell(printable(line))


def lines_of(entry: "Listed", desk: "Desk") -> list[str]:
    """Returns all that is known of an entry, line by line."""
    found = entry.submission
    about = {
        "id": found.id,
        "state": entry.state,
        "received": when_words(Moment(found.received), desk.config),
        "title": found.title,
        "author": found.author,
        "e-mail": found.email,
        "network": found.network,
        "noticed": ", ".join(found.flags),
        "reason": found.reason,
        **found.extra,
    }
    head = [f"{key}: {value}" for key, value in about.items() if value]
    # A line break in a value would begin a line that looks like another value.
    indented = (line.replace("\n", "\n  ").split("\n") for line in head)
    return [*chain(*indented), "", *found.content.split("\n"), ""]


@queue.command()
@click.argument("id")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page to a file.",
)
@format_option("text", "json")
@click.pass_obj
def preview(obj: tuple[str, str], id: str, output: Path | None, format: str) -> None:
    """Shows the page that an entry would become, exactly as it would be published.

    \b
    Examples:
      sitegen queue preview 3f -o /tmp/preview.html
    """
    with desk_of(obj) as desk:
        found = desk.preview(desk.find(id))
    if output:
        output.write_bytes(found.html)
        say(f"{output}: the page at {printable(found.url)}")
    elif format == "json":
        html = found.html.decode("utf-8", "replace")
        tell_json({"id": found.id, "url": found.url, "html": html})
    else:
        text = found.html.decode("utf-8", "replace")
        if sys.stdout.isatty():
            # A page may hold characters that steer a terminal.
            text = "\n".join(printable(line) for line in text.split("\n"))
        tell(text)


@queue.command()
@click.argument("id")
@click.pass_obj
def edit(obj: tuple[str, str], id: str) -> None:
    """Opens an entry in $EDITOR and stores it, checked as if it were sent.

    \b
    Examples:
      sitegen queue edit 3f
    """
    from sitegen.submissions.moderation import editable

    with desk_of(obj) as desk:
        before = desk.read(desk.find(id))
        text: str | None = editable(before.submission)
        while True:
            changed = click.edit(text or "", extension=".md", require_save=False)
            if changed is None or changed == editable(before.submission):
                say("Nothing was changed.")
                return
            text = changed
            try:
                desk.edit(before, desk.draft(text))
            except SitegenError as failure:
                show_failure(failure)
                if not click.confirm("Edit it again?", err=True):
                    raise click.exceptions.Exit(1) from None
            else:
                say(f"{before.submission.id}: changed.")
                return


@queue.command()
@ids_argument
@format_option("text", "json")
@click.pass_obj
def approve(obj: tuple[str, str], ids: tuple[str, ...], format: str) -> None:
    """Publishes entries: each becomes a post, committed where there is a repository.

    The commit holds that one file, whatever else is changed or staged; hooks of the
    repository are not run.

    \b
    Examples:
      sitegen queue approve 3f 9a
    """

    def work(desk: "Desk", id: str) -> dict[str, Any]:
        done = desk.approve(id)
        commit = f", commit {done.commit[:10]} (no hook was run)" if done.commit else ""
        say(printable(f"{id}: {done.path} at {done.url}{commit}"))
        show_problems(done.warnings, say)
        return {
            "id": id,
            "path": done.path,
            "url": done.url,
            "commit": done.commit,
        }

    decide(obj, ids, format, work)


@queue.command()
@ids_argument
@click.option("--reason", default="", metavar="TEXT", help="Why, for other moderators.")
@click.option("--erase", is_flag=True, help="Remove every trace, at once.")
@format_option("text", "json")
@click.pass_obj
def reject(
    obj: tuple[str, str], ids: tuple[str, ...], reason: str, erase: bool, format: str
) -> None:
    """Takes entries out of the queue; they can be brought back for 30 days.

    \b
    Examples:
      sitegen queue reject 3f --reason "an advertisement"
      sitegen queue reject 3f --erase
    """

    def work(desk: "Desk", id: str) -> dict[str, Any]:
        desk.reject(id, reason, erase)
        say(f"{id}: {'erased' if erase else 'rejected'}.")
        return {"id": id, "state": "erased" if erase else "rejected"}

    decide(obj, ids, format, work)


@queue.command()
@ids_argument
@format_option("text", "json")
@click.pass_obj
def spam(obj: tuple[str, str], ids: tuple[str, ...], format: str) -> None:
    """Puts entries among the spam; `restore` brings them back.

    \b
    Examples:
      sitegen queue spam 3f
    """

    def work(desk: "Desk", id: str) -> dict[str, Any]:
        desk.spam(id)
        say(f"{id}: spam.")
        return {"id": id, "state": "spam"}

    decide(obj, ids, format, work)


@queue.command()
@ids_argument
@format_option("text", "json")
@click.pass_obj
def restore(obj: tuple[str, str], ids: tuple[str, ...], format: str) -> None:
    """Puts spam or rejected entries back among those that wait.

    \b
    Examples:
      sitegen queue restore 3f
    """

    def work(desk: "Desk", id: str) -> dict[str, Any]:
        desk.restore(id)
        say(f"{id}: waits again.")
        return {"id": id, "state": "pending"}

    decide(obj, ids, format, work)


@queue.command()
@click.option("--remove", is_flag=True, help="Take the review pages off again.")
@click.pass_obj
def password(obj: tuple[str, str], remove: bool) -> None:
    """Sets the password of the review pages, which puts them on.

    It is asked for, or read from the first line of standard input where that is no
    terminal. Only its hash is kept. A change ends every session.

    \b
    Examples:
      sitegen queue password
      cat password.txt | sitegen queue password
    """
    from sitegen.submissions.review import password as passwords

    with desk_of(obj) as desk:
        if remove:
            found = passwords.remove(desk.spool)
            say("The review pages are off." if found else "They were off already.")
            return
        passwords.store(desk.spool, asked_password())
        path = f"{desk.config.base_path}{desk.settings.path}review/"
        say(f"The review pages are on: {desk.config.origin}{path}")


def asked_password() -> str:
    """Returns the password that is typed twice, or piped in."""
    if is_piped():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )
    return typed


def is_piped() -> bool:
    """True if nobody types at standard input."""
    return not sys.stdin.isatty()


def decide(
    obj: tuple[str, str],
    ids: tuple[str, ...],
    format: str,
    work: Callable[["Desk", str], dict[str, Any]],
) -> None:
    """Does the same with several entries; what fails for one is said at the end."""
    results: list[dict[str, Any]] = []
    failed = False
    with desk_of(obj) as desk:
        found = list(dict.fromkeys(desk.find(id) for id in ids))
        for id in found:
            try:
                results.append(work(desk, id))
            except SitegenError as failure:
                failed = True
                say(f"{id}:")
                show_failure(failure)
    if format == "json":
        tell_json({"entries": results})
    if failed:
        raise click.exceptions.Exit(1)
