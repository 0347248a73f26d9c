"""Whatever is done to the files, what is served is what a build would write."""

import gc
import multiprocessing
import os
import random
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sitegen.build.delta import Delta
from sitegen.build.pipeline import Order, build
from sitegen.build.survey import Progress
from sitegen.config import Paths
from sitegen.problems import Location, ProblemsFound, error
from sitegen.serve.bench import Settled
from sitegen.serve.inbox import Changed
from sitegen.serve.reading import Address, localized
from sitegen.serve.server import Options
from sitegen.site.visibility import Shown
from tests.conftest import MakeSite
from tests.serve.conftest import PATIENCE, SITE, Serve, Served
from tests.trees import differences, tree

SHOWN = Shown(drafts=True, future=True)

NOT_PAGES = (".sitegen-manifest",)


def as_built(served: Served, tmp_path: Path) -> dict[str, bytes]:
    """Returns what a clean build of the site's files writes."""
    clean = tmp_path / "clean"
    shutil.rmtree(clean, ignore_errors=True)
    shutil.copytree(served.root, clean, ignore=shutil.ignore_patterns(".sitegen"))
    reading = served.server.session.reading
    asked = msgspec.structs.replace(served.ask(SHOWN), now=reading.asked.now)
    local = localized(asked, Address(served.server._origin, Paths().output))
    build(msgspec.structs.replace(local, root=clean), Order())
    return tree(clean / "output", NOT_PAGES)


def as_served(served: Served) -> dict[str, bytes]:
    """Returns every file that is served."""
    snapshot = served.server.session.board.snapshot
    return {output: snapshot.read(output) for output in snapshot.files}


def settle(served: Served, mark: str) -> None:
    """Waits until a last change, and so all before it, has been built."""
    served.write("content/zz-last.md", f"---\ntitle: Last {mark}\n---\n{mark}\n")
    served.until(
        lambda rebuilt: (
            bool(rebuilt.settled)
            and "content/zz-last.md" in rebuilt.changed
            and mark in served.text("/zz-last/")
        )
    )


def check(served: Served, tmp_path: Path, mark: str) -> None:
    """Fails unless what is served is what a clean build writes."""
    settle(served, mark)
    report = differences(as_built(served, tmp_path), as_served(served))
    assert report == ""


def test_an_edit_of_the_text_makes_one_page(make_site: MakeSite, serve: Serve) -> None:
    served = serve(make_site(SITE))
    served.edit("content/about.md", "Who we are.", "Who we are. More of it.")
    settled = served.until(lambda rebuilt: bool(rebuilt.changed)).settled
    assert settled
    served.edit("content/posts/one.md", "Hello from one.", "Hello from one. <!-- -->")
    rebuilt = served.until(lambda rebuilt: bool(rebuilt.changed))
    assert rebuilt.changed == ("content/posts/one.md",)
    assert rebuilt.settled
    assert set(rebuilt.settled.reasons) == {"posts/one/index.html"}


@pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")
def test_every_kind_of_change_ends_as_a_clean_build(
    make_site: MakeSite, serve: Serve, tmp_path: Path
) -> None:
    root = make_site(SITE)
    served = serve(root)
    content = root / "content"
    served.edit("content/posts/one.md", "Hello", "Good morning")
    check(served, tmp_path, "text")
    served.edit("content/posts/one.md", "First post", "Another title")
    check(served, tmp_path, "title")
    served.write("content/posts/new.md", "---\ntitle: New\ndate: 2026-02-01\n---\nHi\n")
    check(served, tmp_path, "new file")
    (content / "posts" / "two.md").rename(content / "posts" / "second.md")
    check(served, tmp_path, "renamed file")
    (content / "posts" / "new.md").unlink()
    check(served, tmp_path, "deleted file")
    served.write("content/deep/er/page.md", "---\ntitle: Deep\n---\nDown here\n")
    check(served, tmp_path, "new folders")
    shutil.move(content / "deep", tmp_path / "away")
    check(served, tmp_path, "folder moved out")
    shutil.move(tmp_path / "away", content / "deep")
    check(served, tmp_path, "folder moved in")
    shutil.rmtree(content / "deep")
    served.write("content/deep/page.md", "---\ntitle: Deep again\n---\nBack\n")
    check(served, tmp_path, "folder recreated")
    served.write("templates/page.html", "<body>{{ post.title }}{{ post.content }}")
    check(served, tmp_path, "first template")
    served.write(
        "templates/page.html", "<body><p>{{ post.title }}</p>{{ post.content }}"
    )
    check(served, tmp_path, "template")
    shutil.rmtree(root / "templates")
    check(served, tmp_path, "no templates")
    served.write("static/a/b.css", "p {}")
    check(served, tmp_path, "static file")
    served.write("content/bundle/index.md", "---\ntitle: B\n---\n![](x.svg)\n")
    served.write("content/bundle/x.svg", "<svg/>")
    check(served, tmp_path, "bundle")
    served.write("content/bundle/x.svg", "<svg>2</svg>")
    check(served, tmp_path, "file of a bundle")
    served.write("shared/note.md", "---\ntitle: Shared\n---\nOne\n")
    (content / "linked").symlink_to(root / "shared")
    check(served, tmp_path, "link to a folder")
    served.write("shared/note.md", "---\ntitle: Shared\n---\nTwo\n")
    served.until(lambda rebuilt: "Two" in served.text("/linked/note/"))
    (content / "linked").unlink()
    check(served, tmp_path, "link removed")
    served.write(
        "sitegen.toml", 'title = "Other"\nbase_url = "https://x.example/sub"\n'
    )
    served.until(lambda rebuilt: served.get("/sub/")[0] == 200)
    served.write("sitegen.toml", str(SITE["sitegen.toml"]))
    check(served, tmp_path, "settings")


def test_a_checkout_of_many_files_is_few_builds(
    make_site: MakeSite, serve: Serve, tmp_path: Path
) -> None:
    served = serve(make_site(SITE))
    for number in range(300):
        text = f"---\ntitle: Post {number}\ndate: 2026-03-01\n---\nText {number}\n"
        served.write(f"content/posts/p{number}.md", text)
    before = served.rebuilt.qsize()
    check(served, tmp_path, "many")
    assert before < 30


def test_a_file_saved_by_moving_the_old_one_away_is_seen(
    make_site: MakeSite, serve: Serve, tmp_path: Path
) -> None:
    root = make_site(SITE)
    served = serve(root)
    assert "Hello from one." in served.text("/posts/one/")
    file = root / "content" / "posts" / "one.md"
    text = file.read_text()
    probe = root / "content" / "posts" / "4913"
    probe.touch()
    probe.unlink()
    file.rename(tmp_path / "backup.md")
    file.write_text(text.replace("Hello", "Saved"))
    served.until(lambda rebuilt: "Saved from one." in served.text("/posts/one/"))


def test_bad_content_leaves_the_site_and_is_said_once(
    make_site: MakeSite, serve: Serve, tmp_path: Path
) -> None:
    served = serve(make_site(SITE))
    served.write("content/bad.md", "no title")
    failed = served.until(lambda rebuilt: bool(rebuilt.problems))
    assert failed.settled is None
    assert [problem.code for problem in failed.problems] == ["title-missing"]
    served.edit("content/posts/one.md", "Hello", "Good morning")
    served.until(lambda rebuilt: bool(rebuilt.problems))
    assert "Hello from one." in served.text("/posts/one/")
    (served.root / "content" / "bad.md").unlink()
    check(served, tmp_path, "mended")
    assert served.server.session.board.snapshot.problems == ()


