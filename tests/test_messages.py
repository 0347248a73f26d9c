"""What crosses a process boundary, or lies in the cache, arrives as it was."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.build import job as jobs
from sitegen.build import trace
from sitegen.build.job import Job, Result, Task, Wanted, Workshop
from sitegen.build.pipeline import Order, build
from sitegen.build.survey import Asked, Survey, parse_task, read_inputs
from sitegen.config import load
from sitegen.content.records import Moment, Post
from sitegen.problems import Location, Problem, ProblemsFound, SitegenError, error
from sitegen.site import questions
from sitegen.site.model import Site
from sitegen.site.visibility import Shown
from tests.surveys import NOW
from tests.trees import GOLDEN


@dataclass
class Work:
    """A golden site, and a job for workers with all that comes of it."""

    survey: Survey
    job: Job
    task: Task
    result: Result


@pytest.fixture(scope="module", params=["blog", "docs", "subpath", "languages"])
def work(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Work:
    """Gives the work that a golden site is."""
    root = tmp_path_factory.mktemp("work") / "site"
    shutil.copytree(GOLDEN / request.param / "site", root)
    config, problems = load(root)
    survey = Survey(
        root, read_inputs(Asked(root, config, NOW, Shown(True, True, True), problems))
    )
    made = [a for a in survey.artifacts]
    job = Job(
        str(root),
        str(root / "output"),
        False,
        survey.inputs.rules,
        survey.site.data,
        dict(survey.inputs.templates.sources),
        survey.bodies,
        "",
        {},
    )
    task = Task("job", tuple(Wanted(artifact, None) for artifact in made))
    result = jobs.make(Workshop(job), task.wanted)
    return Work(survey, job, task, result)


def arrives(value: Any) -> None:
    """Fails unless a value is the same after a journey."""
    data = msgspec.msgpack.encode(value)
    again = msgspec.msgpack.decode(data, type=type(value))
    assert again == value
    assert msgspec.msgpack.encode(again) == data


def test_a_job_arrives(work: Work) -> None:
    arrives(work.job)


def test_a_task_arrives(work: Work) -> None:
    arrives(work.task)


def test_a_result_arrives(work: Work) -> None:
    assert all(made.problem is None for made in work.result.made)
    arrives(work.result)


def test_what_is_parsed_arrives(work: Work) -> None:
    for entry in work.survey.inputs.entries:
        arrives(entry)
    for post in work.survey.posts:
        arrives(post)
        for when in (post.date, post.updated, post.expires):
            if when is not None:
                arrives(when)
                assert Moment.of(when.datetime()) == when


def test_problems_arrive(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "errors/site", tmp_path / "site")
    root = tmp_path / "site"
    config, problems = load(root)
    asked = Asked(root, config, NOW, problems=problems)
    with pytest.raises(ProblemsFound) as caught:
        build(asked, Order())
    assert len(caught.value.problems) > 40
    for problem in caught.value.problems:
        arrives(problem)


def test_the_site_of_a_worker_answers_as_the_parent_s(work: Work) -> None:
    data = msgspec.msgpack.encode(work.job)
    there = Site(msgspec.msgpack.decode(data, type=Job).data)
    here = work.survey.site
    asked = [trace.decode(encoded) for encoded in work.result.questions]
    assert {question[0] for question in asked} >= {"list", "config", "fields"}
    for encoded, question in zip(work.result.questions, asked, strict=True):
        assert trace.encode(question) == encoded
        if question[0] not in ("template", "content"):
            answer = questions.answer(here, question)
            assert questions.answer(there, question) == answer
            assert msgspec.msgpack.encode(answer)


def test_what_a_page_is_made_of_arrives(work: Work) -> None:
    """A worker that has the job from a file stages the same bytes."""
    data = msgspec.msgpack.encode(work.job)
    workshop = Workshop(msgspec.msgpack.decode(data, type=Job))
    again = jobs.make(workshop, work.task.wanted)
    digests = [made.staged.output.digest for made in again.made if made.staged]
    before = [made.staged.output.digest for made in work.result.made if made.staged]
    assert digests == before
    assert len(before) == len(work.task.wanted)


@given(
    extra=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
        | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
    title=st.text(min_size=1),
    at=st.integers(-(2**40), 2**40),
    offset=st.integers(-86_340, 86_340),
)  # fmt: skip
def test_any_post_arrives(extra: Any, title: str, at: int, offset: int) -> None:
    when = Moment(at, offset)
    arrives(
        Post("a.md", title, "", "a", date=when, extra={"x": extra}, aliases=("/b/",))
    )


@pytest.mark.parametrize(
    "failure",
    [
        SitegenError("what", "next"),
        ProblemsFound([error("a", Location("b"), "c"), error("a", Location("a"), "c")]),
    ],
)
def test_exceptions_survive_pickling(failure: SitegenError) -> None:
    """Ours never cross, but a library's pool would hang on one that does not."""
    import pickle

    again = pickle.loads(pickle.dumps(failure))
    assert type(again) is type(failure)
    assert str(again) == str(failure)
    assert getattr(again, "problems", ()) == getattr(failure, "problems", ())


def test_tasks_are_functions_at_the_top_of_a_module() -> None:
    import pickle

    for task in (parse_task, jobs.make_task):
        assert pickle.loads(pickle.dumps(task)) is task


def test_problems_are_in_the_order_of_files_and_lines() -> None:
    found = ProblemsFound(
        [
            Problem("x", error("x", Location(""), "").severity, Location("b", 2), "m"),
            error("x", Location("b", 1), "m"),
        ]
    )
    assert [problem.location.line for problem in found.problems] == [1, 2]
