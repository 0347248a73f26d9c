"""What is wrong with a site as a whole: titles, paths, aliases, templates, links."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

from sitegen.config import Config
from sitegen.content.records import Post
from sitegen.content.titles import title_key
from sitegen.markup.records import Outline
from sitegen.problems import (
    Location,
    Problem,
    did_you_mean,
    error,
    nearest_file,
    warning,
)
from sitegen.site import links, urls
from sitegen.site.model import Site
from sitegen.site.plan import THEME, Artifact
from sitegen.site.questions import source_path

CODES = {
    "title-duplicate": "Two files have the same title.",
    "path-collision": "Two files of the site would be written to the same path.",
    "alias-collision": "An alias is the address of a page, or of another alias.",
    "alias-loop": "An alias leads to itself.",
    "template-unknown": "Front matter names a template that does not exist.",
    "date-missing": "A post has no date.",
    "permalink-date": "An address needs a date, but the post has none.",
    "link-missing": "A link leads to nothing on this site.",
    "link-unpublished": "A link leads to a post that is left out of the site.",
    "anchor-missing": "A link leads to a heading or anchor that does not exist.",
    "image-missing": "An image, or another file that a page embeds, does not exist.",
}


class Places(Protocol):
    """Finds where things stand in content files; asked only about problems."""

    def of_key(self, id: str, key: str, value: str = "") -> Location:
        """Returns the place of a front-matter key's value."""

    def of_references(
        self, id: str, targets: Collection[str]
    ) -> Mapping[str, tuple[Location, ...]]:
        """Returns the places of references in a body, by target."""


def check_titles(
    config: Config, posts: Iterable[Post], places: Places
) -> Iterator[Problem]:
    """Yields every title that an earlier file has taken; left-out posts count too."""
    if config.unique.title == "off":
        return
    taken: dict[tuple[str, str], Post] = {}
    for post in sorted(posts, key=_oldest_first):
        if post.is_section:
            continue
        first = taken.setdefault(title_claim(config, post), post)
        if first is not post:
            yield duplicate(post, first, places)


def title_claim(config: Config, post: Post) -> tuple[str, str]:
    """Returns what two files must not share: where a title counts, and its key."""
    top = post.section.partition("/")[0]
    return top if config.unique.title == "section" else "", title_key(post.title)


def _oldest_first(post: Post) -> tuple[bool, int, str]:
    return (post.date is None, post.date.at if post.date else 0, post.id)


def duplicate(post: Post, first: Post, places: Places) -> Problem:
    """Returns the problem of a post whose title another one has."""
    other = places.of_key(first.id, "title")
    same = "" if first.title == post.title else f' (as "{first.title}")'
    return error(
        "title-duplicate",
        places.of_key(post.id, "title"),
        f'The title "{post.title}" is taken{same} by {other.path}:{other.line}.',
        "Change one of them, or relax [unique] title in sitegen.toml.",
        (other,),
    )


def check_paths(
    site: Site, artifacts: Iterable[Artifact], places: Places
) -> Iterator[Problem]:
    """Yields every two outputs at one path, also when they differ only in case."""
    owners: dict[str, Artifact] = {}
    for artifact in sorted(artifacts, key=lambda a: (a.kind == "redirect", a.output)):
        if artifact.kind == "redirect" and artifact.path == artifact.target:
            yield _loop(site, artifact, places)
            continue
        owner = owners.setdefault(path_key(artifact.output), artifact)
        if owner is not artifact:
            yield _collision(site, artifact, owner, places)
    yield from _files_as_folders(site, owners, places)


def path_key(output: str) -> str:
    """Returns what two paths share that some file systems take for one."""
    if output.isascii():
        return output.lower()
    return unicodedata.normalize("NFC", output).casefold()


def _files_as_folders(
    site: Site, owners: Mapping[str, Artifact], places: Places
) -> Iterator[Problem]:
    folders: dict[str, Artifact] = {}
    for key, artifact in owners.items():
        folder = key.rpartition("/")[0]
        while folder and folder not in folders:
            folders[folder] = artifact
            folder = folder.rpartition("/")[0]
    for key in owners.keys() & folders.keys():
        yield _file_as_folder(site, owners[key], folders[key], places)


