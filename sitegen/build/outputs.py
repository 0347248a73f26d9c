"""The output folder: what we wrote there, and how new files take their places.

The manifest, `.sitegen-manifest`, lists digests of the paths and of the bytes that we
wrote, so that an address which no page links to is not given away. Before the first
file is touched it becomes the union of old and new, and after the last one the new:
killed at any moment, the next build knows which files are ours. What is not in it is
never overwritten and never deleted.

Where there is no output folder yet, a new one is filled beside its place and gets its
name in one step.
"""

import errno
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from os.path import samestat
from pathlib import Path

import msgspec

from sitegen.content.scan import MANIFEST, STAGED
from sitegen.digests import SIZE, digest
from sitegen.problems import Location, Problem, SitegenError, error

CODES = {
    "output-foreign": "A file that sitegen did not write lies where it would write.",
}

MEANWHILE = frozenset((errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR))
"""What is wrong where somebody else made or removed a folder that we made."""

LONGEST = 255 - len(f".{STAGED}")
"""Bytes of a name that can still be staged under itself."""

LONG = LONGEST // 4
"""Characters of a name that may have more bytes than that."""

SMALL = 1 << 20
"""Files of more bytes are copied without reading them into memory."""

_HEADER = "sitegen manifest 1"

Manifest = dict[bytes, frozenset[bytes]]
"""Digest of a path → digests of the bytes that we may have written there."""


class Output(msgspec.Struct, frozen=True, array_like=True):
    """A file of the output folder as we left it."""

    path: str
    digest: bytes
    mtime_ns: int
    size: int
    inode: int


class Staged(msgspec.Struct, frozen=True, array_like=True):
    """A new output."""

    output: Output
    waiting: bool
    """True if its bytes still lie beside their target."""
    is_new: bool = False
    """True if nothing can lie where it will be."""


@lru_cache(maxsize=1 << 15)
def path_digest(path: str) -> bytes:
    """Returns the digest that stands for an output path in the manifest."""
    return digest(path.encode())


def read_manifest(folder: Path) -> Manifest:
    """Returns the manifest of an output folder; empty if there is none to trust."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="ascii").splitlines()
        if lines[:1] != [_HEADER]:
            return {}
        found: dict[bytes, set[bytes]] = {}
        for line in lines[1:]:
            path, _, data = line.partition(" ")
            found.setdefault(bytes.fromhex(path), set()).add(bytes.fromhex(data))
    except (OSError, ValueError):
        return {}
    return {path: frozenset(data) for path, data in found.items()}


def manifest_digest(folder: Path) -> bytes:
    """Returns the digest of the manifest as it lies there; b"" for none."""
    return file_digest(folder / MANIFEST)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replaces the manifest in one step."""
    lines = [
        f"{path.hex()} {data.hex()}"
        for path, datas in manifest.items()
        for data in datas
    ]
    _write_lines(folder, [_HEADER, *sorted(lines)])


def _write_lines(folder: Path, lines: Iterable[str]) -> None:
    temporary = folder / staged_name(MANIFEST)
    temporary.write_text("\n".join([*lines, ""]), encoding="ascii")
    os.replace(temporary, folder / MANIFEST)


def manifest_of(outputs: Iterable[Output]) -> Manifest:
    """Returns the manifest of some outputs."""
    return {path_digest(o.path): frozenset((o.digest,)) for o in outputs}


def union(old: Manifest, new: Manifest) -> Manifest:
    """Returns a manifest that knows what either knows."""
    both = dict(old)
    for path, data in new.items():
        both[path] = both.get(path, frozenset()) | data
    return both


def staged_name(path: str) -> str:
    """Returns the path at which a new file waits beside its target."""
    folder, slash, name = path.rpartition("/")
    if len(name) > LONG and len(name.encode()) > LONGEST:
        name = path_digest(name).hex()
    return f"{folder}{slash}.{name}{STAGED}"


def stage(folder: str, path: str, data: bytes, known: Output | None) -> Staged:
    """Returns a new output, written beside its target unless the target has its bytes.

    `known` is the output as the last build left it.
    """
    new = digest(data)
    if known and known.digest == new and as_left(folder, known):
        return Staged(known, False)
    target = f"{folder}/{path}"
    # In a folder that was not there nothing else can be.
    is_new = known is None and _makes_folder(target)
    if not is_new and _has_bytes(target, data):
        return Staged(_output(target, path, new), False)
    status = _write(f"{folder}/{staged_name(path)}", data)
    return Staged(_as_output(path, new, status), True, is_new)


