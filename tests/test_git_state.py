"""What is staged, changed, merged and pushed, in real repositories."""

from pathlib import Path

import pytest

from sitegen import git
from sitegen.git import GitError, hooks
from tests.repositories import MakeRepo, Repo

pytestmark = pytest.mark.needs("git")


def found(repo: Repo, folder: str = "") -> git.Repository:
    """Returns our view of a repository."""
    return git.require(repo.folder / folder)


def contents(repo: Repo, index: Path | None = None) -> dict[str, bytes]:
    """Returns what is staged, by path."""
    repository = found(repo)
    files = git.staged(repository, index)
    blobs = git.blobs(repository, files.values())
    return {path: blobs[id] for path, id in files.items()}


def test_what_is_staged_is_not_what_lies_there(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "old", "b.md": "b", "empty.md": ""})
    repo.write({"a.md": "staged"})
    repo.git("add", "a.md")
    repo.write({"a.md": "newer", "untracked.md": "x"})
    expected = {"a.md": b"staged", "b.md": b"b", "empty.md": b""}
    assert contents(repo) == expected
    assert git.changed_in_index(found(repo)) == ("a.md",)


def test_binary_content_with_line_ends_survives(make_repo: MakeRepo) -> None:
    data = b"\0\n\r\nblob 3\n" * 100
    assert contents(make_repo({"a.png": data, "é\n.md": b"\n"})) == {
        "a.png": data,
        "é\n.md": b"\n",
    }


def test_links_submodules_and_conflicts_are_not_staged_files(
    make_repo: MakeRepo,
) -> None:
    inner = make_repo({"x.md": "x"}, "inner")
    repo = make_repo({"a.md": "a", "b.md": "b"})
    (repo.folder / "link.md").symlink_to("a.md")
    repo.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        inner.folder,
        "sub",
    )
    repo.commit({})
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"a.md": "side"})
    repo.git("checkout", "-q", "main")
    repo.commit({"a.md": "main"})
    repo.git("merge", "side", check=False)
    assert list(git.staged(found(repo))) == [".gitmodules", "b.md"]


