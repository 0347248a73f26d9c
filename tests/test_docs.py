"""The project's own pages: commands run as written, nothing is missing or stale."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sitegen import cli
from sitegen.content.fields import FIELDS, SPECIAL
from tests.conftest import CLOCK
from tests.sessions import Session, blocks, commands, follow, matches
from tools import reference

HELP = ["-h", "--help"]
"""What the commands' own contexts have; click keeps the help option made first."""

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "content" / "docs"
PAGES = sorted([ROOT / "README.md", *(ROOT / "content").rglob("*.md")])
REMOTE = "git@github.com:you/blog.git"
"""The repository that the pages publish to."""


def with_sessions() -> list[Path]:
    return [page for page in PAGES if "```console" in page.read_text(encoding="utf-8")]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def reader(tmp_path: Path) -> dict[str, str]:
    """Gives the environment of a reader with sitegen installed, and a Git host."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "sitegen"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sitegen "$@"\n')
    program.chmod(0o755)
    python = os.path.dirname(sys.executable)
    hosted = tmp_path / "hosted.git"
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[url "{hosted}"]\n\tinsteadOf = {REMOTE}\n[init]\n\tdefaultBranch = main\n'
        "[user]\n\tname = Reader\n\temail = reader@example.org\n"
    )
    return {
        "PATH": os.pathsep.join((str(programs), python, os.environ["PATH"])),
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_SYSTEM": os.devnull,
        "SOURCE_DATE_EPOCH": str(CLOCK),
        "LANG": "C.UTF-8",
        **{k: v for k, v in os.environ.items() if k.startswith("COVERAGE")},
    }


@pytest.mark.needs("git")
@pytest.mark.parametrize("page", with_sessions(), ids=name_of)
def test_a_page_can_be_followed_as_written(
    page: Path, tmp_path: Path, reader: dict[str, str]
) -> None:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "hosted.git"], check=True)
    folder = tmp_path / "fresh"
    folder.mkdir()
    if page.parent.name == "how-to":
        subprocess.run(["sitegen", "init"], cwd=folder, env=reader, check=True)
    complaints = follow(page.read_text(encoding="utf-8"), folder, reader)
    assert not complaints, "\n\n".join(complaints)


@pytest.mark.needs("git")
def test_the_tutorial_ends_with_a_published_site(
    tmp_path: Path, reader: dict[str, str]
) -> None:
    hosted = tmp_path / "hosted.git"
    subprocess.run(["git", "init", "-q", "--bare", hosted], check=True)
    folder = tmp_path / "fresh"
    folder.mkdir()
    page = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    assert not follow(page, folder, reader)
    show = ["git", "-C", str(hosted), "show", "gh-pages:index.html"]
    home = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    assert "Down to the harbour" in home
    assert 'href="/blog/posts/down-to-the-harbour/"' in home


def test_a_session_notices_what_a_page_gets_wrong(
    tmp_path: Path, reader: dict[str, str]
) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    page = (
        "```console\n$ echo one\ntwo\n$ false\n$ cd ..; x=1; export x\n```\n\n"
        "Elsewhere:\n\n```text file=note\nhi\n```\n\n"
        "```console\n$ cat note; echo $x\nhi\n1\n$ printf '%s\\n' a b c\na\n…\nc\n```\n"
    )
    complaints = follow(page, folder, reader)
    assert [line.split(":")[0] for line in complaints] == [
        "line 2",
        "line 4",
        "line 10",
    ]


def test_a_page_is_split_into_blocks_and_commands() -> None:
    page = "a\n\nb `x.md`:\n\n```markdown file=x.md\nhi\n```\n\n```console\n$ a\n> b\nc\n```\n"
    first, second = blocks(page)
    assert (first.file, first.text, first.before) == ("x.md", "hi\n", "a\n\nb `x.md`:")
    assert commands(second) == [("a\nb", "c\n", 10)]
    assert matches("one … two\n…\nlast", "one and two\nx\ny\nlast\n")
    assert not matches("one …", "one")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_sitegen_command_on_a_page_exists(page: Path) -> None:
    for line, words in sitegen_commands(page.read_text(encoding="utf-8")):
        try:
            parse(words)
        except click.UsageError as failure:
            message = failure.format_message()
            pytest.fail(
                f"{name_of(page)}:{line}: {shlex.join(words)}: {message}", False
            )


def sitegen_commands(text: str) -> list[tuple[int, list[str]]]:
    found = []
    for block in blocks(text):
        if block.language not in ("console", "sh", "yaml"):
            continue
        prompt = "$ " if block.language == "console" else ""
        for number, line in enumerate(block.text.splitlines(), block.line + 1):
            if line.startswith(prompt) and (words := sitegen_words(line)):
                found.append((number, words))
    return found


def sitegen_words(line: str) -> list[str]:
    """Returns the arguments of a line that runs sitegen."""
    line = line.removeprefix("$ ").strip().removeprefix("- run: ")
    if not line.startswith("sitegen "):
        return []
    words = shlex.split(line, comments=True)[1:]
    ends = [i for i, word in enumerate(words) if word in ("&&", ";", "|", ">", "&")]
    return words[: ends[0]] if ends else words


def parse(words: list[str]) -> None:
    """Parses a command line without running it."""
    command: click.Command = cli.main
    name = "sitegen"
    while isinstance(command, click.Group):
        context = click.Context(
            command, info_name=name, resilient_parsing=True, help_option_names=HELP
        )
        rest = command.make_parser(context).parse_args(list(words))[1]
        if not rest:
            return
        found, inner, words = command.resolve_command(context, rest)
        assert found and inner
        name, command = found, inner
    if "--help" not in words:
        command.make_context(name, list(words), help_option_names=HELP)


@pytest.mark.parametrize("page", reference.pages(), ids=name_of)
def test_the_reference_is_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert reference.updated(text) == text, "It is stale: run `make reference`."


def test_every_generated_part_is_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in reference.pages())
    for name in reference.PARTS:
        assert f"<!-- generated: {name} -->" in pages


def page_text(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")


def test_every_command_and_option_has_its_line() -> None:
    text = page_text("commands")
    for name, command in reference.all_commands():
        assert f"\n## {name}\n" in text
        assert command.help, f"{name} has no help"
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts} has no help"
                assert all(spelling in text for spelling in option.opts)


def test_every_command_has_an_example() -> None:
    for name, command in reference.all_commands():
        assert "Example" in (command.help or ""), f"{name} --help has no example"


def test_every_setting_is_described() -> None:
    text = reference.configuration()
    assert {"base_url", "paginate", "engine", "limit"} <= reference.setting_names()
    empty = [line for line in text.splitlines() if line.endswith("|  |")]
    assert not empty, "these settings have no docstring"


def test_every_front_matter_key_has_its_line() -> None:
    text = page_text("front-matter")
    for field in FIELDS:
        for spelling in (field.name, *field.spellings):
            assert f"| `{spelling}` |" in text
    for key in SPECIAL:
        assert f"| `{key}` |" in text


@pytest.mark.parametrize("view", reference.DESCRIPTIONS, ids=lambda v: v.__name__)
def test_every_template_variable_is_described(view: type) -> None:
    described = reference.DESCRIPTIONS[view]
    if view in reference.TABLES:
        names = reference.names_of(view)
        missing = [n for n in names if not reference.description_of(view, n)]
        assert not missing, f"{view.__name__}: add these to tools/reference.py"
        assert set(described) <= set(names), "described, but not there"


def test_every_problem_code_means_one_thing() -> None:
    text = page_text("problems")
    for module in reference.modules():
        for code, meaning in getattr(module, "CODES", {}).items():
            assert f"| `{code}` |" in text
            assert meaning in text, f"{code} has two meanings"


def test_sessions_keep_a_failed_file_to_themselves(
    tmp_path: Path, reader: dict[str, str]
) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    session = Session(folder, reader)
    (block,) = blocks("Write `a/b`:\n\n```text file=a/b\nx\n```\n")
    (folder / "a").write_text("a file where a folder must be")
    session.write(block)
    assert session.complaints
