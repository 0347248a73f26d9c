"""What always holds of a build: same inputs, same bytes, whatever happened before."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from sitegen.build.pipeline import Order, Report, build
from sitegen.build.survey import Asked
from sitegen.config import load, parse
from sitegen.content.records import Moment
from sitegen.problems import ProblemsFound
from tests.build import grammar
from tests.conftest import CLOCK, EXAMPLES, PROFILE, MakeSite
from tests.surveys import NOW, md, post, survey
from tests.trees import differences, tree, write_tree

FEW = settings(max_examples=EXAMPLES[PROFILE] // 5)
"""For laws whose examples are whole builds."""


@contextmanager
def folder() -> Iterator[Path]:
    """Gives a folder of its own to each example."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def arrange(root: Path, files: grammar.Files) -> None:
    """Makes a folder hold these files, and leaves what is right already."""
    found = tree(root, ("output/*", ".sitegen/*"))
    for name in found.keys() - files.keys():
        (root / name).unlink()
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()) and path != root / "output":
            path.rmdir()
    write_tree(root, {n: t for n, t in files.items() if found.get(n) != t.encode()})


def built(root: Path, clock: int = CLOCK, jobs: int = 1) -> Report | None:
    """Builds a site; returns None if it has errors."""
    config, problems = load(root)
    asked = Asked(root, config, Moment(clock), problems=problems)
    try:
        return build(asked, Order(jobs))
    except ProblemsFound:
        return None


def clean(files: grammar.Files, clock: int = CLOCK) -> dict[str, bytes] | None:
    """Returns the output of a clean build, or None if there are errors."""
    with folder() as root:
        arrange(root, files)
        return tree(root / "output") if built(root, clock) else None


@FEW
@given(data=st.data())
def test_an_incremental_build_is_a_clean_build(data: st.DataObject) -> None:
    """Byte for byte, removed files included; with errors, the last good output stays."""
    files = data.draw(grammar.sites())
    clock = CLOCK
    with folder() as root:
        last: dict[str, bytes] = {}
        for _ in range(4):
            arrange(root, files)
            report = built(root, clock)
            expected = clean(files, clock)
            assert (report is None) == (expected is None)
            last = last if expected is None else expected
            note(f"{report and report.reasons}")
            assert differences(last, tree(root / "output")) == ""
            files = data.draw(grammar.edits(files))
            clock += data.draw(st.sampled_from([0, 0, 86_400, 86_400 * 60]))


@FEW
@given(files=grammar.sites())
def test_a_second_build_writes_nothing(files: grammar.Files) -> None:
    with folder() as root:
        arrange(root, files)
        if built(root) is None:
            return
        before = signatures(root / "output")
        report = built(root)
        assert report is not None and (report.rendered, report.written) == (0, 0)
        assert signatures(root / "output") == before
        shutil.rmtree(root / ".sitegen")
        assert built(root) is not None
        kept = signatures(root / "output")
        assert kept == before


def signatures(output: Path) -> dict[str, tuple[int, int, bytes]]:
    """Returns when and where each file was written, and its bytes."""
    return {
        name: ((output / name).stat().st_mtime_ns, (output / name).stat().st_ino, data)
        for name, data in tree(output).items()
    }


@FEW
@given(files=grammar.sites(), damage=st.binary(max_size=60), which=st.integers(0, 9))
def test_a_damaged_cache_changes_nothing(
    files: grammar.Files, damage: bytes, which: int
) -> None:
    with folder() as root:
        arrange(root, files)
        if built(root) is None:
            return
        before = tree(root / "output")
        cached = sorted(
            path for path in (root / ".sitegen").iterdir() if path.is_file()
        )
        file = cached[which % len(cached)]
        data = file.read_bytes()
        at = which * 7 % (len(data) + 1)
        file.write_bytes(data[:at] + damage + data[at + len(damage) :])
        arrange(root, files | {"content/new.md": md("title: New")})
        arrange(root, files)
        assert built(root) is not None
        assert tree(root / "output") == before


