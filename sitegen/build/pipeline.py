"""Content in, site out: `build` does what `sitegen build` says, and says what it did.

The steps, each a value made from the one before:

1. inputs are read, as far as they changed;
2. if nothing changed and the outputs are as we left them, that was all; if only the
   text and the looks of posts did, steps 3 and 4 keep to what that concerns;
3. the site is made, planned and checked; an error ends the build here;
4. of the planned artifacts the stale ones are made and staged beside their targets;
5. all staged files take their places, ours that are no longer planned go;
6. the store remembers what was asked, and what was answered.
"""

import gc
import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sitegen.build import drawer, outputs, trace, workers
from sitegen.build.delta import Delta, between, is_settled, still_changes
from sitegen.build.making import Making, Timing, with_looks
from sitegen.build.parse import Entry
from sitegen.build.stale import (
    Plan,
    changed_files,
    plan_all,
    plan_still,
    template_digests,
)
from sitegen.build.store import FOLDER, Store, Target, make_folder
from sitegen.build.survey import Asked, Inputs, Progress, Survey, read_inputs, silent
from sitegen.build.theme import Static
from sitegen.config import Config
from sitegen.digests import digest
from sitegen.problems import Problem, ProblemsFound, SitegenError
from sitegen.site.visibility import Shown, Waiting

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sitegen.build.job import Job, Result, Wanted, Workshop

MANY = 1000
"""Pages for which it pays to spare what there is from searches for cycles."""

IN_MEMORY = "in memory"
"""Stands for the file of a job that forked processes share."""

SMALL = 60
"""Fewer stale artifacts than this are not worth a pool of processes."""


Handed = tuple[Sequence["Wanted"], "Result"]
"""Artifacts that were wanted, and what was made of them."""


class Order(msgspec.Struct, frozen=True):
    """How a build is to be done; never what comes out."""

    jobs: int = 1
    force: bool = False
    """Trust nothing that earlier builds remember."""
    strict: bool = False
    """Warnings stop the build too."""


class Report(msgspec.Struct, frozen=True):
    """What a build did."""

    total: int
    """Files of the site."""
    rendered: int
    """Files that were made anew."""
    written: int
    """Files whose bytes were not already there."""
    removed: tuple[str, ...]
    problems: tuple[Problem, ...]
    waiting: tuple[Waiting, ...]
    asked: int = 0
    """Questions that were answered."""
    reasons: dict[str, str] = {}
    """Output path → why it was made anew."""
    times: tuple[Timing, ...] = ()
    """Of what was made in this build."""
    stages: tuple[tuple[str, int], ...] = ()
    """Stage and nanoseconds, in order."""
    is_shallow: bool = False
    """True if Git's dates and people are missing because the clone is shallow."""
    doubts: tuple[str, ...] = ()
    """Why the cache was not trusted."""
    parsed: int = 0
    """Content files that were turned into documents."""


