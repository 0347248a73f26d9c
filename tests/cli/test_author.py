"""`sitegen init` and `sitegen new`: what authors begin with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeSite, Run
from tests.surveys import md, post, problems_of
from tests.trees import tree


def files(root: Path) -> set[str]:
    """Returns the files in a folder, but for Git's own."""
    return {name for name in tree(root) if not name.startswith(".git/")}


@pytest.mark.needs("git")
def test_a_site_is_started(tmp_path: Path, run: Run) -> None:
    result = run("init", root=tmp_path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert files(tmp_path) == {
        ".gitignore",
        "content/posts/hello-world.md",
        "sitegen.toml",
    }
    assert 'engine = "commonmark"' in (tmp_path / "sitegen.toml").read_text()
    assert (tmp_path / ".git").is_dir()
    ignored = (tmp_path / ".gitignore").read_text().splitlines()
    assert {"/output/", "/.sitegen/", ".*.sitegen-tmp"} <= set(ignored)
    assert problems_of(tmp_path) == []
    assert run("build", "--strict", root=tmp_path).exit_code == 0
    page = (tmp_path / "output/posts/hello-world/index.html").read_text()
    assert "Hello, world" in page


@pytest.mark.needs("git")
def test_a_site_is_started_in_a_new_folder(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init", "my-first_blog")
    assert "Build it with: sitegen -C my-first_blog build" in result.stderr
    config = (tmp_path / "my-first_blog/sitegen.toml").read_text()
    assert 'title = "My first blog"' in config
    assert run("-C", "my-first_blog", "build").exit_code == 0


@pytest.mark.needs("git")
def test_a_repository_that_is_there_is_used(tmp_path: Path, run: Run) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    result = run("init", "blog", root=tmp_path)
    assert result.exit_code == 0
    assert not (tmp_path / "blog/.git").exists()
    assert "with a Git repository" not in result.stderr


def test_without_git_there_is_a_site_all_the_same(tmp_path: Path, run: Run) -> None:
    result = run("init", root=tmp_path, env={"PATH": str(tmp_path)})
    assert result.exit_code == 0
    assert (tmp_path / "sitegen.toml").exists()
    assert not (tmp_path / ".git").exists()


def test_nothing_is_overwritten(make_site: MakeSite, run: Run) -> None:
    mine = {".gitignore": "mine", "content/about.md": md("title: About")}
    root = make_site(mine)
    result = run("init", root=root)
    assert result.exit_code == 0
    assert {n: (root / n).read_text() for n in mine} == mine
    assert ".gitignore exists and stays as it is." in result.stderr
    assert not (root / "content/posts").exists()
    before = tree(root)
    again = run("init", root=root)
    assert again.exit_code == 1
    assert "There is a site in" in again.stderr
    assert tree(root) == before


def test_any_name_of_a_folder_makes_a_title(tmp_path: Path, run: Run) -> None:
    for name in ('a "b" \\c', "über", "___"):
        root = tmp_path / name
        assert run("init", name, root=tmp_path).exit_code == 0
        assert run("check", root=root).exit_code == 0


@pytest.fixture
def root(make_site: MakeSite) -> Path:
    """Gives a site with a post."""
    return make_site(
        {
            "sitegen.toml": 'timezone = "Europe/Paris"\n',
            "content/posts/hello.md": post("Hello"),
            "content/posts/draft.md": post("A draft", "draft: true"),
        }
    )


def test_a_post_is_begun(root: Path, run: Run) -> None:
    result = run(
        "new", "Größe: 100 % (now)", "--tag", "a", "--tag", "b", "--draft", root=root
    )
    path = root / "content/posts/größe-100-now.md"
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert path.read_text() == (
        "---\n"
        "title: 'Größe: 100 % (now)'\n"
        "date: 2026-07-01 14:00:00+02:00\n"
        "tags:\n"
        "- a\n"
        "- b\n"
        "draft: true\n"
        "---\n\n"
    )
    assert problems_of(root) == []


def test_a_post_can_have_another_date_and_section(root: Path, run: Run) -> None:
    result = run(
        "new", "X", "--section", "/docs/how to/", "--date", "2026-01-31", root=root
    )
    assert result.exit_code == 0
    text = (root / "content/docs/how to/x.md").read_text()
    assert "date: 2026-01-31 00:00:00+01:00\n" in text


@pytest.mark.parametrize("title", ["Hello", "HELLO ", "hel\u200blo", "A  draft"])
def test_a_taken_title_is_refused_before_anything_is_made(
    root: Path, run: Run, title: str
) -> None:
    before = tree(root)
    result = run("new", title, "--section", "other", "--edit", root=root)
    assert result.exit_code == 1
    assert "is taken by content/posts/" in result.stderr
    assert tree(root) == before


def test_a_taken_title_is_free_in_another_scope(root: Path, run: Run) -> None:
    with open(root / "sitegen.toml", "a") as config:
        config.write('[unique]\ntitle = "section"\n')
    assert run("new", "Hello", "--section", "news", root=root).exit_code == 0
    assert run("new", "Hello", "--section", "posts/deep", root=root).exit_code == 1
    config_text = '[unique]\ntitle = "off"\n'
    (root / "sitegen.toml").write_text(config_text)
    result = run("new", "Hello", root=root)
    assert result.exit_code == 0
    assert "hello.md exists already, so the name is hello-2.md." in result.stderr


def test_a_name_that_is_taken_gets_a_number(root: Path, run: Run) -> None:
    """C, C++ and C# are three titles and one slug."""
    names = []
    for title in ("C", "C++", "C#"):
        result = run("new", title, root=root)
        assert result.exit_code == 0
        names.append(Path(result.stdout.strip()).name)
        assert ("exists already" in result.stderr) == (title != "C")
    assert names == ["c.md", "c-2.md", "c-3.md"]
    assert problems_of(root) == []


def test_a_bundle_takes_a_name_too(root: Path, run: Run, make_site: MakeSite) -> None:
    make_site({"content/posts/trip/index.md": post("Another")})
    assert run("new", "Trip", root=root).stdout.endswith("/trip-2.md\n")


@pytest.mark.parametrize(
    ("title", "what"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\nb", "line break"),
        ("x" * 301, "301"),
        ("\u200b", "cannot be seen"),
    ],
)
def test_a_title_that_cannot_be_one_is_refused(
    root: Path, run: Run, title: str, what: str
) -> None:
    before = tree(root)
    result = run("new", title, root=root)
    assert result.exit_code == 1
    assert what in result.stderr
    assert tree(root) == before


@pytest.mark.parametrize(
    "section", ["..", "../x", ".hidden", "_x", "queue", "a\\b", "x/../y"]
)
def test_a_section_never_leaves_the_content(root: Path, run: Run, section: str) -> None:
    before = tree(root)
    result = run("new", "X", "--section", section, root=root)
    assert result.exit_code == 1
    assert "cannot be a section" in result.stderr
    assert tree(root) == before


def test_a_title_without_letters_has_a_name(root: Path, run: Run) -> None:
    result = run("new", "!!!", root=root)
    assert Path(result.stdout.strip()).name.startswith("x-")
    assert problems_of(root) == []


def test_the_editor_is_opened(root: Path, run: Run, tmp_path: Path) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys\nopen(sys.argv[1], 'a').write('Edited.\\n')\n")
    editor = f"{sys.executable} {script}"
    env = {"EDITOR": editor, "VISUAL": None}
    result = run("new", "Edited", "--edit", root=root, env=env)
    assert result.exit_code == 0
    assert (root / "content/posts/edited.md").read_text().endswith("---\n\nEdited.\n")


def test_in_a_folder_of_markdown_posts_are_made_beside(
    make_site: MakeSite, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_site({"a.md": md("title: A")})
    monkeypatch.chdir(root)
    result = run("new", "B", "--section", "")
    assert result.stdout == "b.md\n"
    assert set(os.listdir(root)) >= {"a.md", "b.md"}
    assert problems_of(root) == []
