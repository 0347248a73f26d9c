"""`sitegen submissions serve`: the submission endpoint, by itself."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sitegen.cli.site import asked as ask
from sitegen.cli.terminal import say

if TYPE_CHECKING:
    from sitegen.submissions.app import Endpoint

MOST_PROCESSES = 4
"""More are started only if somebody says so: few sites have so many visitors."""


@click.group()
def submissions() -> None:
    """Takes submissions without a web server of another kind.

    \b
    Examples:
      sitegen submissions serve
    """


@submissions.command()
@click.option(
    "-p",
    "--port",
    default=8001,
    type=click.IntRange(0, 65535),
    help="The port; 0 takes any that is free.  [default: 8001]",
)
@click.option(
    "--bind",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="The address to listen at.  [default: 127.0.0.1]",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Processes that answer.  [default: one for each processor, up to 4]",
)
@click.option(
    "--threads",
    default=8,
    type=click.IntRange(1, 256),
    help="Requests that each process answers at the same time.  [default: 8]",
)
@click.pass_obj
def serve(
    obj: tuple[str, str], port: int, bind: str, processes: int | None, threads: int
) -> None:
    """Serves the submission form and takes what it sends.

    Put a web server in front of it that speaks TLS and keeps slow clients away; see
    the how-to about nginx and Caddy. With as many processes as processors, each one
    keeps to a processor of its own. The key that signs forms is the queue's own,
    unless SITEGEN_SECRET_KEY has one (or several, the newest first). News of posts are
    sent by this process as well; SITEGEN_MAIL_PASSWORD and SITEGEN_WEBHOOK_SECRET are
    read for that.

    \b
    Examples:
      sitegen submissions serve --port 8001
      sitegen submissions serve --processes 1 --threads 16
    """
    from sitegen.build.workers import available
    from sitegen.submissions.serving import Serving, answer, listen

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    app = endpoint(obj)
    wanted = processes or min(available(), MOST_PROCESSES)
    serving = Serving(bind, port, wanted, threads)
    with listen(serving) as listener:
        host = f"[{bind}]" if ":" in bind else bind
        path = app.config.base_path + app.settings.path
        address = f"http://{host}:{listener.getsockname()[1]}{path}"
        say(f"{address}  (Ctrl-C stops)")
        answer(app, listener, serving)


def endpoint(obj: tuple[str, str]) -> "Endpoint":
    """Returns the endpoint of a site, with the secrets of the environment."""
    from sitegen.submissions import create_app

    return create_app(
        ask(obj).config,
        Path(obj[0]),
        os.environ.get("SITEGEN_SECRET_KEY", ""),
        mail_password=os.environ.get("SITEGEN_MAIL_PASSWORD", ""),
        webhook_secret=os.environ.get("SITEGEN_WEBHOOK_SECRET", ""),
    )
