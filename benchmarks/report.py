"""A race as Markdown tables, and their place in `README.md`."""

from collections.abc import Iterator, Sequence

from benchmarks.results import MEGABYTE, Race, Result, figures

LAST_RACE = "last race"
SERVERS = "servers"
_FIGURES_NOTE = (
    "The targets are for 10,000 posts, and for 1,000 with the engine `markdown`; "
    "with fewer, start-up counts for more."
)


def write_report(race: Race) -> str:
    """Everything that was measured, as Markdown."""
    parts = [_conditions(race), *_contests(race), *_figures(race)]
    return "\n\n".join(part for part in parts if part) + "\n"


def replace_part(readme: str, part: str, report: str) -> str:
    """The text of the README with one of its measured parts replaced by this report."""
    start, end = f"<!-- {part}: start -->", f"<!-- {part}: end -->"
    before, _, rest = readme.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{report}\n{end}{after}"


def _conditions(race: Race) -> str:
    machine = race.machine
    place = "on tmpfs" if machine.folder_is_tmpfs else "not on tmpfs"
    lines = [
        f"- {machine.processors} processors ({machine.processor}), "
        f"{machine.memory / 1e9:.0f} GB, {machine.system}; sites and output {place}; "
        f"load average before {machine.load_before:.1f}",
        f"- medians of {race.runs} runs; seed {race.seed}, "
        f"{race.code_blocks} code blocks a post",
        "- " + ", ".join(f"{tool}: {version}" for tool, version in _versions(race)),
    ]
    lines += [f"- left out: {tool} ({why})" for tool, why in race.missing.items()]
    lines += [
        f"- corpus of {posts:,} posts: SHA-256 `{digest}`"
        for posts, digest in race.digests.items()
    ]
    lines += [f"- warning: {warning}" for warning in race.warnings]
    return "\n".join(lines)


def _versions(race: Race) -> Iterator[tuple[str, str]]:
    """Each tool once, not once for each of its lanes."""
    names = {label.split(" ")[0]: version for label, version in race.versions.items()}
    yield from names.items()


def _contests(race: Race) -> Iterator[str]:
    contests = dict.fromkeys((r.posts, r.scenario) for r in race.results)
    for posts, scenario in contests:
        results = [
            r for r in race.results if (r.posts, r.scenario) == (posts, scenario)
        ]
        yield f"### {posts:,} posts, {scenario}\n\n{_contest_table(results)}"


def _contest_table(results: Sequence[Result]) -> str:
    ours = next((r.median for r in results if r.tool == "sitegen -j2"), None)
    base = ours or min((r.median for r in results if r.median), default=None)
    against = "sitegen -j2" if ours else "fastest"
    rows = [
        "| tool | median | min to max | runs | processor "
        f"| ÷ {against} | peak PSS | pages |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows += [_row(result, base) for result in sorted(results, key=_by_time)]
    return "\n".join(rows)


def _by_time(result: Result) -> float:
    return result.median or float("inf")


def _row(result: Result, base: float | None) -> str:
    if result.problem or result.median is None or base is None:
        return f"| {result.tool} | no time: {result.problem} | | | | | | |"
    memory = f"{result.memory / MEGABYTE:.0f} MB" if result.memory else ""
    processor = sorted(result.processor)[len(result.processor) // 2]
    return (
        f"| {result.tool} | {result.median:.2f} s "
        f"| {min(result.seconds):.2f} to {max(result.seconds):.2f} s "
        f"| {len(result.seconds)} "
        f"| {processor:.2f} s | {result.median / base:.2f} × "
        f"| {memory} | {result.pages:,} |"
    )


def _figures(race: Race) -> Iterator[str]:
    rows = [
        f"| {figure.name} | ≤ {figure.target:g} {figure.unit} "
        f"| {figure.measured:.3g} {figure.unit} | {'yes' if figure.met else '**no**'} |"
        for figure in figures(race)
    ]
    if rows:
        head = "| figure | target | measured | met |\n| --- | ---: | ---: | --- |\n"
        yield f"### Figures to reach\n\n{_FIGURES_NOTE}\n\n" + head + "\n".join(rows)
