"""What moderators do with entries, each step so that a crash leaves nothing half done.

Everything happens under the queue's lock, and whoever takes it first finishes or undoes
what a killed process had begun.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from sitegen.build.parse import rules_of
from sitegen.build.store import Store
from sitegen.build.survey import Asked, Survey, read_inputs
from sitegen.build.titles import renew_titles
from sitegen.config import Config, Submissions
from sitegen.content.records import Moment
from sitegen.content.titles import title_key
from sitegen.problems import Problem, ProblemsFound, SitegenError, printable
from sitegen.submissions import approval, decisions, finished, form, records
from sitegen.submissions.child import Rendered, render_in_child
from sitegen.submissions.decisions import Action, Decision, Decisions, Kept
from sitegen.submissions.filesystem import failure_of, names, unlink
from sitegen.submissions.finished import Finished
from sitegen.submissions.form import Draft
from sitegen.submissions.notices import outbox
from sitegen.submissions.published import Index, index_of
from sitegen.submissions.records import STATES, BadEntry, State, Submission
from sitegen.submissions.recovery import purge
from sitegen.submissions.spool import Spool


class Listed(msgspec.Struct, frozen=True):
    """An entry of the queue, and the folder that it lies in."""

    state: State
    submission: Submission

    @property
    def version(self) -> str:
        """What changes whenever the entry does; forms carry what a moderator saw."""
        data = self.state.encode() + records.dump(self.submission)
        return hashlib.sha256(data).hexdigest()[:16]


class Overtaken(SitegenError):
    """Somebody else decided on the entry first; says who, and what."""


class Unnoted(SitegenError):
    """The entry is a post now, but neither logged nor kept for undoing; says where."""


class Approved(msgspec.Struct, frozen=True):
    """A submission that is a post now."""

    id: str
    path: str
    """Of the content file, relative to the site's root."""
    url: str
    commit: str
    """The commit that added it; "" without a repository."""
    warnings: tuple[Problem, ...] = ()
    """What is wrong with it without being an error, such as a link to nothing."""


class Preview(msgspec.Struct, frozen=True):
    """The page that an entry would become."""

    id: str
    url: str
    html: bytes


