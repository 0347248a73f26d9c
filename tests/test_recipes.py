"""The recipes for Git hosts: what they run, in order, in a fresh clone."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.repositories import MakeRepo, Repo
from tests.sessions import blocks

pytestmark = pytest.mark.needs("git")
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "content" / "docs" / "how-to" / "git-ci.md"
INSTALL = "pip install ./tools/sitegen"
"""The only step that needs a network; here sitegen is on the path already."""

POST = "---\ntitle: {}\ndate: 2026-01-01\n---\nWords.\n"
SITE = {
    "sitegen.toml": "title = 'Blog'\nbase_url = 'https://example.org'\n",
    ".gitignore": "/output/\n/.sitegen/\n/public/\n",
    "content/posts/one.md": POST.format("One"),
}


def recipe(name: str) -> Any:
    """Returns the recipe below a heading, read as YAML."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2]
    return yaml.safe_load(next(blocks(text)).text)


def steps(job: Any, event: str) -> list[tuple[str, dict[str, str]]]:
    """Returns the scripts of a job's steps for an event, and their environments."""
    conditions = {
        None: True,
        "github.event_name == 'pull_request'": event == "pull_request",
        "github.event_name != 'pull_request'": event != "pull_request",
    }
    return [
        (step["run"], step.get("env", {}))
        for step in job["steps"]
        if "run" in step and conditions[step.get("if")]
    ]


@pytest.fixture
def hosted(make_repo: MakeRepo, tmp_path: Path) -> Repo:
    """Gives a repository on a host, with a site in it and a branch `work`."""
    repo = make_repo(SITE)
    bare = Repo(tmp_path / "hosted.git")
    repo.git("clone", "-q", "--bare", repo.folder, bare.folder)
    repo.git("remote", "add", "origin", bare.folder)
    repo.git("switch", "-q", "-c", "work")
    repo.commit({"content/posts/two.md": POST.format("Two")})
    repo.git("push", "-q", "origin", "work")
    return bare


class Runner:
    """A machine of the host, which clones a repository and runs scripts in it."""

    def __init__(self, hosted: Repo, folder: Path, branch: str) -> None:
        programs = folder / "bin"
        programs.mkdir(parents=True)
        program = programs / "sitegen"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sitegen "$@"\n')
        program.chmod(0o755)
        self.settings = folder / "gitconfig"
        self.settings.touch()
        self.env = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_GLOBAL": str(self.settings),
        }
        hosted.git("clone", "-q", hosted.folder, folder / "clone")
        self.repo = Repo(folder / "clone")
        self.repo.git("checkout", "-q", "--detach", f"origin/{branch}")
        self.repo.git("config", "user.name", "Ann")  # who pushes another commit
        self.repo.git("config", "user.email", "ann@example.org")

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs a script as hosts do, which stop at the first command that fails."""
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.repo.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("name", ["GitHub Actions", "Forgejo"])
def test_a_pull_request_is_checked(name: str, hosted: Repo, tmp_path: Path) -> None:
    job = recipe(name)["jobs"]["site"]
    checkout = [s for s in job["steps"] if "checkout" in s.get("uses", "")]
    assert checkout[0]["with"] == {"fetch-depth": 0, "submodules": True}
    scripts = steps(job, "pull_request")
    runner = Runner(hosted, tmp_path / "runner", "work")
    *installing, (check, _) = scripts
    assert INSTALL in [script for script, _ in installing]
    done = runner.run(check, GITHUB_BASE_REF="main")
    assert done.returncode == 0, done.stderr
    runner.repo.commit({"content/posts/two.md": POST.format("ONE")})
    done = runner.run(check, GITHUB_BASE_REF="main")
    assert done.returncode == 1
    place = "file=content/posts/two.md,line=2" if name.startswith("GitHub") else ":2:"
    assert place in done.stdout


@pytest.mark.parametrize("name", ["GitHub Actions", "Forgejo"])
def test_main_is_built_and_published(name: str, hosted: Repo, tmp_path: Path) -> None:
    found = recipe(name)
    job = found["jobs"]["site"]
    assert found[True]["push"] == {"branches": ["main"]}
    runner = Runner(hosted, tmp_path / "runner", "main")
    address = "https://token:secret@example.org/you/blog"
    runner.settings.write_text(f'[url "{hosted.folder}"]\n\tinsteadOf = {address}\n')
    for script, env in steps(job, "push"):
        if script == INSTALL or script.startswith("apt-get"):
            continue
        assert set(env) <= {"TOKEN"}
        done = runner.run(
            script,
            TOKEN="secret",
            GITHUB_SERVER_URL="https://example.org",
            GITHUB_REPOSITORY="you/blog",
        )
        assert done.returncode == 0, done.stderr
    assert (runner.repo.folder / "output/posts/one/index.html").is_file()
    assert not (runner.repo.folder / "output/.git").exists()
    if name == "Forgejo":
        assert "<h1>One" in hosted.git("show", "pages:posts/one/index.html")
    else:
        (upload,) = [s for s in job["steps"] if "upload" in s.get("uses", "")]
        assert upload["with"]["path"] == "output"
    cache = next(s for s in job["steps"] if "cache" in s.get("uses", ""))
    assert cache["with"]["path"].split() == [".sitegen", "output"]


def test_gitlab_checks_merge_requests(hosted: Repo, tmp_path: Path) -> None:
    found = recipe("GitLab CI")
    assert found["before_script"] == [INSTALL]
    assert found["variables"]["GIT_DEPTH"] == 0
    runner = Runner(hosted, tmp_path / "runner", "work")
    target = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    script = "\n".join(found["check"]["script"])
    done = runner.run(script, **target)
    assert done.returncode == 0, done.stderr
    runner.repo.commit({"content/posts/two.md": POST.format("ONE")})
    done = runner.run(script, **target)
    assert done.returncode == 1
    assert "title-duplicate" in done.stdout


def test_gitlab_publishes_what_is_built(hosted: Repo, tmp_path: Path) -> None:
    found = recipe("GitLab CI")
    assert found["cache"]["paths"] == [".sitegen/", "output/"]
    assert found["pages"]["artifacts"]["paths"] == ["public"]
    runner = Runner(hosted, tmp_path / "runner", "main")
    for _ in range(2):  # the second time with the folders of the first
        done = runner.run("\n".join(found["pages"]["script"]))
        assert done.returncode == 0, done.stderr
    assert (runner.repo.folder / "public/posts/one/index.html").is_file()
    assert not (runner.repo.folder / "public/output").exists()
