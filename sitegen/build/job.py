"""What a worker needs to make pages, and the tasks that make them.

A job is everything that rendering reads besides the bodies: it is written to one file,
named by its digest, and a worker reads it once and keeps it.
"""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from sitegen.build.drawer import Drawer, Kept
from sitegen.build.outputs import (
    Output,
    Staged,
    copy_new,
    stage,
    stage_copy,
    write_new,
)
from sitegen.build.parse import ChangedMeanwhile, Documents, ParseRules, shown_path
from sitegen.build.render import Rendering, render
from sitegen.build.templates import (
    HonestEnvironment,
    TemplateFailure,
)
from sitegen.build.theme import TemplateSource, source_file
from sitegen.build.trace import encode
from sitegen.build.workers import Parts, Work, batches
from sitegen.content.records import Body
from sitegen.digests import digest
from sitegen.problems import Problem
from sitegen.site.model import Site, SiteData
from sitegen.site.plan import Artifact
from sitegen.site.questions import Question

RENDER_CHUNK = 100
"""Artifacts that a worker makes at a time."""

LIST_CHUNK = 5
"""Lists that a worker makes at a time."""

MOST_KNOWN = 20_000
"""Of how many elements and references a worker keeps what pages show.

It makes posts, most of which no other page of its shows. The process that plans makes
the lists, and keeps all: see `RenderWork`.
"""

LISTS = frozenset(("home", "section", "term", "taxonomy", "feed", "sitemap"))
"""Kinds of artifact that show posts from everywhere."""


class Job(msgspec.Struct, frozen=True, array_like=True):
    """All that the pages of one build are made from."""

    root: str
    output: str
    """The folder to write to."""
    is_new: bool
    """True if that folder is ours alone, and waits for its name."""
    rules: ParseRules
    data: SiteData
    templates: dict[str, TemplateSource]
    bodies: dict[str, Body]
    drawers: str
    """The folder that documents are kept in."""
    documents: dict[str, Kept]


class Workshop:
    """A job made ready: its site, its templates and its documents."""

    def __init__(self, job: Job, site: Site | None = None) -> None:
        self.root = Path(job.root)
        self.output = job.output
        self.is_new = job.is_new
        self.site = site or Site(job.data)
        self.environment = HonestEnvironment(job.templates)
        drawer = Drawer(Path(job.drawers), job.documents)
        posts = self.site.by_id
        self.documents = Documents(self.root, job.rules, job.bodies, posts, drawer)

    def forget(self) -> None:
        """Forgets what pages of many posts have in common, if it is much."""
        if len(self.site.known) > MOST_KNOWN:
            self.site.known.clear()
        if len(self.site.reached) > MOST_KNOWN:
            self.site.reached.clear()


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """An artifact to make, and its output as the last build left it."""

    artifact: Artifact
    known: Output | None

    @property
    def is_list(self) -> bool:
        """True if it shows many posts."""
        return self.artifact.kind in LISTS


class Task(msgspec.Struct, frozen=True, array_like=True):
    """Some artifacts of a job, for one worker."""

    job: str
    """The file that the job lies in; its name holds the job's digest."""
    wanted: tuple[Wanted, ...]


class Made(msgspec.Struct, frozen=True, array_like=True):
    """What became of one artifact."""

    staged: Staged | None
    numbers: tuple[int, ...]
    """Its questions, as places in the result's list."""
    problem: Problem | None = None
    nanoseconds: int = 0
    changed: str = ""
    """The content file that is not as it was parsed."""


class Result(msgspec.Struct, frozen=True, array_like=True):
    """What a worker made of a task."""

    questions: tuple[bytes, ...]
    made: tuple[Made, ...]


class _Kept(threading.local):
    """The job that this thread keeps, by the file it came from; one at a time.

    A workshop renders one page at a time, so threads cannot share it.
    """

    def __init__(self) -> None:
        self.workshops: dict[str, Workshop] = {}


_kept = _Kept()


def write_job(job: Job, folder: Path) -> str:
    """Writes a job for workers to read; returns the file."""
    data = msgspec.msgpack.encode(job)
    name = digest(data).hex()
    file = folder / f"job-{name}-{os.getpid()}"
    file.write_bytes(data)
    return str(file)


def keep(file: str, workshop: Workshop) -> None:
    """Keeps a job's workshop for this process and those forked from it."""
    _kept.workshops.clear()
    _kept.workshops[file] = workshop


def forget() -> None:
    """Lets go of the job that this process keeps."""
    _kept.workshops.clear()


def workshop_of(file: str) -> Workshop:
    """Returns the workshop of a job, which is read from its file at most once."""
    if file not in _kept.workshops:
        job = msgspec.msgpack.decode(Path(file).read_bytes(), type=Job)
        keep(file, Workshop(job))
    return _kept.workshops[file]


