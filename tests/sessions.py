"""Console sessions in Markdown pages: found, run as written, and compared.

A block marked `console` is a session: `$` begins a command, `>` goes on with it, and the other
lines are what the command prints. `…` stands for anything, alone on its line for any number of
lines; where nothing is shown, anything may be printed. A block marked with
`file=NAME` is a file that the reader writes. Sessions of one page follow one another
in one folder.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^ *(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_FAILED = re.compile(r"^(Error: |\S+: error\[|\d+ errors?\b)", re.MULTILINE)
"""What a command that fails shows."""


_VARIABLES = "declare -p | grep -v '^declare -[a-z]*r'"
"""Prints the variables that a shell lets one set again."""


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    file: str
    """The file that the reader is told to write; "" for none."""
    line: int
    before: str
    """The text between the block before and this one."""


class Command(NamedTuple):
    """A command of a session, and what the page says that it prints."""

    text: str
    shown: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """Yields the fenced blocks of a page."""
    end = 0
    for match in _BLOCK.finditer(page):
        language, _, rest = match["info"].strip().partition(" ")
        file = re.search(r"\bfile=(\S+)", rest)
        text = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        line = page.count("\n", 0, match.start()) + 1
        before, end = page[end : match.start()].strip(), match.end()
        yield Block(language, text, file[1] if file else "", line, before)


def commands(block: Block) -> list[Command]:
    """Returns the commands of a console block."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Command(line[2:], "", number))
        elif found and line.startswith("> "):
            last = found[-1]
            found[-1] = last._replace(text=f"{last.text}\n{line[2:]}")
        elif found:
            last = found[-1]
            found[-1] = last._replace(shown=f"{last.shown}{line}\n")
    return found


def follow(page: str, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Does in `folder` what a page tells its reader; returns what is not as it says."""
    session = Session(folder, environment)
    named = ""
    for block in blocks(page):
        named = named + block.before if block.file else ""
        if block.file:
            if block.file not in named:
                session.complain(block.line, f"the text does not name {block.file}")
            session.write(block)
        elif block.language == "console":
            for command in commands(block):
                session.run(command)
    return session.complaints


class Session:
    """A shell that keeps its folder and its variables from command to command."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.complaints: list[str] = []
        self.state = folder.parent / f"{folder.name}.state"
        self.state.write_text(f"cd {shlex.quote(str(folder))}\n", encoding="utf-8")

    def write(self, block: Block) -> None:
        """Writes a file as an editor would."""
        file = shlex.quote(block.file)
        done = self.shell(f'mkdir -p "$(dirname {file})"; cat > {file}', block.text)
        if done.returncode:
            self.complain(block.line, done.stdout)

    def run(self, command: Command) -> None:
        """Runs a command and compares what it prints and whether it fails."""
        done = self.shell(command.text)
        should_fail = bool(_FAILED.search(command.shown))
        if bool(done.returncode) is not should_fail:
            what = f"ended with {done.returncode}: {command.text}\n{done.stdout}"
            self.complain(command.line, what)
        elif command.shown and not matches(command.shown, done.stdout):
            what = f"{command.text}\nshown:\n{command.shown}\nprinted:\n{done.stdout}"
            self.complain(command.line, what)

    def shell(self, script: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a script where the last one ended, with all that it prints as stdout."""
        state = shlex.quote(str(self.state))
        keep = f"printf 'cd %q\\n' \"$PWD\" > {state}; {_VARIABLES} >> {state}"
        return subprocess.run(
            ["bash", "-c", f". {state}\n{script}\nended=$?\n{keep}\nexit $ended"],
            check=False,
            encoding="utf-8",
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def complain(self, line: int, what: str) -> None:
        """Notes what a reader would stumble over."""
        self.complaints.append(f"line {line}: {what}")


def matches(shown: str, printed: str) -> bool:
    """True if a command printed what the page shows."""
    lines = (_pattern(line) for line in shown.strip().splitlines(keepends=True))
    return re.fullmatch("".join(lines), printed.strip()) is not None


def _pattern(line: str) -> str:
    if line.strip() == "…":
        return r"(?s:.*)"
    return ".*".join(map(re.escape, line.split("…")))
