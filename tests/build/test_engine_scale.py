"""Sites of a size that people have; a tenth of it unless SITEGEN_PROFILE is long."""

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Rounds = Callable[[int], int]


class Done:
    """How a build went: the most memory of any of its processes, in MB."""

    def __init__(self, root: Path, *arguments: str) -> None:
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1782907200"}
        environment.setdefault("PYTHONPATH", str(ROOT))
        command = [sys.executable, "-m", "sitegen", "-C", str(root), "build", "-q"]
        pid = os.posix_spawn(sys.executable, [*command, *arguments], environment)
        _, status, usage = os.wait4(pid, 0)
        assert status == 0
        self.seconds = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss / 1024
        if os.environ.get("SITEGEN_PROFILE") == "long":
            print(f"{self.seconds:.1f} s of processors, {self.megabytes:.0f} MB")


CONFIG = '[markdown]\nengine = "commonmark"\nhighlight = false\n'


def write(root: Path, path: str, text: str) -> None:
    """Writes a file of a site."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def write_posts(root: Path, count: int, more: str = "", body: str = "Text.") -> None:
    """Writes posts; `{n}` in what is more is a post's number."""
    (root / "content/posts").mkdir(parents=True)
    for n in range(count):
        front = f"title: Post {n}\ndate: 2026-01-01\n{more.replace('{n}', str(n))}"
        (root / f"content/posts/p{n}.md").write_text(
            f"---\n{front}---\n{body}\n", encoding="utf-8"
        )


def test_many_posts_on_one_list(tmp_path: Path, rounds: Rounds) -> None:
    count = rounds(100_000)
    write(tmp_path, "sitegen.toml", f"[build]\npaginate = 0\n{CONFIG}")
    write_posts(tmp_path, count)
    Done(tmp_path)
    page = (tmp_path / "output/index.html").read_text(encoding="utf-8")
    assert page.count('href="/posts/p') >= count
    Done(tmp_path)


def test_many_tags(tmp_path: Path, rounds: Rounds) -> None:
    count = rounds(10_000)
    write(tmp_path, "sitegen.toml", CONFIG)
    write_posts(
        tmp_path,
        count // 10,
        "tags: [" + "".join(f"a{n}-{{n}}, " for n in range(10)) + "all]\n",
    )
    Done(tmp_path)
    assert len(list((tmp_path / "output/tags").iterdir())) > count


def test_a_very_long_post(tmp_path: Path, rounds: Rounds) -> None:
    size = rounds(50_000_000)
    line = "Some *words* with a [link](https://example.org/) and `code`.\n\n"
    write(tmp_path, "sitegen.toml", CONFIG)
    write_posts(tmp_path, 1, body=line * (size // len(line)))
    Done(tmp_path)
    assert (tmp_path / "output/posts/p0/index.html").stat().st_size > size


def test_many_sections(tmp_path: Path, rounds: Rounds) -> None:
    count = rounds(5_000)
    write(tmp_path, "sitegen.toml", CONFIG)
    for n in range(count):
        write(tmp_path, f"content/s{n % 70}/t{n}/a.md", f"---\ntitle: A {n}\n---\nx\n")
    Done(tmp_path)
    assert (tmp_path / f"output/s{(count - 1) % 70}/t{count - 1}/index.html").exists()


def test_a_folder_with_many_files(tmp_path: Path, rounds: Rounds) -> None:
    count = rounds(100_000)
    write(tmp_path, "sitegen.toml", CONFIG)
    write(tmp_path, "content/a.md", "---\ntitle: A\n---\n")
    (tmp_path / "static/many").mkdir(parents=True)
    for n in range(count):
        (tmp_path / f"static/many/{n}.txt").write_text(str(n), encoding="ascii")
    Done(tmp_path)
    assert len(os.listdir(tmp_path / "output/many")) == count
    Done(tmp_path)


def test_memory_grows_with_metadata_not_with_content(
    tmp_path: Path, rounds: Rounds
) -> None:
    count, size = 200, rounds(2_000_000)
    peaks = []
    for name, body in (("small", "Text."), ("large", "Some words.\n\n" * (size // 13))):
        root = tmp_path / name
        write(root, "sitegen.toml", CONFIG)
        write(root, "templates/feed.xml", "")
        write_posts(root, count, body=body)
        peaks.append(Done(root, "-j1").megabytes)
    content = count * size / 1e6
    # One body at a time is in memory, in a few shapes.
    assert peaks[1] - peaks[0] < 10 + 0.2 * content + 20 * size / 1e6


@pytest.fixture(autouse=True)
def no_core_files() -> None:
    """Keeps what runs out of memory from filling the disk as well."""
    resource.setrlimit(
        resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1])
    )
