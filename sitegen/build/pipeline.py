"""Content in, site out: `build` does what `sitegen build` says, and says what it did.

The steps, each a value made from the one before:

1. inputs are read, as far as they changed;
2. if nothing changed and the outputs are as we left them, that was all;
3. the site is made, planned and checked; an error ends the build here;
4. of the planned artifacts the stale ones are made and staged beside their targets;
5. all staged files take their places, ours that are no longer planned go;
6. the store remembers what was asked, and what was answered.
"""

import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sitegen.build import drawer, outputs, trace, workers
from sitegen.build.outputs import Output, Staged
from sitegen.build.store import FOLDER, State, Store, Target, make_folder
from sitegen.build.survey import Asked, Inputs, Progress, Survey, read_inputs, silent
from sitegen.build.theme import Static, source_file
from sitegen.config import Config
from sitegen.digests import digest
from sitegen.problems import Location, Problem, ProblemsFound, SitegenError, error
from sitegen.site.model import Site
from sitegen.site.plan import Artifact
from sitegen.site.visibility import Shown, Waiting

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sitegen.build.job import Job, Made, Result

RENDER_CHUNK = 60
"""Artifacts that a worker makes at a time."""

SMALL = 60
"""Fewer stale artifacts than this are not worth a pool of processes."""

CODES = {
    "build-race": "A content file changed while the site was being built.",
}


class Order(msgspec.Struct, frozen=True):
    """How a build is to be done; never what comes out."""

    jobs: int = 1
    force: bool = False
    """Trust nothing that earlier builds remember."""
    strict: bool = False
    """Warnings stop the build too."""


class Timing(msgspec.Struct, frozen=True):
    """How long one output took to make."""

    output: str
    template: str
    """The kind of artifact, as its template is named."""
    nanoseconds: int


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

    def run(self) -> Report:
        """Does all the steps."""
        inputs = self.read()
        self.clock.lap("read and parse")
        self.renew_titles(inputs)
        survey = Survey(self.root, inputs)
        templates = template_digests(inputs)
        torn = self.store.is_torn(self.place)
        if self.target and not torn and self.is_done(self.target, inputs, templates):
            self.clock.lap("compare")
            return self.report_nothing(survey, self.target)
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
            fresh = plan.fresh_outputs
            removed = outputs.commit(self.folder, made.staged, fresh, manifest)
            outputs.unstage(self.folder, made.moved)
            self.clock.lap("write")
            new = self.renewed(survey, plan, made, templates, problems)
            self.store.save_target(self.key, new, self.began)
            self.store.mark_whole(self.place)
        self.clock.lap("remember")
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
        known = self.store.load_entries(rules) if trusted else ()
        drawer.sweep(self.store.folder)
        inputs = read_inputs(
            self.asked, known, self.pool, self.progress, self.store.folder
        )
        if not inputs.unchanged:
            self.store.save_entries(rules, inputs.entries, self.began)
        return inputs

    def renew_titles(self, inputs: Inputs) -> None:
        """Tells the submission endpoint, where there is one, which titles are taken."""
        if self.asked.config.submissions and not inputs.unchanged:
            from sitegen.build.titles import renew_titles

            renew_titles(self.root, self.asked.config, inputs.entries)

    def is_done(
        self, target: Target, inputs: Inputs, templates: Mapping[str, bytes]
    ) -> bool:
        """Step 2: True if this very site lies in the output folder already."""
        from sitegen.markup.extensions import is_pure

        return (
            not self.order.strict
            and not inputs.problems
            and target.config == self.config
            and target.sources == sources_digest(inputs)
            and target.history == inputs.history.key
            and target.templates == templates
            and _origins(target.statics) == _origins(inputs.statics)
            and _origins(target.bundles) == _origins(inputs.bundles)
            and (target.due is None or self.asked.now.at < target.due)
            and self.asked.now.at >= target.clock
            and is_pure(self.asked.config.markdown)
            and not self.clock_tells(target)
            and target.manifest == outputs.manifest_digest(self.folder)
            and self.files_are_there(target, inputs)
        )

    def files_are_there(self, target: Target, inputs: Inputs) -> bool:
        """True if copied files and all outputs have the bytes that they had."""
        if _changed_files(self.root, target, inputs):
            return False
        found = [outputs.as_found(str(self.folder), o) for o in target.outputs]
        there = tuple(output for output in found if output)
        if len(there) < len(found):
            return False
        new = msgspec.structs.replace(
            target,
            statics=dict(inputs.statics),
            bundles=dict(inputs.bundles),
            outputs=there,
        )
        if new != target:
            self.store.save_target(self.key, new, self.began)
        return True

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
        name = self.asked.config.paths.output
        paths = [artifact.output for artifact in stale]
        if problems := outputs.blocking(self.folder, name, paths, manifest):
            raise ProblemsFound(problems)
        made = Making(plan)
        moved: list[str] = []
        try:
            moved += outputs.clear_way(self.folder, paths)
            with closing(self.results(survey, plan)) as results:
                for result in results:
                    made.add(result)
                    self.progress("rendering", len(made.staged), len(stale))
            made.refuse_problems()
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

    def results(self, survey: Survey, plan: "Plan") -> Generator["Result", None, None]:
        """Yields what workers made, in the order of the stale artifacts."""
        from sitegen.build import job as jobs

        wanted = [jobs.Wanted(a, plan.known.get(a.output)) for a in plan.stale]
        if not wanted:
            return
        job = jobs.Job(
            str(self.root),
            str(self.folder),
            survey.inputs.rules,
            survey.site.data,
            dict(survey.inputs.templates.sources),
            survey.bodies,
            str(self.store.folder),
            dict(survey.inputs.documents),
        )
        file = self.job_file(job, survey.site, len(wanted))
        if not file:
            workshop = jobs.Workshop(job, survey.site)
            for part in workers.chunks(wanted, RENDER_CHUNK):
                yield jobs.make(workshop, tuple(part))
            return
        tasks = (
            msgspec.msgpack.encode(jobs.Task(file, tuple(part)))
            for part in workers.chunks(wanted, RENDER_CHUNK)
        )
        try:
            for data in self.pool.run(jobs.make_task, tasks, True):
                yield msgspec.msgpack.decode(data, type=jobs.Result)
        finally:
            jobs.forget()

    def job_file(self, job: "Job", site: Site, pages: int) -> str:
        """Returns the name of a job for workers; "" if none are to help.

        Processes that are forked have it in memory, others read it from that file.
        """
        if self.order.jobs <= 1 or pages < SMALL:
            return ""
        from sitegen.build.job import Workshop, keep, write_job

        if self.pool.forks_anew():
            keep("in memory", Workshop(job, site))
            return "in memory"
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


