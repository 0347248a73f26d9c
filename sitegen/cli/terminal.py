"""What people see: problems, lists, progress. Colours only on a terminal."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from sitegen.problems import (
    Problem,
    ProblemsFound,
    SitegenError,
    as_github,
    as_json,
    as_text,
    printable,
)

LOOKS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "place": {"bold": True},
    "hint": {"fg": "cyan"},
    "source": {"dim": True},
}
"""How the parts of a problem look on a terminal."""


def styled(text: str, look: str) -> str:
    """Returns a text with the codes of a look; they go where no terminal is."""
    return click.style(text, **LOOKS[look])


def colour(stream: Any) -> bool | None:
    """Returns False for a stream that must stay plain, None where click may decide."""
    return False if os.environ.get("NO_COLOR") else None


def say(text: str) -> None:
    """Prints a line for people, on stderr."""
    click.echo(text, err=True, color=colour(sys.stderr))


def tell(text: str) -> None:
    """Prints a result, on stdout."""
    click.echo(text, color=colour(sys.stdout))


def tell_json(value: Any) -> None:
    """Prints a result for programs, on stdout."""
    import json

    tell(json.dumps(value, ensure_ascii=False, indent=2))


def show_failure(failure: SitegenError) -> None:
    """Prints what stopped a command, on stderr."""
    if isinstance(failure, ProblemsFound):
        show_problems(failure.problems, say)
        return
    say(f"{styled('Error', 'error')}: {printable(failure.message)}")
    if failure.hint:
        say(styled(printable(failure.hint), "hint"))


def show_problems(problems: Sequence[Problem], show: Callable[[str], None]) -> None:
    """Prints problems and how many there are."""
    for problem in problems:
        show(as_text(problem, styled))
    if problems:
        show(count_words(problems))


def show_annotations(problems: Iterable[Problem], folder: str) -> None:
    """Prints problems for GitHub; `folder` is the site's in its repository."""
    for problem in problems:
        tell(as_github(problem, folder))


def problems_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Returns problems for programs."""
    return [as_json(problem) for problem in problems]


def count_words(problems: Iterable[Problem]) -> str:
    """Returns `2 errors, 1 warning`."""
    found = list(problems)
    errors = sum(problem.is_error for problem in found)
    parts = [plural(errors, "error"), plural(len(found) - errors, "warning")]
    return ", ".join(part for part in parts if not part.startswith("0 "))


def plural(count: int, noun: str) -> str:
    """Returns `1 post`, `2 posts`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


class ProgressBar:
    """A bar on stderr for work that takes more than a second, if that is a terminal."""

    PATIENCE = 1.0
    """Seconds before the bar is shown."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.shown = sys.stderr.isatty()
        self.bar: Any = None
        self.stages: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Shows how far a stage is."""
        if not self.shown or time.monotonic() - self.start < self.PATIENCE:
            return
        bar = self._bar()
        if stage not in self.stages:
            self.stages[stage] = bar.add_task(stage, total=total)
        bar.update(self.stages[stage], completed=done, total=total)
        bar.refresh()

    def _bar(self) -> Any:
        if self.bar is None:
            from rich.console import Console
            from rich.progress import Progress

            # No refresh thread: worker processes may be forked later.
            console = Console(stderr=True)
            self.bar = Progress(console=console, auto_refresh=False, transient=True)
            self.bar.start()
        return self.bar

    def close(self) -> None:
        """Removes the bar."""
        if self.bar is not None:
            self.bar.stop()
