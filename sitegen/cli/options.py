"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def content_options(command: F) -> F:
    """Adds the options that say which posts are shown, and when."""
    for option in reversed(
        (
            click.option("-D", "--drafts", is_flag=True, help="Show drafts too."),
            click.option(
                "-F", "--future", is_flag=True, help="Show posts of the future too."
            ),
            click.option(
                "-E", "--expired", is_flag=True, help="Show expired posts too."
            ),
            click.option(
                "--clock",
                metavar="TIME",
                help="Build as if it were this time, such as 2026-01-31T12:00.",
            ),
        )
    ):
        command = option(command)
    return command


def format_option(*formats: str) -> Callable[[F], F]:
    """Returns a decorator that adds `--format`."""
    return click.option(
        "--format",
        type=click.Choice(formats),
        default=formats[0],
        help="How the result is written.  [default: text]",
    )


strict_option = click.option("--strict", is_flag=True, help="Treat warnings as errors.")
"""Adds `--strict`."""
