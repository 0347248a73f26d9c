"""Trees are written, read and compared byte for byte."""

from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from tests import trees
from tests.conftest import Golden, MakeSite

NAMES = st.text("abcd.", min_size=1).filter(lambda name: name.strip("."))
FILES = st.dictionaries(NAMES, st.binary())


@hypothesis.given(FILES)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    assert trees.tree(trees.write_tree(root, files)) == files


def test_text_keeps_its_line_ends(tmp_path: Path) -> None:
    root = trees.write_tree(tmp_path, {"a/b.md": "é\r\n", "c": b"\xff"})
    assert trees.tree(root) == {"a/b.md": b"\xc3\xa9\r\n", "c": b"\xff"}


def test_patterns_leave_files_out(tmp_path: Path) -> None:
    root = trees.write_tree(tmp_path, {".hidden": "", "a.css": "", "a.html": ""})
    assert list(trees.tree(root, [".*", "*.css"])) == ["a.html"]


@hypothesis.given(FILES, FILES)
def test_only_equal_trees_do_not_differ(
    expected: dict[str, bytes], found: dict[str, bytes]
) -> None:
    assert (trees.differences(expected, found) == "") == (expected == found)


def test_differences_are_readable() -> None:
    expected = {"gone": b"", "page.html": b"<p>\none\n", "logo.png": b"\xff"}
    found = {"new": b"", "page.html": b"<p>\ntwo\r\n", "logo.png": b"\xfe\xff"}
    assert trees.differences(expected, found).splitlines() == [
        "- gone is missing",
        "! logo.png differs: not text, 1 bytes expected, 2 found",
        "+ new is not expected",
        "! page.html differs:",
        "--- expected",
        "+++ found",
        "@@ -1,2 +1,2 @@",
        " <p>",
        "-one",
        "+'two\\r\\n'",
    ]


def test_long_differences_are_cut() -> None:
    lines = b"".join(b"%d\n" % number for number in range(100))
    report = trees.differences({"page": b""}, {"page": lines}).splitlines()
    assert report[-1] == "  … 63 more lines"
    assert len(report) == trees.LINES_SHOWN + 2


def test_a_golden_tree_must_be_the_same(golden: Golden, make_site: MakeSite) -> None:
    expected = make_site({"index.html": "one"}, name="expected")
    golden(expected, make_site({"index.html": "one", ".log": ""}), [".log"])
    with pytest.raises(pytest.fail.Exception, match=r"index\.html differs"):
        golden(expected, make_site({"index.html": "two"}))


def test_golden_trees_are_rewritten_on_demand(pytester: pytest.Pytester) -> None:
    source = """
        import pathlib

        def test_golden(golden, make_site):
            golden(pathlib.Path("expected"), make_site({"a.html": "new"}))
    """
    pytester.makepyfile(source)
    trees.write_tree(pytester.path, {"expected/a.html": "old", "expected/b": "old"})
    plugin = ("-p", "tests.conftest")
    assert pytester.runpytest_inprocess(*plugin).ret == pytest.ExitCode.TESTS_FAILED
    pytester.runpytest_inprocess(*plugin, "--update-golden").assert_outcomes(passed=1)
    assert trees.tree(pytester.path / "expected") == {"a.html": b"new"}
    pytester.runpytest_inprocess(*plugin).assert_outcomes(passed=1)


def test_golden_sites_have_a_site(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trees.write_tree(tmp_path, {"blog/site/a.md": "", "notes/a.md": ""})
    monkeypatch.setattr(trees, "GOLDEN", tmp_path)
    assert trees.golden_sites() == [tmp_path / "blog"]
