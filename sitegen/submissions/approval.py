"""The one step that publishes: a finished file gets its final name and a commit.

1. `private/approving/<id>` becomes a link that says where the file will be.
2. The file is written beside its place, synced, and linked to its name, never over
   another; its folder is synced.
3. It is committed. If that fails, the name is taken back and nothing has happened.
4. The list of titles is renewed; from now on the title is taken there.
5. The entry goes, then the title, then the link of step 1.

Killed anywhere, the link of step 1 is found by the next run, which goes on after step 2
if the file is there, and takes back what there is if it is not.

`withdraw` is the way back. Killed in the middle, the entry waits although its file is
still there, which the next approval notices, or the file is gone without a commit,
which `git status` shows.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from sitegen import git
from sitegen.build.parse import rules_of
from sitegen.build.titles import renew_titles
from sitegen.config import Config
from sitegen.content.frontmatter import parse
from sitegen.content.posts import read_post
from sitegen.content.records import Post
from sitegen.content.scan import STAGED
from sitegen.problems import SitegenError
from sitegen.submissions.filesystem import failure_of, names, unlink
from sitegen.submissions.finished import Finished, commit_author
from sitegen.submissions.records import ID, Submission
from sitegen.submissions.spool import APPROVING, Spool

LOCK_SECONDS = 5.0
"""How long a busy repository is waited for."""

MESSAGE = """\
approve {id}

A submission, approved by a moderator. No hook of this repository was run.
"""

WITHDRAWN = """\
withdraw {id}

An approval was undone. The post waits in the queue again.
"""


def publish(
    root: Path, config: Config, spool: Spool, entry: Submission, file: Finished
) -> str:
    """Puts a finished file into the content and its entry out of the queue.

    Returns the commit, or "" without a repository. Raises SitegenError, and then
    nothing has changed. The caller holds the moderators' lock.
    """
    content = root / config.paths.content
    try:
        _note(spool, entry.id, file.id)
        _put(content, entry.id, file)
    except OSError as error:
        _take_back(content, spool, entry.id, file.id)
        raise failure_of(error) from error
    return _complete(root, config, spool, entry.id, file.id, entry)


def finish_all(root: Path, config: Config, spool: Spool) -> None:
    """Finishes or undoes what killed processes left; safe to run at any time."""
    approving = spool.fds[APPROVING]
    for id in names(approving):
        if not ID.fullmatch(id):
            continue
        target = os.readlink(id, dir_fd=approving)
        post = _post_of(root, config, target)
        if post is None or post.submission != id:
            _take_back(root / config.paths.content, spool, id, target)
            continue
        with contextlib.suppress(SitegenError):
            _complete(root, config, spool, id, target, None)


def require_untouched(content: Path, target: str, digest: str) -> None:
    """Raises SitegenError unless an approved file is as the approval left it."""
    try:
        found = hashlib.sha256((content / target).read_bytes()).hexdigest()
    except OSError:
        found = ""
    if found != digest:
        raise SitegenError(
            f"{target} was changed, moved or removed since it was approved.",
            "Take the post down by hand.",
        )


def withdraw(
    root: Path, config: Config, spool: Spool, entry: Submission, target: str
) -> None:
    """Puts an approved entry back into the queue and its file out of the content.

    Raises SitegenError, and then nothing has changed. The caller holds the moderators'
    lock and, for the entry, its title.
    """
    path = root / config.paths.content / target
    data = path.read_bytes()
    spool.replace("pending", entry)
    path.unlink()
    _sync(path.parent)
    try:
        _commit(root, config, WITHDRAWN.format(id=entry.id), target, git.FALLBACK)
    except SitegenError:
        _put(root / config.paths.content, entry.id, Finished(target, data, ""))
        spool.remove("pending", entry.id)
        spool.free_title(entry.id, entry.title)
        raise
    renew_titles(root, config)


def _note(spool: Spool, id: str, target: str) -> None:
    approving = spool.fds[APPROVING]
    os.symlink(target, id, dir_fd=approving)
    os.fsync(approving)


def _put(content: Path, id: str, file: Finished) -> None:
    """Writes a file beside its place and links it to its name, synced."""
    path = content / file.id
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(_temporary_name(id))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(temporary, flags, 0o644), "wb") as out:
        out.write(file.data)
        out.flush()
        os.fsync(out.fileno())
    os.link(temporary, path)
    temporary.unlink()
    _sync(path.parent)


def _temporary_name(id: str) -> str:
    return f".{id}{STAGED}"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take_back(content: Path, spool: Spool, id: str, target: str) -> None:
    """Removes what an approval that cannot go on has written."""
    path = content / target
    with contextlib.suppress(OSError):
        path.with_name(_temporary_name(id)).unlink()
    if _is_of(path, id):
        path.unlink()
        _sync(path.parent)
    unlink(spool.fds[APPROVING], id)


def _is_of(path: Path, id: str) -> bool:
    """True if a file is the one that this submission became."""
    try:
        front, _ = parse(path.read_bytes(), path.name)
    except OSError:
        return False
    return bool(front.fields.get("submission") == {"id": id})


def _complete(
    root: Path,
    config: Config,
    spool: Spool,
    id: str,
    target: str,
    entry: Submission | None,
) -> str:
    """Does steps 3 to 5 for a file that is in its place."""
    content = root / config.paths.content
    post = _post_of(root, config, target)
    try:
        person = git.Person(commit_author(post), f"{id}@submissions.invalid")
        commit = _commit(root, config, MESSAGE.format(id=id), target, person)
    except SitegenError:
        _take_back(content, spool, id, target)
        renew_titles(root, config)
        raise
    with contextlib.suppress(FileNotFoundError):
        (content / target).with_name(_temporary_name(id)).unlink()
    renew_titles(root, config)
    title = entry.title if entry else post.title if post else ""
    spool.remove("pending", id)
    spool.free_title(id, title)
    unlink(spool.fds[APPROVING], id)
    os.fsync(spool.fds[APPROVING])
    return commit


def _post_of(root: Path, config: Config, target: str) -> Post | None:
    try:
        data = (root / config.paths.content / target).read_bytes()
    except OSError:
        return None
    return read_post(target, data, target, rules_of(config).front)[0]


def _commit(
    root: Path, config: Config, message: str, target: str, author: git.Person
) -> str:
    """Commits one file, whatever else the author has changed; "" without Git."""
    repository = git.find(root)
    if repository is None:
        return ""
    commit = git.commit_path(
        repository,
        f"{config.paths.content}/{target}".removeprefix("./"),
        message,
        author=author,
        hooks=False,
        wait=LOCK_SECONDS,
    )
    return commit or ""
