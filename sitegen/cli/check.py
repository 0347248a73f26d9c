"""`sitegen check` and `sitegen list`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from sitegen.build.store import Store
from sitegen.build.survey import Asked, Survey, read_inputs
from sitegen.cli.options import content_options, format_option, strict_option
from sitegen.cli.site import asked as ask
from sitegen.cli.site import clock_moment, when_words
from sitegen.cli.terminal import (
    plural,
    problems_json,
    say,
    show_annotations,
    show_problems,
    tell,
    tell_json,
)
from sitegen.cli.waiting import show_waiting
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
@click.option("--staged", is_flag=True, help="Judge the commit that `git add` made.")
@click.option("--base", metavar="REF", help="Judge only what changed since REF.")
@format_option("text", "json", "github")
@click.pass_obj
def check(
    obj: tuple[str, str],
    drafts: bool,
    future: bool,
    expired: bool,
    clock: str | None,
    strict: bool,
    staged: bool,
    base: str | None,
    format: str,
) -> None:
    """Finds all problems of the site, in every file, and writes nothing.

    With --staged it reads what is staged in Git and judges the files that differ from
    the last commit. With --base the whole site is read, and the files that differ from
    where this branch left REF decide.

    \b
    Examples:
      sitegen check
      sitegen check --strict --format github
      sitegen check --base origin/main
    """
    if staged and base is not None:
        raise click.UsageError("--staged and --base exclude each other.")
    shown = Shown(drafts, future, expired)
    try:
        if staged:
            found = findings_staged(obj, shown, clock)
        else:
            found = findings(ask(obj, shown, clock, tolerant=True), base)
    except ProblemsFound as failure:
        show_findings(failure.problems, [], format, Path(obj[0]))
        raise click.exceptions.Exit(1) from None
    waiting = [waiting_json(found.asked, item) for item in found.waiting]
    show_findings(found.problems, waiting, format, found.asked.root)
    if format == "text":
        show_waiting(found.asked, found.waiting)
        if not found.problems:
            say(f"{plural(found.files, 'file')} checked: no problem.")
    if any(problem.is_error or strict for problem in found.problems):
        raise click.exceptions.Exit(1)


class Findings(NamedTuple):
    """What a check found."""

    asked: Asked
    problems: list[Problem]
    files: int
    """How many were judged."""
    waiting: tuple[Waiting, ...] = ()


def findings(asked: Asked, base: str | None) -> Findings:
    """Returns what is wrong with a site, or with what changed since a commit."""
    found = survey(asked)
    problems = [*found.problems(), *template_problems(found)]
    problems.sort(key=Problem.sort_key)
    if base is None:
        return Findings(asked, problems, len(found.posts), found.waiting)
    from sitegen import git
    from sitegen.build.changes import decisive

    changed = git.changed_since(git.require(asked.root), base)
    return Findings(asked, decisive(found, problems, changed), len(changed))


def findings_staged(obj: tuple[str, str], shown: Shown, clock: str | None) -> Findings:
    """Returns what is wrong with the commit that is staged.

    Inside a hook Git says which index it commits: `git commit -- PATH` has its own.
    """
    import gc

    from sitegen.build import staged

    gc.set_threshold(400_000, 20, 50)  # as in a build: many records, hardly a cycle
    root, name = Path(obj[0]), obj[1]
    named = os.environ.get("GIT_INDEX_FILE")
    index = staged.read_index(root, name, Path(named).absolute() if named else None)
    config, problems = staged.staged_config(root, index, name)
    if problems:
        raise ProblemsFound(problems)
    asked = Asked(root, config, clock_moment(config, clock), shown)
    found = staged.check_staged(asked, index)
    return Findings(asked, found, len(index.changed))


def show_findings(
    problems: Sequence[Problem],
    waiting: list[dict[str, Any]],
    format: str,
    root: Path,
) -> None:
    """Prints what a check found, as people or programs want it."""
    if format == "json":
        tell_json({"problems": problems_json(problems), "waiting": waiting})
    elif format == "github":
        from sitegen import git

        repository = git.find(root)
        show_annotations(problems, repository.prefix if repository else "")
    else:
        show_problems(problems, tell)


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