def _file_as_folder(
    site: Site, file: Artifact, below: Artifact, places: Places
) -> Problem:
    """Returns the problem of a file that stands where a folder must be."""
    owner, artifact = sorted((file, below), key=_blame)
    at, other = _origin(site, artifact, places), _origin(site, owner, places)
    code = "alias-collision" if artifact.kind == "redirect" else "path-collision"
    message = (
        f"{artifact.output} cannot be written beside {owner.output} of {_named(other)}:"
        f" {file.output} is a file, not a folder."
    )
    hint = "Give one of them another slug, permalink or file name."
    return error(code, at, message, hint, (other,))


def _blame(artifact: Artifact) -> int:
    """Returns how much an artifact is to blame for a collision."""
    return {"file": 0, "redirect": 2}.get(artifact.kind, 1)


def _collision(
    site: Site, artifact: Artifact, owner: Artifact, places: Places
) -> Problem:
    at, other = _origin(site, artifact, places), _origin(site, owner, places)
    case = "" if artifact.output == owner.output else f" (as {owner.output})"
    if artifact.kind == "redirect":
        what = "another alias" if owner.kind == "redirect" else "an address"
        message = f"The alias {artifact.path} is already {what}{case}: {_named(other)}."
        hint = "Remove the alias, or change the address that it clashes with."
        return error("alias-collision", at, message, hint, (other,))
    message = f"{artifact.output} is already written{case} by {_named(other)}."
    hint = "Give one of them another slug, permalink or file name."
    return error("path-collision", at, message, hint, (other,))


def _named(location: Location) -> str:
    if location.path.startswith(THEME):
        return f"the theme's {location.path.removeprefix(THEME)}"
    return f"{location.path}:{location.line}" if location.line else location.path


def _loop(site: Site, artifact: Artifact, places: Places) -> Problem:
    at = places.of_key(artifact.subject, "aliases", artifact.path)
    message = f"The alias {artifact.path} is the page's own address."
    return error("alias-loop", at, message, "Remove the alias.")


def _origin(site: Site, artifact: Artifact, places: Places) -> Location:
    """Returns where an artifact comes from."""
    if artifact.source:
        return Location(artifact.source)
    if artifact.kind == "redirect":
        return places.of_key(artifact.subject, "aliases", artifact.path)
    if artifact.subject in site.by_id:
        post = site.by_id[artifact.subject]
        return places.of_key(post.id, "permalink" if post.permalink else "slug")
    if artifact.subject.startswith(":section:"):
        section = site.sections[artifact.subject.removeprefix(":section:")]
        if section.index:
            return places.of_key(section.index.id, "title")
        return Location(source_path(site, section.path))
    if artifact.subject.startswith(":term:"):
        return _term_origin(site, artifact, places)
    return Location(artifact.output)


def _term_origin(site: Site, artifact: Artifact, places: Places) -> Location:
    _, _, taxonomy, key = artifact.subject.split(":", 3)
    term = site.taxonomies[taxonomy][key]
    return places.of_key(term.posts[0], taxonomy, term.name)


def check_templates(
    site: Site, names: Collection[str], places: Places
) -> Iterator[Problem]:
    """Yields front matter that names a template nobody has."""
    for post in site.data.posts:
        if post.template and post.template not in names:
            at = places.of_key(post.id, "template")
            message = f"There is no template '{post.template}'."
            match = nearest_file(post.template, names)
            hint = f"Did you mean '{match}'?" if match else "Create it in templates/."
            yield error("template-unknown", at, message, hint)


def check_dates(site: Site, places: Places) -> Iterator[Problem]:
    """Yields posts without a date, and addresses that need one."""
    for post in site.leaves:
        if post.date:
            continue
        pattern = (
            "" if post.permalink else urls.section_pattern(site.config, post.section)
        )
        if any(part in pattern for part in ("{year}", "{month}", "{day}")):
            at = places.of_key(post.id, "title")
            message = f"The address {pattern} needs a date, and there is none."
            yield error("permalink-date", at, message, "Add a date: 2026-01-31.")
        elif site.is_post(post):
            at = places.of_key(post.id, "title")
            message = "This post has no date, so it comes last in every list."
            yield warning("date-missing", at, message, "Add a date: 2026-01-31.")


