"""Strangers send posts in: forms, guards, the durable queue, moderation."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitegen.config import Config
from sitegen.problems import SitegenError

if TYPE_CHECKING:
    from sitegen.submissions.app import Endpoint

WSGIApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_app(
    config: Config,
    root: Path | str = ".",
    keys: str = "",
    output: Path | None = None,
    mail_password: str = "",
    webhook_secret: str = "",
) -> "Endpoint":
    """Returns the endpoint as a WSGI application for any server.

    `root` is the site's folder, `keys` are secret keys with spaces between them, the
    newest first (without any, the queue keeps its own), and `output` is where the
    site was built, if not where the configuration says. Password and secret take the
    place of those in the configuration.
    """
    from sitegen.submissions.app import Endpoint
    from sitegen.submissions.notices.secrets import Secrets

    if config.submissions is None:
        raise SitegenError(
            "This site takes no submissions.", "Add [submissions] to sitegen.toml."
        )
    secrets = Secrets(mail_password, webhook_secret)
    return Endpoint(
        Path(root).resolve(), config, config.submissions, keys, output, secrets=secrets
    )
