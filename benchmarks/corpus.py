"""A seeded corpus: real prose cut into posts that no cache can know already.

A post is a pure function of seed and number, so any number of posts can be made, one
at a time, in any order. Sentences come from `prose.txt`; which ones, in which order
and with which emphasis and links differs from post to post, and the identifiers in
the code blocks are drawn anew for each.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

from msgspec import Struct

from benchmarks.snippets import write_block

TAGS = tuple(
    """
    accessibility, agile, analytics, apis, architecture, automation, backups, browsers,
    budgets, caching, careers, code review, community, compliance, content, contracts,
    data, databases, debugging, delivery, deployment, design, documentation, email,
    forms, hiring, incidents, interviews, maps, metrics, migration, mobile, networks,
    open source, outreach, partnerships, performance, planning, policy, privacy,
    procurement, prototypes, remote work, research, search, security, standards,
    testing, training, writing
    """.replace("\n", " ")
    .strip()
    .split(", ")
)
"""The fifty tags, each already spelled so that its words only need a hyphen."""

FIRST_DATE = datetime(2012, 1, 2, 8, tzinfo=UTC)
LAST_DATE = datetime(2024, 11, 29, 17, tzinfo=UTC)

_GERUNDS = """
    Building Buying Choosing Cleaning Comparing Debugging Defending Describing Designing
    Explaining Fixing Funding Growing Keeping Launching Learning Measuring Moving Naming
    Opening Paying Planning Publishing Reading Rebuilding Retiring Reviewing Running
    Saving Sharing Shipping Sketching Splitting Teaching Testing Trusting Watching
    Writing
""".split()
_ADJECTIVES = """
    accessible borrowed broken calm clear complicated critical daily distributed early
    fast federal forgotten fragile friendly honest inherited large late local long lost
    modern modest national old open ordinary outdated plain portable public quiet rare
    regional reliable second secure shared short simple slow small stubborn temporary
    tidy tiny trusted urgent useful
""".split()
_THINGS = """
    archives backlogs budgets calendars catalogs checklists contracts dashboards
    databases deadlines diagrams documents estimates experiments forms glossaries guides
    handbooks histories interfaces interviews inventories libraries maps meetings
    notebooks offices pipelines playbooks portals prototypes queues records releases
    reports roadmaps schedules services sketches standards surveys systems teams
    templates tests websites workflows workshops
