"""One pass over the commits tells what each file's own log would."""

import random
from pathlib import Path

import pytest

from sitegen import git
from sitegen.git import FileHistory
from tests.repositories import FIRST_DAY, MakeRepo, Repo

pytestmark = pytest.mark.needs("git")
ANN, BOB, EVE = (
    f"{name} <{name.lower()}@example.org>" for name in ("Ann", "Bob", "Eve")
)


def files(repo: Repo) -> dict[str, FileHistory]:
    """Returns the history of every file, by its path."""
    found, whole = git.history(git.require(repo.folder))
    assert whole
    return {path.decode(): file for path, file in found.items()}


def told(file: FileHistory) -> tuple[int, int, list[str]]:
    """Returns the days of the first and the last commit, and the people's names."""
    days = [(time.at - FIRST_DAY) // 86400 for time in (file.first, file.last)]
    return days[0], days[1], [person.name for _, person in file.people]


def test_dates_and_people_are_those_of_a_files_commits(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": "1", "with é.md": "1"}, day=1, author=ANN)
    repo.commit({"b.md": "1"}, day=2, author=BOB)
    repo.commit({"a.md": "2"}, day=3, author=BOB)
    repo.commit({"a.md": "3"}, day=4, author=ANN)
    found = files(repo)
    assert told(found["a.md"]) == (1, 4, ["Ann", "Bob"])
    assert told(found["b.md"]) == (2, 2, ["Bob"])
    assert told(found["with é.md"]) == (1, 1, ["Ann"])
    assert found["a.md"].first.offset == 3600


def test_a_repository_without_commits_has_no_history(make_repo: MakeRepo) -> None:
    assert files(make_repo()) == {}


LINES = "".join(f"line {number}\n" for number in range(40))


def test_renames_are_followed(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": LINES}, day=1, author=ANN)
    repo.git("mv", "a.md", "b.md")
    repo.commit({}, day=2, author=BOB)
    (repo.folder / "b.md").unlink()
    repo.commit({"posts/c.md": LINES + "more"}, day=3, author=EVE)
    repo.commit({"a.md": "another one"}, day=4, author=BOB)
    found = files(repo)
    assert told(found["posts/c.md"]) == (1, 3, ["Ann", "Bob", "Eve"])
    assert told(found["a.md"]) == (4, 4, ["Bob"])


def test_a_name_that_passes_from_file_to_file(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": LINES}, day=1, author=ANN)
    repo.commit({"b.md": "another\n" * 40}, day=2, author=BOB)
    repo.git("mv", "a.md", "c.md")
    repo.commit({}, day=3, author=EVE)
    repo.git("mv", "b.md", "a.md")
    repo.commit({}, day=4, author=EVE)
    repo.git("mv", "c.md", "b.md")
    repo.commit({}, day=5, author=EVE)
    found = files(repo)
    assert told(found["b.md"]) == (1, 5, ["Ann", "Eve"])
    assert told(found["a.md"]) == (2, 4, ["Bob", "Eve"])


def test_an_earlier_file_of_the_same_name_does_not_count(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": "old", "b.md": "b"}, day=1, author=ANN)
    (repo.folder / "a.md").unlink()
    repo.commit({}, day=2, author=BOB)
    repo.commit({"a.md": "quite new"}, day=3, author=EVE)
    assert told(files(repo)["a.md"]) == (3, 3, ["Eve"])


def test_both_sides_of_a_merge_count(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": LINES, "b.md": "b"}, day=1, author=ANN)
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"a.md": LINES + "end\n"}, day=2, author=BOB)
    repo.git("checkout", "-q", "main")
    repo.commit({"a.md": "start\n" + LINES}, day=3, author=EVE)
    repo.git("merge", "-q", "--no-commit", "side")
    repo.commit_staged("merge", day=4, author=ANN)
    found = files(repo)
    assert told(found["a.md"]) == (1, 4, ["Ann", "Bob", "Eve"])
    assert told(found["b.md"]) == (1, 1, ["Ann"])


def test_a_merge_that_only_brings_files_along_does_not_count(
    make_repo: MakeRepo,
) -> None:
    repo = make_repo()
    repo.commit({"a.md": "a"}, day=1, author=ANN)
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"b.md": "b"}, day=2, author=BOB)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repo.commit_staged("merge", day=9, author=EVE)
    assert told(files(repo)["b.md"]) == (2, 2, ["Bob"])


def test_a_file_that_a_merge_itself_changes_counts(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": "a"}, day=1, author=ANN)
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"b.md": "b"}, day=2, author=BOB)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repo.write({"a.md": "evil", "new.md": "made by the merge"})
    repo.git("add", "--all")
    repo.commit_staged("merge", day=9, author=EVE)
    found = files(repo)
    assert told(found["a.md"]) == (1, 9, ["Ann", "Eve"])
    assert told(found["new.md"]) == (9, 9, ["Eve"])


def test_a_rename_on_one_side_and_an_edit_on_the_other_meet(
    make_repo: MakeRepo,
) -> None:
    repo = make_repo()
    repo.commit({"a.md": LINES}, day=1, author=ANN)
    repo.git("checkout", "-q", "-b", "side")
    repo.git("mv", "a.md", "b.md")
    repo.commit({}, day=2, author=BOB)
    repo.git("checkout", "-q", "main")
    repo.commit({"a.md": LINES + "end\n"}, day=3, author=EVE)
    repo.git("merge", "-q", "--no-commit", "side")
    repo.commit_staged("merge", day=4, author=ANN)
    assert told(files(repo)["b.md"]) == (1, 4, ["Ann", "Bob", "Eve"])


def test_a_file_that_both_sides_added_has_both_pasts(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"x.md": "x"}, day=1, author=ANN)
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"a.md": LINES}, day=2, author=BOB)
    repo.git("checkout", "-q", "main")
    repo.commit({"a.md": "draft"}, day=3, author=EVE)
    repo.commit({"a.md": LINES}, day=4, author=EVE)
    repo.git("merge", "-q", "--no-commit", "side")
    repo.commit_staged("merge", day=5, author=ANN)
    assert told(files(repo)["a.md"]) == (2, 4, ["Bob", "Eve"])


