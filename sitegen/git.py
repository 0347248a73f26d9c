"""The only module that runs Git. It knows paths, times and names; nothing of posts.

Arguments are lists and never pass a shell. Of the environment's `GIT_*` only what says
who and where the user is stays (`KEPT`), so that a hook's or an alias's `GIT_DIR`
cannot lead a command to another repository. Nothing asks on a terminal. Paths are
literal, and relative to the folder that a `Repository` was found for.
"""

import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

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

LOCKED = (b".lock': File exists", b"cannot lock ref", b"another git process")
"""How Git says that somebody else holds a lock."""

NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


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


class Person(msgspec.Struct, frozen=True, array_like=True):
    """A name and an e-mail address, as in a commit."""

    name: str
    email: str


FALLBACK = Person("sitegen", "sitegen@localhost")
"""Who commits for others where Git knows nobody."""


class Repository(msgspec.Struct, frozen=True):
    """A repository's work tree, as seen from one folder in it."""

    folder: Path
    """What all paths are relative to, such as the site's root."""
    top: Path
    """The top of the work tree."""
    git_dir: Path
    """Its own Git folder; each linked worktree has another."""
    prefix: str
    """The folder relative to the top: "" or such as `docs/site/`."""
    shallow: bool
    """True if older commits were left out when it was cloned."""


def find(folder: Path) -> Repository | None:
    """Returns the repository that a folder is in; None without one, or without Git."""
    try:
        return require(folder)
    except NoRepository:
        return None


def require(folder: Path) -> Repository:
    """Returns the repository that a folder is in.

    Raises NoRepository, which says what is missing.
    """
    questions = ("toplevel", "prefix")
    asked = [f"--show-{name}" for name in questions]
    asked += ["--absolute-git-dir", "--is-shallow-repository"]
    try:
        found = _git(folder, "rev-parse", *asked)
    except GitError as failure:
        if "not a git repository" not in failure.words.lower():
            raise
        message = f"{folder} is not in a Git repository."
        raise NoRepository(message, "Run `git init` there first.") from None
    top, prefix, git_dir, shallow = os.fsdecode(found).split("\n")[:4]
    return Repository(folder, Path(top), Path(git_dir), prefix, shallow == "true")


def init(folder: Path, branch: str = "main") -> Repository:
    """Returns the new repository made in a folder."""
    _git(folder, "init", "--quiet", f"--initial-branch={branch}")
    return require(folder)


def identity(repository: Repository) -> Person | None:
    """Returns who Git was told commits here; None if it would have to guess."""
    told = ("-c", "user.useConfigOnly=true")
    try:
        found = _git(repository.folder, *told, "var", "GIT_COMMITTER_IDENT")
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
            raise _busy(reason)
        time.sleep(POLL)


def _busy(reason: str, words: str = "") -> RepositoryBusy:
    hint = "Finish it, or remove a lock file that a crash left behind; then try again."
    return RepositoryBusy(f"The repository is busy with {reason}.", hint, words)


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
    new = not _git(folder, "ls-files", "-z", "--", path)
    if new:
        # Only the intent: the content is read by `commit`, which on failure leaves
        # the index alone.
        _git(folder, "add", "--intent-to-add", "--", path)
    elif not uncommitted(repository, path):
        return None
    options = ["--only", "--quiet", "--file=-", "--cleanup=whitespace"]
    if not hooks:
        options.append("--no-verify")
    try:
        _git(
            folder,
            *(() if hooks else NO_HOOKS),
            "commit",
            *options,
            "--",
            path,
            data=message.encode(),
            env=env,
        )
    except BaseException:
        if new:
            _forget(repository, path)
        raise
    return _git(folder, "rev-parse", "HEAD").decode().strip()


def _forget(repository: Repository, path: str) -> None:
    """Takes a path that was not in the index out of it again."""
    command = ("update-index", "--force-remove", "-z", "--stdin")
    full = os.fsencode(repository.prefix + path)
    deadline = time.monotonic() + WAIT
    while True:
        try:
            _git(repository.top, *command, data=full + b"\0")
            return
        except RepositoryBusy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL)


def uncommitted(repository: Repository, *paths: str) -> tuple[str, ...]:
    """Returns the paths that differ from the last commit, new ones included, sorted.

    Without paths: all that lie in the repository's folder. What is ignored is not new.
    """
    options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    found = _git(
        repository.folder, "status", *options, "--", *(paths or (".",)), reads=True
    )
    return tuple(sorted(_relative(repository, [line[3:] for line in _items(found)])))


def _items(output: bytes) -> list[bytes]:
    return output.split(b"\0")[:-1]


def _relative(repository: Repository, paths: Iterable[bytes]) -> list[str]:
    """Returns those of the top's paths that lie in the repository's folder."""
    prefix = os.fsencode(repository.prefix)
    start = len(prefix)
    return [os.fsdecode(path[start:]) for path in paths if path.startswith(prefix)]


def _git(
    folder: Path,
    *args: str,
    data: bytes | None = None,
    env: Mapping[str, str] | None = None,
    reads: bool = False,
) -> bytes:
    """Returns what a Git command prints."""
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
        return _busy("another Git command", words)
    named = (arg for arg in args if not arg.startswith(("-", "core.", "user.")))
    return GitError(f"`git {next(named)}` failed:\n{words}", words=words)
