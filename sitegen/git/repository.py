"""Which repository a folder is in, its state, its branches and its remote."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sitegen.git.command import (
    GitError,
    NoRepository,
    has_ssh_command,
    items,
    run,
)


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
    return described(folder)[0]


def described(folder: Path, *more: str) -> tuple[Repository, list[str]]:
    """Returns the repository that a folder is in, and the answers to more questions.

    Those are arguments of `git rev-parse`, which print a line each.
    """
    asked = ("--show-toplevel", "--show-prefix", "--absolute-git-dir")
    if not _may_be_in_one(folder):
        raise _none(folder)
    try:
        found = run(folder, "rev-parse", *asked, "--is-shallow-repository", *more)
    except GitError as failure:
        if "not a git repository" not in failure.words.lower():
            raise
        raise _none(folder) from None
    top, prefix, git_dir, shallow, *rest = os.fsdecode(found).split("\n")
    place = (folder, Path(top), Path(git_dir), prefix)
    return Repository(*place, shallow == "true"), rest


def _may_be_in_one(folder: Path) -> bool:
    """True unless no folder up to the root has a `.git`: then Git need not be asked."""
    real = os.path.realpath(folder)
    if not os.path.isdir(real):
        return True  # Git has words for that
    while not os.path.lexists(os.path.join(real, ".git")):
        real, before = os.path.dirname(real), real
        if real == before:
            return False
    return True


def _none(folder: Path) -> NoRepository:
    message = f"{folder} is not in a Git repository."
    return NoRepository(message, "Run `git init` there first.")


def init(folder: Path, branch: str = "main") -> Repository:
    """Returns the new repository made in a folder."""
    run(folder, "init", "--quiet", f"--initial-branch={branch}")
    return require(folder)


def head(repository: Repository) -> str:
    """Returns the commit that is checked out; "" before the first."""
    command = ("rev-parse", "--quiet", "--verify", "HEAD")
    try:
        return run(repository.folder, *command).decode().strip()
    except GitError:
        return ""


def uncommitted(repository: Repository, *paths: str) -> tuple[str, ...]:
    """Returns the paths that differ from the last commit, new ones included, sorted.

    Without paths: all that lie in the repository's folder. What is ignored is not new.
    """
    options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    found = run(
        repository.folder, "status", *options, "--", *(paths or (".",)), reads=True
    )
    return tuple(sorted(relative(repository, [line[3:] for line in items(found)])))


def relative(repository: Repository, paths: Iterable[bytes]) -> list[str]:
    """Returns those of the top's paths that lie in the repository's folder."""
    prefix = os.fsencode(repository.prefix)
    start = len(prefix)
    return [os.fsdecode(path[start:]) for path in paths if path.startswith(prefix)]


class Branch(msgspec.Struct, frozen=True, array_like=True):
    """A local branch."""

    name: str
    commit: str
    subject: str
    """Of its last commit."""


def current_branch(repository: Repository) -> str:
    """Returns the branch that is checked out; "" for a detached HEAD."""
    command = ("symbolic-ref", "--quiet", "--short", "HEAD")
    try:
        return run(repository.folder, *command).decode().strip()
    except GitError:
        return ""


def branches(repository: Repository, prefix: str = "") -> tuple[Branch, ...]:
    """Returns the local branches whose names start with `prefix`, sorted."""
    return _branches(repository, prefix)


def main_branch(repository: Repository) -> str:
    """Returns the local branch that others are merged into; "" if none can be told.

    The one that the remote calls its HEAD, else `main` or `master`.
    """
    names = {branch.name for branch in branches(repository)}
    likely = (default_branch(repository, remote_name(repository)), "main", "master")
    return next((name for name in likely if name in names), "")


def unmerged_branches(
    repository: Repository, prefix: str, into: str = ""
) -> tuple[Branch, ...]:
    """Returns the branches under `prefix` with commits that `into` has not.

    Without `into` it is the main branch, else what is checked out.
    """
    into = into or main_branch(repository) or "HEAD"
    if into == "HEAD" and not head(repository):
        return ()
    return _branches(repository, prefix, f"--no-merged={into}")


def _branches(repository: Repository, prefix: str, *only: str) -> tuple[Branch, ...]:
    format = "--format=%(refname:lstrip=2)%00%(objectname)%00%(contents:subject)%00"
    output = run(repository.folder, "for-each-ref", format, *only, "refs/heads")
    names = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found = zip(names[::3], names[1::3], names[2::3], strict=True)
    all = (Branch(name.lstrip("\n"), commit, text) for name, commit, text in found)
    return tuple(branch for branch in all if branch.name.startswith(prefix))


def start_branch(repository: Repository, name: str) -> None:
    """Makes a branch of what is checked out, and checks it out."""
    run(repository.folder, "switch", "--quiet", "--create", name)


def switch(repository: Repository, branch: str) -> None:
    """Checks a branch out; Git refuses where that would lose changes."""
    run(repository.folder, "switch", "--quiet", "--no-guess", branch)


def merge(repository: Repository, branch: str, message: str) -> str:
    """Merges a branch into what is checked out, and returns the commit.

    With conflicts nothing is changed, and GitError says which.
    """
    command = ("merge", "--quiet", "--no-edit", "-m", message, branch)
    try:
        run(repository.folder, *command)
    except GitError:
        if (repository.git_dir / "MERGE_HEAD").exists():
            run(repository.folder, "merge", "--abort")
        raise
    return head(repository)


def push(repository: Repository) -> str:
    """Sends the branch that is checked out to where it belongs; returns that place."""
    branch, remote = current_branch(repository), remote_name(repository)
    if not branch:
        hint = "Check one out first: git switch BRANCH"
        raise GitError("No branch is checked out, so there is none to push.", hint)
    if not remote:
        hint = "Add one: git remote add origin URL"
        raise GitError("This repository has no remote to push to.", hint)
    upstream = setting(repository, f"branch.{branch}.merge")
    target = upstream or f"refs/heads/{branch}"
    options = ("--quiet", *(() if upstream else ("--set-upstream",)))
    where = f"refs/heads/{branch}:{target}"
    run(repository.folder, "push", *options, remote, where, env=_unasked(repository))
    return f"{remote}/{target.removeprefix('refs/heads/')}"


def _unasked(repository: Repository) -> dict[str, str]:
    """Returns what keeps ssh from asking for a passphrase, unless it is set up."""
    if has_ssh_command() or setting(repository, "core.sshCommand"):
        return {}
    return {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}


def setting(repository: Repository, name: str) -> str:
    """Returns one of Git's settings, or ""."""
    try:
        found = run(repository.folder, "config", "-z", "--get", name)
    except GitError:
        return ""
    return os.fsdecode(found.rstrip(b"\0"))


def commits_since(repository: Repository, commit: str) -> int | None:
    """Returns how many commits were made after one; None if it is not known."""
    span = f"{commit}..HEAD"
    command = ("rev-list", "--count", "--end-of-options", span, "--", ".")
    try:
        return int(run(repository.folder, *command))
    except GitError:
        return None


def remote_name(repository: Repository) -> str:
    """Returns the remote of the branch, else `origin`, else the only one, or ""."""
    branch = current_branch(repository)
    own = setting(repository, f"branch.{branch}.remote") if branch else ""
    if own and own != ".":
        return own
    names = os.fsdecode(run(repository.folder, "remote")).split()
    if "origin" in names:
        return "origin"
    return names[0] if len(names) == 1 else ""


def default_branch(repository: Repository, remote: str) -> str:
    """Returns the branch that a remote calls its HEAD, as far as is known here."""
    command = ("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
    try:
        found = os.fsdecode(run(repository.folder, *command)).strip()
    except GitError:
        return ""
    return found.removeprefix(f"refs/remotes/{remote}/")
