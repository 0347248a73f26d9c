"""Work in parallel: in any executor, and whatever happens to a worker."""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sitegen.build import job, pipeline, survey, workers
from sitegen.build.job import LISTS, Task, make_task
from sitegen.build.pipeline import Order, build
from sitegen.build.survey import Asked
from sitegen.config import load
from sitegen.content.records import Moment
from tests.build.test_workers import Forgetful, Late
from tests.conftest import MakeSite
from tests.trees import differences, tree

POSTS = 30
ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site of many posts that link to one another."""
    return make_site(
        {
            "sitegen.toml": '[markdown]\nengine = "markdown"\n',
            **{
                f"content/posts/p{n}.md": f"---\ntitle: P{n}\ndate: 2026-01-01\n"
                f"tags: [t{n % 3}]\n---\n# One\n\n[next](p{(n + 1) % POSTS}.md)\n"
                for n in range(POSTS)
            },
        }
    )


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes even a small site worth the help of others."""
    monkeypatch.setattr(pipeline, "SMALL", 1)
    monkeypatch.setattr(survey, "SMALL", 1)
    monkeypatch.setattr(job, "RENDER_CHUNK", 3)
    monkeypatch.setattr(survey, "PARSE_CHUNK", 3)


def built(root: Path, jobs: int = 1, executor: Executor | None = None) -> Any:
    """Builds a site."""
    asked = Asked(root, load(root)[0], Moment(1782907200))
    return build(asked, Order(jobs), executor=executor)


class Inline(Executor):
    """Does each task at once, in the thread that submits it."""

    def __init__(self) -> None:
        self.tasks = 0

    def submit(  # type: ignore[override]
        self, task: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Future[Any]:
        self.tasks += 1
        future: Future[Any] = Future()
        future.set_result(task(*args, **kwargs))
        return future


def serial(root: Path, tmp_path: Path) -> dict[str, bytes]:
    """Returns what a serial build gives."""
    import shutil

    copy = tmp_path / "serial"
    shutil.copytree(root, copy)
    built(copy)
    return tree(copy / "output")


@pytest.mark.usefixtures("small_parts")
def test_another_executor_can_take_the_place_of_processes(
    root: Path, tmp_path: Path
) -> None:
    expected = serial(root, tmp_path)
    inline, handler = Inline(), signal.getsignal(signal.SIGINT)
    built(root, 2, inline)
    assert inline.tasks > POSTS // 3
    assert signal.getsignal(signal.SIGINT) is handler, "Ctrl-C still works here"
    assert not differences(expected, tree(root / "output"))


@pytest.mark.usefixtures("small_parts")
def test_threads_give_the_same_and_stay_the_caller_s(
    root: Path, tmp_path: Path
) -> None:
    expected = serial(root, tmp_path)
    with ThreadPoolExecutor(4) as threads:
        built(root, 4, threads)
        assert not differences(expected, tree(root / "output"))
        assert threads.submit(len, "abc").result() == 3


@pytest.mark.usefixtures("small_parts")
def test_processes_give_the_same(root: Path, tmp_path: Path) -> None:
    expected = serial(root, tmp_path)
    built(root, 2)
    assert not differences(expected, tree(root / "output"))


class Slow(Forgetful):
    """Notes what it was handed, and leaves time for other work."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Late:
        """Returns a result to wait for."""
        if fn is make_task:
            task = msgspec.msgpack.decode(args[0], type=Task)
            self.kinds |= {item.artifact.kind for item in task.wanted}
        return super().submit(fn, *args, **kwargs)


@pytest.mark.usefixtures("small_parts")
def test_lists_are_made_here_while_others_make_posts(
    root: Path, tmp_path: Path
) -> None:
    expected, slow = serial(root, tmp_path), Slow()
    built(root, 2, slow)
    assert "post" in slow.kinds and slow.kinds.isdisjoint(LISTS)
    assert not differences(expected, tree(root / "output"))


@pytest.mark.usefixtures("small_parts")
def test_a_page_is_the_same_after_all_was_forgotten(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = serial(root, tmp_path)
    monkeypatch.setattr(job, "MOST_KNOWN", 0)
    built(root, 2, Inline())
    assert not differences(expected, tree(root / "output"))


def test_a_small_build_starts_no_process(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(workers, "_processes")
    assert built(root, 2).written > POSTS


BUILD = """
import multiprocessing, sys
from pathlib import Path
from sitegen.build import job, pipeline, survey
pipeline.SMALL, job.RENDER_CHUNK = 1, 3
make = job._staged
def wait_for_others(workshop, draft, table):
    if multiprocessing.parent_process():
        Path(sys.argv[1]).with_name("reached").touch()
        signal.pause() if sys.argv[2] == "kill" else time.sleep(0.3)
    return make(workshop, draft, table)
import signal, time
job._staged = wait_for_others
from sitegen.cli import main
main(["-C", sys.argv[1], "build", "-j2"])
"""


def start(root: Path, how: str) -> subprocess.Popen[str]:
    """Starts a build whose workers wait at a page, in a session of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(root), how],
        cwd=ROOT,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1782907200"},
    )
    while not (root.parent / "reached").exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    return process


