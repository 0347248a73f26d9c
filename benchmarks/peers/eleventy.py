"""Eleventy, with its own plugins for feeds and highlighting."""

import json
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
    make_node_folder,
    yaml_front_matter,
)
from benchmarks.scenario import Scenario

VERSION = "3.1.8"
PACKAGES = (
    f"@11ty/eleventy@{VERSION}",
    "@11ty/eleventy-plugin-rss@3.0.0",
    "@11ty/eleventy-plugin-syntaxhighlight@5.0.2",
)

_PLAIN = "extend: async () => {},"
_HIGHLIGHTED = """\
extend: async (config) => {
    const plugin = await import("@11ty/eleventy-plugin-syntaxhighlight");
    config.addPlugin(plugin.default);
  },"""


class Eleventy(Tool):
    """Eleventy with Nunjucks templates, highlighting by Prism."""

    name = "eleventy"

    def install(self, cache: Path) -> None:
        make_node_folder(cache / "eleventy", PACKAGES)

    def version(self, cache: Path) -> str:
        package = _modules(cache) / "@11ty" / "eleventy" / "package.json"
        if not package.exists():
            raise Unavailable("not installed")
        return str(json.loads(package.read_text(encoding="utf-8"))["version"])

    def settings(self, scenario: Scenario) -> dict[str, str]:
        return {
            "package.json": '{"type": "module"}\n',
            "settings.js": f"""\
export default {{
  title: "{SITE_TITLE}",
  author: "{SITE_AUTHOR}",
  language: "en",
  base_url: "{BASE_URL}",
  {_HIGHLIGHTED if scenario.highlight else _PLAIN}
}};
""",
        }

    def post(self, entry: Entry, body: str) -> str:
        return yaml_front_matter(entry) + body

    def prepare(self, cache: Path, site: Path) -> None:
        (site / "node_modules").symlink_to(_modules(cache))

    def command(self, cache: Path, site: Path, output: Path) -> Command:
        program = _modules(cache) / "@11ty" / "eleventy" / "cmd.cjs"
        return Command(("node", str(program), "--quiet", f"--output={output}"), site)

    def leftovers(self, site: Path) -> Sequence[Path]:
        return (site / ".cache",)


def _modules(cache: Path) -> Path:
    return cache / "eleventy" / "node_modules"
