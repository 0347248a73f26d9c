"""`sitegen check` and `sitegen list`."""

from collections.abc import Sequence
from typing import Any

import click

from sitegen.build.store import Store
from sitegen.build.survey import Asked, Survey, read_inputs
from sitegen.cli.build import show_waiting
from sitegen.cli.options import content_options, format_option, strict_option
from sitegen.cli.site import asked as ask
from sitegen.cli.site import when_words
from sitegen.cli.terminal import (
    plural,
    problems_json,
    say,
    show_problems,
    tell,
    tell_json,
)
from sitegen.content.records import Moment, Post
from sitegen.problems import Problem, ProblemsFound, printable
from sitegen.site import urls
from sitegen.site.model import Site, newest_first
from sitegen.site.questions import source_path
from sitegen.site.visibility import Shown, Waiting


def survey(asked: Asked) -> Survey:
    """Returns what a site is, with the help of the cache."""
    from sitegen.build.parse import rules_of

    rules = rules_of(asked.config)
    known = Store(asked.root).load_entries(rules)
    inputs = read_inputs(asked, known)
    if asked.config.submissions:
        from sitegen.build.titles import renew_titles

        renew_titles(asked.root, asked.config, inputs.entries)
    return Survey(asked.root, inputs)


@click.command()
@content_options
@strict_option
@format_option("text", "json", "github")
@click.pass_obj
def check(
    obj: tuple[str, str],
    drafts: bool,
    future: bool,
    expired: bool,
    clock: str | None,
    strict: bool,
    format: str,
) -> None:
    """Finds all problems of the site, in every file, and writes nothing.

    \b
    Examples:
      sitegen check
      sitegen check --strict --format github
    """
    try:
        asked = ask(obj, Shown(drafts, future, expired), clock, tolerant=True)
    except ProblemsFound as failure:
        show_findings(failure.problems, [], format)
        raise click.exceptions.Exit(1) from None
    found = survey(asked)
    problems = [*found.problems(), *template_problems(found)]
    problems.sort(key=Problem.sort_key)
    show_findings(problems, [waiting_json(asked, w) for w in found.waiting], format)
    if format == "text":
        show_waiting(asked, found.waiting)
        if not problems:
            say(f"{plural(len(found.posts), 'file')} checked: no problem.")
    if any(problem.is_error or strict for problem in problems):
        raise click.exceptions.Exit(1)


def show_findings(
    problems: Sequence[Problem], waiting: list[dict[str, Any]], format: str
) -> None:
    """Prints what a check found, as people or programs want it."""
    if format == "json":
        tell_json({"problems": problems_json(problems), "waiting": waiting})
    else:
        show_problems(problems, tell, format)


def template_problems(found: Survey) -> list[Problem]:
    """Returns the syntax errors of templates."""
    from sitegen.build.templates import HonestEnvironment, syntax_problems

    environment = HonestEnvironment(found.inputs.templates.sources)
    return list(syntax_problems(environment))


def waiting_json(asked: Asked, waiting: Waiting) -> dict[str, Any]:
    """Returns a post that is left out, for programs."""
    return {
        "path": f"{asked.config.paths.content}/{waiting.id}".removeprefix("./"),
        "title": waiting.title,
        "reason": waiting.reason,
        "until": _iso(waiting.moment),
    }


def _iso(moment: Moment | None) -> str | None:
    return moment.datetime().isoformat() if moment else None


STATES = ("published", "drafts", "future", "expired", "all")


@click.command("list")
@click.argument("which", type=click.Choice(STATES), default="published")
@click.option("--clock", metavar="TIME", help="List as if it were this time.")
@format_option("text", "json")
@click.pass_obj
def list_posts(
    obj: tuple[str, str], which: str, clock: str | None, format: str
) -> None:
    """Lists posts and pages: the published ones, drafts, future, expired, or all.

    \b
    Examples:
      sitegen list
      sitegen list drafts
      sitegen list all --format json
    """
    asked = ask(obj, Shown(), clock)
    found = survey(asked)
    rows = [row for row in _rows(found) if which in ("all", row["state"])]
    if format == "json":
        tell_json({"posts": rows})
        return
    broken = [p for p in found.parse_problems if p.is_error]
    for row in rows:
        date = row["date"][:10] if row["date"] else " " * 10
        state = "" if which != "all" else f"{row['state']:10}"
        tell(f"{date}  {state}{printable(row['title'])}  ({row['path']})")
    if broken:
        count = len({problem.location.path for problem in broken})
        say(f"{plural(count, 'file')} cannot be read: see sitegen check.")


REASONS = {"draft": "drafts", "future": "future", "expired": "expired"}


def _rows(found: Survey) -> list[dict[str, Any]]:
    waiting = {item.id: item for item in found.waiting}
    posts = [post for post in found.posts if not post.is_section]
    posts.sort(key=newest_first)
    whole = found.whole_site
    return [_row(found, whole, post, waiting.get(post.id)) for post in posts]


def _row(
    found: Survey, whole: Site, post: Post, waiting: Waiting | None
) -> dict[str, Any]:
    path = urls.post_path(found.config, post)
    return {
        "path": source_path(whole, post.id),
        "title": post.title,
        "date": _iso(post.date),
        "state": REASONS[waiting.reason] if waiting else "published",
        "url": urls.url(found.config, path),
        "kind": "post" if whole.is_post(post) else "page",
        "until": when_words(waiting.moment, found.config) if waiting else "",
    }