# Processes


def many(count: int = 70) -> grammar.Files:
    """Returns a site that is worth more than one process."""
    files = {
        f"content/posts/p{n}.md": post(
            f"Post {n}",
            f"tags: [t{n % 7}, T{n % 3}]",
            f"aliases: [/old/{n}/]",
            date=f"2026-01-{n % 28 + 1:02}",
            body=f"# Heading {n}\n\n[next](p{(n + 1) % count}.md#heading-{n + 1})\n",
        )
        for n in range(count)
    }
    config = 'title = "Many"\nbase_url = "https://example.org/x"\n[extra]\nd = 2020-01-02T03:04:05Z\n'
    footer = (
        "{{ site.extra.d }}{% for t in site.terms('tags') %}{{ t.name }}{% endfor %}"
    )
    return files | {"sitegen.toml": config, "templates/_footer.html": footer}


def command(root: Path, *arguments: str, seed: str = "0") -> subprocess.Popen[bytes]:
    """Starts `sitegen build` in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "SOURCE_DATE_EPOCH": str(CLOCK),
    }
    line = [sys.executable, "-m", "sitegen", "-C", str(root), "build", *arguments]
    return subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ran(root: Path, *arguments: str, seed: str = "0") -> dict[str, bytes]:
    """Builds in a process of its own and returns the output."""
    process = command(root, *arguments, seed=seed)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return tree(root / "output")


def test_neither_processes_nor_hash_seeds_change_a_byte(make_site: MakeSite) -> None:
    serial = ran(make_site(many(), "serial"), "-j1", seed="1")
    parallel = ran(make_site(many(), "parallel"), "-j2", seed="2")
    assert differences(serial, parallel) == ""
    assert len(serial) > 150


def test_changing_the_number_of_processes_makes_nothing_anew(
    make_site: MakeSite,
) -> None:
    root = make_site(many())
    ran(root, "-j2", seed="3")
    before = signatures(root / "output")
    ran(root, "-j1", seed="4")
    assert signatures(root / "output") == before


def test_a_killed_build_is_repaired_by_the_next(
    make_site: MakeSite, rounds: Callable[[int], int]
) -> None:
    """At twenty random moments; and the old output is there until the new one is."""
    files = many(30)
    root = make_site(files)
    expected = ran(make_site(files, "clean"), "-j1")
    chance = random.Random(7)
    for number in range(rounds(20)):
        shutil.rmtree(root / "output", ignore_errors=True)
        if number % 2:
            shutil.rmtree(root / ".sitegen", ignore_errors=True)
        process = command(root, f"-j{number % 2 + 1}")
        timer = threading.Timer(chance.uniform(0.05, 1.5), process.kill)
        timer.start()
        process.communicate()
        timer.cancel()
        assert process.returncode in (0, -signal.SIGKILL)
        assert differences(expected, ran(root, "-j1")) == ""


def test_a_build_killed_after_an_edit_is_repaired(
    make_site: MakeSite, rounds: Callable[[int], int]
) -> None:
    """Killed at each step of writing, by the very call that writes."""
    files = many(8)
    edited = files | {
        "content/posts/p1.md": post("Another title", date="2026-03-01"),
        "content/posts/new.md": post("New"),
    }
    del edited["content/posts/p2.md"]
    expected = clean(edited)
    assert expected is not None
    again = clean(files)
    for number in range(0, 60, 60 // (6 * rounds(10))):
        root = make_site(files, f"site{number}")
        assert built(root)
        arrange(root, edited)
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(root), str(number)], check=False
        )
        assert killed.returncode in (0, -signal.SIGKILL)
        if number % 2:
            arrange(root, files)
            assert built(root)
            assert differences(again or {}, tree(root / "output")) == ""
        else:
            assert built(root)
            assert differences(expected, tree(root / "output")) == ""


KILLED = f"""
import os, signal, sys
from pathlib import Path
from sitegen.build.pipeline import Order, build
from sitegen.build.survey import Asked
from sitegen.config import load
from sitegen.content.records import Moment

