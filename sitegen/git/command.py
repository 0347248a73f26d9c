"""Runs Git, and says in its own words why it refused.

Arguments are lists and never pass a shell. Of the environment's `GIT_*` only what says
who and where the user is stays (`KEPT`), so that a hook's or an alias's `GIT_DIR`
cannot lead a command to another repository. Nothing asks on a terminal, and paths are
literal.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from sitegen.problems import SitegenError

KEPT = (
    "GIT_ASKPASS",
    "GIT_AUTHOR_",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMITTER_",
    "GIT_CONFIG",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSL_",
)
"""How those variables begin that Git still sees."""

SET = {
    "GIT_EDITOR": "true",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_MERGE_AUTOEDIT": "no",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "C",
    "LC_ALL": "C.UTF-8",
}
"""What Git is told: ask nothing, page nothing, take paths literally, speak English."""

LOCKED = (b".lock': File exists", b"cannot lock ref", b"another git process")
"""How Git says that somebody else holds a lock."""


class GitError(SitegenError):
    """Git refused; carries what it said."""

    def __init__(self, message: str, hint: str = "", words: str = "") -> None:
        super().__init__(message, hint)
        self.args = (message, hint, words)
        self.words = words


class NoRepository(GitError):
    """There is no Git, or no repository, where one is needed."""


class RepositoryBusy(GitError):
    """A lock is held, or a merge or rebase is not finished; nothing was changed."""


def run(
    folder: Path,
    *args: str,
    data: bytes | None = None,
    env: Mapping[str, str] | None = None,
    reads: bool = False,
) -> bytes:
    """Returns what a Git command prints."""
    import subprocess  # a site outside of Git never needs it

    known = {**_environment(), **(env or {})}
    if reads:
        known["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", *args],
            cwd=folder,
            env=known,
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise _cannot_start(folder) from None
    if done.returncode:
        raise _failure(args, done.stderr or done.stdout)
    return done.stdout


def items(output: bytes) -> list[bytes]:
    """Returns the parts of an output that ends each with a NUL."""
    return output.split(b"\0")[:-1]


def has_ssh_command() -> bool:
    """True if the environment says how to run ssh."""
    return bool(os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH"))


def _environment() -> dict[str, str]:
    mine = os.environ.items()
    kept = {
        name: value
        for name, value in mine
        if not name.startswith("GIT_") or name.startswith(KEPT)
    }
    return {**kept, **SET}


def _cannot_start(folder: Path) -> SitegenError:
    if not folder.is_dir():
        return NoRepository(f"There is no folder {folder}.")
    return NoRepository("Git is not installed.", "Install it from https://git-scm.com.")


def _failure(args: Iterable[str], output: bytes) -> GitError:
    words = output.decode("utf-8", "replace").strip()
    if any(sign in output for sign in LOCKED):
        return busy("another Git command", words)
    named = list(args)
    while named[0] == "-c":
        del named[:2]
    return GitError(f"`git {named[0]}` failed:\n{words}", words=words)


def busy(reason: str, words: str = "") -> RepositoryBusy:
    """Returns the error that says what keeps a repository from taking a commit."""
    hint = "Finish it, or remove a lock file that a crash left behind; then try again."
    return RepositoryBusy(f"The repository is busy with {reason}.", hint, words)
