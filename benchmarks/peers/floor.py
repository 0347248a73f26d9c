"""Our own floor as a tool of the race: the bare loop and nothing else."""

import sys
from pathlib import Path

from benchmarks.corpus import Entry
from benchmarks.peers.tool import Command, Tool, yaml_front_matter
from benchmarks.scenario import Scenario

_SCRIPT = Path(__file__).parent / "bare_loop.py"


class Floor(Tool):
    """The bare loop, in this interpreter and with so many processes."""

    name = "floor"
    posts_only = True

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    @property
    def label(self) -> str:
        return f"floor -j{self.jobs}"

    def version(self, cache: Path) -> str:
        return f"Python {sys.version.split()[0]}"

    def settings(self, scenario: Scenario) -> dict[str, str]:
        return {}

    def post(self, entry: Entry, body: str) -> str:
        return yaml_front_matter(entry) + body

    def command(self, cache: Path, site: Path, output: Path) -> Command:
        argv = (sys.executable, str(_SCRIPT), str(site), str(output), str(self.jobs))
        return Command(argv, site)
