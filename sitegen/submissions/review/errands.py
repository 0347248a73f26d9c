"""What the review pages have done in a child process, which can be killed.

Functions of plain values; what they return is MessagePack.
"""

from pathlib import Path
from typing import Any

import msgspec

from sitegen.config import Config
from sitegen.content.records import Moment
from sitegen.problems import ProblemsFound, SitegenError
from sitegen.submissions.child import ChildLost, run_in_child
from sitegen.submissions.moderation import Desk, Unnoted
from sitegen.submissions.spool import open_spool

AROUND_SECONDS = 60.0
"""For reading the site around one text, besides the text's own limit."""

BUILD_SECONDS = 1800.0


class Office(msgspec.Struct, frozen=True):
    """Whose queue it is, who decides, and when."""

    root: Path
    config: Config
    queue: Path
    now: float
    who: str
    batch: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one decision."""

    id: str
    words: str = ""
    """Why nothing was done; "" if it was."""
    notes: tuple[str, ...] = ()
    """What is wrong with it all the same."""


def preview(office: Office, id: str) -> bytes:
    """Returns the page that an entry would become; raises SitegenError."""
    return run_in_child(_preview, (office, id), _patience(office, 1))


def approve(office: Office, wanted: list[tuple[str, str]]) -> list[Outcome]:
    """Approves entries, each as the moderator saw it; returns what became of them."""
    try:
        data = run_in_child(_approve, (office, wanted), _patience(office, len(wanted)))
    except ChildLost as lost:
        words = f"{lost.message} Please look whether it was done."
        return [Outcome(id, words) for id, _ in wanted]
    return msgspec.msgpack.decode(data, type=list[Outcome])


def build(root: Path, config: Config, now: float) -> str:
    """Builds the site into its output; returns what went wrong, or ""."""
    try:
        return run_in_child(_build, (root, config, now), BUILD_SECONDS).decode()
    except SitegenError as error:
        return error.message


def in_words(failure: SitegenError) -> str:
    """Returns why something was not done, in one paragraph."""
    if isinstance(failure, ProblemsFound):
        return " ".join(problem.message for problem in failure.problems[:5])
    return failure.message


def _patience(office: Office, count: int) -> float:
    assert office.config.submissions
    limit = office.config.submissions.limits.render_seconds
    return AROUND_SECONDS + count * (limit + 1)


def _with_desk(office: Office, work: Any) -> bytes:
    settings = office.config.submissions
    assert settings
    with open_spool(office.queue) as spool:
        desk = Desk(
            office.root,
            office.config,
            settings,
            spool,
            lambda: office.now,
            office.who,
            office.batch,
        )
        answer: bytes = work(desk)
        return answer


def _preview(office: Office, id: str) -> bytes:
    return _with_desk(office, lambda desk: desk.preview(id).html)


def _approve(office: Office, wanted: list[tuple[str, str]]) -> bytes:
    def work(desk: Desk) -> bytes:
        outcomes = [_approve_one(desk, id, seen) for id, seen in wanted]
        return msgspec.msgpack.encode(outcomes)

    return _with_desk(office, work)


def _approve_one(desk: Desk, id: str, seen: str) -> Outcome:
    try:
        done = desk.approve(id, seen)
    except Unnoted as failure:
        return Outcome(id, notes=(in_words(failure),))
    except SitegenError as failure:
        return Outcome(id, in_words(failure))
    return Outcome(id, notes=tuple(problem.message for problem in done.warnings))


def _build(root: Path, config: Config, now: float) -> bytes:
    from sitegen.build.pipeline import Order
    from sitegen.build.pipeline import build as build_site
    from sitegen.build.survey import Asked

    try:
        build_site(Asked(root, config, Moment(int(now))), Order())
    except SitegenError as failure:
        return in_words(failure).encode()
    return b""