def children(pid: int) -> Iterator[int]:
    """Yields the processes that a process started."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


@pytest.fixture
def edited(root: Path) -> tuple[Path, dict[str, bytes]]:
    """Gives a site that was built and then changed everywhere, and its output."""
    built(root)
    before = tree(root / "output")
    (root / "sitegen.toml").write_text('title = "Other"\n')
    return root, before


def test_a_build_whose_worker_is_killed_writes_nothing(
    edited: tuple[Path, dict[str, bytes]],
) -> None:
    root, before = edited
    process = start(root, "kill")
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "A worker process was killed; nothing was written." in said
    assert "Traceback" not in said
    assert not differences(before, tree(root / "output"))


WAITING = """
import sys
from pathlib import Path
from sitegen.build import pipeline, workers
from tests.build.test_workers import Doubling

workers._method = lambda: sys.argv[2]
with pipeline.locked(Path(sys.argv[1])), workers.Pool(3) as pool:
    print(sum(double for _, double in pool.run(Doubling([1, 2]), True)), flush=True)
    sys.stdin.read()
"""
"""Holds a site's lock, and two processes that wait for more to do."""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_end_with_a_build_that_is_killed(tmp_path: Path, method: str) -> None:
    build_it = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path), method],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert build_it.stdout and build_it.stdin
    assert build_it.stdout.readline() == b"6\n"
    build_it.kill()
    # Its end of the pipe is closed when all who inherited it have ended.
    assert build_it.stdout.read() == b""
    with pipeline.locked(tmp_path):
        build_it.wait()
    build_it.stdin.close()
    build_it.stdout.close()


def test_ctrl_c_leaves_the_output_whole_and_nothing_beside_it(
    edited: tuple[Path, dict[str, bytes]],
) -> None:
    """As from a terminal: every process of the group gets the signal."""
    root, before = edited
    process = start(root, "interrupt")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (1, 130)
    assert said.strip() == "Aborted!"
    assert not differences(before, tree(root / "output"))


def test_ctrl_c_waits_until_a_block_is_over() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), workers.uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("all")
    assert done == ["all"]


def test_other_threads_have_no_ctrl_c_to_hold_back() -> None:
    def hold() -> str:
        with workers.uninterrupted():
            return "done"

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(hold).result() == "done"


@pytest.mark.parametrize(("many", "spared"), [(1, 1), (1000, 0)])
def test_only_large_builds_spare_what_there_is(
    root: Path, monkeypatch: pytest.MonkeyPatch, many: int, spared: int
) -> None:
    gc.unfreeze()  # what a server of another test had kept for good
    freeze, calls = gc.freeze, 0

    def counted() -> None:
        nonlocal calls
        calls += 1
        freeze()

    monkeypatch.setattr(gc, "freeze", counted)
    monkeypatch.setattr(pipeline, "MANY", many)
    built(root, 1)
    assert calls == spared
    assert gc.get_freeze_count() == 0
