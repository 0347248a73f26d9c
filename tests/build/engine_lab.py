"""A place on disk where a World is written, built and compared."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sitegen.build import job, pipeline, survey, theme
from sitegen.build.pipeline import Order, Report, build
from sitegen.build.survey import Asked
from sitegen.build.templates import HonestEnvironment
from sitegen.config import parse
from sitegen.content.records import Moment
from sitegen.content.scan import MANIFEST
from sitegen.problems import SitegenError
from sitegen.site.visibility import Shown
from tests.build.engine_grammar import World

SMALL_THEME = {
    "base.html": "<{{ page.title }}>{% block main %}{% endblock %}",
    "post.html": "{{ post.title }}|{{ post.content }}|{{ post.previous }}",
    "page.html": "{{ post.title }}|{{ post.content }}",
    "index.html": "{% for p in posts %}{{ p.url }}{% endfor %}{{ pager.next_url }}",
    "list.html": "{{ section.title }}{% for p in posts %}{{ p.title }},{% endfor %}",
    "term.html": "{{ term }}{% for p in posts %}{{ p.title }},{% endfor %}",
    "taxonomy.html": "{% for t in terms %}{{ t }}{{ t.count }}{% endfor %}",
    "404.html": "{{ page.title }}{% include 'part1.html' ignore missing %}",
    "robots.txt": "{{ '/sitemap.xml'|absolute }}",
    "redirect.html": "{{ target }}",
    "feed.xml": "{% for p in posts %}{{ p.title }}{{ p.content_absolute }}{% endfor %}",
    "sitemap.xml": "{% for e in entries %}{{ e.permalink }}{{ e.updated }}{% endfor %}",
}
"""Templates that random ones override; the real theme would cost most of the time."""

TARGETS = (
    ("output", "https://example.org/blog", Shown()),
    ("output", "", Shown(True, True, True)),
    ("public", "https://example.net", Shown()),
)
"""Output folder, base_url and what is shown; two share a folder."""


@contextmanager
def small_theme(folder: Path) -> Iterator[None]:
    """Puts the small theme in the place of the real one."""
    for name, text in SMALL_THEME.items():
        path = folder / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    before = theme.FOLDER
    theme.FOLDER = folder
    try:
        yield
    finally:
        theme.FOLDER = before


def config_text(settings: Mapping[str, object]) -> str:
    """Returns a sitegen.toml."""
    value = {key: json.dumps(item) for key, item in settings.items()}
    top = [
        f"{key} = {value[key]}"
        for key in ("title", "description", "author", "language", "timezone")
        if key in value
    ]
    extra = [f"colour = {value['colour']}"] if settings.get("colour") else []
    posts = [f"posts = {value['posts']}"] if settings.get("posts") else []
    engine = value.get("engine", '"commonmark"')
    return "\n".join(
        [
            *top,
            "[unique]",
            'title = "off"',
            "[build]",
            f"paginate = {value.get('paginate', '2')}",
            "[feed]",
            f"limit = {value.get('limit', '2')}",
            "[markdown]",
            f"engine = {engine}",
            f"highlight = {value.get('highlight', 'false')}",
            "[permalinks]",
            *posts,
            "[extra]",
            *extra,
            "",
        ]
    )


def asked(root: Path, world: World, target: int) -> Asked:
    """Returns what a build of a target is asked, with the world's clock."""
    config, problems = parse(config_text(world.config).encode())
    assert not problems
    output, base_url, shown = TARGETS[target]
    config = msgspec.structs.replace(
        config,
        base_url=base_url,
        paths=msgspec.structs.replace(config.paths, output=output),
    )
    zone = ZoneInfo(config.timezone)
    now = datetime.fromtimestamp(world.clock, UTC).astimezone(zone)
    return Asked(root, config, Moment.of(now), shown)


@contextmanager
def compiling_once(known: dict[Any, Any]) -> Iterator[None]:
    """Keeps compiled templates from build to build.

    Compiling takes most of an example's time. Clean builds are left alone, so that
    what a template brought along from an earlier site would be seen.
    """
    compile = HonestEnvironment.compile

    def compile_once(self: Any, *source: Any) -> Any:
        if source not in known:
            known[source] = compile(self, *source)
        return known[source]

    HonestEnvironment.compile = compile_once  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        HonestEnvironment.compile = compile  # type: ignore[method-assign]


class Lab:
    """One site's folder; it knows what it wrote there last."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.compiled: dict[Any, Any] | None = None
        """Templates kept from build to build; None to keep none."""
        (root / "content").mkdir(parents=True, exist_ok=True)
        self.written: dict[str, str] = {}
        self.theirs: dict[Path, bytes] = {}
        """Outputs that somebody edited, and with what bytes."""
        self.killed = False
        """Whether a build was ended so that it could not clean up."""

    def write(self, world: World) -> None:
        """Makes the sources those of a world; what only moved is renamed."""
        tree = world.tree()
        gone = self.written.keys() - tree.keys()
        moved = {self.written[path]: path for path in sorted(gone)}
        for path, text in tree.items():
            file = self.root / path
            if self.written.get(path) == text:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            if path not in self.written and (old := moved.pop(text, "")):
                os.rename(self.root / old, file)
                gone.discard(old)
            else:
                file.write_text(text, encoding="utf-8")
        for path in gone:
            (self.root / path).unlink()
        self.written = tree

    def build(self, world: World, target: int, jobs: int = 1) -> Report | None:
        """Builds; returns None where problems forbid it."""
        keep = nullcontext() if self.compiled is None else compiling_once(self.compiled)
        try:
            with keep:
                return build(asked(self.root, world, target), Order(jobs))
        except SitegenError:
            return None

    def output(self, target: int) -> Path:
        """Returns the output folder of a target."""
        return self.root / TARGETS[target][0]


def built(folder: Path) -> dict[str, bytes]:
    """Returns every file of an output folder but the manifest; folders have no bytes."""
    found: dict[str, bytes] = {}
    for base, folders, names in os.walk(folder):
        start = os.path.relpath(base, folder)
        for name in names:
            path = os.path.normpath(os.path.join(start, name))
            if path != MANIFEST:
                with open(os.path.join(base, name), "rb") as file:
                    found[path] = file.read()
        for name in folders:
            if not os.listdir(os.path.join(base, name)):
                found[os.path.normpath(os.path.join(start, name)) + "/"] = b""
    return found


def stats(folder: Path) -> dict[str, tuple[int, int]]:
    """Returns inode and mtime of every file below a folder."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            status = os.stat(path)
            found[os.path.relpath(path, folder)] = (status.st_ino, status.st_mtime_ns)
    return found


def clean_build(folder: Path, world: World, target: int) -> dict[str, bytes] | None:
    """Returns what a world becomes where nothing is known; None for problems."""
    lab = Lab(folder)
    lab.write(world)
    try:
        if lab.build(world, target) is None:
            return None
        return built(lab.output(target))
    finally:
        shutil.rmtree(folder)


def main(root: str, theme_folder: str, target: str, jobs: str) -> None:
    """Builds the world on standard input, in parts as small as they can be."""
    world = msgspec.json.decode(sys.stdin.buffer.read(), type=World)
    pipeline.SMALL = survey.SMALL = 1
    job.RENDER_CHUNK = survey.PARSE_CHUNK = 2
    theme.FOLDER = Path(theme_folder)
    Lab(Path(root)).build(world, int(target), int(jobs))


if __name__ == "__main__":
    main(*sys.argv[1:])
