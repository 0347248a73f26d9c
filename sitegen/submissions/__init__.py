"""Strangers send posts in: forms, guards, the durable queue, moderation."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sitegen.config import Config
from sitegen.problems import SitegenError

WSGIApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_app(
    config: Config, root: Path | str = ".", keys: str = "", output: Path | None = None
) -> WSGIApplication:
    """Returns the endpoint as a WSGI application for any server.

    `root` is the site's folder, `keys` are secret keys with spaces between them, the
    newest first (without any, the queue keeps its own), and `output` is where the
    site was built, if not where the configuration says.
    """
    from sitegen.submissions.app import Endpoint

    if config.submissions is None:
        raise SitegenError(
            "This site takes no submissions.", "Add [submissions] to sitegen.toml."
        )
    return Endpoint(Path(root).resolve(), config, config.submissions, keys, output)
