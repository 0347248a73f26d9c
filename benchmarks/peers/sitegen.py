"""sitegen itself, run from the repository by a given interpreter."""

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from benchmarks.corpus import Entry
from benchmarks.peers.tool import (
    BASE_URL,
    SITE_AUTHOR,
    SITE_TITLE,
    Command,
    Tool,
    Unavailable,
    run_quietly,
    yaml_front_matter,
)
from benchmarks.scenario import FEED_SIZE, PAGE_SIZE, Scenario

Engine = Literal["commonmark", "markdown"]

REPOSITORY = Path(__file__).parents[2]
VARIABLES = {"PYTHONPATH": str(REPOSITORY)}
_START = "import sys; from sitegen.cli import main; sys.exit(main())"


class Sitegen(Tool):
    """sitegen with one of its engines and so many processes."""

    name = "sitegen"

    def __init__(self, python: str, jobs: int, engine: Engine = "commonmark") -> None:
        self.python = python
        self.jobs = jobs
        self.engine = engine

    @property
    def label(self) -> str:
        engine = ", markdown" if self.engine == "markdown" else ""
        return f"sitegen -j{self.jobs}{engine}"

    def install(self, cache: Path) -> None:
        """Byte-compile the package, as an installed one would be."""
        run_quietly(
            [self.python, "-m", "compileall", "-q", str(REPOSITORY / "sitegen")]
        )

    def version(self, cache: Path) -> str:
        self.install(cache)
        done = _call(self.python, "--version")
        if done.returncode:
            raise Unavailable("sitegen does not start: " + _last_line(done.stderr))
        if _call(self.python, "build", "--help").returncode:
            raise Unavailable("this sitegen has no build command")
        version = done.stdout.split()[-1]
        return version if _has_jobs(self.python) else f"{version}, without --jobs"

    def settings(self, scenario: Scenario) -> dict[str, str]:
        pages = PAGE_SIZE if scenario.is_blog else 0
        taxonomy = 'tags = "/tags/{slug}/"' if scenario.is_blog else ""
        return {
            "sitegen.toml": f"""\
title = "{SITE_TITLE}"
base_url = "{BASE_URL}"
author = "{SITE_AUTHOR}"
[build]
paginate = 0
[taxonomies]
{taxonomy}
[feed]
limit = {FEED_SIZE}
[markdown]
engine = "{self.engine}"
highlight = {str(scenario.highlight).lower()}
{_extensions(self.engine)}
""",
            "content/posts/_index.md": f"---\ntitle: Posts\npaginate: {pages}\n---\n",
        }

    def post(self, entry: Entry, body: str) -> str:
        return yaml_front_matter(entry) + body

    def command(self, cache: Path, site: Path, output: Path) -> Command:
        jobs = ("--jobs", str(self.jobs)) if _has_jobs(self.python) else ()
        argv = (*start(self.python), "build", "-q", "-o", str(output), *jobs)
        return Command(argv, site, VARIABLES)

    def leftovers(self, site: Path) -> Sequence[Path]:
        return (site / ".sitegen",)


def start(python: str) -> tuple[str, ...]:
    """The arguments that start sitegen, as its installed script would."""
    return (python, "-c", _START)


@cache
def _has_jobs(python: str) -> bool:
    return "--jobs" in _call(python, "build", "--help").stdout


def _call(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*start(python), *arguments],
        env={**VARIABLES, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def _extensions(engine: Engine) -> str:
    """For Python-Markdown, the extensions that Pelican switches on by itself."""
    return f"extensions = {json.dumps(['extra'])}" if engine == "markdown" else ""


def _last_line(text: str) -> str:
    """The last line of an error, without the path that Python adds to some."""
    return (text.strip().splitlines() or ["no output"])[-1].partition(" (/")[0]
