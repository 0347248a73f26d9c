"""Every problem once, with its exact text: how people read it, and how programs do."""

import importlib
import json
import os
import pkgutil
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import sitegen
from sitegen.build import parse, survey
from sitegen.content.scan import Scan
from tests.conftest import CLOCK, Golden, Run
from tests.trees import GOLDEN, write_tree

CHECKED = ("errors", "errors-config", "errors-toml", "errors-templates")
"""Sites whose problems `check` finds."""

ALL = (*CHECKED, "errors-rendering", "errors-disk")


HUGE = {
    "errors": {
        "content/long.md": f"---\ntitle: Long\nextra: {'x' * 270_000}\n---\n",
        "content/many.md": f"---\ntitle: Many\nextra: [{'1, ' * 10_001}]\n---\n",
    }
}
"""Files that are too large to be kept among the golden ones."""


def copied(name: str, tmp_path: Path) -> Path:
    """Returns a copy of a golden site."""
    site = tmp_path / name
    shutil.copytree(GOLDEN / name / "site", site)
    return write_tree(site, HUGE.get(name, {}))


@pytest.mark.parametrize("name", CHECKED)
def test_a_check_says_exactly_this(
    name: str, run: Run, golden: Golden, tmp_path: Path
) -> None:
    site = copied(name, tmp_path)
    said = {}
    for format, ending in (("text", "txt"), ("github", "github"), ("json", "json")):
        result = run("check", "--format", format, root=site)
        assert result.exit_code == 1
        said[f"problems.{ending}"] = result.stdout
    golden(GOLDEN / name / "expected", write_tree(tmp_path / "said", said))


def test_errors_of_rendering_are_said_once_for_each_place(
    run: Run, golden: Golden, tmp_path: Path
) -> None:
    site = copied("errors-rendering", tmp_path)
    result = run("build", root=site)
    assert result.exit_code == 1
    assert result.stdout == ""
    said = write_tree(tmp_path / "said", {"problems.txt": result.stderr})
    golden(GOLDEN / "errors-rendering" / "expected", said)


def test_errors_of_the_disk(
    run: Run, golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = copied("errors-disk", tmp_path)
    said = {
        f"{name}.txt": run(
            *command.split(), root=prepared(site, change, monkeypatch)
        ).stderr
        for name, (command, change) in ON_DISK.items()
    }
    golden(
        GOLDEN / "errors-disk" / "expected",
        write_tree(tmp_path / "said", said),
    )


def prepared(
    site: Path,
    change: Callable[[Path, pytest.MonkeyPatch], None],
    monkey: pytest.MonkeyPatch,
) -> Path:
    """Returns a fresh copy of a site with something wrong around it."""
    monkey.undo()
    shutil.rmtree(site)
    shutil.copytree(GOLDEN / "errors-disk" / "site", site)
    change(site, monkey)
    return site


def link_out(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Puts a link in the content that leads out of the site."""
    (site / "content/outside.md").symlink_to("/etc/hostname")


def odd_name(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Puts a file in the content whose name is Latin-1."""
    Path(os.fsdecode(os.fsencode(site) + b"/content/caf\xe9.md")).write_text("x")


def no_entry(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Makes a folder unreadable, also for root."""
    (site / "content/locked").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkey.setattr("sitegen.content.scan.os.scandir", refuse)


def vanish(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Takes a file away after it was listed."""
    listed = survey.scan_content

    def and_delete(root: Path, config: object) -> Scan:
        found = listed(root, config)  # type: ignore[arg-type]
        (root / "content/posts/a.md").unlink()
        return found

    monkey.setattr(survey, "scan_content", and_delete)


def race(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Changes a file after it was parsed."""
    text = parse.Documents.text

    def after_a_change(documents: parse.Documents, id: str) -> str:
        with open(site / "content" / id, "a") as file:
            file.write("Another text.\n")
        return text(documents, id)

    monkey.setattr(parse.Documents, "text", after_a_change)
    monkey.setattr("sitegen.build.drawer.Drawer.take", lambda drawer, id: None)


def too_many(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Puts more problems in a file than are listed, which here are two."""
    monkey.setattr("sitegen.content.posts._MAX_FINDINGS", 2)
    text = "---\ntitle: Many\naliases: [a?, b?, c?, d?]\n---\n"
    write_tree(site, {"content/many.md": text})


def misspell(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Asks for a Markdown extension that nobody has."""
    write_tree(site, {"sitegen.toml": "[markdown]\nextensions = ['fotnotes']\n"})


def in_the_way(site: Path, monkey: pytest.MonkeyPatch) -> None:
    """Puts somebody's files where the site would be written."""
    write_tree(site / "output", {"index.html": "mine", "posts/a/index.html": "too"})


ON_DISK: dict[str, tuple[str, Callable[[Path, pytest.MonkeyPatch], None]]] = {
    "symlink-outside": ("build", link_out),
    "file-name": ("build", odd_name),
    "file-unreadable": ("build", no_entry),
    "markdown-failed": ("build", misspell),
    "file-vanished": ("build", vanish),
    "build-race": ("build", race),
    "output-foreign": ("build", in_the_way),
    "problems-too-many": ("build", too_many),
}


def codes() -> set[str]:
    """Returns every code in a CODES table, submissions' own included."""
    found: set[str] = set()
    for module in pkgutil.walk_packages(sitegen.__path__, "sitegen."):
        if not module.name.endswith("__main__"):
            found |= set(getattr(importlib.import_module(module.name), "CODES", {}))
    return found


def shown() -> set[str]:
    """Returns every code that a golden text shows."""
    texts = [path.read_text() for name in ALL for path in expected(name)]
    return set(re.findall(r": (?:error|warning)\[([a-z0-9-]+)\]: ", "\n".join(texts)))


def expected(name: str) -> list[Path]:
    """Returns the texts that a golden site gives."""
    return sorted((GOLDEN / name / "expected").glob("*.txt"))


def test_every_problem_is_shown_once() -> None:
    assert codes() - shown() == set()


def test_no_other_problem_is_shown() -> None:
    assert shown() - codes() == set()


def test_programs_get_what_people_get() -> None:
    for name in CHECKED:
        folder = GOLDEN / name / "expected"
        problems = json.loads((folder / "problems.json").read_text())["problems"]
        lines = (folder / "problems.txt").read_text().splitlines()
        heads = [line for line in lines if re.search(r": (error|warning)\[", line)]
        assert len(problems) == len(heads)
        for problem, head in zip(problems, heads, strict=True):
            assert head.startswith(problem["path"])
            assert f"{problem['severity']}[{problem['code']}]" in head


def test_problems_are_sorted_by_file_and_line() -> None:
    for name in CHECKED:
        text = (GOLDEN / name / "expected/problems.json").read_text()
        places = [
            (p["path"], p["line"], p["column"]) for p in json.loads(text)["problems"]
        ]
        assert places == sorted(places)


def test_a_problem_shows_the_line_it_is_in() -> None:
    for name in CHECKED:
        for problem in json.loads(
            (GOLDEN / name / "expected/problems.json").read_text()
        )["problems"]:
            if not problem["line"]:
                continue
            file = GOLDEN / name / "site" / problem["path"]
            if not file.exists():
                assert problem["path"] in HUGE[name]
                continue
            data = file.read_bytes()
            line = data.decode("utf-8", "replace").split("\n")[problem["line"] - 1]
            assert line.startswith(problem["source"]) or len(line) > 2000, problem
            assert problem["column"] <= len(line) + 1


def test_the_clock_of_these_texts_stands_still() -> None:
    assert CLOCK == 1782907200
