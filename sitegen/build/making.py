"""What workers made of stale artifacts, gathered."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sitegen.build import trace
from sitegen.build.outputs import NewFolder, Staged
from sitegen.build.stale import Plan
from sitegen.build.store import Target
from sitegen.problems import Location, Problem, ProblemsFound, error
from sitegen.site.plan import Artifact

if TYPE_CHECKING:
    from sitegen.build.job import Made, Result, Wanted

CODES = {
    "build-race": "A content file changed while the site was being built.",
}


class Timing(msgspec.Struct, frozen=True):
    """How long one output took to make."""

    output: str
    template: str
    """The kind of artifact, as its template is named."""
    nanoseconds: int


class Making:
    """What workers have made so far."""

    def __init__(self, plan: Plan, new_folder: NewFolder | None = None) -> None:
        self.plan = plan
        self.new_folder = new_folder
        """The folder that they fill, where there was none."""
        self.staged: list[Staged] = []
        self.traces: dict[str, bytes] = {}
        self.problems: list[Problem] = []
        self.times: list[Timing] = []
        self.moved: list[str] = []
        """Files moved aside because a folder takes their place."""

    def add(self, wanted: Iterable["Wanted"], result: "Result") -> None:
        """Takes in what a worker made of the artifacts that were wanted of it."""
        table, answer = self.plan.table, self.plan.answers.digest
        numbers = [table.number(question, answer) for question in result.questions]
        for item, made in zip(wanted, result.made, strict=True):
            self._add_one(made, item.artifact, numbers)

    def _add_one(self, made: "Made", artifact: Artifact, numbers: list[int]) -> None:
        if made.changed:
            message = "This file changed while the site was being built."
            at = Location(made.changed)
            raise ProblemsFound([error("build-race", at, message, "Build again.")])
        if made.problem:
            self.problems.append(made.problem)
        if made.staged:
            # Each path once: it is a fifth of what is known of an output.
            output = replace(made.staged.output, path=artifact.output)
            self.staged.append(replace(made.staged, output=output))
            names = artifact.templates[-1:] or (artifact.kind,)
            self.times.append(Timing(artifact.output, names[0], made.nanoseconds))
            held = map(numbers.__getitem__, made.numbers)
            self.traces[artifact.output] = trace.trace(held)

    def refuse_problems(self) -> None:
        """Raises ProblemsFound if a page could not be made."""
        if self.problems:
            from sitegen.build.templates import merged

            raise ProblemsFound(merged(self.problems))


def with_looks(target: Target, plan: Plan, made: Making) -> Target:
    """Returns what was made of some posts' text and looks, and the rest as it was."""
    new = {staged.output.path: staged.output for staged in made.staged}
    return msgspec.structs.replace(
        target,
        states=plan.states,
        outputs=tuple(new.get(output.path, output) for output in target.outputs),
        questions=tuple(plan.table.questions),
        answers=tuple(plan.table.answers),
        traces=tuple(
            made.traces.get(artifact.output, old)
            for artifact, old in zip(target.artifacts, target.traces, strict=True)
        ),
    )
