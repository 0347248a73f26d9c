"""`sitegen submissions serve`: the submission endpoint, by itself."""

import logging
import os
from pathlib import Path

import click

from sitegen.cli.site import asked as ask
from sitegen.cli.terminal import say
from sitegen.problems import SitegenError


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
    "--threads",
    default=16,
    type=click.IntRange(1, 256),
    help="Requests that are answered at the same time.  [default: 16]",
)
@click.pass_obj
def serve(obj: tuple[str, str], port: int, bind: str, threads: int) -> None:
    """Serves the submission form and takes what it sends.

    Put a web server in front of it that speaks TLS and keeps slow clients away; see
    the how-to about nginx and Caddy. The key that signs forms is the queue's own,
    unless SITEGEN_SECRET_KEY has one (or several, the newest first). News of posts are
    sent by this process as well; SITEGEN_MAIL_PASSWORD and SITEGEN_WEBHOOK_SECRET are
    read for that.

    \b
    Examples:
      sitegen submissions serve --port 8001
    """
    from waitress.server import create_server

    from sitegen.submissions import create_app

    asked = ask(obj)
    keys = os.environ.get("SITEGEN_SECRET_KEY", "")
    app = create_app(
        asked.config,
        Path(obj[0]),
        keys,
        mail_password=os.environ.get("SITEGEN_MAIL_PASSWORD", ""),
        webhook_secret=os.environ.get("SITEGEN_WEBHOOK_SECRET", ""),
    )
    assert asked.config.submissions  # create_app has looked
    limits = asked.config.submissions.limits
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    # More requests than threads are no reason for a line each.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        server = create_server(
            app,
            host=bind,
            port=port,
            threads=threads,
            max_request_body_size=limits.body + 1024,
            max_request_header_size=16_384,
            channel_timeout=30,
            connection_limit=1000,
            asyncore_use_poll=True,
            # The endpoint reads this header itself, as far as it trusts it.
            clear_untrusted_proxy_headers=False,
            ident="sitegen",
        )
    except OSError as error:
        message = f"{bind}:{port} cannot be used: {error.strerror}."
        raise SitegenError(message, "Choose another with --port.") from error
    path = asked.config.base_path + asked.config.submissions.path
    say(
        f"http://{bind}:{getattr(server, 'effective_port', port)}{path}  (Ctrl-C stops)"
    )
    app.start()
    try:
        server.run()
    finally:
        server.close()
        app.close()
