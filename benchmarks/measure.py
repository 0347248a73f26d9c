"""Time and memory of one command, and a look at what else the machine is doing."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Timer
from typing import IO

from msgspec import Struct

from benchmarks.peers.tool import Command

SAMPLE_SECONDS = 0.02
"""How long to wait between two looks at the memory of a process tree."""

BUSY_LOAD = 0.5
"""A load average, for each processor, above which times are not to be trusted."""

_NEIGHBOURS = (
    "chrome", "chromium", "eleventy", "gunicorn", "http.server", "hugo", "hypothesis",
    "pelican", "playwright", "pytest", "sitegen", "waitress", "zola.js",
)  # fmt: skip


class Failed(Exception):
    """A command did not end well; the text says how."""


class Timing(Struct, frozen=True):
    """One run: by the clock on the wall, and processor time of all its processes."""

    seconds: float
    processor: float


def time_command(command: Command, limit: float) -> Timing:
    """How long the command takes; Failed if it fails or needs more than `limit`."""
    with tempfile.TemporaryFile("w+") as words:
        began = time.perf_counter()
        process = _start(command, words)
        timer = Timer(limit, _kill, [process])
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        _raise_if_failed(process.returncode, seconds, limit, words)
    return Timing(seconds, usage.ru_utime + usage.ru_stime)


def peak_memory(command: Command, limit: float) -> int:
    """The largest sum of PSS, in bytes, that the command's processes ever had."""
    peak = 0
    with tempfile.TemporaryFile("w+") as words:
        began = time.perf_counter()
        process = _start(command, words)
        while process.poll() is None:
            peak = max(peak, sum(map(_pss, _session(process.pid))))
            if time.perf_counter() - began > limit:
                _kill(process)
            time.sleep(SAMPLE_SECONDS)
        seconds = time.perf_counter() - began
        _raise_if_failed(process.returncode, seconds, limit, words)
    return peak


def remove(paths: Sequence[Path]) -> None:
    """Delete files and folders, if they are there."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def warnings() -> Iterator[str]:
    """What could spoil the times: load, and programs that earlier runs left."""
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load / processors > BUSY_LOAD:
        yield f"the machine is busy: load average {load:.1f} on {processors} processors"
    for pid, words in _command_lines():
        if found := next((n for n in _NEIGHBOURS if _names(words, n)), None):
            yield f"process {pid} looks like {found}"


def is_tmpfs(folder: Path) -> bool:
    """Whether files in `folder` live in memory."""
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    kinds = {line.split()[1]: line.split()[2] for line in mounts}
    places = [folder.resolve(), *folder.resolve().parents]
    return next((kinds[str(p)] for p in places if str(p) in kinds), "") == "tmpfs"


def _start(command: Command, words: IO[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.argv,
        cwd=command.folder,
        env={**os.environ, **command.variables},
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it ended in the meantime


def _raise_if_failed(code: int, seconds: float, limit: float, words: IO[str]) -> None:
    if seconds >= limit:
        raise Failed(f"not finished after {limit:.0f} s")
    if code:
        words.seek(0)
        lines = [line.strip() for line in words if line.strip()]
        raise Failed(f"exit code {code}: {' / '.join(lines[-3:])[:300]}")


def _session(leader: int) -> Iterator[int]:
    """The processes that a command has started, and itself."""
    for name in os.listdir("/proc"):
        if name.isdigit() and _session_of(name) == leader:
            yield int(name)


def _session_of(pid: str) -> int:
    try:
        stat = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0  # it has ended since the folder was listed
    return int(stat.rpartition(")")[2].split()[3])


def _pss(pid: int) -> int:
    """Memory of one process, shared pages divided by those who share them."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next(
                (int(line.split()[1]) * 1024 for line in file if line[:4] == "Pss:"), 0
            )
    except OSError:
        return 0  # it has ended, or has no memory of its own any more


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    ours = {os.getpid(), os.getppid()}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in ours:
            try:
                raw = Path("/proc", name, "cmdline").read_bytes()
            except OSError:
                continue  # it has ended since the folder was listed
            yield int(name), raw.decode(errors="replace").split("\0")


def _names(words: list[str], program: str) -> bool:
    """Whether a command line starts that program, perhaps through an interpreter."""
    is_shell = Path(words[0]).name in {"bash", "dash", "sh", "zsh"}
    return not is_shell and any(program in Path(w).name for w in words[:3])
