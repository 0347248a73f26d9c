"""The output folder: never more is touched than what we wrote ourselves."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sitegen.build import outputs
from sitegen.build.outputs import (
    clean,
    read_manifest,
    stage,
    stage_copy,
    staged_name,
)
from sitegen.build.pipeline import place_key
from sitegen.build.store import Store
from sitegen.config import Config
from sitegen.content.scan import MANIFEST
from sitegen.digests import digest
from tests.conftest import MakeSite, Run
from tests.surveys import md, post
from tests.trees import tree, write_tree


@pytest.fixture
def built(make_site: MakeSite, run: Run) -> Path:
    """Gives a small site that has been built."""
    root = make_site(
        {
            "content/a.md": md("title: A", "aliases: /old.html"),
            "content/b.md": md("title: B", body="Bee."),
            "static/raw/file.txt": "raw",
        }
    )
    assert run("build", root=root).exit_code == 0
    return root


def rebuilt(root: Path, run: Run) -> dict[str, bytes]:
    """Builds again and returns the output; fails unless a clean build gives the same.

    What others have put there is left out of the comparison by the caller.
    """
    result = run("build", root=root)
    assert result.exit_code == 0, result.stderr
    assert run("build", "-o", root / "fresh", root=root).exit_code == 0
    found, fresh = tree(root / "output"), tree(root / "fresh")
    assert {name: found.get(name) for name in fresh} == fresh
    return found


def test_the_manifest_knows_every_file_and_names_none(built: Path) -> None:
    files = tree(built / "output")
    text = files.pop(MANIFEST).decode()
    assert len(text.splitlines()) == len(files) + 1
    assert not any(name in text for name in ("index", "html", "old", "raw"))
    manifest = read_manifest(built / "output")
    for name, data in files.items():
        assert digest(data) in manifest[outputs.path_digest(name)]


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "sitegen manifest 2\n", "sitegen manifest 1\nzz zz\n", "é"],
)
def test_a_manifest_that_cannot_be_trusted_is_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    assert read_manifest(tmp_path) == {}


def test_a_second_build_touches_nothing(built: Path, run: Run) -> None:
    def signatures() -> dict[str, tuple[int, int]]:
        files = [path for path in (built / "output").rglob("*")]
        return {str(f): (f.stat().st_mtime_ns, f.stat().st_ino) for f in files}

    before = signatures()
    result = run("build", root=built)
    assert "nothing to do" in result.stderr
    assert signatures() == before
    assert run("build", "--force", root=built).exit_code == 0
    assert {k: v for k, v in signatures().items() if MANIFEST not in k} == {
        k: v for k, v in before.items() if MANIFEST not in k
    }


def test_what_is_no_longer_planned_goes_with_its_folders(built: Path, run: Run) -> None:
    (built / "content/b.md").unlink()
    (built / "static/raw/file.txt").unlink()
    found = rebuilt(built, run)
    assert "b/index.html" not in found
    assert not (built / "output/b").exists()
    assert not (built / "output/raw").exists()


def test_files_of_others_are_neither_deleted_nor_changed(built: Path, run: Run) -> None:
    theirs = {"CNAME": "x", "b/notes.txt": "y", ".gitignore": "*", "deep/er/z": "z"}
    write_tree(built / "output", theirs)
    (built / "content/b.md").unlink()
    found = rebuilt(built, run)
    assert {name: found[name].decode() for name in theirs} == theirs
    assert run("clean", root=built).exit_code == 0
    assert {n: d.decode() for n, d in tree(built / "output").items()} == theirs


def test_a_file_of_others_is_never_overwritten(built: Path, run: Run) -> None:
    write_tree(built / "output", {"c/index.html": "mine"})
    (built / "content/c.md").write_text(md("title: C"))
    before = tree(built / "output")
    result = run("build", root=built)
    assert result.exit_code == 1
    assert "output/c/index.html: error[output-foreign]" in result.stderr
    assert tree(built / "output") == before


def test_a_file_of_others_with_the_right_bytes_becomes_ours(
    built: Path, run: Run
) -> None:
    manifest = built / "output" / MANIFEST
    manifest.unlink()
    assert run("build", "--force", root=built).exit_code == 0
    assert len(read_manifest(built / "output")) == len(tree(built / "output")) - 1


def test_a_stale_file_that_somebody_edited_is_left_alone(built: Path, run: Run) -> None:
    (built / "output/b/index.html").write_text("edited by hand")
    (built / "content/b.md").unlink()
    assert rebuilt(built, run)["b/index.html"] == b"edited by hand"


def test_a_planned_file_that_somebody_edited_is_made_again(
    built: Path, run: Run
) -> None:
    before = tree(built / "output")
    (built / "output/b/index.html").write_text("edited by hand")
    (built / "output/raw/file.txt").unlink()
    assert rebuilt(built, run) == before


def test_a_file_becomes_a_folder_and_back(built: Path, run: Run) -> None:
    before = rebuilt(built, run)
    (built / "static/raw/file.txt").unlink()
    write_tree(built / "static", {"raw/file.txt/inner/deep.txt": "deep"})
    assert rebuilt(built, run)["raw/file.txt/inner/deep.txt"] == b"deep"
    (built / "static/raw/file.txt/inner/deep.txt").unlink()
    (built / "static/raw/file.txt/inner").rmdir()
    (built / "static/raw/file.txt").rmdir()
    write_tree(built / "static", {"raw/file.txt": "raw"})
    assert rebuilt(built, run) == before


def test_a_folder_with_files_of_others_is_not_replaced(built: Path, run: Run) -> None:
    write_tree(built / "static", {"new": "a file"})
    write_tree(built / "output", {"new/theirs.txt": "mine"})
    before = tree(built / "output")
    result = run("build", root=built)
    assert result.exit_code == 1
    assert "output/new/theirs.txt: error[output-foreign]" in result.stderr
    assert tree(built / "output") == before


def test_an_empty_folder_makes_room(built: Path, run: Run) -> None:
    (built / "output/new/empty").mkdir(parents=True)
    write_tree(built / "static", {"new": "a file"})
    assert rebuilt(built, run)["new"] == b"a file"


def test_a_file_of_others_is_not_made_a_folder(built: Path, run: Run) -> None:
    write_tree(built / "output", {"c": "mine"})
    (built / "content/c.md").write_text(md("title: C"))
    before = tree(built / "output")
    result = run("build", root=built)
    assert result.exit_code == 1
    assert "output/c: error[output-foreign]" in result.stderr
    assert tree(built / "output") == before


def test_leftovers_of_a_torn_build_are_removed(built: Path, run: Run) -> None:
    """As a build leaves them that is killed before it has renamed anything."""
    before = tree(built / "output")
    torn = {staged_name("b/index.html"): "half", staged_name("gone/x.html"): "half"}
    write_tree(built / "output", torn)
    Store(built).mark_torn(place_key(Config()))
    assert run("build", root=built).exit_code == 0
    assert tree(built / "output") == before
    assert not (built / "output/gone").exists()


def test_leftovers_are_removed_where_nothing_is_remembered(
    built: Path, run: Run
) -> None:
    write_tree(built / "output", {staged_name("b/index.html"): "half"})
    assert run("build", "--force", root=built).exit_code == 0
    assert staged_name("b/index.html") not in tree(built / "output")


def test_clean_removes_what_we_wrote_and_the_cache(built: Path, run: Run) -> None:
    write_tree(built / "output", {staged_name("b/index.html"): "half"})
    result = run("clean", root=built)
    assert result.exit_code == 0
    assert "Removed 11 files from output." in result.stderr
    assert tree(built / "output") == {}
    assert not (built / ".sitegen").exists()
    assert (built / "content/a.md").exists()


def test_clean_on_a_clean_site_removes_nothing(make_site: MakeSite, run: Run) -> None:
    result = run("clean", root=make_site({"content/a.md": md("title: A")}))
    assert (result.exit_code, result.stdout) == (0, "")


def test_an_error_leaves_the_output_as_it_was(built: Path, run: Run) -> None:
    before = tree(built / "output")
    write_tree(
        built, {"content/a.md": md("title: Another"), "content/c.md": "no title"}
    )
    assert run("build", root=built).exit_code == 1
    assert tree(built / "output") == before
    (built / "content/c.md").unlink()
    write_tree(built, {"templates/404.html": "{{ nothing }}"})
    assert run("build", root=built).exit_code == 1
    assert tree(built / "output") == before


def test_ctrl_c_while_rendering_leaves_the_output_as_it_was(
    built: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(built / "output")
    write_tree(
        built,
        {"templates/page.html": "{{ post.title }}", "content/z.md": md("title: Z")},
    )
    calls = 0
    whole = outputs.stage

    def interrupted(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("sitegen.build.job.stage", interrupted)
    result = run("build", root=built)
    assert result.exit_code == 1
    assert "Aborted!" in result.stderr
    assert tree(built / "output") == before


@pytest.mark.parametrize(
    ("option", "what"),
    [
        (".", "holds the sources"),
        ("..", "holds the sources"),
        ("content", "holds the sources"),
        ("content/out", "lies in"),
        ("static/out", "lies in"),
        ("templates", "lies in"),
    ],
)
def test_the_output_never_touches_the_sources(
    built: Path, run: Run, option: str, what: str
) -> None:
    result = run("build", "-o", built / option, root=built)
    assert result.exit_code == 1
    assert what in result.stderr or "holds the sources" in result.stderr
    assert "-o" in result.stderr
    assert (built / "content/a.md").read_text().startswith("---")


def test_the_output_may_lie_outside_the_site(
    built: Path, run: Run, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere/public"
    result = run("build", "-o", elsewhere, root=built)
    assert result.exit_code == 0
    assert tree(elsewhere) == tree(built / "output")
    assert run("clean", "-o", elsewhere, root=built).exit_code == 0
    assert tree(elsewhere) == {}


Stage = Callable[[Path, bytes], outputs.Staged]


def staged_text(folder: Path, data: bytes) -> outputs.Staged:
    """Stages some bytes."""
    return stage(str(folder), "x", data, None)


def staged_copy(folder: Path, data: bytes) -> outputs.Staged:
    """Stages a copy of a large file with some bytes at its end."""
    source = folder.parent / "source"
    source.write_bytes(b"x" * (1 << 20) + data)
    return stage_copy(str(folder), "x", str(source), None)


@pytest.mark.parametrize("how", [staged_text, staged_copy])
def test_a_file_waits_beside_its_target_only_if_it_is_new(
    tmp_path: Path, how: Stage
) -> None:
    folder = tmp_path / "output"
    first = how(folder, b"one")
    assert first.waiting
    outputs.commit(folder, [first], [], {})
    assert not how(folder, b"one").waiting
    assert sorted(os.listdir(folder)) == [MANIFEST, "x"]
    assert how(folder, b"two").waiting


@pytest.mark.parametrize("size", [1, 1 << 21])
def test_what_is_known_is_not_read_again(tmp_path: Path, size: int) -> None:
    folder, source = tmp_path / "output", tmp_path / "source"
    source.write_bytes(b"x" * size)
    first = stage_copy(str(folder), "x", str(source), None)
    outputs.commit(folder, [first], [], {})
    again = stage_copy(str(folder), "x", str(source), first.output)
    assert (again.output, again.waiting) == (first.output, False)


def test_a_manifest_that_says_too_much_is_corrected(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a": "a"})
    item = stage(str(tmp_path), "a", b"a", None)
    stray = {b"0" * 16: frozenset((b"1" * 16,))}
    old = outputs.manifest_of([item.output]) | stray
    assert outputs.commit(tmp_path, [item], [], old) == []
    assert list(read_manifest(tmp_path)) == [outputs.path_digest("a")]


def test_clean_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert clean(tmp_path / "nothing") == []


def test_posts_that_appear_and_vanish_with_time(make_site: MakeSite, run: Run) -> None:
    root = make_site({"content/posts/a.md": post("A", date="2026-08-01")})
    page = root / "output/posts/a/index.html"
    assert run("build", root=root).exit_code == 0
    assert not page.exists()
    assert run("build", "--clock", "2026-08-02", root=root).exit_code == 0
    assert page.exists()
    assert run("build", root=root).exit_code == 0
    assert not page.exists()


@pytest.fixture
def unbuilt(built: Path) -> Path:
    """Gives a site without an output folder."""
    shutil.rmtree(built / "output")
    return built


def beside(root: Path) -> list[str]:
    """Returns what lies in a site that is neither its own nor the cache."""
    own = (
        "content",
        "static",
        "templates",
        "sitegen.toml",
        ".sitegen",
        "output",
        "fresh",
    )
    return [name for name in os.listdir(root) if name not in own]


def test_a_new_output_folder_comes_as_a_whole(
    unbuilt: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    write = outputs.write_new

    def watched(folder: str, path: str, data: bytes) -> outputs.Staged:
        seen.append((unbuilt / "output").exists())
        return write(folder, path, data)

    monkeypatch.setattr("sitegen.build.job.write_new", watched)
    write_tree(unbuilt / "static", {"large": "x" * (outputs.SMALL + 1)})
    assert run("build", root=unbuilt).exit_code == 0
    assert len(seen) > 3 and not any(seen)
    assert beside(unbuilt) == []
    found = tree(unbuilt / "output")
    shutil.rmtree(unbuilt / "output")
    (unbuilt / "output").mkdir()  # so that it is filled file by file
    assert rebuilt(unbuilt, run) == found


def test_a_failed_first_build_leaves_nothing(unbuilt: Path, run: Run) -> None:
    write_tree(unbuilt, {"templates/404.html": "{{ nothing }}"})
    assert run("build", root=unbuilt).exit_code == 1
    assert not (unbuilt / "output").exists()
    assert beside(unbuilt) == []


def test_what_a_killed_first_build_left_is_removed(unbuilt: Path, run: Run) -> None:
    waiting = outputs.NewFolder(unbuilt / "output").path
    write_tree(waiting, {"a/index.html": "half", "gone.html": "half"})
    Store(unbuilt).mark_torn(place_key(Config()))
    assert "gone.html" not in rebuilt(unbuilt, run)
    assert beside(unbuilt) == []


def test_a_folder_that_came_meanwhile_is_left_alone(
    unbuilt: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = outputs.write_new

    def late(folder: str, path: str, data: bytes) -> outputs.Staged:
        write_tree(unbuilt / "output", {"theirs.txt": "mine"})
        return write(folder, path, data)

    monkeypatch.setattr("sitegen.build.job.write_new", late)
    result = run("build", root=unbuilt)
    assert result.exit_code == 1
    assert "was changed while the site was being built" in result.stderr
    assert tree(unbuilt / "output") == {"theirs.txt": b"mine"}
    assert beside(unbuilt) == []
    monkeypatch.undo()
    result = run("build", root=unbuilt)
    assert result.exit_code == 0
    assert tree(unbuilt / "output")["theirs.txt"] == b"mine"


def test_a_new_folder_that_vanishes_is_not_half_of_a_site(
    unbuilt: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, waiting = outputs.write_new, outputs.NewFolder(unbuilt / "output").path

    def without(folder: str, path: str, data: bytes) -> outputs.Staged:
        if path == "b/index.html":
            shutil.rmtree(waiting)
        return write(folder, path, data)

    monkeypatch.setattr("sitegen.build.job.write_new", without)
    result = run("build", root=unbuilt)
    assert result.exit_code == 1
    assert "was changed while the site was being built" in result.stderr
    assert not (unbuilt / "output").exists()
    assert beside(unbuilt) == []


@pytest.mark.parametrize("is_link", [True, False])
def test_what_lies_where_a_new_folder_waits_is_not_used(
    unbuilt: Path, run: Run, tmp_path: Path, is_link: bool
) -> None:
    write_tree(tmp_path, {"theirs/secret.txt": "mine"})
    waiting = outputs.NewFolder(unbuilt / "output").path
    if is_link:
        waiting.symlink_to(tmp_path / "theirs")
    else:
        waiting.write_text("a file")
    rebuilt(unbuilt, run)
    assert not (unbuilt / "output").is_symlink()
    assert tree(tmp_path / "theirs") == {"secret.txt": b"mine"}


def test_a_disk_that_fails_in_the_end_leaves_nothing(
    unbuilt: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error", "output")

    monkeypatch.setattr(os, "rename", fails)
    result = run("build", root=unbuilt)
    assert result.exit_code == 1
    assert "Input/output error" in result.stderr
    assert beside(unbuilt) == []


def test_the_longest_names_can_be_staged(built: Path, run: Run) -> None:
    name = "n" * 255
    write_tree(built / "static", {name: "one"})
    assert rebuilt(built, run)[name] == b"one"
    write_tree(built / "static", {name: "two"})
    assert rebuilt(built, run)[name] == b"two"
    assert run("build", "-o", built / ("o" * 255), root=built).exit_code == 0


def test_the_manifest_of_another_site_is_not_copied(built: Path, run: Run) -> None:
    write_tree(built / "static/old", {MANIFEST: "sitegen manifest 1", "a.txt": "a"})
    found = rebuilt(built, run)
    assert found["old/a.txt"] == b"a" and f"old/{MANIFEST}" not in found
