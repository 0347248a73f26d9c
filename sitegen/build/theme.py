"""Templates and static files: a site's own override the theme's, file by file."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

import sitegen
from sitegen.config import Config
from sitegen.content.scan import Found, scan
from sitegen.problems import Location, Problem, error
from sitegen.site.plan import THEME

FOLDER = Path(sitegen.__file__).parent / "theme"
"""Where the default theme lies."""

CODES = {"template-encoding": "A template is not UTF-8 text."}


class TemplateSource(msgspec.Struct, frozen=True, array_like=True):
    """A template's text and the file it came from."""

    label: str
    """Relative to the site's root, or to the theme after `theme:`."""
    text: str


class Templates(msgspec.Struct, frozen=True):
    """Every template that can be looked up, by name."""

    sources: dict[str, TemplateSource]
    problems: tuple[Problem, ...] = ()


def read_templates(root: Path, config: Config) -> Templates:
    """Returns the site's templates and those of the theme that it does not override.

    As `theme:NAME` the theme's are there in any case, so that `base.html` of a site can
    extend the one that it takes the place of.
    """
    sources: dict[str, TemplateSource] = {}
    problems: list[Problem] = []
    for base, folder, prefix in (
        (FOLDER, "templates", f"{THEME}templates/"),
        (root, config.paths.templates, f"{config.paths.templates}/"),
    ):
        listing = scan(base, folder)
        for found in (*listing.documents, *listing.others):
            label = f"{prefix}{found.path}"
            data = (base / folder / found.path).read_bytes()
            try:
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError as failure:
                problems.append(_not_utf8(label, data, failure))
                text = ""
            sources[found.path] = TemplateSource(label, text)
            if base is FOLDER:
                sources[label.replace("templates/", "", 1)] = sources[found.path]
        problems.extend(listing.problems)
    return Templates(sources, tuple(problems))


def _not_utf8(label: str, data: bytes, failure: UnicodeDecodeError) -> Problem:
    line = data.count(b"\n", 0, failure.start) + 1
    message = "This template is not UTF-8 text."
    return error(
        "template-encoding", Location(label, line), message, "Save it as UTF-8."
    )


class Static(msgspec.Struct, frozen=True, array_like=True):
    """A file to copy: its source and its stat signature."""

    source: str
    """Relative to the site's root, or to the theme after `theme:`."""
    found: Found


def static_files(
    root: Path, config: Config
) -> tuple[Mapping[str, Static], tuple[Problem, ...]]:
    """Returns the files to copy by site path, the site's own before the theme's."""
    files: dict[str, Static] = {}
    problems: list[Problem] = []
    for base, folder, prefix in (
        (FOLDER, "static", f"{THEME}static/"),
        (root, config.paths.static, f"{config.paths.static}/"),
    ):
        listing = scan(base, folder, hidden=True)
        for found in (*listing.documents, *listing.others):
            files[f"/{found.path}"] = Static(f"{prefix}{found.path}", found)
        problems.extend(listing.problems)
    return files, tuple(problems)


def source_file(root: Path, source: str) -> Path:
    """Returns the file that the source of a copied artifact names."""
    if source.startswith(THEME):
        return FOLDER / source.removeprefix(THEME)
    return root / source
