"""What builds remember: only to save work, never to decide what the sources decide."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sitegen.build import store
from sitegen.build.pipeline import Order, Report, build, locked, place_key
from sitegen.build.survey import Asked
from sitegen.config import load
from sitegen.content.records import Moment
from tests.conftest import MakeSite
from tests.trees import differences, tree

POST = "---\ntitle: Post {0}\ndate: 2026-01-0{0}\n---\nText {0}.\n"

SITE = {
    "sitegen.toml": '[markdown]\nengine = "commonmark"\n',
    "content/posts/a.md": POST.format(1),
    "content/posts/b/index.md": POST.format(2),
    "content/posts/b/data.txt": "data",
    "static/x.txt": "text",
}

CACHE = ("entries", "target-*")


def built(root: Path, **order: Any) -> Report:
    """Builds a site of SITE."""
    config, problems = load(root)
    assert not problems
    return build(Asked(root, config, Moment(1782907200)), Order(**order))


def settle(root: Path) -> None:
    """Makes every source old enough for its signature to be trusted, and builds."""
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (1_700_000_000, 1_700_000_000))
    built(root)
    assert built(root).rendered == 0


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site that has been built."""
    root = make_site(SITE)
    built(root)
    return root


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


def garble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def make_older(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:8] + bytes(16) + data[24:])