class RenderWork(Work[Sequence[Wanted], Result]):
    """Artifacts to be made, as work for several processes.

    The one that plans begins with lists. They look at posts from everywhere, and a
    forked process gets a copy of each page of memory that it looks at; so others get
    posts, each some of them, and only the lists that are left over.
    """

    def __init__(
        self, file: str, workshop: Workshop, wanted: Iterable[Wanted], jobs: int
    ) -> None:
        self.file = file
        """What `make_task` knows the job by."""
        self.workshop = workshop
        lists: list[Wanted] = []
        leaves: list[Wanted] = []
        for item in wanted:
            (lists if item.is_list else leaves).append(item)
        self.lists = Parts(lists, jobs, LIST_CHUNK, 1)
        self.leaves = Parts(leaves, jobs, RENDER_CHUNK)
        self.task = make_task

    def part(self, large: bool) -> Sequence[Wanted] | None:
        """Returns artifacts that nobody makes yet; None when there are no more."""
        if large:
            return self.leaves.large() or self.lists.large() or None
        return self.lists.small() or self.leaves.small() or None

    def packed(self, part: Sequence[Wanted]) -> bytes:
        """Returns a Task as MessagePack."""
        return msgspec.msgpack.encode(Task(self.file, tuple(part)))

    def unpacked(self, data: bytes) -> Result:
        """Returns what `make_task` gave."""
        return msgspec.msgpack.decode(data, type=Result)

    def here(self, part: Sequence[Wanted]) -> Result:
        """Returns what was made of the artifacts."""
        return make(self.workshop, part)


def make_task(data: bytes) -> bytes:
    """Returns a Result as MessagePack for a Task as MessagePack; a worker's task."""
    task = msgspec.msgpack.decode(data, type=Task)
    workshop = workshop_of(task.job)
    result = make(workshop, task.wanted)
    workshop.forget()
    return msgspec.msgpack.encode(result)


def make(workshop: Workshop, wanted: Iterable[Wanted]) -> Result:
    """Makes artifacts and stages them."""
    table: dict[Question, int] = {}
    made: list[Made] = []
    try:
        # A batch takes less time than its pages one by one, see `parse_files`.
        for drafts in batches((_draft(workshop, item) for item in wanted), _size):
            made += [_staged(workshop, draft, table) for draft in drafts]
            drafts.clear()  # the next are rendered before the list is let go
    finally:
        workshop.documents.drawer.close()
    return Result(tuple(map(encode, table)), tuple(made))


class _Draft(msgspec.Struct):
    """An artifact that is rendered, or will be copied, or could not be made."""

    wanted: Wanted
    rendering: Rendering | None
    nanoseconds: int
    failed: Made | None = None


def _size(draft: _Draft) -> int:
    return len(draft.rendering.data) if draft.rendering else 0


def _draft(workshop: Workshop, wanted: Wanted) -> _Draft:
    start = time.perf_counter_ns()
    rendering = failed = None
    artifact = wanted.artifact
    if artifact.kind != "file":
        try:
            rendering = render(
                artifact, workshop.site, workshop.environment, workshop.documents
            )
        except TemplateFailure as failure:
            failed = _failed(workshop, failure)
    return _Draft(wanted, rendering, time.perf_counter_ns() - start, failed)


def _failed(workshop: Workshop, failure: TemplateFailure) -> Made:
    if isinstance(failure.__cause__, ChangedMeanwhile):
        content = workshop.documents.rules.content
        return Made(None, (), changed=shown_path(content, str(failure.__cause__)))
    return Made(None, (), failure.problem)


def _staged(workshop: Workshop, draft: _Draft, table: dict[Question, int]) -> Made:
    if draft.failed:
        return draft.failed
    start = time.perf_counter_ns()
    numbers: tuple[int, ...] = ()
    if draft.rendering:
        staged = _write(workshop, draft.wanted, draft.rendering.data)
        asked = draft.rendering.questions
        numbers = tuple([table.setdefault(each, len(table)) for each in asked])
    else:
        try:
            staged = _copy(workshop, draft.wanted)
        except FileNotFoundError:
            return Made(None, (), changed=draft.wanted.artifact.source)
    spent = draft.nanoseconds + time.perf_counter_ns() - start
    return Made(staged, numbers, None, spent)


def _write(workshop: Workshop, wanted: Wanted, data: bytes) -> Staged:
    path = wanted.artifact.output
    if workshop.is_new:
        return write_new(workshop.output, path, data)
    return stage(workshop.output, path, data, wanted.known)


def _copy(workshop: Workshop, wanted: Wanted) -> Staged:
    path = wanted.artifact.output
    source = str(source_file(workshop.root, wanted.artifact.source))
    if workshop.is_new:
        return copy_new(workshop.output, path, source)
    return stage_copy(workshop.output, path, source, wanted.known)
