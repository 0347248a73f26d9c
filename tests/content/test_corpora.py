"""Two real blogs, read where they lie: 18F's in YAML and Rust's in TOML."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sitegen.content import yaml_dialect, yaml_subset
from sitegen.content.frontmatter import parse
from sitegen.content.posts import PostRules, read_post
from sitegen.content.records import Moment, Post
from sitegen.problems import Problem


def files(root: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(root.rglob("*.md")):
        yield file.relative_to(root).as_posix(), file.read_bytes()


def read(root: Path, prefix: str = "") -> tuple[dict[str, Post], list[Problem], int]:
    posts: dict[str, Post] = {}
    found: list[Problem] = []
    count = 0
    for id, data in files(root):
        post, _, problems = read_post(prefix + id, data, prefix + id, PostRules())
        found.extend(problems)
        count += 1
        if post:
            posts[id] = post
    return posts, found, count


def test_every_18f_post_is_read(corpora: Path) -> None:
    posts, problems, count = read(corpora / "18f/posts", "posts/")
    assert (count, len(posts)) == (502, 502)
    (paragraph,) = problems
    at = paragraph.location
    assert (paragraph.code, at.line, at.column) == ("key-is-text", 11, 1)
    assert at.path.startswith("posts/2014-05-14-hacking-bureaucracy")
    assert at.source.startswith("<p>In the movies")
    assert all(post.date and post.authors and post.summary for post in posts.values())
    from_name = posts["2014-09-25-design-studio-onrr.md"]
    assert from_name.date == Moment.of(datetime(2014, 9, 25, tzinfo=UTC))
    assert from_name.slug == "design-studio-onrr"
    assert sum(len(post.aliases) for post in posts.values()) == 8
    own = Counter(key for post in posts.values() for key in post.extra)
    assert (own["hero"], own["tumblr_url"], own["layout"]) == (85, 27, 0)


def test_every_rust_post_is_read_but_the_one_without_a_title(corpora: Path) -> None:
    posts, problems, count = read(corpora / "rust-blog")
    assert (count, len(posts)) == (745, 744)
    assert Counter(problem.code for problem in problems) == {
        "title-missing": 1,
        "sort-by-unknown": 2,
    }
    places = {
        (problem.location.path, problem.location.line, problem.location.column)
        for problem in problems
    }
    assert places == {
        ("releases/latest.md", 1, 1),
        ("_index.md", 4, 11),
        ("inside-rust/_index.md", 4, 11),
    }
    undated = {id for id, post in posts.items() if post.date is None}
    assert undated == {"_index.md", "inside-rust/_index.md", "releases/_index.md"}
    assert sum(len(post.aliases) for post in posts.values()) == 732
    assert posts["Rust-1.3.md"].permalink == "/2015/09/17/Rust-1.3/"
    assert posts["inside-rust/1.54.0-prerelease.md"].section == "inside-rust"


def test_the_fast_reader_agrees_with_pyyaml_on_every_file(corpora: Path) -> None:
    fast = 0
    for id, data in files(corpora / "18f/posts"):
        front, problems = parse(data, id)
        assert (front.dialect, problems) == ("yaml", ())
        text = data[: front.body.offset].decode().partition("\n")[2]
        text = text.rstrip().removesuffix("---")
        read_fast = yaml_subset.read(text)
        assert front.fields == yaml_dialect.read_with_pyyaml(text)
        if read_fast is not None:
            assert read_fast == front.fields
            fast += 1
    assert fast > 400
