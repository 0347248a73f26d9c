"""`sitegen check` and `sitegen list`, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeSite, Run
from tests.surveys import md, post
from tests.trees import tree


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site with something of everything."""
    return make_site(
        {
            "sitegen.toml": 'timezone = "Europe/Paris"\nbase_url = "https://example.org/b"\n',
            "content/posts/a.md": post("A post"),
            "content/posts/draft.md": post("A draft", "draft: true"),
            "content/posts/later.md": post("Later", date="2026-12-01"),
            "content/news/gone.md": post("Gone", "expires: 2026-02-01"),
            "content/about.md": md("title: About"),
            "content/docs/_index.md": md("title: Docs"),
        }
    )


def test_a_good_site(root: Path, run: Run) -> None:
    result = run("check", root=root)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "6 files checked: no problem." in result.stderr
    assert "3 posts wait" in result.stderr


def test_a_check_writes_nothing(root: Path, run: Run) -> None:
    before = tree(root)
    run("check", root=root)
    run("list", root=root)
    assert tree(root) == before


def test_problems_for_programs(root: Path, run: Run) -> None:
    (root / "content/bad.md").write_text(md("title: ''", body="[x](no.md)"))
    result = run("check", "--format", "json", root=root)
    assert result.exit_code == 1
    assert result.stderr == ""
    answer: dict[str, Any] = json.loads(result.stdout)
    assert list(answer) == ["problems", "waiting"]
    assert answer["problems"] == [
        {
            "code": "title-empty",
            "severity": "error",
            "path": "content/bad.md",
            "line": 2,
            "column": 8,
            "message": "The title is empty.",
            "hint": "Write one: title: My title.",
            "source": "title: ''",
        }
    ]
    assert answer["waiting"] == [
        {
            "path": "content/news/gone.md",
            "title": "Gone",
            "reason": "expired",
            "until": "2026-02-01T00:00:00+01:00",
        },
        {
            "path": "content/posts/draft.md",
            "title": "A draft",
            "reason": "draft",
            "until": None,
        },
        {
            "path": "content/posts/later.md",
            "title": "Later",
            "reason": "future",
            "until": "2026-12-01T00:00:00+01:00",
        },
    ]


def test_a_good_site_for_programs(root: Path, run: Run) -> None:
    answer = json.loads(run("check", "--format", "json", root=root).stdout)
    assert answer["problems"] == []
    assert run("check", "--format", "github", root=root).output == ""


@pytest.mark.parametrize("text", ["title = ", "title = 1", "\xff"])
def test_a_wrong_configuration_is_a_problem_like_any_other(
    root: Path, run: Run, text: str
) -> None:
    (root / "sitegen.toml").write_bytes(text.encode("latin-1"))
    result = run("check", "--format", "json", root=root)
    assert result.exit_code == 1
    assert result.stderr == ""
    assert json.loads(result.stdout)["problems"][0]["path"] == "sitegen.toml"
    assert run("check", "--format", "github", root=root).stdout.startswith("::error ")
    assert run("check", root=root).stdout.startswith("sitegen.toml:1:")
    for command in (["list"], ["clean"], ["new", "X"], ["build"]):
        failed = run(*command, root=root)
        assert (failed.exit_code, failed.stdout) == (1, "")
        assert "sitegen.toml:1:" in failed.stderr


def test_annotations_for_github(root: Path, run: Run) -> None:
    (root / "content/posts/50%, a.md").write_text(md("title: 50%", body="[x](no.md)"))
    text = run("check", "--format", "github", root=root).stdout
    assert text.splitlines() == [
        "::warning file=content/posts/50%25%2C a.md,line=2,col=8,title=date-missing::This"
        " post has no date, so it comes last in every list.%0AAdd a date: 2026-01-31.",
        "::warning file=content/posts/50%25%2C a.md,line=4,col=1,title=link-missing::The"
        " link 'no.md' leads nowhere.%0AMend the link, or create the page.",
    ]


def test_the_time_decides_what_is_checked(root: Path, run: Run) -> None:
    (root / "content/posts/later.md").write_text(
        post("Later", date="2026-12-01", body="[x](no.md)")
    )
    assert run("check", "--strict", root=root).exit_code == 0
    assert run("check", "--strict", "-F", root=root).exit_code == 1
    assert run("check", "--strict", "--clock", "2027-01-01", root=root).exit_code == 1


@pytest.mark.parametrize(
    ("which", "titles"),
    [
        ("published", ["A post", "About"]),
        ("drafts", ["A draft"]),
        ("future", ["Later"]),
        ("expired", ["Gone"]),
        ("all", ["Later", "Gone", "A post", "A draft", "About"]),
    ],
)
def test_posts_are_listed(root: Path, run: Run, which: str, titles: list[str]) -> None:
    answer = json.loads(run("list", which, "--format", "json", root=root).stdout)
    assert [row["title"] for row in answer["posts"]] == titles
    text = run("list", which, root=root).stdout.splitlines()
    assert len(text) == len(titles)
    assert all(title in line for title, line in zip(titles, text, strict=True))


def test_what_a_list_says_of_a_post(root: Path, run: Run) -> None:
    answer = json.loads(run("list", "all", "--format", "json", root=root).stdout)
    rows = {row["title"]: row for row in answer["posts"]}
    assert rows["Later"] == {
        "path": "content/posts/later.md",
        "title": "Later",
        "date": "2026-12-01T00:00:00+01:00",
        "state": "future",
        "url": "/b/posts/later/",
        "kind": "post",
        "until": "2026-12-01 00:00 Europe/Paris",
    }
    assert rows["Gone"]["kind"] == "post"
    about = rows["About"]
    assert (about["kind"], about["date"], about["until"]) == ("page", None, "")


def test_without_a_word_the_published_are_listed(root: Path, run: Run) -> None:
    assert run("list", root=root).stdout == run("list", "published", root=root).stdout
    assert "Later" in run("list", "--clock", "2027-01-01", root=root).stdout


def test_a_list_says_that_files_are_missing_from_it(root: Path, run: Run) -> None:
    (root / "content/bad.md").write_text("no title")
    result = run("list", root=root)
    assert result.exit_code == 0
    assert result.stderr == "1 file cannot be read: see sitegen check.\n"
