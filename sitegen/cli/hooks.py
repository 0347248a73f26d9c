"""`sitegen hooks`: commits are checked before they are made."""

import sys
from pathlib import Path

import click

from sitegen.cli.options import format_option
from sitegen.cli.terminal import say, tell, tell_json
from sitegen.git import hooks as git_hooks
from sitegen.git import require
from sitegen.git.hooks import Hook

WORDS = {
    "installed": "Commits are checked by {path}.",
    "chained": "Commits are checked, by way of another hook: {path}.",
    "absent": "Commits are not checked. Change that with: sitegen hooks install",
}


@click.group()
def hooks() -> None:
    """Lets Git check each commit before it is made.

    \b
    Examples:
      sitegen hooks install
      sitegen hooks status
    """


@hooks.command()
@click.pass_obj
def install(obj: tuple[str, str]) -> None:
    """Installs a pre-commit hook that runs `sitegen check --staged`.

    It lies where core.hooksPath says. A hook that is there already stays in force and
    runs first.

    \b
    Example:
      sitegen hooks install
    """
    from sitegen.cli.site import asked

    asked(obj)  # there must be a site
    _show(git_hooks.install(require(Path(obj[0])), sys.executable, obj[1]))


@hooks.command()
@click.pass_obj
def uninstall(obj: tuple[str, str]) -> None:
    """Takes the hook away, and puts back the one that was there before.

    \b
    Example:
      sitegen hooks uninstall
    """
    hook = git_hooks.uninstall(require(Path(obj[0])))
    if hook.state == "chained":
        say(f"Another tool took the hook over: remove its call from {hook.path}.")
        raise click.exceptions.Exit(1)
    say("Commits are not checked any more.")


@hooks.command()
@format_option("text", "json")
@click.pass_obj
def status(obj: tuple[str, str], format: str) -> None:
    """Says whether commits are checked, and which other hook runs first.

    \b
    Example:
      sitegen hooks status --format json
    """
    hook = git_hooks.state(require(Path(obj[0])))
    if format == "json":
        others = str(hook.others) if hook.others else None
        tell_json({"state": hook.state, "path": str(hook.path), "before": others})
    else:
        tell(_words(hook))


def _show(hook: Hook) -> None:
    say(_words(hook))


def _words(hook: Hook) -> str:
    words = WORDS[hook.state].format(path=hook.path)
    return f"{words} {hook.others.name} runs first." if hook.others else words