def check_links(
    site: Site,
    outlines: Mapping[str, Outline],
    outputs: Collection[str],
    left_out: Collection[str],
    places: Places,
) -> Iterator[Problem]:
    """Yields links, anchors and images in bodies that lead nowhere.

    `outlines` is by post id, `outputs` are the planned paths, `left_out` the ids of
    posts that are not shown.
    """
    check = _LinkCheck(site, outlines, outputs, left_out)
    for post in site.data.posts:
        found = check.of_post(post.id)
        if found:
            at = places.of_references(post.id, found.keys())
            for target, make in found.items():
                fallback = (Location(source_path(site, post.id)),)
                for location in at.get(target) or fallback:
                    yield make(location)


Maker = Callable[[Location], Problem]

_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:com|dev|io|net|org)(?:/|$)", re.IGNORECASE)
"""What begins like the name of a host, in the endings that no file has."""


class _LinkCheck:
    """Judges one reference after another."""

    def __init__(
        self,
        site: Site,
        outlines: Mapping[str, Outline],
        outputs: Collection[str],
        left_out: Collection[str],
    ) -> None:
        self.site = site
        self.outlines = outlines
        self.outputs = outputs
        self.left_out = left_out
        self.ids = {path: id for id, path in site.paths.items()}
        self.anchors: dict[str, frozenset[str]] = {}
        self.fine: set[str] = set()
        """Links that lead somewhere, whichever post has them."""

    def of_post(self, id: str) -> dict[str, Maker]:
        """Returns what is wrong with a post's references, by target."""
        outline = self.outlines.get(id)
        found: dict[str, Maker] = {}
        if outline:
            for target in outline.images:
                if make := self.image(id, target):
                    found[target] = make
            for target in outline.links:
                if target in self.fine:
                    continue
                if make := self.link(id, target):
                    found[target] = make
                elif target.startswith("/"):
                    # Wherever it stands, it leads to the same place.
                    self.fine.add(target)
        return found

    def image(self, id: str, target: str) -> Maker | None:
        """Returns what is wrong with an embedded file."""
        to = links.destination(self.site, id, target)
        if self.exists(to.path):
            return None
        hint = "Put it in static/, or beside the post's index.md in a bundle."
        message = f"The file '{target}' does not exist."
        return lambda at: warning("image-missing", at, message, hint)

    def link(self, id: str, target: str) -> Maker | None:
        """Returns what is wrong with a link."""
        to = links.destination(self.site, id, target)
        if not self.exists(to.path):
            return self.missing(id, target)
        page = to.id or self.ids.get(to.path) or self.ids.get(f"{to.path}/", "")
        if to.fragment and page in self.outlines:
            return self.anchor(page, to.fragment, target)
        return None

    def exists(self, path: str) -> bool:
        """True if something is served at a site path."""
        if not path:
            return False
        output = urls.output_path(path)
        return output in self.outputs or f"{output}/index.html" in self.outputs

    def missing(self, id: str, target: str) -> Maker:
        """Returns the problem of a link to nothing."""
        source = links.source_of(id, target)
        if source in self.left_out:
            hidden = f"'{target}' is a draft, or not shown at this time."
            hint = "Publish it too, or take the link out."
            return lambda at: warning("link-unpublished", at, hidden, hint)
        message = f"The link '{target}' leads nowhere."
        name = source.rpartition("/")[2]
        same = [i for i in self.site.by_id if i.rpartition("/")[2] == name]
        hint = "Mend the link, or create the page."
        if same:
            hint = f"Did you mean '{source_path(self.site, same[0])}'?"
        elif "{{" in target or "{%" in target:
            hint = "Posts are not templates: write the address itself."
        elif _HOST.match(target):
            hint = f"Did you mean 'https://{target}'?"
        return lambda at: warning("link-missing", at, message, hint)

    def anchor(self, id: str, fragment: str, target: str) -> Maker | None:
        """Returns what is wrong with a link's anchor."""
        if id not in self.anchors:
            self.anchors[id] = frozenset(self.outlines[id].anchors)
        known = self.anchors[id]
        if fragment in known or fragment == "top" or fragment.startswith(":~:"):
            return None
        page = source_path(self.site, id)
        message = f"The link '{target}' leads to an anchor that {page} does not have."
        hint = did_you_mean(fragment, known) or "Link to one of its headings."
        return lambda at: warning("anchor-missing", at, message, hint)
