"""`build --profile` and `build -v`: where the time went, and why pages were made."""

from pathlib import Path

import pytest

from sitegen.build.making import Timing
from sitegen.build.pipeline import Report
from sitegen.build.survey import Asked
from sitegen.build.trace import words
from sitegen.cli import profile
from sitegen.cli.profile import hints
from sitegen.config import Config, Markdown
from sitegen.content.records import Moment
from tests.conftest import MakeSite, Run

POST = "---\ntitle: P{0}\ndate: 2026-01-01\n---\n{1}"


def site(make_site: MakeSite, engine: str) -> Path:
    """Returns a site of eight posts."""
    posts = {f"content/posts/p{n}.md": POST.format(n, "*Text*") for n in range(8)}
    config = f'[markdown]\nengine = "{engine}"\n'
    return make_site({"sitegen.toml": config, **posts})


@pytest.fixture
def slow_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a sample take 100 s, but 1 s without colours and a tenth with commonmark."""

    def seconds_for(texts: list[str], settings: Markdown) -> float:
        assert all("*Text*" in text for text in texts)
        slow = 100 if settings.highlight else 1
        return slow if settings.engine == "markdown" else slow / 10

    monkeypatch.setattr(profile, "seconds_for", seconds_for)


@pytest.mark.usefixtures("slow_markdown")
def test_a_profile_says_what_the_other_engine_would_save(
    make_site: MakeSite, run: Run
) -> None:
    said = run("build", "--profile", root=site(make_site, "markdown")).stderr
    assert (
        "Python-Markdown took about 100.00 s for 8 files, 100% of the time on one"
        " processor. A sample of 8 took 100000 ms, and 10000.0 ms with"
        ' engine = "commonmark".'
    ) in said


@pytest.mark.usefixtures("slow_markdown")
def test_colouring_code_is_named_where_it_takes_the_time(
    make_site: MakeSite, run: Run
) -> None:
    said = run("build", "--profile", root=site(make_site, "commonmark")).stderr
    assert "A sample of 8 took 10000 ms, and 100.0 ms with highlight = false." in said
    assert "engine =" not in said


def test_what_would_save_little_is_not_named(make_site: MakeSite) -> None:
    asked = Asked(site(make_site, "markdown"), Config(), Moment(0))
    stages = (("read and parse", 10**15),)
    assert not list(hints(asked, Report(8, 8, 8, (), (), (), stages=stages, parsed=8)))


def test_a_sample_is_timed_with_each_engine() -> None:
    assert profile.seconds_for(["*Text*"], Markdown(engine="commonmark")) > 0


def test_a_slow_template_is_named(tmp_path: Path) -> None:
    times = tuple(Timing(f"{name}.html", "page.html", 4 * 10**8) for name in "ab")
    report = Report(2, 2, 2, (), (), (), times=times, stages=(("render", 10**9),))
    (hint,) = hints(Asked(tmp_path, Config(), Moment(0)), report)
    assert hint.startswith("page.html took 80% of the time.")


def test_two_processes_take_no_more_than_all_of_the_time(tmp_path: Path) -> None:
    times = tuple(Timing(f"{name}.html", "page.html", 10**9) for name in "abcd")
    stages = (("read and parse", 5 * 10**8), ("render", 2 * 10**9))
    report = Report(4, 4, 4, (), (), (), times=times, stages=stages)
    (hint,) = hints(Asked(tmp_path, Config(), Moment(0)), report)
    assert hint.startswith("page.html took 80% of the time.")


def test_a_profile_of_nothing_shows_the_stages(make_site: MakeSite, run: Run) -> None:
    root = site(make_site, "commonmark")
    run("build", root=root)
    said = run("build", "--profile", root=root).stderr
    assert "read and parse" in said
    assert "took" not in said


def test_v_says_when_everything_is_new(make_site: MakeSite, run: Run) -> None:
    root = site(make_site, "commonmark")
    new = "Everything is made anew: nothing is known of an earlier build."
    assert new in run("build", "-v", root=root).stderr
    assert new not in run("build", "-v", root=root).stderr


def test_v_names_the_question_that_has_another_answer(
    make_site: MakeSite, run: Run
) -> None:
    root = make_site(
        {
            "content/posts/a.md": POST.format("a", "x"),
            "templates/index.html": "{% for p in site.recent(3) %}{{ p.title }}{% endfor %}",
        }
    )
    run("build", root=root)
    make_site({"content/posts/a.md": POST.format("b", "x")})
    said = run("build", "-v", root=root).stderr
    assert "\nindex.html: title of the posts 1 to 3\n" in f"\n{said}"


def test_a_slice_is_said_in_words() -> None:
    def said(start: int | None, stop: int | None) -> str:
        return words(("list", ["slice", start, stop, "posts"]))

    assert said(0, 3) == "the posts 1 to 3"
    assert said(None, 3) == "the posts 1 to 3"
    assert said(2, None) == "the posts from 3 on"
    assert said(-1, None) == "the posts [-1:]"
