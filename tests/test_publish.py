"""From idea to published: `new`, `publish` and `status`, with the real Git."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.conftest import Run
from tests.repositories import MakeRepo, Repo

pytestmark = pytest.mark.needs("git")

DRAFT = """\
---
# my notes
title:   'Hello'   # to be changed
tags: [a,  b]
draft: true
---
body
"""
SITE = {
    "sitegen.toml": "title = 'Blog'\nbase_url = 'https://example.org/blog'\n",
    ".gitignore": "/output/\n/.sitegen/\n",
    "content/posts/hello.md": DRAFT,
    "content/posts/other.md": "---\ntitle: Other\ndate: 2024-01-01\n---\n",
}
PUBLISHED = DRAFT.replace("draft: true\n", "").replace(
    "changed\n", "changed\ndate: 2026-07-01 12:00:00+00:00\n"
)
FILE = "content/posts/hello.md"


def ok(result: Result) -> str:
    """Returns what a command said, which went well."""
    assert result.exit_code == 0, result.stderr
    return result.stderr


@pytest.mark.parametrize("name", ["hello", FILE, "posts/hello.md"])
def test_a_draft_is_published(make_repo: MakeRepo, run: Run, name: str) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/other.md": "not this", "staged.txt": "nor this"})
    repo.git("add", "staged.txt")
    repo.write({"content/posts/other.md": SITE["content/posts/other.md"]})
    result = run("publish", name, root=repo.folder)
    said = ok(result)
    assert result.stdout == "https://example.org/blog/posts/hello/\n"
    assert f"Committed {FILE} as {repo.head[:10]}." in said
    assert (repo.folder / FILE).read_text() == PUBLISHED
    assert repo.git("show", "--format=%s", "--name-only").split("\n\n") == [
        "Publish Hello",
        FILE,
    ]
    assert repo.status == ["A  staged.txt"]


def test_a_path_may_be_given_from_here(
    make_repo: MakeRepo, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo(SITE)
    monkeypatch.chdir(repo.folder / "content/posts")
    ok(run("publish", "hello.md", root=Path("../..")))
    assert (repo.folder / FILE).read_text() == PUBLISHED


def test_a_date_in_the_future_schedules(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    said = ok(run("publish", "hello", "--date", "2026-12-24", root=repo.folder))
    assert "It appears on 2026-12-24 00:00 UTC." in said
    assert "date: 2026-12-24 00:00:00+00:00" in (repo.folder / FILE).read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title: X\nPublished: false\n", "title: X\ndate: 2026-07-01 12:00:00+00:00\n"),
        ("title: X\nstatus: draft\n", "title: X\ndate: 2026-07-01 12:00:00+00:00\n"),
        (
            "Date: 2020-01-01 # d\ntitle: X\ndraft: yes\nstatus: hot\n",
            "Date: 2026-07-01 12:00:00+00:00 # d\ntitle: X\nstatus: hot\n",
        ),
        (
            "date: 2020-01-01\npublishDate: 2030-01-01\ntitle: X\ndraft: true\n",
            "date: 2020-01-01\npublishDate: 2026-07-01 12:00:00+00:00\ntitle: X\n",
        ),
    ],
)
def test_other_tools_marks_are_known(
    make_repo: MakeRepo, run: Run, before: str, after: str
) -> None:
    repo = make_repo({**SITE, FILE: f"---\n{before}---\n"})
    ok(run("publish", "hello", root=repo.folder))
    assert (repo.folder / FILE).read_text() == f"---\n{after}---\n"


def test_a_page_gets_no_date(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo({**SITE, "content/about.md": "---\ntitle: A\ndraft: true\n---\n"})
    result = run("publish", "about", root=repo.folder)
    assert ok(result)
    assert result.stdout == "https://example.org/blog/about/\n"
    assert (repo.folder / "content/about.md").read_text() == "---\ntitle: A\n---\n"


def test_what_is_published_already_keeps_its_date(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    text = SITE["content/posts/other.md"] + "more\n"
    repo.write({"content/posts/other.md": text})
    said = ok(run("publish", "other", root=repo.folder))
    assert "content/posts/other.md is no draft." in said
    assert (repo.folder / "content/posts/other.md").read_text() == text
    assert repo.status == []
    commit = repo.head
    ok(run("publish", "other", root=repo.folder))
    assert repo.head == commit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DRAFT.replace("Hello", "Other"), "title-duplicate"),
        (DRAFT.replace("tags:", "slug: other\ntags:"), "path-collision"),
        (DRAFT.replace("tags: [a,  b]", "template: no.html"), "template-unknown"),
        (DRAFT.replace("[a,", "[a"), "value-type"),
        ("---\ntitle: [\n---\n", "yaml-syntax"),
    ],
)
def test_a_post_with_errors_stays_what_it_was(
    make_repo: MakeRepo, run: Run, text: str, words: str
) -> None:
    if words == "value-type":
        text = DRAFT.replace("tags: [a,  b]", "weight: heavy")
    repo = make_repo({**SITE, FILE: text})
    commit = repo.head
    result = run("publish", FILE, root=repo.folder)
    assert result.exit_code == 1
    assert words in result.stderr
    assert (repo.folder / FILE).read_text() == text
    assert (repo.head, repo.status) == (commit, [])


def test_errors_of_others_do_not_keep_a_post_back(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo({**SITE, "content/bad.md": "---\ntitle: [\n---\n"})
    ok(run("publish", "hello", root=repo.folder))


def test_a_refusing_hook_leaves_the_draft(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.hook("pre-commit", "echo not today >&2; exit 1")
    result = run("publish", "hello", root=repo.folder)
    assert result.exit_code == 1
    assert "not today" in result.stderr
    assert (repo.folder / FILE).read_text() == DRAFT
    assert repo.status == []


def test_several_and_none_are_said(make_repo: MakeRepo, run: Run) -> None:
    same = {"content/a/hello.md": DRAFT.replace("Hello", "H2")}
    repo = make_repo({**SITE, **same})
    several = run("publish", "hello", root=repo.folder)
    assert "content/a/hello.md, content/posts/hello.md" in several.stderr
    none = run("publish", "nothing", root=repo.folder)
    assert "No post has the path or slug 'nothing'" in none.stderr
    assert (several.exit_code, none.exit_code) == (1, 1)


def test_a_bundle_says_what_lies_beside_it(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(
        {**SITE, "content/posts/trip/index.md": DRAFT.replace("Hello", "T")}
    )
    repo.write({"content/posts/trip/x.png": "png"})
    said = ok(run("publish", "trip", root=repo.folder))
    assert "not committed: content/posts/trip/x.png" in said


def test_without_a_repository_the_file_is_published(
    make_repo: MakeRepo, run: Run, tmp_path: Path
) -> None:
    make_repo()
    site = Repo(tmp_path / "plain")
    site.write(SITE)
    assert "nothing was committed" in ok(run("publish", "hello", root=site.folder))
    assert (site.folder / FILE).read_text() == PUBLISHED
    result = run("publish", "hello", "--push", root=site.folder)
    assert result.exit_code == 1
    assert "git init" in result.stderr


def test_from_an_idea_on_a_branch_to_a_pushed_post(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    bare = Repo(repo.folder.parent / "origin.git")
    repo.git("init", "-q", "--bare", "-b", "main", bare.folder)
    repo.git("remote", "add", "origin", bare.folder)
    new = run("new", "An Idea é", "--draft", "--branch", "--commit", root=repo.folder)
    said = ok(new)
    file = Path(new.stdout.strip()).relative_to(repo.folder).as_posix()
    stem = Path(file).stem
    assert f"On the new branch post/{stem}." in said
    assert repo.git("log", "-1", "--format=%s %an %D") == (
        f"Add An Idea é Ann HEAD -> post/{stem}"
    )
    done = run("publish", stem, "--merge", "--push", root=repo.folder)
    assert ok(done).splitlines()[1:] == [
        f"Merged post/{stem} into main.",
        "Pushed to origin/main.",
    ]
    assert repo.git("branch", "--show-current") == "main"
    assert bare.git("rev-parse", "main") == repo.head
    assert "draft" not in repo.git("show", f"HEAD:{file}")


def test_a_branch_is_merged_from_the_main_one(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    ok(run("new", "Away", "--draft", "--branch", "--commit", root=repo.folder))
    repo.git("checkout", "-q", "main")
    repo.commit({"x.txt": "x"})
    assert "Merged post/away into main." in ok(
        run("publish", "away", "--merge", root=repo.folder)
    )
    assert "draft" not in repo.git("show", "HEAD:content/posts/away.md")


def test_a_detached_head_takes_the_post(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.git("checkout", "-q", "--detach")
    assert "Committed" in ok(run("publish", "hello", root=repo.folder))
    result = run("publish", "other", "--push", root=repo.folder)
    assert "No branch is checked out" in result.stderr


def test_a_section_has_a_template_for_its_posts(make_repo: MakeRepo, run: Run) -> None:
    template = "---\n# say why\ntitle:\ndate:   # later\nauthor: Ann\ntags: [x]\n---\n\n## Why\n"
    repo = make_repo({**SITE, "content/posts/_new.md": template})
    ok(run("new", "Of Template", "--tag", "y", root=repo.folder))
    assert (repo.folder / "content/posts/of-template.md").read_text() == (
        "---\n# say why\ntitle: Of Template\ndate: 2026-07-01 12:00:00+00:00   # later\n"
        "author: Ann\ntags:\n- x\n- y\n---\n\n## Why\n"
    )
    ok(run("new", "Deep", "--section", "posts/deep", root=repo.folder))
    assert "author: Ann" in (repo.folder / "content/posts/deep/deep.md").read_text()
    repo.write({"content/docs/_new.md": "+++\ntitle = ''\nweight = 9\n+++\n"})
    ok(run("new", "Page", "--section", "docs", root=repo.folder))
    text = (repo.folder / "content/docs/page.md").read_text()
    assert text == '+++\ntitle = "Page"\nweight = 9\n+++\n'
    repo.write({"content/docs/_new.md": "---\ntitle: [\n---\n"})
    result = run("new", "Broken", "--section", "docs", root=repo.folder)
    assert result.exit_code == 1
    assert "yaml-syntax" in result.stderr


@pytest.mark.parametrize(
    ("author", "signed"), [("", ""), ("Ann", ""), ("The team", "author: Ann\n")]
)
def test_a_new_post_names_who_writes_unless_the_site_does(
    make_repo: MakeRepo, run: Run, author: str, signed: str
) -> None:
    repo = make_repo({**SITE, "sitegen.toml": f"author = '{author}'\n"})
    ok(run("new", "Signed", root=repo.folder))
    assert (repo.folder / "content/posts/signed.md").read_text() == (
        f"---\ntitle: Signed\ndate: 2026-07-01 12:00:00+00:00\n{signed}---\n\n"
    )
    repo.write({"content/posts/_new.md": "---\ntitle:\nauthor:  # you\n---\n"})
    ok(run("new", "Filled in", root=repo.folder))
    text = (repo.folder / "content/posts/filled-in.md").read_text()
    assert text == "---\ntitle: Filled in\nauthor: Ann  # you\n---\n"


def test_a_branch_needs_a_commit_to_start_from(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo()
    repo.write(SITE)
    result = run("new", "X", "--branch", root=repo.folder)
    assert result.exit_code == 1
    assert "There is no commit yet" in result.stderr
    assert not (repo.folder / "content/posts/x.md").exists()


def test_status_shows_where_everything_is(make_repo: MakeRepo, run: Run) -> None:
    later = "---\ntitle: Later\ndate: 2026-12-24\n---\n"
    repo = make_repo({**SITE, "content/posts/later.md": later})
    unknown = run("status", root=repo.folder)
    assert "Nothing is known of a last build." in unknown.stderr
    ok(run("build", root=repo.folder))
    ok(run("new", "On Branch", "--branch", "--commit", root=repo.folder))
    repo.git("checkout", "-q", "main")
    repo.commit({"content/about.md": "---\ntitle: About\n---\n"})
    repo.write(
        {
            "content/posts/new é.md": "---\ntitle: New\n---\n",
            "content/queue/pending/1.md": "x",
            "content/queue/pending/2.md": "x",
            "content/queue/.gitignore": "*\n",
        }
    )
    result = run("status", root=repo.folder)
    assert ok(result) == ""
    assert result.stdout.splitlines() == [
        "Drafts: 1",
        "  Hello (content/posts/hello.md)",
        "Scheduled: 1",
        "  2026-12-24 00:00 UTC  Later (content/posts/later.md)",
        "Queue: 1",
        "  2 in pending",
        "Not committed: 1",
        "  content/posts/new é.md",
        "Not merged: 1",
        "  post/on-branch: Add On Branch",
        "1 commit since the last build.",
    ]
    found = json.loads(run("status", "--format", "json", root=repo.folder).stdout)
    assert found["drafts"] == [{"path": FILE, "title": "Hello", "date": None}]
    assert found["scheduled"][0]["date"] == "2026-12-24T00:00:00+00:00"
    assert found["queue"] == {"pending": 2, "spam": 0}
    assert found["uncommitted"] == ["content/posts/new é.md"]
    assert found["branches"][0]["name"] == "post/on-branch"
    assert found["commits_since_build"] == 1
    ok(run("build", root=repo.folder))
    found = json.loads(run("status", "--format", "json", root=repo.folder).stdout)
    assert found["commits_since_build"] == 0


def test_status_outside_git_says_what_is_missing(
    make_repo: MakeRepo, run: Run, tmp_path: Path
) -> None:
    make_repo()
    site = Repo(tmp_path / "plain")
    site.write(SITE)
    result = run("status", root=site.folder)
    assert "git init" in ok(result)
    assert "Drafts: 1" in result.stdout
    assert "Not committed: none" in result.stdout
