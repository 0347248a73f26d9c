"""Couriers carry news out of the queue: one for mail, one for the webhook.

Each works in a thread of the server, and of all processes one sends. A flood of
entries makes one digest; while a digest cannot be delivered nothing else is begun, so
the outbox does not grow.
"""

import contextlib
import hashlib
import logging
import secrets
from collections.abc import Callable

import msgspec

from sitegen.config import SHORTEST_SECRET, Config, Mail
from sitegen.problems import SitegenError
from sitegen.submissions.chores import Chore
from sitegen.submissions.notices import outbox
from sitegen.submissions.notices.mail import Mailer, NotSent
from sitegen.submissions.notices.outbox import Digest, Letter, Tray
from sitegen.submissions.notices.secrets import Secrets
from sitegen.submissions.notices.webhook import Hook
from sitegen.submissions.notices.words import (
    WHOLE,
    News,
    Text,
    digest_text,
    digest_values,
    letter_text,
)
from sitegen.submissions.rates import Limit, Rates
from sitegen.submissions.records import BadEntry, Submission
from sitegen.submissions.spool import Spool

POLL_SECONDS = 5.0
"""How often the queue is looked at for what other processes took in."""

STANDBY_SECONDS = 30.0
"""How often a process that does not send looks whether it has to."""

SETTLE_SECONDS = 5.0
"""How long news wait for more, so that a flood makes one digest from the start."""

LETTERS_ALL, LETTERS_ADDRESS = 60, 2
"""Letters to authors an hour, in all and to one address."""

REST_TRIES = 8
"""After so many tries, two hours, a digest that somebody has is done with."""

REFUSED_TRIES = 5
"""So often nobody must have taken a digest until a refusal for good is believed."""

LETTER_TRIES = 48
"""After so many tries, about two days, a letter to an author is given up."""

log = logging.getLogger("sitegen.submissions")


Deliver = Callable[[Digest, News, float], tuple[str, ...]]
"""Sends a digest; returns the addresses that are left. Raises NotSent."""


class Courier:
    """Tells one channel of new entries."""

    def __init__(
        self,
        tray: Tray,
        interval: float,
        deliver: Deliver,
        review: Callable[[], str],
        now: Callable[[], float],
        settle: float | None = None,
    ) -> None:
        self.tray = tray
        self.interval = interval
        self.deliver = deliver
        self.review = review
        self.now = now
        self.settle = SETTLE_SECONDS if settle is None else settle
        self.noticed = 0.0
        """When the news that wait were first seen; 0 if there are none."""

    def round(self) -> float:
        """Does what is due; returns after how many seconds to look again."""
        if not self.tray.acquire():
            return STANDBY_SECONDS
        self.tray.catch_up()
        digest = self.tray.digest() or self.begun()
        if digest is not None and outbox.is_due(digest, self.now()):
            self.attempt(digest)
        return self.pause()

    def begun(self) -> Digest | None:
        """Returns a new digest if it is time for one."""
        ids = self.tray.new_ids()
        if not ids:
            self.noticed = 0.0
            return None
        now = self.now()
        self.noticed = self.noticed or now
        due = max(self.noticed + self.settle, self.tray.last_told() + self.interval)
        # A clock that was put back must not silence us.
        if now < due <= now + max(self.interval, self.settle):
            return None
        digest = Digest(secrets.token_hex(10), tuple(ids), int(now))
        self.tray.put_digest(digest)
        return digest

    def attempt(self, digest: Digest) -> None:
        """Tries to deliver a digest, and notes how that ended."""
        news = self.read(digest)
        left: tuple[str, ...] = ()
        if news.count:
            try:
                left = self.deliver(digest, news, self.now())
            except NotSent as error:
                self.fail(digest, str(error))
                return
        if left:
            self.fail(digest, f"{len(left)} addresses were not taken")
            return
        self.tray.finish(digest, self.now())
        self.noticed = 0.0

    def fail(self, digest: Digest, why: str) -> None:
        """Puts a digest off."""
        # What was reached meanwhile is in the tray, not in the value given here.
        kept = self.tray.digest() or digest
        log.warning(
            "%s: attempt %d failed: %s", self.tray.channel, kept.attempts + 1, why
        )
        put_off = outbox.backed_off(kept, self.now())
        assert isinstance(put_off, Digest)
        self.tray.put_digest(put_off)

    def read(self, digest: Digest) -> News:
        """Returns what a digest says now: of the entries that still wait."""
        spool = self.tray.spool
        waiting = set(spool.ids("pending")) & set(digest.ids)
        found: list[Submission] = []
        for id in digest.ids:
            if id in waiting and len(found) < WHOLE:
                with contextlib.suppress(FileNotFoundError, BadEntry, OSError):
                    found.append(spool.read("pending", id))
        found.sort(key=lambda entry: (-entry.received, entry.id))
        count = len(waiting) if found else 0
        return News(digest.name, tuple(found), count, self.review())

    def pause(self) -> float:
        """Returns how long nothing will be due, as far as that is known."""
        digest = self.tray.digest()
        if digest is not None:
            return max(0.05, min(POLL_SECONDS, digest.next_at - self.now()))
        if self.noticed:
            return min(POLL_SECONDS, max(0.05, self.settle))
        return POLL_SECONDS


