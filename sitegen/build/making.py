"""What workers made of stale artifacts, gathered."""

from typing import TYPE_CHECKING

import msgspec

from sitegen.build import trace
from sitegen.build.outputs import Staged
from sitegen.build.stale import Plan
from sitegen.build.store import Target
from sitegen.problems import Location, Problem, ProblemsFound, error
from sitegen.site.plan import Artifact

if TYPE_CHECKING:
    from sitegen.build.job import Made, Result

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
