"""What was built last, and how it is brought forward: first what is looked at."""

import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec

from sitegen.build import outputs, trace, workers
from sitegen.build.delta import Delta, looks_matter, still_changes
from sitegen.build.drawer import Drawer
from sitegen.build.making import with_looks
from sitegen.build.parse import ChangedMeanwhile, Documents
from sitegen.build.pipeline import (
    Build,
    Order,
    locked,
    output_folder,
    sources_digest,
    target_key,
)
from sitegen.build.render import render
from sitegen.build.stale import Plan, plan_all, plan_still, template_digests
from sitegen.build.store import Store, Target
from sitegen.build.survey import Progress, Survey
from sitegen.build.templates import TemplateFailure
from sitegen.build.theme import source_file
from sitegen.markup.extensions import is_pure
from sitegen.problems import Problem, ProblemsFound
from sitegen.serve.reading import Reading
from sitegen.serve.snapshot import Fresh, fresh
from sitegen.site import checks
from sitegen.site.plan import Artifact

BIG = 4 << 20
"""Bytes: a copied file that is larger than this is not shown from memory."""


class Settled(msgspec.Struct, frozen=True):
    """What a whole build did."""

    total: int
    rendered: int
    removed: tuple[str, ...]
    reasons: dict[str, str]
    warnings: tuple[Problem, ...]


class Bench:
    """The last build of one target."""

    def __init__(self, reading: Reading, store: Store, order: Order) -> None:
        self._reading = reading
        self._store = store
        self._order = order
        self._began = time.time_ns()  # nothing was read before: see `save_entries`
        self.folder = output_folder(reading.root, reading.asked.config)
        self.target = store.load_target(self._key)
        self._key_built = self._key
        self._manifest = outputs.read_manifest(self.folder)
        self._places: dict[str, int] = {}
        self._titles = Titles()
        self._index()
        if self.target is None or store.is_torn(self._key):
            outputs.remove_staged(self.folder)

    @property
    def _key(self) -> bytes:
        asked = self._reading.asked
        return target_key(asked.config, asked.shown)

    def _index(self) -> None:
        artifacts = self.target.artifacts if self.target else ()
        self._places = {a.output: place for place, a in enumerate(artifacts)}

    def files(self) -> dict[str, bytes]:
        """Returns the digest of every file that was built."""
        return {o.path: o.digest for o in self.target.outputs} if self.target else {}

    def subject(self, output: str) -> str:
        """Returns the id of the post that a page shows; "" for none."""
        place = self._places.get(output)
        if place is None or self.target is None:
            return ""
        return self.target.artifacts[place].subject

    # First what is looked at.

    def first(self, delta: Delta, wanted: Iterable[str]) -> dict[str, Fresh | None]:
        """Returns wanted pages as they are now; None for those that are as built.

        Raises ProblemsFound if one cannot be made, or a title is taken.
        """
        self._refuse_titles(delta)
        look = _Look(self._reading, self.target, delta) if self.target else None
        found: dict[str, Fresh | None] = {}
        for output in wanted:
            place = self._places.get(output)
            if look and place is not None:
                look.page(place, found)
        return found

    def ahead(self, ids: Collection[str]) -> dict[str, Fresh | None]:
        """Returns the pages of posts that came or moved, before the rest is compared.

        None where there are errors already, or where another file claims the address.
        """
        survey, target = self._reading.survey, self.target
        errors = any(problem.is_error for problem in survey.parse_problems)
        if target is None or errors or self._key != self._key_built:
            return {}
        self._refuse_titles(Delta(records=frozenset(ids)))
        outputs = [artifact.output for artifact in survey.artifacts]
        look = _Look(self._reading, target, Delta())
        found: dict[str, Fresh | None] = {}
        for artifact in survey.artifacts:
            is_page = artifact.kind in ("post", "page") and artifact.subject in ids
            if is_page and outputs.count(artifact.output) == 1:
                look.render(artifact, found)
        return found

    def warm(self) -> None:
        """Has the next edit find ready what it will need."""
        target = self.target
        if target is None:
            return
        self._titles.note(self._reading.survey, ())
        look = _Look(self._reading, target, Delta())
        by_templates = {a.templates: a for a in target.artifacts if a.templates}
        for artifact in by_templates.values():
            look.render(artifact, {})

    def _refuse_titles(self, delta: Delta) -> None:
        """Raises ProblemsFound if a post of `delta` has a title that is taken."""
        survey = self._reading.survey
        if self._titles.are_free(survey, delta.records):
            return
        taken = list(checks.check_titles(survey.config, survey.posts, survey.places))
        if taken:
            raise ProblemsFound([*survey.parse_problems, *taken])

    def copies(self, delta: Delta) -> dict[str, Fresh | None]:
        """Returns copied files that changed, unless they are big."""
        inputs = self._reading.inputs
        found: dict[str, Fresh | None] = {}
        for path in delta.statics:
            static = inputs.statics[path] if inputs else None
            if static and static.found.size <= BIG:
                file = source_file(self._reading.root, static.source)
                found[path.lstrip("/")] = fresh(file.read_bytes())
        return found

    # Then everything.

    def settle(
        self, delta: Delta, progress: Progress, pause: Callable[[], None]
    ) -> Settled:
        """Brings all files up to date; `pause` may raise to give it up.

        Raises ProblemsFound; then the files stay as they were.
        """
        reading, survey = self._reading, self._reading.survey
        asked, order = reading.asked, self._order
        with locked(asked.root), workers.Pool(order.jobs) as pool:
            target = self._target_of_now()
            build = Build(asked, order, self._store, pool, progress, target)
            problems = self._check(build, survey, delta)
            pause()
            plan = self._plan(build, survey, delta)
            pause()
            self._store.mark_torn(build.key)
            made = build.make(survey, plan, self._manifest)
            removed = build.put_into_place(made, self._manifest)
            if target and self._is_still(survey, delta):
                self.target = with_looks(target, plan, made)
                self._titles.note(survey, delta.records)
            else:
                self._titles = Titles()
                digests = dict(plan.answers.templates)
                self.target = build.renewed(survey, plan, made, digests, problems)
        self._key_built = build.key
        self._manifest = outputs.manifest_of(self.target.outputs)
        if plan.artifacts is not (target and target.artifacts):
            self._index()
        return Settled(
            len(plan.artifacts),
            len(plan.stale),
            tuple(removed),
            plan.reasons,
            tuple(problems),
        )

    def _target_of_now(self) -> Target | None:
        """Returns what was built; None where the settings lead to another target."""
        if self._key == self._key_built:
            return self.target
        return self._store.load_target(self._key)

    def _check(self, build: Build, survey: Survey, delta: Delta) -> list[Problem]:
        target = self.target
        still = target and self._is_still(survey, delta)
        if target and still and not looks_matter(target, survey, delta):
            self._refuse_titles(delta)
            return sorted(
                [*survey.parse_problems, *target.checks], key=Problem.sort_key
            )
        return build.check(survey)

    def _is_still(self, survey: Survey, delta: Delta) -> bool:
        """True if no address and no order differs, and documents read text alone."""
        same = self._key == self._key_built
        return same and delta.is_still and is_pure(survey.config.markdown)

    def _plan(self, build: Build, survey: Survey, delta: Delta) -> Plan:
        target = build.target
        if target and self._is_still(survey, delta):
            return plan_still(survey, target, still_changes(delta))
        digests = template_digests(survey.inputs)
        return plan_all(survey, target, build.config, digests, self.folder)

    def save(self) -> None:
        """Has the store remember what was built."""
        inputs = self._reading.inputs
        if inputs is None or self.target is None:
            return
        sources = sources_digest(inputs)
        target = msgspec.structs.replace(self.target, sources=sources)
        with locked(self._reading.root):
            self._store.save_entries(inputs.rules, inputs.entries, self._began)
            self._store.save_target(self._key_built, target, self._began)
            self._store.mark_whole(self._key_built)


