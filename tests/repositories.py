"""Real Git repositories for tests, out of reach of the machine's own settings."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.trees import write_tree

ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_DATE": "1700000000 +0100",
    "GIT_COMMITTER_DATE": "1700000000 +0100",
}


class Repo:
    """A repository in a folder, and short names for what tests do with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(
        self,
        *args: str | Path,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> str:
        """Returns what a Git command prints, without white space at its end."""
        done = subprocess.run(
            ["git", *map(str, args)],
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            input=input,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {done.stdout}{done.stderr}")
        return done.stdout.rstrip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Writes files, without telling Git."""
        write_tree(self.folder, files)

    def commit(
        self,
        files: Mapping[str, str | bytes],
        message: str = "change",
        *,
        day: int = 0,
        author: str = "Ann <ann@example.org>",
    ) -> str:
        """Writes files and commits all there is, so many days after the first."""
        self.write(files)
        self.git("add", "--all")
        return self.commit_staged(message, day=day, author=author)

    def commit_staged(
        self,
        message: str = "change",
        *,
        day: int = 0,
        author: str = "Ann <ann@example.org>",
    ) -> str:
        """Commits what is staged and returns the commit."""
        when = date(day)
        self.git(
            *("commit", "-q", "--allow-empty", "-m", message, f"--author={author}"),
            env={"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
        )
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    @property
    def status(self) -> list[str]:
        """What differs from the last commit, as `git status --short` puts it."""
        return self.git("-c", "core.quotePath=false", "status", "--short").splitlines()

    def hook(self, name: str, script: str, folder: str = ".git/hooks") -> Path:
        """Writes an executable hook."""
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path


FIRST_DAY = 1_700_000_000
"""Seconds since 1970 of the first commit in tests, at +01:00."""


def date(day: int) -> str:
    """Returns a day after the first as Git reads dates."""
    return f"{FIRST_DAY + day * 86400} +0100"


MakeRepo = Callable[..., Repo]


@pytest.fixture
def make_repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRepo:
    """Gives `make_repo({"a.md": "text"}, name="repo") -> Repo`, with one commit.

    Its own settings name Ann as who commits; the machine's are not read.
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name, value in {**ISOLATED, "HOME": str(home)}.items():
        monkeypatch.setenv(name, value)

    def make(
        files: Mapping[str, str | bytes] | None = None,
        name: str = "repo",
        options: tuple[str, ...] = (),
    ) -> Repo:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        repo = Repo(folder)
        repo.git("init", "-q", "-b", "main", *options)
        repo.git("config", "user.name", "Ann")
        repo.git("config", "user.email", "ann@example.org")
        if files:
            repo.commit(files, "start")
        return repo

    return make
