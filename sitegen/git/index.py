"""What is staged, and what has changed since another commit."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from sitegen.git.command import GitError, items, run
from sitegen.git.repository import Repository, relative

_STAGED = re.compile(r"100\d{3} ([0-9a-f]+) 0\t([^\0]+)\0")
"""A file in the index, without conflicts: its content's id and its path."""


def staged(repository: Repository, index: Path | None = None) -> dict[str, str]:
    """Returns the files of the folder as they are staged: path → id of the content.

    `index` is another index than the repository's own: inside a hook Git names it
    by GIT_INDEX_FILE, and it alone knows what `git commit -- PATH` will commit.
    Symbolic links and submodules are left out, and so are files with conflicts.
    """
    command = ("ls-files", "--stage", "-z", "--", ".")
    output = run(repository.folder, *command, env=_index(index), reads=True)
    return {path: blob for blob, path in _STAGED.findall(os.fsdecode(output))}


def changed_in_index(
    repository: Repository, index: Path | None = None
) -> tuple[str, ...]:
    """Returns the paths that differ between the last commit and what is staged."""
    command = ("diff", "--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff")
    output = run(repository.folder, *command, "--", ".", env=_index(index), reads=True)
    return tuple(relative(repository, items(output)))


def _index(index: Path | None) -> dict[str, str]:
    return {"GIT_INDEX_FILE": str(index)} if index else {}


def blobs(repository: Repository, ids: Iterable[str]) -> dict[str, bytes]:
    """Returns the content of blobs, by id."""
    asked = "".join(f"{id}\n" for id in ids).encode()
    if not asked:
        return {}
    output = run(repository.folder, "cat-file", "--batch", data=asked, reads=True)
    found, at = {}, 0
    while at < len(output):
        end = output.index(b"\n", at)
        id, _, size = output[at:end].split(b" ")
        start, stop = end + 1, end + 1 + int(size)
        found[id.decode()] = output[start:stop]
        at = stop + 1
    return found


def changed_since(repository: Repository, ref: str) -> tuple[str, ...]:
    """Returns the paths that differ from where this line of work left `ref`, sorted.

    What is not committed yet counts, new files included.
    """
    base = merge_base(repository, ref)
    command = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", base)
    changed = run(repository.folder, *command, "--", ".", reads=True)
    listing = ("ls-files", "--others", "--exclude-standard", "--full-name", "-z")
    new = run(repository.folder, *listing, "--", ".", reads=True)
    return tuple(sorted({*relative(repository, items(changed) + items(new))}))


def merge_base(repository: Repository, ref: str) -> str:
    """Returns the newest commit that `ref` and the work tree's have in common."""
    check = ("rev-parse", "--quiet", "--verify", "--end-of-options")
    try:
        run(repository.folder, *check, f"{ref}^{{commit}}")
    except GitError as failure:
        message = f"Git knows no commit '{ref}'."
        hint = f"Fetch it first: git fetch origin {ref.removeprefix('origin/')}"
        raise GitError(message, hint, failure.words) from None
    try:
        found = run(repository.folder, "merge-base", "--end-of-options", ref, "HEAD")
    except GitError as failure:
        message = f"'{ref}' and what is checked out have no commit in common."
        hint = "Fetch the whole history: git fetch --unshallow"
        hint = hint if repository.shallow else "Name another one."
        raise GitError(message, hint, failure.words) from None
    return found.decode().strip()
