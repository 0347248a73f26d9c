"""Figures follow from the results, and the README takes the tables."""

import msgspec

from benchmarks.report import LAST_RACE, replace_part, write_report
from benchmarks.results import Machine, Race, Rebuild, Result, StartUp, figures


def race(*results: Result, **more: object) -> Race:
    base = Race(
        machine=Machine(2, "a processor", 8_000_000_000, "Linux 6.1", True, 0.1),
        runs=3,
        seed=1,
        code_blocks=3,
        versions={"hugo": "0.168.0"},
        missing={"zola": "not installed"},
        digests={10_000: "abc"},
        results=results,
    )
    return msgspec.structs.replace(base, **more)


def result(tool: str, *seconds: float, scenario: str = "blog") -> Result:
    return Result(
        10_000, scenario, tool, seconds, seconds, memory=200_000_000, pages=11_052
    )


def test_figures_are_ratios_of_medians() -> None:
    found = list(figures(race(result("sitegen -j2", 4, 5, 9), result("hugo", 20))))
    ratio = next(f for f in found if "hugo" in f.name)
    assert (ratio.measured, ratio.target, ratio.met) == (0.25, 0.25, True)


def test_what_was_not_measured_gives_no_figure() -> None:
    assert list(figures(race(result("hugo", 20)))) == []


def test_memory_counts_at_the_sizes_that_have_a_target() -> None:
    found = list(figures(race(result("sitegen -j2", 4))))
    assert [(f.measured, f.target, f.unit) for f in found] == [(200, 250, "MB")]


def test_heavy_is_compared_with_our_own_blog() -> None:
    heavy = result("sitegen -j2", 6, scenario="heavy")
    found = list(figures(race(result("sitegen -j2", 4), heavy)))
    ratio = next(f for f in found if "heavy" in f.name)
    assert (ratio.measured, ratio.met) == (1.5, False)


def test_rebuilds_and_start_ups_are_figures() -> None:
    found = figures(
        race(
            result("sitegen -j2", 4),
            rebuilds=(Rebuild(10_000, "one body", (1.0,), (1,)),),
            start_ups=(StartUp("sitegen --version", "import", (0.2,), (0.1,)),),
        )
    )
    ratios = {f.name: f.measured for f in found}
    assert ratios["one body edited, 10,000 posts (1 files written) ÷ cold"] == 0.25
    assert ratios["sitegen --version ÷ import"] == 2


def test_the_report_has_ratios_and_tells_who_is_missing() -> None:
    slow = Result(10_000, "blog", "zola", problem="not finished after 200 s")
    report = write_report(race(result("sitegen -j2", 4), result("hugo", 20), slow))
    assert "| hugo | 20.00 s | 20.00 to 20.00 s | 1 | 20.00 s | 5.00 × |" in report
    assert "no time: not finished after 200 s" in report
    assert "left out: zola (not installed)" in report
    assert "≤ 0.25 ×" in report


def test_the_readme_keeps_what_is_around_the_tables() -> None:
    start, end = "<!-- last race: start -->", "<!-- last race: end -->"
    text = f"before\n{start}\nold\n{end}\nafter\n"
    once = replace_part(text, LAST_RACE, "new")
    assert once == f"before\n{start}\n\nnew\n{end}\nafter\n"
    assert replace_part(once, LAST_RACE, "new") == once
