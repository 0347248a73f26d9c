"""Times and memory are those of the whole command, and failures are told."""

import sys
from pathlib import Path

import pytest

from benchmarks.measure import Failed, is_tmpfs, peak_memory, remove, time_command
from benchmarks.peers.tool import Command


def python(folder: Path, code: str) -> Command:
    return Command((sys.executable, "-c", code), folder, {"WORD": "said"})


def test_processor_time_counts_child_processes(tmp_path: Path) -> None:
    spin = "import time\\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{spin}'])"
    timing = time_command(python(tmp_path, code), limit=60)
    assert timing.processor >= 0.3
    assert timing.seconds > 0


def test_variables_and_folder_reach_the_command(tmp_path: Path) -> None:
    code = "import os; open('here', 'w').write(os.environ['WORD'])"
    time_command(python(tmp_path, code), limit=60)
    assert (tmp_path / "here").read_text() == "said"


def test_a_failure_tells_the_exit_code_and_the_last_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="exit code 3: out of luck"):
        code = "import sys; print('out of luck'); sys.exit(3)"
        time_command(python(tmp_path, code), limit=60)


def test_a_command_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="not finished"):
        time_command(python(tmp_path, "while True: pass"), limit=0.2)


def test_memory_of_child_processes_is_added(tmp_path: Path) -> None:
    hold = "import time; x = b'1' * 40_000_000; time.sleep(0.6)"
    code = (
        "import subprocess, sys;"
        f"a = [subprocess.Popen([sys.executable, '-c', {hold!r}]) for _ in 'ab'];"
        "[p.wait() for p in a]"
    )
    assert peak_memory(python(tmp_path, code), limit=60) > 80_000_000


def test_files_and_folders_are_removed_if_there(tmp_path: Path) -> None:
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    remove([tmp_path / "folder", tmp_path / "file", tmp_path / "nothing"])
    assert list(tmp_path.iterdir()) == []


def test_the_proc_file_system_is_no_tmpfs() -> None:
    assert not is_tmpfs(Path("/proc"))
