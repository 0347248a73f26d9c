"""`sitegen serve` as a command: what it says, and how it ends."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from sitegen.cli.serve import Voice
from sitegen.problems import Location, error
from sitegen.serve.bench import Settled
from sitegen.serve.server import listen
from sitegen.serve.session import Rebuilt
from tests.conftest import MakeSite, Run
from tests.serve.conftest import PATIENCE, SITE

ERROR = error("title-missing", Location("content/a.md", 1), "The file has no title.")


class Command:
    """A running `sitegen serve`, and the lines that it says."""

    def __init__(self, root: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sitegen", "-C", root, "serve", *options],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.put(line.rstrip())

    def until(self, part: str) -> str:
        """Returns the first line that holds a text."""
        while part not in (line := self.lines.get(timeout=PATIENCE)):
            pass
        return line

    def end(self, number: int) -> int:
        """Sends a signal and returns the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.reader.join()
        assert self.process.stderr
        self.process.stderr.close()
        return code


@pytest.fixture
def site(make_site: MakeSite) -> Generator[Path]:
    """Gives a site of three files."""
    yield make_site(SITE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_success_and_frees_the_port(
    number: int, site: Path
) -> None:
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    command = Command(site, "-p", str(port))
    command.until(f"Serving http://127.0.0.1:{port}/")
    assert command.end(number) == 0
    with listen("127.0.0.1", port) as again:
        assert again.getsockname()[1] == port


def test_a_change_is_one_line_and_v_says_why(site: Path) -> None:
    command = Command(site, "-p", "0", "-v")
    try:
        command.until("Serving")
        file = site / "content" / "posts" / "one.md"
        file.write_text(file.read_text().replace("First post", "Other title"))
        assert "content/posts/one.md: " in command.until("made, ")
        assert "posts/one/index.html: " in command.until("posts/one/index.html")
    finally:
        assert command.end(signal.SIGINT) == 0


def test_a_taken_port_is_said_and_the_next_one_used(site: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        command = Command(site, "-p", str(port))
        try:
            command.until(f"Port {port} is in use.")
            assert f":{port}/" not in command.until("Serving")
        finally:
            assert command.end(signal.SIGTERM) == 0


def test_a_folder_without_a_site_is_an_error(tmp_path: Path, run: Run) -> None:
    result = run("serve", "-p", "0", root=tmp_path)
    assert result.exit_code == 1
    assert "There is no site in" in result.stderr


def test_an_error_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Voice(verbose=False)
    failed = Rebuilt(("content/a.md",), 0.1, None, (ERROR,))
    voice.tell(failed)
    assert "title-missing" in capsys.readouterr().err
    voice.tell(failed)
    assert capsys.readouterr().err == ""


def test_a_crash_is_said_once_and_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice = Voice(verbose=False)
    failed = Rebuilt((), 0.1, None, crash="Traceback\n  \x1b[31mred")
    voice.tell(failed)
    said = capsys.readouterr().err
    assert "Traceback\n  \\x1b[31mred\n" in said
    assert "the site stays as it was" in said
    voice.tell(failed)
    assert capsys.readouterr().err == ""


def test_a_line_names_few_files(capsys: pytest.CaptureFixture[str]) -> None:
    settled = Settled(9, 2, ("gone/index.html",), {}, ())
    names = tuple(f"content/{letter}.md" for letter in "abcde")
    Voice(verbose=True).tell(Rebuilt(names, 0.25, settled))
    assert capsys.readouterr().err == (
        "content/a.md, content/b.md, content/c.md, 2 more: "
        "2 pages made, 1 file removed, 0.25 s.\n  gone/index.html: removed\n"
    )
