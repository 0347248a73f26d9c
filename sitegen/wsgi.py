"""The WSGI door: `sitegen.wsgi:app` is the submission endpoint for any server."""

import os
from pathlib import Path

from sitegen.config import load
from sitegen.problems import ProblemsFound
from sitegen.submissions import WSGIApplication, create_app


def application(root: str) -> WSGIApplication:
    """Returns the endpoint of the site in a folder; raises for a bad configuration."""
    config, problems = load(Path(root))
    if problems:
        raise ProblemsFound(problems)
    return create_app(config, root, os.environ.get("SITEGEN_SECRET_KEY", ""))


app = application(os.environ.get("SITEGEN_ROOT") or os.getcwd())
"""The endpoint of the site in SITEGEN_ROOT, else in the current folder."""
