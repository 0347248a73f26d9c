"""Where a reference in a body leads."""

import posixpath
import re
from urllib.parse import unquote

import msgspec

from sitegen.content.scan import MARKDOWN
from sitegen.site import urls
from sitegen.site.model import Site

_SUFFIX = re.compile(r"[?#].*", re.DOTALL)


class Destination(msgspec.Struct, frozen=True):
    """What a reference leads to inside the site."""

    path: str
    """A site path; "" if there is no such content file."""
    suffix: str
    """Query and fragment as written."""
    id: str = ""
    """The post or page, if the reference names its file."""

    @property
    def fragment(self) -> str:
        """The name of the anchor, decoded; "" for none."""
        return unquote(self.suffix.partition("#")[2])


def resolve(site: Site, id: str, target: str) -> str:
    """Returns the root-relative URL of a reference in post `id`; "" if it is missing.

    A bare `#anchor` stays as it is.
    """
    start = target[:1]
    if start == "/":
        # Wherever it stands, it leads to the same place.
        known = site.reached.get(target)
        if known is None:
            known = site.reached[target] = _url(site, id, target)
        return known
    return target if start in ("#", "?") else _url(site, id, target)


def _url(site: Site, id: str, target: str) -> str:
    found = destination(site, id, target)
    return urls.url(site.config, found.path) + found.suffix if found.path else ""


def destination(site: Site, id: str, target: str) -> Destination:
    """Returns where a local reference in post `id` leads.

    It may name a Markdown file or a bundle's file relative to the post's own file (or
    to the content folder: `@/posts/a.md`), a path of the site (`/tags/`), or a place
    relative to the page's address.
    """
    path, suffix = target, ""
    if "#" in target or "?" in target:
        match = _SUFFIX.search(target)
        assert match is not None
        path, suffix = target[: match.start()], match[0]
    if "%" in path:
        path = unquote(path)
    if not path:
        return Destination(site.paths[id], suffix, id)
    if path.startswith("/"):
        return _from_top(site, path, suffix)
    source = path[2:] if path.startswith("@/") else _beside(id, path)
    return _from_source(site, source, suffix) or _from_page(site, id, path, suffix)


def source_of(id: str, target: str) -> str:
    """Returns the content file that a reference in post `id` would name."""
    path = unquote(_SUFFIX.sub("", target))
    if path.startswith(("/", "@/")):
        return path.lstrip("@").lstrip("/")
    return _beside(id, path)


def _from_top(site: Site, path: str, suffix: str) -> Destination:
    base = site.config.base_path
    if base and (path == base or path.startswith(f"{base}/")):
        path = path[len(base) :] or "/"
    found = _from_source(site, path.lstrip("/"), suffix) if _is_file(path) else None
    return found or Destination(path, suffix)


def _from_source(site: Site, source: str, suffix: str) -> Destination | None:
    if source in site.by_id:
        return Destination(site.paths[source], suffix, source)
    if source in site.files:
        return Destination(site.files[source], suffix)
    folder = source.rstrip("/")
    if folder and folder in site.sections:
        return Destination(site.list_path(folder), suffix)
    return None


def _from_page(site: Site, id: str, path: str, suffix: str) -> Destination:
    if _is_file(path) or path.startswith("@/"):
        return Destination("", suffix)
    joined = posixpath.join(site.paths[id], path)
    normal = posixpath.normpath(joined)
    slash = "/" if joined.endswith(("/", "/.", "/..")) and normal != "/" else ""
    return Destination(normal + slash, suffix)


def _beside(id: str, path: str) -> str:
    folder = id.rpartition("/")[0]
    if "/" not in path and path[:1] != ".":
        return f"{folder}/{path}" if folder else path
    return posixpath.normpath(posixpath.join(folder, path))


def _is_file(path: str) -> bool:
    return path.endswith(MARKDOWN)
