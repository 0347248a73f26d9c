"""`sitegen build` says what it did, what it left out, and why."""

from pathlib import Path

import pytest

from tests.conftest import MakeSite, Run
from tests.surveys import md, post
from tests.trees import tree


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site of two posts."""
    return make_site({"content/posts/a.md": post("A"), "content/posts/b.md": post("B")})


def test_a_build_says_what_it_did(root: Path, run: Run) -> None:
    first = run("build", root=root).stderr.splitlines()
    assert first[0].startswith("9 files in output: 9 pages made, ")
    assert first[1:] == [
        "Without base_url there is no feed, sitemap or canonical link."
    ]
    assert "9 files in output: nothing to do, " in run("build", root=root).stderr
    (root / "content/posts/b.md").unlink()
    third = run("build", root=root).stderr
    assert "1 file removed" in third


def test_a_quiet_build_says_only_problems(root: Path, run: Run) -> None:
    assert run("build", "-q", root=root).output == ""
    (root / "content/c.md").write_text(md("title: C", body="[x](no.md)"))
    assert "link-missing" in run("build", "-q", root=root).stderr


def test_a_second_build_still_says_warnings(root: Path, run: Run) -> None:
    (root / "content/c.md").write_text(md("title: C", "tgas: x", body="[x](no.md)"))
    outputs = [run("build", root=root).stderr for _ in range(2)]
    for text in outputs:
        assert "link-missing" in text and "key-unknown" in text
        assert "2 warnings" in text
    assert "nothing to do" in outputs[1]


def test_a_verbose_build_names_what_others_put_there(root: Path, run: Run) -> None:
    run("build", root=root)
    for path in ("mine.txt", "posts/mine.txt", ".nojekyll", ".git/a", "x/.y/b"):
        (root / "output" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "output" / path).write_text("mine")
    lines = run("build", "-v", root=root).stderr.splitlines()
    said = [line for line in lines if "not written by sitegen" in line]
    names = [line.partition(":")[0] for line in said]
    assert names == ["output/.nojekyll", "output/mine.txt", "output/posts/mine.txt"]
    assert "not written" not in run("build", root=root).stderr
    assert (root / "output/mine.txt").read_text() == "mine"


def test_a_verbose_build_says_why(root: Path, run: Run) -> None:
    run("build", root=root)
    (root / "content/posts/b.md").write_text(post("New title", date="2025-01-01"))
    text = run("build", "-v", root=root).stderr
    assert "posts/a/index.html: " in text
    assert "posts/b/index.html: " in text
    (root / "content/posts/b.md").unlink()
    assert "posts/b/index.html: removed" in run("build", "-v", root=root).stderr


def test_a_cache_that_cannot_be_trusted_is_said(root: Path, run: Run) -> None:
    before = tree(root / "output") if run("build", root=root).exit_code == 0 else {}
    for path in (root / ".sitegen").iterdir():
        if path.name not in ("lock", ".gitignore"):
            path.write_bytes(b"sitegen2" + b"x" * 100)
    result = run("build", "-v", root=root)
    assert "The cache is not used: " in result.stderr
    assert tree(root / "output") == before


def test_a_profile_names_stages_templates_and_pages(root: Path, run: Run) -> None:
    text = run("build", "--profile", "--force", root=root).stderr
    for part in ("Stage", "render", "Template", "Slowest pages", "posts/a/index.html"):
        assert part in text
    assert "Template" not in run("build", "--profile", root=root).stderr


def test_what_waits_is_said_with_reason_and_zone(make_site: MakeSite, run: Run) -> None:
    root = make_site(
        {
            "sitegen.toml": 'timezone = "Europe/Paris"\n',
            "content/posts/a.md": post("Later", date="2026-12-01"),
            "content/posts/b.md": post("Unfinished", "draft: true"),
            "content/posts/c.md": post("Over", "expires: 2026-02-01"),
        }
    )
    text = (
        '3 posts wait: "Later", until 2026-12-01 00:00 Europe/Paris; "Unfinished", a'
        ' draft; "Over", expired 2026-02-01 00:00 Europe/Paris.'
    )
    assert text in run("build", root=root).stderr
    assert text in run("build", root=root).stderr, "also where nothing is to do"
    assert text in run("check", root=root).stderr
    shown = run("build", "-D", "-F", "-E", root=root)
    assert "wait" not in shown.stderr
    assert (root / "output/posts/a/index.html").exists()


def test_only_some_of_many_that_wait_are_named(make_site: MakeSite, run: Run) -> None:
    drafts = {
        f"content/posts/{n}.md": post(f"Draft {n}", "draft: true") for n in range(8)
    }
    text = run("build", root=make_site(drafts)).stderr
    assert "8 posts wait:" in text
    assert "and 3 more (see sitegen list all)." in text
    one = {"content/posts/a.md": post("Only", "draft: true")}
    assert "1 post waits:" in run("build", root=make_site(one, name="one")).stderr


def test_another_address_and_folder(root: Path, run: Run, tmp_path: Path) -> None:
    url = "https://example.org/sub/"
    result = run("build", "--base-url", url, "-o", tmp_path / "public", root=root)
    assert result.exit_code == 0
    assert "base_url" not in result.stderr
    assert (tmp_path / "public/sitemap.xml").exists()
    assert 'href="/sub/style.css"' in (tmp_path / "public/index.html").read_text()
    assert not (root / "output").exists()


def test_targets_do_not_disturb_each_other(
    root: Path, run: Run, tmp_path: Path
) -> None:
    run("build", root=root)
    run("build", "--base-url", "https://example.org", "-o", tmp_path / "b", root=root)
    assert "nothing to do" in run("build", root=root).stderr
    again = run(
        "build", "--base-url", "https://example.org", "-o", tmp_path / "b", root=root
    )
    assert "nothing to do" in again.stderr


def test_the_output_is_relative_to_where_people_are(
    root: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("build", "-o", "here", root=root).exit_code == 0
    assert (tmp_path / "here/index.html").exists()


def test_a_folder_that_cannot_be_written_is_said(root: Path, run: Run) -> None:
    (root / "output").write_text("a file")
    result = run("build", root=root)
    assert result.exit_code == 1
    assert f"The output folder {root}/output is a file." in result.stderr
    assert (root / "output").read_text() == "a file"
    below = run("build", "-o", root / "output/deep", root=root)
    assert below.exit_code == 1
    assert below.stderr.startswith("Error: Not a directory: ")
