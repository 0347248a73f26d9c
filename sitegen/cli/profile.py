"""`sitegen build --profile`: where the time went, and what would help."""

import time
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from sitegen.build.pipeline import Report
from sitegen.build.survey import Asked
from sitegen.cli.terminal import plural, say
from sitegen.config import Markdown

SLOWEST = 10
"""How many pages are named."""

SAMPLE = 20
"""Posts that are turned into HTML once more, to see what another setting would do."""

WORTH = 0.1
"""What a hint must save of the whole build, or it is not given."""


def show_profile(asked: Asked, report: Report) -> None:
    """Prints where the time went, and what would help."""
    say("Stage                      seconds")
    for stage, nanoseconds in report.stages:
        say(f"  {stage:22} {_seconds(nanoseconds)}")
    if report.times:
        show_times(report)
    for hint in hints(asked, report):
        say(hint)


def show_times(report: Report) -> None:
    """Prints the time by template and by slowest page."""
    say("Template                   seconds   pages")
    for name, times in by_template(report):
        say(f"  {name:22} {_seconds(sum(times))}  {len(times):6,}")
    say("Slowest pages              seconds")
    for made in sorted(report.times, key=lambda made: -made.nanoseconds)[:SLOWEST]:
        say(f"  {_seconds(made.nanoseconds)}  {made.output}")


def by_template(report: Report) -> list[tuple[str, list[int]]]:
    """Returns the times of each template's pages, the slowest template first."""
    found: dict[str, list[int]] = defaultdict(list)
    for made in report.times:
        found[made.template].append(made.nanoseconds)
    return sorted(found.items(), key=lambda item: -sum(item[1]))


def hints(asked: Asked, report: Report) -> Iterator[str]:
    """Yields what would make this build faster."""
    total = sum(nanoseconds for _, nanoseconds in report.stages) / 1e9
    if report.parsed and total:
        yield from markdown_hints(asked, report.parsed, total)
    ranked = by_template(report)
    if ranked and total:
        name, times = ranked[0]
        share = sum(times) / 1e9 / total / _abreast(report)
        if len(times) > 1 and share > 0.5:
            yield (
                f"{name} took {share:.0%} of the time. An include that reads nothing"
                " but `site` is rendered once for all pages."
            )


def _abreast(report: Report) -> float:
    """Returns how many pages were made at a time, on average; at least 1."""
    pages = sum(timing.nanoseconds for timing in report.times)
    return max(1.0, pages / (dict(report.stages).get("render") or pages or 1))


def markdown_hints(asked: Asked, parsed: int, total: float) -> Iterator[str]:
    """Yields what other settings for Markdown would save, as measured on a sample."""
    texts = sample(asked)
    settings = asked.config.markdown
    now = seconds_for(texts, settings)
    scale = parsed / max(1, len(texts))
    for other, words in alternatives(settings):
        then = seconds_for(texts, other)
        if (now - then) * scale > WORTH * total:
            name = "Python-Markdown" if settings.engine == "markdown" else "Markdown"
            yield (
                f"{name} took about {now * scale:.2f} s for"
                f" {plural(parsed, 'file')}, {min(1, now * scale / total):.0%} of the"
                f" time on one processor. A sample of {len(texts)} took"
                f" {now * 1000:.0f} ms, and {then * 1000:.1f} ms with {words}."
            )


def alternatives(settings: Markdown) -> Iterator[tuple[Markdown, str]]:
    """Yields other settings for Markdown, and how to write them."""
    if settings.engine == "markdown":
        other = msgspec.structs.replace(settings, engine="commonmark")
        yield other, 'engine = "commonmark"'
    if settings.highlight:
        yield msgspec.structs.replace(settings, highlight=False), "highlight = false"


def sample(asked: Asked) -> list[str]:
    """Returns the Markdown of some content files, evenly spread."""
    from sitegen.build.parse import body_text, shown_path
    from sitegen.build.survey import scan_content
    from sitegen.content.frontmatter import parse

    content = asked.config.paths.content
    found = scan_content(asked.root, asked.config).documents
    texts = []
    for file in found[:: max(1, len(found) // SAMPLE)][:SAMPLE]:
        path = shown_path(content, file.path)
        data = (asked.root / path).read_bytes()
        texts.append(body_text(data, parse(data, path)[0].body))
    return texts


def seconds_for(texts: list[str], settings: Markdown) -> float:
    """Returns how long it takes to turn texts into HTML, once all is loaded."""
    from sitegen.markup.engine import render

    best = 0.0
    for _ in range(2):
        start = time.perf_counter()
        for text in texts:
            render(text, settings)
        best = min(best or start, time.perf_counter() - start)
    return best


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e9:8.3f}"
