"""Which posts the site shows now, and which wait for what."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from sitegen.content.records import Moment, Post


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """Which posts are shown besides the published ones."""

    drafts: bool = False
    future: bool = False
    expired: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """A post that is left out, and why."""

    id: str
    title: str
    reason: Literal["draft", "future", "expired"]
    moment: Moment | None = None
    """When a future post appears, or since when an expired one is gone."""


def select(
    posts: Iterable[Post], shown: Shown, now: Moment
) -> tuple[tuple[Post, ...], tuple[Waiting, ...]]:
    """Returns the posts that are shown, and those that are left out."""
    visible: list[Post] = []
    waiting: list[Waiting] = []
    for post in posts:
        reason = _reason(post, shown, now)
        if reason:
            waiting.append(reason)
        else:
            visible.append(post)
    return tuple(visible), tuple(waiting)


def _reason(post: Post, shown: Shown, now: Moment) -> Waiting | None:
    if post.draft and not shown.drafts:
        return Waiting(post.id, post.title, "draft")
    if post.date and post.date.at > now.at and not shown.future:
        return Waiting(post.id, post.title, "future", post.date)
    if post.expires and post.expires.at <= now.at and not shown.expired:
        return Waiting(post.id, post.title, "expired", post.expires)
    return None


def next_change(posts: Iterable[Post], shown: Shown, now: Moment) -> int | None:
    """Returns when time alone will next show or hide a post, in seconds since 1970."""
    due: list[int] = []
    for post in posts:
        if post.date and post.date.at > now.at and not shown.future:
            due.append(post.date.at)
        if post.expires and post.expires.at > now.at and not shown.expired:
            due.append(post.expires.at)
    return min(due, default=None)
