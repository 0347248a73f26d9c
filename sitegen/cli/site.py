"""What every command needs first: the site's folder, its configuration, the time."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from sitegen.build.survey import Asked
from sitegen.config import FILE_NAME, Config, load
from sitegen.content.records import Moment
from sitegen.problems import ProblemsFound, SitegenError
from sitegen.site.visibility import Shown


def asked(
    obj: tuple[str, str],
    shown: Shown | None = None,
    clock: str | None = None,
    base_url: str | None = None,
    output: str | None = None,
) -> Asked:
    """Returns what a command is asked to work on.

    Raises SitegenError if there is no site, ProblemsFound if its configuration cannot
    be used.
    """
    root, name = Path(obj[0]), obj[1]
    if name != FILE_NAME and not (root / name).is_file():
        raise SitegenError(f"There is no {root / name}.", "Name another with -c.")
    config, problems = load(root, name)
    config = _overridden(config, base_url, output, Path.cwd(), root)
    if problems:
        raise ProblemsFound(problems)
    _require_site(root, config)
    now = clock_moment(config, clock)
    return Asked(root, config, now, shown or Shown(), problems)


def _overridden(
    config: Config, base_url: str | None, output: str | None, cwd: Path, root: Path
) -> Config:
    if base_url is not None:
        if base_url and not base_url.startswith(("http://", "https://")):
            message = f"'{base_url}' must start with http:// or https://"
            raise click.BadParameter(message, param_hint="--base-url")
        config = msgspec.structs.replace(config, base_url=base_url.rstrip("/"))
    if output is not None:
        folder = os.path.relpath(cwd / output, root)
        if folder.startswith(".."):
            folder = os.path.abspath(cwd / output)
        paths = msgspec.structs.replace(config.paths, output=folder)
        config = msgspec.structs.replace(config, paths=paths)
    return config


def _require_site(root: Path, config: Config) -> None:
    if config.paths.content == "." and not any(root.glob("*.m*d*")):
        shown = root if str(root) != "." else "this folder"
        hint = f"Start one with: sitegen init {root}"
        raise SitegenError(f"There is no site in {shown}.", hint)
    if not (root / config.paths.content).is_dir():
        message = f"There is no folder {root / config.paths.content}."
        raise SitegenError(message, "Create it, or mend [paths] content.")


def clock_moment(config: Config, clock: str | None) -> Moment:
    """Returns the build's time: `--clock`, else SOURCE_DATE_EPOCH, else now."""
    zone = ZoneInfo(config.timezone)
    if clock is not None:
        return Moment.of(_parse_clock(clock, zone).astimezone(zone))
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if epoch:
        if not epoch.isdigit():
            message = f"SOURCE_DATE_EPOCH is '{epoch}', which is no number of seconds."
            raise SitegenError(message, "Unset it, or set it as `date +%s` prints.")
        seconds = float(epoch)
    else:
        seconds = time.time()
    return Moment.of(datetime.fromtimestamp(seconds, UTC).astimezone(zone))


def _parse_clock(clock: str, zone: ZoneInfo) -> datetime:
    try:
        when = datetime.fromisoformat(clock)
    except ValueError:
        message = f"'{clock}' is not a date such as 2026-01-31 or 2026-01-31T12:00"
        raise click.BadParameter(message, param_hint="--clock") from None
    return when if when.tzinfo else when.replace(tzinfo=zone)


def when_words(moment: Moment | None, config: Config) -> str:
    """Returns a moment in the site's zone, with the zone's name."""
    if moment is None:
        return ""
    local = moment.datetime().astimezone(ZoneInfo(config.timezone))
    return f"{local:%Y-%m-%d %H:%M} {config.timezone}"
