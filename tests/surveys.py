"""Sites as values: what a folder of files becomes before anything is written."""

from pathlib import Path
from zoneinfo import ZoneInfo

from sitegen.build.survey import Asked, Survey, read_inputs
from sitegen.config import load
from sitegen.content.records import Moment
from sitegen.problems import Problem
from sitegen.site.model import Site
from sitegen.site.visibility import Shown
from tests.conftest import CLOCK

NOW = Moment(CLOCK)


def md(*fields: str, body: str = "") -> str:
    """Returns the text of a content file with YAML front matter."""
    return "\n".join(("---", *fields, "---", body))


def post(title: str, *fields: str, date: str = "2026-01-01", body: str = "") -> str:
    """Returns the text of a dated content file."""
    return md(f"title: {title}", f"date: {date}", *fields, body=body)


def survey(root: Path, now: Moment = NOW, shown: Shown | None = None) -> Survey:
    """Returns what the site in a folder is at a time."""
    config, problems = load(root)
    local = now.datetime().astimezone(ZoneInfo(config.timezone))
    asked = Asked(root, config, Moment.of(local), shown or Shown(), problems)
    return Survey(root, read_inputs(asked))


def site_of(root: Path) -> Site:
    """Returns the site in a folder."""
    return survey(root).site


def outputs_of(root: Path) -> list[str]:
    """Returns the paths of all planned files but the theme's."""
    theme = {"style.css", "favicon.svg", "highlight.css", "404.html", "robots.txt"}
    paths = [artifact.output for artifact in survey(root).artifacts]
    return [path for path in paths if path not in theme]


def problems_of(root: Path) -> list[str]:
    """Returns `path:line:column code` of every problem, sorted."""
    return [place(problem) for problem in survey(root).problems()]


def place(problem: Problem) -> str:
    """Returns `path:line:column code` of a problem."""
    at = problem.location
    return f"{at.path}:{at.line}:{at.column} {problem.code}"
