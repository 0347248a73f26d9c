"""Two real blogs: checked as they are, and built once their errors are mended."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from sitegen.build.theme import FOLDER
from tests.browsing import Message
from tests.conftest import Run
from tests.trees import tree, write_tree

LATER = "2030-01-01"
"""All posts are published by then."""

Problems = list[dict[str, Any]]


def blog_18f(corpora: Path, root: Path) -> Path:
    """Returns a site of the 502 posts of 18F."""
    shutil.copytree(corpora / "18f/posts", root / "content/posts")
    return root


def blog_rust(corpora: Path, root: Path) -> Path:
    """Returns a site of Rust's blog, which lies at its top."""
    shutil.copytree(corpora / "rust-blog", root / "content")
    return root


def problems(run: Run, root: Path) -> Problems:
    """Returns what a check finds."""
    result = run("check", "--format", "json", "--clock", LATER, root=root)
    found: Problems = json.loads(result.stdout)["problems"]
    return found


def counts(found: Problems, severity: str) -> Counter[str]:
    """Returns how often each code is found."""
    return Counter(p["code"] for p in found if p["severity"] == severity)


def test_the_errors_of_18f(corpora: Path, run: Run, tmp_path: Path) -> None:
    found = problems(run, blog_18f(corpora, tmp_path))
    errors = [p for p in found if p["severity"] == "error"]
    assert [(p["path"][14:], p["line"], p["column"], p["code"]) for p in errors] == [
        ("2015-05-21-TockingTime.md", 19, 3, "alias-collision"),
        ("2024-01-12-andrew-hyder-award.md", 2, 1, "path-collision"),
        ("2024-01-12-andrew-hyder-award.md", 2, 8, "title-duplicate"),
        ("2024-08-20-andrew-hyder-award.md", 2, 1, "path-collision"),
        ("2024-08-20-andrew-hyder-award.md", 2, 8, "title-duplicate"),
    ]
    first = "content/posts/2023-05-08-andrew-hyder-award.md:3"
    assert all(first in p["message"] for p in errors if p["code"] == "title-duplicate")
    assert counts(found, "warning") == {
        "link-missing": 684,
        "image-missing": 106,
        "key-is-text": 1,
    }
    liquid = [p for p in found if p["hint"].startswith("Posts are not templates")]
    assert {p["code"] for p in liquid} == {"link-missing"}
    assert len(liquid) == 684, "Jekyll's links are left, and no other link is wrong"


def test_the_errors_of_rust(corpora: Path, run: Run, tmp_path: Path) -> None:
    found = problems(run, blog_rust(corpora, tmp_path))
    assert counts(found, "error") == {
        "title-duplicate": 21,
        "title-missing": 1,
        "template-unknown": 1,
    }
    duplicates = [p for p in found if p["code"] == "title-duplicate"]
    assert {(p["line"], p["column"]) for p in duplicates} == {(3, 9)}
    firsts = {re.search(r"by (content/.+):3\.$", p["message"]) for p in duplicates}
    titles = {match[1] for match in firsts if match}
    assert len(titles) == 14
    assert len(titles | {p["path"] for p in duplicates}) == 35
    places = [(p["path"], p["line"]) for p in found if p["code"] == "template-unknown"]
    assert places == [("content/releases/_index.md", 3)]
    assert counts(found, "warning").keys() == {
        "link-missing",
        "image-missing",
        "anchor-missing",
        "sort-by-unknown",
    }


@pytest.mark.parametrize("blog", [blog_18f, blog_rust])
def test_every_reference_is_found_where_it_stands(
    corpora: Path, run: Run, tmp_path: Path, blog: Callable[[Path, Path], Path]
) -> None:
    """At its target, or at the `[text][name]` whose definition is further down."""
    root = blog(corpora, tmp_path)
    codes = ("link-missing", "image-missing", "anchor-missing")
    found = [p for p in problems(run, root) if p["code"] in codes]
    assert len(found) > 500
    for problem in found:
        lines = (root / problem["path"]).read_text().split("\n")
        line = lines[problem["line"] - 1]
        target = re.search(r"'(.*)'", problem["message"])
        rest = line[problem["column"] - 1 :]
        assert target
        assert target[1] in rest or re.match(r"!?\[", rest), problem