class Titles:
    """Which post has which title: says at once that a new one is free.

    Titles that were given up stay: one that may be taken is worth a whole check.
    """

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}

    def are_free(self, survey: Survey, ids: Collection[str]) -> bool:
        """True if certainly no other post has the title of one of these."""
        config = survey.config
        if not ids or config.unique.title == "off":
            return True
        wanted = [post for post in survey.posts if post.id in ids]
        wanted = [post for post in wanted if not post.is_section]
        if not self._owners:
            return False
        claims = {checks.title_claim(config, post): post.id for post in wanted}
        return len(claims) == len(wanted) and all(
            self._owners.get(claim, id) == id for claim, id in claims.items()
        )

    def note(self, survey: Survey, ids: Collection[str]) -> None:
        """Notes the titles of these posts; at first those of all."""
        posts = survey.posts
        if self._owners:
            posts = tuple(post for post in posts if post.id in ids)
        for post in posts:
            if not post.is_section:
                self._owners[checks.title_claim(survey.config, post)] = post.id


class _Look:
    """Renders single pages as they are now, if they are not as built."""

    def __init__(self, reading: Reading, target: Target, delta: Delta) -> None:
        survey = reading.survey
        new = template_digests(survey.inputs) if delta.templates else target.templates
        names = new.keys() | target.templates.keys()
        self.survey = survey
        self.target = target
        self.environment = reading.environment
        self.changes = trace.Changes(
            templates={n for n in names if new.get(n) != target.templates.get(n)},
            records=delta.records,
            bodies=delta.bodies,
            index=bool(delta.records),
            pure=is_pure(survey.config.markdown),
        )
        site, bodies, outlines = survey.site, survey.bodies, survey.outlines
        self.answers = trace.Answers(site, bodies, outlines, new)
        drawer = Drawer(Path(), {})
        rules = survey.inputs.rules
        self.documents = Documents(
            reading.root, rules, bodies, survey.site.by_id, drawer
        )
        self.asked: dict[int, bool] = {}

    def page(self, place: int, found: dict[str, Fresh | None]) -> None:
        """Notes the artifact at a place of the target as it is now."""
        artifact = self.target.artifacts[place]
        if artifact.kind == "file":
            return
        if any(map(self.is_other, trace.numbers_of(self.target.traces[place]))):
            self.render(artifact, found)
        else:
            found[artifact.output] = None

    def is_other(self, number: int) -> bool:
        """True if a question of the target has another answer now."""
        if number not in self.asked:
            question = trace.decode(self.target.questions[number])
            self.asked[number] = self.changes.may_concern(question) and (
                self.answers.digest(question) != self.target.answers[number]
                or (question[0] == "content" and not self.changes.pure)
            )
        return self.asked[number]

    def render(self, artifact: Artifact, found: dict[str, Fresh | None]) -> None:
        """Notes the page of an artifact, unless its post changes this very moment."""
        site = self.survey.site
        try:
            made = render(artifact, site, self.environment, self.documents)
        except TemplateFailure as failure:
            if isinstance(failure.__cause__, ChangedMeanwhile):
                return
            raise ProblemsFound([failure.problem]) from failure
        found[artifact.output] = fresh(made.data)
