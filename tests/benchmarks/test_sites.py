"""Sites are written for each tool with the same bodies and its own front matter."""

import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.corpus import make_corpus
from benchmarks.peers.bare_loop import main as bare_loop
from benchmarks.peers.floor import Floor
from benchmarks.peers.tool import Tool, write_sites
from benchmarks.peers.zola import loosen_glibc
from benchmarks.race import all_tools, every_size, large
from benchmarks.scenario import SIZES, Scenario
from benchmarks.verify import verify

TOOLS = {tool.name: tool for tool in all_tools(sys.executable).values()}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
@pytest.mark.parametrize("size", SIZES)
def test_every_tool_gets_the_same_bodies(tmp_path: Path, tool: Tool, size: str) -> None:
    corpus = make_corpus(3)
    scenario = next(Scenario(s) for s in SIZES if s == size)
    write_sites([(tool, tmp_path)], corpus, scenario, tmp_path / "cache")
    for entry in corpus.entries:
        path = tmp_path / "content" / "posts" / f"{entry.slug}.md"
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n\n" + corpus.body(entry))
        assert entry.title in text


@pytest.mark.parametrize("name", ["sitegen.toml", "hugo.toml", "config.toml"])
@pytest.mark.parametrize("highlight", [False, True])
def test_configurations_are_valid(name: str, highlight: bool) -> None:
    tool = next(t for t in TOOLS.values() if name in t.settings(Scenario("blog")))
    for size in SIZES:
        text = tool.settings(Scenario(size, highlight))[name]
        assert tomllib.loads(text)["title"] == "Field notes"


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_floor_builds_every_post(tmp_path: Path, jobs: int) -> None:
    corpus, scenario = make_corpus(12), Scenario("blog")
    site, output = tmp_path / "site", tmp_path / "output"
    write_sites([(Floor(jobs), site)], corpus, scenario, tmp_path)
    bare_loop(str(site), str(output), jobs)
    assert verify(output, corpus, scenario, posts_only=True) == []


def test_one_command_writes_a_site(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    done = CliRunner().invoke(main, ["corpus", str(folder), "-n", "4"])
    assert done.exit_code == 0, done.output
    assert done.output.strip() == make_corpus(4).digest()
    assert len(list((folder / "content/posts").glob("[!_]*.md"))) == 4


def test_an_unknown_tool_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["corpus", str(tmp_path), "--for", "jekyll"])
    assert done.exit_code == 2
    assert "--for is one of sitegen, " in done.output


def test_contests_name_only_tools_that_exist() -> None:
    labels = set(all_tools(sys.executable))
    for contest in (*every_size(10), *large(20)):
        assert set(contest.tools) <= labels


def test_a_library_version_is_made_weak_where_it_is_named_once() -> None:
    name_hash = (0x69691B9).to_bytes(4, "little")  # of GLIBC_2.39
    binary = b"before" + name_hash + b"\0\0after"
    assert loosen_glibc(binary) == b"before" + name_hash + b"\2\0after"
    assert loosen_glibc(b"another file") == b"another file"
