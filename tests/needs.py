"""What tests need of a machine, and what becomes of them where it is missing.

A test says `@pytest.mark.needs("strace")`, or asks for a fixture that needs something.
What the machine lacks is skipped by name and counted at the end of the run. With
SITEGEN_NO_SKIPS=1 every skip is a failure, but for what no install step can bring.
"""

import functools
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Generator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

NODE_MODULES = Path(__file__).parent / "browser" / "node_modules"
VNU_JAR = NODE_MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
LIGHTHOUSE = NODE_MODULES / "lighthouse" / "cli" / "index.js"
AXE_SOURCE = NODE_MODULES / "axe-core" / "axe.min.js"

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BY_NPM = "see `.ci/run` for the npm command"

FORGIVEN = frozenset({"corpora", "loop", "mount", "ptrace"})
"""Not ours to install: data that is not in the repository, and the kernel's leave."""

OF_FIXTURES = {
    "axe": ("chromium", "axe"),
    "browser": ("chromium",),
    "corpora": ("corpora",),
    "html_checker": ("java", "vnu"),
    "lighthouse": ("chromium", "lighthouse", "node"),
}
"""What a test needs because of a fixture that it asks for."""


class Need(NamedTuple):
    """Something that a machine has or lacks."""

    is_there: Callable[[], bool]
    how_to_get: str


def browser_path() -> str | None:
    """Returns the Chromium on PATH, whatever the distribution calls it."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _on_path(command: str) -> Need:
    return Need(lambda: shutil.which(command) is not None, f"install {command}")


def _works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _can_mount() -> bool:
    own_namespace = ("unshare", "--mount", "--propagation", "private")
    with tempfile.TemporaryDirectory() as folder:
        return _works(*own_namespace, "mount", "-t", "tmpfs", "none", folder)


def _can_loop() -> bool:
    with tempfile.NamedTemporaryFile() as image:
        image.truncate(1 << 20)
        attach = f'd=$(losetup --find --show "{image.name}") && losetup --detach "$d"'
        return _works("sh", "-c", attach)


def _can_trace() -> bool:
    """True also without strace, which is another need."""
    return not shutil.which("strace") or _works("strace", "-o", os.devnull, "true")


NEEDS = {
    "axe": Need(AXE_SOURCE.is_file, BY_NPM),
    "chromium": Need(lambda: browser_path() is not None, "install chromium"),
    "corpora": Need(
        lambda: Path(os.environ.get("SITEGEN_CORPORA") or os.devnull).is_dir(),
        "SITEGEN_CORPORA says where they are",
    ),
    "git": _on_path("git"),
    "java": _on_path("java"),
    "lighthouse": Need(LIGHTHOUSE.is_file, BY_NPM),
    "loop": Need(_can_loop, "run as root where loop devices are allowed"),
    "mount": Need(_can_mount, "run as root where mounting is allowed"),
    "node": _on_path("node"),
    "npm": _on_path("npm"),
    "ptrace": Need(_can_trace, "run where ptrace is allowed"),
    "strace": _on_path("strace"),
    "vnu": Need(VNU_JAR.is_file, BY_NPM),
}


@functools.cache
def is_there(name: str) -> bool:
    """True if this machine has what tests call by this name; looks once."""
    return NEEDS[name].is_there()


def skips_fail() -> bool:
    """True if this run was told that nothing may be missing."""
    return os.environ.get("SITEGEN_NO_SKIPS", "") not in ("", "0")


MISSING = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", f"needs(*names): any of {', '.join(NEEDS)}")


def wanted_by(item: pytest.Item) -> list[str]:
    """Returns what a test needs, by its markers and by its fixtures."""
    marked = [name for mark in item.iter_markers("needs") for name in mark.args]
    fixtures = getattr(item, "fixturenames", ())
    implied = [name for each in fixtures for name in OF_FIXTURES.get(each, ())]
    return sorted({*marked, *implied})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses needs that are not in the table."""
    for item in items:
        if unknown := set(wanted_by(item)) - set(NEEDS):
            names = ", ".join(sorted(unknown))
            raise pytest.UsageError(f"{item.nodeid} needs what nobody knows: {names}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test, before its fixtures are made, where something is missing."""
    missing = [name for name in wanted_by(item) if not is_there(name)]
    if missing:
        item.stash[MISSING] = missing
        reasons = (f"{name} ({NEEDS[name].how_to_get})" for name in missing)
        pytest.skip("needs " + ", ".join(reasons))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes in the report what was missing, and fails where nothing may be."""
    report = yield
    if not report.skipped or hasattr(report, "wasxfail"):
        return report
    missing = item.stash.get(MISSING, [])
    vars(report)["missing"] = missing  # plain, so that it travels from xdist's workers
    if skips_fail() and not (missing and FORGIVEN.issuperset(missing)):
        _turn_into_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    """Fails for whole files that skip themselves, where nothing may be skipped."""
    report = yield
    if report.skipped and skips_fail():
        _turn_into_failure(report)
    return report


def _turn_into_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    where = report.longrepr
    reason = where[2] if isinstance(where, tuple) else str(where)
    report.outcome = "failed"
    report.longrepr = f"{reason}\nSITEGEN_NO_SKIPS is set: a skip is a failure."


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None]:
    """Says last, in one line, what was missing and how many tests went without."""
    yield
    reports = chain(*map(terminalreporter.getreports, ("skipped", "error")))
    counts = Counter(name for each in reports for name in getattr(each, "missing", ()))
    if counts:
        tests = (f"{name} ({_tests(counts[name])})" for name in sorted(counts))
        terminalreporter.write_line(f"Skipped for want of: {', '.join(tests)}")


def _tests(number: int) -> str:
    return f"{number} test" if number == 1 else f"{number} tests"