def test_an_octopus_merge_is_followed_into_every_arm(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": LINES}, day=1, author=ANN)
    for number, name in enumerate(("one", "two", "three"), 2):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.commit({f"{name}.md": name}, day=number, author=BOB)
    repo.git("mv", "a.md", "moved.md")
    repo.commit({}, day=5, author=BOB)
    repo.git("checkout", "-q", "main")
    repo.commit({"z.md": "z"}, day=6, author=EVE)
    repo.git("merge", "-q", "--no-commit", "one", "two", "three")
    repo.commit_staged("octopus", day=7, author=EVE)
    assert len(repo.git("log", "-1", "--format=%P").split()) == 4
    found = files(repo)
    assert told(found["moved.md"]) == (1, 5, ["Ann", "Bob"])
    assert told(found["one.md"]) == (2, 2, ["Bob"])
    assert told(found["three.md"]) == (4, 4, ["Bob"])


def test_a_sha256_repository_has_a_history(make_repo: MakeRepo) -> None:
    repo = make_repo(options=("--object-format=sha256",))
    repo.commit({"a.md": "1"}, day=1, author=ANN)
    repo.commit({"a.md": "2"}, day=2, author=BOB)
    assert told(files(repo)["a.md"]) == (1, 2, ["Ann", "Bob"])


def test_a_shallow_clone_is_noticed(make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo()
    repo.commit({"a.md": "1"}, day=1)
    repo.commit({"a.md": "2"}, day=2)
    url = repo.folder.as_uri()
    repo.git("clone", "-q", "--depth", "1", url, tmp_path / "shallow")
    assert git.require(tmp_path / "shallow").shallow
    assert not git.require(repo.folder).shallow


def test_names_of_files_are_whatever_git_stores(make_repo: MakeRepo) -> None:
    repo = make_repo()
    names = ["a\nb.md", "R100", "M", "\x01.md", '"quoted".md', "tab\t.md", "日本.md"]
    repo.commit({name: name for name in names}, day=1, author=ANN)
    repo.commit({name: name + LINES for name in names}, day=2, author=BOB)
    found = files(repo)
    assert {name: told(found[name]) for name in names} == dict.fromkeys(
        names, (1, 2, ["Ann", "Bob"])
    )


def test_a_mailmap_gives_people_one_name(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": "1"}, author="ann <old@example.org>")
    repo.commit({"a.md": "2"}, author=ANN)
    repo.commit({".mailmap": "Ann <ann@example.org> <old@example.org>"})
    assert told(files(repo)["a.md"])[2] == ["Ann"]


def test_the_users_settings_change_nothing(make_repo: MakeRepo) -> None:
    repo = make_repo()
    repo.commit({"a.md": LINES}, day=1, author=ANN)
    repo.git("mv", "a.md", "b.md")
    repo.commit({}, day=2, author=BOB)
    before = files(repo)
    for setting in (
        "diff.renames=false",
        "diff.noprefix=true",
        "diff.orderFile=/nowhere",
        "log.showRoot=false",
        "log.date=iso",
        "log.showSignature=true",
        "log.decorate=full",
        "log.follow=true",
        "color.ui=always",
        "core.quotePath=true",
        "format.pretty=fuller",
        "diff.external=false",
    ):
        repo.git("config", *setting.split("="))
    assert files(repo) == before


def log_of(repo: Repo, path: str) -> tuple[int, int, set[str]]:
    """Returns what `git log --follow` tells of one file."""
    lines = repo.git("log", "--follow", "--format=%at %an", "--", path).splitlines()
    days = [(int(line.split()[0]) - FIRST_DAY) // 86400 for line in lines]
    return min(days), max(days), {line.split()[1] for line in lines}


@pytest.mark.parametrize("seed", range(3))
def test_each_file_has_what_its_own_log_tells(make_repo: MakeRepo, seed: int) -> None:
    repo = make_repo()
    choose = random.Random(seed)
    there: list[str] = []
    for day in range(25):
        author = choose.choice((ANN, BOB, EVE))
        kind = choose.random() if there else 0
        name = choose.choice(there) if there else ""
        if kind < 0.4:
            name = f"{day}.md"
            there.append(name)
            text = "".join(f"{choose.random()}\n" for _ in range(30))
            repo.commit({name: text}, day=day, author=author)
        elif kind < 0.7:
            text = (repo.folder / name).read_text() + f"{day}\n"
            repo.commit({name: text}, day=day, author=author)
        elif kind < 0.9:
            there[there.index(name)] = f"moved-{day}.md"
            repo.git("mv", name, f"moved-{day}.md")
            repo.commit({}, day=day, author=author)
        else:
            there.remove(name)
            repo.git("rm", "-q", name)
            repo.commit({}, day=day, author=author)
    found = files(repo)
    for name in there:
        first, last, people = told(found[name])
        assert (first, last, set(people)) == log_of(repo, name), name


def grow(repo: Repo, choose: random.Random, day: int) -> str:
    """Adds one commit of any kind to a repository, and returns it."""
    names = repo.git("ls-files").split()
    author = choose.choice((ANN, BOB, EVE))
    kind = choose.random()
    if kind < 0.15 and len(names) > 3:
        repo.git("mv", choose.choice(names), f"moved-{day}.md")
    elif kind < 0.25 and len(names) > 3:
        repo.git("rm", "-q", choose.choice(names))
    elif kind < 0.45:
        repo.git("checkout", "-q", "-B", "side", f"HEAD~{choose.randrange(3)}")
        repo.commit({f"side-{day}.md": f"{day}\n" * 20}, day=day, author=author)
        repo.git("checkout", "-q", "main")
        repo.git(
            "merge", "-q", "--no-ff", "--no-commit", "-X", "ours", "side", check=False
        )
    else:
        repo.write({choose.choice([*names, f"{day}.md"]): f"{choose.random()}\n" * 20})
    repo.git("add", "--all")
    return repo.commit_staged(day=day, author=author)


@pytest.mark.parametrize("seed", range(3))
def test_adding_later_commits_gives_what_a_full_pass_gives(
    make_repo: MakeRepo, seed: int
) -> None:
    repo = make_repo({f"{number}.md": f"{number}\n" * 20 for number in range(6)})
    repository = git.require(repo.folder)
    choose = random.Random(seed)
    for day in range(1, 5):
        grow(repo, choose, day)
    known = {repo.head: git.history(repository)[0]}
    added = 0
    for day in range(5, 17):
        grow(repo, choose, day)
        full, _ = git.history(repository)
        for commit, before in known.items():
            later, exact = git.history(repository, commit)
            if exact:
                assert git.added(before, later) == full
                added += 1
        known[repo.head] = full
    assert added > 5


def test_a_rewritten_history_is_not_added_to(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.md": "a"})
    old = repo.commit({"b.md": "b"}, day=1)
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({"c.md": "c"}, day=2)
    _, exact = git.history(git.require(repo.folder), old)
    assert not exact
