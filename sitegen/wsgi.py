"""The WSGI door: `sitegen.wsgi:app` is the submission endpoint for any server.

The site's folder is SITEGEN_ROOT, else the current one.
"""

import os
from functools import cache
from pathlib import Path

from sitegen.config import load
from sitegen.problems import ProblemsFound
from sitegen.submissions import WSGIApplication, create_app


@cache
def application(root: str) -> WSGIApplication:
    """Returns the endpoint of the site in a folder; raises for a bad configuration."""
    config, problems = load(Path(root))
    if problems:
        raise ProblemsFound(problems)
    return create_app(
        config,
        root,
        os.environ.get("SITEGEN_SECRET_KEY", ""),
        mail_password=os.environ.get("SITEGEN_MAIL_PASSWORD", ""),
        webhook_secret=os.environ.get("SITEGEN_WEBHOOK_SECRET", ""),
    )


def __getattr__(name: str) -> WSGIApplication:
    # Made when a server asks for it: looking at this module must not open a queue.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return application(os.environ.get("SITEGEN_ROOT") or os.getcwd())
