"""Sessions: a signed cookie says who logged in and when; nothing is kept here.

The signature depends on the password's hash, so that a change ends all sessions.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence

import msgspec
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData
from werkzeug.wrappers import Response

IDLE_SECONDS = 30 * 60
"""A session that is not used for so long is over."""

WHOLE_SECONDS = 12 * 3600
"""No session lasts longer than this."""

RENEW_SECONDS = 60
"""How old the note of the last use may get before the cookie is sent anew."""

COOKIE = "sitegen-review"


class Session(msgspec.Struct, frozen=True, array_like=True):
    """Who logged in, and when."""

    id: str
    name: str
    began: int
    used: int


class Sessions:
    """Makes and reads cookies; the newest key signs, all are accepted."""

    def __init__(self, keys: Sequence[str], now: Callable[[], float]) -> None:
        self.keys = list(reversed(keys))
        self.now = now

    def begin(self, name: str) -> Session:
        """Returns a new session."""
        now = int(self.now())
        return Session(secrets.token_hex(16), name, now, now)

    def cookie(self, session: Session, hashed: str) -> str:
        """Returns what the cookie holds; `hashed` is the password's hash."""
        data = base64_encode(msgspec.json.encode(session))
        return self._signer(hashed).sign(data).decode()

    def read(self, cookie: str, hashed: str) -> Session | None:
        """Returns the session of a cookie, or None if it is not good any more."""
        try:
            data = base64_decode(self._signer(hashed).unsign(cookie))
            session = msgspec.json.decode(data, type=Session)
        except (BadSignature, BadData, msgspec.DecodeError):
            return None
        now = self.now()
        # A clock that was put back must not make a session last for ever.
        idle, whole = now - session.used, now - session.began
        good = -60 <= idle <= IDLE_SECONDS and -60 <= whole <= WHOLE_SECONDS
        return session if good else None

    def renewed(self, session: Session) -> Session | None:
        """Returns the session as used now, if that is worth a new cookie."""
        now = int(self.now())
        if now - session.used < RENEW_SECONDS:
            return None
        return msgspec.structs.replace(session, used=now)

    def form_token(self, session: Session) -> str:
        """Returns what each form of a session carries, and other sites cannot know."""
        key = self.keys[-1].encode()
        text = f"sitegen.review.form {session.id}".encode()
        return hmac.new(key, text, hashlib.sha256).hexdigest()

    def is_form_token(self, session: Session, given: str) -> bool:
        """True if a form comes from this session."""
        return hmac.compare_digest(
            self.form_token(session).encode(), given.encode("utf-8", "replace")
        )

    def _signer(self, hashed: str) -> Signer:
        salt = b"sitegen.review." + hashlib.sha256(hashed.encode()).digest()
        return Signer(self.keys, salt=salt, digest_method=hashlib.sha256)


def set_cookie(response: Response, value: str, path: str, secure: bool) -> None:
    """Gives a browser its session, until it is closed or the session is over."""
    response.set_cookie(
        COOKIE,
        value,
        max_age=WHOLE_SECONDS,
        path=path,
        secure=secure,
        httponly=True,
        samesite="Strict",
    )


def delete_cookie(response: Response, path: str, secure: bool) -> None:
    """Takes a session from a browser."""
    response.delete_cookie(
        COOKIE, path=path, secure=secure, httponly=True, samesite="Strict"
    )
