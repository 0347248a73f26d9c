"""Builds while somebody writes: keeps the last build in memory and brings it forward.

What was changed is shown in two steps. First the pages that somebody looks at are
rendered and served from memory. Then the rest follows, as in any build: it is planned,
checked, rendered, written and committed, and gives way to the next change.

One thread does all this. What it shows is a snapshot, replaced as a whole.
"""

import time
import traceback
from collections.abc import Callable

import msgspec

from sitegen.build.delta import Delta, together
from sitegen.build.parse import Entry
from sitegen.build.pipeline import Order
from sitegen.build.store import Store
from sitegen.build.survey import Asked, Progress, silent
from sitegen.content.records import Moment, Post
from sitegen.problems import Problem, ProblemsFound, SitegenError
from sitegen.serve.bench import Bench, Settled
from sitegen.serve.board import Board
from sitegen.serve.inbox import Changed, Closed, Inbox
from sitegen.serve.reading import Address, Reading
from sitegen.serve.snapshot import Fresh, Snapshot
from sitegen.site import urls

SWEEPS = (0.04, 0.12, 0.3, 0.8)
"""Seconds after an event at which files that are probably edited are looked at."""

SAVE = 2.0
"""Seconds without a change after which the store learns what was built."""

PATIENCE = 3.0
"""Seconds after which building the rest no longer gives way to new changes."""

AHEAD = 8
"""Posts that came or moved at once, at most, for them to be shown before the rest."""

HALF_WRITTEN = 0.06
"""Seconds that an error waits: a file may have been read while it was written."""

RACE = "build-race"
"""The code of the problem that a file changed while it was read."""


class Rebuilt(msgspec.Struct, frozen=True):
    """What came of a change."""

    changed: tuple[str, ...]
    seconds: float
    settled: Settled | None = None
    """What was built; None if the site stays as it was."""
    problems: tuple[Problem, ...] = ()
    """Errors, or the warnings of what was built."""
    failure: str = ""
    """What else went wrong, in words."""
    crash: str = ""
    """A traceback, if sitegen itself failed."""


class Interrupted(Exception):
    """The rest of a build gives way to the next change."""


