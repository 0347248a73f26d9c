"""Signed tokens: the one in a form, and the one in a receipt's link.

A form's token carries the id of the entry that the form will become, and when it was
given out; nothing is kept on the server for it. A token in a page that anybody can
fetch proves little about who sends it: it makes a form usable once, for some time, and
tells how long it was being filled in.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from itsdangerous import BadSignature, HMACAlgorithm, Signer

from sitegen.problems import SitegenError
from sitegen.submissions.filesystem import read_regular, unlink, write_new
from sitegen.submissions.records import ID
from sitegen.submissions.spool import Spool

SHORTEST_KEY = 32
"""Characters that a secret key must have."""

SECRET = "secret"
"""The file in `private/` that keeps the key when none is given."""


class FormToken(msgspec.Struct, frozen=True):
    """What a token in a form says."""

    state: Literal["good", "old", "bad"]
    id: str = ""
    age: float = 0.0
    """Seconds since it was given out."""
    again: bool = False
    """True if the form had been shown with text in it: filling it in took no time."""


class _Hmac(HMACAlgorithm):
    """HMAC with SHA-256, in one call."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Returns what proves that whoever wrote a value has the key."""
        return hmac.digest(key, value, "sha256")


class _Signer(Signer):
    """Derives each key once; itsdangerous does it for every signature."""

    def __init__(self, keys: Sequence[str], salt: bytes) -> None:
        super().__init__(
            list(keys),
            salt=salt,
            digest_method=hashlib.sha256,
            algorithm=_Hmac(hashlib.sha256),
        )
        self.derived: dict[str | bytes | None, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Returns what signs in place of a secret key."""
        found = self.derived.get(secret_key)
        if found is None:
            found = self.derived[secret_key] = super().derive_key(secret_key)
        return found


class Tokens:
    """Makes and reads tokens; the first key signs, all are accepted.

    A form's token is `<id>.<seconds since 1970>.<signature>`, with `~` behind the id if
    the form was shown again.
    """

    def __init__(
        self, keys: Sequence[str], life: float, now: Callable[[], float]
    ) -> None:
        oldest_first = list(reversed(keys))
        self.life = life
        self.now = now
        self.forms = _Signer(oldest_first, b"sitegen.form")
        self.receipts = _Signer(oldest_first, b"sitegen.receipt")

    def new(self, again: bool = False) -> str:
        """Returns a token for a new form."""
        return self.form(secrets.token_hex(10), again)

    def form(self, id: str, again: bool = False) -> str:
        """Returns a token for the form that becomes the entry `id`."""
        mark = "~" if again else ""
        return self.forms.sign(f"{id}{mark}.{int(self.now())}").decode()

    def read(self, token: str) -> FormToken:
        """Returns what a token says, and whether it counts."""
        try:
            name, _, when = self.forms.unsign(token).decode().partition(".")
        except BadSignature:
            return FormToken("bad")
        id = name.removesuffix("~")
        age = self.now() - int(when)
        # A clock that was put back must not make a token good for ever.
        if not -60 <= age <= self.life:
            return FormToken("old", id, age)
        return FormToken("good", id, max(0.0, age), name.endswith("~"))

    def receipt(self, id: str) -> str:
        """Returns what a receipt's link holds."""
        return self.receipts.sign(id).decode()

    def read_receipt(self, receipt: str) -> str:
        """Returns the id in a receipt's link, or "" if we did not make it."""
        try:
            id = self.receipts.unsign(receipt).decode()
        except BadSignature:
            return ""
        return id if ID.fullmatch(id) else ""


def secret_keys(spool: Spool, given: str) -> tuple[str, ...]:
    """Returns the keys that are given, newest first, else the queue's own.

    Raises SitegenError for keys that can be guessed.
    """
    keys = tuple(given.replace(",", " ").split())
    if any(len(key) < SHORTEST_KEY for key in keys):
        raise SitegenError(
            f"A key in SITEGEN_SECRET_KEY is shorter than {SHORTEST_KEY} characters.",
            "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    return keys or (_own_key(spool),)


def _own_key(spool: Spool) -> str:
    """Returns the queue's own key; the first process to ask makes it."""
    private = spool.fds["private"]
    try:
        return read_regular(private, SECRET).decode().strip()
    except FileNotFoundError:
        pass
    name = f"{SECRET}.{secrets.token_hex(6)}"
    handle = write_new(private, name, f"{secrets.token_urlsafe(32)}\n".encode())
    try:
        os.fsync(handle)
        # Another process may have been faster; then its key is everybody's.
        with contextlib.suppress(FileExistsError):
            os.link(name, SECRET, src_dir_fd=private, dst_dir_fd=private)
        os.fsync(private)
    finally:
        os.close(handle)
        unlink(private, name)
    return read_regular(private, SECRET).decode().strip()
