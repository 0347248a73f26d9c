"""The commands. Each parses, calls one function and prints; nothing else does."""

from typing import Any

import click

import sitegen

COMMANDS = {
    "init": "sitegen.cli.author:init",
    "new": "sitegen.cli.author:new",
    "build": "sitegen.cli.build:build",
    "serve": "sitegen.cli.serve:serve",
    "check": "sitegen.cli.check:check",
    "list": "sitegen.cli.check:list_posts",
    "clean": "sitegen.cli.build:clean",
    "queue": "sitegen.cli.queue:queue",
    "submissions": "sitegen.cli.submissions:submissions",
    "publish": "sitegen.cli.publish:publish",
    "status": "sitegen.cli.status:status",
    "hooks": "sitegen.cli.hooks:hooks",
}
"""Command name → module and function; a module is imported when it is needed."""


class Commands(click.Group):
    """The group of commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of a site's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Returns a command by its name."""
        place = COMMANDS.get(name)
        if place is None:
            return None
        import importlib

        module, _, function = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that the arguments name, or says what was meant."""
        from sitegen.problems import did_you_mean

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as failure:
            hint = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"{failure.message} {hint}".strip(), ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; what stops it is said on stderr, with exit code 1."""
        from sitegen.problems import SitegenError

        try:
            return super().invoke(ctx)
        except SitegenError as failure:
            stopped = failure
        except OSError as failure:
            if failure.filename is None:  # nothing about a file: click knows pipes
                raise
            # The disk is full, a folder is not ours: nobody needs a traceback.
            stopped = SitegenError(f"{failure.strerror}: {failure.filename}")
        from sitegen.cli.terminal import show_failure

        show_failure(stopped)
        ctx.exit(stopped.exit_code)


SETTINGS = {"help_option_names": ["-h", "--help"]}
"""What every context of a command is made with; click keeps the help option it makes
first, so one made without these would last."""


@click.group(cls=Commands, context_settings=SETTINGS)
@click.option(
    "-C",
    "--root",
    metavar="DIR",
    default=".",
    type=click.Path(exists=True, file_okay=False),
    help="The site's folder.  [default: the current one]",
)
@click.option(
    "-c",
    "--config",
    metavar="FILE",
    default="sitegen.toml",
    help="The configuration, relative to the site's folder.  [default: sitegen.toml]",
)
@click.version_option(sitegen.__version__, message="sitegen %(version)s")
@click.pass_context
def main(ctx: click.Context, root: str, config: str) -> None:
    """Turns a folder of Markdown files into a website.

    \b
    Examples:
      sitegen init blog           start a site in the folder blog
      sitegen -C blog new "Hi"    write a post
      sitegen -C blog build       write the site to blog/output
    """
    ctx.obj = (root, config)
