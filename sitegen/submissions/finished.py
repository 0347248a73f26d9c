"""An entry as the content file that it would become, and what the site says of it."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sitegen import git
from sitegen.build.history import History
from sitegen.build.outlines import pack
from sitegen.build.parse import Documents, Entry, rules_of
from sitegen.build.survey import Inputs, Survey
from sitegen.config import Config, Submissions
from sitegen.content.frontmatter import dump
from sitegen.content.posts import read_post
from sitegen.content.records import Moment, Past, Post, Source
from sitegen.content.slugs import slugify
from sitegen.markup.records import Document
from sitegen.problems import Problem, ProblemsFound
from sitegen.site import urls
from sitegen.submissions.child import Rendered
from sitegen.submissions.records import Submission

_RESERVED = frozenset(
    {"index", "con", "prn", "aux", "nul"}
    | {f"{name}{number}" for name in ("com", "lpt") for number in range(1, 10)}
)
"""File names that mean something else here, or on Windows."""


VISITOR = "Visitor"
"""The author of a commit whose submission has no usable name."""


class Finished(msgspec.Struct, frozen=True):
    """A submission as a content file."""

    id: str
    """The file's path relative to the content folder."""
    data: bytes
    url: str


def finish(
    submission: Submission,
    config: Config,
    settings: Submissions,
    now: Moment,
    is_taken: Callable[[str, str], bool],
) -> Finished:
    """Returns the content file of an entry; raises ProblemsFound if it has errors.

    The file is named after the title; `is_taken(id, url)` says which names and
    addresses cannot be used, and then a number is added.
    """
    data = text_of(submission, config, now).encode()
    name = slugify(submission.title)
    for candidate in _candidates(name):
        id = f"{settings.section}/{candidate}.md"
        rules = rules_of(config).front
        post, _, problems = read_post(id, data, id, rules)
        if post is None:
            raise ProblemsFound(problems)
        url = urls.url(config, urls.post_path(config, post))
        if candidate.casefold() not in _RESERVED and not is_taken(id, url):
            return Finished(id, data, url)
    raise AssertionError("there is always another number")


def _candidates(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def text_of(submission: Submission, config: Config, now: Moment) -> str:
    """Returns the text of the content file that an entry becomes."""
    when: datetime = now.datetime().astimezone(ZoneInfo(config.timezone))
    fields: dict[str, Any] = {"title": submission.title, "date": when}
    if submission.author:
        fields["author"] = submission.author
    if submission.extra:
        fields["extra"] = submission.extra
    fields["submission"] = {"id": submission.id}
    return dump(fields, body_of(submission))


def body_of(submission: Submission) -> str:
    """Returns the text with a line break at its end, as Git likes it."""
    text = submission.content
    return text if text.endswith("\n") else f"{text}\n"


def fields_of(submission: Submission) -> tuple[str, ...]:
    """Returns all texts of an entry but its content."""
    extra = (value for value in submission.extra.values() if isinstance(value, str))
    return (submission.title, submission.author, *extra)


def entry_of(finished: Finished, config: Config, rendered: Rendered) -> Entry:
    """Returns what a build would make of the file, without rendering it again."""
    rules = rules_of(config)
    post, body, problems = read_post(
        finished.id, finished.data, finished.id, rules.front
    )
    if post is None or post.trusted:
        raise ProblemsFound(problems)
    if not post.summary and rendered.document.summary:
        post = msgspec.structs.replace(post, summary=rendered.document.summary)
    source = Source(finished.id, b"", 0, len(finished.data), 0)
    return Entry(source, post, body, pack(rendered.outline), problems)


class Foreseen(History):
    """The history as it will be once one more file has been committed."""

    def __init__(self, root: Path, content: str, id: str, own: Past) -> None:
        super().__init__(root, content)
        self.id = id
        self.own = own

    @cached_property
    def past(self) -> dict[str, Past]:
        """What commits tell of each content file, and will tell of the new one."""
        known = super().past
        is_told = self.checkout is not None and not self.is_shallow
        return {**known, self.id: self.own} if is_told else known


def commit_author(post: Post | None) -> str:
    """Returns the name under which a post that was sent in is committed."""
    name = post.authors[0] if post and post.authors else ""
    return git.kept_name(name) or VISITOR


def commit_of(post: Post | None, now: float) -> Past:
    """Returns what a commit at this time will tell of a post that was sent in."""
    when = Moment(int(now), time.localtime(now).tm_gmtoff)
    return Past(when, when, (commit_author(post),))


def with_entry(inputs: Inputs, entry: Entry) -> Inputs:
    """Returns the inputs of the site as it would be with one more file."""
    others = (e for e in inputs.entries if e.source.path != entry.source.path)
    entries = tuple(sorted((*others, entry), key=lambda e: e.source.path))
    return msgspec.structs.replace(inputs, entries=entries, unchanged=False)


def problems_of(survey: Survey, id: str) -> list[Problem]:
    """Returns the problems of the site that one file takes part in."""
    path = f"{survey.config.paths.content}/{id}".removeprefix("./")

    def concerns(problem: Problem) -> bool:
        places = (problem.location, *problem.related)
        return any(place.path == path for place in places)

    return [problem for problem in survey.problems() if concerns(problem)]


def page_of(survey: Survey, id: str, document: Document) -> bytes:
    """Returns the page of one post, exactly as a build would write it.

    Raises ProblemsFound if a template fails.
    """
    from sitegen.build.drawer import Drawer
    from sitegen.build.render import render
    from sitegen.build.templates import HonestEnvironment, TemplateFailure

    site, inputs = survey.site, survey.inputs
    documents = Documents(
        survey.root, inputs.rules, survey.bodies, site.by_id, Drawer(survey.root, {})
    )
    environment = HonestEnvironment(inputs.templates.sources)
    artifact = next(
        artifact
        for artifact in survey.artifacts
        if artifact.subject == id and artifact.kind in ("post", "page")
    )

    def find(wanted: str) -> Document:
        return document if wanted == id else documents(wanted)

    try:
        return render(artifact, site, environment, find).data
    except TemplateFailure as failure:
        raise ProblemsFound([failure.problem]) from failure