class Desk:
    """A moderator's desk: one site, its queue, a clock, and who sits there.

    Decisions take what the moderator `saw`, the entry's version; when it is another
    one by now, nothing is done and Overtaken is raised. "" means whatever it is.
    """

    def __init__(
        self,
        root: Path,
        config: Config,
        settings: Submissions,
        spool: Spool,
        now: Callable[[], float] = time.time,
        who: str = decisions.TERMINAL,
        batch: str = "",
    ) -> None:
        self.root = root
        self.config = config
        self.settings = settings
        self.spool = spool
        self.now = now
        self.who = who
        self.batch = batch
        self.log = Decisions(spool)

    # Looking

    def entries(self, state: State) -> list[Listed]:
        """Returns the readable entries of a folder, newest first."""
        found = []
        for id in self.spool.ids(state):
            with contextlib.suppress(FileNotFoundError, BadEntry, OSError):
                found.append(Listed(state, self.spool.read(state, id)))
        return sorted(found, key=lambda e: (-e.submission.received, e.submission.id))

    def find(self, prefix: str) -> str:
        """Returns the one id that begins like this; raises SitegenError."""
        ids = {id for state in STATES for id in self.spool.ids(state)}
        found = sorted(id for id in ids if prefix and id.startswith(prefix))
        if len(found) == 1:
            return found[0]
        shown = printable(prefix)
        if found:
            listed = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            raise SitegenError(f"'{shown}' begins several ids: {listed}", "Write more.")
        hint = "List them with: sitegen queue list"
        raise SitegenError(f"There is no entry '{shown}'.", hint)

    def read(self, id: str) -> Listed:
        """Returns an entry; raises SitegenError if it is gone."""
        state = self.spool.find(id)
        try:
            if state:
                return Listed(state, self.spool.read(state, id))
        except FileNotFoundError:
            pass
        except BadEntry as error:
            hint = "Remove the file from content/queue by hand."
            raise SitegenError(str(error), hint) from error
        raise SitegenError(f"The entry {id} is no longer in the queue.")

    def read_as_seen(self, id: str, seen: str) -> Listed:
        """Returns an entry that is as the moderator saw it; raises Overtaken."""
        if not seen:
            return self.read(id)
        if self.spool.find(id) is None or self.read(id).version != seen:
            raise self.overtaken(id)
        return self.read(id)

    def overtaken(self, id: str) -> Overtaken:
        """Returns who was first, and where the entry is if it is published."""
        url = self.index().submissions.get(id)
        where = f" It is at {url}" if url else ""
        return Overtaken(f"{self.story(id)}{where}")

    def story(self, id: str) -> str:
        """Returns who last did what with an entry."""
        last = self.log.last_of(id)
        if last is None:
            return "The entry was changed meanwhile."
        return f"{last.by} {decisions.DONE[last.action]} this entry already."

    def index(self) -> Index:
        """Returns what is published, exactly."""
        return index_of(renew_titles(self.root, self.config), self.config)

    # Deciding

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Holds the moderators' lock, with nothing half done and nothing overdue."""
        try:
            with self.spool.locked():
                approval.finish_all(self.root, self.config, self.spool)
                purge(self.spool, self.now())
                decisions.forget_old(self.spool, self.now())
                outbox.forget_old(self.spool, self.now())
                yield
        except OSError as error:
            raise failure_of(error) from error

    def preview(self, id: str) -> Preview:
        """Returns the page that an entry would become; raises SitegenError."""
        entry = self.read(id).submission
        rendered = self.render(entry)
        index = self.index()
        file = self.finish(entry, index)
        survey = self.survey(file, rendered)
        html = finished.page_of(survey, file.id, rendered.document)
        return Preview(entry.id, file.url, html)

    def approve(self, id: str, seen: str = "") -> Approved:
        """Makes an entry a post: linked into the content, committed, out of the queue.

        Raises SitegenError, and then nothing has changed; but for Unnoted.
        """
        before = self.read_as_seen(id, seen)
        rendered = self.render(before.submission)
        with self.at_work():
            listed = self.read_as_seen(id, seen)
            if listed.submission != before.submission:
                raise SitegenError("The entry was changed by somebody else meanwhile.")
            if listed.state != "pending":
                raise SitegenError(
                    f"The entry {id} is {_IN_WORDS[listed.state]}.",
                    f"Bring it back first: sitegen queue restore {id}",
                )
            index = self.index()
            self.require_unpublished(listed, index)
            self.require_free_title(listed.submission.title, index)
            file = self.finish(listed.submission, index)
            warnings = self.require_sound(file, rendered)
            commit = approval.publish(
                self.root, self.config, self.spool, listed.submission, file
            )
            self.note_published(listed, file)
        return Approved(id, self.shown_path(file.id), file.url, commit, warnings)

    def reject(
        self, id: str, reason: str = "", erase: bool = False, seen: str = ""
    ) -> None:
        """Takes an entry out of the queue, for 30 days or without a trace."""
        with self.at_work():
            listed = self.read_as_seen(id, seen)
            if erase:
                self.erase(listed)
                self.note("erase", listed)
                return
            changed = msgspec.structs.replace(listed.submission, reason=reason)
            self.spool.replace(listed.state, changed)
            self.stamp(listed.state, id, self.now())
            if listed.state != "rejected":
                self.spool.move(id, listed.state, "rejected")
            self.spool.free_title(id, listed.submission.title)
            self.note("reject", listed)

    def spam(self, id: str, seen: str = "") -> None:
        """Puts an entry among the spam, where it holds no title."""
        with self.at_work():
            listed = self.read_as_seen(id, seen)
            if listed.state != "spam":
                self.spool.move(id, listed.state, "spam")
            self.spool.free_title(id, listed.submission.title)
            self.note("spam", listed)

    def restore(self, id: str, seen: str = "") -> None:
        """Puts an entry back among those that wait; its title must still be free."""
        with self.at_work():
            listed = self.read_as_seen(id, seen)
            if listed.state == "pending":
                return
            self.require_free_title(listed.submission.title, self.index())
            self.hold(id, listed.submission.title)
            self.stamp(listed.state, id, listed.submission.received)
            self.spool.move(id, listed.state, "pending")
            self.note("restore", listed)

    def edit(self, before: Listed, draft: Draft) -> Submission:
        """Returns the entry with what a moderator wrote; raises SitegenError.

        The new title is taken before the old one is let go.
        """
        changed = with_draft(before.submission, draft)
        with self.at_work():
            listed = self.read_as_seen(before.submission.id, before.version)
            self.put(listed, Listed(listed.state, changed))
            self.note("edit", listed)
        return changed

    def undo(self, id: str, batch: str) -> None:
        """Puts an entry back as it was before the last decision on it.

        Of an approval that can be undone: the post leaves the content, with a commit
        of its own, and waits again. Raises Overtaken after another decision.
        """
        with self.at_work():
            last = self.log.last_of(id)
            kept = decisions.kept_of(self.spool, id)
            if last is None or last.batch != batch or last.action == "undo":
                raise self.overtaken(id)
            if kept is None:
                raise SitegenError("This was too long ago to be undone.")
            if last.action == "approve":
                self.withdraw(kept)
            else:
                self.put(self.read(id), Listed(kept.state, kept.submission))
            self.note("undo", Listed(kept.state, kept.submission))
            decisions.forget(self.spool, id)

    # Steps

    def note(
        self, action: Action, listed: Listed, file: Finished | None = None
    ) -> None:
        """Logs a decision, and keeps what undoing it and telling the author need."""
        entry, now = listed.submission, int(self.now())
        if action not in ("erase", "undo"):
            decisions.keep(self.spool, kept_from(listed, file), now)
        url = file.url if file else ""
        self.log.add(Decision(now, entry.id, action, self.who, self.batch))
        mail = self.settings.mail
        if action in ("approve", "reject") and mail and mail.author and entry.email:
            letter = outbox.Letter(entry.id, entry.email, url, now)
            outbox.put_letter(self.spool, letter)
        elif action != "edit":
            outbox.take_back(self.spool, entry.id)

    def note_published(self, listed: Listed, file: Finished) -> None:
        """Notes an approval; raises Unnoted, since the post is there in any case."""
        try:
            self.note("approve", listed, file)
        except OSError as error:
            why = failure_of(error)
            raise Unnoted(
                f"The entry {listed.submission.id} is published at {file.url}, but that"
                f" could not be noted. {why.message}",
                why.hint,
            ) from error

    def put(self, listed: Listed, wanted: Listed) -> None:
        """Puts an entry into another state or text; raises SitegenError.

        A title that it will hold is taken before the one that it holds is let go.
        """
        id = listed.submission.id
        old = records.title_digest(listed.submission.title)
        new = records.title_digest(wanted.submission.title)
        holds, will_hold = listed.state == "pending", wanted.state == "pending"
        if will_hold and not (holds and new == old):
            self.require_free_title(wanted.submission.title, self.index())
            self.hold(id, wanted.submission.title)
        received = self.spool.stat(listed.state, id).st_mtime
        self.spool.replace(listed.state, wanted.submission)
        self.stamp(listed.state, id, received)
        if wanted.state != listed.state:
            self.stamp(listed.state, id, wanted.submission.received)
            self.spool.move(id, listed.state, wanted.state)
        if holds and not (will_hold and new == old):
            self.spool.free(id, old)
            os.fsync(self.spool.titles)

    def withdraw(self, kept: Kept) -> None:
        """Takes an approved post out of the content again, and lets it wait."""
        entry = kept.submission
        approval.require_untouched(self.content(), kept.path, kept.digest)
        self.hold(entry.id, entry.title)
        approval.withdraw(self.root, self.config, self.spool, entry, kept.path)

    def content(self) -> Path:
        """Returns the content folder."""
        return self.root / self.config.paths.content

    def render(self, entry: Submission) -> Rendered:
        """Returns what a text becomes, made where it can be stopped."""
        return render_in_child(
            finished.body_of(entry),
            self.settings.image_hosts,
            self.settings.limits.render_seconds,
            finished.fields_of(entry),
        )

    def finish(self, entry: Submission, index: Index) -> Finished:
        """Returns the content file of an entry, under a name that is free."""
        content = self.content()

        def is_taken(id: str, url: str) -> bool:
            path = content / id
            folder = path.with_suffix("")
            return url in index.urls or os.path.lexists(path) or folder.is_dir()

        moment = Moment(int(self.now()))
        return finished.finish(entry, self.config, self.settings, moment, is_taken)

    def survey(self, file: Finished, rendered: Rendered) -> Survey:
        """Returns the site as it would be with the new file."""
        asked = Asked(self.root, self.config, Moment(int(self.now())))
        known = Store(self.root).load_entries(rules_of(self.config))
        inputs = read_inputs(asked, known)
        entry = finished.entry_of(file, self.config, rendered)
        past = finished.commit_of(entry.post, self.now())
        content = self.config.paths.content
        history = finished.Foreseen(self.root, content, file.id, past)
        foreseen = msgspec.structs.replace(inputs, history=history)
        return Survey(self.root, finished.with_entry(foreseen, entry))

    def require_sound(self, file: Finished, rendered: Rendered) -> tuple[Problem, ...]:
        """Returns the warnings about a file; raises ProblemsFound for errors."""
        problems = finished.problems_of(self.survey(file, rendered), file.id)
        if any(problem.is_error for problem in problems):
            raise ProblemsFound(problems)
        return tuple(problems)

    def require_unpublished(self, listed: Listed, index: Index) -> None:
        """Raises SitegenError for what was published before; it leaves the queue."""
        id = listed.submission.id
        url = index.submissions.get(id)
        if url is not None:
            self.spool.remove(listed.state, id)
            self.spool.free_title(id, listed.submission.title)
            raise SitegenError(f"The entry {id} has been published at {url}.")

    def require_free_title(self, title: str, index: Index) -> None:
        """Raises SitegenError if a published post has this title."""
        url = index.titles.get(title_key(title))
        if url is not None:
            raise SitegenError(
                f"The title is taken by {url}.", "Change it with: sitegen queue edit"
            )

    def hold(self, id: str, title: str) -> None:
        """Takes a title for an entry; raises SitegenError if another one has it."""
        if not self.spool.hold(id, title):
            other = self.spool.holder(records.title_digest(title))
            hint = "Change one of the two with: sitegen queue edit"
            raise SitegenError(f"The title is taken by the entry {other}.", hint)

    def draft(self, text: str) -> Draft:
        """Returns the fields and the text of an edited file, checked."""
        values = edited_values(text)
        unknown = values.keys() - set(form.field_names(self.settings))
        if unknown:
            shown = printable(", ".join(sorted(unknown)))
            raise SitegenError(f"An entry has no such field: {shown}")
        draft, errors = form.check(values, self.settings)
        if draft is None:
            words = " ".join(f"{name}: {said}" for name, said in errors.items())
            raise SitegenError(f"The entry cannot be stored like this. {words}")
        return draft

    def erase(self, listed: Listed) -> None:
        """Removes every trace of an entry but that it was declined."""
        id = listed.submission.id
        self.spool.decline(id)
        for state in STATES:
            self.spool.remove(state, id)
        self.spool.free_title(id, listed.submission.title)
        for name in names(self.spool.tmp):
            if name.startswith(id):
                unlink(self.spool.tmp, name)
        decisions.forget(self.spool, id)
        outbox.forget(self.spool, id)

    def stamp(self, state: State, id: str, when: float) -> None:
        """Notes at an entry's file when it came into its folder: lists go by that."""
        os.utime(f"{id}.md", (when, when), dir_fd=self.spool.fds[state])

    def shown_path(self, id: str) -> str:
        """Returns the path of a content file relative to the site's root."""
        return f"{self.config.paths.content}/{id}".removeprefix("./")


