"""`sitegen build` and `sitegen clean`."""

import atexit
import gc
import time

import click

from sitegen.build.pipeline import Order, Report
from sitegen.build.pipeline import build as run_build
from sitegen.build.survey import Asked
from sitegen.build.workers import available
from sitegen.cli.options import content_options, strict_option
from sitegen.cli.site import asked as ask
from sitegen.cli.terminal import ProgressBar, plural, say, show_problems
from sitegen.cli.waiting import show_waiting
from sitegen.site.visibility import Shown


@click.command()
@click.option(
    "-o", "--output", metavar="DIR", help="Write the site here.  [default: output]"
)
@content_options
@click.option("--base-url", metavar="URL", help="Build for this address.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes to use.  [default: one for each processor]",
)
@click.option("--force", is_flag=True, help="Make everything anew; trust no cache.")
@strict_option
@click.option("--profile", is_flag=True, help="Show where the time went.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all is well.")
@click.option("-v", "--verbose", is_flag=True, help="Say why each page was made anew.")
@click.pass_obj
def build(
    obj: tuple[str, str],
    output: str | None,
    drafts: bool,
    future: bool,
    expired: bool,
    clock: str | None,
    base_url: str | None,
    jobs: int | None,
    force: bool,
    strict: bool,
    profile: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Writes the site to the output folder.

    Only what changed is made anew. If there is an error, nothing is written and the
    last good output stays. So do files in the output folder that sitegen did not write;
    -v names them.

    \b
    Examples:
      sitegen build
      sitegen build --drafts --future
      sitegen build --base-url https://example.org/blog -o public
    """
    start = time.perf_counter()
    # A build makes hundreds of thousands of records and hardly a cycle among them.
    gc.set_threshold(400_000, 20, 50)
    # They go with the process; a last search among them takes a tenth of a second.
    atexit.register(gc.freeze)
    shown = Shown(drafts, future, expired)
    asked = ask(obj, shown, clock, base_url, output, tolerant=True)
    bar = ProgressBar()
    try:
        report = run_build(asked, Order(jobs or available(), force, strict), bar)
    finally:
        bar.close()
    show_problems(report.problems, say)
    if verbose:
        show_reasons(report)
        show_strangers(asked)
    if profile:
        from sitegen.cli.profile import show_profile

        show_profile(asked, report)
    if not quiet:
        show_summary(asked, report, time.perf_counter() - start)


def show_summary(asked: Asked, report: Report, seconds: float) -> None:
    """Prints what a build did, and what it left out."""
    parts = [f"{plural(report.rendered, 'page')} made"] if report.rendered else []
    if report.removed:
        parts.append(f"{plural(len(report.removed), 'file')} removed")
    what = ", ".join(parts) or "nothing to do"
    folder = asked.config.paths.output
    say(f"{plural(report.total, 'file')} in {folder}: {what}, {seconds:.2f} s.")
    show_waiting(asked, report.waiting)
    if report.is_shallow:
        say(SHALLOW)
    if not asked.config.base_url:
        say("Without base_url there is no feed, sitemap or canonical link.")


SHALLOW = (
    "This is a shallow clone: Git's dates and people are not used. "
    "Get them with: git fetch --unshallow"
)


def show_reasons(report: Report) -> None:
    """Prints why each page was made anew."""
    for doubt in report.doubts:
        say(f"The cache is not used: {doubt}.")
    if report.rendered and not report.reasons:
        say("Everything is made anew: nothing is known of an earlier build.")
    for path, reason in sorted(report.reasons.items()):
        say(f"{path}: {reason}")
    for path in report.removed:
        say(f"{path}: removed")


def show_strangers(asked: Asked) -> None:
    """Prints which files in the output folder are not ours."""
    from sitegen.build.outputs import strangers

    name = asked.config.paths.output
    for path in strangers(asked.root / name):
        say(f"{name}/{path}: not written by sitegen, left as it is")


@click.command()
@click.option(
    "-o", "--output", metavar="DIR", help="Clean this folder.  [default: output]"
)
@click.pass_obj
def clean(obj: tuple[str, str], output: str | None) -> None:
    """Removes what sitegen wrote: its files in the output folder, and its cache.

    Files that it did not write, or that somebody changed since, stay.

    \b
    Example:
      sitegen clean
    """
    from sitegen.build import outputs
    from sitegen.build.pipeline import locked, output_folder
    from sitegen.build.store import Store

    asked = ask(obj, output=output)
    folder = output_folder(asked.root, asked.config)
    with locked(asked.root):
        removed = outputs.clean(folder)
        Store(asked.root).clear()
    say(f"Removed {plural(len(removed), 'file')} from {asked.config.paths.output}.")