@pytest.mark.parametrize("name", ["kamalmarhubi.jpeg", "charts.js"])
def test_what_is_really_there_is_not_warned_of(
    corpora: Path, run: Run, tmp_path: Path, name: str
) -> None:
    """The collection has no pictures: once they are there, so are the links to them."""
    root = blog_rust(corpora, tmp_path)
    before = problems(run, root)
    about = [p for p in before if f"'{name}'" in p["message"]]
    assert about
    for problem in about:
        write_tree((root / problem["path"]).parent, {name: "x"})
    after = problems(run, root)
    assert [p for p in before if p not in about] == after


def mend_18f(root: Path) -> None:
    """Gives two posts a slug of their own, and removes an alias."""
    posts = root / "content/posts"
    for year in ("2024-01-12", "2024-08-20"):
        replace(
            posts / f"{year}-andrew-hyder-award.md", "---\n", f"---\nslug: x{year}\n"
        )
    alias = "redirect_from:\n- /2015/05/21/TockingTime/\n"
    replace(posts / "2015-05-21-TockingTime.md", alias, "")


def mend_rust(root: Path) -> None:
    """Writes a title, and removes two templates that Rust's own theme has."""
    releases = root / "content/releases"
    replace(releases / "_index.md", 'template = "releases.html"\n', "")
    replace(releases / "latest.md", 'template = "latest.html"', 'title = "Latest"')


def replace(path: Path, old: str, new: str) -> None:
    """Replaces the first occurrence of a text, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("engine", ["commonmark", "markdown"])
@pytest.mark.parametrize(
    ("blog", "mend", "count", "aliases"),
    [(blog_18f, mend_18f, 502, 7), (blog_rust, mend_rust, 742, 732)],
)
def test_a_mended_blog_builds_and_no_post_is_missing(
    corpora: Path,
    run: Run,
    tmp_path: Path,
    engine: str,
    blog: Callable[[Path, Path], Path],
    mend: Callable[[Path], None],
    count: int,
    aliases: int,
) -> None:
    root = blog(corpora, tmp_path)
    mend(root)
    config = f'base_url = "https://example.org/b"\nmarkdown.engine = "{engine}"\n'
    write_tree(root, {"sitegen.toml": f'{config}[unique]\ntitle = "off"\n'})
    result = run("build", "-j2", "--clock", LATER, root=root)
    assert result.exit_code == 0, result.stderr[-500:]
    listing = run("list", "--format", "json", "--clock", LATER, root=root).stdout
    posts = json.loads(listing)["posts"]
    assert len(posts) == count
    built = tree(root / "output")
    for post in posts:
        path = post["url"].removeprefix("/b/")
        page = built[path + "index.html" if path.endswith("/") else path]
        assert f"<h1>{escape(post['title'])}" in page.decode(), post
    lines = built["_redirects"].decode().splitlines()
    assert len(lines) == aliases
    again = run("build", "-j1", "--clock", LATER, root=root)
    assert "nothing to do" in again.stderr


@pytest.mark.parametrize(
    ("blog", "mend"), [(blog_18f, mend_18f), (blog_rust, mend_rust)]
)
def test_the_w3c_has_nothing_to_say_of_the_theme(
    corpora: Path,
    run: Run,
    tmp_path: Path,
    html_checker: Callable[..., list[Message]],
    blog: Callable[[Path, Path], Path],
    mend: Callable[[Path], None],
) -> None:
    """Of all but the bodies, in which authors may write HTML of their own."""
    root = blog(corpora, tmp_path)
    mend(root)
    config = 'base_url = "https://example.org/b"\nmarkdown.engine = "commonmark"\n'
    without_bodies = {
        f"templates/{template.name}": re.sub(r"{{ [a-z.]+\.content }}", "", text)
        for template in (FOLDER / "templates").glob("*.html")
        if ".content }}" in (text := template.read_text(encoding="utf-8"))
    }
    assert {"templates/_article.html", "templates/list.html"} <= without_bodies.keys()
    files = {"sitegen.toml": f'{config}[unique]\ntitle = "off"\n', **without_bodies}
    write_tree(root, files)
    result = run("build", "-j2", "--clock", LATER, root=root)
    assert result.exit_code == 0, result.stderr[-500:]
    said = html_checker(root / "output")
    assert Counter(f"{m['message']} {m['extract']}" for m in said) == {}