_IN_WORDS: Mapping[State, str] = {
    "pending": "waiting",
    "spam": "among the spam",
    "rejected": "rejected",
}


def kept_from(listed: Listed, file: Finished | None) -> Kept:
    """Returns what undoing a decision on an entry needs."""
    if file is None:
        return Kept(listed.state, listed.submission)
    digest = hashlib.sha256(file.data).hexdigest()
    return Kept(listed.state, listed.submission, file.id, digest)


def with_draft(entry: Submission, draft: Draft) -> Submission:
    """Returns an entry with what a moderator wrote."""
    return msgspec.structs.replace(
        entry,
        title=draft.title,
        content=draft.content,
        author=draft.author,
        email=draft.email,
        extra=draft.extra,
    )


def editable(entry: Submission) -> str:
    """Returns the text that a moderator edits."""
    from sitegen.content.frontmatter import dump

    fields = {"title": entry.title, "name": entry.author, "email": entry.email}
    kept = {name: value for name, value in fields.items() if value}
    return dump({**kept, **entry.extra}, entry.content)


def edited_values(text: str) -> dict[str, str]:
    """Returns the form's fields in an edited file; raises SitegenError."""
    from sitegen.content.frontmatter import parse

    data = text.encode("utf-8", "surrogatepass")
    front, problems = parse(data, "entry")
    if problems:
        raise ProblemsFound(problems)
    values = {
        name: ("1" if value else "") if isinstance(value, bool) else str(value)
        for name, value in front.fields.items()
        if value is not None
    }
    values["content"] = data[front.body.offset :].decode("utf-8", "replace")
    return values
