"""What was acknowledged is there: whatever is killed, fails, is full or loses power."""

import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

import pytest

from sitegen.config import load
from sitegen.submissions.recovery import recover
from sitegen.submissions.spool import open_spool
from sitegen.submissions.tokens import Tokens, secret_keys
from tests.conftest import MakeSite
from tests.submissions.conftest import CONFIG, POST, ROOT, Server, running_server
from tests.submissions.driver import approve_all, check, endpoint, form_id, send

CONFIG = (
    CONFIG.replace('base_url = "https://example.org"\n', "") + "token_hours = 1000000\n"
)
CONFIG = CONFIG.replace("100000", "100000000")

Rounds = Callable[[int], int]


@pytest.fixture
def site(make_site: MakeSite) -> Path:
    """Gives a site that takes any number of submissions."""
    return make_site(
        {
            "sitegen.toml": CONFIG,
            "content/posts/first.md": POST,
            ".gitignore": "/.sitegen/\n",
        }
    )


class Crowd:
    """Eight clients that go on sending, and remember what was acknowledged."""

    def __init__(self, site: Path) -> None:
        with open_spool(site / "content/queue") as spool:
            keys = secret_keys(spool, "")
        self.tokens = Tokens(keys, 1e9, time.time)
        self.acknowledged: list[int] = []
        self.failed: list[int] = []
        self.next = 1
        self.lock = threading.Lock()

    def take(self) -> int:
        """Returns the number of a form: a new one, or one that got no answer."""
        with self.lock:
            if self.failed and random.random() < 0.5:
                return self.failed.pop(0)
            self.next += 1
            return self.next

    def send(self, server: Server) -> None:
        """Sends forms until the server is gone."""
        while True:
            number = self.take()
            token = self.tokens.form(form_id(number), again=True)
            sent = {
                "title": f"Title {number}",
                "content": f"Text {number}",
                "token": token,
            }
            try:
                status, _, text = server.request("POST", "/submit/", sent)
            except (OSError, HTTPException):
                with self.lock:
                    self.failed.append(number)
                return
            assert status == 303, text
            with self.lock:
                self.acknowledged.append(number)

    def visit(self, server: Server, seconds: float) -> None:
        """Sends forms from eight threads, and kills the server in the middle."""
        threads = [threading.Thread(target=self.send, args=(server,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        threading.Event().wait(seconds)
        server.kill()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("kind", ["waitress", "gunicorn"])
def test_nothing_acknowledged_is_lost_when_servers_are_killed(
    kind: str, site: Path, rounds: Rounds
) -> None:
    crowd = Crowd(site)
    chance = random.Random(7)
    for _ in range(rounds(200)):
        crowd.visit(running_server(kind, site), chance.uniform(0.02, 0.4))
    with open_spool(site / "content/queue") as spool:
        recover(spool, time.time() + 2e9, 1e9)
        assert os.listdir(spool.tmp) == []
    check(site, crowd.acknowledged)
    assert len(set(crowd.acknowledged)) == len(crowd.acknowledged) > 20


def driver(
    *args: object, wrap: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Runs the driver in a process of its own."""
    command = [sys.executable, "-m", "tests.submissions.driver", *map(str, args)]
    return subprocess.run([*wrap, *command], cwd=ROOT, capture_output=True, text=True)


def repository(site: Path) -> None:
    """Makes the site a repository with one commit."""
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *command], cwd=site, check=True)


def check_approved(site: Path, count: int) -> None:
    """Raises AssertionError unless every form is one committed post."""
    posts = sorted((site / "content/posts").iterdir())
    assert len(posts) == count + 1, posts
    texts = [path.read_text() for path in posts]
    ids = [id for text in texts for id in re.findall(r"^  id: '?(\w+)", text, re.M)]
    assert len(set(ids)) == count
    queue = site / "content/queue"
    for folder in ("pending", "titles", "private/approving"):
        assert os.listdir(queue / folder) == [], folder
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=site, capture_output=True, text=True
    )
    assert status.stdout == ""


@pytest.mark.needs("git")
def test_approvals_that_are_killed_are_finished_or_undone(
    site: Path, rounds: Rounds
) -> None:
    repository(site)
    chance = random.Random(11)
    total = rounds(200)
    driver("send", site, 1, total)
    for _ in range(rounds(200)):
        command = [
            sys.executable,
            "-m",
            "tests.submissions.driver",
            "approve",
            str(site),
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(chance.uniform(0.3, 1.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    while os.listdir(site / "content/queue/pending"):  # whoever holds a lock ends soon
        done = driver("approve", site)
        assert done.returncode == 0, done.stderr
    check_approved(site, total)


def is_somewhere(site: Path, number: int) -> bool:
    """True if a form is an entry or a post; in the middle of an approval it is both."""
    pending = site / f"content/queue/pending/{form_id(number)}.md"
    return pending.exists() or len(list((site / "content/posts").glob("*.md"))) == 2


def send_again(site: Path, numbers: list[int]) -> None:
    """Sends forms to an endpoint that has just been started."""
    app = endpoint(site)
    assert all(send(app, number) for number in numbers)
    app.close()


CALLS = (
    "write",
    "pwrite64",
    "fsync",
    "linkat,link",
    "symlinkat,symlink",
    "rename,renameat,renameat2",
)


def failing(log: Path, calls: str, error: str, number: int) -> tuple[str, ...]:
    """Returns the command that makes the n-th of some system calls fail."""
    options = ["-f", "-qq", "--seccomp-bpf", "-o", str(log), "-e", f"trace={calls}"]
    return ("strace", *options, "-e", f"inject={calls}:error={error}:when={number}")


@pytest.mark.needs("strace", "ptrace")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("calls", CALLS)
def test_no_failing_call_makes_an_acknowledgement_a_lie(
    calls: str, error: str, site: Path, tmp_path: Path, rounds: Rounds
) -> None:
    log = tmp_path / "log"
    fresh = tmp_path / "fresh"
    shutil.copytree(site, fresh)
    number = 1
    while True:
        shutil.rmtree(site)
        shutil.copytree(fresh, site)
        done = driver("send", site, 1, 3, wrap=failing(log, calls, error, number))
        if "INJECTED" not in log.read_text():
            break
        acknowledged = [int(line) for line in done.stdout.split()]
        if acknowledged:
            check(site, acknowledged)
        send_again(site, [1, 2, 3, 4])
        check(site, [1, 2, 3, 4])
        number += 1 if rounds(10) == 10 else 2
    assert number > 1 or calls.startswith("rename")


@pytest.mark.needs("strace", "ptrace", "git")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize(
    "calls",
    [*(calls for calls in CALLS if calls != "pwrite64"), "unlinkat,unlink"],
)
def test_no_failing_call_leaves_an_approval_half_done(
    calls: str, error: str, site: Path, tmp_path: Path, rounds: Rounds
) -> None:
    repository(site)
    driver("send", site, 1, 1)
    log, fresh = tmp_path / "log", tmp_path / "fresh"
    shutil.copytree(site, fresh, symlinks=True)
    number = 1
    while True:
        shutil.rmtree(site)
        shutil.copytree(fresh, site, symlinks=True)
        driver("approve", site, wrap=failing(log, calls, error, number))
        if "INJECTED" not in log.read_text():
            break
        for lock in (site / ".git").rglob("*.lock"):
            lock.unlink()  # Git's own, when it could not remove it
        assert is_somewhere(site, 1)
        approve_all(site)
        check_approved(site, 1)
        # Git writes and removes a lot.
        many = calls in ("write", "unlinkat,unlink")
        number += 1 if rounds(10) == 10 else 12 if many else 3
    assert number > 1


def alone(*commands: str) -> "subprocess.CompletedProcess[str]":
    """Runs shell commands in a mount namespace of their own."""
    script = "set -e; " + "; ".join(commands)
    wrap = ("unshare", "--mount", "--propagation", "private", "sh", "-c", script)
    return subprocess.run(wrap, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.needs("mount")
@pytest.mark.parametrize("limit", ["size=256k", "nr_inodes=60"])
def test_a_full_disk_refuses_and_recovers(limit: str, site: Path) -> None:
    queue = site / "content/queue"
    queue.mkdir()
    done = alone(
        f"mount -t tmpfs -o {limit} none {queue}",
        f"{sys.executable} -m tests.submissions.driver full {site}",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("mount", "loop")
def test_what_was_acknowledged_survives_a_power_cut(
    site: Path, tmp_path: Path, rounds: Rounds
) -> None:
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    for _ in range(rounds(20)):
        with open(image, "wb") as file:
            file.truncate(48 << 20)
        done = alone(
            f"mkfs.ext4 -q {image}",
            f"device=$(losetup --find --show {image})",
            'trap "losetup -d $device" EXIT',
            f"mount $device {disk}",
            f"cp -r {site} {disk}/site",
            "sync",
            f"{sys.executable} -m tests.submissions.driver cut {disk}/site $device {disk}",
            f"umount {disk}",
        )
        assert done.returncode == 0, done.stderr


def test_the_configuration_is_what_the_tests_mean(site: Path) -> None:
    config, problems = load(site)
    assert not problems and config.submissions
    assert config.submissions.limits.total == 100_000_000
