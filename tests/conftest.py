"""What every test can ask for."""

import os
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click
import hypothesis
import pytest
from click.testing import CliRunner, Result

from tests.trees import differences, replace_tree, tree, write_tree

pytest_plugins = ["pytester", "tests.needs", "tests.browsing", "tests.repositories"]

CLOCK = 1782907200
"""The time of commands in tests: 2026-07-01T12:00:00Z."""

PROFILE = os.environ.get("SITEGEN_PROFILE", "dev")
"""How much is tried: `dev`, `ci` (the same each time) or `long` (ten times that)."""

EXAMPLES = {"dev": 50, "ci": 100, "long": 1000}

for name, examples in EXAMPLES.items():
    hypothesis.settings.register_profile(
        name,
        deadline=None,
        derandomize=name == "ci",
        max_examples=examples,
        print_blob=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile(PROFILE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the switch that rewrites golden trees."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what was built as what is expected",
    )


@pytest.fixture
def rounds() -> Callable[[int], int]:
    """Gives `rounds(full)`: so many in the long profile, a tenth (at least 1) else."""
    return lambda full: full if PROFILE == "long" else max(1, full // 10)


@pytest.fixture
def corpora() -> Path:
    """Gives the folder of real blogs that lies outside the repository."""
    return Path(os.environ["SITEGEN_CORPORA"])


MakeSite = Callable[..., Path]


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """Gives `make_site({"content/a.md": "text or bytes"}, name="site") -> Path`.

    Called again it adds to the same site, unless the name is another.
    """

    def make(files: Mapping[str, str | bytes], name: str = "site") -> Path:
        return write_tree(tmp_path / name, files)

    return make


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Gives `run("build", root=site) -> Result`: a command, run in this process.

    The result has `exit_code`, `stdout` and `stderr`; what a command does not catch
    fails the test. The clock stands at CLOCK; `env` adds to the environment, and
    takes away what it sets to None.
    """

    def invoke(
        *args: str | Path,
        root: Path | None = None,
        input: str | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        main: click.Command = pkgutil.resolve_name("sitegen.cli:main")
        where = [] if root is None else ["-C", str(root)]
        return CliRunner().invoke(
            main,
            [*where, *map(str, args)],
            input=input,
            env={"SOURCE_DATE_EPOCH": str(CLOCK), **(env or {})},
            catch_exceptions=False,
        )

    return invoke


Golden = Callable[..., None]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Gives `golden(expected, built, leave_out=())`: fails unless two trees are equal.

    With `--update-golden` it writes what was built as what is expected instead.
    """

    def compare(expected: Path, built: Path, leave_out: Iterable[str] = ()) -> None:
        found = tree(built, leave_out)
        if request.config.getoption("--update-golden"):
            replace_tree(expected, found)
        elif report := differences(tree(expected), found):
            how = "If this is meant: pytest --update-golden, and read the diff."
            pytest.fail(f"{built} is not as in {expected}:\n{report}\n{how}", False)

    return compare