class Session:
    """The build that is kept in memory; `work` brings it forward until it is closed."""

    def __init__(
        self,
        ask: Callable[[], Asked],
        address: Address,
        inbox: Inbox,
        tell: Callable[[Rebuilt], None],
        order: Order,
        navigate: bool = False,
    ) -> None:
        self._inbox = inbox
        self._tell = tell
        self._navigate = navigate
        started = ask()
        store = Store(started.root)
        self.reading = Reading(ask, address, store, order.jobs)
        self._bench = Bench(self.reading, store, order)
        config = self.reading.asked.config
        files = self._bench.files()
        self.board = Board(Snapshot(self._bench.folder, config.base_path, files))
        self.came_and_went: Callable[[], None] = lambda: None
        """Called after files or folders came or went, or settings changed."""
        self._unsettled = Delta(plan=True)
        self._changed: dict[str, None] = {}
        self._good = False
        self._again = False
        self._saved = True
        self._warm = False
        self._since = self._touched = self._asked_at = time.monotonic()
        self._sweeps: list[float] = []

    # The loop.

    def open(self, progress: Progress = silent) -> None:
        """Builds for the first time."""
        self._rebuild(Changed(sweep=True), progress)

    def work(self) -> None:
        """Builds whatever changes, until the inbox is closed."""
        while True:
            try:
                changed = self._inbox.take(self._patience())
            except Closed:
                return
            if changed is None:
                self._guarded(self._use_quiet)
            else:
                self._rebuild(changed)

    def _patience(self) -> float | None:
        """Returns how long there is nothing to do unless something changes."""
        waits = [at - time.monotonic() for at in self._appointments()]
        return max(0.0, min(waits)) if waits else None

    def _appointments(self) -> list[float]:
        """Returns when there is something to do anyway."""
        found = [*self._sweeps[:1]]
        if self._again or not self._warm:
            found.append(self._touched)
        if not self._saved:
            found.append(self._touched + SAVE)
        if (due := self._due()) is not None:
            found.append(due)
        return found

    def _due(self) -> float | None:
        """Returns when time alone changes which posts are shown."""
        target, asked = self._bench.target, self.reading.asked
        if target is None or target.due is None or target.due <= asked.now.at:
            return None
        return self._asked_at + target.due - asked.now.at

    def _use_quiet(self) -> None:
        """Does what waited for a moment without changes."""
        now, due = time.monotonic(), self._due()
        if self._again:
            self._rebuild(Changed())
        elif not self._warm:
            self._warm = True
            if self._good:
                self._bench.warm()
        elif self._sweeps and now >= self._sweeps[0]:
            self._sweeps.pop(0)
            self._sweep_edited()
        elif not self._saved and now >= self._touched + SAVE:
            self._saved = True
            self._bench.save()
        elif due is not None and now >= due:
            self._rebuild(Changed(sweep=True))

    def _sweep_edited(self) -> None:
        entries = {e.source.path: e.source for e in self._entries()}
        subjects = map(self._bench.subject, self.board.looked_at())
        looked_at = [entries[id] for id in subjects if id in entries]
        for path in self.reading.edited(looked_at):
            self._inbox.put(path, finished=bool(self.reading.real((path,))))

    def _entries(self) -> tuple[Entry, ...]:
        return self.reading.inputs.entries if self.reading.inputs else ()

    # One change.

    def _rebuild(self, changed: Changed, progress: Progress = silent) -> None:
        """Brings everything forward."""
        start = time.monotonic()
        if not self._again:
            self._since = start
        self._again = False
        self._guarded(lambda: self._advance(changed, progress))

    def _advance(self, changed: Changed, progress: Progress) -> None:
        self._take_in(changed, progress)
        if self._unsettled:
            self._bring_forward(progress)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Does something; whatever goes wrong is shown, told and survived."""
        try:
            work()
        except Interrupted:
            self._again = True
        except ProblemsFound as found:
            self._stop_at(found.problems)
        except SitegenError as failure:
            self._fail(failure=str(failure))
        except Exception:
            # Whatever is known may be half of it.
            self._unsettled = Delta(plan=True)
            self._fail(crash=traceback.format_exc())

    def _take_in(self, changed: Changed, progress: Progress) -> None:
        """Reads what changed and notes what differs."""
        if changed.paths:
            self._touched = time.monotonic()
            self._sweeps = [self._touched + wait for wait in SWEEPS]
        config = self.reading.asked.config
        if not self.reading.knows(changed.paths):
            self.came_and_went()
        delta = self.reading.update(changed, progress)
        if self.reading.asked.config != config:
            self.came_and_went()
        if changed.sweep or delta.plan:
            self._asked_at = time.monotonic()
        if delta:
            self._changed |= dict.fromkeys(sorted(self.reading.changed))
            self._unsettled = together([self._unsettled, delta])
            self._show(self._bench.copies(delta))

    def _bring_forward(self, progress: Progress) -> None:
        if self._good:
            (self._show_ahead if self._unsettled.plan else self._show_first)()
        delta = self._unsettled
        settled = self._bench.settle(delta, self._giving_way(progress), self._give_way)
        self._unsettled, self._good, self._saved = Delta(), True, False
        self._warm &= delta.is_still
        self._touched = time.monotonic()
        self._follow()
        self.board.publish(
            Snapshot(
                self._bench.folder,
                self.reading.asked.config.base_path,
                self._bench.files(),
                marks=self.board.snapshot.marks if delta.is_still else self._marks(),
            )
        )
        self._report(settled.warnings, settled)

    def _follow(self) -> None:
        """Sends the browser to the page of the post that was edited, if asked to."""
        survey, ids = self.reading.survey, self._edited()
        if self._navigate and ids:
            self.board.go(urls.url(survey.config, survey.site.paths[ids[-1]]))

    def _show_first(self) -> None:
        """Shows the pages that somebody looks at as they are now."""
        site, delta = self.reading.survey.site, self._unsettled
        edited = [
            urls.output_path(site.paths[id])
            for id in sorted(delta.bodies | delta.records)
            if id in site.by_id
        ]
        shown = (*edited, *self.board.looked_at(), *self.board.snapshot.fresh)
        self._follow()  # first: a tab that reloads hears nothing for a moment
        self._show(self._bench.first(delta, dict.fromkeys(shown)))

    def _show_ahead(self) -> None:
        """Shows the posts that came or moved, unless they are many."""
        ids = self._edited()
        if 0 < len(ids) <= AHEAD:
            self._show(self._bench.ahead(ids), self._marks())

    def _edited(self) -> list[str]:
        """Returns the ids of the posts shown whose files changed."""
        survey = self.reading.survey
        folder = survey.config.paths.content
        ids = [path.removeprefix(f"{folder}/") for path in self._changed]
        return [id for id in ids if id in survey.site.paths]

    def _show(
        self, pages: dict[str, Fresh | None], marks: dict[str, str] | None = None
    ) -> None:
        if pages:
            self.board.publish(self.board.snapshot.with_fresh(pages, marks))

    def _giving_way(self, progress: Progress) -> Progress:
        def tell(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            self._give_way()

        return tell

    def _give_way(self) -> None:
        """Raises Interrupted if there is something newer to do, or nothing any more."""
        if self._inbox.is_closed or (self._inbox.is_waiting and not self._is_late()):
            raise Interrupted

    def _is_late(self) -> bool:
        return time.monotonic() > self._since + PATIENCE

    # What is said.

    def _stop_at(self, problems: tuple[Problem, ...]) -> None:
        if any(problem.code == RACE for problem in problems):
            self._inbox.ask_sweep()
        elif not self._is_late() and self._inbox.awaits(HALF_WRITTEN):
            self._again = True
        else:
            self._fail(problems)

    def _fail(
        self, problems: tuple[Problem, ...] = (), failure: str = "", crash: str = ""
    ) -> None:
        """Leaves the site as it was and says why."""
        self._good = False
        errors = tuple(problem for problem in problems if problem.is_error)
        self.board.publish(self.board.snapshot.with_trouble(errors, failure, crash))
        self._report(problems, None, failure, crash)

    def _report(
        self,
        problems: tuple[Problem, ...],
        settled: Settled | None,
        failure: str = "",
        crash: str = "",
    ) -> None:
        changed, seconds = tuple(self._changed), time.monotonic() - self._since
        self._changed.clear()
        if not self._inbox.is_closed:
            self._tell(Rebuilt(changed, seconds, settled, problems, failure, crash))

    def _marks(self) -> dict[str, str]:
        """Returns why the published site would not show a page, by its output."""
        site, now = self.reading.survey.site, self.reading.asked.now
        return {
            urls.output_path(site.paths[post.id]): mark
            for post in site.data.posts
            if (mark := mark_of(post, now))
        }


def mark_of(post: Post, now: Moment) -> str:
    """Returns why the published site would not show a post now; "" if it would."""
    if post.draft:
        return "Draft: not on the published site."
    if post.date and post.date.at > now.at:
        return f"Scheduled: on the published site from {words(post.date)}."
    if post.expires and post.expires.at <= now.at:
        return f"Expired: not on the published site since {words(post.expires)}."
    return ""


def words(moment: Moment) -> str:
    """Returns a moment for people, at the offset it was written with."""
    return f"{moment.datetime():%Y-%m-%d %H:%M %Z}"
