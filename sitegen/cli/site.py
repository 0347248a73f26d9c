"""What every command needs first: the site's folder, its configuration, the time."""

import os
import time
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import click
import msgspec

from sitegen.build.survey import Asked
from sitegen.config import FILE_NAME, Config, is_base_url, load
from sitegen.content.dates import zone_of
from sitegen.content.records import Moment
from sitegen.problems import ProblemsFound, SitegenError
from sitegen.site.visibility import Shown


def asked(
    obj: tuple[str, str],
    shown: Shown | None = None,
    clock: str | None = None,
    base_url: str | None = None,
    output: str | None = None,
    tolerant: bool = False,
) -> Asked:
    """Returns what a command is asked to work on.

    Raises SitegenError if there is no site, ProblemsFound if its configuration cannot
    be used. A tolerant command goes on without the values that are refused, and shows
    these problems with all others.
    """
    root, name = Path(obj[0]), obj[1]
    if name != FILE_NAME and not (root / name).is_file():
        raise SitegenError(f"There is no {root / name}.", "Name another with -c.")
    config, problems = load(root, name)
    config = _overridden(config, base_url, output, Path.cwd(), root)
    unusable = any(problem.code == "config-syntax" for problem in problems)
    if problems and (unusable or not tolerant):
        raise ProblemsFound(problems)
    _require_site(root, config)
    now = clock_moment(config, clock)
    return Asked(root, config, now, shown or Shown(), problems)


def _overridden(
    config: Config, base_url: str | None, output: str | None, cwd: Path, root: Path
) -> Config:
    if base_url is not None:
        if not is_base_url(base_url):
            message = f"'{base_url}' must start with http:// or https:// and a host"
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


def clock_moment(config: Config, clock: str | None, option: str = "--clock") -> Moment:
    """Returns the build's time: `--clock`, else SOURCE_DATE_EPOCH, else now."""
    zone = zone_of(config.timezone)
    if clock is not None:
        return _parse_clock(clock, zone, option)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    try:
        seconds = float(int(epoch)) if epoch else time.time()
        return Moment.of(datetime.fromtimestamp(seconds, UTC).astimezone(zone))
    except (ValueError, OverflowError):
        message = f"SOURCE_DATE_EPOCH is '{epoch}', which is no number of seconds."
        hint = "Unset it, or set it as `date +%s` prints."
        raise SitegenError(message, hint) from None


def _parse_clock(clock: str, zone: tzinfo, option: str) -> Moment:
    try:
        when = datetime.fromisoformat(clock)
        when = when if when.tzinfo else when.replace(tzinfo=zone)
        return Moment.of(when.astimezone(zone))
    except (ValueError, OverflowError):
        message = f"'{clock}' is not a date such as 2026-01-31 or 2026-01-31T12:00"
        raise click.BadParameter(message, param_hint=option) from None


def when_words(moment: Moment | None, config: Config) -> str:
    """Returns a moment in the site's zone, with the zone's name."""
    if moment is None:
        return ""
    local = moment.datetime().astimezone(zone_of(config.timezone))
    return f"{local:%Y-%m-%d %H:%M} {config.timezone}"