class Plan(msgspec.Struct, frozen=True):
    """What is to be made anew, and why."""

    artifacts: tuple[Artifact, ...]
    states: tuple[State, ...]
    answers: trace.Answers
    table: trace.Table
    """Knows the answers of now, and takes in new questions."""
    reasons: dict[str, str] = {}
    """Output path → why it is stale; of what is known only."""
    known: dict[str, Output] = {}
    """Outputs as the last build left them, by path."""
    traces: dict[str, bytes] = {}
    everything: bool = False
    """True if nothing is known."""

    @property
    def stale(self) -> tuple[Artifact, ...]:
        """The artifacts to make."""
        if self.everything:
            return self.artifacts
        return tuple(a for a in self.artifacts if a.output in self.reasons)

    @property
    def fresh_outputs(self) -> list[Output]:
        """The outputs that stay as they are."""
        if self.everything:
            return []
        artifacts, reasons = self.artifacts, self.reasons
        return [self.known[a.output] for a in artifacts if a.output not in reasons]


def plan_all(
    survey: Survey,
    target: Target | None,
    config: bytes,
    templates: Mapping[str, bytes],
    folder: Path,
) -> Plan:
    """Returns the plan for whatever differs from what a target was made from."""
    from sitegen.markup.extensions import is_pure

    site, bodies, outlines = survey.site, survey.bodies, survey.outlines
    states = trace.states_of(site, bodies, outlines)
    answers = trace.Answers(site, bodies, outlines, templates)
    if target is None:
        table = trace.Table()
        return Plan(survey.artifacts, states, answers, table, everything=True)
    changes = trace.changes_since(
        target,
        config,
        templates,
        states,
        target.bundles.keys() != survey.inputs.bundles.keys(),
        is_pure(survey.config.markdown),
    )
    table = trace.Table(target.questions, target.answers)
    changed = table.changed(changes, answers)
    for number, answer in changed.items():
        table.answers[number] = answer
    files = _changed_files(survey.root, target, survey.inputs)
    compared = _Comparison(target, table, set(changed), files, folder)
    reasons = {
        artifact.output: reason
        for artifact in survey.artifacts
        if (reason := compared.reason(artifact))
    }
    known, traces = compared.known, compared.traces
    return Plan(survey.artifacts, states, answers, table, reasons, known, traces)