def test_another_index_can_be_named(make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo({"a.md": "a", "b.md": "b"})
    repo.hook(
        "pre-commit", f'cp "$(git rev-parse --git-path index)" "{tmp_path}/x"; exit 1'
    )
    repo.hook("pre-commit", f'cp "$GIT_INDEX_FILE" "{tmp_path}/seen"; exit 1')
    repo.write({"a.md": "only this", "b.md": "staged"})
    repo.git("add", "b.md")
    repo.git("commit", "-m", "x", "--", "a.md", check=False)
    seen = tmp_path / "seen"
    assert contents(repo, seen) == {"a.md": b"only this", "b.md": b"b"}
    assert git.changed_in_index(found(repo), seen) == ("a.md",)
    assert git.changed_in_index(found(repo)) == ("b.md",)


def test_everything_is_new_before_the_first_commit(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.write({"a.md": "a"})
    repo.git("add", "a.md")
    assert git.changed_in_index(found(repo)) == ("a.md",)
    assert git.head(found(repo)) == ""
    assert git.unmerged_branches(found(repo), "post/") == ()


def test_paths_are_those_of_the_folder(make_repo: MakeRepo) -> None:
    repo = make_repo(
        {"top.md": "t", "docs/my site/a.md": "a", "docs/my site/b.md": "b"}
    )
    repo.write({"docs/my site/a.md": "2", "top.md": "2", "docs/my site/c.md": "c"})
    site = found(repo, "docs/my site")
    assert site.prefix == "docs/my site/"
    assert git.changed_since(site, "HEAD") == ("a.md", "c.md")
    repo.git("add", "--all")
    assert git.changed_in_index(site) == ("a.md", "c.md")
    assert list(git.staged(site)) == ["a.md", "b.md", "c.md"]


def test_changes_are_those_since_a_line_of_work_began(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a", "b.md": "b", "gone.md": "g"})
    repo.git("checkout", "-q", "-b", "work")
    repo.commit({"mine.md": "m", "a.md": "changed"})
    repo.git("checkout", "-q", "main")
    repo.commit({"theirs.md": "t", "b.md": "changed"})
    repo.git("checkout", "-q", "work")
    repo.write({"new é.md": "n"})
    (repo.folder / "gone.md").unlink()
    expected = ("a.md", "gone.md", "mine.md", "new é.md")
    assert git.changed_since(found(repo), "main") == expected


@pytest.mark.parametrize("ref", ["nowhere", "--output=x", "", "origin/main"])
def test_an_unknown_ref_is_said(make_repo: MakeRepo, ref: str) -> None:
    repo = make_repo({"a.md": "a"})
    with pytest.raises(GitError, match=f"Git knows no commit '{ref}'"):
        git.changed_since(found(repo), ref)
    assert repo.status == []


def test_a_ref_without_a_common_commit_is_said(
    make_repo: MakeRepo, tmp_path: Path
) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit({"b.md": "b"})
    with pytest.raises(GitError, match="no commit in common"):
        git.changed_since(found(repo), "main")


def test_branches_that_are_not_merged_are_found(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repository = found(repo)
    for name in ("post/merged", "post/é draft".replace(" ", "-"), "posts", "other/x"):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.commit({f"{name}.md": name}, f"Write {name}")
    repo.git("checkout", "-q", "main")
    git.merge(repository, "post/merged", "Merge it")
    git.start_branch(repository, "post/same")
    names = [
        (each.name, each.subject) for each in git.unmerged_branches(repository, "post/")
    ]
    assert names == [("post/é-draft", "Write post/é-draft")]
    repo.git("checkout", "-q", "post/é-draft")
    again = git.unmerged_branches(repository, "post/")
    assert [each.name for each in again] == ["post/é-draft"]


def test_without_a_main_branch_what_is_checked_out_counts(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("branch", "-m", "trunk")
    repo.git("checkout", "-q", "-b", "post/x")
    repo.commit({"x.md": "x"})
    repo.git("checkout", "-q", "trunk")
    assert git.main_branch(found(repo)) == ""
    assert [b.name for b in git.unmerged_branches(found(repo), "post/")] == ["post/x"]


def test_a_merge_with_conflicts_changes_nothing(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("checkout", "-q", "-b", "post/x")
    repo.commit({"a.md": "side"})
    repo.git("checkout", "-q", "main")
    commit = repo.commit({"a.md": "main"})
    with pytest.raises(GitError, match=r"CONFLICT.*a\.md"):
        git.merge(found(repo), "post/x", "Merge")
    assert (repo.status, repo.head) == ([], commit)


def test_the_checked_out_branch_is_known(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    repository = found(repo)
    git.start_branch(repository, "post/x")
    assert git.current_branch(repository) == "post/x"
    git.switch(repository, "main")
    assert git.current_branch(repository) == "main"
    repo.git("checkout", "-q", "--detach")
    assert git.current_branch(repository) == ""
    with pytest.raises(GitError, match="post/none"):
        git.switch(repository, "post/none")


def test_commits_since_another_are_counted(make_repo: MakeRepo) -> None:
    repo = make_repo({"site/a.md": "a"})
    old = repo.head
    repo.commit({"site/a.md": "2"})
    repo.commit({"elsewhere.md": "2"})
    assert git.commits_since(found(repo, "site"), old) == 1
    assert git.commits_since(found(repo), old) == 2
    assert git.commits_since(found(repo), "f" * 40) is None


def with_remote(repo: Repo, name: str = "origin") -> Repo:
    """Gives a repository a bare one to push to, and returns that."""
    bare = Repo(repo.folder.parent / f"{name}.git")
    repo.git("init", "-q", "--bare", "-b", "main", bare.folder)
    repo.git("remote", "add", name, bare.folder)
    return bare


def test_a_branch_is_pushed_and_tracked(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    bare = with_remote(repo)
    assert git.push(found(repo)) == "origin/main"
    assert bare.git("rev-parse", "main") == repo.head
    repo.commit({"b.md": "b"})
    assert git.push(found(repo)) == "origin/main"
    assert bare.git("rev-parse", "main") == repo.head
    assert repo.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/main"


def test_a_branch_is_pushed_to_where_it_came_from(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    with_remote(repo)
    fork = with_remote(repo, "fork")
    repo.git("push", "-q", "-u", "fork", "main:live")
    repo.commit({"b.md": "b"})
    assert git.push(found(repo)) == "fork/live"
    assert fork.git("rev-parse", "live") == repo.head


def test_a_push_that_is_refused_is_said_in_gits_words(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    bare = with_remote(repo)
    git.push(found(repo))
    bare.hook("pre-receive", "echo we are closed >&2; exit 1", "hooks")
    repo.commit({"b.md": "b"})
    with pytest.raises(GitError, match="we are closed"):
        git.push(found(repo))


def test_a_push_needs_a_branch_and_a_remote(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    with pytest.raises(GitError, match="no remote to push to"):
        git.push(found(repo))
    repo.git("checkout", "-q", "--detach")
    with pytest.raises(GitError, match="No branch is checked out"):
        git.push(found(repo))


def test_a_push_over_ssh_asks_nothing(
    make_repo: MakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("remote", "add", "origin", "git@example.org:ann/blog.git")
    programs = tmp_path / "bin"
    programs.mkdir()
    ssh = programs / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\nexit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    with pytest.raises(GitError):
        git.push(found(repo))
    assert (tmp_path / "asked").read_text().startswith("-o BatchMode=yes ")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -v")
    with pytest.raises(GitError):
        git.push(found(repo))
    assert "BatchMode" not in (tmp_path / "asked").read_text()


def web_of(repo: Repo) -> tuple[str, str]:
    """Returns where a repository's remote is on the web, and the branch shown."""
    checkout = git.look(repo.folder)
    assert checkout is not None
    return checkout.web.url if checkout.web else "", checkout.web_branch


def test_the_remote_on_the_web_is_known(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    assert web_of(repo) == ("", "")
    repo.git("remote", "add", "one", "https://github.com/ann/one")
    assert web_of(repo) == ("https://github.com/ann/one", "main")
    repo.git("remote", "add", "two", "git@gitlab.com:ann/two.git")
    assert web_of(repo) == ("", "")
    repo.git("remote", "add", "origin", "gh:ann/blog")
    repo.git("config", "url.https://elsewhere.org/.insteadOf", "gh")
    repo.git("config", "url.https://github.com/.insteadOf", "gh:")
    assert web_of(repo) == ("https://github.com/ann/blog", "main")
    repo.git("config", "branch.main.remote", "two")
    assert web_of(repo) == ("https://gitlab.com/ann/two", "main")
    repo.git("checkout", "-q", "--detach")
    assert web_of(repo) == ("https://github.com/ann/blog", "")
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/live")
    assert web_of(repo) == ("https://github.com/ann/blog", "live")


def test_what_is_checked_out_is_known(make_repo: MakeRepo, tmp_path: Path) -> None:
    assert git.look(tmp_path) is None
    repo = make_repo()
    checkout = git.look(repo.folder)
    assert checkout is not None
    assert (checkout.commit, checkout.branch, checkout.names) == ("", "", b"")
    repo.commit({"site/a.md": "a", ".mailmap": "Ann <ann@example.org> <a@x>"})
    repo.git("checkout", "-q", "-b", "post/HEADline")
    checkout = git.look(repo.folder / "site")
    assert checkout is not None
    assert (checkout.commit, checkout.branch) == (repo.head, "post/HEADline")
    assert checkout.names
    assert checkout.repository == found(repo, "site")


def test_a_clone_knows_the_main_branch(make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo({"a.md": "a"})
    repo.git("branch", "-m", "trunk")
    repo.git("clone", "-q", repo.folder, tmp_path / "clone")
    repository = git.require(tmp_path / "clone")
    assert git.default_branch(repository, "origin") == "trunk"
    assert git.main_branch(repository) == "trunk"


def test_the_hooks_folder_is_where_git_looks(make_repo: MakeRepo) -> None:
    repo = make_repo({"site/a.md": "a"})
    assert hooks.folder(found(repo, "site")) == repo.folder / ".git/hooks"
    repo.git("config", "core.hooksPath", "my hooks")
    assert hooks.folder(found(repo, "site")) == repo.folder / "my hooks"
    repo.git("worktree", "add", "-q", "../linked")
    linked = Repo(repo.folder.parent / "linked")
    assert hooks.folder(found(linked)) == linked.folder / "my hooks"
    repo.git("config", "--unset", "core.hooksPath")
    assert hooks.folder(found(linked)) == repo.folder / ".git/hooks"
