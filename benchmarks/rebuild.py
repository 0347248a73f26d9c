"""What only sitegen is asked: building again after an edit, and starting up."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import measure
from benchmarks.corpus import Entry, make_corpus
from benchmarks.lane import Lane, Settings, make_lane
from benchmarks.measure import Failed
from benchmarks.peers.sitegen import VARIABLES, Sitegen, start
from benchmarks.peers.tool import Command, write_sites
from benchmarks.results import Rebuild, StartUp
from benchmarks.scenario import Scenario

Edit = Callable[[Path, Entry, int], str]
"""Changes a post's file and tells the text that its page has to show then."""


def measure_rebuilds(posts: int, settings: Settings) -> tuple[Rebuild, ...]:
    """Builds after no edit, one of a body and one of a title, in turns."""
    if not posts:
        return ()
    settings.say(f"{posts:,} posts: building again after edits")
    lane = _built_lane(posts, settings, "rebuild")
    entries = make_corpus(posts, settings.seed, settings.code_blocks).entries
    found: dict[str, list[tuple[float, int]]] = {change: [] for change in _EDITS}
    for number in range(settings.runs):
        for change in _EDITS:
            run = _rebuild(lane, change, entries[posts // 2], number, settings)
            found[change].append(run)
    _require_clean_equals(lane, settings)
    measure.remove([settings.folder / "rebuild"])
    return tuple(
        Rebuild(
            posts,
            change,
            seconds=tuple(seconds for seconds, _ in runs),
            written=tuple(files for _, files in runs),
        )
        for change, runs in found.items()
    )


def measure_start_ups(runs: int, settings: Settings) -> tuple[StartUp, ...]:
    """Small commands beside the imports that nothing can do without, in turns."""
    if not runs:
        return ()
    settings.say("starting up")
    lane = _built_lane(10, settings, "start-up")
    version = Command((*start(settings.python), "--version"), lane.site, VARIABLES)
    pairs = (
        ("sitegen --version", version, "import click"),
        (
            "sitegen build, ten posts",
            lane.command(settings.cache),
            "import click, jinja2",
        ),
    )
    found = tuple(_start_up(*pair, lane, runs, settings) for pair in pairs)
    measure.remove([settings.folder / "start-up"])
    return found


def _start_up(
    name: str, command: Command, imports: str, lane: Lane, runs: int, settings: Settings
) -> StartUp:
    yardstick = Command((settings.python, "-c", imports), lane.site, VARIABLES)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(runs):
        lane.clear()
        ours.append(measure.time_command(command, settings.limit).seconds)
        theirs.append(measure.time_command(yardstick, settings.limit).seconds)
    return StartUp(name, f'python -c "{imports}"', tuple(ours), tuple(theirs))


def _built_lane(posts: int, settings: Settings, name: str) -> Lane:
    """sitegen's site of the scenario *blog*, built once."""
    lane = make_lane(Sitegen(settings.python, 2), settings, name)
    corpus = make_corpus(posts, settings.seed, settings.code_blocks)
    write_sites([(lane.tool, lane.site)], corpus, Scenario("blog"), settings.cache)
    measure.time_command(lane.command(settings.cache), settings.limit)
    return lane


def _rebuild(
    lane: Lane, change: str, entry: Entry, number: int, settings: Settings
) -> tuple[float, int]:
    """Time of one build after one edit, and the number of files it wrote."""
    source = lane.site / "content" / "posts" / f"{entry.slug}.md"
    expected = _EDITS[change](source, entry, number)
    before = set(_signatures(lane.output))
    timing = measure.time_command(lane.command(settings.cache), settings.limit)
    written = len(set(_signatures(lane.output)) - before)
    page = lane.output / "posts" / entry.slug / "index.html"
    if expected not in page.read_text(encoding="utf-8"):
        raise Failed(f"the page does not show the edit: {expected!r}")
    settings.say(f"  {change}: {timing.seconds:.3f} s, {written} files written")
    return timing.seconds, written


def _edit_nothing(source: Path, entry: Entry, number: int) -> str:
    return entry.closing


def _edit_body(source: Path, entry: Entry, number: int) -> str:
    addition = f"Corrected for the {number + 1}. time."
    with source.open("a", encoding="utf-8") as file:
        file.write(f"\n{addition}\n")
    return addition


def _edit_title(source: Path, entry: Entry, number: int) -> str:
    title = f"A better title, number {number + 1}"
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[1] = f'title: "{title}"\n'
    source.write_text("".join(lines), encoding="utf-8")
    return title


_EDITS: dict[str, Edit] = {
    "nothing": _edit_nothing,
    "one body": _edit_body,
    "one title": _edit_title,
}


def _signatures(output: Path) -> Iterator[tuple[Path, int, int]]:
    """What changes about a page's file when it is written."""
    for path in output.rglob("*"):
        if path.suffix in {".html", ".xml"}:
            stat = path.stat()
            yield path, stat.st_mtime_ns, stat.st_ino


def _require_clean_equals(lane: Lane, settings: Settings) -> None:
    """After all edits the output is what a clean build of the same files gives."""
    edited = _digest(lane.output)
    lane.clear()
    measure.time_command(lane.command(settings.cache), settings.limit)
    if _digest(lane.output) != edited:
        raise Failed("the output after the edits differs from that of a clean build")


def _digest(output: Path) -> str:
    state = hashlib.sha256()
    for path in sorted(output.rglob("*")):
        if path.is_file():
            state.update(str(path.relative_to(output)).encode() + b"\0")
            state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()