def plan_still(survey: Survey, target: Target, changes: trace.Changes) -> Plan:
    """Returns the plan for when nothing differs but the text and looks of some posts.

    The target's files are taken to lie as it left them.
    """
    site, bodies, outlines = survey.site, survey.bodies, survey.outlines
    answers = trace.Answers(site, bodies, outlines, target.templates)
    table = trace.Table(target.questions, target.answers)
    changed = table.changed_still(changes, answers)
    for number, answer in changed.items():
        table.answers[number] = answer
    numbers = set(changed)
    traces = dict(zip((a.output for a in target.artifacts), target.traces, strict=True))
    reasons = {
        output: trace.words(trace.decode(table.questions[met[0]]))
        for output, data in traces.items()
        if (met := trace.met(data, numbers))
    }
    ids = (changes.bodies | changes.records) & site.by_id.keys()
    new = {
        id: trace.state_of(site, site.by_id[id], bodies[id], outlines[id]) for id in ids
    }
    return Plan(
        target.artifacts,
        tuple(new.get(state.id, state) for state in target.states),
        answers,
        table,
        reasons,
        {output.path: output for output in target.outputs},
        traces,
    )


class _Comparison:
    """Compares artifacts with those of a target."""

    def __init__(
        self,
        target: Target,
        table: trace.Table,
        changed: set[int],
        files: set[str],
        folder: Path,
    ) -> None:
        self.before = {a.output: a for a in target.artifacts}
        self.known = {o.path: o for o in target.outputs}
        self.traces = dict(zip(self.before, target.traces, strict=True))
        self.table = table
        self.changed = changed
        self.files = files
        self.folder = str(folder)

    def reason(self, artifact: Artifact) -> str:
        """Returns why an artifact is stale; "" if it is fresh."""
        old = self.before.get(artifact.output)
        if old is None:
            return "new"
        if old != artifact:
            return "planned differently"
        if artifact.source:
            if artifact.source in self.files:
                return f"{artifact.source} changed"
        elif artifact.kind != "highlight":
            for number in trace.met(self.traces[artifact.output], self.changed):
                return trace.words(trace.decode(self.table.questions[number]))
        found = outputs.as_found(self.folder, self.known[artifact.output])
        if found is None:
            return "not as we left it"
        self.known[artifact.output] = found
        return ""


class Making:
    """What workers have made so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.staged: list[Staged] = []
        self.traces: dict[str, bytes] = {}
        self.problems: list[Problem] = []
        self.times: list[Timing] = []
        self.moved: list[str] = []
        """Files moved aside because a folder takes their place."""
        self._next = iter(plan.stale)

    def add(self, result: "Result") -> None:
        """Takes in a worker's result."""
        table, answer = self.plan.table, self.plan.answers.digest
        numbers = [table.number(question, answer) for question in result.questions]
        for made in result.made:
            self._add_one(made, next(self._next), numbers)

    def _add_one(self, made: "Made", artifact: Artifact, numbers: list[int]) -> None:
        if made.changed:
            message = "This file changed while the site was being built."
            at = Location(made.changed)
            raise ProblemsFound([error("build-race", at, message, "Build again.")])
        if made.problem:
            self.problems.append(made.problem)
        if made.staged:
            self.staged.append(made.staged)
            names = artifact.templates[-1:] or (artifact.kind,)
            self.times.append(Timing(artifact.output, names[0], made.nanoseconds))
            self.traces[artifact.output] = trace.trace(
                numbers[place] for place in made.numbers
            )

    def refuse_problems(self) -> None:
        """Raises ProblemsFound if a page could not be made."""
        if self.problems:
            from sitegen.build.templates import merged

            raise ProblemsFound(merged(self.problems))


def template_digests(inputs: Inputs) -> dict[str, bytes]:
    """Returns the digest of each template's text, by its name."""
    sources = inputs.templates.sources
    return {name: digest(source.text.encode()) for name, source in sources.items()}


def sources_digest(inputs: Inputs) -> bytes:
    """Returns the digest of all content files, by their paths and bytes."""
    sources = (entry.source for entry in inputs.entries)
    return digest(b"".join([s.digest + s.path.encode() + b"\0" for s in sources]))


def _origins(files: Mapping[str, Static]) -> dict[str, str]:
    """Returns where each file is copied from."""
    return {path: static.source for path, static in files.items()}


def _changed_files(root: Path, target: Target, inputs: Inputs) -> set[str]:
    """Returns the sources of copied files whose bytes are not those of the copy.

    A file is only read if its stat signature is not the one that is known.
    """
    before = {s.source: s for s in (*target.statics.values(), *target.bundles.values())}
    copies = {
        artifact.source: output.digest
        for artifact, output in zip(target.artifacts, target.outputs, strict=True)
        if artifact.source
    }
    now: Iterable[Static] = (*inputs.statics.values(), *inputs.bundles.values())
    return {
        static.source
        for static in now
        if before.get(static.source) != static
        and static.source in copies
        and outputs.file_digest(source_file(root, static.source))
        != copies[static.source]
    }
