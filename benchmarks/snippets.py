"""Code blocks of the corpus: templates in which «words» become fresh identifiers."""

import re
from collections.abc import Callable
from random import Random

from msgspec import Struct

_SLOT = re.compile("«([A-Za-z]+)»")

_VERBS = """
    accept append archive assign balance batch build cache check claim clean collect
    commit compare compress copy count decode deliver derive drain encode expire export
    fetch filter flush fold gather group import index inspect join label list load lock
    mark match measure merge migrate move notify open order pack parse patch plan poll
    probe publish pull push queue read rebuild record reduce refresh render repair
    replay reset resolve retry rotate route sample save scan schedule score send shift
    skip sort split stage store stream submit sum tag trace trim unpack update upload
    validate verify walk watch wrap write
""".split()

_NOUNS = """
    account address agency alert amount answer archive article asset audit badge batch
    block bucket budget buffer bundle cache channel chapter claim client cluster column
    comment config contract counter cursor deposit digest draft entry event export field
    figure folder footer form frame graph group header invoice issue item journal ledger
    letter license link manifest member message metric note notice office order outline
    packet page panel patch payment permit photo policy post profile project query queue
    receipt record region release report request reviewer row rule sample schema section
    server session setting shard signal site snapshot source station story survey table
    target task team tenant ticket title token topic update user vendor version view
    visitor window worker zone
""".split()


class Snippet(Struct, frozen=True):
    """One code block template and the language its fence names."""

    language: str
    template: str


SNIPPETS: tuple[Snippet, ...] = (
    Snippet(
        "python",
        '''\
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class «Class»:
    """What «func» found in one file."""

    «attr»: str
    «other»: int = «number»

    def label(self) -> str:
        return f"{self.«attr»}:{self.«other»:>6}"


def «func»(folder: Path) -> list[«Class»]:
    «list» = []
    for path in sorted(folder.glob("«word»-*.txt")):
        text = path.read_text(encoding="utf-8")
        if not text.strip():  # an empty «word» is left alone
            continue
        «list».append(«Class»(path.stem, len(text) + «small»))
    return «list»
''',
    ),
    Snippet(
        "python",
        """\
import asyncio
import logging

logger = logging.getLogger("«word».«attr»")


async def «func»(«attr»: str, limit: int = «number») -> dict[str, float]:
    «list»: dict[str, float] = {}
    for attempt in range(1, «small»):
        try:
            async with asyncio.timeout(«small»):
                «list»[«attr»] = await «other»(attempt, limit)
        except TimeoutError as error:
            logger.warning("%s: %s, try %d", «attr», error, attempt)
            await asyncio.sleep(0.«small» * attempt)
        else:
            return «list»
    raise RuntimeError(f"no «word» after {limit!r} tries")
""",
    ),
    Snippet(
        "javascript",
        """\
import { readFile } from "node:fs/promises";

const «LIMIT» = «number»;

export class «Class» {
  #«attr» = new Map();

  constructor(«other», { retries = «small» } = {}) {
    this.«other» = «other»;
    this.retries = retries;
  }

  async «func»(name) {
    const text = await readFile(`${this.«other»}/${name}.json`, "utf8");
    const «list» = JSON.parse(text).filter((item) => item.«attr» !== null);
    // Keep the first «word» only: later ones repeat it.
    for (const { id, ...rest } of «list».slice(0, «LIMIT»)) {
      if (!this.#«attr».has(id)) this.#«attr».set(id, rest);
    }
    return this.#«attr».size > «small» ? «list» : [];
  }
}
""",
    ),
    Snippet(
        "rust",
        """\
use std::collections::HashMap;
use std::io::{self, BufRead};

const «LIMIT»: usize = «number»;

#[derive(Debug, Clone, PartialEq)]
pub struct «Class» {
    pub «attr»: String,
    pub «other»: u64,
}

/// Reads one «word» a line and counts how often each was seen.
pub fn «func»<R: BufRead>(reader: R) -> io::Result<HashMap<String, «Class»>> {
    let mut «list» = HashMap::with_capacity(«LIMIT»);
    for line in reader.lines() {
        let line = line?;
        let Some((key, «attr»)) = line.split_once('=') else {
            continue;
        };
        let entry = «list».entry(key.to_owned()).or_insert_with(|| «Class» {
            «attr»: «attr».trim().to_string(),
            «other»: 0,
        });
        entry.«other» += «small»;
    }
    Ok(«list»)
}
""",
    ),
    Snippet(
        "bash",
        """\
#!/usr/bin/env bash
set -euo pipefail

«LIMIT»=«number»
«list»=()

«func»() {
  local «attr»="$1" tries=0
  until curl --silent --fail "https://«word».example.org/$«attr»"; do
    tries=$((tries + 1))
    if [ "$tries" -ge «small» ]; then
      echo "no «word» for $«attr» after $tries tries" >&2
      return 1
    fi
    sleep "$tries"
  done
}

# Every «other» older than a day is asked for again.
while IFS= read -r line; do
  «list»+=("$line")
done < <(find ./«other» -name '*.«word»' -mtime +1 | head -n "$«LIMIT»")
for item in "${«list»[@]}"; do «func» "$item"; done
""",
    ),
    Snippet(
        "sql",
        """\
CREATE TABLE IF NOT EXISTS «attr» (
    id          BIGINT PRIMARY KEY,
    «other»     VARCHAR(«number») NOT NULL,
    created_at  TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- The newest «word» of each «other», with how many there are.
WITH «list» AS (
    SELECT «other», MAX(created_at) AS newest, COUNT(*) AS total
    FROM «attr»
    WHERE created_at > '2019-0«digit»-01' AND «other» <> 'none'
    GROUP BY «other»
    HAVING COUNT(*) >= «small»
)
SELECT a.id, a.«other», l.total
FROM «attr» AS a
JOIN «list» AS l ON l.«other» = a.«other» AND l.newest = a.created_at
ORDER BY l.total DESC, a.id
LIMIT «number»;
""",
    ),
)


def write_block(random: Random) -> str:
    """One fenced code block whose identifiers are this post's own."""
    snippet = random.choice(SNIPPETS)
    words: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        slot = match[1].lower()
        if slot not in words:
            words[slot] = _FILLERS[slot](random)
        return words[slot]

    code = _SLOT.sub(fill, snippet.template)
    return f"```{snippet.language}\n{code}```"


def _noun(random: Random) -> str:
    return random.choice(_NOUNS)


def _name(random: Random) -> str:
    return f"{_noun(random)}_{_noun(random)}"


def _call(random: Random) -> str:
    return f"{random.choice(_VERBS)}_{_noun(random)}_{random.randrange(1000)}"


_FILLERS: dict[str, Callable[[Random], str]] = {
    "attr": _name,
    "class": lambda random: _noun(random).title() + _noun(random).title(),
    "digit": lambda random: str(random.randint(1, 9)),
    "func": _call,
    "limit": lambda random: f"{_noun(random)}_{_noun(random)}_limit".upper(),
    "list": lambda random: f"{_noun(random)}_{random.choice(_VERBS)}s",
    "number": lambda random: str(random.randint(100, 9999)),
    "other": _name,
    "small": lambda random: str(random.randint(3, 60)),
    "word": _noun,
}
