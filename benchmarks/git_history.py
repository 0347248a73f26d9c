"""What Git costs: `python -m benchmarks.git_history [--posts N] [--rounds N]`.

A repository is made by `git fast-import`: each post is added by a commit of its own
and changed by another; every fiftieth commit merges a branch, every hundredth change
renames. Then these are timed in turn, and of several rounds are shown the best times
and the median of the ratios in one round, by the clock and by the processor:

- the history pass, beside `git log --name-status` read to the end;
- builds with and without history, when nothing or one post changed;
- `check --staged` of one post, beside `python -c "import click"`.
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sitegen import git

WORDS = 150
"""In each post."""

CONFIG = """\
title = "Big"
base_url = "https://example.org"

[markdown]
engine = "commonmark"
"""

IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}


def post(number: int, version: int, choose: random.Random) -> str:
    """Returns the text of a post."""
    words = " ".join(f"w{choose.randrange(5000)}" for _ in range(WORDS))
    date = f"20{number % 20 + 5:02}-0{number % 9 + 1}-1{number % 9}"
    front = f"title: Post number {number}\ndate: {date}\ntags: [t{number % 50}]"
    return f"---\n{front}\n---\n{words} {version}\n"


def stream(posts: int) -> Iterator[bytes]:
    """Yields what `git fast-import` reads: two commits for each post."""
    choose = random.Random(1)
    names = [f"content/posts/post-{number:05}.md" for number in range(posts)]
    yield from _commit(
        "main",
        0,
        "start",
        {"sitegen.toml": CONFIG, ".gitignore": "/output/\n/.sitegen/\n"},
    )
    for time_, number in enumerate([*range(posts), *range(posts)]):
        version = time_ // posts
        text = post(number, version, choose)
        if version and time_ % 100 == 0:
            old, names[number] = names[number], names[number].replace("post-", "moved-")
            yield from _commit("main", time_, "rename", {names[number]: text}, gone=old)
        elif time_ % 50 == 49:
            yield b"reset refs/heads/side\nfrom refs/heads/main\n\n"
            yield from _commit("side", time_, "side", {names[number]: text})
            yield from _merge(time_, names[number], text)
        else:
            yield from _commit("main", time_, "change", {names[number]: text})


def _commit(
    branch: str, at: int, message: str, files: dict[str, str], gone: str = ""
) -> Iterator[bytes]:
    yield _head(branch, at, message)
    if gone:
        yield f"D {gone}\n".encode()
    for path, text in files.items():
        yield _file(path, text)
    yield b"\n"


def _merge(at: int, path: str, text: str) -> Iterator[bytes]:
    yield _head("main", at, "merge") + b"merge refs/heads/side\n" + _file(path, text)
    yield b"\n"


def _head(branch: str, at: int, message: str) -> bytes:
    who = (
        f"Author {at % 7} <author{at % 7}@example.org> {1_600_000_000 + at * 60} +0100"
    )
    lines = f"commit refs/heads/{branch}\nauthor {who}\ncommitter {who}\n"
    return f"{lines}data {len(message)}\n{message}\n".encode()


def _file(path: str, text: str) -> bytes:
    data = text.encode()
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)


def make(root: Path, posts: int) -> None:
    """Makes the repository, and checks it out."""
    run(root, "git", "init", "-q", "-b", "main", ".")
    data = b"".join(stream(posts))
    command = ["git", "fast-import", "--quiet", "--force"]
    subprocess.run(command, cwd=root, input=data, check=True, env=environment())
    run(root, "git", "reset", "-q", "--hard", "main")


def environment() -> dict[str, str]:
    """Returns the environment of commands: this sitegen, and nobody's Git settings."""
    here = str(Path(__file__).parents[1])
    return {**os.environ, **IDENTITY, "PYTHONPATH": here}


def run(root: Path, *command: str, check: bool = True) -> None:
    """Runs a command in a folder, and reads what it prints to the end."""
    subprocess.run(
        command, cwd=root, capture_output=True, check=check, env=environment()
    )


