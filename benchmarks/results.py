"""What a race has found out, and what it was to reach."""

from collections.abc import Iterator
from statistics import median

from msgspec import Struct

from benchmarks.scenario import Scenario

MEGABYTE = 1_000_000


class Result(Struct, frozen=True):
    """One tool in one contest: its times, or the problem that kept it from one."""

    posts: int
    scenario: str
    tool: str
    seconds: tuple[float, ...] = ()
    processor: tuple[float, ...] = ()
    memory: int | None = None
    pages: int = 0
    problem: str = ""

    @property
    def median(self) -> float | None:
        """The middle one of the times, if there are any."""
        return median(self.seconds) if self.seconds else None


class Rebuild(Struct, frozen=True):
    """Building again after one kind of change: times, and how many files changed."""

    posts: int
    change: str
    seconds: tuple[float, ...]
    written: tuple[int, ...]

    @property
    def median(self) -> float:
        """The middle one of the times."""
        return median(self.seconds)


class StartUp(Struct, frozen=True):
    """Times of a small command beside those of importing what it needs."""

    command: str
    yardstick: str
    seconds: tuple[float, ...]
    yardstick_seconds: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times the yardstick the command takes."""
        return median(self.seconds) / median(self.yardstick_seconds)


class Machine(Struct, frozen=True):
    """Where the race was run."""

    processors: int
    processor: str
    memory: int
    system: str
    folder_is_tmpfs: bool
    load_before: float


class Race(Struct, frozen=True):
    """Everything that one run of the race has found out."""

    machine: Machine
    runs: int
    seed: int
    code_blocks: int
    versions: dict[str, str]
    missing: dict[str, str]
    digests: dict[int, str]
    results: tuple[Result, ...]
    rebuilds: tuple[Rebuild, ...] = ()
    start_ups: tuple[StartUp, ...] = ()
    warnings: tuple[str, ...] = ()


class Figure(Struct, frozen=True):
    """A figure to reach and the one that was measured."""

    name: str
    target: float
    measured: float
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether the measured figure is at most the target."""
        return self.measured <= self.target


BLOG = Scenario("blog").label
COLOURED = Scenario("blog", highlight=True).label
HEAVY = Scenario("heavy").label

_COLD = (
    ("sitegen -j1", "floor -j1", BLOG, 1.5),
    ("sitegen -j2", "floor -j2", BLOG, 1.5),
    ("sitegen -j2", "hugo", BLOG, 0.25),
    ("sitegen -j2", "eleventy", BLOG, 0.15),
    ("sitegen -j2", "zola", BLOG, 0.45),
    ("sitegen -j2", "hugo", COLOURED, 0.5),
)
_REBUILDS = {"nothing": 0.15, "one body": 0.18, "one title": 0.22}
_START_UPS = {"sitegen --version": 1.3, "sitegen build, ten posts": 2.5}
_MEMORY = {10_000: 250, 100_000: 1200}
_HUGE, _LARGE = 100_000, 10_000


def figures(race: Race) -> Iterator[Figure]:
    """Every figure to reach that this race has measured."""
    times = {(r.posts, r.scenario, r.tool): r.median for r in race.results if r.median}
    sizes = sorted({posts for posts, *_ in times})
    for posts in sizes:
        yield from _against_others(times, posts)
        yield from _heavy_against_blog(times, posts)
    yield from _memory(race)
    yield from _scale(times)
    yield from _rebuilds(race, times)
    for start_up in race.start_ups:
        target = _START_UPS[start_up.command]
        name = f"{start_up.command} ÷ {start_up.yardstick}"
        yield Figure(name, target, start_up.ratio)


_Times = dict[tuple[int, str, str], float]


def _against_others(times: _Times, posts: int) -> Iterator[Figure]:
    for ours, theirs, scenario, target in _COLD:
        yield from _ratio(
            f"cold, {posts:,} posts, {scenario}: {ours} ÷ {theirs}",
            target,
            times.get((posts, scenario, ours)),
            times.get((posts, scenario, theirs)),
        )
    yield from _ratio(
        f"cold, {posts:,} posts, engine markdown ÷ pelican",
        0.55,
        times.get((posts, BLOG, "sitegen -j2, markdown")),
        times.get((posts, BLOG, "pelican")),
    )


def _heavy_against_blog(times: _Times, posts: int) -> Iterator[Figure]:
    yield from _ratio(
        f"cold, {posts:,} posts, sitegen -j2: heavy ÷ blog",
        1.25,
        times.get((posts, HEAVY, "sitegen -j2")),
        times.get((posts, BLOG, "sitegen -j2")),
    )


def _memory(race: Race) -> Iterator[Figure]:
    for result in race.results:
        if result.tool == "sitegen -j2" and result.scenario == BLOG and result.memory:
            if target := _MEMORY.get(result.posts):
                name = f"memory, {result.posts:,} posts, sitegen -j2"
                yield Figure(name, target, result.memory / MEGABYTE, "MB")


def _scale(times: _Times) -> Iterator[Figure]:
    yield from _ratio(
        f"cold, sitegen -j2: {_HUGE:,} posts ÷ {_LARGE:,} posts",
        11,
        times.get((_HUGE, BLOG, "sitegen -j2")),
        times.get((_LARGE, BLOG, "sitegen -j2")),
    )


def _rebuilds(race: Race, times: _Times) -> Iterator[Figure]:
    for rebuild in race.rebuilds:
        yield from _ratio(
            f"{rebuild.change} edited, {rebuild.posts:,} posts "
            f"({max(rebuild.written)} files written) ÷ cold",
            _REBUILDS[rebuild.change],
            rebuild.median,
            times.get((rebuild.posts, BLOG, "sitegen -j2")),
        )


def _ratio(
    name: str, target: float, ours: float | None, theirs: float | None
) -> Iterator[Figure]:
    if ours and theirs:
        yield Figure(name, target, ours / theirs)
