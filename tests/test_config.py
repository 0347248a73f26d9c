"""`sitegen.toml`: every mistake has a place, and what is refused has a stand-in."""

from pathlib import Path

import msgspec
import pytest

from sitegen.config import Config, Paths, is_base_url, load, parse
from tests.surveys import place


def problems(text: str) -> list[tuple[str, str, str]]:
    """Returns place, message and hint of each problem in a configuration."""
    found = parse(text.encode())[1]
    return [(place(p).removeprefix("sitegen.toml:"), p.message, p.hint) for p in found]


def test_nothing_is_needed(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    assert load(tmp_path) == (Config(), ())
    assert parse(b"") == (Config(), ())


def test_without_content_the_folder_itself_is_it(tmp_path: Path) -> None:
    assert load(tmp_path) == (Config(paths=Paths(content=".")), ())


def test_every_key_is_read() -> None:
    config, found = parse(
        b"""
title = "T"
base_url = "https://example.org/b/"
description = "D"
author = "A"
language = "pt-BR"
timezone = "Europe/Paris"
[paths]
content = "c"
templates = "t"
static = "s"
output = "o"
[build]
paginate = 0
[unique]
title = "section"
[permalinks]
posts = "/{year}/{slug}/"
[taxonomies]
series = "/series/{slug}/"
[feed]
path = "/atom.xml"
limit = 1
[markdown]
engine = "commonmark"
extensions = ["toc"]
highlight = false
[markdown.extension_configs.toc]
permalink = true
[extra]
a = [1, {b = 2020-01-02}]
"""
    )
    assert found == ()
    assert msgspec.to_builtins(config) == {
        **msgspec.to_builtins(Config()),
        "title": "T",
        "base_url": "https://example.org/b",
        "description": "D",
        "author": "A",
        "language": "pt-BR",
        "timezone": "Europe/Paris",
        "paths": {"content": "c", "templates": "t", "static": "s", "output": "o"},
        "build": {"paginate": 0},
        "unique": {"title": "section"},
        "permalinks": {"posts": "/{year}/{slug}/"},
        "taxonomies": {"series": "/series/{slug}/"},
        "feed": {"path": "/atom.xml", "limit": 1},
        "markdown": {
            "engine": "commonmark",
            "extensions": ("toc",),
            "highlight": False,
            "extension_configs": {"toc": {"permalink": True}},
        },
        "extra": {"a": [1, {"b": "2020-01-02"}]},
    }
    assert (config.origin, config.base_path) == ("https://example.org", "/b")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("titel = 1", ("1:1 config-unknown", "Unknown key 'titel' in the top level.", "Did you mean 'title'?")),
        ("[build]\n  pagniate = 1", ("2:3 config-unknown", "Unknown key 'pagniate' in [build].", "Did you mean 'paginate'?")),
        ("engine = 'x'", ("1:1 config-unknown", "Unknown key 'engine' in the top level.", "'engine' belongs in [markdown].")),
        ("[submissions]\nfill_seconds = 3", ("2:1 config-unknown", "Unknown key 'fill_seconds' in [submissions].", "'fill_seconds' belongs in [submissions.limits].")),
        ("[feed]\ntimezone = 'x'", ("2:1 config-unknown", "Unknown key 'timezone' in [feed].", "'timezone' belongs at the top (before all tables).")),
        ("interval_minutes = 1", ("1:1 config-unknown", "Unknown key 'interval_minutes' in the top level.", "'interval_minutes' belongs in [submissions.mail] or in [submissions.webhook].")),
        ("zzz = 1", ("1:1 config-unknown", "Unknown key 'zzz' in the top level.", "Your own values belong in [extra].")),
        ("paths = 3", ("1:1 config-value", "'paths' must be a table: [paths].", "")),
        ("build.paginate = 'x'", ("1:1 config-value", "'paginate' must be a whole number, but there is text.", "")),
        ("[ feed ]\n'limit' = 0", ("2:1 config-value", "'limit' must be between 1 and 1,000,000.", "")),
        ("title = 1979-05-27", ("1:1 config-value", "'title' must be text, but there is a date.", "")),
        (f"build.paginate = {'9' * 20}", ("1:1 config-value", "'paginate' must be between 0 and 1,000,000.", "")),
        ("permalinks.posts = 1", ("1:1 config-value", "'permalinks' must be text, but there is a whole number in it.", "")),
        ("[unique]\ntitle = 'never'", ("2:1 config-value", "'title' must be 'site', 'section' or 'off', not 'never'.", "")),
        ("[permalinks]\nposts = '/../{slug}/'", ("2:1 config-value", "'posts' must be a path such as /posts/{slug}/.", "")),
        ("[taxonomies]\ntags = '/{slgu}/'", ("2:1 config-value", "'tags' has an unknown field {slgu}.", "Did you mean 'slug'?")),
        ("[taxonomies]\ntags = '/{year}/{slug}'", ("2:1 config-value", "'tags' has an unknown field {year}.", "Known are {slug}.")),
        ("[paths]\nstatic = 'a\\b'", ("2:1 config-value", "'static' must be a folder inside the site's root.", "")),
        ("[paths]\noutput = '.'", ("2:1 config-value", "'output' would overwrite the content folder.", "")),
    ],
)  # fmt: skip
def test_mistakes_have_a_place_and_a_next_step(
    text: str, found: tuple[str, str, str]
) -> None:
    assert problems(text)[0] == found


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a = ", "1:5"),
        ("a = 1\n\n[b\n", "3:3"),
        ("a = '''x", "1:9"),
        (f"a = {'[' * 5000}", "1:5005"),
        (f"a = {'9' * 5000}", "1:5005"),
        ("a = 1\na = 2", "2:6"),
    ],
)
def test_what_is_no_toml_is_said_where(text: str, where: str) -> None:
    config, found = parse(text.encode())
    assert config == Config()
    assert [place(p) for p in found] == [f"sitegen.toml:{where} config-syntax"]