""".split()
_TAILS = (
    "after a long year",
    "& keeping them that way",
    "at the end of a quarter",
    "before the first release",
    "by asking the people who use them",
    "for a team of four",
    "for people in a hurry",
    "in one week",
    "in the open",
    "in three steps",
    "on a small budget",
    "one office at a time",
    "that nobody wants to own",
    "together",
    "when nobody is watching",
    "while the site stays up",
    "with fewer meetings",
    "with numbers",
    "without a big rewrite",
    "without breaking links",
    ": a field report",
    ": five mistakes of ours",
    ": questions and answers",
    ": what it cost",
    ": what we learned",
    ": who decides?",
)
_SITES = ("docs", "handbook", "blog", "guides", "data", "status", "archive", "forum")


class Prose(Struct, frozen=True):
    """The sentences and headings that posts are cut from."""

    sentences: tuple[str, ...]
    headings: tuple[str, ...]


class Entry(Struct, frozen=True):
    """What is known of a post without its body."""

    number: int
    title: str
    slug: str
    date: datetime
    tags: tuple[str, ...]
    description: str
    closing: str
    """The last sentence of the body, found in no other post."""

    @property
    def url(self) -> str:
        """The post's address on every tool's site."""
        return f"/posts/{self.slug}/"

    @property
    def has_table(self) -> bool:
        """Whether the body holds a table: every fourth does."""
        return self.number % 4 == 0


class Corpus(Struct, frozen=True):
    """All posts of one site; bodies are made when asked for."""

    seed: int
    code_blocks: int
    entries: tuple[Entry, ...]

    def body(self, entry: Entry) -> str:
        """The Markdown of one post, the same bytes for every tool."""
        return _Body(self, entry).write()

    def newest(self, count: int) -> tuple[Entry, ...]:
        """The posts with the latest dates, newest first."""
        return self.entries[::-1][:count]

    def digest(self) -> str:
        """A SHA-256 of every post: two corpora with one digest are the same."""
        state = hashlib.sha256()
        for entry in self.entries:
            for part in (entry.title, entry.slug, entry.date.isoformat(), *entry.tags):
                state.update(part.encode() + b"\0")
            state.update(self.body(entry).encode() + b"\0")
        return state.hexdigest()


def make_corpus(posts: int, seed: int = 1, code_blocks: int = 3) -> Corpus:
    """A corpus of so many posts, ordered by date, oldest first."""
    step = (LAST_DATE - FIRST_DATE) / max(posts, 1)
    entries = []
    for number, title in enumerate(_titles(posts, seed)):
        random = Random(f"{seed}/entry/{number}")
        entries.append(
            Entry(
                number=number,
                title=title,
                slug=slugify(title),
                date=_whole_second(FIRST_DATE + step * number),
                tags=tuple(random.sample(TAGS, 3)),
                description=random.choice(read_prose().sentences),
                closing=_closing(random, number),
            )
        )
    return Corpus(seed, code_blocks, tuple(entries))


@cache
def read_prose() -> Prose:
    """The prose shipped beside this module."""
    text = (Path(__file__).parent / "prose.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    return Prose(
        sentences=tuple(line for line in lines if not line.startswith("## ")),
        headings=tuple(line[3:] for line in lines if line.startswith("## ")),
    )


def slugify(text: str) -> str:
    """The words of a title or tag in lower case with hyphens between."""
    kept = "".join(c if c.isalnum() else " " for c in text.lower())
    return "-".join(kept.split())


def _titles(count: int, seed: int) -> Iterator[str]:
    random = Random(f"{seed}/titles")
    slugs: set[str] = set()
    while len(slugs) < count:
        title = _title(random)
        if (slug := slugify(title)) not in slugs:
            slugs.add(slug)
            yield title


def _title(random: Random) -> str:
    words = (random.choice(_GERUNDS), random.choice(_ADJECTIVES))
    tail = random.choice(_TAILS)
    space = "" if tail.startswith(":") else " "
    return f"{' '.join(words)} {random.choice(_THINGS)}{space}{tail}"


def _closing(random: Random, number: int) -> str:
    thing, month = random.choice(_THINGS), random.randint(2, 9)
    return f"We will look at note {number:06d} on {thing} again in {month} months."


def _whole_second(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond)


class _Body:
    """Writes one body, part by part, from one stream of random numbers."""

    def __init__(self, corpus: Corpus, entry: Entry) -> None:
        self.corpus = corpus
        self.entry = entry
        self.random = Random(f"{corpus.seed}/body/{entry.number}")
        self.sentences = self._shuffled_sentences()

    def write(self) -> str:
        sections = [self._section(level) for level in (2, 3, 2, 2, 3)]
        for number in range(self.corpus.code_blocks):
            sections[number % 5].append(write_block(self.random))
        sections[0].append(self._list("- "))
        sections[1].append(f"> {self._sentence()} {self._sentence()}")
        sections[2].append(self._numbered_list())
        if self.entry.has_table:
            sections[3].append(self._table())
        sections[4].append(self._list("* "))
        parts = [self._paragraph(4), *_flatten(sections), self.entry.closing]
        return "\n\n".join(parts) + "\n"

    def _shuffled_sentences(self) -> Iterator[str]:
        return iter(self.random.sample(read_prose().sentences, 80))

    def _sentence(self) -> str:
        return next(self.sentences)

    def _section(self, level: int) -> list[str]:
        heading = self.random.choice(read_prose().headings)
        return [
            f"{'#' * level} {heading}",
            self._paragraph(self.random.randint(3, 4)),
            self._paragraph(self.random.randint(2, 3)),
        ]

    def _paragraph(self, length: int) -> str:
        """Sentences, one of which carries emphasis, code or a link."""
        sentences = [self._sentence() for _ in range(length)]
        spot = self.random.randrange(length)
        sentences[spot] = self._marked(sentences[spot])
        return " ".join(sentences)

    def _marked(self, sentence: str) -> str:
        """The sentence with two of its words marked up."""
        words = sentence.split(" ")
        start = self.random.randrange(1, len(words) - 3)
        phrase = " ".join(words[start : start + 2])
        if phrase[-1] in ",;:'" or phrase[0] == "'":
            marked = f"{phrase} (`{self.random.choice(_THINGS)}_{start}`)"
        else:
            marked = self.random.choice(
                (f"*{phrase}*", f"**{phrase}**", self._link(phrase), self._link(phrase))
            )
        return " ".join([*words[:start], marked, *words[start + 2 :]])

    def _link(self, text: str) -> str:
        """A link, to another post or to somewhere else."""
        if self.random.random() < 0.4:
            return f"[{text}]({self._other().url})"
        return f"[{text}]({self._address()})"

    def _other(self) -> Entry:
        return self.random.choice(self.corpus.entries)

    def _address(self) -> str:
        site, page = self.random.choice(_SITES), self.random.choice(_THINGS)
        return f"https://{site}.example.com/{page}/{self.random.randrange(9999)}"

    def _list(self, bullet: str) -> str:
        return "\n".join(
            [
                f"{bullet}{self._sentence()}",
                f"{bullet}**{self.random.choice(_ADJECTIVES)}**: {self._sentence()}",
                f"{bullet}See [{(other := self._other()).title}]({other.url}).",
                f"{bullet}See also [the {self.random.choice(_THINGS)}]"
                f"({self._address()}).",
            ]
        )

    def _numbered_list(self) -> str:
        return "\n".join(f"{n}. {self._sentence()}" for n in (1, 2, 3))

    def _table(self) -> str:
        rows = ["| What | How many | Cost |", "| --- | ---: | --- |"]
        for thing in self.random.sample(_THINGS, 4):
            count, cost = self.random.randrange(999), self.random.choice(_ADJECTIVES)
            rows.append(f"| {thing} | {count} | *{cost}* |")
        return "\n".join(rows)


def _flatten(sections: list[list[str]]) -> Iterator[str]:
    return (part for section in sections for part in section)
