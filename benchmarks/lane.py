"""A tool's place in the race: its own site and output, and how the race is run."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from benchmarks import measure
from benchmarks.peers.tool import Command, Tool


class Settings(Struct, frozen=True):
    """How a race is run."""

    cache: Path
    """Where the peers are installed."""
    folder: Path
    """Where sites and outputs are written; best on a tmpfs."""
    python: str
    """The interpreter that runs sitegen."""
    say: Callable[[str], None]
    """Gets a line of progress now and then."""
    runs: int = 5
    seed: int = 1
    code_blocks: int = 3
    limit: float = 200
    """Seconds after which a build is given up, and that all runs of a tool may take:
    one whose runs would need longer is timed less often."""
    memory: bool = True


class Lane(Struct, frozen=True):
    """One tool with the folder it builds from and the folder it builds into."""

    tool: Tool
    site: Path
    output: Path

    def command(self, cache: Path) -> Command:
        """The command that builds the site."""
        return self.tool.command(cache, self.site, self.output)

    def clear(self) -> None:
        """Forget all earlier builds: output and whatever lies beside the sources."""
        measure.remove([self.output, *self.tool.leftovers(self.site)])


def make_lane(tool: Tool, settings: Settings, name: str) -> Lane:
    """A lane under the race's folder, emptied of what an earlier race left there."""
    folder = settings.folder / name / tool.label.replace(" ", "-").replace(",", "")
    measure.remove([folder])
    folder.mkdir(parents=True)
    return Lane(tool, folder / "site", folder / "output")