def make_foreign(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(100))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", CACHE)
@pytest.mark.parametrize(
    "spoil", [truncate, garble, make_older, make_foreign, make_folder]
)
def test_a_cache_in_doubt_is_not_used(
    root: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    before = tree(root / "output")
    for path in (root / ".sitegen").glob(name):
        spoil(path)
    report = built(root)
    assert any(doubt.startswith(name[:6]) for doubt in report.doubts)
    assert not differences(before, tree(root / "output"))


def test_what_another_version_wrote_is_not_used(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_stamp", b"x" * 16)
    report = built(root)
    assert report.rendered == report.total
    assert "another version" in report.doubts[0]


def test_a_doubt_is_said_with_v(make_site: MakeSite, run: Any) -> None:
    root = make_site(SITE)
    run("build", root=root)
    for path in (root / ".sitegen").glob("entries"):
        garble(path)
    assert "damaged" in run("build", "-v", root=root).stderr
    assert "damaged" not in run("build", root=root).stderr


def test_a_site_may_travel_with_its_cache_and_its_output(
    root: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "other" / "place"
    shutil.copytree(root, elsewhere, copy_function=shutil.copyfile)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    report = built(elsewhere)
    assert (report.rendered, report.written, report.removed) == (0, 0, ())
    assert not differences(tree(root / "output"), tree(elsewhere / "output"))


def test_no_absolute_path_is_remembered(root: Path) -> None:
    for path in (root / ".sitegen").iterdir():
        assert str(root).encode() not in path.read_bytes()


def test_git_ignores_the_cache(root: Path) -> None:
    assert (root / ".sitegen" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("content/posts/a.md", "posts/a/index.html"),
        ("static/x.txt", "x.txt"),
        ("content/posts/b/data.txt", "posts/b/data.txt"),
    ],
)
def test_a_second_edit_within_one_tick_of_the_clock_is_seen(
    root: Path, path: str, output: str
) -> None:
    """Same length, same time, same inode: only the bytes tell."""
    file = root / path
    soon = time.time_ns() + 60_000_000_000  # too new to trust on a slow machine, too
    os.utime(file, ns=(soon, soon))
    status = file.stat()
    text = file.read_text(encoding="utf-8")
    built(root)
    file.write_text(text.replace("t", "T"), encoding="utf-8")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_ino == status.st_ino
    built(root)
    assert "T" in (root / "output" / output).read_text(encoding="utf-8")


def test_an_output_edited_within_one_tick_is_made_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine a tick may be over before the build is.
    monkeypatch.setattr(store, "OUTPUT_TOO_NEW", 60_000_000_000)
    shutil.rmtree(root / ".sitegen")
    built(root)
    file = root / "output" / "x.txt"
    status = file.stat()
    file.write_text("TEXT", encoding="utf-8")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    built(root)
    assert file.read_text(encoding="utf-8") == "text"


def test_files_that_have_not_changed_are_not_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(root)
    opened = []
    sys.addaudithook(
        lambda event, args: opened.append(args[0]) if event == "open" else None
    )
    built(root)
    read = {str(path) for path in opened if isinstance(path, str)}
    assert not [p for p in read if p.endswith(("a.md", "x.txt", "data.txt"))]


def test_a_file_that_is_touched_makes_nothing_anew(root: Path) -> None:
    settle(root)
    for path in SITE:
        (root / path).touch()
    assert built(root).rendered == 0


def test_two_targets_in_one_folder_leave_nothing_of_each_other(
    make_site: MakeSite, run: Any
) -> None:
    root = make_site(
        {**SITE, "content/posts/d.md": "---\ntitle: D\ndraft: true\n---\n"}
    )
    run("build", root=root)
    alone = tree(root / "output")
    run("build", "--drafts", root=root)
    assert (root / "output/posts/d/index.html").exists()
    run("build", root=root)
    assert not differences(alone, tree(root / "output"))


def test_what_a_killed_build_of_another_target_left_goes(root: Path) -> None:
    leftover = root / "output" / ".x.txt.sitegen-tmp"
    leftover.write_text("half")
    config, _ = load(root)
    store.Store(root).mark_torn(place_key(config))
    built(root)
    assert not leftover.exists()


def test_a_file_that_becomes_a_folder_survives_a_build_that_fails(
    make_site: MakeSite,
) -> None:
    root = make_site({**SITE, "static/about": "a file"})
    built(root)
    before = tree(root / "output")
    (root / "static/about").unlink()
    (root / "content/about.md").write_text("---\ntitle: About\n---\n", encoding="utf-8")
    (root / "templates").mkdir()
    bad = root / "templates" / "page.html"
    bad.write_text("{{ nothing }}")
    with pytest.raises(Exception, match="errors"):
        built(root)
    assert not differences(before, tree(root / "output"))
    bad.unlink()
    built(root)
    assert (root / "output/about/index.html").is_file()
    assert not list((root / "output").rglob("*.sitegen-tmp"))


def test_a_build_without_a_place_for_its_cache_works(make_site: MakeSite) -> None:
    root = make_site({**SITE, ".sitegen": "a file, as if the disk were read-only"})
    report = built(root, jobs=2)
    assert report.doubts
    assert (root / "output/posts/a/index.html").exists()
    assert built(root).written == 0


def test_many_pages_need_no_cache_either(make_site: MakeSite) -> None:
    posts = {
        f"content/posts/p{n}.md": f"---\ntitle: P{n}\ndate: 2026-01-01\n---\n"
        for n in range(70)
    }
    root = make_site({**SITE, **posts, ".sitegen": "a file"})
    assert built(root, jobs=2).rendered > 70


def _hold(root: Path, held: Any, release: Any) -> None:
    with locked(root):
        held.set()
        release.wait()


def _build(root: Path, done: Any) -> None:
    built(root)
    done.set()


def test_a_second_build_waits_for_the_first(root: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release, done = context.Event(), context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(root, held, release))
    holder.start()
    assert held.wait(60)
    builder = context.Process(target=_build, args=(root, done))
    builder.start()
    _await_lock(builder.pid)
    assert not done.is_set()
    release.set()
    assert done.wait(60)
    for process in (holder, builder):
        process.join(60)
        assert process.exitcode == 0


def _await_lock(pid: int | None) -> None:
    """Returns when a process waits for a lock on a file, as the kernel lists it."""
    while f" {pid} " not in _waiting_for_locks():
        assert pid and Path(f"/proc/{pid}").exists()
        os.sched_yield()


def _waiting_for_locks() -> str:
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return "\n".join(line for line in lines if "->" in line)


def test_a_lock_that_clean_took_away_keeps_nobody_out_for_ever(root: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release, done = context.Event(), context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(root, held, release))
    holder.start()
    assert held.wait(60)
    builder = context.Process(target=_build, args=(root, done))
    builder.start()
    _await_lock(builder.pid)
    shutil.rmtree(root / ".sitegen")
    release.set()
    assert done.wait(60)
    assert (root / ".sitegen" / "lock").exists()
    for process in (holder, builder):
        process.join(60)


def test_documents_of_extensions_that_read_files_are_made_anew(
    make_site: MakeSite,
) -> None:
    root = make_site(
        {
            "sitegen.toml": '[markdown]\nengine = "markdown"\n'
            'extensions = ["pymdownx.snippets"]\n'
            "[markdown.extension_configs.'pymdownx.snippets']\n"
            "base_path = 'SNIPPETS'\n",
            "content/a.md": '---\ntitle: A\n---\n--8<-- "s.md"\n',
            "templates/index.html": "{{ '--8<-- \"s.md\"'|markdown(trusted=true) }}",
            "snippets/s.md": "First.\n",
        }
    )
    config = root / "sitegen.toml"
    folder = str(root / "snippets")
    config.write_text(config.read_text().replace("SNIPPETS", folder))
    built(root)
    (root / "snippets/s.md").write_text("Second.\n")
    report = built(root)
    page = (root / "output/a/index.html").read_text(encoding="utf-8")
    assert "First" not in page, "neither in the text nor in the summary"
    assert "Second" in (root / "output/index.html").read_text(encoding="utf-8")
    assert "pymdownx.snippets" in report.doubts[0]


def imported(root: Path, *arguments: str) -> set[str]:
    """Returns the modules that a command has imported when it is done."""
    code = (
        "import sys\nfrom sitegen.cli import main\n"
        f"main({[*arguments]!r}, standalone_mode=False)\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1782907200"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


SLOW = {"jinja2", "markdown", "pyromark", "pygments", "yaml", "rich", "werkzeug"}


def test_a_build_with_nothing_to_do_imports_no_engine(root: Path) -> None:
    settle(root)
    imported(root, "-C", str(root), "build")
    loaded = imported(root, "-C", str(root), "build")
    assert not SLOW & loaded, SLOW & loaded


def test_the_version_is_said_at_once(root: Path) -> None:
    code = (
        "import sys\nfrom sitegen.cli import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "print(*sorted(sys.modules))"
    )
    folder = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not (SLOW | {"msgspec", "importlib.metadata"}) & loaded
