"""The hook judges commits, and leaves the hooks of others in force."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Run
from tests.repositories import MakeRepo, Repo

pytestmark = pytest.mark.needs("git")
ROOT = Path(__file__).parents[1]

POST = "---\ntitle: One\ndate: 2024-01-01\n---\n"
SITE = {
    "sitegen.toml": "title = 'Blog'\n",
    ".gitignore": "/output/\n.sitegen/\n",
    "content/posts/one.md": POST,
}
NOTE = 'echo "$(basename "$0") $*" >> ran'


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets hooks, which run outside of this process, import sitegen."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def hooks(run: Run, root: Path, command: str = "install") -> str:
    """Runs a command about hooks and returns what it said."""
    result = run("hooks", command, root=root)
    assert result.exit_code == 0, result.stderr
    return str(result.stdout + result.stderr)


def commit(repo: Repo, *options: str) -> subprocess.CompletedProcess[str]:
    """Tries to commit, as a person would."""
    command = ["git", "commit", "-q", "-m", "change", *options]
    return subprocess.run(
        command, cwd=repo.folder, capture_output=True, text=True, check=False
    )


def test_a_bad_commit_is_refused_and_a_good_one_is_made(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    assert "Commits are checked by" in hooks(run, repo.folder)
    repo.write({"content/posts/two.md": POST})
    repo.git("add", "--all")
    refused = commit(repo)
    assert refused.returncode == 1
    assert 'The title "One" is taken by content/posts/one.md:2.' in refused.stderr
    repo.write({"content/posts/two.md": POST.replace("One", "Two")})
    assert commit(repo).returncode == 1  # still staged as it was
    assert commit(repo, "-a").returncode == 0
    repo.write({"content/posts/two.md": POST})
    assert commit(repo, "--", "content/posts/two.md").returncode == 1
    assert commit(repo, "-a", "--no-verify").returncode == 0


def test_the_hook_sees_what_a_partial_commit_commits(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    hooks(run, repo.folder)
    repo.write(
        {"content/posts/bad.md": POST, "content/posts/ok.md": "---\ntitle: Ok\n---\n"}
    )
    repo.git("add", "--all")
    assert commit(repo, "--", "content/posts/ok.md").returncode == 0
    assert commit(repo, "--", "content/posts/bad.md").returncode == 1


def test_the_hook_that_was_there_runs_first(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    theirs = repo.hook("pre-commit", NOTE)
    before = theirs.read_bytes()
    assert "pre-commit.before-sitegen runs first" in hooks(run, repo.folder)
    repo.write({"content/posts/two.md": POST})
    repo.git("add", "--all")
    assert commit(repo).returncode == 1
    assert (repo.folder / "ran").read_text() == "pre-commit.before-sitegen \n"
    theirs.with_name("pre-commit.before-sitegen").write_text("#!/bin/sh\nexit 7\n")
    assert "taken" not in commit(repo).stderr
    theirs.with_name("pre-commit.before-sitegen").write_bytes(before)
    hooks(run, repo.folder, "uninstall")
    assert theirs.read_bytes() == before
    assert theirs.stat().st_mode & 0o111
    assert not theirs.with_name("pre-commit.before-sitegen").exists()


def test_a_hook_that_is_a_link_stays_one(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.hook("shared", NOTE)
    link = repo.folder / ".git/hooks/pre-commit"
    link.symlink_to("shared")
    hooks(run, repo.folder)
    repo.git("commit", "-q", "--allow-empty", "-m", "x")
    assert (repo.folder / "ran").exists()
    hooks(run, repo.folder, "uninstall")
    assert link.is_symlink()


def test_installing_twice_changes_nothing(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.hook("pre-commit", NOTE)
    hooks(run, repo.folder)
    folder = repo.folder / ".git/hooks"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    hooks(run, repo.folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_hook_that_another_tool_moved_aside_still_counts(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    hooks(run, repo.folder)
    ours = repo.folder / ".git/hooks/pre-commit"
    ours.rename(ours.with_name("pre-commit.legacy"))
    repo.hook("pre-commit", '"$(dirname "$0")/pre-commit.legacy" "$@"')
    assert "by way of another hook" in hooks(run, repo.folder, "status")
    assert "by way of another hook" in hooks(run, repo.folder)
    result = run("hooks", "uninstall", root=repo.folder)
    assert result.exit_code == 1
    assert "Another tool took the hook over" in result.stderr


def test_two_hooks_of_others_are_not_lost(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.hook("pre-commit", NOTE)
    hooks(run, repo.folder)
    repo.hook("pre-commit", "exit 0")
    result = run("hooks", "install", root=repo.folder)
    assert result.exit_code == 1
    assert "two hooks of others" in result.stderr


@pytest.mark.parametrize("place", [".githooks", "my hooks", "../outside"])
def test_the_configured_folder_is_honoured(
    make_repo: MakeRepo, run: Run, place: str
) -> None:
    repo = make_repo(SITE)
    repo.git("config", "core.hooksPath", place)
    hooks(run, repo.folder)
    assert (repo.folder / place / "pre-commit").exists()
    assert not (repo.folder / ".git/hooks/pre-commit").exists()
    repo.write({"content/posts/two.md": POST})
    repo.git("add", "content")
    assert commit(repo).returncode == 1


def test_other_repositories_of_a_shared_folder_are_left_alone(
    make_repo: MakeRepo, run: Run
) -> None:
    repo, other = make_repo(SITE), make_repo({"a.txt": "a"}, "other")
    for each in (repo, other):
        each.git("config", "core.hooksPath", "../shared")
    hooks(run, repo.folder)
    other.write({"a.txt": "b"})
    assert commit(other, "-a").returncode == 0


def test_several_sites_of_one_repository_share_a_hook(
    make_repo: MakeRepo, run: Run
) -> None:
    names = ("my docs", "it's é")
    files = {f"{name}/{path}": text for name in names for path, text in SITE.items()}
    repo = make_repo(files)
    one, two = (repo.folder / name for name in names)
    hooks(run, one)
    assert "not checked" in hooks(run, two, "status")
    hooks(run, two)
    for name in names:
        repo.write({f"{name}/content/posts/two.md": POST})
        repo.git("add", "--all")
        assert "error[title-duplicate]" in commit(repo).stderr
        assert commit(repo).returncode == 1
        repo.git("reset", "-q", "--hard")
    hooks(run, two, "uninstall")
    assert "Commits are checked by" in hooks(run, one, "status")
    hooks(run, one, "uninstall")
    assert not (repo.folder / ".git/hooks/pre-commit").exists()


def test_a_linked_worktree_is_judged_too(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    hooks(run, repo.folder)
    repo.git("worktree", "add", "-q", "../linked")
    linked = Repo(repo.folder.parent / "linked")
    linked.write({"content/posts/two.md": POST})
    linked.git("add", "--all")
    assert commit(linked).returncode == 1


def test_without_sitegen_the_hook_says_so(
    make_repo: MakeRepo, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo(SITE)
    hooks(run, repo.folder)
    ours = repo.folder / ".git/hooks/pre-commit"
    ours.write_text(ours.read_text().replace(sys.executable, "/nowhere/python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    repo.write({"content/posts/two.md": POST})
    repo.git("add", "--all")
    refused = commit(repo)
    assert refused.returncode == 1
    assert "sitegen is not installed" in refused.stderr
    assert "--no-verify" in refused.stderr


def test_the_state_is_there_for_programs(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    result = run("hooks", "status", "--format", "json", root=repo.folder)
    path = str(repo.folder / ".git/hooks/pre-commit")
    assert json.loads(result.stdout) == {
        "state": "absent",
        "path": path,
        "before": None,
    }


@pytest.mark.parametrize("command", ["install", "uninstall", "status"])
def test_outside_git_it_says_what_is_missing(
    make_repo: MakeRepo, run: Run, tmp_path: Path, command: str
) -> None:
    make_repo()
    site = Repo(tmp_path / "plain")
    site.write(SITE)
    result = run("hooks", command, root=site.folder)
    assert result.exit_code == 1
    assert "git init" in result.stderr


def test_the_pre_commit_framework_is_offered_the_same() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "sitegen check --staged"
    assert not hook["pass_filenames"]
    for path in (
        "sitegen.toml",
        "a b/sitegen.toml",
        "content/posts/é.md",
        "x.markdown",
    ):
        assert re.search(hook["files"], path)
    assert not re.search(hook["files"], "static/x.png")