class Took(NamedTuple):
    """Seconds that something took."""

    clock: float
    processor: float
    """Its own, and those of the processes that it started."""


def timed(work: Callable[[], object]) -> Took:
    """Returns how many seconds something takes."""
    start, before = time.perf_counter(), _processor()
    work()
    return Took(time.perf_counter() - start, _processor() - before)


def _processor() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


Round = tuple[Took, Took]
"""What two things took, one after the other."""


def race(
    rounds: int, ours: Callable[[], object], others: Callable[[], object]
) -> list[Round]:
    """Returns what two things took in each round; they take turns at being first."""
    found = []
    for number in range(rounds):
        if number % 2:
            second, first = timed(others), timed(ours)
        else:
            first, second = timed(ours), timed(others)
        found.append((first, second))
    return found


def show(what: str, beside: str, rounds: list[Round], limit: float) -> None:
    """Prints what the race of two things gave, by the clock and by the processor."""
    for name in Took._fields:
        pairs = [(getattr(a, name), getattr(b, name)) for a, b in rounds]
        best = [min(column) * 1000 for column in zip(*pairs, strict=True)]
        ratio = statistics.median(a / b for a, b in pairs)
        verdict = "holds" if ratio <= limit else "MISSED"
        print(
            f"{what:28} {best[0]:7.0f} ms   {beside:26} {best[1]:7.0f} ms"
            f"   {ratio:5.2f} by the {name} (at most {limit:g}: {verdict})"
        )


def pass_over_log(root: Path, rounds: int) -> None:
    """Times the history pass."""
    repository = git.require(root)
    found = race(
        rounds,
        lambda: git.history(repository),
        lambda: run(root, "git", "log", "--name-status"),
    )
    show("history pass", "git log --name-status", found, 2)


def builds(root: Path, rounds: int) -> None:
    """Times builds of one site with its repository and without it."""
    plain = root.with_name("plain")
    subprocess.run(["cp", "-a", str(root), str(plain)], check=True)
    subprocess.run(["rm", "-rf", str(plain / ".git")], check=True)
    command = (sys.executable, "-m", "sitegen", "build", "-q")
    for place in (root, plain, root, plain):
        run(place, *command)
    beside = "without a repository"
    found = race(rounds, lambda: run(root, *command), lambda: run(plain, *command))
    show("build, nothing changed", beside, found, 1.1)
    number = iter(range(10**6))

    def edit(place: Path) -> None:
        file = place / "content/posts/post-00003.md"
        file.write_text(post(3, next(number), random.Random(next(number))))
        run(place, *command)

    found = race(rounds, lambda: edit(root), lambda: edit(plain))
    show("build, one post changed", beside, found, 1.1)


def staged(root: Path, rounds: int) -> None:
    """Times the check of a commit of one post."""
    file = root / "content/posts/fresh.md"
    text = post(999_999, 1, random.Random(2))
    file.write_text(text + "\n[another](post-00003.md)\n")
    run(root, "git", "add", "--all")
    check = (sys.executable, "-m", "sitegen", "check", "--staged")
    run(root, *check)
    click = (sys.executable, "-c", "import click")
    found = race(rounds, lambda: run(root, *check), lambda: run(root, *click))
    show("check --staged of one post", 'python -c "import click"', found, 6)


def main() -> None:
    """Makes the repository and times everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "site"
        root.mkdir()
        make(root, asked.posts)
        count = subprocess.check_output(
            ["git", "rev-list", "--count", "HEAD"], cwd=root
        )
        print(f"{asked.posts:,} posts, {int(count):,} commits, {git_version()}")
        pass_over_log(root, asked.rounds)
        builds(root, asked.rounds)
        staged(root, asked.rounds)


def git_version() -> str:
    """Returns the version of Git."""
    return subprocess.check_output(["git", "--version"], text=True).strip()


if __name__ == "__main__":
    main()
