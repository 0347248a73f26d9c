"""What is checked out, and where it can be read on the web, in three commands."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sitegen.digests import digest
from sitegen.git.command import GitError, NoRepository, items, run
from sitegen.git.hosts import Web, web
from sitegen.git.repository import Repository, default_branch, described

Settings = Mapping[str, str]
"""Git's settings of remotes, branches and addresses, by name."""


class Checkout(msgspec.Struct, frozen=True):
    """A repository as it is right now."""

    repository: Repository
    commit: str
    """What HEAD is; "" before the first commit."""
    branch: str
    """"" for a detached HEAD."""
    names: bytes
    """Digest of the `.mailmap`, which decides what people are called."""
    web: Web | None
    """Where the remote's repository is on the web, as far as that is certain."""
    web_branch: str
    """The branch whose files the web's addresses show; "" if none is known."""


def look(folder: Path) -> Checkout | None:
    """Returns what is checked out in a folder; None without repository or Git."""
    try:
        repository, head = described(folder, "HEAD", "--symbolic-full-name", "HEAD")
    except NoRepository:
        return None
    except GitError:  # there is no commit yet
        repository, head = described(folder)[0], ["", ""]
    commit, full_name = head[:2]
    branch = "" if full_name == "HEAD" else full_name.removeprefix("refs/heads/")
    settings = _settings(repository)
    remote = _remote(settings, branch)
    place = web(_url(settings, remote)) if remote else None
    shown = (default_branch(repository, remote) or branch) if place else ""
    return Checkout(repository, commit, branch, _names(repository), place, shown)


def _settings(repository: Repository) -> Settings:
    pattern = r"^(remote\..*\.url|branch\..*\.remote|url\..*\.insteadof)$"
    try:
        found = run(repository.folder, "config", "-z", "--get-regexp", pattern)
    except GitError:  # there is none of them
        return {}
    settings: dict[str, str] = {}
    for item in items(found):
        name, _, value = os.fsdecode(item).partition("\n")
        if name.startswith("remote."):
            settings.setdefault(name, value)  # Git fetches from the first of several
        else:
            settings[name] = value
    return settings


def _remote(settings: Settings, branch: str) -> str:
    """Returns the remote of the branch, else `origin`, else the only one, or ""."""
    own = settings.get(f"branch.{branch}.remote", ".") if branch else "."
    if own != ".":
        return own
    names = {
        name.removeprefix("remote.").removesuffix(".url")
        for name in settings
        if name.startswith("remote.")
    }
    if "origin" in names:
        return "origin"
    return names.pop() if len(names) == 1 else ""


def _url(settings: Settings, remote: str) -> str:
    """Returns a remote's address, written out as `insteadOf` says."""
    url = settings.get(f"remote.{remote}.url", remote)
    short = {
        value: name.removeprefix("url.").removesuffix(".insteadof")
        for name, value in settings.items()
        if name.startswith("url.") and url.startswith(value)
    }
    if not short:
        return url
    longest = max(short, key=len)
    return short[longest] + url.removeprefix(longest)


def _names(repository: Repository) -> bytes:
    try:
        data = (repository.top / ".mailmap").read_bytes()
    except OSError:
        return b""
    return digest(data)