def stage_copy(folder: str, path: str, source: str, known: Output | None) -> Staged:
    """Returns a copy of a file as an output, staged like `stage` does."""
    with open(source, "rb") as file:
        if os.fstat(file.fileno()).st_size <= SMALL:
            return stage(folder, path, file.read(), known)
    new = file_digest(source)
    target = os.path.join(folder, path)
    if known and known.digest == new and as_left(folder, known):
        return Staged(known, False)
    if file_digest(target) == new:
        return Staged(_output(target, path, new), False)
    return Staged(_copy(source, os.path.join(folder, staged_name(path)), path), True)


def write_new(folder: str, path: str, data: bytes) -> Staged:
    """Returns an output that is written to a folder which waits as a whole."""
    target = f"{folder}/{path}"
    _makes_folder(target)
    output = _as_output(path, digest(data), _write(target, data))
    return Staged(output, True, True)


def copy_new(folder: str, path: str, source: str) -> Staged:
    """Returns a copy of a file in a folder which waits as a whole."""
    with open(source, "rb") as file:
        if os.fstat(file.fileno()).st_size <= SMALL:
            return write_new(folder, path, file.read())
    return Staged(_copy(source, os.path.join(folder, path), path), True, True)


def _copy(source: str, target: str, path: str) -> Output:
    """Copies a large file; returns it as the output that it will be."""
    import shutil

    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    return _output(target, path, file_digest(target))


class NewFolder:
    """An output folder that is filled beside its place, and named as a whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder.with_name(staged_name(folder.name))
        """Where it waits for its name."""
        self.handle = -1
        """Of the folder that was begun: while it is open no other can be the same."""

    def begin(self) -> None:
        """Makes it, empty, in place of what an interrupted build may have left."""
        self.remove()
        self.path.mkdir(parents=True)
        self.handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def commit(self, new: Iterable[Staged]) -> None:
        """Gives it its name; removes it and raises SitegenError if that cannot be.

        So it is where something of that name is there by now, or where the folder was
        removed meanwhile, whose files are then lost.
        """
        try:
            if not samestat(os.fstat(self.handle), self.path.stat()):
                raise OSError(errno.ENOENT, "The folder is gone")
            write_manifest(self.path, manifest_of(item.output for item in new))
            if os.path.lexists(self.folder):
                raise OSError(errno.EEXIST, "There is a folder")
            os.rename(self.path, self.folder)
            self.close()
        except OSError as failure:
            self.remove()
            if failure.errno not in MEANWHILE:
                raise
            message = f"{self.folder} was changed while the site was being built."
            raise SitegenError(message, "Build again.") from failure

    def remove(self) -> None:
        """Removes it before it has its name."""
        self.close()
        if self.path.is_symlink() or self.path.is_file():
            self.path.unlink()
        elif self.path.exists():
            import shutil

            shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Lets go of the folder."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def as_left(folder: str, output: Output) -> bool:
    """True if a file's stat signature is the one that we left."""
    try:
        status = os.stat(f"{folder}/{output.path}")
    except OSError:
        return False
    return (
        status.st_mtime_ns == output.mtime_ns
        and status.st_size == output.size
        and status.st_ino == output.inode
    )


def as_found(folder: str, output: Output) -> Output | None:
    """Returns an output with the signature that it has now; None if its bytes differ.

    Its bytes are only read if the signature is another one, as on another machine.
    """
    if as_left(folder, output):
        return output
    file = os.path.join(folder, output.path)
    if file_digest(file) != output.digest:
        return None
    return _output(file, output.path, output.digest)


def _write(path: str, data: bytes) -> os.stat_result:
    """Writes a new file and the folder it needs; returns its status."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o666)
    except FileNotFoundError:
        _make_folder(path.rpartition("/")[0])
        handle = os.open(path, flags, 0o666)
    try:
        written = os.write(handle, data)
        while written < len(data):
            written += os.write(handle, memoryview(data)[written:])
        return os.fstat(handle)
    finally:
        os.close(handle)


def _makes_folder(target: str) -> bool:
    """True if a page's own folder was made, and was not there before."""
    folder, _, name = target.rpartition("/")
    if name != "index.html":
        return False
    try:
        os.mkdir(folder)
    except OSError:
        return False
    return True


