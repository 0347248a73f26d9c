"""`sitegen publish`."""

import os
from pathlib import Path

import click

from sitegen.build.publishing import Published
from sitegen.build.survey import Asked
from sitegen.cli.site import asked as ask
from sitegen.cli.site import clock_moment, when_words
from sitegen.cli.terminal import say, tell
from sitegen.content.records import Post
from sitegen.problems import SitegenError, printable


@click.command()
@click.argument("name", metavar="PATH|SLUG")
@click.option("--date", metavar="TIME", help="Its date.  [default: now]")
@click.option("--merge", is_flag=True, help="Merge its post/ branch.")
@click.option("--push", is_flag=True, help="Push the branch that it is on then.")
@click.pass_obj
def publish(
    obj: tuple[str, str], name: str, date: str | None, merge: bool, push: bool
) -> None:
    """Makes a published post of a draft, commits it and prints its URL.

    It gets a date and loses its draft mark; all else in the file stays as it is. It is
    checked first, and a post with errors stays a draft. A date in the future schedules
    it. What is published already is only committed, merged and pushed.

    \b
    Examples:
      sitegen publish hello
      sitegen publish content/posts/hello.md --date 2026-12-24 --merge --push
    """
    asked = ask(obj)
    if merge or push:
        _require_repository(asked)
    if merge:
        _take_in(asked, name)
    done = _publish(asked, name, date)
    if merge and done.branch:
        _merge(asked, done.branch)
    if push:
        _push(asked)
    tell(done.url)


def _publish(asked: Asked, name: str, date: str | None) -> Published:
    from sitegen.build.publishing import at_any_time, find_post, publish
    from sitegen.cli.check import survey

    site = at_any_time(asked)
    post = find_post(survey(site), name, _relative(asked.root, name))
    when = clock_moment(asked.config, date, "--date").datetime()
    keeps = not post.draft and date is None
    done = publish(asked, post, None if keeps else when, lambda: survey(site))
    _tell_what(asked, post, done)
    return done


def _tell_what(asked: Asked, post: Post, done: Published) -> None:
    if not post.draft:
        say(f"{printable(done.path)} is no draft.")
    if done.date and done.date.at > asked.now.at:
        say(f"It appears on {when_words(done.date, asked.config)}.")
    if done.commit:
        say(f"Committed {printable(done.path)} as {done.commit[:10]}.")
    elif not done.branch:
        from sitegen import git

        if git.find(asked.root) is None:
            say("This is no Git repository, so nothing was committed.")
    if done.beside:
        files = printable(", ".join(done.beside))
        say(f"Beside it lies what is not committed: {files}")


def _relative(root: Path, name: str) -> str:
    """Returns a path as the site names it, whether it is given from here or there."""
    if (root / name).is_file():
        return os.path.normpath(name).replace(os.sep, "/")
    full = os.path.realpath(name)
    return os.path.relpath(full, os.path.realpath(root)).replace(os.sep, "/")


def _require_repository(asked: Asked) -> None:
    from sitegen import git

    git.require(asked.root)


def _take_in(asked: Asked, name: str) -> None:
    """Merges the post's branch into the one that is checked out, if it is another."""
    from sitegen import git
    from sitegen.build.publishing import BRANCH, branch_of

    repository = git.require(asked.root)
    branch, here = branch_of(repository, name), git.current_branch(repository)
    if branch and branch != here and not here.startswith(BRANCH):
        git.merge(repository, branch, f"Merge {branch}")
        say(f"Merged {branch} into {here or 'HEAD'}.")


def _merge(asked: Asked, branch: str) -> None:
    """Merges the branch of a post that was published on it."""
    from sitegen import git
    from sitegen.build.publishing import BRANCH, merge_into_main

    if branch.startswith(BRANCH):
        main = merge_into_main(git.require(asked.root), branch)
        say(f"Merged {branch} into {main}.")


def _push(asked: Asked) -> None:
    from sitegen import git

    try:
        say(f"Pushed to {git.push(git.require(asked.root))}.")
    except git.GitError as failure:
        hint = failure.hint or "It is published here; push it when that works again."
        raise SitegenError(failure.message, hint) from None