def test_an_error_of_what_is_still_being_written_is_not_said(
    make_site: MakeSite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(make_site(SITE))
    session, inbox = served.server.session, served.server.inbox
    update = session.reading.update
    half = [error("title-missing", Location("content/about.md"), "No title.")]

    def read(changed: Changed, progress: Progress) -> Delta:
        if half:
            inbox.put("content/about.md", True)
            raise ProblemsFound([half.pop()])
        return update(changed, progress)

    monkeypatch.setattr(session.reading, "update", read)
    served.edit("content/about.md", "Who we are.", "All of it.")
    rebuilt = served.next()
    assert not half
    assert rebuilt.settled
    assert rebuilt.problems == ()


def note_what_is_ahead(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, str]]:
    """Returns what will hold the pages that were shown before each whole build."""
    noted: list[dict[str, str]] = []
    session = served.server.session
    settle = session._bench.settle

    def note(*arguments: Any) -> Settled:
        snapshot = session.board.snapshot
        pages = {
            output: fresh.data.decode() for output, fresh in snapshot.fresh.items()
        }
        noted.append({o: snapshot.marks.get(o, "") + page for o, page in pages.items()})
        return settle(*arguments)

    monkeypatch.setattr(session._bench, "settle", note)
    return noted


def test_posts_that_come_or_move_are_shown_before_the_rest_follows(
    make_site: MakeSite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(make_site(SITE))
    noted = note_what_is_ahead(served, monkeypatch)
    draft = "---\ntitle: New\ndate: 2026-01-03\ndraft: true\n---\nJust begun.\n"
    served.write("content/posts/new.md", draft)
    served.until(lambda rebuilt: "content/posts/new.md" in rebuilt.changed)
    assert "Draft: not on" in noted[-1]["posts/new/index.html"]
    assert "Just begun." in noted[-1]["posts/new/index.html"]
    served.edit("content/posts/one.md", "date: 2026-01-01", "date: 2026-01-09")
    served.until(lambda rebuilt: "content/posts/one.md" in rebuilt.changed)
    assert "9 January 2026" in noted[-1]["posts/one/index.html"]


def test_nothing_is_shown_at_an_address_that_two_files_claim(
    make_site: MakeSite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(make_site(SITE))
    noted = note_what_is_ahead(served, monkeypatch)
    taken = "---\ntitle: New\npermalink: /posts/one/\ndate: 2026-01-03\n---\nHere.\n"
    served.write("content/posts/new.md", taken)
    failed = served.until(lambda rebuilt: bool(rebuilt.problems))
    assert [problem.code for problem in failed.problems] == ["path-collision"]
    assert noted[-1] == {}
    assert "Hello from one." in served.text("/posts/one/")


def test_a_failure_in_a_quiet_moment_is_survived(
    make_site: MakeSite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(make_site(SITE))

    def fail() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(served.server.session._bench, "save", fail)
    served.edit("content/about.md", "Who we are.", "More.")
    served.until(lambda rebuilt: "No space left" in rebuilt.crash)
    served.edit("content/about.md", "More.", "Yet more.")
    served.until(lambda rebuilt: "Yet more." in served.text("/about/"))


def test_a_title_can_be_taken_over_and_not_given_twice(
    make_site: MakeSite, serve: Serve, tmp_path: Path
) -> None:
    served = serve(make_site(SITE))
    served.edit("content/posts/one.md", "First post", "Third post")
    check(served, tmp_path, "given up")
    served.edit("content/posts/two.md", "Second post", "First post")
    check(served, tmp_path, "taken over")
    served.edit("content/posts/one.md", "Third post", "FIRST  post")
    failed = served.until(lambda rebuilt: bool(rebuilt.problems))
    assert [problem.code for problem in failed.problems] == ["title-duplicate"]


def test_a_taken_title_is_never_shown(make_site: MakeSite, serve: Serve) -> None:
    served = serve(make_site(SITE))
    served.edit("content/posts/one.md", "First post", "Second post")
    failed = served.until(lambda rebuilt: bool(rebuilt.problems))
    assert [problem.code for problem in failed.problems] == ["title-duplicate"]
    assert "First post" in served.text("/posts/one/")


def test_broken_settings_leave_the_site(make_site: MakeSite, serve: Serve) -> None:
    served = serve(make_site(SITE))
    served.write("sitegen.toml", "title = ")
    failed = served.until(lambda rebuilt: bool(rebuilt.problems))
    assert failed.problems[0].location.path == "sitegen.toml"
    assert "Hello from one." in served.text("/posts/one/")
    served.write("sitegen.toml", 'title = "Mended"\n')
    served.until(lambda rebuilt: rebuilt.settled is not None)
    assert "Mended" in served.text("/posts/one/")


def test_polling_sees_changes_too(
    make_site: MakeSite, serve: Serve, tmp_path: Path
) -> None:
    served = serve(make_site(SITE), Options(port=0, poll=True))
    names = {thread.name for thread in threading.enumerate()}
    assert "poller" in names
    served.edit("content/posts/one.md", "Hello", "Good morning")
    check(served, tmp_path, "polled")


def test_a_second_start_has_nothing_to_make(make_site: MakeSite, serve: Serve) -> None:
    root = make_site(SITE)
    served = serve(root)
    port = served.server.port
    served.server.session._bench.save()
    served.server.close()
    again = Served(root, Options(port=port), SHOWN)
    try:
        again.server.open()
        settled = again.next().settled
        assert settled and settled.rendered == 0
    finally:
        again.server.close()


def test_the_end_does_not_wait_for_workers(
    make_site: MakeSite, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = {
        f"content/p{n}.md": f"---\ntitle: Page {n}\n---\nText\n" for n in range(70)
    }
    served = serve(make_site({**SITE, **posts}), Options(port=0, jobs=2))
    begun = threading.Event()
    submit = ProcessPoolExecutor.submit

    def note(*arguments: Any) -> Future[Any]:
        future = submit(*arguments)
        begun.set()
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", note)
    slow = (
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"
    )
    served.write("templates/page.html", slow)
    assert begun.wait(PATIENCE)
    builds = served.server._threads[0]
    served.server.close()
    builds.join(PATIENCE)
    assert not builds.is_alive()
    assert multiprocessing.active_children() == []
    assert served.rebuilt.empty()


def handles() -> int:
    """Returns how many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd"))


def memory() -> int:
    """Returns the bytes of memory that this process holds."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_thousand_saves_end_as_a_clean_build_and_leak_nothing(
    make_site: MakeSite, serve: Serve, tmp_path: Path, rounds: Callable[[int], int]
) -> None:
    names = [f"content/posts/many-{number}.md" for number in range(10)]
    root = make_site({**SITE, **{name: page(name, 0) for name in names}})
    served = serve(root)
    chance = random.Random(1)
    pause = threading.Event()
    save_some(served, names, chance, pause, 20)
    check(served, tmp_path, "warm")
    before = (threading.active_count(), handles(), memory())
    save_some(served, names, chance, pause, rounds(1000))
    check(served, tmp_path, "end")
    after = (threading.active_count(), handles(), memory())
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] - before[2] < 20 << 20


def save_some(
    served: Served,
    names: list[str],
    chance: random.Random,
    pause: threading.Event,
    count: int,
) -> None:
    """Saves files at random intervals: that is the load, not a wait for anything."""
    for number in range(count):
        name = chance.choice(names)
        served.write(name, page(name, number if chance.random() < 0.3 else 0, number))
        pause.wait(chance.uniform(0, 0.2))


def page(name: str, title: int, number: int = 0) -> str:
    """Returns a post; its title changes seldom, its text each time."""
    return (
        f"---\ntitle: {name} {title}\ndate: 2026-05-01\n---\nText {number} of {name}.\n"
    )
