"""The commands `python -m benchmarks install | corpus | race | serve`."""

import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from benchmarks import measure
from benchmarks.corpus import make_corpus
from benchmarks.lane import Settings
from benchmarks.measure import Failed
from benchmarks.peers.tool import Tool, Unavailable, write_sites
from benchmarks.race import Contest, all_tools, every_size, huge, large, run_race
from benchmarks.report import LAST_RACE, SERVERS, replace_part, write_report
from benchmarks.results import Race
from benchmarks.scenario import SIZES, Scenario, Size

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
MEMORY_FOLDER = Path("/dev/shm")


@click.group()
def main() -> None:
    """Build the same site with sitegen and its peers, and compare."""


@main.command()
def install() -> None:
    """Install the pinned peers into `benchmarks/.cache/`."""
    for name, tool in _tools_by_name().items():
        try:
            tool.install(CACHE)
            _say(f"{name}: {tool.version(CACHE)}")
        except Unavailable as reason:
            _say(f"{name} is left out: {reason}")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("-n", "--posts", default=1000, show_default=True)
@click.option("--for", "name", default="sitegen", show_default=True)
@click.option("--scenario", type=click.Choice(SIZES), default="blog", show_default=True)
@click.option("--highlight/--no-highlight", default=False, show_default=True)
@click.option("--code-blocks", default=3, show_default=True)
@click.option("--seed", default=1, show_default=True)
def corpus(
    folder: Path,
    posts: int,
    name: str,
    scenario: Size,
    highlight: bool,
    code_blocks: int,
    seed: int,
) -> None:
    """Write a site of many posts into FOLDER, ready to be built."""
    tool = _tools_by_name().get(name)
    if tool is None:
        raise click.UsageError(f"--for is one of {', '.join(_tools_by_name())}")
    made = make_corpus(posts, seed, code_blocks)
    write_sites([(tool, folder)], made, Scenario(scenario, highlight), CACHE)
    click.echo(made.digest())