left = int(sys.argv[2])

def deadly(function):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return call

for name in ("replace", "unlink", "rmdir", "open"):
    setattr(os, name, deadly(getattr(os, name)))
root = Path(sys.argv[1])
build(Asked(root, load(root)[0], Moment({CLOCK})), Order())
"""


# No input text makes a check raise


TEXTS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.tuples(st.sampled_from(["---\n", "+++\n", ""]), st.text(max_size=80)).map(
        lambda parts: f"{parts[0]}title: x\n{parts[1]}\n{parts[0]}[x](y)\n".encode(
            "utf-8", "replace"
        )
    ),
)


@given(page=TEXTS, index=TEXTS)
@example(page=b"---\n- &a [*a]\n---\n", index=b"\xff\xfe")
def test_no_content_makes_a_check_raise(page: bytes, index: bytes) -> None:
    with folder() as root:
        names = ("content/posts/a.md", "content/b/index.md", "content/c.markdown")
        write_tree(root, {**dict.fromkeys(names, page), "content/b/_index.md": index})
        for problem in survey(root).problems():
            assert problem.code and problem.message


VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                '""',
                '"."',
                '"/"',
                '"../x"',
                '"/{slug}/"',
                '"/../{slug}/"',
                "-1",
                "true",
            ),
            *('"\\u0000"', '"a\\nb"', "[]", "{}", "2026-01-01", "1e999", "9" * 30),
            *('"https://x"', '"en"', '"Europe"', '"site"', '"commonmark"', '"posts"'),
        ]
    ),
    st.text(max_size=9).map(lambda text: f"'{text}'"),
)
KEYS = st.sampled_from(
    [
        *("title", "base_url", "language", "timezone", "description", "nonsense"),
        *("paths.content", "paths.output", "paths.static", "paths.templates"),
        *("build.paginate", "unique.title", "permalinks.posts", "permalinks.''"),
        *("taxonomies.tags", "taxonomies.x", "feed.path", "feed.limit", "extra.x"),
        *("markdown.engine", "markdown.extensions", "markdown.extension_configs"),
        *("paths", "extra", "taxonomies", "markdown"),
    ]
)


@given(settings=st.dictionaries(KEYS, VALUES, max_size=5), rest=st.text(max_size=20))
def test_no_configuration_makes_a_check_raise(
    settings: dict[str, str], rest: str
) -> None:
    """And whatever is wrong with it, what is used instead can be worked with."""
    lines = [f"{key} = {value}" for key, value in settings.items()]
    text = "\n".join([*lines, rest if len(rest) > 15 else ""])
    with folder() as root:
        files = {"content/posts/a.md": post("A", "tags: [x]"), "content/b.md": "x"}
        write_tree(root, {**files, "sitegen.toml": text.encode("utf-8", "replace")})
        for problem in survey(root, NOW).problems():
            assert problem.code and problem.message


@given(data=st.binary(max_size=120))
def test_no_bytes_make_the_configuration_raise(data: bytes) -> None:
    config, problems = parse(data)
    assert config.paths.output and all(problem.is_error for problem in problems)


MARKS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", " post.title ", "|", "'", "if ", "for x in "]
    + ["endif", "include 'x'", "extends 'base.html'", "\n", "1", "(", "[", ".a", "set "]
)


@FEW
@given(
    template=st.one_of(st.lists(MARKS, max_size=9).map("".join), st.text(max_size=30))
)
def test_no_template_makes_a_build_raise(template: str) -> None:
    with folder() as root:
        name = "templates/post.html"
        data = template.encode("utf-8", "replace")
        write_tree(root, {"content/posts/a.md": post("A"), name: data})
        built(root)