def _make_folder(path: str) -> None:
    """Makes a folder; that above it is most often there, which `makedirs` doubts."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def _has_bytes(path: str, data: bytes) -> bool:
    try:
        if os.stat(path).st_size != len(data):
            return False
        with open(path, "rb") as file:
            return file.read() == data
    except OSError:
        return False


def file_digest(path: str | Path) -> bytes:
    """Returns the digest of a file's bytes; b"" if it cannot be read."""
    hasher = sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                hasher.update(block)
    except OSError:
        return b""
    return hasher.digest()[:SIZE]


def _output(file: str, path: str, data: bytes) -> Output:
    return _as_output(path, data, os.stat(file))


def _as_output(path: str, data: bytes, status: os.stat_result) -> Output:
    return Output(path, data, status.st_mtime_ns, status.st_size, status.st_ino)


def foreign(
    folder: Path, name: str, staged: Iterable[Staged], manifest: Manifest
) -> Iterator[Problem]:
    """Yields the files of others that new outputs would overwrite.

    `name` is the output folder relative to the site's root.
    """
    for item in staged:
        path = item.output.path
        if not item.waiting or item.is_new or not os.path.lexists(folder / path):
            continue
        if (folder / path).is_dir() and not (folder / path).is_symlink():
            for below in walk(folder, path):
                if not _is_ours(folder, below, manifest):
                    yield _foreign(f"{name}/{below}")
        elif path_digest(path) not in manifest:
            yield _foreign(f"{name}/{path}")


def _foreign(path: str) -> Problem:
    message = "sitegen did not write this file and will not overwrite it."
    hint = "Move it away, or build into another folder with -o."
    return error("output-foreign", Location(path), message, hint)


def strangers(folder: Path) -> list[str]:
    """Returns the files that we did not write, but for what lies in hidden folders.

    There a host or Git keeps its own, which may be thousands of files.
    """
    manifest = read_manifest(folder)
    return sorted(
        path
        for path in walk(folder)
        if path != MANIFEST
        and path_digest(path) not in manifest
        and "/." not in f"/{path.rpartition('/')[0]}"
    )


def _is_ours(folder: Path, path: str, manifest: Manifest) -> bool:
    """True if a file has the bytes that we wrote, or is staged by us."""
    if path.endswith(STAGED):
        return True
    datas = manifest.get(path_digest(path), frozenset())
    return file_digest(os.path.join(folder, path)) in datas


def commit(
    folder: Path, new: Collection[Staged], fresh: Collection[Output], old: Manifest
) -> list[str]:
    """Puts all staged files into place and removes ours that are no longer planned.

    `fresh` are planned outputs that lie there already. Returns the removed paths.
    """
    planned = [*(item.output for item in new), *fresh]
    manifest = manifest_of(planned)
    waiting = [item.output.path for item in new if item.waiting]
    gone = old.keys() - manifest.keys()
    if not waiting and not gone:
        if old != manifest:
            write_manifest(folder, manifest)
        return []
    folder.mkdir(parents=True, exist_ok=True)
    write_manifest(folder, union(old, manifest))
    ours = {path: old[path] for path in gone}
    removed = []
    for path in waiting:
        removed += _replace(folder, path, ours)
    removed += _prune(folder, "", ours) if gone else []
    write_manifest(folder, manifest)
    return sorted(removed)


def recommit(
    folder: Path, new: Collection[Staged], known: Mapping[str, Output]
) -> None:
    """Puts staged files into the places of outputs that the manifest knows.

    `known` are these outputs by path, as we left them. Where no file comes or goes this
    does what `commit` does, and changes single lines of the manifest.
    """
    if not new:
        return
    lines = (folder / MANIFEST).read_text(encoding="ascii").splitlines()
    places = {line: place for place, line in enumerate(lines)}
    changed = {
        places[_line(known[item.output.path])]: _line(item.output) for item in new
    }
    _write_lines(folder, [*lines, *changed.values()])
    for item in new:
        if item.waiting:
            target = os.path.join(folder, item.output.path)
            os.replace(os.path.join(folder, staged_name(item.output.path)), target)
    for place, line in changed.items():
        lines[place] = line
    _write_lines(folder, lines)


