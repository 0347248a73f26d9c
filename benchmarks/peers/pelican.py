"""Pelican, in a virtual environment of its own."""

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
)
from benchmarks.scenario import FEED_SIZE, PAGE_SIZE, Scenario

VERSION = "4.12.0"
PACKAGES = (
    f"pelican[markdown]=={VERSION}",
    "Markdown==3.11.3",
    "Pygments==2.19.2",
    "Jinja2==3.1.6",
    "pelican-neighbors==1.2.0",
)

_COMMON = f"""\
SITENAME = "{SITE_TITLE}"
SITEURL = "{BASE_URL}"
AUTHOR = "{SITE_AUTHOR}"
DEFAULT_LANG = "en"
TIMEZONE = "UTC"
PATH = "content"
ARTICLE_PATHS = ["posts"]
STATIC_PATHS = ["extra"]
EXTRA_PATH_METADATA = {{"extra/style.css": {{"path": "style.css"}}}}
THEME = "theme"
THEME_STATIC_DIR = "."
ARTICLE_URL = "posts/{{slug}}/"
ARTICLE_SAVE_AS = "posts/{{slug}}/index.html"
POSTS_SAVE_AS = "posts/index.html"
INDEX_SAVE_AS = "index.html"
AUTHOR_SAVE_AS = ""
CATEGORY_SAVE_AS = ""
USE_FOLDER_AS_CATEGORY = False
FEED_ALL_RSS = None
CATEGORY_FEED_ATOM = None
TRANSLATION_FEED_ATOM = None
AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
DEFAULT_PAGINATION = False
LOAD_CONTENT_CACHE = False
CACHE_CONTENT = False
"""

_MINIMAL = """\
FEED_ALL_ATOM = None
TAG_SAVE_AS = ""
PLUGINS = []
DIRECT_TEMPLATES = ["index", "posts"]
"""

_BLOG = f"""\
FEED_DOMAIN = SITEURL
FEED_ALL_ATOM = "feed.xml"
FEED_MAX_ITEMS = {FEED_SIZE}
TAG_URL = "tags/{{slug}}/"
TAG_SAVE_AS = "tags/{{slug}}/index.html"
TAGS_SAVE_AS = "tags/index.html"
SITEMAP_SAVE_AS = "sitemap.xml"
DIRECT_TEMPLATES = ["index", "posts", "tags", "sitemap"]
PAGINATED_TEMPLATES = {{"posts": {PAGE_SIZE}}}
PAGINATION_PATTERNS = [
    (1, "posts/", "posts/index.html"),
    (2, "posts/page/{{number}}/", "posts/page/{{number}}/index.html"),
]
PLUGINS = []
"""

_HEAVY = 'PLUGINS = ["neighbors"]\n'


class Pelican(Tool):
    """Pelican with Python-Markdown, highlighting by Pygments with classes."""

    name = "pelican"

    def install(self, cache: Path) -> None:
        make_venv(cache / "pelican", PACKAGES)

    def version(self, cache: Path) -> str:
        if not _program(cache).exists():
            raise Unavailable("not installed")
        return run_quietly([str(_program(cache)), "--version"]).strip()

    def settings(self, scenario: Scenario) -> dict[str, str]:
        parts = [_COMMON, _BLOG if scenario.is_blog else _MINIMAL]
        parts += [_HEAVY] if scenario.is_heavy else []
        return {"pelicanconf.py": "".join([*parts, _markdown(scenario)])}

    def post(self, entry: Entry, body: str) -> str:
        return (
            f"Title: {entry.title}\n"
            f"Date: {entry.date:%Y-%m-%d %H:%M:%S}\n"
            f"Slug: {entry.slug}\n"
            f"Tags: {', '.join(entry.tags)}\n"
            f"Description: {entry.description}\n"
            f"Summary: {entry.description}\n"
            f"\n{body}"
        )

    def command(self, cache: Path, site: Path, output: Path) -> Command:
        argv = (str(_program(cache)), "--quiet", "--settings", "pelicanconf.py")
        return Command((*argv, "--output", str(output)), site)

    def leftovers(self, site: Path) -> Sequence[Path]:
        return (site / "cache", site / "__pycache__")


def _markdown(scenario: Scenario) -> str:
    """Pelican's own defaults, with or without the extension that colours code."""
    codehilite = '"markdown.extensions.codehilite": {"css_class": "highlight"},'
    return f"""\
MARKDOWN = {{
    "extension_configs": {{
        {codehilite if scenario.highlight else ""}
        "markdown.extensions.extra": {{}},
        "markdown.extensions.meta": {{}},
    }},
    "output_format": "html5",
}}
"""


def _program(cache: Path) -> Path:
    return cache / "pelican" / "bin" / "pelican"
