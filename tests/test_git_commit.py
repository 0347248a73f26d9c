"""One file is committed through the repository's own index, or nothing is changed."""

import threading
from pathlib import Path

import pytest

from sitegen import git
from sitegen.git import GitError, NoRepository, Person, RepositoryBusy
from tests.repositories import MakeRepo, Repo

pytestmark = pytest.mark.needs("git")
VISITOR = Person("Vera", "id@submissions.invalid")


def found(repo: Repo, folder: str = "") -> git.Repository:
    """Returns our view of a repository."""
    return git.require(repo.folder / folder)


def authors(repo: Repo) -> str:
    """Returns author and committer of the last commit."""
    return repo.git("log", "-1", "--format=%an <%ae>, %cn <%ce>")


def committed(repo: Repo) -> list[str]:
    """Returns the paths that the last commit changed."""
    return repo.git("show", "--name-only", "--format=", "-z").strip("\0").split("\0")


def test_a_new_file_is_committed_alone(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a", "b.md": "b"})
    repo.write({"new.md": "new", "a.md": "staged", "other.md": "untracked"})
    repo.git("add", "a.md")
    commit = git.commit_path(found(repo), "new.md", "Add it\n\n# kept\n")
    assert commit == repo.head
    assert committed(repo) == ["new.md"]
    assert repo.git("log", "-1", "--format=%B") == "Add it\n\n# kept"
    assert repo.status == ["M  a.md", "?? other.md"]


def test_a_changed_file_is_committed_as_it_lies_in_the_work_tree(
    make_repo: MakeRepo,
) -> None:
    repo = make_repo({"a.md": "a"})
    repo.write({"a.md": "staged"})
    repo.git("add", "a.md")
    repo.write({"a.md": "newest"})
    git.commit_path(found(repo), "a.md", "change")
    assert repo.git("show", "HEAD:a.md") == "newest"
    assert repo.status == []


def test_a_file_that_is_committed_already_makes_no_commit(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    assert git.commit_path(found(repo), "a.md", "again") is None
    assert repo.git("rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize(
    "path",
    ["with space.md", "é/ü—日本.md", "[a]*.md", ":(top)x.md", "-x.md", "a\nb.md"],
)
@pytest.mark.parametrize("folder", ["", "docs/my site"])
def test_names_are_taken_literally(make_repo: MakeRepo, path: str, folder: str) -> None:
    repo = make_repo({"a.md": "a", f"{folder}/a.md" if folder else "b.md": "b"})
    repo.write({f"{folder}/{path}" if folder else path: "text", "x.md": "not this"})
    git.commit_path(found(repo, folder), path, "add")
    assert committed(repo) == [f"{folder}/{path}" if folder else path]
    assert repo.status == ["?? x.md"]


def test_the_first_commit_of_all_works(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.write({"a.md": "a", "b.md": "b"})
    git.commit_path(found(repo), "a.md", "first")
    assert committed(repo) == ["a.md"]


def test_a_detached_head_takes_the_commit(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("checkout", "-q", "--detach")
    repo.write({"b.md": "b"})
    assert git.commit_path(found(repo), "b.md", "add") == repo.head


def test_a_linked_worktree_takes_the_commit(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("worktree", "add", "-q", "-b", "side", "../linked tree")
    linked = Repo(repo.folder.parent / "linked tree")
    linked.write({"b.md": "b"})
    git.commit_path(found(linked), "b.md", "add")
    assert committed(linked) == ["b.md"]
    assert repo.git("rev-parse", "side") == linked.head != repo.head


def test_a_submodule_takes_the_commit(make_repo: MakeRepo) -> None:
    inner, outer = make_repo({"a.md": "a"}, "inner"), make_repo({"x": "x"}, "outer")
    outer.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        inner.folder,
        "sub",
    )
    module = Repo(outer.folder / "sub")
    module.git("config", "user.name", "Ann")
    module.git("config", "user.email", "ann@example.org")
    module.write({"b.md": "b"})
    repository = found(module)
    assert repository.top == module.folder
    git.commit_path(repository, "b.md", "add")
    assert committed(module) == ["b.md"]


def test_a_sha256_repository_takes_the_commit(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"}, options=("--object-format=sha256",))
    repo.write({"b.md": "b"})
    commit = git.commit_path(found(repo), "b.md", "add")
    assert commit == repo.head
    assert len(commit) == 64


def test_the_environment_of_a_hook_leads_nowhere_else(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, other = make_repo({"a.md": "a"}), make_repo({"o.md": "o"}, "other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git/index"))
    repo.write({"b.md": "b"})
    commit = git.commit_path(found(repo), "b.md", "add")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert commit == repo.head
    assert other.git("rev-list", "--count", "HEAD") == "1"


def test_another_author_can_be_named(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.write({"a.md": "a"})
    git.commit_path(found(repo), "a.md", "add", author=VISITOR)
    assert authors(repo) == "Vera <id@submissions.invalid>, Ann <ann@example.org>"


def test_without_an_identity_sitegen_commits_for_others(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("config", "--unset", "user.name")
    repo.git("config", "--unset", "user.email")
    assert git.identity(found(repo)) is None
    repo.write({"b.md": "b"})
    git.commit_path(found(repo), "b.md", "add", author=VISITOR)
    assert authors(repo) == "Vera <id@submissions.invalid>, sitegen <sitegen@localhost>"


def test_without_an_identity_nobody_commits_for_themselves(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("config", "--unset", "user.name")
    repo.git("config", "--unset", "user.email")
    repo.git("config", "user.useConfigOnly", "true")
    repo.write({"b.md": "b"})
    with pytest.raises(GitError, match="Please tell me who you are"):
        git.commit_path(found(repo), "b.md", "add")
    assert repo.status == ["?? b.md"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Vera", "Vera"),
        ("A\nB <x> y", "AB x y"),
        ("<>", ""),
        (" ,;. \"'", ""),
        ("Zoë .", "Zoë"),
        ("a\0b\r", "ab"),
    ],
)
def test_names_are_what_git_keeps_of_them(
    make_repo: MakeRepo, name: str, kept: str
) -> None:
    assert git.kept_name(name) == kept
    if kept:
        repo = make_repo()
        repo.write({"a.md": "a"})
        author = Person(kept, "id@submissions.invalid")
        git.commit_path(found(repo), "a.md", "add", author=author)
        assert authors(repo).startswith(f"{kept} <id@submissions.invalid>, ")


def test_a_name_cannot_forge_an_address(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.write({"a.md": "a"})
    author = Person("Eve <boss@example.org>\nx", "id@submissions.invalid")
    git.commit_path(found(repo), "a.md", "add", author=author)
    assert "<id@submissions.invalid>" in authors(repo)
    assert "<boss@" not in authors(repo)


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg", "prepare-commit-msg"])
def test_a_refusing_hook_leaves_the_index_as_it_was(
    make_repo: MakeRepo, hook: str
) -> None:
    repo = make_repo({"a.md": "a", "b.md": "b"})
    repo.hook(hook, "echo too early >&2; exit 1")
    repo.write({"a.md": "staged"})
    repo.git("add", "a.md")
    repo.write({"a.md": "newest", "new.md": "new"})
    before = repo.git("ls-files", "-s")
    for path in ("a.md", "new.md"):
        with pytest.raises(GitError, match="`git commit` failed:\ntoo early"):
            git.commit_path(found(repo), path, "change")
    assert repo.git("ls-files", "-s") == before
    assert repo.status == ["MM a.md", "?? new.md"]


@pytest.mark.parametrize("path", ["new.md", "a.md", "gone.md"])
def test_a_commit_that_cannot_write_the_index_in_the_end_counts(
    make_repo: MakeRepo, path: str
) -> None:
    repo = make_repo({"a.md": "a", "gone.md": "gone"})
    repo.write({"new.md": "new", "a.md": "changed"})
    (repo.folder / "gone.md").unlink()
    hook = repo.folder / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != committed ] || rm -f .git/index.lock\n')
    hook.chmod(0o755)
    before = repo.head
    assert git.commit_path(found(repo), path, "one") == repo.head != before
    assert committed(repo) == [path]
    assert not any(line.endswith(path) for line in repo.status)


def test_a_file_that_only_the_index_lacks_is_committed_already(
    make_repo: MakeRepo,
) -> None:
    repo = make_repo({"a.md": "a", "b.md": "b"})
    repo.git("rm", "--quiet", "--cached", "b.md")
    assert git.commit_path(found(repo), "b.md", "again") == repo.head
    assert repo.status == [] and repo.git("rev-list", "--count", "HEAD") == "1"


def test_what_is_staged_is_not_lost_to_an_older_commit(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.write({"a.md": "staged"})
    repo.git("add", "a.md")
    repo.write({"a.md": "a"})
    before = repo.git("ls-files", "-s")
    with pytest.raises(GitError):
        git.commit_path(found(repo), "a.md", "nothing new")
    assert repo.git("ls-files", "-s") == before and repo.status == ["MM a.md"]


def test_a_refused_change_of_mode_is_no_commit(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.hook("pre-commit", "exit 1")
    (repo.folder / "a.md").chmod(0o755)
    with pytest.raises(GitError):
        git.commit_path(found(repo), "a.md", "a script")
    assert repo.status == [" M a.md"]


def test_an_intent_to_add_stays_one_when_a_hook_refuses(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.write({"new.md": "new"})
    repo.git("add", "-N", "new.md")
    repo.hook("pre-commit", "exit 1")
    with pytest.raises(GitError):
        git.commit_path(found(repo), "new.md", "add")
    assert repo.status == [" A new.md"]


@pytest.mark.parametrize(
    "hook", ["pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"]
)
def test_hooks_can_be_left_out(make_repo: MakeRepo, tmp_path: Path, hook: str) -> None:
    repo = make_repo({"a.md": "a"})
    repo.hook(hook, f"touch '{tmp_path}/ran'; exit 1")
    repo.write({"b.md": "b"})
    assert git.commit_path(found(repo), "b.md", "add", hooks=False) == repo.head
    assert not (tmp_path / "ran").exists()


def test_a_held_lock_is_reported(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.write({"b.md": "b", ".git/index.lock": ""})
    with pytest.raises(RepositoryBusy, match=r"another Git command .*index\.lock"):
        git.commit_path(found(repo), "b.md", "add", wait=0.1)
    (repo.folder / ".git/index.lock").unlink()
    assert repo.status == ["?? b.md"]


@pytest.mark.parametrize("lock", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_a_lock_that_is_let_go_is_waited_for(make_repo: MakeRepo, lock: str) -> None:
    repo = make_repo({"a.md": "a"})
    repo.write({"b.md": "b", f".git/{lock}": ""})
    release = threading.Timer(0.3, (repo.folder / ".git" / lock).unlink)
    release.start()
    assert git.commit_path(found(repo), "b.md", "add", wait=30) == repo.head
    release.join()
    assert repo.status == []


def test_a_held_branch_leaves_the_index_as_it_was(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.write({"b.md": "b", ".git/refs/heads/main.lock": ""})
    with pytest.raises(RepositoryBusy):
        git.commit_path(found(repo), "b.md", "add", wait=0)
    assert repo.status == ["?? b.md"]


def conflict(repo: Repo) -> None:
    """Makes two branches that change one file."""
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"a.md": "side"})
    repo.git("checkout", "-q", "main")
    repo.commit({"a.md": "main"})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("merge side", "a merge"),
        ("cherry-pick side", "a cherry-pick"),
        ("revert HEAD~1", "a revert"),
        ("rebase side", "a rebase"),
        ("rebase --apply side", "a rebase or `git am`"),
    ],
)
def test_what_is_in_progress_counts_as_a_held_lock(
    make_repo: MakeRepo, command: str, words: str
) -> None:
    repo = make_repo({"a.md": "a"})
    conflict(repo)
    if command.startswith("revert"):
        repo.commit({"a.md": "other"})
    repo.git(*command.split(), check=False)
    repo.write({"b.md": "b"})
    before = repo.status
    with pytest.raises(RepositoryBusy, match=f"busy with {words} in progress"):
        git.commit_path(found(repo), "b.md", "add", wait=0)
    assert repo.status == before


def test_an_ignored_file_is_refused_in_gits_words(make_repo: MakeRepo) -> None:
    repo = make_repo({".gitignore": "*.tmp"})
    repo.write({"a.tmp": "a"})
    with pytest.raises(GitError, match="ignored by one of your .gitignore files"):
        git.commit_path(found(repo), "a.tmp", "add")


def test_a_file_that_is_not_there_is_refused(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    with pytest.raises(GitError, match="did not match any files"):
        git.commit_path(found(repo), "gone.md", "add")


def test_no_repository_is_said(make_repo: MakeRepo, tmp_path: Path) -> None:
    make_repo()
    assert git.find(tmp_path) is None
    with pytest.raises(NoRepository, match="is not in a Git repository"):
        git.require(tmp_path)
    with pytest.raises(NoRepository, match="There is no folder"):
        git.require(tmp_path / "gone")


def test_no_git_is_said(
    make_repo: MakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo({"a.md": "a"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git.find(repo.folder) is None
    with pytest.raises(NoRepository, match="Git is not installed"):
        git.require(repo.folder)


def test_a_repository_is_made(make_repo: MakeRepo, tmp_path: Path) -> None:
    make_repo()
    folder = tmp_path / "my site"
    folder.mkdir()
    repository = git.init(folder)
    assert repository.top == folder
    assert repository.prefix == ""
    assert Repo(folder).git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_uncommitted_files_are_listed(make_repo: MakeRepo) -> None:
    repo = make_repo(
        {"site/a.md": "a", "site/b.md": "b", "c.md": "c", "site/é.md": "é"}
    )
    repo.write({"site/a.md": "changed", "c.md": "changed", "site/new folder/x.md": "x"})
    repo.git("mv", "site/é.md", "site/ü.md")
    assert git.uncommitted(found(repo, "site")) == (
        "a.md",
        "new folder/x.md",
        "é.md",
        "ü.md",
    )
    assert git.uncommitted(found(repo, "site"), "a.md", "b.md") == ("a.md",)