class Post:
    """Delivers by mail, to moderators and, if that is wanted, to authors."""

    def __init__(
        self, mailer: Mailer, tray: Tray, config: Config, rates: Rates
    ) -> None:
        self.mailer = mailer
        self.tray = tray
        self.config = config
        self.rates = rates
        self.gone: set[Letter] = set()
        """Letters that were sent and are not noted as such yet."""

    def deliver(self, digest: Digest, news: News, now: float) -> tuple[str, ...]:
        """Sends to each moderator who has not got it; returns who is left."""
        text = digest_text(news, self.config)
        for address in self.left(digest):
            after = self.tell(digest, text, address, now)
            if after != digest:
                self.tray.put_digest(after)
            digest = after
        return self.left(digest)

    def left(self, digest: Digest) -> tuple[str, ...]:
        """Returns the moderators whom a digest has still to reach."""
        done = {*digest.reached, *digest.lost}
        return tuple(a for a in self.mailer.settings.to if a not in done)

    def tell(self, digest: Digest, text: Text, address: str, now: float) -> Digest:
        """Sends a digest to one moderator; returns it with how that ended.

        One message each: nobody learns who else moderates, and what one server
        refuses does not keep the others waiting.
        """
        name = f"{digest.name}.{_short(address)}"
        try:
            self.mailer.send(self.mailer.message(text, address, name, now), [address])
        except NotSent as error:
            log.warning("mail: %s", error)
            if not is_hopeless(digest, error.for_good):
                return digest
            log.warning("mail: a moderator is not told of %d posts", len(digest.ids))
            return msgspec.structs.replace(digest, lost=(*digest.lost, address))
        # With the first one the others' tries are counted anew.
        tries = digest.attempts if digest.reached else 0
        reached = (*digest.reached, address)
        return msgspec.structs.replace(digest, reached=reached, attempts=tries)

    def send_letters(self, now: float) -> None:
        """Sends the letters to authors that are due."""
        for letter in outbox.letters(self.tray.spool):
            if letter in self.gone:
                self.note(letter, None)
            elif outbox.is_due(letter, now) and not self.rates.take(_limits(letter)):
                self.send_letter(letter, now)

    def send_letter(self, letter: Letter, now: float) -> None:
        """Sends one letter; what can never arrive is given up."""
        # Another letter, sent before this one, may have taken minutes.
        if outbox.letter_of(self.tray.spool, letter.id) != letter:
            return
        text = letter_text(self.config, letter.url)
        try:
            message = self.mailer.message(text, letter.address, letter.id, now)
            self.mailer.send(message, [letter.address])
        except NotSent as error:
            log.warning("a letter to an author was not sent: %s", error)
            if not error.for_good and letter.attempts < LETTER_TRIES:
                put_off = outbox.backed_off(letter, now)
                assert isinstance(put_off, Letter)
                self.note(letter, put_off)
                return
        self.gone.add(letter)
        self.note(letter, None)

    def note(self, letter: Letter, put_off: Letter | None) -> None:
        """Notes that a letter has gone, or when it is tried again.

        Not of one that was erased or taken back meanwhile: it must not come back.
        """
        spool = self.tray.spool
        with spool.locked():
            if outbox.letter_of(spool, letter.id) == letter:
                if put_off is None:
                    outbox.finish_letter(spool, letter.id)
                else:
                    outbox.save_letter(spool, put_off)
        self.gone.discard(letter)


def is_hopeless(digest: Digest, for_good: bool) -> bool:
    """True if a digest that was just refused will not be tried again.

    One address that always fails must not silence all; but where nobody can be reached,
    the server is more likely to blame than each address.
    """
    if digest.reached:
        return for_good or digest.attempts + 1 >= REST_TRIES
    return for_good and digest.attempts + 1 >= REFUSED_TRIES


def _limits(letter: Letter) -> tuple[Limit, Limit]:
    key = f"letter {_short(letter.address.casefold())}".encode()
    return Limit(b"letters", LETTERS_ALL), Limit(key, LETTERS_ADDRESS)


def _short(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def mail_round(courier: Courier, post: Post, settings: Mail) -> Callable[[], float]:
    """Returns what the mail's thread does again and again."""

    def work() -> float:
        seconds = courier.round()
        if settings.author and courier.tray.handle >= 0:
            post.send_letters(courier.now())
        return seconds

    return work


def hook_deliver(hook: Hook, config: Config) -> Deliver:
    """Returns how a digest goes to the webhook."""

    def deliver(digest: Digest, news: News, now: float) -> tuple[str, ...]:
        hook.send(digest_values(news, config, int(now)), now)
        return ()

    return deliver


def couriers(
    config: Config,
    spool: Spool,
    rates: Rates,
    now: Callable[[], float],
    review: Callable[[], str],
    secrets: Secrets,
) -> dict[str, Chore]:
    """Returns the chore of each channel that is switched on.

    Raises SitegenError for a webhook without a good secret.
    """
    settings = config.submissions
    assert settings
    found: dict[str, Chore] = {}
    if settings.mail:
        tray = Tray(spool, "mail")
        mailer = Mailer(settings.mail, secrets.mail_password)
        post = Post(mailer, tray, config, rates)
        interval = settings.mail.interval_minutes * 60.0
        courier = Courier(tray, interval, post.deliver, review, now)
        work = mail_round(courier, post, settings.mail)
        found["mail"] = Chore("mail", work, end=tray.close)
    if settings.webhook:
        secret = secrets.webhook_secret or settings.webhook.secret
        require_secret(secret)
        interval = settings.webhook.interval_minutes * 60.0
        deliver = hook_deliver(Hook(settings.webhook.url, secret), config)
        tray = Tray(spool, "webhook")
        courier = Courier(tray, interval, deliver, review, now)
        found["webhook"] = Chore("webhook", courier.round, end=tray.close)
    return found


def require_secret(secret: str) -> None:
    """Raises SitegenError for a secret that is missing or can be guessed."""
    if len(secret) < SHORTEST_SECRET:
        raise SitegenError(
            f"The webhook needs a secret of {SHORTEST_SECRET} characters or more.",
            "Set SITEGEN_WEBHOOK_SECRET, or 'secret' in [submissions.webhook].",
        )
