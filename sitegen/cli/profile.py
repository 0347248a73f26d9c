"""`sitegen build --profile`: where the time went, and what would help."""

from collections import defaultdict

from sitegen.build.pipeline import Report
from sitegen.cli.terminal import say

SLOWEST = 10
"""How many pages are named."""


def show_profile(report: Report) -> None:
    """Prints the time by stage, by template and by slowest page."""
    say("Stage                      seconds")
    for stage, nanoseconds in report.stages:
        say(f"  {stage:22} {_seconds(nanoseconds)}")
    if not report.times:
        return
    by_template: dict[str, list[int]] = defaultdict(list)
    for made in report.times:
        by_template[made.template].append(made.nanoseconds)
    say("Template                   seconds   pages")
    ranked = sorted(by_template.items(), key=lambda item: -sum(item[1]))
    for name, times in ranked:
        say(f"  {name:22} {_seconds(sum(times))}  {len(times):6,}")
    say("Slowest pages              seconds")
    for made in sorted(report.times, key=lambda made: -made.nanoseconds)[:SLOWEST]:
        say(f"  {_seconds(made.nanoseconds)}  {made.output}")


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:8.3f}"
