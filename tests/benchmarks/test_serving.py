"""The race of servers measures what it says, on a small site."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import _servers, main
from benchmarks.measure import Failed
from benchmarks.peers.tool import Command
from benchmarks.serving import Series, running
from sitegen.serve.server import listen


def test_a_series_is_a_row_of_the_table() -> None:
    times = tuple(float(n) for n in range(1, 21))
    series = Series("sitegen", "body", times, (30.0, 10.0, 20.0))
    assert series.row() == (
        "| sitegen | the text | 10 ms | 20 ms | 20 ms | 20 ms | 20 |"
    )


def test_edits_of_a_small_site_are_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.serving.time.sleep", lambda seconds: None)
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    arguments = ["serve", "-n", "5", "--rounds", "2", "--tool", "sitegen"]
    result = CliRunner().invoke(
        main, [*arguments, "-p", str(port), "--folder", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert "| sitegen | the text | " in result.output
    assert "| sitegen | the title | " in result.output
    assert "While nothing changes, sitegen takes " in result.output


def test_a_server_that_cannot_run_is_left_out_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.__main__.CACHE", tmp_path / "empty")
    assert set(_servers(["hugo"])) == {"sitegen"}


def test_a_server_that_ends_is_a_failure(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", "raise SystemExit(3)"), tmp_path)
    with pytest.raises(Failed, match="exit code 3"), running(command, 9):
        pass
