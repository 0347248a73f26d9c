"""One file is committed through the repository's own index, or nothing is changed."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from sitegen.git.command import GitError, RepositoryBusy, busy, run
from sitegen.git.repository import Repository, uncommitted

WAIT = 5.0
"""Seconds for which a busy repository is waited for, unless told otherwise."""

POLL = 0.05
"""Seconds between two looks at a busy repository."""

UNFINISHED = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or `git am`",
}
"""What lies in a Git folder while something is in progress."""

NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


class Person(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A name and an e-mail address, as in a commit."""

    name: str
    email: str


FALLBACK = Person("sitegen", "sitegen@localhost")
"""Who commits for others where Git knows nobody."""


def identity(repository: Repository) -> Person | None:
    """Returns who Git was told commits here; None if it would have to guess."""
    told = ("-c", "user.useConfigOnly=true")
    try:
        found = run(repository.folder, *told, "var", "GIT_COMMITTER_IDENT")
    except GitError:
        return None
    name, _, rest = found.decode("utf-8", "replace").partition(" <")
    return Person(name, rest.partition(">")[0])


def kept_name(name: str) -> str:
    """Returns what Git keeps of a name; "" for one that it would refuse."""
    dropped = {ord(char): None for char in "\0\n\r<>"}
    return name.translate(dropped).strip("".join(map(chr, range(33))) + ".,:;\"\\'")


def commit_path(
    repository: Repository,
    path: str,
    message: str,
    *,
    author: Person | None = None,
    hooks: bool = True,
    wait: float = WAIT,
) -> str | None:
    """Commits one file as it lies in the work tree, and nothing else that is staged.

    Returns the new commit; None if the file is already committed as it is. It goes
    through the repository's own index, where other staged changes stay staged. For
    another `author` the committer may be FALLBACK; else Git must know who commits.
    With `hooks=False` no hook of the repository runs.

    Raises RepositoryBusy if a lock, merge or rebase does not end within `wait` seconds,
    and GitError for anything else, such as a hook that refuses. The index then says of
    the path what it said before.
    """
    env = _people(repository, author)
    deadline = time.monotonic() + wait
    while True:
        _wait_until_free(repository, deadline)
        try:
            return _commit(repository, path, message, hooks, env)
        except RepositoryBusy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL)


def busy_with(repository: Repository) -> str:
    """Returns what keeps a repository from taking a commit; "" if nothing does."""
    for name, words in UNFINISHED.items():
        if (repository.git_dir / name).exists():
            return f"{words} in progress"
    lock = repository.git_dir / "index.lock"
    return f"another Git command ({lock})" if lock.exists() else ""


def _wait_until_free(repository: Repository, deadline: float) -> None:
    while reason := busy_with(repository):
        if time.monotonic() >= deadline:
            raise busy(reason)
        time.sleep(POLL)


def _people(repository: Repository, author: Person | None) -> dict[str, str]:
    """Returns the variables that tell Git who wrote and who commits."""
    if author is None:
        return {}
    env = {"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email}
    if identity(repository) is None:
        env["GIT_COMMITTER_NAME"] = FALLBACK.name
        env["GIT_COMMITTER_EMAIL"] = FALLBACK.email
    return env


def _commit(
    repository: Repository,
    path: str,
    message: str,
    hooks: bool,
    env: Mapping[str, str],
) -> str | None:
    folder = repository.folder
    new = not run(folder, "ls-files", "-z", "--", path)
    if new:
        # Only the intent: the content is read by `commit`, which on failure leaves
        # the index alone.
        run(folder, "add", "--intent-to-add", "--", path)
    elif not uncommitted(repository, path):
        return None
    options = ["--only", "--quiet", "--file=-", "--cleanup=whitespace"]
    if not hooks:
        options.append("--no-verify")
    before = b"" if new else _head(repository)
    try:
        run(
            folder,
            *(() if hooks else NO_HOOKS),
            "commit",
            *options,
            "--",
            path,
            data=message.encode(),
            env=env,
        )
    except BaseException as failure:
        # Where the index has had the path all the time, only a new commit can hold it.
        may_be = isinstance(failure, GitError) and (new or _head(repository) != before)
        if may_be and _is_committed(repository, path):
            return _kept_commit(repository, path)
        if new:
            _forget(repository, path)
        raise
    return run(folder, "rev-parse", "HEAD").decode().strip()


def _head(repository: Repository) -> bytes:
    """Returns the last commit; b"" before the first."""
    with suppress(GitError):
        return run(repository.folder, "rev-parse", "--quiet", "--verify", "HEAD")
    return b""


def _is_committed(repository: Repository, path: str) -> bool:
    """True if the last commit has a path as it lies there, or lacks it as well."""
    with suppress(GitError):
        run(repository.folder, "diff", "--quiet", "HEAD", "--", path)
        return True
    return False


def _kept_commit(repository: Repository, path: str) -> str:
    """Returns the commit that has a path, although Git said that it failed.

    On a full or failing disk Git may find that it cannot write the index when the
    commit is made already; it says so and leaves it at that.
    """
    with suppress(GitError):
        run(repository.folder, "add", "--", path)
    found = run(repository.folder, "log", "-1", "--format=%H", "--", path)
    return found.decode().strip()


def _forget(repository: Repository, path: str) -> None:
    """Takes a path that was not in the index out of it again."""
    command = ("update-index", "--force-remove", "-z", "--stdin")
    full = os.fsencode(repository.prefix + path)
    deadline = time.monotonic() + WAIT
    while True:
        try:
            run(repository.top, *command, data=full + b"\0")
            return
        except RepositoryBusy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL)
