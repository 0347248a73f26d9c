"""Folders as values: written from a dict, read into a dict, compared as a whole."""

import difflib
import shutil
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"
LINES_SHOWN = 40
"""Of the differences in one file."""


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Returns root, in which each file now has exactly these bytes (text as UTF-8)."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def tree(root: Path, leave_out: Iterable[str] = ()) -> dict[str, bytes]:
    """Returns every file below a folder by its path, but for patterns to leave out."""
    patterns = tuple(leave_out)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    names = {path.relative_to(root).as_posix(): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not any(fnmatch(name, pattern) for pattern in patterns)
    }


def golden_sites() -> list[Path]:
    """Returns the golden sites: folders with a `site` and what it must become."""
    return sorted(path.parent for path in GOLDEN.glob("*/site"))


def replace_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Makes a folder hold these files and no others."""
    shutil.rmtree(root, ignore_errors=True)
    write_tree(root, files)


def differences(expected: Mapping[str, bytes], found: Mapping[str, bytes]) -> str:
    """Returns a readable account of how two trees differ; empty if they do not."""
    names = sorted({*expected, *found})
    return "\n".join(
        _difference(name, expected.get(name), found.get(name))
        for name in names
        if expected.get(name) != found.get(name)
    )


def _difference(name: str, expected: bytes | None, found: bytes | None) -> str:
    if expected is None:
        return f"+ {name} is not expected"
    if found is None:
        return f"- {name} is missing"
    try:
        return _lines_that_differ(name, expected.decode(), found.decode())
    except UnicodeDecodeError:
        sizes = f"{len(expected)} bytes expected, {len(found)} found"
        return f"! {name} differs: not text, {sizes}"


def _lines_that_differ(name: str, expected: str, found: str) -> str:
    diff = list(
        difflib.unified_diff(
            [_shown(line) for line in expected.splitlines(keepends=True)],
            [_shown(line) for line in found.splitlines(keepends=True)],
            "expected",
            "found",
            lineterm="",
            n=1,
        )
    )
    rest = len(diff) - LINES_SHOWN
    more = [f"  … {rest} more lines"] if rest > 0 else []
    return "\n".join([f"! {name} differs:", *diff[:LINES_SHOWN], *more])


def _shown(line: str) -> str:
    """Returns a line with its ends visible unless it ends as lines usually do."""
    body = line.removesuffix("\n")
    return body if body.isprintable() and body != line else repr(line)
