"""Installs a hook in a repository, beside those that others put there.

A hook that exists is never overwritten: it is moved aside, and runs before ours with
the same arguments. One file of ours serves all folders of the repository that want it.
"""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from sitegen.git.command import GitError, run
from sitegen.git.repository import Repository

State = Literal["installed", "chained", "absent"]
"""Whether the hook is Git's, is run by another one, or is not there."""

NAME = "pre-commit"
ASIDE = f"{NAME}.before-sitegen"
"""What a hook is called that was there before."""

MARK = "# Made by sitegen."

_SCRIPT = """\
#!/bin/sh
{mark} `sitegen hooks uninstall` takes it away.
# It judges what is staged. A hook that was here before runs first.

before=$(dirname "$0")/{aside}
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi

check() {{
    [ -e "$1/$2" ] || [ -d "$1/content" ] || return 0
    if [ -x {python} ] && {python} -c 'import sitegen' 2>/dev/null; then
        {python} -m sitegen -C "$1" -c "$2" check --staged
    elif command -v sitegen >/dev/null; then
        sitegen -C "$1" -c "$2" check --staged
    else
        echo "sitegen is not installed, so what is staged cannot be checked." >&2
        echo "Commit without that by: git commit --no-verify" >&2
        return 1
    fi
}}

{checks}"""

_CHECK = "check {folder} {config} || exit $?\n"


class Hook(msgspec.Struct, frozen=True):
    """Our hook in a repository, as seen from one folder."""

    path: Path
    """The file that Git runs."""
    state: State
    """Whether what is staged below the folder is judged."""
    others: Path | None
    """A hook of somebody else that runs first."""


def state(repository: Repository) -> Hook:
    """Returns whether commits are judged for a repository's folder."""
    path = folder(repository) / NAME
    aside = path.with_name(ASIDE)
    others = aside if os.path.lexists(aside) else None
    if _serves(path, repository):
        return Hook(path, "installed", others)
    chained = any(_serves(other, repository) for other in _siblings(path))
    return Hook(path, "chained" if chained else "absent", others)


def install(repository: Repository, python: str, config: str) -> Hook:
    """Installs the hook for a folder, and returns it.

    `python` is the interpreter that has sitegen; another one's `sitegen` on the PATH
    stands in for it. A second time brings the hook up to date.
    """
    found = state(repository)
    if found.state == "chained":
        return found
    path = found.path
    checks = _checks(path) if _is_ours(path) else []
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path) and not _is_ours(path):
        _move(path, path.with_name(ASIDE))
    line = _check(repository, config)
    others = [each for each in checks if _folder_of(each) != _folder(repository)]
    _write(path, python, [*others, line])
    return state(repository)


def uninstall(repository: Repository) -> Hook:
    """Takes a folder's part out of the hook, and puts back what was there before."""
    path = folder(repository) / NAME
    if not _is_ours(path):
        return state(repository)
    rest = [each for each in _checks(path) if _folder_of(each) != _folder(repository)]
    if rest:
        _write(path, _python(path), rest)
        return state(repository)
    aside = path.with_name(ASIDE)
    if os.path.lexists(aside):
        os.replace(aside, path)
    else:
        path.unlink()
    return state(repository)


def folder(repository: Repository) -> Path:
    """Returns the folder that Git looks for hooks in, as `core.hooksPath` sets it."""
    found = run(repository.top, "rev-parse", "--git-path", "hooks")
    return repository.top / os.fsdecode(found.removesuffix(b"\n"))


def _move(path: Path, aside: Path) -> None:
    if os.path.lexists(aside):
        message = f"There are two hooks of others, {path.name} and {aside.name}."
        raise GitError(message, f"Join them, or remove one from {path.parent}.")
    os.rename(path, aside)


def _folder(repository: Repository) -> str:
    """Returns the folder as the hook sees it, which runs at the top."""
    return repository.prefix.rstrip("/") or "."


def _check(repository: Repository, config: str) -> str:
    folder, name = shlex.quote(_folder(repository)), shlex.quote(config)
    return _CHECK.format(folder=folder, config=name)


def _folder_of(check: str) -> str:
    return shlex.split(check)[1]


def _checks(path: Path) -> list[str]:
    """Returns the lines of our hook that judge a folder."""
    lines = _text(path).splitlines(keepends=True)
    return [line for line in lines if line.startswith("check ")]


def _python(path: Path) -> str:
    """Returns the interpreter that our hook runs."""
    line = next(line for line in _text(path).splitlines() if "if [ -x" in line)
    return shlex.split(line.partition("-x ")[2])[0]


def _write(path: Path, python: str, checks: Iterable[str]) -> None:
    text = _SCRIPT.format(
        mark=MARK, aside=ASIDE, python=shlex.quote(python), checks="".join(checks)
    )
    new = path.with_name(f"{NAME}.sitegen-new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")
    new.chmod(0o755)
    os.replace(new, path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _is_ours(path: Path) -> bool:
    return MARK in _text(path)[:200]


def _serves(path: Path, repository: Repository) -> bool:
    """True if a file is our hook and judges the repository's folder."""
    checks = _checks(path) if _is_ours(path) else []
    return any(_folder_of(check) == _folder(repository) for check in checks)


def _siblings(path: Path) -> list[Path]:
    """Returns what hooks are called that other tools move aside."""
    return [each for each in path.parent.glob(f"{NAME}*") if each.name != NAME]
