"""The laws of the engine, for random sites, random templates and random edits.

SITEGEN_PROFILE=long makes ten thousand examples of the first.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from sitegen.build.drawer import Drawer
from sitegen.build.outputs import remove_empty
from sitegen.build.parse import Documents
from sitegen.build.render import render
from sitegen.build.survey import Asked, Survey, read_inputs
from sitegen.build.templates import HonestEnvironment
from sitegen.content.scan import STAGED
from tests.build.engine_grammar import History, Step, World, histories
from tests.build.engine_lab import Lab, asked, built, clean_build, small_theme, stats
from tests.trees import differences

PROFILE = os.environ.get("SITEGEN_PROFILE", "dev")

EXAMPLES = {"dev": 40, "ci": 300, "long": 10_000}[PROFILE]


@pytest.fixture(scope="module", autouse=True)
def theme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gives every test here the small theme."""
    folder = tmp_path_factory.mktemp("theme")
    with small_theme(folder):
        yield folder


@settings(max_examples=EXAMPLES)
@given(histories())
def test_an_incremental_build_equals_a_clean_one(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run_history(Path(folder), history)


def run_history(folder: Path, history: History) -> None:
    """Builds after every step and compares with a clean build of the same."""
    lab, world = Lab(folder / "site"), history.start
    lab.compiled = {}
    lab.write(world)
    check(lab, folder, world, 0)
    for number, step in enumerate(history.steps):
        for edit in step.edits:
            world = edit(world)
        lab.write(world)
        note(f"step {number}")
        for mishap in step.mishaps:
            MISHAP[mishap](lab, world, step.target)
        check(lab, folder, world, step.target)


@settings(max_examples=EXAMPLES // 4)
@given(histories(), st.randoms(use_true_random=False))
def test_a_page_is_the_same_whatever_was_made_before_it(
    history: History, random: Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = ending(history)
        expected = clean_build(Path(folder, "clean"), world, 0)
        assume(expected is not None)
        lab = Lab(Path(folder, "site"))
        lab.write(world)
        for path, data in shuffled_pages(asked(lab.root, world, 0), random):
            same({path: (expected or {})[path]}, {path: data}, "order matters")


def ending(history: History) -> World:
    """Returns the world after all steps."""
    world = history.start
    for step in history.steps:
        for edit in step.edits:
            world = edit(world)
    return world


def shuffled_pages(asked: Asked, random: Random) -> Iterator[tuple[str, bytes]]:
    """Yields the pages of a site, made by one process in any order, some twice."""
    survey = Survey(asked.root, read_inputs(asked))
    drawer = Drawer(asked.root, {})
    rules, posts = survey.inputs.rules, survey.site.by_id
    documents = Documents(asked.root, rules, survey.bodies, posts, drawer)
    environment = HonestEnvironment(survey.inputs.templates.sources)
    pages = [a for a in survey.artifacts if a.kind != "file"]
    for artifact in random.sample(pages * 2, len(pages) * 2):
        made = render(artifact, survey.site, environment, documents)
        yield artifact.output, made.data


@settings(max_examples=max(3, EXAMPLES // 100))
@given(histories(), st.integers(0, 4_000_000_000), st.sampled_from([2, 3]))
def test_a_parallel_build_equals_a_serial_one(
    theme: Path, history: History, seed: int, jobs: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab, world = Lab(Path(folder, "site")), history.start
        for step in (Step((), (), 0), *history.steps):
            for edit in step.edits:
                world = edit(world)
            lab.write(world)
            build_apart(lab, world, step.target, theme, seed, jobs)
            expected = clean_build(Path(folder, "clean"), world, step.target)
            if expected is not None:
                found = built(lab.output(step.target))
                same(expected, found, "a parallel build gives something else")


@settings(max_examples=max(3, EXAMPLES // 100))
@given(histories(), st.integers(0, 100))
def test_a_build_after_a_killed_one_equals_a_clean_one(
    theme: Path, history: History, moment: int
) -> None:
    """Kills by the clock; the first law kills at every touch of a file."""
    with tempfile.TemporaryDirectory() as folder:
        lab, world = Lab(Path(folder, "site")), ending(history)
        lab.write(history.start)
        lab.build(history.start, 0)
        lab.write(world)
        before = whole(built(lab.output(0)))
        process = start_apart(lab, world, 0, theme, 0, 2)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2 + moment / 400)
        process.kill()
        process.wait()
        expected = clean_build(Path(folder, "clean"), world, 0)
        report = lab.build(world, 0)
        assert (report is None) is (expected is None)
        found = built(lab.output(0))
        if expected is None:
            same(before, whole(found), "a killed and a failed build wrote something")
        else:
            files = {path: data for path, data in found.items() if path[-1] != "/"}
            same(expected, files, "a build after a killed one gives something else")


def start_apart(
    lab: Lab, world: World, target: int, theme: Path, seed: int, jobs: int
) -> subprocess.Popen[bytes]:
    """Starts a build in another process, with as many workers as it is told."""
    command = [sys.executable, "-m", "tests.build.engine_lab"]
    process = subprocess.Popen(
        [*command, str(lab.root), str(theme), str(target), str(jobs)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        stdin=subprocess.PIPE,
    )
    assert process.stdin
    process.stdin.write(msgspec.json.encode(world))
    process.stdin.close()
    return process


def build_apart(
    lab: Lab, world: World, target: int, theme: Path, seed: int, jobs: int
) -> None:
    """Builds in another process; problems are no failure, anything else is."""
    assert start_apart(lab, world, target, theme, seed, jobs).wait() == 0


def check(lab: Lab, folder: Path, world: World, target: int) -> None:
    """Builds and compares; then builds again, which must do nothing."""
    output = lab.output(target)
    before = built(output)
    report = lab.build(world, target)
    expected = clean_build(folder / "clean", world, target)
    if expected is None:
        assert report is None, "a clean build has problems, an incremental one has none"
        same(whole(before), whole(built(output)), "a failed build wrote something")
        return
    assert report is not None, "an incremental build has problems, a clean one has none"
    take_away_theirs(lab, output, expected)
    found = built(output)
    if lab.killed:  # between making a folder and the file in it
        found = {path: data for path, data in found.items() if path[-1] != "/"}
    same(expected, found, "an incremental build gives something else")
    left = stats(output)
    again = lab.build(world, target)
    assert again is not None
    assert (again.rendered, again.written, again.removed) == (0, 0, ())
    assert stats(output) == left


def same(expected: dict[str, bytes], found: dict[str, bytes], why: str) -> None:
    """Fails with what differs between two folders."""
    difference = differences(expected, found)
    assert not difference, f"{why}:\n{difference}"


def whole(found: dict[str, bytes]) -> dict[str, bytes]:
    """Returns outputs without what a killed build left, which any build may remove."""
    return {p: data for p, data in found.items() if not p.endswith((STAGED, "/"))}


def take_away_theirs(lab: Lab, output: Path, expected: dict[str, bytes]) -> None:
    """Takes out what somebody edited and no page needs: a build must let it lie."""
    for path in [path for path in lab.theirs if path.is_relative_to(output)]:
        data = lab.theirs.pop(path)
        if str(path.relative_to(output)) not in expected and path.exists():
            assert path.read_bytes() == data
            path.unlink()
            remove_empty(output, str(path.parent.relative_to(output)))


def some_output(lab: Lab, target: int) -> Path | None:
    """Returns an output file of a target."""
    found = sorted(built(lab.output(target)))
    return lab.output(target) / found[len(found) // 2] if found else None


def edit_an_output(lab: Lab, world: World, target: int) -> None:
    """Writes other bytes into an output, of the same length."""
    path = some_output(lab, target)
    if path and path.is_file():
        lab.theirs[path] = path.read_bytes()[::-1].swapcase()
        path.write_bytes(lab.theirs[path])


def empty_an_output(lab: Lab, world: World, target: int) -> None:
    """Leaves nothing in an output."""
    path = some_output(lab, target)
    if path and path.is_file():
        lab.theirs[path] = b""
        path.write_bytes(b"")


def delete_an_output(lab: Lab, world: World, target: int) -> None:
    """Deletes an output."""
    path = some_output(lab, target)
    if path and path.is_file():
        path.unlink()
        output = lab.output(target)
        remove_empty(output, str(path.parent.relative_to(output)))


def delete_outputs(lab: Lab, world: World, target: int) -> None:
    """Deletes the whole output folder."""
    shutil.rmtree(lab.output(target), ignore_errors=True)


def delete_manifest(lab: Lab, world: World, target: int) -> None:
    """Deletes the output folder's manifest, and what could then not be known as ours."""
    (lab.output(target) / ".sitegen-manifest").unlink(missing_ok=True)
    delete_outputs(lab, world, target)


def delete_cache(lab: Lab, world: World, target: int) -> None:
    """Deletes the cache."""
    shutil.rmtree(lab.root / ".sitegen", ignore_errors=True)


def cache_files(lab: Lab) -> list[Path]:
    """Returns the files of the cache."""
    found = sorted((lab.root / ".sitegen").glob("*"))
    return [path for path in found if path.name.startswith(("entries", "target"))]


def garble_cache(lab: Lab, world: World, target: int) -> None:
    """Changes a byte of each cache file."""
    for path in cache_files(lab):
        data = bytearray(path.read_bytes())
        data[len(data) * 2 // 3] ^= 1
        path.write_bytes(data)


def truncate_cache(lab: Lab, world: World, target: int) -> None:
    """Cuts each cache file in half."""
    for path in cache_files(lab):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])


def touch_everything(lab: Lab, world: World, target: int) -> None:
    """Gives every file another time."""
    for path in lab.root.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(1, 1_700_000_000_000_000_000))


def fail_in_template(lab: Lab, world: World, target: int) -> None:
    """Builds with a template that fails."""
    fail_with(lab, world, target, "templates/page.html", "{{ nothing.here }}")


def fail_in_content(lab: Lab, world: World, target: int) -> None:
    """Builds with a post that has no title."""
    fail_with(lab, world, target, "content/posts/bad.md", "---\ndraft: false\n---\n")


def fail_with(lab: Lab, world: World, target: int, path: str, text: str) -> None:
    """Builds with a bad file, which may fail, and takes it out again."""
    file = lab.root / path
    before = file.read_bytes() if file.exists() else None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    outputs = built(lab.output(target))
    if lab.build(world, target) is None:
        same(
            whole(outputs),
            whole(built(lab.output(target))),
            "a failed build wrote something",
        )
    if before is None:
        file.unlink()
    else:
        file.write_bytes(before)


def kill_a_build(lab: Lab, world: World, target: int) -> None:
    """Kills a build when it has touched so and so many files."""
    lab.killed = True
    end_at(lab, world, target, sum(map(len, world.tree())) % 97, signal.SIGKILL)


def interrupt_a_build(lab: Lab, world: World, target: int) -> None:
    """Sends Ctrl-C to a build; the output is then as before, or as it must be."""
    before = built(lab.output(target))
    moment = sum(map(len, world.tree())) % 97
    if end_at(lab, world, target, moment, signal.SIGINT):
        after = built(lab.output(target))
        expected = clean_build(lab.root.parent / "clean", world, target)
        if after != expected:
            same(
                whole(before),
                whole(after),
                "Ctrl-C left output neither as it was nor done",
            )


MISHAP: dict[str, Callable[[Lab, World, int], None]] = {
    "edit an output": edit_an_output,
    "delete an output": delete_an_output,
    "empty an output": empty_an_output,
    "delete the output folder": delete_outputs,
    "delete the manifest": delete_manifest,
    "delete the cache": delete_cache,
    "garble the cache": garble_cache,
    "truncate the cache": truncate_cache,
    "touch everything": touch_everything,
    "a template fails": fail_in_template,
    "a title is missing": fail_in_content,
    "kill": kill_a_build,
    "interrupt": interrupt_a_build,
}


def end_at(lab: Lab, world: World, target: int, moment: int, how: int) -> bool:
    """Builds in a forked process that gets a signal at its n-th touch of a file.

    Returns True if the build was interrupted.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            left = [moment]

            def count(event: str, _: object) -> None:
                if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"):
                    left[0] -= 1
                    if left[0] == 0:
                        signal.raise_signal(how)

            signal.signal(signal.SIGINT, signal.default_int_handler)
            sys.addaudithook(count)
            try:
                lab.build(world, target)
            except KeyboardInterrupt:
                os._exit(130)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 130
