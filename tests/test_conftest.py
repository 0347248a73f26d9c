"""Commands run in this process, at a time that stands still."""

import os
import sys
from pathlib import Path

import click
import pytest

from tests.conftest import CLOCK, EXAMPLES, MakeSite, Run


@click.command()
@click.option("-C", "root")
@click.argument("word")
def echo(root: str | None, word: str) -> None:
    """Says where, when and what; fails on request."""
    click.echo(f"{root} {os.environ.get('SOURCE_DATE_EPOCH')} {sys.stdin.read()}")
    click.echo(word, err=True)
    if word == "bug":
        raise ZeroDivisionError
    raise SystemExit(len(word))


@pytest.fixture
def say(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives `run` with the command above as the program."""
    monkeypatch.setattr("sitegen.cli.main", echo, raising=False)
    return run


def test_a_command_runs_at_a_fixed_time(say: Run, tmp_path: Path) -> None:
    result = say("yes", root=tmp_path, input="please")
    assert result.stdout == f"{tmp_path} {CLOCK} please\n"
    assert result.stderr == "yes\n"
    assert result.exit_code == 3


def test_a_command_gets_the_environment_of_the_test(say: Run) -> None:
    assert say("x", env={"SOURCE_DATE_EPOCH": None}).stdout == "None None \n"


def test_a_bug_in_a_command_fails_the_test(say: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        say("bug")


def test_sites_are_made_and_added_to(make_site: MakeSite) -> None:
    first = make_site({"content/a.md": "a"})
    assert make_site({"b.png": b"\x89"}) == first
    assert make_site({}, name="other") != first
    assert (first / "content/a.md").read_text() == "a"
    assert (first / "b.png").read_bytes() == b"\x89"


def test_the_long_profile_is_ten_times_that_of_ci() -> None:
    assert EXAMPLES["long"] == 10 * EXAMPLES["ci"]


@pytest.mark.parametrize(("profile", "expected"), [("ci", 2), ("long", 20)])
def test_rounds_follow_the_profile(
    profile: str,
    expected: int,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.conftest.PROFILE", profile)
    pytester.makepyfile(
        f"def test_it(rounds): assert (rounds(20), rounds(1)) == ({expected}, 1)"
    )
    pytester.runpytest_inprocess("-p", "tests.conftest").assert_outcomes(passed=1)