def _line(output: Output) -> str:
    """Returns the manifest's line about an output."""
    return f"{path_digest(output.path).hex()} {output.digest.hex()}"


def _replace(folder: Path, path: str, ours: Manifest) -> list[str]:
    """Puts one staged file into place; returns what had to go for it."""
    target = os.path.join(folder, path)
    temporary = os.path.join(folder, staged_name(path))
    try:
        os.replace(temporary, target)
    except IsADirectoryError:
        removed = _prune(folder, path, ours)
        _remove_empty_below(target)
        os.replace(temporary, target)
        return removed
    return []


def _remove_empty_below(folder: str) -> None:
    """Removes a folder that holds nothing but folders."""
    for base, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            os.rmdir(base)


def _prune(folder: Path, below: str, gone: Manifest) -> list[str]:
    """Removes files that the manifest calls ours, unless somebody edited them."""
    removed = []
    for path in list(walk(folder, below)):
        datas = gone.get(path_digest(path))
        if datas and file_digest(os.path.join(folder, path)) in datas:
            os.unlink(os.path.join(folder, path))
            removed.append(path)
    for path in removed:
        remove_empty(folder, path.rpartition("/")[0])
    return removed


def blocking(
    folder: Path, name: str, paths: Iterable[str], manifest: Manifest
) -> list[Problem]:
    """Returns the files of others that lie where the folder of a new output must be."""
    found = _files_as_folders(folder, paths)
    theirs = [path for path in found if not _is_ours(folder, path, manifest)]
    return [_foreign(f"{name}/{path}") for path in theirs]


def clear_way(folder: Path, paths: Iterable[str]) -> list[str]:
    """Moves files aside that lie where the folder of a new output must be.

    Only a file that became a folder since the last build is such a case; nothing can
    be staged below it while it is there. Returns their paths, for `put_back`.
    """
    found = _files_as_folders(folder, paths)
    for path in found:
        os.replace(folder / path, folder / staged_name(path))
    return found


def put_back(folder: Path, moved: Iterable[str]) -> None:
    """Undoes `clear_way`."""
    for path in moved:
        with suppress(OSError):
            os.replace(folder / staged_name(path), folder / path)


def _files_as_folders(folder: Path, paths: Iterable[str]) -> list[str]:
    """Returns the files that lie where folders of some paths must be."""
    parents = {path.rpartition("/")[0] for path in paths}
    for parent in tuple(parents):
        while parent := parent.rpartition("/")[0]:
            parents.add(parent)
    found, missing = [], set()
    for parent in sorted(parents - {""}):
        place = f"{folder}/{parent}"
        if parent.rpartition("/")[0] in missing or not os.path.lexists(place):
            missing.add(parent)
        elif not os.path.isdir(place):
            found.append(parent)
    return found


def remove_empty(folder: Path, path: str) -> None:
    """Removes a sub-folder and those above it as long as they are empty."""
    with suppress(OSError):
        while path:
            os.rmdir(os.path.join(folder, path))
            path = path.rpartition("/")[0]


def walk(folder: Path, below: str = "") -> Iterator[str]:
    """Yields every file of the output folder, without following links."""
    for base, _, names in os.walk(folder / below):
        start = os.path.relpath(base, folder)
        for name in names:
            yield name if start == "." else f"{start}/{name}".replace(os.sep, "/")


def remove_staged(folder: Path) -> None:
    """Removes what an interrupted build left, in the folder and beside it."""
    NewFolder(folder).remove()
    for path in list(walk(folder)):
        name = path.rpartition("/")[2]
        if name.startswith(".") and name.endswith(STAGED):
            with suppress(OSError):
                os.unlink(os.path.join(folder, path))
            remove_empty(folder, path.rpartition("/")[0])


def unstage(folder: Path, paths: Iterable[str]) -> None:
    """Removes what was staged for some outputs, and folders made for it."""
    for path in paths:
        with suppress(OSError):
            os.unlink(os.path.join(folder, staged_name(path)))
        remove_empty(folder, path.rpartition("/")[0])


def clean(folder: Path) -> list[str]:
    """Removes everything that the manifest says we wrote; returns the paths."""
    remove_staged(folder)
    removed = _prune(folder, "", read_manifest(folder))
    with suppress(OSError):
        os.unlink(folder / MANIFEST)
    return removed
