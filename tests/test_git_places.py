"""Writing with Git, from idea to published, wherever a site may lie."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.repositories import MakeRepo, Repo
from tests.trees import write_tree

pytestmark = pytest.mark.needs("git")
ROOT = Path(__file__).parents[1]

SITE = {
    "sitegen.toml": "title = 'Blog'\n",
    ".gitignore": "/output/\n/.sitegen/\n",
    "content/posts/one.md": "---\ntitle: One\ndate: 2023-01-01\n---\n",
}


def plain(make_repo: MakeRepo) -> Path:
    """A site that is a repository."""
    return make_repo(SITE).folder


def sub_folder(make_repo: MakeRepo) -> Path:
    """A site in a folder with a difficult name."""
    files = {f"my docs é/[x] *'ü/{path}": text for path, text in SITE.items()}
    return make_repo({**files, "README": "x"}).folder / "my docs é/[x] *'ü"


def worktree(make_repo: MakeRepo) -> Path:
    """A site in a linked worktree; `main` is checked out there."""
    repo = make_repo(SITE)
    repo.git("switch", "-q", "--detach")
    repo.git("worktree", "add", "-q", "../linked tree", "main")
    return repo.folder.parent / "linked tree"


def submodule(make_repo: MakeRepo) -> Path:
    """A site that is a module of another repository."""
    inner, outer = make_repo(SITE, "inner"), make_repo({"x": "x"}, "outer")
    allowed = ("-c", "protocol.file.allow=always")
    outer.git(*allowed, "submodule", "add", "-q", inner.folder, "the module")
    module = Repo(outer.folder / "the module")
    module.git("config", "user.name", "Ann")
    module.git("config", "user.email", "ann@example.org")
    return module.folder


def sha256(make_repo: MakeRepo) -> Path:
    """A site in a repository whose ids are longer."""
    return make_repo(SITE, options=("--object-format=sha256",)).folder


PLACES = (plain, sub_folder, worktree, submodule, sha256)


@pytest.mark.parametrize("place", PLACES)
def test_from_idea_to_published(
    place: Callable[[MakeRepo], Path],
    make_repo: MakeRepo,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the hook
    root = place(make_repo)
    site = Repo(root)

    def ok(*command: str) -> str:
        result = run(*command, root=root)
        assert result.exit_code == 0, result.output
        return str(result.output)

    assert "Commits are checked by" in ok("hooks", "install")
    assert "On the new branch post/high-water" in ok(
        "new", "High water", "--draft", "--branch", "--commit"
    )
    assert "post/high-water: Add High water" in ok("status")
    write_tree(root, {"content/posts/ü b.md": "---\ntitle: ONE\n---\n"})
    site.git("add", ".")
    assert "content/posts/ü b.md:2" in run("check", "--staged", root=root).stdout
    refused = subprocess.run(
        ["git", "commit", "-qm", "x"], cwd=root, capture_output=True, check=False
    )
    assert b"title-duplicate" in refused.stderr
    site.git("rm", "-qf", "content/posts/ü b.md")
    assert ok("check", "--base", "main") == "1 file checked: no problem.\n"
    said = ok("publish", "high-water", "--merge")
    assert "Merged post/high-water into main." in said
    assert "draft" not in site.git("show", "main:./content/posts/high-water.md")
    assert site.status == []
    ok("build")
    page = (root / "output/posts/one/index.html").read_text(encoding="utf-8")
    assert "Updated <time" in page, "the date of its commit"
    assert "Not merged: none" in ok("status")


def test_a_locked_index_leaves_a_draft_as_it_was(make_repo: MakeRepo, run: Run) -> None:
    draft = "---\ntitle: Two\ndraft: true\n---\n"
    repo = make_repo({**SITE, "content/posts/two.md": draft})
    repo.write({".git/index.lock": ""})
    result = run("publish", "two", root=repo.folder)
    assert result.exit_code == 1
    assert "busy with another Git command" in result.stderr
    assert (repo.folder / "content/posts/two.md").read_text() == draft
    assert run("check", "--staged", root=repo.folder).exit_code == 0
    assert run("check", "--base", "main", root=repo.folder).exit_code == 0
    assert run("status", root=repo.folder).exit_code == 0


def test_a_file_that_is_renamed_in_the_index_keeps_its_title(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.git("mv", "content/posts/one.md", "content/posts/renamed.md")
    result = run("check", "--staged", root=repo.folder)
    assert (result.exit_code, result.stdout) == (0, "")
    repo.write({"content/posts/one.md": SITE["content/posts/one.md"]})
    repo.git("add", ".")
    result = run("check", "--staged", root=repo.folder)
    assert "content/posts/renamed.md:2" in result.stdout
    assert "is taken by content/posts/one.md:2" in result.stdout