def build(
    asked: Asked,
    order: Order,
    progress: Progress = silent,
    executor: "Executor | None" = None,
) -> Report:
    """Brings the output folder up to date and returns what was done.

    An `executor` takes the place of our own processes; it is not shut down. Raises
    ProblemsFound if there are errors; then nothing is written.
    """
    store = Store(asked.root)
    key = target_key(asked.config, asked.shown)
    with locked(asked.root), workers.Pool(order.jobs, executor) as pool:
        target = None if order.force else store.load_target(key)
        try:
            return Build(asked, order, store, pool, progress, target).run()
        finally:
            drawer.sweep(store.folder)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keeps other builds of this site out; waits for one that is under way."""
    handle = _lock(root / FOLDER)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: Path) -> int | None:
    """Returns the handle of a lock; None on a read-only disk, with nothing to guard."""
    import fcntl

    while True:
        make_folder(folder)
        try:
            handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_at(handle, folder / "lock"):
            return handle
        # Whoever held it cleaned up and took the file away.
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def output_folder(root: Path, config: Config) -> Path:
    """Returns the folder that the site is written to.

    Raises SitegenError if writing there would touch the site's sources.
    """
    folder = Path(os.path.normpath(root / config.paths.output))
    real = Path(os.path.realpath(folder))
    if real.is_file():
        hint = "Move it away, or choose another folder with -o."
        raise SitegenError(f"The output folder {folder} is a file.", hint)
    sources = [root]
    for name in (config.paths.content, config.paths.templates, config.paths.static):
        if name != ".":
            sources.append(root / name)
    for source in sources:
        source = Path(os.path.realpath(source))
        if source == real or source.is_relative_to(real):
            hint = "Choose a folder of its own with -o or [paths] output."
            raise SitegenError(f"The output folder {folder} holds the sources.", hint)
        if source != Path(os.path.realpath(root)) and real.is_relative_to(source):
            hint = "Choose a folder of its own with -o or [paths] output."
            raise SitegenError(f"The output folder {folder} lies in {source}.", hint)
    return folder


def target_key(config: Config, shown: Shown) -> bytes:
    """Returns the name of a target: where it is written, and for which address."""
    what = (config.paths.output, config.base_url, shown)
    return digest(msgspec.msgpack.encode(what))


def place_key(config: Config) -> bytes:
    """Returns the name of an output folder, which several targets may share."""
    return digest(config.paths.output.encode())


class _Clock:
    """Measures the stages of a build."""

    def __init__(self) -> None:
        self.last = time.perf_counter_ns()
        self.laps: list[tuple[str, int]] = []

    def lap(self, stage: str) -> None:
        """Notes that a stage is over."""
        now = time.perf_counter_ns()
        self.laps.append((stage, now - self.last))
        self.last = now

    def stages(self) -> tuple[tuple[str, int], ...]:
        """Returns each stage and its nanoseconds."""
        return tuple(self.laps)


class Build:
    """One run; each method is a step."""

    def __init__(
        self,
        asked: Asked,
        order: Order,
        store: Store,
        pool: workers.Pool,
        progress: Progress,
        target: Target | None,
    ) -> None:
        self.asked = asked
        self.order = order
        self.store = store
        self.pool = pool
        self.progress = progress
        self.clock = _Clock()
        self.root = asked.root
        self.folder = output_folder(asked.root, asked.config)
        self.key = target_key(asked.config, asked.shown)
        self.place = place_key(asked.config)
        self.began = time.time_ns()
        self.config = digest(msgspec.msgpack.encode(asked.config))
        self.target = target
        self.known: tuple[Entry, ...] = ()
        """The content files as an earlier build read them."""

    def run(self) -> Report:
        """Does all the steps."""
        inputs = self.read()
        self.clock.lap("read and parse")
        self.renew_titles(inputs)
        survey = Survey(self.root, inputs)
        templates = template_digests(inputs)
        torn = self.store.is_torn(self.place)
        there = None
        if self.target and not torn and self.is_like(self.target, inputs, templates):
            there = self.as_it_lies(self.target, inputs)
        if there and there.sources == sources_digest(inputs):
            self.clock.lap("compare")
            return self.report_nothing(survey, there)
        if there and (delta := self.slight_edits(survey, there)):
            return self.run_still(survey, there, delta)
        manifest = outputs.read_manifest(self.folder)
        if torn or not self.target:
            outputs.remove_staged(self.folder)
        problems = self.check(survey)
        self.clock.lap("check")
        plan = plan_all(survey, self.target, self.config, templates, self.folder)
        self.clock.lap("compare")
        self.store.mark_torn(self.place)
        made = self.make(survey, plan, manifest)
        self.clock.lap("render")
        with workers.uninterrupted():
            removed = self.put_into_place(made, manifest)
            self.clock.lap("write")
            new = self.renewed(survey, plan, made, templates, problems)
            self.store.save_target(self.key, new, self.began)
            self.store.mark_whole(self.place)
        self.clock.lap("remember")
        return self.report(survey, plan, made, removed, problems)

    def slight_edits(self, survey: Survey, there: Target) -> Delta | None:
        """Returns what differs, if that is the text and the looks of posts alone."""
        inputs = survey.inputs
        if there.sources != entries_digest(self.known):
            return None
        if [e.source.path for e in self.known] != [
            e.source.path for e in inputs.entries
        ]:
            return None
        delta = between(self.known, inputs.entries)
        return delta if is_settled(delta, survey, self.known, there) else None

    def run_still(self, survey: Survey, there: Target, delta: Delta) -> Report:
        """Does steps 4 to 6 where neither index nor plan nor checks are touched."""
        self.clock.lap("check")
        plan = plan_still(survey, there, still_changes(delta))
        self.clock.lap("compare")
        self.store.mark_torn(self.place)
        known = {path: plan.known[path] for path in plan.reasons}
        made = self.make(survey, plan, outputs.manifest_of(known.values()))
        self.clock.lap("render")
        with workers.uninterrupted():
            outputs.recommit(self.folder, made.staged, known)
            self.clock.lap("write")
            new = msgspec.structs.replace(
                with_looks(there, plan, made),
                sources=sources_digest(survey.inputs),
                clock=self.asked.now.at,
                manifest=outputs.manifest_digest(self.folder),
            )
            self.store.save_target(self.key, new, self.began)
            self.store.mark_whole(self.place)
        self.clock.lap("remember")
        problems = sorted([*survey.parse_problems, *there.checks], key=Problem.sort_key)
        return self.report(survey, plan, made, [], problems)

    def report(
        self,
        survey: Survey,
        plan: Plan,
        made: Making,
        removed: list[str],
        problems: list[Problem],
    ) -> Report:
        """Returns what this build did."""
        inputs = survey.inputs
        return Report(
            len(plan.artifacts),
            len(plan.stale),
            sum(item.waiting for item in made.staged),
            tuple(removed),
            tuple(problems),
            survey.waiting,
            plan.answers.asked,
            plan.reasons,
            tuple(made.times),
            self.clock.stages(),
            inputs.history.is_shallow,
            tuple(self.store.doubts),
            len(inputs.documents),
        )

    def read(self) -> Inputs:
        """Step 1: reads what changed."""
        from sitegen.build.parse import rules_of
        from sitegen.markup.extensions import impure_extensions

        rules = rules_of(self.asked.config)
        impure = impure_extensions(rules.markdown)
        if impure:
            names = ", ".join(impure)
            self.store.doubts.append(f"{names} may read files that nobody knows of")
        trusted = not self.order.force and not impure
        self.known = self.store.load_entries(rules) if trusted else ()
        drawer.sweep(self.store.folder)
        inputs = read_inputs(
            self.asked, self.known, self.pool, self.progress, self.store.folder
        )
        if not inputs.unchanged:
            self.store.save_entries(rules, inputs.entries, self.began)
        return inputs

    def renew_titles(self, inputs: Inputs) -> None:
        """Tells the submission endpoint, where there is one, which titles are taken."""
        if self.asked.config.submissions and not inputs.unchanged:
            from sitegen.build.titles import renew_titles

            renew_titles(self.root, self.asked.config, inputs.entries)

    def is_like(
        self, target: Target, inputs: Inputs, templates: Mapping[str, bytes]
    ) -> bool:
        """Step 2: True if all but posts is as the target was made from."""
        from sitegen.markup.extensions import is_pure

        return (
            not self.order.strict
            and not inputs.problems
            and target.config == self.config
            and target.history == inputs.history.key
            and target.templates == templates
            and _origins(target.statics) == _origins(inputs.statics)
            and _origins(target.bundles) == _origins(inputs.bundles)
            and (target.due is None or self.asked.now.at < target.due)
            and self.asked.now.at >= target.clock
            and is_pure(self.asked.config.markdown)
            and not self.clock_tells(target)
            and target.manifest == outputs.manifest_digest(self.folder)
        )

    def as_it_lies(self, target: Target, inputs: Inputs) -> Target | None:
        """Returns the target with the signatures that its files have now.

        None if copied files or outputs do not have the bytes that they had.
        """
        if changed_files(self.root, target, inputs):
            return None
        found = [outputs.as_found(str(self.folder), o) for o in target.outputs]
        there = tuple([output for output in found if output])
        if len(there) < len(found):
            return None
        new = msgspec.structs.replace(
            target,
            statics=dict(inputs.statics),
            bundles=dict(inputs.bundles),
            outputs=there,
        )
        if new != target:
            self.store.save_target(self.key, new, self.began)
        return new

    def clock_tells(self, target: Target) -> bool:
        """True if a page shows the time, and would show another one now."""
        when = self.asked.now.datetime()
        return any(when.strftime(format) != shown for format, shown in target.clocks)

    def report_nothing(self, survey: Survey, target: Target) -> Report:
        """Returns the report of a build that had nothing to do."""
        problems = sorted(
            [*survey.parse_problems, *target.checks], key=Problem.sort_key
        )
        return Report(
            len(target.outputs),
            0,
            0,
            (),
            tuple(problems),
            survey.waiting,
            stages=self.clock.stages(),
            is_shallow=survey.inputs.history.is_shallow,
            doubts=tuple(self.store.doubts),
        )

    def check(self, survey: Survey) -> list[Problem]:
        """Step 3: returns the warnings; raises ProblemsFound for errors."""
        problems = survey.problems()
        if any(p.is_error or self.order.strict for p in problems):
            raise ProblemsFound(problems)
        return problems

    def make(
        self, survey: Survey, plan: "Plan", manifest: outputs.Manifest
    ) -> "Making":
        """Step 4: makes and stages what is stale."""
        stale = plan.stale
        is_new = not os.path.lexists(self.folder)
        if is_new and len(stale) == len(plan.artifacts):
            return self.make_whole(survey, plan)
        name = self.asked.config.paths.output
        paths = [artifact.output for artifact in stale]
        if problems := outputs.blocking(self.folder, name, paths, manifest):
            raise ProblemsFound(problems)
        made = Making(plan)
        moved: list[str] = []
        try:
            moved += outputs.clear_way(self.folder, paths)
            self.gather(survey, made)
            foreign = outputs.foreign(self.folder, name, made.staged, manifest)
            if problems := list(foreign):
                raise ProblemsFound(problems)
        except BaseException:
            with workers.uninterrupted():
                outputs.unstage(self.folder, paths)
                outputs.put_back(self.folder, moved)
                self.store.mark_whole(self.place)
            raise
        made.moved = moved
        return made

    def make_whole(self, survey: Survey, plan: "Plan") -> "Making":
        """Makes all of a site that has no output folder yet."""
        folder = outputs.NewFolder(self.folder)
        made = Making(plan, folder)
        try:
            folder.begin()
            self.gather(survey, made)
        except BaseException:
            with workers.uninterrupted():
                folder.remove()
                self.store.mark_whole(self.place)
            raise
        return made

    def gather(self, survey: Survey, made: "Making") -> None:
        """Has what is stale made; raises ProblemsFound if a page could not be."""
        plan = made.plan
        total = len(plan.stale)
        with closing(self.results(survey, made)) as results:
            for wanted, result in results:
                made.add(wanted, result)
                self.progress("rendering", len(made.staged), total)
        made.refuse_problems()

    def put_into_place(self, made: "Making", manifest: outputs.Manifest) -> list[str]:
        """Step 5: gives new files their names; returns the paths of removed ones."""
        if made.new_folder:
            made.new_folder.commit(made.staged)
            return []
        fresh = made.plan.fresh_outputs
        removed = outputs.commit(self.folder, made.staged, fresh, manifest)
        outputs.unstage(self.folder, made.moved)
        return removed

    def results(self, survey: Survey, made: "Making") -> Generator[Handed, None, None]:
        """Yields stale artifacts, some at a time, and what was made of them."""
        from sitegen.build import job as jobs

        plan, new = made.plan, made.new_folder
        known: Mapping[str, outputs.Output] = {} if new else plan.known
        wanted = [jobs.Wanted(a, known.get(a.output)) for a in plan.stale]
        if not wanted:
            return
        job = jobs.Job(
            str(self.root),
            str(new.path if new else self.folder),
            new is not None,
            survey.inputs.rules,
            survey.site.data,
            dict(survey.inputs.templates.sources),
            survey.bodies,
            str(self.store.folder),
            dict(survey.inputs.documents),
        )
        workshop = jobs.Workshop(job, survey.site)
        with _unsearched(len(wanted)):
            file = self.job_file(job, workshop, len(wanted))
            work = jobs.RenderWork(file, workshop, wanted, self.pool.jobs)
            try:
                yield from self.pool.run(work, bool(file))
            finally:
                jobs.forget()
                # What is remembered next would take memory beside theirs.
                self.pool.let_go()

    def job_file(self, job: "Job", workshop: "Workshop", pages: int) -> str:
        """Returns the name of a job for workers; "" if none are to help.

        Processes that are forked have it in memory, others read it from that file.
        """
        if self.order.jobs <= 1 or pages < SMALL:
            return ""
        from sitegen.build.job import keep, write_job

        if self.pool.forks_anew():
            keep(IN_MEMORY, workshop)
            return IN_MEMORY
        try:
            return write_job(job, self.store.folder)
        except OSError as failure:
            why = f"no process can help without it: {failure.strerror}"
            self.store.doubts.append(why)
            return ""

    def renewed(
        self,
        survey: Survey,
        plan: "Plan",
        made: "Making",
        templates: dict[str, bytes],
        problems: list[Problem],
    ) -> Target:
        """Step 6: returns what was asked and answered, to be kept."""
        found = {item.output.path: item.output for item in made.staged}
        everything = {**plan.known, **found}
        inputs = survey.inputs
        parsed = set(map(id, survey.parse_problems))
        table = plan.table.compact(
            made.traces.get(a.output, plan.traces.get(a.output, b""))
            for a in plan.artifacts
        )
        formats = {
            question[1]
            for encoded in table.questions
            if (question := trace.decode(encoded))[0] == "now"
        }
        when = inputs.now.datetime()
        return Target(
            self.config,
            sources_digest(inputs),
            inputs.history.key,
            inputs.history.commit,
            templates,
            dict(inputs.statics),
            dict(inputs.bundles),
            plan.states,
            survey.due,
            inputs.now.at,
            tuple(sorted((f, when.strftime(f)) for f in formats)),
            plan.artifacts,
            tuple(everything[a.output] for a in plan.artifacts),
            outputs.manifest_digest(self.folder),
            tuple(table.questions),
            tuple(table.answers),
            table.traces,
            tuple(p for p in problems if id(p) not in parsed),
        )


@contextmanager
def _unsearched(pages: int) -> Iterator[None]:
    """Keeps what there is now from searches for cycles, which take a while.

    In a forked process a search would also make a copy of all that it shares. But what
    was kept is searched late afterwards: many small builds would fill the memory of one
    process. A server has what it started with kept for good.
    """
    if pages < MANY or gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def sources_digest(inputs: Inputs) -> bytes:
    """Returns the digest of all content files, by their paths and bytes."""
    return entries_digest(inputs.entries)


def entries_digest(entries: Iterable[Entry]) -> bytes:
    """Returns the digest of some content files, by their paths and bytes."""
    sources = [entry.source for entry in entries]
    named = [source.path for source in sources], [source.digest for source in sources]
    return digest(msgspec.msgpack.encode(named))


def _origins(files: Mapping[str, Static]) -> dict[str, str]:
    """Returns where each file is copied from."""
    return {path: static.source for path, static in files.items()}
