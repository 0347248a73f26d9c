"""The cache decides nothing: without it, or with a bad one, builds are only slower."""

import os
from pathlib import Path

import msgspec
import pytest

from sitegen.build.store import Store
from tests.conftest import MakeSite, Run
from tests.surveys import md, post
from tests.trees import tree

KEY = b"k"


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a small site."""
    return make_site({"content/posts/a.md": post("A"), "content/b.md": md("title: B")})


def test_a_site_builds_without_a_cache(root: Path, run: Run) -> None:
    """As on a disk that can be read only; a file stands where the cache would."""
    (root / ".sitegen").write_text("in the way")
    for _ in range(2):
        result = run("build", "-v", root=root)
        assert result.exit_code == 0, result.stderr
    assert (root / "output/b/index.html").exists()
    assert (root / ".sitegen").read_text() == "in the way"


def test_a_cache_can_travel(root: Path, run: Run, tmp_path: Path) -> None:
    """Together with the output, to another folder of another machine."""
    assert run("build", root=root).exit_code == 0
    moved = tmp_path / "moved"
    root.rename(moved)
    result = run("build", root=moved)
    assert "nothing to do" in result.stderr


def test_an_edit_within_the_same_moment_is_seen(root: Path, run: Run) -> None:
    """Same size, same time: only a digest tells, so young files are read again."""
    assert run("build", root=root).exit_code == 0
    path = root / "content/b.md"
    before = path.stat()
    path.write_text(path.read_text().replace("title: B", "title: C"))

    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run("build", root=root).exit_code == 0
    assert "C</h1>" in (root / "output/b/index.html").read_text()


@pytest.mark.parametrize("damage", ["cut", "flip", "swap", "empty", "folder"])
def test_a_damaged_record_is_a_miss(root: Path, run: Run, damage: str) -> None:
    assert run("build", root=root).exit_code == 0
    before = tree(root / "output")
    records = [p for p in (root / ".sitegen").iterdir() if p.stat().st_size > 60]
    assert records
    for path in records:
        data = path.read_bytes()
        if damage == "folder":
            path.unlink()
            path.mkdir()
            continue
        path.write_bytes(
            {
                "cut": data[:-1],
                "flip": data[:50] + bytes([data[50] ^ 1]) + data[51:],
                "swap": data[:40] + msgspec.msgpack.encode([1, 2]),
                "empty": b"",
            }[damage]
        )
    result = run("build", "-v", root=root)
    assert result.exit_code == 0, result.stderr
    assert "The cache is not used" in result.stderr
    assert tree(root / "output") == before


def test_a_torn_build_is_remembered_until_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.mark_torn(KEY)
    assert not store.is_torn(KEY)
    store.folder.mkdir()
    store.mark_torn(KEY)
    assert store.is_torn(KEY) and not store.is_torn(b"other")
    store.mark_whole(KEY)
    store.mark_whole(KEY)
    assert not store.is_torn(KEY)
