"""Git: the only room that runs it. It knows paths, times and names, not posts.

All paths are relative to the folder that a Repository was found for.
"""

from sitegen.git.checkout import Checkout, look
from sitegen.git.command import GitError, NoRepository, RepositoryBusy
from sitegen.git.commits import (
    FALLBACK,
    WAIT,
    Person,
    busy_with,
    commit_path,
    identity,
    kept_name,
)
from sitegen.git.hosts import Web, web
from sitegen.git.index import (
    blobs,
    changed_in_index,
    changed_since,
    staged,
)
from sitegen.git.log import FileHistory, Files, Time, added, history
from sitegen.git.repository import (
    Branch,
    Repository,
    branches,
    commits_since,
    current_branch,
    default_branch,
    find,
    head,
    init,
    main_branch,
    merge,
    push,
    remote_name,
    require,
    start_branch,
    switch,
    uncommitted,
    unmerged_branches,
)

__all__ = [
    "FALLBACK",
    "WAIT",
    "Branch",
    "Checkout",
    "FileHistory",
    "Files",
    "GitError",
    "NoRepository",
    "Person",
    "Repository",
    "RepositoryBusy",
    "Time",
    "Web",
    "added",
    "blobs",
    "branches",
    "busy_with",
    "changed_in_index",
    "changed_since",
    "commit_path",
    "commits_since",
    "current_branch",
    "default_branch",
    "find",
    "head",
    "history",
    "identity",
    "init",
    "kept_name",
    "look",
    "main_branch",
    "merge",
    "push",
    "remote_name",
    "require",
    "staged",
    "start_branch",
    "switch",
    "uncommitted",
    "unmerged_branches",
    "web",
]