@main.command()
@click.option("--small", is_flag=True, help="200 posts and one run: a few minutes.")
@click.option("--huge", "with_huge", is_flag=True, help="Also 100,000 posts.")
@click.option("-n", "--posts", type=int, help="All tools with so many posts only.")
@click.option("--scenario", "names", multiple=True, help="Only these, by their label.")
@click.option("--tool", "labels", multiple=True, help="Only these, by name or label.")
@click.option("--runs", type=click.IntRange(1), help="Timed runs of each.  [5]")
@click.option("--limit", default=200.0, show_default=True, help="Seconds for a tool.")
@click.option("--memory/--no-memory", default=True, help="Measure memory as well.")
@click.option("--code-blocks", default=3, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--python", default=sys.executable, help="What runs sitegen.")
@click.option("--folder", type=click.Path(path_type=Path), help="For the sites.")
@click.option("--json", "json_file", type=click.Path(path_type=Path))
@click.option("--update-readme", is_flag=True, help="Put the tables into README.md.")
def race(
    small: bool,
    with_huge: bool,
    posts: int | None,
    names: tuple[str, ...],
    labels: tuple[str, ...],
    runs: int | None,
    limit: float,
    memory: bool,
    code_blocks: int,
    seed: int,
    python: str,
    folder: Path | None,
    json_file: Path | None,
    update_readme: bool,
) -> None:
    """Run the race and print its tables."""
    contests = _plan(200 if small else posts, with_huge)
    contests = [_only(contest, labels) for contest in contests]
    contests = [c for c in contests if not names or c.scenario.label in names]
    contests = [contest for contest in contests if contest.tools]
    if not contests:
        raise click.UsageError("no contest has such a scenario and such a tool")
    with tempfile.TemporaryDirectory(prefix="race-", dir=_parent(folder)) as place:
        settings = Settings(
            cache=CACHE,
            folder=Path(place),
            python=python,
            say=_say,
            runs=runs or (1 if small else 5),
            seed=seed,
            code_blocks=code_blocks,
            limit=limit,
            memory=memory,
        )
        asked_posts = 0 if names or labels else max(c.posts for c in contests)
        start_ups = 0 if not asked_posts else 5 if small else 21
        try:
            found = run_race(contests, settings, min(asked_posts, 10_000), start_ups)
        except Failed as problem:
            raise click.ClickException(str(problem)) from problem
    _publish(found, json_file or CACHE / "race.json", update_readme)


@main.command()
@click.option("-n", "--posts", default=10_000, show_default=True)
@click.option("--rounds", "count", default=40, show_default=True, help="Rounds.")
@click.option("--minutes", default=3.0, show_default=True, help="Enough of edits.")
@click.option("-p", "--port", default=8790, show_default=True, help="The first one.")
@click.option("--tool", "names", multiple=True, help="Only these.  [all there are]")
@click.option("--python", default=sys.executable, help="What runs sitegen.")
@click.option("--folder", type=click.Path(path_type=Path), help="For the sites.")
@click.option("--update-readme", is_flag=True, help="Put the table into README.md.")
def serve(
    posts: int,
    count: int,
    minutes: float,
    port: int,
    names: tuple[str, ...],
    python: str,
    folder: Path | None,
    update_readme: bool,
) -> None:
    """Time from saving a file to the new page being served."""
    from benchmarks import serving

    tools = _servers(names or ("sitegen", "hugo", "zola"))
    made = make_corpus(posts, 1, 3)
    with tempfile.TemporaryDirectory(prefix="serve-", dir=_parent(folder)) as place:
        sites = {name: Path(place) / name for name in tools}
        pairs = [(tools[name], site) for name, site in sites.items()]
        write_sites(pairs, made, Scenario("blog", False), CACHE)
        wanted = serving.rivals(sites, CACHE, python, port)
        try:
            with serving.all_running(wanted, _say) as runners:
                resting = serving.idle(runners[0][1], 10)
                _say("edits begin")
                until = time.monotonic() + minutes * 60
                series = serving.take_turns(runners, made, count, until)
        except Failed as problem:
            raise click.ClickException(str(problem)) from problem
    table = serving.report(series, resting, 10)
    click.echo(table)
    if update_readme:
        _update(SERVERS, f"{_conditions(posts, tools)}\n\n{table}\n")


def _servers(names: Sequence[str]) -> dict[str, Tool]:
    """The tools that can run here, sitegen first; says why the others are left out."""
    tools = _tools_by_name()
    found = {"sitegen": tools["sitegen"]}
    for name in names:
        try:
            tools[name].version(CACHE)
            found[name] = tools[name]
        except Unavailable as reason:
            _say(f"{name} is left out: {reason}")
    return found


def _conditions(posts: int, tools: Mapping[str, Tool]) -> str:
    """Where and with what the servers ran."""
    versions = ", ".join(f"{n} {tool.version(CACHE)}" for n, tool in tools.items())
    load = os.getloadavg()[0]
    return f"{posts:,} posts; {versions}; load average at the end {load:.1f}."


def _plan(posts: int | None, with_huge: bool) -> list[Contest]:
    if posts is not None:
        return list(every_size(posts))
    return [*every_size(1000), *large(10_000), *(huge(100_000) if with_huge else ())]


def _only(contest: Contest, wanted: tuple[str, ...]) -> Contest:
    """The contest with the wanted tools alone; with all if none is named."""
    if not wanted:
        return contest
    chosen = [t for t in contest.tools if t in wanted or t.split(" ")[0] in wanted]
    return Contest(contest.posts, contest.scenario, tuple(chosen))


def _tools_by_name() -> dict[str, Tool]:
    """Each tool once, with its first settings."""
    tools: dict[str, Tool] = {}
    for tool in all_tools(sys.executable).values():
        tools.setdefault(tool.name, tool)
    return tools


def _parent(folder: Path | None) -> Path | None:
    """Where the sites go: in memory if that is possible."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    if MEMORY_FOLDER.is_dir() and measure.is_tmpfs(MEMORY_FOLDER):
        return MEMORY_FOLDER
    _say("warning: no tmpfs found; times include the disk's")
    return None


def _publish(found: Race, json_file: Path, update: bool) -> None:
    report = write_report(found)
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    click.echo(report)
    if update:
        _update(LAST_RACE, report)


def _update(part: str, text: str) -> None:
    readme = HERE / "README.md"
    old = readme.read_text(encoding="utf-8")
    readme.write_text(replace_part(old, part, text), encoding="utf-8")


def _say(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
