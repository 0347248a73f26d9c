"""Which pages are stale: those that asked a question with another answer now.

A trace is the set of a page's questions, as numbers of one table. Pages return
questions, never answers: each distinct question is answered once, from the one Site of
this build, and only if what its answer could depend on has changed.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from typing import Any

import msgspec

from sitegen.build.outlines import Outlines
from sitegen.build.store import State, Target
from sitegen.content.records import Body, Post
from sitegen.digests import digest
from sitegen.markup.records import Outline
from sitegen.site import links, questions
from sitegen.site.model import Site
from sitegen.site.questions import Question


class Answers:
    """Answers every question about a site and what is around it, as digests."""

    def __init__(
        self,
        site: Site,
        bodies: Mapping[str, Body],
        outlines: Mapping[str, Outline],
        templates: Mapping[str, bytes],
    ) -> None:
        self.site = site
        self.bodies = bodies
        self.outlines = outlines
        self.templates = templates
        form = site.config.submissions
        hosts = form.image_hosts if form else ()
        settings = [msgspec.to_builtins(site.config.markdown), hosts]
        self.markup = digest(_encode(settings))
        self.asked = 0

    def digest(self, question: Question) -> bytes:
        """Returns the digest of a question's answer."""
        self.asked += 1
        kind = question[0]
        if kind == "template":
            return self.templates.get(question[1], b"")
        answer: Any
        if kind == "content":
            answer = self.content(question[1])
        else:
            answer = questions.answer(self.site, question)
        return digest(_encode(answer))

    def content(self, id: str) -> Any:
        """Returns all that the HTML of a body depends on."""
        body, outline = self.bodies.get(id), self.outlines.get(id)
        if body is None or outline is None or id not in self.site.by_id:
            return None
        targets = (*outline.links, *outline.images)
        found = [links.resolve(self.site, id, target) for target in targets]
        return [body.digest, self.markup, self.site.by_id[id].trusted, found]


STILL = frozenset(("list", "neighbour", "link", "redirects"))
"""Kinds of question about addresses and order alone."""


class Changes(msgspec.Struct, frozen=True):
    """What differs between what a target was made from and what is there now."""

    config: bool = False
    templates: Set[str] = frozenset()
    """Names of templates."""
    records: Set[str] = frozenset()
    """Ids of posts, like those of `bodies`."""
    bodies: Set[str] = frozenset()
    pasts: Set[str] = frozenset()
    index: bool = False
    """Whether the order, the addresses or a field of any post may differ."""
    pure: bool = True
    """False if documents depend on more than bodies and settings."""
    still: bool = False
    """True if no address, no order and no term of any post differs."""

    def may_concern(self, question: Question) -> bool:
        """True unless a question's answer is certainly the one it was."""
        kind = question[0]
        if self.still and kind in STILL:
            return False
        if self.still and kind == "content" and self.pure:
            return question[1] in self.bodies or question[1] in self.records
        if kind == "template":
            return question[1] in self.templates
        if kind == "content":
            return self.index or not self.pure or question[1] in self.bodies
        if kind == "config":
            # Text in templates is Markdown too.
            return self.config or (not self.pure and question[1] == "markdown")
        if kind == "now":
            return True
        if kind == "history":
            return question[1] in self.pasts
        if self.pasts and _asks_git(question):
            return True
        if kind == "fields" and self.index and not self.config:
            id, names = question[1:3]
            return id in self.records or id[:1] == ":" or self._from_others(names)
        return self.index

    def _from_others(self, names: Collection[str]) -> bool:
        """True if a field of a post may differ although its record does not."""
        if not questions.FROM_OTHERS.isdisjoint(names):
            return True
        # With no term of any post another one, none comes or goes.
        return not self.still and any(n.startswith(questions.TERMS) for n in names)


def _passes_by(changes: Changes, question: Question, site: Site) -> bool:
    """True if a question about many elements is about none of the changed posts.

    It takes that no element's place or number differs: that changes are `still`.
    """
    if question[0] != "columns" or changes.config or changes.pasts:
        return False
    try:
        return changes.records.isdisjoint(questions.ids(site, tuple(question[1])))
    except KeyError:  # a section that there is not
        return False


def _asks_git(question: Question) -> bool:
    kind = question[0]
    if kind in ("fields", "columns"):
        return not questions.FROM_GIT.isdisjoint(question[2])
    return bool(kind == "sitemap")


def changes_since(
    old: Target,
    config: bytes,
    templates: Mapping[str, bytes],
    states: Iterable[State],
    bundles_changed: bool,
    pure: bool,
) -> Changes:
    """Returns what differs from what a target was made from."""
    before = {state.id: state for state in old.states}
    now = {state.id: state for state in states}
    ids = before.keys() | now.keys()
    records = {id for id in ids if _part(before, now, id, "record")}
    names = old.templates.keys() | templates.keys()
    return Changes(
        old.config != config,
        {name for name in names if old.templates.get(name) != templates.get(name)},
        records,
        {id for id in ids if _part(before, now, id, "body")},
        {id for id in ids if _part(before, now, id, "past")},
        old.config != config or bool(records) or bundles_changed,
        pure,
    )


def _part(
    before: Mapping[str, State], now: Mapping[str, State], id: str, name: str
) -> bool:
    if id not in before or id not in now:
        return True
    return bool(getattr(before[id], name) != getattr(now[id], name))


class Compact(msgspec.Struct, frozen=True):
    """A table without questions that nobody asks any more."""

    questions: list[bytes]
    answers: list[bytes]
    traces: tuple[bytes, ...]


