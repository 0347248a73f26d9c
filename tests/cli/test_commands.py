"""What all commands have in common: help, exit codes, streams, colours."""

import json
import os
import pkgutil
import pty
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import sitegen
from sitegen.cli import COMMANDS
from sitegen.cli.terminal import ProgressBar
from tests.conftest import MakeSite, Run
from tests.surveys import md, post

HELP = ["-h", "--help"]
"""What the commands' own contexts have; click keeps the help option made first."""

WRONG = {
    "content/a.md": "no title\n",
    "content/b.md": md("title: B", body="[x](no.md)"),
}


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> list[tuple[str, ...]]:
    """Returns a command and those below it, as people type them."""
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command, help_option_names=HELP)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += commands(below, (*path, name))
    return found


ALL = commands(pkgutil.resolve_name("sitegen.cli:main"))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(
    path: tuple[str, ...], run: Run
) -> None:
    result = run(*path, "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    assert run(*path, "-h").stdout == result.stdout
    examples = re.search(r"\n  Examples?:\n((?:    .+\n)+)", result.stdout)
    assert examples, "no example"
    example = examples[1].split()
    assert example[0] == "sitegen"
    assert set(path) <= set(example)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    command: click.Command = pkgutil.resolve_name("sitegen.cli:main")
    context = click.Context(command, help_option_names=HELP)
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(context, name)
        assert found is not None
        command = found
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help and option.help[-1] in ".]", option.name


def test_the_commands_are_listed_in_the_order_of_a_site_s_life(run: Run) -> None:
    text = run("--help").stdout
    places = [text.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


def test_the_version_is_said(run: Run) -> None:
    assert run("--version").stdout == f"sitegen {sitegen.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["bild"],
        ["build", "--nonsense"],
        ["build", "extra"],
        ["build", "-j", "0"],
        ["build", "--clock", "yesterday"],
        ["build", "--clock", "9999-12-31T23:59:59-12:00"],
        ["build", "--base-url", "example.org"],
        ["build", "--base-url", "https://"],
        ["check", "--format", "xml"],
        ["list", "nonsense"],
        ["new"],
        ["new", "New", "--date", "never"],
        ["-C", "nowhere", "build"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(arguments: list[str], make_site: MakeSite, run: Run) -> None:
    root = make_site({"content/a.md": md("title: A")})
    result = run(*arguments, root=root)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Try 'sitegen" in result.stderr or "Error" in result.stderr
    assert not (root / "output").exists()


def test_a_misspelled_command_is_suggested(run: Run) -> None:
    assert "build" in run("bild").stderr


def test_an_option_is_named_that_has_a_wrong_value(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site({"content/a.md": md("title: A")})
    assert "--date" in run("new", "C", "--date", "x", root=root).stderr
    assert "--clock" in run("check", "--clock", "x", root=root).stderr


@pytest.mark.parametrize("command", ["build", "check"])
def test_problems_are_1(command: str, make_site: MakeSite, run: Run) -> None:
    assert run(command, root=make_site(WRONG)).exit_code == 1


@pytest.mark.parametrize("command", ["build", "check"])
def test_warnings_are_0_unless_strict(
    command: str, make_site: MakeSite, run: Run
) -> None:
    root = make_site({"content/b.md": WRONG["content/b.md"]})
    assert run(command, root=root).exit_code == 0
    assert run(command, "--strict", root=root).exit_code == 1
    assert "link-missing" in run(command, root=root).output
    assert run("build", "--strict", "--force", root=root).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build"], "There is no site in"),
        (["check"], "There is no site in"),
        (["-c", "other.toml", "build"], "There is no"),
    ],
)
def test_where_there_is_no_site_the_next_step_is_said(
    arguments: list[str], message: str, tmp_path: Path, run: Run
) -> None:
    result = run(*arguments, root=tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {message}")
    assert len(result.stderr.splitlines()) == 2


def test_a_content_folder_that_is_missing_is_named(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site({"sitegen.toml": '[paths]\ncontent = "pages"\n'})
    result = run("check", root=root)
    assert result.exit_code == 1
    assert f"There is no folder {root}/pages." in result.stderr


def test_the_configuration_can_have_another_name(make_site: MakeSite, run: Run) -> None:
    root = make_site(
        {"content/a.md": md("title: A"), "draft.toml": '[paths]\noutput = "draft"\n'}
    )
    assert run("-c", "draft.toml", "build", root=root).exit_code == 0
    assert (root / "draft/a/index.html").exists()


def test_results_go_to_stdout_and_all_else_to_stderr(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site(
        {"content/posts/a.md": post("A"), "content/b.md": WRONG["content/b.md"]}
    )
    build = run("build", root=root)
    assert build.stdout == ""
    assert "link-missing" in build.stderr and "files in output" in build.stderr
    check = run("check", root=root)
    assert "link-missing" in check.stdout
    listing = run("list", root=root)
    assert "A  (content/posts/a.md)" in listing.stdout
    assert listing.stderr == ""


@pytest.mark.parametrize("epoch", ["soon", "-x", "9" * 30, "²"])
def test_a_wrong_epoch_is_an_error(epoch: str, make_site: MakeSite, run: Run) -> None:
    root = make_site({"content/a.md": md("title: A")})
    result = run("build", root=root, env={"SOURCE_DATE_EPOCH": epoch})
    assert result.exit_code == 1
    assert "SOURCE_DATE_EPOCH" in result.stderr


def test_without_an_epoch_it_is_now(make_site: MakeSite, run: Run) -> None:
    root = make_site({"content/posts/a.md": post("A", date="2999-01-01")})
    result = run("check", root=root, env={"SOURCE_DATE_EPOCH": None})
    assert "until 2999-01-01 00:00 UTC" in result.stderr


def test_the_clock_is_in_the_site_s_zone(make_site: MakeSite, run: Run) -> None:
    root = make_site(
        {
            "sitegen.toml": 'timezone = "Asia/Tokyo"\n',
            "content/posts/a.md": post("A", date="2026-01-01T00:00:00Z"),
        }
    )
    waits = "until 2026-01-01 09:00 Asia/Tokyo"
    assert waits in run("check", "--clock", "2026-01-01T08:59", root=root).stderr
    assert waits not in run("check", "--clock", "2026-01-01T09:00", root=root).stderr
    assert waits not in run("check", "--clock", "2026-01-01T00:00Z", root=root).stderr


def program(*arguments: str | Path) -> list[str]:
    """Returns the command line of sitegen in a process of its own."""
    return [sys.executable, "-m", "sitegen", *map(str, arguments)]


def on_a_terminal(arguments: list[str], **environment: str) -> bytes:
    """Returns what a program writes to a terminal."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(arguments, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        chunks = []
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # Linux says so when the last writer is gone
                break
            if not chunk:
                break
            chunks.append(chunk)
        process.wait()
    os.close(master)
    return b"".join(chunks)


def test_there_are_colours_on_a_terminal_only(make_site: MakeSite) -> None:
    arguments = program("-C", make_site(WRONG), "check")
    assert b"\x1b[" in on_a_terminal(arguments)
    assert b"\x1b[" not in on_a_terminal(arguments, NO_COLOR="1")
    piped = subprocess.run(arguments, capture_output=True, check=False)
    assert piped.returncode == 1
    assert b"\x1b[" not in piped.stdout + piped.stderr
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", on_a_terminal(arguments))
    assert plain.replace(b"\r\n", b"\n") == piped.stdout


SLOW = """
import sys
from sitegen.cli import main
from sitegen.cli.terminal import ProgressBar
ProgressBar.PATIENCE = float(sys.argv.pop(1))
main()
"""


def test_a_progress_bar_is_shown_on_a_terminal_if_it_takes_long(
    make_site: MakeSite,
) -> None:
    files = {f"content/{n}.md": md(f"title: Page {n}") for n in range(3)}
    arguments = ["-C", str(make_site(files)), "build", "--force", "-j1"]
    waiting = [sys.executable, "-c", SLOW, "0", *arguments]
    assert b"rendering" in on_a_terminal(waiting)
    assert b"rendering" not in on_a_terminal(
        [sys.executable, "-c", SLOW, "60", *arguments]
    )
    piped = subprocess.run(waiting, capture_output=True, check=True)
    assert b"rendering" not in piped.stdout + piped.stderr


def test_a_bar_that_was_never_shown_can_be_closed() -> None:
    ProgressBar().close()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("sitegen bu", "build"),
        ("sitegen list fu", "future"),
        ("sitegen build --dra", "--drafts"),
        ("sitegen check --format gi", "github"),
    ],
)
def test_a_shell_completes(words: str, answer: str) -> None:
    environment = {
        **os.environ,
        "_SITEGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = "import sys; sys.argv[0] = 'sitegen'; from sitegen.cli import main; main(prog_name='sitegen')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"plain,{answer}" in done.stdout.splitlines()


def test_the_module_is_the_command(make_site: MakeSite) -> None:
    done = subprocess.run(
        program("--version"), capture_output=True, text=True, check=True
    )
    assert done.stdout == f"sitegen {sitegen.__version__}\n"


def test_what_strangers_write_cannot_steer_a_terminal(
    make_site: MakeSite, run: Run
) -> None:
    """Neither by a title nor by a file's name."""
    name = "content/posts/\x1b[2Jevil.md"
    bad = {
        name: '---\ntitle: "a\\u009b31m\\x07b"\n---\n',
        "content/posts/b.md": post("B \u200b"),
    }
    root = make_site(bad)
    for arguments in (["check"], ["build"], ["list"], ["check", "--format", "github"]):
        text = run(*arguments, root=root).output
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text), arguments
    assert json.loads(run("check", "--format", "json", root=root).stdout)
