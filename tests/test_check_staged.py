"""A commit is judged by what is staged, among all other files of the site."""

import json
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.repositories import MakeRepo, Repo

pytestmark = pytest.mark.needs("git")


def post(title: str, body: str = "", **fields: str) -> str:
    """Returns the text of a post."""
    more = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"---\ntitle: {title}\ndate: 2024-01-01\n{more}---\n{body}\n"


SITE = {
    "sitegen.toml": "title = 'Blog'\n",
    ".gitignore": "/output/\n/.sitegen/\n",
    "content/posts/one.md": post("One"),
    "content/posts/two.md": post("Two", "[one](one.md)"),
}


def check(run: Run, root: Path, *options: str) -> list[str]:
    """Returns the places and codes of what `check --staged` finds."""
    result = run("check", "--staged", "--format=json", *options, root=root)
    problems = json.loads(result.stdout)["problems"]
    errors = [problem for problem in problems if problem["severity"] == "error"]
    assert result.exit_code == bool(errors or ("--strict" in options and problems))
    return [f"{found['path']}:{found['line']} {found['code']}" for found in problems]


def test_nothing_staged_is_no_problem(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    result = run("check", "--staged", root=repo.folder)
    assert (result.exit_code, result.stderr) == (0, "0 files checked: no problem.\n")


def test_the_staged_version_is_judged_and_not_the_one_that_lies_there(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/one.md": "---\ntitle: [broken\n---\n"})
    repo.git("add", "--all")
    repo.write({"content/posts/one.md": post("One")})
    assert check(run, repo.folder) == ["content/posts/one.md:2 yaml-syntax"]
    repo.git("add", "--all")
    repo.write({"content/posts/one.md": "---\ntitle: [broken\n---\n"})
    assert check(run, repo.folder) == []


def test_a_part_of_a_file_can_be_staged(make_repo: MakeRepo, run: Run) -> None:
    text = post("One", "".join(f"line {n}\n" for n in range(30)))
    repo = make_repo({**SITE, "content/posts/one.md": text})
    both = text.replace("title: One", "title: Two").replace("line 29", "mended")
    repo.write({"content/posts/one.md": both})
    repo.git("add", "--patch", input="n\ny\n")
    assert repo.status == ["MM content/posts/one.md"]
    assert check(run, repo.folder) == []
    repo.git("reset", "-q")
    repo.git("add", "--patch", input="y\nn\n")
    repo.write({"content/posts/one.md": text})
    assert check(run, repo.folder) == ["content/posts/one.md:2 title-duplicate"]


def test_a_title_that_any_other_file_has_is_found(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/new.md": post("  TWO ", date="2020-01-01")})
    repo.write({"content/posts/new.md": "---\ntitle: '  TWO '\ndraft: true\n---\n"})
    repo.git("add", "--all")
    for _ in range(2):  # the second time from the store
        result = run("check", "--staged", root=repo.folder)
        assert result.exit_code == 1
        assert "content/posts/new.md:2:8: error[title-duplicate]" in result.stdout
        assert 'is taken (as "Two") by content/posts/two.md:2' in result.stdout


def test_a_title_that_is_given_up_in_the_same_commit_is_free(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/new.md": post("Two")})
    repo.write({"content/posts/two.md": post("Other")})
    repo.git("add", "content/posts/new.md")
    assert check(run, repo.folder) == ["content/posts/new.md:2 title-duplicate"]
    repo.git("add", "--all")
    assert check(run, repo.folder) == []
    repo.git("checkout", "HEAD", "--", "content/posts/two.md")
    repo.git("rm", "-q", "content/posts/two.md")
    assert check(run, repo.folder) == []


def test_two_new_files_with_one_title_are_found(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.write({"content/a/x.md": post("New"), "content/b/x.md": post("new")})
    repo.git("add", "--all")
    assert check(run, repo.folder) == ["content/b/x.md:2 title-duplicate"]


def test_titles_count_where_the_staged_settings_say(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write({"content/pages/new.md": post("Two")})
    repo.git("add", "--all")
    assert check(run, repo.folder) == ["content/pages/new.md:2 title-duplicate"]
    repo.write({"sitegen.toml": "[unique]\ntitle = 'section'\n"})
    assert check(run, repo.folder) == ["content/pages/new.md:2 title-duplicate"]
    repo.git("add", "--all")
    repo.write({"sitegen.toml": "broken ="})
    assert check(run, repo.folder) == []
    repo.git("add", "--all")
    assert check(run, repo.folder) == ["sitegen.toml:1 config-syntax"]


def test_an_address_that_another_file_has_is_found(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write(
        {
            "content/posts/new.md": post("New", slug="two"),
            "content/posts/alias.md": post("Alias", aliases="/posts/one/"),
        }
    )
    repo.git("add", "--all")
    found = check(run, repo.folder)
    assert found == [
        "content/posts/alias.md:4 alias-collision",
        "content/posts/two.md:2 path-collision",
    ]


def test_links_of_the_commit_are_followed_to_what_is_staged(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo({**SITE, "content/hidden.md": post("H", draft="true")})
    links = "[a](one.md) [b](later.md) ![c](/c.png) [d](/tags/) [e](../hidden.md)"
    repo.write(
        {
            "content/posts/new.md": post("New", links, tags="[x]"),
            "content/posts/later.md": post("Later"),
            "static/c.png": "png",
        }
    )
    repo.git("add", "content/posts/new.md")
    codes = [
        "content/posts/new.md:6 link-missing",
        "content/posts/new.md:6 image-missing",
        "content/posts/new.md:6 link-unpublished",
    ]
    assert check(run, repo.folder) == codes
    repo.git("add", "--all")
    assert check(run, repo.folder) == codes[2:]
    assert check(run, repo.folder, "--drafts", "--strict") == []


def test_bundles_bring_their_staged_files(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/trip/index.md": post("Trip", "![x](x.png)")})
    repo.git("add", "--all")
    repo.write({"content/posts/trip/x.png": "png"})
    assert check(run, repo.folder) == ["content/posts/trip/index.md:5 image-missing"]
    repo.git("add", "--all")
    assert check(run, repo.folder) == []


def test_a_template_that_nobody_has_is_found(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/new.md": post("New", template="nope.html")})
    repo.git("add", "--all")
    assert check(run, repo.folder) == ["content/posts/new.md:4 template-unknown"]


def test_old_problems_elsewhere_do_not_stop_a_commit(
    make_repo: MakeRepo, run: Run
) -> None:
    broken = {"content/bad.md": "---\ntitle: [\n---\n", "content/three.md": post("One")}
    repo = make_repo({**SITE, **broken})
    repo.write({"content/posts/new.md": post("New", "[x](../three.md)")})
    repo.git("add", "--all")
    assert check(run, repo.folder) == []


def test_what_is_no_content_is_not_judged(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.write(
        {
            "content/posts/_new.md": post("One"),
            "content/.hidden/x.md": post("One"),
            "content/queue/pending/x.md": post("One"),
            "README.md": post("One"),
        }
    )
    repo.git("add", "--all")
    assert check(run, repo.folder) == []


def test_a_new_post_without_a_date_gets_it_from_its_commit(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.write({"content/posts/new.md": "---\ntitle: New\n---\n"})
    repo.git("add", "--all")
    assert check(run, repo.folder, "--strict") == []


def test_a_site_in_a_folder_of_its_repository_is_judged_alone(
    make_repo: MakeRepo, run: Run
) -> None:
    files = {f"my site/{path}": text for path, text in SITE.items()}
    repo = make_repo({**files, "content/posts/x.md": post("One")})
    repo.write(
        {"my site/content/posts/ü b.md": post("Two"), "content/y.md": post("One")}
    )
    repo.git("add", "--all")
    assert check(run, repo.folder / "my site") == [
        "content/posts/ü b.md:2 title-duplicate"
    ]


def test_a_folder_of_files_without_content_is_judged(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo({"a.md": post("One"), ".gitignore": "/output/\n/.sitegen/\n"})
    repo.write({"b.md": post("One"), "deeper/c.md": post("One")})
    repo.git("add", "--all")
    assert check(run, repo.folder) == ["b.md:2 title-duplicate"]


def test_the_index_that_a_hook_names_is_the_one_that_is_judged(
    make_repo: MakeRepo, run: Run, tmp_path: Path
) -> None:
    repo = make_repo(SITE)
    repo.hook("pre-commit", f'cp "$GIT_INDEX_FILE" "{tmp_path}/index"; exit 1')
    repo.write({"content/posts/one.md": post("Two"), "content/posts/ok.md": post("Ok")})
    repo.git("add", "content/posts/ok.md")
    repo.git("commit", "-m", "x", "--", "content/posts/one.md", check=False)
    result = run(
        "check",
        "--staged",
        root=repo.folder,
        env={"GIT_INDEX_FILE": f"{tmp_path}/index"},
    )
    assert "1 error" in result.stdout
    assert "content/posts/one.md:2" in result.stdout
    assert check(run, repo.folder) == []


def test_outside_git_it_says_what_is_missing(
    make_repo: MakeRepo, run: Run, tmp_path: Path
) -> None:
    make_repo()
    site = Repo(tmp_path / "plain")
    site.write(SITE)
    result = run("check", "--staged", root=site.folder)
    assert result.exit_code == 1
    assert "is not in a Git repository" in result.stderr
    result = run("check", "--staged", "--base", "main", root=site.folder)
    assert result.exit_code == 2


def since(run: Run, root: Path, base: str = "main") -> list[str]:
    """Returns the places and codes of what `check --base` finds."""
    result = run("check", "--base", base, "--format=json", root=root)
    problems = json.loads(result.stdout)["problems"]
    return [f"{found['path']} {found['code']}" for found in problems]


def test_only_what_changed_since_a_commit_decides(
    make_repo: MakeRepo, run: Run
) -> None:
    old = {
        "content/bad.md": post("Bad", "[x](nowhere.md)"),
        "content/c.md": post("One"),
    }
    repo = make_repo({**SITE, **old})
    repo.git("checkout", "-q", "-b", "work")
    assert since(run, repo.folder) == []
    repo.commit({"content/posts/new.md": post("New", "[x](gone.md)")})
    assert since(run, repo.folder) == ["content/posts/new.md link-missing"]
    repo.commit({"content/posts/new.md": post("Two")})
    assert since(run, repo.folder) == ["content/posts/two.md title-duplicate"]
    repo.commit({"sitegen.toml": "title = 'x'\n"})
    assert len(since(run, repo.folder)) == 3


def test_links_to_a_file_that_is_gone_decide(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(SITE)
    repo.git("checkout", "-q", "-b", "work")
    repo.git("rm", "-q", "content/posts/one.md")
    repo.commit_staged()
    assert since(run, repo.folder) == ["content/posts/two.md link-missing"]


@pytest.mark.parametrize("folder", ["", "my docs/"])
def test_annotations_name_the_changed_lines(
    make_repo: MakeRepo, run: Run, folder: str
) -> None:
    repo = make_repo({folder + path: text for path, text in SITE.items()})
    repo.git("checkout", "-q", "-b", "work")
    repo.commit({f"{folder}content/posts/new.md": post("Two")})
    asked = ("check", "--base", "main", "--format", "github")
    result = run(*asked, root=repo.folder / folder)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"::error file={folder}content/posts/")


def test_two_branches_that_add_one_title_merge_and_are_caught(
    make_repo: MakeRepo, run: Run
) -> None:
    repo = make_repo(SITE)
    repo.git("checkout", "-q", "-b", "ann")
    repo.commit({"content/posts/same.md": post("Same")})
    repo.git("checkout", "-q", "-b", "bob", "main")
    repo.commit({"content/posts/same-too.md": post("same")})
    repo.git("merge", "-q", "--no-edit", "ann")
    result = run("check", root=repo.folder)
    assert result.exit_code == 1
    for name in ("same.md", "same-too.md"):
        assert f"content/posts/{name}:2" in result.stdout
    assert since(run, repo.folder) == ["content/posts/same.md title-duplicate"]
