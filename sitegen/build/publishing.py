"""A draft becomes a published post: in its front matter, in Git, and nowhere else."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from sitegen import git
from sitegen.build.changes import decisive
from sitegen.build.parse import shown_path
from sitegen.build.survey import Asked, Survey
from sitegen.content.edit import edit
from sitegen.content.frontmatter import parse
from sitegen.content.records import Moment, Post
from sitegen.git import Repository
from sitegen.problems import ProblemsFound, SitegenError
from sitegen.site import urls
from sitegen.site.visibility import Shown

BRANCH = "post/"
"""How the branches of single posts begin."""

Look = Callable[[], Survey]
"""Reads the site anew."""


class Published(msgspec.Struct, frozen=True):
    """What became of a post."""

    path: str
    """Relative to the site's root."""
    url: str
    """The address that it will have."""
    date: Moment | None
    commit: str | None
    """None without a repository, and where nothing was left to commit."""
    branch: str
    """The branch that it is on now; "" without one."""
    beside: tuple[str, ...] = ()
    """Files of its bundle that are not committed."""


def find_post(survey: Survey, name: str, at: str) -> Post:
    """Returns the post that a path or a slug names.

    `at` is the path relative to the root, if `name` is one. Raises SitegenError for
    none and for several.
    """
    content = survey.config.paths.content
    posts = survey.posts
    found = [p for p in posts if at == shown_path(content, p.id) or name == p.id]
    found = found or [post for post in posts if post.slug == name and post.slug]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(shown_path(content, post.id) for post in found)
        message = f"Several files have the slug '{name}': {paths}."
        raise SitegenError(message, "Name one by its path.")
    broken = [p for p in survey.parse_problems if p.location.path == at and p.is_error]
    if broken:
        raise ProblemsFound(broken)
    message = f"No post has the path or slug '{name}'."
    raise SitegenError(message, "List what there is with: sitegen list all")


def publish(asked: Asked, post: Post, when: datetime | None, look: Look) -> Published:
    """Dates a post, takes its draft mark away, judges it, and commits that one file.

    `when` is None for a post that keeps its date. Raises ProblemsFound if it cannot be
    published as it is, and GitError if it cannot be committed; then the file is what it
    was before.
    """
    path = shown_path(asked.config.paths.content, post.id)
    file = asked.root / path
    before = file.read_bytes()
    dated = look().whole_site.is_post(post)
    after = edit(before, changes(before, when, dated))
    _replace(file, after)
    try:
        survey = look()
        found = _judged(survey, path)
        repository = git.find(asked.root)
        commit = _commit(repository, path, found) if repository else None
    except BaseException:
        _replace(file, before)
        raise
    site_path = urls.post_path(survey.config, found)
    branch = git.current_branch(repository) if repository else ""
    url = urls.permalink(survey.config, site_path)
    beside = _beside(repository, path, found) if repository else ()
    return Published(path, url, found.date, commit, branch, beside)


def changes(data: bytes, when: datetime | None, dated: bool) -> Mapping[str, Any]:
    """Returns the keys of a file's front matter that publishing changes.

    A page gets no date, which would make a post of it, but one that it has is renewed.
    """
    fields = parse(data, "")[0].fields
    spelled = {key.lower(): key for key in fields}
    found: dict[str, Any] = {}
    if when is not None:
        known = next((spelled[k] for k in ("publishdate", "date") if k in spelled), "")
        if known or dated:
            found[known or "date"] = when
    for key in ("draft", "published"):
        if key in spelled:
            found[spelled[key]] = None
    if str(fields.get(spelled.get("status", ""), "")).lower() == "draft":
        found[spelled["status"]] = None
    return found


def _judged(survey: Survey, path: str) -> Post:
    """Returns the post that a file is now; raises ProblemsFound for its errors."""
    problems = decisive(survey, survey.problems(), [path])
    if errors := [problem for problem in problems if problem.is_error]:
        raise ProblemsFound(errors)
    content = survey.config.paths.content
    return next(p for p in survey.posts if shown_path(content, p.id) == path)


def _commit(repository: Repository, path: str, post: Post) -> str | None:
    return git.commit_path(repository, path, f"Publish {post.title}")


def _beside(repository: Repository, path: str, post: Post) -> tuple[str, ...]:
    """Returns what lies beside a bundle's page and is not committed."""
    folder = path.rpartition("/")[0]
    if not post.is_bundle or not folder:
        return ()
    return git.uncommitted(repository, folder)


def _replace(file: Path, data: bytes) -> None:
    """Writes a whole file in one step, with the rights that it had."""
    new = file.with_name(f".{file.name}.sitegen-tmp")
    try:
        new.write_bytes(data)
        new.chmod(file.stat().st_mode & 0o7777)
        os.replace(new, os.path.realpath(file))
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def branch_of(repository: Repository, name: str) -> str:
    """Returns the branch of a post that is not merged, or "".

    It is `post/` and the slug, or the file's name.
    """
    stem = name.rpartition("/")[2].removesuffix(".md")
    wanted = f"{BRANCH}{stem}"
    unmerged = git.unmerged_branches(repository, BRANCH)
    return next((each.name for each in unmerged if each.name == wanted), "")


def merge_into_main(repository: Repository, branch: str) -> str:
    """Checks out the main branch, merges a post's into it, and returns its name."""
    main = git.main_branch(repository)
    if not main:
        message = "Git does not say which branch is the main one."
        hint = f"Merge by hand: git switch BRANCH && git merge {branch}"
        raise SitegenError(message, hint)
    if git.current_branch(repository) != main:
        git.switch(repository, main)
    git.merge(repository, branch, f"Merge {branch}")
    return main


def at_any_time(asked: Asked) -> Asked:
    """Returns the same question for a site with future and expired posts."""
    return msgspec.structs.replace(asked, shown=Shown(False, True, True))
