"""Where things are: site paths, output paths and URLs.

A *site path* such as `/posts/café/` starts at the site's own root and is plain text.
A *URL* is a site path percent-encoded, with `base_url`'s path in front of it.
"""

import re
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from sitegen.config import Config
from sitegen.content.records import Post
from sitegen.content.slugs import slugify

_PLAIN = re.compile(r"[A-Za-z0-9/._~-]*").fullmatch


def encode(path: str) -> str:
    """Returns a site path percent-encoded."""
    return path if _PLAIN(path) else quote(path, safe="/~!$&'()*+,;=:@")


def url(config: Config, path: str) -> str:
    """Returns the root-relative URL of a site path, with `base_url`'s path."""
    return config.base_path + encode(path)


def permalink(config: Config, path: str) -> str:
    """Returns the full URL of a site path; without `base_url` the root-relative one."""
    return config.origin + url(config, path)


def output_path(path: str) -> str:
    """Returns the file below the output folder that serves a site path."""
    relative = path.lstrip("/")
    return f"{relative}index.html" if not relative or path.endswith("/") else relative


@lru_cache(maxsize=10_000)
def section_path(section: str) -> str:
    """Returns the site path of a section's list."""
    if not section:
        return "/"
    return "/" + "/".join(slugify(part) for part in section.split("/")) + "/"


def post_path(config: Config, post: Post) -> str:
    """Returns the site path of a post, page or section page."""
    if post.permalink:
        return post.permalink
    if post.is_section:
        return section_path(post.section)
    if not post.slug:
        return "/"
    pattern = section_pattern(config, post.section)
    if pattern:
        return fill(pattern, post)
    return f"{section_path(post.section)}{post.slug}/"


def section_pattern(config: Config, section: str) -> str:
    """Returns the permalink pattern of a section or of the nearest above it."""
    while section:
        if section in config.permalinks:
            return config.permalinks[section]
        section = section.rpartition("/")[0]
    return config.permalinks.get("", "")


def fill(pattern: str, post: Post) -> str:
    """Returns a permalink pattern with the post's values in it."""
    when: datetime | None = post.date.datetime() if post.date else None
    values = {
        "section": section_path(post.section).strip("/"),
        "slug": post.slug,
        "stem": post.stem,
        "year": f"{when:%Y}" if when else "",
        "month": f"{when:%m}" if when else "",
        "day": f"{when:%d}" if when else "",
    }
    path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)
    path = re.sub(r"//+", "/", path)
    return path if path.endswith("/") or _has_ending(path) else f"{path}/"


def page_path(base: str, number: int) -> str:
    """Returns the site path of page `number` of a list whose first page is `base`."""
    return base if number == 1 else f"{base}page/{number}/"


def term_path(pattern: str, slug: str) -> str:
    """Returns the site path of a term's list."""
    path = pattern.replace("{slug}", slug)
    return path if path.endswith("/") or _has_ending(path) else f"{path}/"


def taxonomy_path(pattern: str) -> str:
    """Returns the site path of a taxonomy's index; "" if its pattern has no room."""
    before = pattern.partition("{slug}")[0]
    path = before[: before.rfind("/") + 1]
    return "" if path == "/" else path


def _has_ending(path: str) -> bool:
    return bool(re.search(r"\.(html?|xml|txt|json)$", path))
