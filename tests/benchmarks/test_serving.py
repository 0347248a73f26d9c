"""The race of servers measures what it says, on a small site."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.serving import Series
from sitegen.serve.server import listen


def test_a_series_is_told_in_a_line() -> None:
    series = Series("sitegen", "body", tuple(float(n) for n in range(1, 21)))
    assert series.line() == (
        "sitegen, body: median 10 ms, p95 20 ms, max 20 ms (20 edits)"
    )


def test_edits_of_a_small_site_are_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.serving.time.sleep", lambda seconds: None)
    with listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    arguments = ["serve", "-n", "5", "--edits", "2", "--no-hugo", "-p", str(port)]
    result = CliRunner().invoke(main, [*arguments, "--folder", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "sitegen, body: median " in result.output
    assert "sitegen, title: median " in result.output
    assert "sitegen, idle: " in result.output
