"""Which artifacts are stale, and why."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from sitegen.build import outputs, trace
from sitegen.build.outputs import Output
from sitegen.build.store import State, Target
from sitegen.build.survey import Inputs, Survey
from sitegen.build.theme import Static, source_file
from sitegen.digests import digest
from sitegen.site.plan import Artifact


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
    files = changed_files(survey.root, target, survey.inputs)
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
    may_meet = trace.may_meet(numbers)
    reasons = {
        output: trace.words(trace.decode(table.questions[met[0]]))
        for output, data in traces.items()
        if may_meet(data) and (met := trace.met(data, numbers))
    }
    ids = (changes.bodies | changes.records) & site.by_id.keys()
    new = {
        id: trace.state_of(site, site.by_id[id], bodies[id], outlines.packed[id])
        for id in ids
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


def template_digests(inputs: Inputs) -> dict[str, bytes]:
    """Returns the digest of each template's text, by its name."""
    sources = inputs.templates.sources
    return {name: digest(source.text.encode()) for name, source in sources.items()}


def changed_files(root: Path, target: Target, inputs: Inputs) -> set[str]:
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