class Table:
    """Numbers questions, and keeps the digest of each one's answer."""

    def __init__(
        self, known: Iterable[bytes] = (), answers: Iterable[bytes] = ()
    ) -> None:
        self.questions = list(known)
        self.answers = list(answers)
        self.numbers = {question: n for n, question in enumerate(self.questions)}
        self.is_new = not self.questions
        """True if it began empty: then some page asks each of its questions."""

    def number(self, question: bytes, answer: Callable[[Question], bytes]) -> int:
        """Returns a question's number; a new one is answered now."""
        number = self.numbers.get(question)
        if number is None:
            number = self.numbers[question] = len(self.questions)
            self.questions.append(question)
            self.answers.append(answer(decode(question)))
        return number

    def compact(self, traces: Iterable[bytes]) -> "Compact":
        """Returns the questions that some page asks, and the traces, renumbered."""
        if self.is_new:
            return Compact(self.questions, self.answers, tuple(traces))
        numbers: dict[int, int] = {}
        renumbered = []
        for data in traces:
            old = numbers_of(data)
            new = array("I", [numbers.setdefault(n, len(numbers)) for n in old])
            renumbered.append(new.tobytes())
        return Compact(
            [self.questions[n] for n in numbers],
            [self.answers[n] for n in numbers],
            tuple(renumbered),
        )

    def changed(self, changes: Changes, answers: Answers) -> dict[int, bytes]:
        """Returns the new digest of each question whose answer is another one now."""
        found: dict[int, bytes] = {}
        for number, encoded in enumerate(self.questions):
            question = decode(encoded)
            if not changes.may_concern(question) or (
                changes.still and _passes_by(changes, question, answers.site)
            ):
                continue
            digest = answers.digest(question)
            impure = not changes.pure and (
                question[0] == "content" or question == ("config", "markdown")
            )
            if digest != self.answers[number] or impure:
                found[number] = digest
        return found

    def changed_still(self, changes: Changes, answers: Answers) -> dict[int, bytes]:
        """Returns what `changed` does, at once where only text differs."""
        if changes.index or not changes.pure:
            return self.changed(changes, answers)
        found: dict[int, bytes] = {}
        for id in changes.bodies:
            number = self.numbers.get(_encode(("content", id)))
            if number is not None:
                digest = answers.digest(("content", id))
                if digest != self.answers[number]:
                    found[number] = digest
        return found


def encode(question: Question) -> bytes:
    """Returns a question as bytes."""
    return _encode(question)


def decode(data: bytes) -> Question:
    """Returns the question that bytes stand for."""
    return tuple(_decode(data))


def trace(numbers: Iterable[int]) -> bytes:
    """Returns numbers of questions as bytes."""
    return array("I", sorted(numbers)).tobytes()


def numbers_of(trace: bytes) -> "array[int]":
    """Returns the numbers of questions that a trace holds."""
    found = array("I")
    found.frombytes(trace)
    return found


def met(trace: bytes, changed: set[int]) -> list[int]:
    """Returns the changed questions that a trace holds."""
    held = numbers_of(trace)
    return [] if changed.isdisjoint(held) else sorted(changed.intersection(held))


FEW = 8
"""Up to so many numbers are looked for as bytes, in a tenth of the time."""


def may_meet(changed: set[int]) -> Callable[[bytes], bool]:
    """Returns a test that is False for traces that hold none of the numbers.

    It may be True for one that does not, where the bytes of two numbers make a third.
    """
    if len(changed) > FEW:
        return lambda trace: True
    needles = [array("I", [number]).tobytes() for number in changed]
    return lambda trace: any([needle in trace for needle in needles])


def words(question: Question) -> str:
    """Returns what a question asks for, as `-v` says it."""
    kind, *rest = question
    if kind == "fields":
        return f"{', '.join(rest[1])} of {_named(rest[0])}"
    if kind == "columns":
        return f"{', '.join(rest[1])} of {_query(rest[0])}"
    if kind == "list":
        return _query(rest[0])
    if kind == "neighbour":
        return f"the {('previous', 'next')[rest[1]]} of {rest[0]}"
    if kind == "config":
        return f"the setting {rest[0]}"
    return {
        "template": "the template",
        "content": "the text of",
        "now": "the time as",
        "sitemap": "the list of addresses",
        "redirects": "the aliases",
        "link": "the link in",
        "history": "the commits of",
    }[kind] + "".join(f" {part}" for part in rest[:1])


def _named(id: str) -> str:
    return " ".join(part for part in id.split(":") if part) or "the home section"


def _query(query: Any) -> str:
    if query[0] == "slice":
        return f"{_query(query[3:])} {_part_words(*query[1:3])}"
    return " ".join(["the", *(str(part) for part in query)])


def _part_words(start: int | None, stop: int | None) -> str:
    """Returns words for a slice; elements count from 1."""
    if (start or 0) < 0 or (stop or 0) < 0:
        return f"[{'' if start is None else start}:{'' if stop is None else stop}]"
    first = (start or 0) + 1
    return f"from {first} on" if stop is None else f"{first} to {stop}"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode


def states_of(
    site: Site, bodies: Mapping[str, Body], outlines: Outlines
) -> tuple[State, ...]:
    """Returns the digests of each shown post, sorted by id."""
    return tuple(
        [
            state_of(site, post, bodies[post.id], outlines.packed[post.id])
            for post in site.data.posts
        ]
    )


def state_of(site: Site, post: Post, body: Body, outline: bytes) -> State:
    """Returns the digests of one post, whose outline is packed."""
    record, inner = digest(_encode(post)), digest(outline)
    data = site.data
    unknown = not data.home and post.id not in data.history
    past = b"" if unknown else digest(_encode((data.history.get(post.id), data.home)))
    return State(post.id, record, body.digest, inner, past)
