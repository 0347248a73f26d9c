"""The moderators' password: only its hash is kept; without one there are no pages."""

import hashlib
import hmac
import os
import secrets
import threading
import unicodedata

from sitegen.problems import SitegenError
from sitegen.submissions.filesystem import read_regular, replace, unlink
from sitegen.submissions.spool import Spool

FILE = "password"

SHORTEST = 12
LONGEST = 1000

COST, BLOCK, LANES = 1 << 15, 8, 3
"""scrypt's n, r and p: 32 MiB and about a fifth of a second for each guess."""

_ONE_AT_A_TIME = threading.Lock()
"""Guards memory: each hash takes 32 MiB of it."""


def store(spool: Spool, password: str) -> None:
    """Stores a password's hash; every session that began before is over.

    Raises SitegenError for one that is too short.
    """
    if len(password) < SHORTEST or len(password) > LONGEST:
        raise SitegenError(
            f"The password has {len(password)} characters; "
            f"{SHORTEST} to {LONGEST:,} are asked for.",
            "A few words in a row are long and easy to keep in mind.",
        )
    salt = secrets.token_bytes(16)
    parts = (COST, BLOCK, LANES, salt.hex(), _hash(password, salt).hex())
    line = " ".join(("scrypt", *map(str, parts), "\n"))
    replace(spool.fds["private"], FILE, line.encode())


def remove(spool: Spool) -> bool:
    """Takes the review pages off; returns False if there were none."""
    found = unlink(spool.fds["private"], FILE)
    os.fsync(spool.fds["private"])
    return found


def stored(spool: Spool) -> str:
    """Returns the hash, which is another one after each change; "" without any."""
    try:
        return read_regular(spool.fds["private"], FILE).decode("ascii", "replace")
    except OSError:
        return ""


def is_right(hashed: str, password: str) -> bool:
    """True if this is the password; any doubt about the hash means no."""
    try:
        kind, cost, block, lanes, salt, expected = hashed.split()
        wanted = tuple(map(int, (cost, block, lanes)))
        known = bytes.fromhex(salt), bytes.fromhex(expected)
    except ValueError:
        return False
    if kind != "scrypt" or wanted != (COST, BLOCK, LANES) or len(password) > LONGEST:
        return False
    return hmac.compare_digest(_hash(password, known[0]), known[1])


def _hash(password: str, salt: bytes) -> bytes:
    # Keyboards differ in how they compose letters; people do not see it.
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    with _ONE_AT_A_TIME:
        return hashlib.scrypt(
            text, salt=salt, n=COST, r=BLOCK, p=LANES, maxmem=256 << 20, dklen=32
        )
