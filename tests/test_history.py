"""Dates, people and addresses from Git, as templates see them."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.repositories import MakeRepo, Repo

pytestmark = pytest.mark.needs("git")

SHOW = """\
updated {{ post.updated|date("%Y-%m-%d") if post.updated else "never" }}
date {{ post.date|date("%Y-%m-%d") if post.date else "none" }}
by {{ post.contributors|join(", ") }}
source {{ post.source_url }}
edit {{ post.edit_url }}
"""
SITE = {
    "sitegen.toml": "title = 'Blog'\nbase_url = 'https://example.org'\n",
    "templates/post.html": SHOW,
    "templates/page.html": SHOW,
    ".gitignore": "/output/\n/.sitegen/\n",
}
POST = "---\ntitle: Hi\ndate: 2023-11-14\n---\nbody\n"
BOB = "Bob <bob@example.org>"


def shown(root: Path, page: str = "posts/hi") -> list[str]:
    """Returns the lines that the templates above make."""
    return (root / "output" / page / "index.html").read_text().splitlines()


def build(run: Run, root: Path, *options: str) -> str:
    """Builds a site and returns what was said."""
    result = run("build", *options, root=root)
    assert result.exit_code == 0, result.stderr
    return str(result.stderr)


def test_a_post_has_the_date_and_the_people_of_its_commits(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo({**SITE, "content/posts/hi.md": POST})
    repo.commit({"content/posts/hi.md": POST + "more"}, day=10, author=BOB)
    repo.git("remote", "add", "origin", "git@github.com:ann/blog.git")
    build(run, repo.folder)
    assert shown(repo.folder) == [
        "updated 2023-11-24",
        "date 2023-11-14",
        "by Ann, Bob",
        "source https://github.com/ann/blog/blob/main/content/posts/hi.md",
        "edit https://github.com/ann/blog/edit/main/content/posts/hi.md",
    ]
    assert "2023-11-24" in (repo.folder / "output/sitemap.xml").read_text()


def test_what_a_post_says_itself_comes_first(make_repo: MakeRepo, run: Run) -> None:
    said = "---\ntitle: Hi\ndate: 2020-01-01\nupdated: 2021-01-01\n---\n"
    later = "---\ntitle: Later\ndate: 2026-01-01\n---\n"
    repo = make_repo(
        {**SITE, "content/posts/hi.md": said, "content/posts/later.md": later}
    )
    build(run, repo.folder)
    assert shown(repo.folder)[:2] == ["updated 2021-01-01", "date 2020-01-01"]
    assert shown(repo.folder, "posts/later")[0] == "updated 2026-01-01"


def test_the_first_commit_is_the_last_source_of_a_date(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.commit({"content/posts/old.md": "---\ntitle: Hi\n---\nbody\nbody\n"}, day=2)
    repo.git("mv", "content/posts/old.md", "content/posts/hi.md")
    repo.commit({"content/posts/2020-05-06-named.md": "---\ntitle: N\n---\n"}, day=3)
    assert "has no date" not in build(run, repo.folder)
    assert shown(repo.folder)[1] == "date 2023-11-16"
    assert shown(repo.folder, "posts/named")[1] == "date 2020-05-06"


def test_a_first_commit_makes_no_post_of_a_page(make_repo: MakeRepo, run: Run) -> None:
    page = "---\ntitle: How\n---\n"
    repo = make_repo({**SITE, "content/docs/how.md": page, "content/about.md": page})
    (repo.folder / "content/about.md").write_text("---\ntitle: About\n---\n")
    build(run, repo.folder)
    assert shown(repo.folder, "docs/how")[:2] == ["updated 2023-11-14", "date none"]
    assert shown(repo.folder, "about")[1] == "date none"


def test_a_file_that_is_not_committed_has_no_past(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/hi.md": POST})
    build(run, repo.folder)
    assert shown(repo.folder)[:3] == ["updated 2023-11-14", "date 2023-11-14", "by "]


def test_a_site_outside_git_has_no_history(
    make_repo: MakeRepo, run: Run, tmp_path: Path
) -> None:
    make_repo()
    site = Repo(tmp_path / "plain")
    site.write({**SITE, "content/posts/hi.md": POST})
    build(run, site.folder)
    assert shown(site.folder)[2:] == ["by ", "source ", "edit "]


def test_a_site_in_a_folder_of_its_repository(make_repo: MakeRepo, run: Run) -> None:
    name = "my docs/ünder"
    files = {f"{name}/{path}": text for path, text in SITE.items()}
    repo = make_repo({**files, f"{name}/content/posts/hi.md": POST})
    repo.git("remote", "add", "origin", "https://codeberg.org/ann/blog.git")
    root = repo.folder / name
    build(run, root)
    path = "my%20docs/%C3%BCnder/content/posts/hi.md"
    assert shown(root)[2:] == [
        "by Ann",
        f"source https://codeberg.org/ann/blog/src/branch/main/{path}",
        f"edit https://codeberg.org/ann/blog/_edit/main/{path}",
    ]


def test_a_shallow_clone_is_said_and_its_dates_are_not_used(
    make_repo: MakeRepo, run: Run, tmp_path: Path
) -> None:
    repo = make_repo({**SITE, "content/posts/hi.md": POST})
    repo.commit({"content/posts/hi.md": POST + "more"}, day=10)
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--depth=1", repo.folder.as_uri(), clone)
    said = build(run, clone)
    assert "shallow clone" in said
    assert "git fetch --unshallow" in said
    assert shown(clone)[:3] == ["updated 2023-11-14", "date 2023-11-14", "by "]
    Repo(clone).git("fetch", "-q", "--unshallow")
    assert "shallow" not in build(run, clone)
    assert shown(clone)[:3] == ["updated 2023-11-24", "date 2023-11-14", "by Ann"]


def test_a_new_commit_makes_only_its_pages_anew(make_repo: MakeRepo, run: Run) -> None:
    posts = {
        f"content/posts/{n}.md": f"---\ntitle: T{n}\ndate: 2023-11-1{n}\n---\n"
        for n in range(5)
    }
    templates = {"templates/index.html": "home", "templates/list.html": "list"}
    repo = make_repo({**SITE, **templates, **posts})
    build(run, repo.folder)
    assert "nothing to do" in build(run, repo.folder)
    repo.commit({"README.md": "not of the site"}, day=1)
    assert "nothing to do" in build(run, repo.folder)
    repo.git("commit", "-q", "--allow-empty", "-m", "empty")
    repo.write({"content/posts/3.md": posts["content/posts/3.md"] + "more"})
    build(run, repo.folder)
    repo.commit({}, day=9, author=BOB)
    said = build(run, repo.folder, "-v")
    made = [line for line in said.splitlines() if ": " in line and "html" in line]
    assert [line.partition(":")[0] for line in made] == ["posts/3/index.html"]
    assert shown(repo.folder, "posts/3")[0] == "updated 2023-11-23"


def test_history_from_the_store_equals_history_read_anew(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo({**SITE, "content/posts/hi.md": POST})
    build(run, repo.folder)
    for day in range(1, 4):
        repo.commit({"content/posts/hi.md": POST + "x\n" * day}, day=day, author=BOB)
        build(run, repo.folder)
        after = shown(repo.folder)
        repo.git("clean", "-q", "-fdX")
        build(run, repo.folder)
        assert shown(repo.folder) == after
    repo.git("mv", "content/posts/hi.md", "content/posts/ho.md")
    repo.commit({}, day=8)
    build(run, repo.folder)
    assert shown(repo.folder, "posts/ho")[:3] == [
        "updated 2023-11-22",
        "date 2023-11-14",
        "by Ann, Bob",
    ]
    repo.git("reset", "-q", "--hard", "HEAD~2")
    build(run, repo.folder)
    assert shown(repo.folder)[0] == "updated 2023-11-16"


def test_a_remote_that_moves_changes_the_addresses(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo({**SITE, "content/posts/hi.md": POST})
    repo.git("remote", "add", "origin", "https://github.com/ann/blog")
    build(run, repo.folder)
    repo.git("remote", "set-url", "origin", "https://bitbucket.org/ann/blog")
    build(run, repo.folder)
    assert shown(repo.folder)[3].startswith(
        "source https://bitbucket.org/ann/blog/src/"
    )


def test_a_mailmap_that_changes_renames_people(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo({**SITE, "content/posts/hi.md": POST})
    build(run, repo.folder)
    repo.write({".mailmap": "Anna <ann@example.org>"})
    build(run, repo.folder)
    assert shown(repo.folder)[2] == "by Anna"


def test_one_pass_serves_any_number_of_posts(
    make_repo: MakeRepo, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = {f"content/posts/{n}.md": POST.replace("Hi", f"T{n}") for n in range(30)}
    repo = make_repo({**SITE, **posts})
    real, programs, calls = shutil.which("git"), tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    spy = programs / "git"
    spy.write_text(f'#!/bin/sh\necho "$*" >> "{calls}"\nexec {real} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    build(run, repo.folder)
    first = calls.read_text().splitlines()
    assert sum(" log " in call for call in first) == 1
    assert len(first) <= 5
    calls.unlink()
    build(run, repo.folder)
    assert not any(" log " in call for call in calls.read_text().splitlines())
