"""`sitegen serve`."""

import os
import signal
import threading
import warnings
from typing import TYPE_CHECKING

import click

from sitegen.build.workers import available
from sitegen.cli.site import asked as ask
from sitegen.cli.terminal import ProgressBar, plural, say, show_problems, styled
from sitegen.problems import Problem, printable
from sitegen.site.visibility import Shown

if TYPE_CHECKING:
    from sitegen.serve.bench import Settled
    from sitegen.serve.server import Server
    from sitegen.serve.session import Rebuilt

NAMED = 3
"""How many of the files that changed a line names."""


@click.command()
@click.option(
    "-D/",
    "--drafts/--no-drafts",
    default=True,
    help="Show drafts, marked.  [default: yes]",
)
@click.option(
    "-F/",
    "--future/--no-future",
    default=True,
    help="Show posts of the future, marked.  [default: yes]",
)
@click.option("-E", "--expired", is_flag=True, help="Show expired posts too, marked.")
@click.option(
    "--clock",
    metavar="TIME",
    help="Build as if it were this time, such as 2026-01-31T12:00.",
)
@click.option(
    "-p",
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    help="Listen here, or on the next port that is free.  [default: 8000]",
)
@click.option(
    "--bind",
    metavar="ADDRESS",
    default="127.0.0.1",
    help="Listen on this address; 0.0.0.0 for all.  [default: 127.0.0.1]",
)
@click.option("-O", "--open", "open_it", is_flag=True, help="Open the browser.")
@click.option("--no-livereload", is_flag=True, help="Leave open pages alone.")
@click.option("--poll", is_flag=True, help="Look for changes, as network mounts need.")
@click.option("--navigate", is_flag=True, help="Go to the post that is edited.")
@click.option("-v", "--verbose", is_flag=True, help="Say why each page was made anew.")
@click.pass_obj
def serve(
    obj: tuple[str, str],
    drafts: bool,
    future: bool,
    expired: bool,
    clock: str | None,
    port: int,
    bind: str,
    open_it: bool,
    no_livereload: bool,
    poll: bool,
    navigate: bool,
    verbose: bool,
) -> None:
    """Shows the site in the browser while you write.

    Pages reload when they change. Drafts and posts of the future are shown and marked.
    Nothing is written to the output folder. Ctrl-C ends it.

    \b
    Examples:
      sitegen serve --open
      sitegen serve -p 9000 --no-drafts
      sitegen serve --bind 0.0.0.0
    """
    from sitegen.serve.server import Options, Server

    # watchdog wonders about folders that were moved away and come back.
    warnings.filterwarnings("ignore", module="watchdog")
    keys = os.environ.get("SITEGEN_SECRET_KEY", "")
    options = Options(bind, port, not no_livereload, navigate, poll, available(), keys)
    shown = Shown(drafts, future, expired)
    server = Server(
        lambda: ask(obj, shown, clock), obj[1], options, Voice(verbose).tell, say
    )
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        run(server, port, open_it)
    except KeyboardInterrupt:
        # Ctrl-C is how it ends; a second one must not disturb the end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    finally:
        server.close()


def run(server: "Server", port: int, open_it: bool) -> None:
    """Serves until somebody presses Ctrl-C."""
    if port not in (0, server.port):
        say(f"Port {port} is in use.")
    bar = ProgressBar()
    try:
        server.open(bar)
    finally:
        bar.close()
    say(f"Serving {styled(server.url, 'place')} until you press Ctrl-C.")
    if open_it:
        click.launch(server.url)
    threading.Event().wait()


class Voice:
    """Says what came of each change: one line, and problems when they are new."""

    def __init__(self, verbose: bool) -> None:
        self.verbose = verbose
        self.said: frozenset[Problem] = frozenset()
        self.failed = ""

    def tell(self, rebuilt: "Rebuilt") -> None:
        """Says what came of one change."""
        new = [each for each in rebuilt.problems if each not in self.said]
        self.said = frozenset(rebuilt.problems)
        show_problems(new, say)
        failure = rebuilt.crash or rebuilt.failure
        failed_anew = bool(failure) and failure != self.failed
        if failed_anew:
            say(printed(failure))
        self.failed = failure
        if rebuilt.settled:
            self.tell_settled(rebuilt, rebuilt.settled)
        elif new or failed_anew:
            say(f"{self.what(rebuilt)}: not built; the site stays as it was.")

    def tell_settled(self, rebuilt: "Rebuilt", settled: "Settled") -> None:
        """Says what was built."""
        parts = [f"{plural(settled.rendered, 'page')} made"]
        if settled.removed:
            parts.append(f"{plural(len(settled.removed), 'file')} removed")
        say(f"{self.what(rebuilt)}: {', '.join(parts)}, {rebuilt.seconds:.2f} s.")
        if self.verbose:
            for path, reason in sorted(settled.reasons.items()):
                say(f"  {path}: {reason}")
            for path in settled.removed:
                say(f"  {path}: removed")

    def what(self, rebuilt: "Rebuilt") -> str:
        """Returns words for what changed."""
        names = [printable(path) for path in rebuilt.changed[:NAMED]]
        more = len(rebuilt.changed) - len(names)
        if more:
            names.append(f"{more} more")
        return ", ".join(names) or "The site"


def printed(text: str) -> str:
    """Returns a text of several lines that cannot steer a terminal."""
    return "\n".join(printable(line) for line in text.splitlines())