def test_other_encodings_are_refused() -> None:
    found = parse("a = 1\ntitle = 'é'".encode("latin-1"))[1]
    assert [place(p) for p in found] == ["sitegen.toml:2:0 config-syntax"]
    assert parse(b"\xef\xbb\xbftitle = 'x'")[0].title == "x"


def test_what_is_refused_stays_at_its_default() -> None:
    config, found = parse(
        b"""
base_url = "nonsense"
timezone = "Nowhere"
language = "!"
[build]
paginate = -1
[feed]
path = "/../x"
limit = 0
[paths]
content = "../c"
static = "/s"
templates = ""
output = "a/../b"
[permalinks]
posts = "{slug}"
news = "/news/{slug}/"
[taxonomies]
tags = "/tags/"
"""
    )
    assert len(found) == 12
    defaults = Config(permalinks={"news": "/news/{slug}/"}, taxonomies={})
    assert config == defaults


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("", True),
        ("https://example.org", True),
        ("http://localhost:8000/a/b/", True),
        ("https://", False),
        ("https:///x", False),
        ("https://a b", False),
        ("https://example.org/?q", False),
        ("ftp://example.org", False),
    ],
)
def test_what_an_address_is(text: str, good: bool) -> None:
    assert is_base_url(text) is good


def test_huge_numbers_and_dates_are_kept_as_text() -> None:
    config, found = parse(
        b"[extra]\na = 99999999999999999999\nb = 2020-01-02T03:04:05Z\nc = 03:04:05\nd = inf\n"
    )
    assert found == ()
    assert config.extra == {
        "a": "99999999999999999999",
        "b": "2020-01-02T03:04:05+00:00",
        "c": "03:04:05",
        "d": float("inf"),
    }
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(config), type=Config) == config
