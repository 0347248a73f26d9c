"""What the race asks of every tool."""

import json
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from benchmarks.corpus import Corpus, Entry
from benchmarks.scenario import Scenario

SITE_TITLE = "Field notes"
SITE_AUTHOR = "Ada Example"
BASE_URL = "https://example.org"

_HERE = Path(__file__).parent


class Unavailable(Exception):
    """A tool cannot run here; the text says why."""


class Command(Struct, frozen=True):
    """One process to start: arguments, folder, and variables added to ours."""

    argv: tuple[str, ...]
    folder: Path
    variables: dict[str, str] = {}


class Tool(ABC):
    """A generator that takes part in the race."""

    name: str
    """The name in tables and of the folder that holds the tool's templates."""
    posts_only = False
    """Whether only the posts are made, and nothing else is to be checked."""

    @property
    def label(self) -> str:
        """The name in tables, with what sets this run of the tool apart."""
        return self.name

    def install(self, cache: Path) -> None:  # noqa: B027
        """Put the pinned version under `cache`; nothing to do for our own."""

    @abstractmethod
    def version(self, cache: Path) -> str:
        """The version that will run, or Unavailable."""

    @abstractmethod
    def settings(self, scenario: Scenario) -> dict[str, str]:
        """Configuration files of a site: path to text."""

    @abstractmethod
    def post(self, entry: Entry, body: str) -> str:
        """One post's file, front matter and body."""

    @abstractmethod
    def command(self, cache: Path, site: Path, output: Path) -> Command:
        """The command that builds `site` into `output`."""

    def leftovers(self, site: Path) -> Sequence[Path]:
        """What a build leaves beside its output, to be deleted for a cold one."""
        return ()

    def prepare(self, cache: Path, site: Path) -> None:  # noqa: B027
        """Last steps before the first build of a site that has been written."""


def write_sites(
    sites: Sequence[tuple[Tool, Path]], corpus: Corpus, scenario: Scenario, cache: Path
) -> None:
    """Write the same site once for each tool, each in the tool's own way."""
    for tool, site in sites:
        _write_skeleton(tool, site, scenario)
    for entry in corpus.entries:
        body = corpus.body(entry)
        for tool, site in sites:
            path = site / "content" / "posts" / f"{entry.slug}.md"
            path.write_text(tool.post(entry, body), encoding="utf-8")
    for tool, site in sites:
        tool.prepare(cache, site)


def _write_skeleton(tool: Tool, site: Path, scenario: Scenario) -> None:
    for layer in scenario.layers:
        folder = _HERE / "skeletons" / tool.name / layer
        if folder.is_dir():
            shutil.copytree(folder, site, dirs_exist_ok=True)
    static = site / STATIC_FOLDERS.get(tool.name, "static")
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(_HERE / "style.css", static)
    for name, text in tool.settings(scenario).items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, encoding="utf-8")
    (site / "content" / "posts").mkdir(parents=True, exist_ok=True)


STATIC_FOLDERS = {"pelican": "content/extra"}
"""Where a tool looks for files to copy, if not in `static`."""


def yaml_front_matter(entry: Entry) -> str:
    """Title, date, description and tags as most tools read them."""
    return (
        "---\n"
        f"title: {json.dumps(entry.title)}\n"
        f"date: {timestamp(entry.date)}\n"
        f"description: {json.dumps(entry.description)}\n"
        f"tags: [{', '.join(entry.tags)}]\n"
        "---\n\n"
    )


def timestamp(moment: datetime) -> str:
    """A date as `2024-01-31T08:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def run_quietly(argv: Sequence[str], folder: Path | None = None) -> str:
    """The output of a helper command; Unavailable with its last words if it fails."""
    try:
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError as problem:
        raise Unavailable(f"{Path(argv[0]).name}: {problem.strerror}") from problem
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        last = next((w for w in reversed(words) if "rror" in w), "no output")
        raise Unavailable(f"{Path(argv[0]).name} failed: {last.strip()}")
    return done.stdout


def make_venv(folder: Path, packages: Sequence[str]) -> None:
    """A virtual environment with the pinned packages, byte-compiled."""
    python = folder / "bin" / "python"
    if not python.exists():
        run_quietly([sys.executable, "-m", "venv", str(folder)])
    run_quietly(
        [str(python), "-m", "pip", "install", "--quiet", "--compile", *packages]
    )


def make_node_folder(folder: Path, packages: Sequence[str]) -> None:
    """A folder whose `node_modules` holds the pinned packages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    run_quietly(["npm", "install", "--no-audit", "--no-fund", *packages], folder)
