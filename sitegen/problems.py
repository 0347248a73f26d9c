"""Problems are values: what is wrong, where, and what to do next."""

import enum
from collections.abc import Iterable

import msgspec


class Severity(enum.StrEnum):
    """Whether a problem stops a build."""

    ERROR = "error"
    WARNING = "warning"


class Location(msgspec.Struct, frozen=True, array_like=True):
    """A place in a file of the site; line and column count from 1, 0 is unknown."""

    path: str
    """Relative to the site's root, with forward slashes."""
    line: int = 0
    column: int = 0
    """In characters, not bytes."""
    source: str = ""
    """The text of that line, without its line end."""


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """One thing that is wrong with the site."""

    code: str
    """Stable and documented, such as `title-duplicate`."""
    severity: Severity
    location: Location
    message: str
    hint: str = ""
    """The next step for whoever has to mend it."""
    related: tuple[Location, ...] = ()
    """Other places that take part, such as the first use of a title."""

    @property
    def is_error(self) -> bool:
        """True if nothing may be written while this problem stands."""
        return self.severity is Severity.ERROR

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Returns what problems are ordered by: file, line, column, code, message."""
        at = self.location
        return (at.path, at.line, at.column, self.code, self.message)


class SitegenError(Exception):
    """The work cannot go on; says why and what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ProblemsFound(SitegenError):
    """Problems stop the work; carries all of them, sorted."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=Problem.sort_key))
        errors = sum(problem.is_error for problem in self.problems)
        super().__init__(f"{errors} errors")
        self.args = (self.problems,)


def error(
    code: str,
    location: Location,
    message: str,
    hint: str = "",
    related: tuple[Location, ...] = (),
) -> Problem:
    """Returns a problem that stops a build."""
    return Problem(code, Severity.ERROR, location, message, hint, related)


def warning(
    code: str,
    location: Location,
    message: str,
    hint: str = "",
    related: tuple[Location, ...] = (),
) -> Problem:
    """Returns a problem that stops a build only under `--strict`."""
    return Problem(code, Severity.WARNING, location, message, hint, related)


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns the known name that `name` was probably meant to be, or ""."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return found[0] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns "Did you mean …?" for a misspelled name, or ""."""
    match = nearest(name, known)
    return f"Did you mean '{match}'?" if match else ""
