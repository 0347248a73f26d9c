"""What is wrong with a commit before it is made: Git's index is judged, not the files.

The commit's own files are read and judged in full; of all others only what they claim
is needed: their titles and their addresses. Those are kept in the store by the id that
Git gives to a file's content, so that a commit among ten thousand posts reads as many
files as it changes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from sitegen import git
from sitegen.build.outlines import Outlines
from sitegen.build.parse import Entry, parse, rules_of, shown_path
from sitegen.build.places import FilePlaces
from sitegen.build.store import Claim, Store
from sitegen.build.survey import Asked, bundle_paths
from sitegen.build.theme import FOLDER, Static, read_templates
from sitegen.config import Config, load
from sitegen.config import parse as parse_config
from sitegen.content.records import Post
from sitegen.content.scan import (
    MARKDOWN,
    QUEUE,
    SECTION_TEMPLATE,
    Found,
    Scan,
    bundle_files,
    scan,
)
from sitegen.digests import digest
from sitegen.git import Repository
from sitegen.markup.records import Outline
from sitegen.problems import Problem
from sitegen.site import checks, links, urls
from sitegen.site.model import Site, SiteData
from sitegen.site.plan import THEME, Artifact, plan
from sitegen.site.visibility import select


class Index(msgspec.Struct, frozen=True):
    """A site as it is staged."""

    repository: Repository
    files: Mapping[str, str]
    """Path relative to the site's root → id of its content."""
    changed: frozenset[str]
    """Paths that differ from the last commit."""
    known: Mapping[str, bytes]
    """Content that has been read already, by its id."""

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Returns the content of staged files, by path."""
        wanted = {path: self.files[path] for path in paths if path in self.files}
        new = {id for id in wanted.values() if id not in self.known}
        found = {**self.known, **git.blobs(self.repository, new)}
        return {path: found[id] for path, id in wanted.items()}


def read_index(root: Path, config: str, index: Path | None = None) -> Index:
    """Returns what is staged; `index` is another index than the repository's own.

    What every check reads is read at once: the file of the settings, and the texts that
    the commit changes. Raises NoRepository outside of Git.
    """
    repository = git.require(root)
    files = git.staged(repository, index)
    changed = git.changed_in_index(repository, index)
    texts = (path for path in changed if path.endswith(MARKDOWN))
    wanted = {files[path] for path in (config, *texts) if path in files}
    known = git.blobs(repository, wanted)
    return Index(repository, files, frozenset(changed), known)


def staged_config(
    root: Path, index: Index, name: str
) -> tuple[Config, tuple[Problem, ...]]:
    """Returns the configuration as it is staged, and what is wrong with it.

    One that is not in Git is the one that lies there.
    """
    if name not in index.files:
        return load(root, name)
    return parse_config(index.read([name])[name], name)


def check_staged(asked: Asked, index: Index) -> list[Problem]:
    """Returns what is wrong with the files of a commit, sorted."""
    if not index.changed:
        return []
    return sorted(_Check(asked, index).run(), key=Problem.sort_key)


class _Check:
    """One run; everything is worked out when it is first asked for."""

    def __init__(self, asked: Asked, index: Index) -> None:
        self.asked = asked
        self.root = asked.root
        self.config = asked.config
        self.index = index
        self.rules = rules_of(self.config)
        content = self.config.paths.content
        self.prefix = "" if content == "." else f"{content}/"
        self.store = Store(self.root)

    def run(self) -> Iterator[Problem]:
        """Yields the problems: of single files, then of what they share with others."""
        for entry in self.own.values():
            yield from entry.problems
        yield from self.titles()
        if any(entry.post for entry in self.own.values()):
            yield from self.addresses()
            yield from checks.check_templates(
                self.own_site, self.templates, self.places
            )
            yield from self.links()

    @cached_property
    def documents(self) -> dict[str, str]:
        """Content file's id → path, of all that is staged."""
        found = {}
        for path in self.index.files:
            if path.startswith(self.prefix) and path.endswith(MARKDOWN):
                id = path[len(self.prefix) :]
                if self.is_content(id):
                    found[id] = path
        return found

    def is_content(self, id: str) -> bool:
        """True unless a Markdown file is hidden, in the queue, or a template."""
        if id.startswith((f"{QUEUE}/", ".")) or "/." in id:
            return False
        if not self.prefix and "/" in id:
            return False
        return id.rpartition("/")[2].rpartition(".")[0] != SECTION_TEMPLATE

    @cached_property
    def own(self) -> dict[str, Entry]:
        """The commit's own content files, by id."""
        paths = {
            id: path
            for id, path in self.documents.items()
            if path in self.index.changed
        }
        data = self.index.read(paths.values())
        return {id: self.entry(id, data[path]) for id, path in paths.items()}

    def entry(self, id: str, data: bytes) -> Entry:
        """Returns the entry of a staged file."""
        found, _ = parse(Found(id, 0, len(data), 0), data, self.rules)
        return found

    @cached_property
    def claims(self) -> dict[str, Claim]:
        """What every staged file claims, by id."""
        settings = _digest(self.config)
        kept = self.store.load_claims(settings)
        known = {claim.id: claim for claim in kept}
        claims: dict[str, Claim] = {}
        new: list[str] = []
        for id, path in self.documents.items():
            claim = known.get(id)
            if claim is not None and claim.blob == self.index.files[path]:
                claims[id] = claim
            else:
                new.append(id)
        for claim in self.read_claims(new):
            claims[claim.id] = claim
        if new or len(claims) < len(known):
            self.store.save_claims(settings, tuple(claims.values()))
        return claims

    def read_claims(self, ids: list[str]) -> Iterator[Claim]:
        """Yields the claims of files that are read now."""
        others = [self.documents[id] for id in ids if id not in self.own]
        data = self.index.read(others)
        for id in ids:
            path = self.documents[id]
            post = self.own[id].post if id in self.own else self.post(id, data[path])
            yield _claim(id, self.index.files[path], post, self.config)

    def post(self, id: str, data: bytes) -> Post | None:
        """Returns the post of a file that the commit does not change."""
        from sitegen.content.posts import read_post

        return read_post(id, data, self.documents[id], self.rules.front)[0]

    @cached_property
    def own_posts(self) -> list[Post]:
        """The posts of the commit's own files."""
        return [entry.post for entry in self.own.values() if entry.post]

    def titles(self) -> Iterator[Problem]:
        """Yields the titles of the commit that another file has."""
        if self.config.unique.title == "off":
            return
        own = [post for post in self.own_posts if not post.is_section]
        keys = {checks.title_claim(self.config, post)[1] for post in own}
        taken: dict[tuple[str, str], Post] = {}
        for claim in self.claims.values() if keys else ():
            if claim.key in keys and claim.id not in self.own:
                post = _post(claim)
                taken[checks.title_claim(self.config, post)] = post
        for post in own:
            first = taken.setdefault(checks.title_claim(self.config, post), post)
            if first is not post:
                yield checks.duplicate(post, first, self.places)

    def shown(self, posts: Iterable[Post]) -> tuple[Post, ...]:
        """Returns the posts that a build would show."""
        return select(posts, self.asked.shown, self.asked.now)[0]

    @cached_property
    def posts(self) -> tuple[Post, ...]:
        """All posts that are shown; the commit's own as they are staged."""
        own = {post.id: post for post in self.own_posts}
        claims = (self.claims[id] for id in sorted(self.claims))
        found = (own.get(c.id) or _post(c) for c in claims if c.path)
        return self.shown(found)

    @cached_property
    def site(self) -> Site:
        """The site as it is staged."""
        files = bundle_paths(self.bundles, self.posts, self.config)
        return Site(SiteData(self.config, self.posts, files, self.asked.now))

    @cached_property
    def own_site(self) -> Site:
        """A site of nothing but the commit's own posts."""
        own = self.shown(self.own_posts)
        return Site(SiteData(self.config, own, {}, self.asked.now))

    @cached_property
    def bundles(self) -> dict[str, Static]:
        """The staged files that bundles bring along, by id."""
        start = len(self.prefix)
        inside = [p for p in self.index.files if p.startswith(self.prefix)]
        others = [path[start:] for path in inside if path[start:] not in self.documents]
        listing = Scan(
            tuple(Found(id, 0, 0, 0) for id in self.documents),
            tuple(Found(id, 0, 0, 0) for id in others if self.is_content(id)),
        )
        return {
            id: Static(self.prefix + id, found)
            for id, found in bundle_files(listing).items()
        }

    def addresses(self) -> Iterator[Problem]:
        """Yields the addresses of the commit that another file has."""
        own = {post.id for post in self.shown(self.own_posts)}
        wanted = {output for id in own for output in self.claims[id].outputs}
        sharing = [
            claim
            for claim in self.claims.values()
            if claim.id in own or not wanted.isdisjoint(claim.outputs)
        ]
        posts = self.shown(map(_post, sharing))
        site = Site(SiteData(self.config, posts, {}, self.asked.now))
        made = self.made(post.id for post in posts)
        for problem in checks.check_paths(site, made, self.places):
            places = {place.path for place in (problem.location, *problem.related)}
            if not places.isdisjoint(self.index.changed):
                yield problem

    def made(self, ids: Iterable[str]) -> Iterator[Artifact]:
        """Yields what is written for some posts and their aliases."""
        for id in sorted(ids):
            claim = self.claims[id]
            path = claim.path
            yield Artifact(urls.output_path(path), path, "post", (), id)
            for alias in claim.aliases:
                output = urls.output_path(alias)
                yield Artifact(output, alias, "redirect", (), id, target=path)

    def links(self) -> Iterator[Problem]:
        """Yields the references in the commit's own files that lead nowhere.

        As a rule all lead to files, or to copies of static ones. Then a site of nothing
        but these files is enough to see it.
        """
        outlines = Outlines({id: entry.outline for id, entry in self.own.items()})
        if not any(outline.links or outline.images for outline in outlines.values()):
            return
        small = self.linked_site(outlines)
        served = (*small.paths.values(), *self.statics)
        outputs = frozenset(map(urls.output_path, served))
        if any(checks.check_links(small, outlines, outputs, (), self.places)):
            hidden = self.claims.keys() - self.site.by_id.keys()
            outputs = frozenset(artifact.output for artifact in self.planned)
            yield from checks.check_links(
                self.site, outlines, outputs, hidden, self.places
            )

    def linked_site(self, outlines: Mapping[str, Outline]) -> Site:
        """Returns a site of the commit's own posts and of those that they link to."""
        named = {
            links.source_of(id, target)
            for id, outline in outlines.items()
            for target in outline.links
        }
        others = (
            self.claims[id] for id in named - self.own.keys() & self.claims.keys()
        )
        linked = (_post(claim) for claim in others if claim and claim.path)
        posts = self.shown((*self.own_posts, *linked))
        return Site(SiteData(self.config, posts, {}, self.asked.now))

    @property
    def planned(self) -> tuple[Artifact, ...]:
        """Every file that a build of what is staged would write."""
        sources = {path: self.bundles[path].source for path in self.site.files}
        return plan(self.site, self.statics, sources)

    @cached_property
    def templates(self) -> Collection[str]:
        """The names of all templates, as they lie there."""
        if not any(post.template for post in self.own_posts):
            return ()
        return read_templates(self.root, self.config).sources

    @cached_property
    def statics(self) -> dict[str, str]:
        """Site path → source of the files that are copied as they are staged."""
        theme = scan(FOLDER, "static", hidden=True)
        files = {f"/{f.path}": f"{THEME}static/{f.path}" for f in theme.others}
        folder = f"{self.config.paths.static}/"
        own = (path for path in self.index.files if path.startswith(folder))
        staged = {f"/{path[len(folder) :]}": path for path in own}
        return {**files, **staged}

    @cached_property
    def places(self) -> "_StagedPlaces":
        """Finds where things stand in staged files."""
        return _StagedPlaces(self.root, self.index, self.config.paths.content)


class _StagedPlaces(FilePlaces):
    """Finds keys and references in content files as they are staged."""

    def __init__(self, root: Path, index: Index, content: str) -> None:
        super().__init__(root, content)
        self.index = index

    def data(self, id: str) -> bytes:
        """Returns the staged bytes of a content file."""
        path = shown_path(self.content, id)
        return self.index.read([path])[path]


def _claim(id: str, blob: str, post: Post | None, config: Config) -> Claim:
    if post is None:
        return Claim(id, blob)
    key = "" if post.is_section else checks.title_claim(config, post)[1]
    bare = msgspec.structs.replace(post, summary="", description="", extra={})
    raw = msgspec.Raw(msgspec.msgpack.encode(bare))
    path = urls.post_path(config, post)
    paths = (path, *post.aliases)
    outputs = tuple(checks.path_key(urls.output_path(each)) for each in paths)
    return Claim(id, blob, key, path, post.aliases, outputs, raw)


def _post(claim: Claim) -> Post:
    return msgspec.msgpack.decode(claim.post, type=Post)


def _digest(config: Config) -> bytes:
    return digest(msgspec.msgpack.encode(config))
