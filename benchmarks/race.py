"""The race: every tool builds the same site, in turns, and is checked first."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct, structs

from benchmarks import measure
from benchmarks.corpus import Corpus, make_corpus
from benchmarks.lane import Lane, Settings, make_lane
from benchmarks.measure import Failed, Timing
from benchmarks.peers.eleventy import Eleventy
from benchmarks.peers.floor import Floor
from benchmarks.peers.hugo import Hugo
from benchmarks.peers.pelican import Pelican
from benchmarks.peers.sitegen import Sitegen
from benchmarks.peers.tool import Tool, Unavailable, write_sites
from benchmarks.peers.zola import Zola
from benchmarks.rebuild import measure_rebuilds, measure_start_ups
from benchmarks.results import Machine, Race, Result
from benchmarks.scenario import SIZES, Scenario
from benchmarks.verify import NOTHING, Census, count_pages, summarize, verify


class Contest(Struct, frozen=True):
    """So many posts, one scenario, and the labels of the tools that build it."""

    posts: int
    scenario: Scenario
    tools: tuple[str, ...]


@dataclass
class Trial:
    """One tool in one contest, while it is going on."""

    lane: Lane
    runs: int = 1
    """How often it is timed: less often if it takes long."""
    census: Census = NOTHING
    problem: str = ""
    timings: list[Timing] = field(default_factory=list)


PEERS = ("hugo", "eleventy", "pelican", "zola")
FLOORS = ("floor -j1", "floor -j2")
OURS = ("sitegen -j1", "sitegen -j2")
EVERYONE = (*OURS, *FLOORS, *PEERS)
MARKDOWN = "sitegen -j2, markdown"
BLOG = Scenario("blog")
COLOURED = Scenario("blog", highlight=True)
HEAVY = Scenario("heavy")


def all_tools(python: str) -> dict[str, Tool]:
    """Every tool of the race by its label."""
    tools: list[Tool] = [Sitegen(python, 1), Sitegen(python, 2)]
    tools += [Sitegen(python, 2, "markdown"), Floor(1), Floor(2)]
    tools += [Hugo(), Eleventy(), Pelican(), Zola()]
    return {tool.label: tool for tool in tools}


def every_size(posts: int) -> tuple[Contest, ...]:
    """All tools in all scenarios; the floor, which has no colours, in three."""
    contests = [
        Contest(posts, Scenario(size), EVERYONE + (MARKDOWN,) * (size == "blog"))
        for size in SIZES
    ]
    return (*contests, Contest(posts, COLOURED, (*OURS, *PEERS)))


def large(posts: int) -> tuple[Contest, ...]:
    """What is asked of many posts; Pelican would take minutes for each run."""
    fast = tuple(label for label in EVERYONE if label != "pelican")
    return (
        Contest(posts, BLOG, fast),
        Contest(posts, HEAVY, ("sitegen -j2",)),
        Contest(posts, COLOURED, ("sitegen -j2", "hugo")),
    )


def huge(posts: int) -> tuple[Contest, ...]:
    """sitegen alone with very many posts."""
    return (Contest(posts, BLOG, ("sitegen -j2",)),)


def run_race(
    contests: Sequence[Contest],
    settings: Settings,
    rebuild_posts: int = 0,
    start_up_runs: int = 0,
) -> Race:
    """Run all contests, then what only sitegen is asked: rebuilds and start-up."""
    warnings = tuple(measure.warnings())
    for warning in warnings:
        settings.say(f"warning: {warning}")
    machine = _machine(settings)
    tools, missing = _available(contests, settings)
    results: list[Result] = []
    digests: dict[int, str] = {}
    for contest in contests:
        corpus = make_corpus(contest.posts, settings.seed, settings.code_blocks)
        digests.setdefault(contest.posts, corpus.digest())
        lanes = _lanes(contest, tools, settings)
        results += run_contest(contest, corpus, lanes, settings)
    has_sitegen = "sitegen -j2" in tools
    return Race(
        machine=machine,
        runs=settings.runs,
        seed=settings.seed,
        code_blocks=settings.code_blocks,
        versions={label: tool.version(settings.cache) for label, tool in tools.items()},
        missing=missing,
        digests=digests,
        results=tuple(results),
        rebuilds=measure_rebuilds(rebuild_posts, settings) if has_sitegen else (),
        start_ups=measure_start_ups(start_up_runs, settings) if has_sitegen else (),
        warnings=warnings,
    )


def run_contest(
    contest: Contest, corpus: Corpus, lanes: Sequence[Lane], settings: Settings
) -> Iterator[Result]:
    """The result of each tool; only those whose site is right get a time."""
    label = contest.scenario.label
    settings.say(f"{contest.posts:,} posts, {label}: writing the sites")
    sites = [(lane.tool, lane.site) for lane in lanes]
    write_sites(sites, corpus, contest.scenario, settings.cache)
    trials = [_check(lane, corpus, contest.scenario, settings) for lane in lanes]
    for number in range(settings.runs):
        for trial in _rotated(trials, number):
            if number < trial.runs and not trial.problem:
                _time(trial, settings)
    for trial in trials:
        yield _result(contest, trial, settings)
    measure.remove([settings.folder / "contest"])


def _available(
    contests: Sequence[Contest], settings: Settings
) -> tuple[dict[str, Tool], dict[str, str]]:
    """The tools that can run here, and why the others cannot."""
    wanted = {label for contest in contests for label in contest.tools}
    tools: dict[str, Tool] = {}
    missing: dict[str, str] = {}
    for label, tool in all_tools(settings.python).items():
        if label not in wanted:
            continue
        try:
            tool.version(settings.cache)
            tools[label] = tool
        except Unavailable as reason:
            missing[label] = str(reason)
            settings.say(f"{label} is left out: {reason}")
    return tools, missing


def _lanes(
    contest: Contest, tools: dict[str, Tool], settings: Settings
) -> tuple[Lane, ...]:
    chosen = [tools[label] for label in contest.tools if label in tools]
    return tuple(make_lane(tool, settings, "contest") for tool in chosen)


def _rotated(trials: Sequence[Trial], by: int) -> list[Trial]:
    """The trials in an order that gives each tool each place in turn."""
    start = by % max(len(trials), 1)
    return [*trials[start:], *trials[:start]]


def _check(lane: Lane, corpus: Corpus, scenario: Scenario, settings: Settings) -> Trial:
    """A first build that warms up, and the check of all that it wrote."""
    trial = Trial(lane)
    try:
        first = _build(lane, settings)
        problems = verify(lane.output, corpus, scenario, lane.tool.posts_only)
        trial.problem = summarize(problems)
        trial.census = count_pages(lane.output)
        trial.runs = max(1, min(settings.runs, int(settings.limit / first.seconds)))
    except Failed as problem:
        trial.problem = str(problem)
    settings.say(f"  {lane.tool.label}: {trial.problem or 'checked'}")
    return trial


def _time(trial: Trial, settings: Settings) -> None:
    """One more timed build, which has to write what the checked one wrote."""
    try:
        timing = _build(trial.lane, settings)
    except Failed as problem:
        trial.problem = str(problem)
        return
    trial.timings.append(timing)
    settings.say(f"  {trial.lane.tool.label}: {timing.seconds:.2f} s")
    if (found := count_pages(trial.lane.output)) != trial.census:
        trial.problem = f"two builds differ: {found}, {trial.census}"


def _build(lane: Lane, settings: Settings) -> Timing:
    """A cold build: nothing is left of an earlier one."""
    lane.clear()
    return measure.time_command(lane.command(settings.cache), settings.limit)


def _result(contest: Contest, trial: Trial, settings: Settings) -> Result:
    label = trial.lane.tool.label
    result = Result(contest.posts, contest.scenario.label, label, problem=trial.problem)
    if trial.problem:
        return result
    return structs.replace(
        result,
        seconds=tuple(timing.seconds for timing in trial.timings),
        processor=tuple(timing.processor for timing in trial.timings),
        memory=_memory(trial.lane, settings) if settings.memory else None,
        pages=trial.census.pages,
    )


def _memory(lane: Lane, settings: Settings) -> int:
    """Measured in a run of its own: looking at memory takes time."""
    lane.clear()
    return measure.peak_memory(lane.command(settings.cache), settings.limit)


def _machine(settings: Settings) -> Machine:
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(": ")[2] for line in cpuinfo if "model name" in line]
    return Machine(
        processors=len(os.sched_getaffinity(0)),
        processor=models[0] if models else platform.machine(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release().split('-')[0]}",
        folder_is_tmpfs=measure.is_tmpfs(settings.folder),
        load_before=os.getloadavg()[0],
    )
