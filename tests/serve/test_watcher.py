"""Folders are watched with real files; where they cannot be, they are looked at."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from sitegen.config import Config, load
from sitegen.serve import watcher as watching
from sitegen.serve.inbox import Inbox
from sitegen.serve.watcher import Watched, Watcher, folders
from tests.conftest import MakeSite
from tests.serve.conftest import PATIENCE, SITE


@pytest.fixture
def inbox(request: pytest.FixtureRequest) -> Inbox:
    """Gives an empty inbox."""
    return Inbox()


@pytest.fixture
def said() -> list[str]:
    """Gives what the watcher says."""
    return []


@pytest.fixture
def site(make_site: MakeSite) -> Path:
    """Gives a site's folder."""
    return make_site(SITE)


@pytest.fixture
def watcher(inbox: Inbox, said: list[str], site: Path) -> Generator[Watcher]:
    """Gives a watcher of the site."""
    made = Watcher(inbox, said.append)
    made.watch(site, config_of(site), "sitegen.toml")
    yield made
    made.stop()


def config_of(site: Path) -> Config:
    """Returns a site's configuration."""
    return load(site, "sitegen.toml")[0]


def next_paths(inbox: Inbox) -> frozenset[str]:
    """Returns the paths of the next change."""
    changed = inbox.take(PATIENCE)
    assert changed
    return changed.paths


def test_saved_files_are_told(watcher: Watcher, inbox: Inbox, site: Path) -> None:
    (site / "content/posts/one.md").write_text("saved")
    assert next_paths(inbox) == {"content/posts/one.md"}
    temporary = site / "content/posts/.one.md.new"
    temporary.write_text("saved again")
    os.replace(temporary, site / "content/posts/one.md")
    assert "content/posts/one.md" in next_paths(inbox)
    (site / "sitegen.toml").write_text("title = 'New'")
    assert next_paths(inbox) == {"sitegen.toml"}


def test_what_does_not_count_is_not_told(
    watcher: Watcher, inbox: Inbox, site: Path
) -> None:
    (site / "notes.txt").write_text("mine")
    (site / "content/posts/one.md~").write_text("backup")
    (site / "content/posts/.#one.md").write_text("lock")
    (site / "content/queue").mkdir()
    (site / "content/queue/pending.md").write_text("a stranger's")
    (site / "output").mkdir()
    (site / "content/about.md").write_text("last")
    assert next_paths(inbox) == {"content/about.md"}


def test_a_folder_that_appears_is_watched(
    watcher: Watcher, inbox: Inbox, site: Path
) -> None:
    (site / "templates").mkdir()
    assert next_paths(inbox) == {"templates"}
    assert watcher.watch(site, config_of(site), "sitegen.toml")
    (site / "templates/post.html").write_text("new")
    assert next_paths(inbox) == {"templates/post.html"}


def test_what_links_lead_to_is_watched_by_its_name_in_the_site(
    inbox: Inbox, said: list[str], site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (site / "shared" / "deep").mkdir(parents=True)
    (site / "shared" / "draft.txt").write_text("a file")
    (site / "shared" / "back").symlink_to(site / "shared")
    (site / "content" / "linked").symlink_to(site / "shared")
    (site / "content" / "file.md").symlink_to(site / "shared" / "draft.txt")
    (site / "content" / "away").symlink_to(outside)
    (site / "content" / "own").symlink_to(site / ".sitegen")
    (site / ".sitegen").mkdir()
    made = Watcher(inbox, said.append)
    try:
        made.watch(site, config_of(site), "sitegen.toml")
        (outside / "a.md").write_text("elsewhere")
        (site / ".sitegen" / "a.md").write_text("ours")
        (site / "shared" / "deep" / "a.md").write_text("here")
        assert next_paths(inbox) == {"content/linked/deep/a.md"}
        (site / "shared" / "draft.txt").write_text("saved")
        assert next_paths(inbox) == {"content/linked/draft.txt", "content/file.md"}
        assert not made.watch(site, config_of(site), "sitegen.toml")
    finally:
        made.stop()
    assert said == []


def test_nothing_is_done_anew_where_nothing_changed(
    watcher: Watcher, site: Path
) -> None:
    assert not watcher.watch(site, config_of(site), "sitegen.toml")


def test_running_out_of_watches_falls_back_to_polling(
    inbox: Inbox, said: list[str], site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "count_watches", lambda: 1)
    made = Watcher(inbox, said.append)
    try:
        made.watch(site, config_of(site), "sitegen.toml")
        assert "inotify watch limit reached" in said[0]
        changed = inbox.take(PATIENCE)
        assert changed and changed.sweep
    finally:
        made.stop()


def test_a_system_without_watches_falls_back_to_polling(
    inbox: Inbox, said: list[str], site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(watching, "schedule", refuse)
    made = Watcher(inbox, said.append)
    try:
        made.watch(site, config_of(site), "sitegen.toml")
        assert "inotify instance limit reached" in said[0]
    finally:
        made.stop()


def test_folders_of_a_site_with_its_own_names(make_site: MakeSite) -> None:
    site = make_site(
        {
            "sitegen.toml": '[paths]\ncontent = "site/text"\ntemplates = "site/look"\n',
            "site/text/a.md": "# A",
        }
    )
    found = {each.prefix: each for each in folders(site, config_of(site), "x.toml")}
    assert set(found) == {"", "site/", "site/text/", "theme:"}
    assert found[""].names == {"site", "static", "x.toml"}
    assert found["site/"].names == {"text", "look"}
    assert found["site/text/"].is_deep


def test_a_folder_of_files_alone_is_watched_for_markdown() -> None:
    watched = Watched("/site", "", frozenset({".", "sitegen.toml"}))
    assert watched.name_of("/site/a.md") == "a.md"
    assert watched.name_of("/site/a.txt") == ""
    assert watched.name_of("/site/sub/a.md") == ""
    assert watched.name_of("/elsewhere/a.md") == ""
