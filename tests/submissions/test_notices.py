"""News of entries: mail and webhook, with servers that fail, hang and lie."""

import asyncio
import contextlib
import email
import email.policy
import errno
import hashlib
import hmac
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sitegen.config import Config, Mail, is_email, parse
from sitegen.problems import SitegenError
from sitegen.submissions import create_app, filesystem
from sitegen.submissions.app import Endpoint
from sitegen.submissions.decisions import Decision
from sitegen.submissions.moderation import Desk
from sitegen.submissions.notices import courier as couriers
from sitegen.submissions.notices import outbox
from sitegen.submissions.notices.courier import (
    Courier,
    Post,
    hook_deliver,
    mail_round,
)
from sitegen.submissions.notices.mail import Mailer, NotSent
from sitegen.submissions.notices.outbox import LETTER_DELAY, Digest, Tray
from sitegen.submissions.notices.secrets import Secrets
from sitegen.submissions.notices.webhook import Hook
from sitegen.submissions.notices.words import WHOLE, News, Text
from sitegen.submissions.review import password
from tests.submissions.conftest import (
    CONFIG,
    PASSWORD,
    Clock,
    MakeEndpoint,
    Visitor,
    add,
    free_port,
    wait_for,
)

ANN, BOB, JANE = "ann@example.org", "bob@example.org", "jane@visitors.example"

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""For localhost, signed by itself; its key guards nothing."""

SECRET = "s" * 40


class Inbox:
    """A mail server that does to each message what `moods` says, then takes it."""

    def __init__(self) -> None:
        self.moods: list[str] = []
        self.refused: set[str] = set()
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.hanging = threading.Event()
        self.logins: list[bytes] = []
        self.refused_sender = ""
        self.unknown: set[str] = set()
        self.meanwhile: Callable[[], object] = lambda: None
        """Is done while a message is on its way."""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any
    ) -> str:
        """Refuses one sender."""
        if address == self.refused_sender:
            return "550 not you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any
    ) -> str:
        """Refuses an address, for now or for good."""
        if address in self.unknown:
            return "550 nobody"
        if address in self.refused:
            return "450 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Takes a message, or does not, or says what is not true."""
        mood = self.moods.pop(0) if self.moods else "take"
        self.meanwhile()
        if mood.isdigit():
            return f"{mood} no"
        if mood == "hang":
            self.hanging.set()
            await asyncio.sleep(3600)
        assert isinstance(envelope.content, bytes)
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        self.taken.append((list(envelope.rcpt_tos), found))
        if mood == "take and say nothing":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"

    async def handle_QUIT(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Hangs instead of saying good-bye."""
        if "hang at the end" in self.moods:
            self.moods.remove("hang at the end")
            await asyncio.sleep(3600)
        return "221 Bye"

    def log_in(self, server: SMTP, session: Session, *more: Any) -> AuthResult:
        """Lets in whoever knows the password."""
        data = more[-1]
        self.logins.append(data.password)
        return AuthResult(success=data.password == b"a password", handled=False)

    @property
    def names(self) -> list[str]:
        """The Message-IDs of what was taken."""
        return [str(message["Message-ID"]) for _, message in self.taken]

    @property
    def receivers(self) -> list[str]:
        """Who got what was taken."""
        return [address for to, _ in self.taken for address in to]


Serve = Callable[..., Mail]


@pytest.fixture
def inbox() -> Inbox:
    """Gives what a mail server has taken."""
    return Inbox()


@pytest.fixture
def smtp(inbox: Inbox) -> Iterator[Serve]:
    """Gives `smtp(security="none", **settings) -> Mail`: a server that runs."""
    running: list[Controller] = []

    def start(security: str = "none", **settings: Any) -> Mail:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
        more: dict[str, Any] = {}
        if security == "tls":
            more["ssl_context"] = context
        if security == "starttls":
            more |= {"tls_context": context, "require_starttls": True}
        controller = Controller(
            inbox,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=inbox.log_in,
            auth_require_tls=security == "starttls",
            **more,
        )
        controller.start()
        running.append(controller)
        given = {"host": "127.0.0.1", "port": controller.port, "to": (ANN,)}
        return Mail(**{**given, "security": security, **settings})

    yield start
    for controller in running:
        stop(controller)


def stop(controller: Controller) -> None:
    """Ends a mail server, whatever it is waiting for."""
    loop = controller.loop
    loop.call_soon_threadsafe(lambda: [t.cancel() for t in asyncio.all_tasks(loop)])
    with contextlib.suppress(Exception):
        controller.stop(no_assert=True)


class Disk:
    """What the outbox lies on; it can be full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        self.write_all = filesystem.write_all
        for module in (filesystem, outbox):
            monkeypatch.setattr(module, "write_all", self.write)

    def write(self, handle: int, data: bytes) -> None:
        """Writes, if there is room."""
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.write_all(handle, data)

    def fill(self) -> None:
        """Leaves no room."""
        self.is_full = True


class Desktop:
    """An endpoint whose news are sent when the test says so."""

    def __init__(self, endpoint: Endpoint, mail: Mail, clock: Clock) -> None:
        self.endpoint = endpoint
        self.clock = clock
        settings = msgspec.structs.replace(endpoint.settings, mail=mail)
        self.config = msgspec.structs.replace(endpoint.config, submissions=settings)
        self.tray = Tray(endpoint.spool, "mail")
        mailer = Mailer(mail, "", timeout=0.3)
        post = Post(mailer, self.tray, self.config, endpoint.rates)
        self.courier = Courier(
            self.tray,
            mail.interval_minutes * 60,
            post.deliver,
            endpoint.review_address,
            clock,
            settle=0,
        )
        self.round = mail_round(self.courier, post, mail)
        self.desk = Desk(
            endpoint.published.root, self.config, settings, endpoint.spool, clock
        )

    def later(self, seconds: float) -> None:
        """Does what is due after some time."""
        self.clock.now += seconds
        self.round()


@pytest.fixture
def desktop(make_endpoint: MakeEndpoint, clock: Clock) -> Callable[[Mail], Desktop]:
    """Gives `desktop(mail) -> Desktop`; the outbox is let go at the end."""
    return lambda mail: Desktop(make_endpoint(), mail, clock)


MakeDesktop = Callable[[Mail], Desktop]


def body_of(message: EmailMessage) -> str:
    """Returns the text of a mail."""
    assert message.get_content_type() == "text/plain"
    return str(message.get_content())


def test_a_moderator_reads_the_whole_entry(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    password.store(at.endpoint.spool, PASSWORD)
    id = add(
        at.endpoint,
        1,
        "Ein schöner\u202e Tag",
        "First line\n.\nDecide: https://evil.example/\n\x1b[31mred\n-----\nTitle: forged",
        author="Jäne",
        email=JANE,
        extra={"city": "a\nLink: forged"},
        flags=("links",),
    )
    at.round()
    ((to, message),) = inbox.taken
    assert to == [ANN] and message["To"] == ANN and message["From"] == ANN
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "[My blog] A post waits: Ein schöner\\u202e Tag"
    text = body_of(message)
    lines = text.splitlines()
    assert f"Link: https://example.org/submit/review/{id}/" in lines
    assert "> Decide: https://evil.example/" in lines and "> Title: forged" in lines
    assert "> \\x1b[31mred" in lines and "city: a / Link: forged" in lines
    assert "Name: Jäne" in lines and f"E-mail: {JANE}" in lines and "> ." in lines
    assert lines[-1] == "Decide: https://example.org/submit/review/"
    at.later(3600)
    assert len(inbox.taken) == 1


def test_a_flood_makes_one_digest(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(interval_minutes=15))
    for number in range(200):
        add(at.endpoint, number, f"Number {number}", "x" * 2000)
    at.round()
    ((_, message),) = inbox.taken
    text = body_of(message)
    assert message["Subject"] == "[My blog] 200 posts wait"
    assert text.count("\nTitle: ") == WHOLE and f"And {200 - WHOLE} more." in text
    assert len(text) < 120_000
    for number in range(200, 300):  # what comes in the next minutes is one more
        add(at.endpoint, number, f"Number {number}")
        if number % 20 == 0:
            at.later(60)
    assert len(inbox.taken) == 1
    at.later(15 * 60)
    assert [str(m["Subject"]) for _, m in inbox.taken][1:] == [
        "[My blog] 100 posts wait"
    ]
    at.later(24 * 3600)
    assert len(inbox.taken) == 2


def test_what_fails_is_tried_again_and_later_each_time(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    id = add(at.endpoint, 1, "One")
    inbox.moods = ["451", "554", "451"]
    at.round()
    assert not inbox.taken and at.tray.digest()
    add(at.endpoint, 2, "Two")  # does not join: a receiver may have the first already
    at.later(59)
    assert len(inbox.moods) == 2
    at.later(1)
    assert len(inbox.moods) == 1
    at.later(60)
    assert len(inbox.moods) == 1  # the second wait is longer
    at.later(60)
    assert not inbox.moods and not inbox.taken
    at.later(240)
    assert [str(m["Subject"]) for _, m in inbox.taken] == [
        "[My blog] A post waits: One"
    ]
    assert id in at.tray.told and at.tray.digest() is None
    at.later(900)
    assert [str(m["Subject"]) for _, m in inbox.taken][1:] == [
        "[My blog] A post waits: Two"
    ]
    at.later(24 * 3600)
    assert len(inbox.taken) == 2


def test_no_server_at_all_loses_nothing(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    mail = smtp()
    at = desktop(msgspec.structs.replace(mail, port=free_port()))
    add(at.endpoint, 1, "One")
    for _ in range(30):
        at.later(3600)
    digest = at.tray.digest()
    assert digest and digest.attempts == 30
    at.tray.close()
    again = Desktop(at.endpoint, mail, at.clock)  # a restart, with a server
    again.later(3600)
    assert len(inbox.taken) == 1
    assert again.tray.digest() is None


def test_who_was_refused_gets_it_later_and_nobody_twice(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(to=(ANN, BOB)))
    add(at.endpoint, 1, "One")
    inbox.refused = {ANN}
    at.round()
    assert inbox.receivers == [BOB]
    at.later(60)
    assert inbox.receivers == [BOB]
    inbox.refused = set()
    at.later(3600)
    assert inbox.receivers == [BOB, ANN]
    at.later(3600)
    assert inbox.receivers == [BOB, ANN]
    assert all(message["To"] in (ANN, BOB) for _, message in inbox.taken)


def test_an_address_that_never_takes_anything_silences_nobody(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(to=(BOB, ANN)))
    inbox.refused = {BOB}
    add(at.endpoint, 1, "One")
    at.round()
    add(at.endpoint, 2, "Two")
    for _ in range(couriers.REST_TRIES - 1):
        assert at.tray.digest()
        at.later(3600)
    assert at.tray.digest() is None
    at.later(3600)
    assert inbox.receivers == [ANN, ANN]
    inbox.refused = set()  # it is heard of later news, and of these
    at.later(3600)
    assert inbox.receivers == [ANN, ANN, BOB]


def test_an_address_that_does_not_exist_keeps_no_digest(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(to=(ANN, BOB)))
    inbox.unknown = {BOB}
    add(at.endpoint, 1, "One")
    at.round()
    assert inbox.receivers == [ANN] and at.tray.digest() is None


def test_a_digest_that_no_server_takes_blocks_no_other(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    """As when a filter does not like what a visitor wrote."""
    at = desktop(smtp())
    inbox.moods = ["554"] * couriers.REFUSED_TRIES
    add(at.endpoint, 1, "One")
    for _ in range(couriers.REFUSED_TRIES):
        at.later(3600)
    assert at.tray.digest() is None and not inbox.taken
    add(at.endpoint, 2, "Two")
    at.later(3600)
    assert inbox.receivers == [ANN]


def test_a_full_disk_makes_no_mail_go_twice(
    inbox: Inbox,
    smtp: Serve,
    desktop: MakeDesktop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at, disk = desktop(smtp(to=(ANN, BOB), author=True)), Disk(monkeypatch)
    add(at.endpoint, 1, "One")
    inbox.meanwhile = disk.fill
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            at.later(60)
    assert inbox.receivers == [ANN]
    disk.is_full, inbox.meanwhile = False, lambda: None
    at.later(60)
    assert inbox.receivers == [ANN, BOB] and at.tray.digest() is None
    at.desk.reject(add(at.endpoint, 2, "Two", email=JANE))
    inbox.meanwhile = disk.fill
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            at.later(LETTER_DELAY)
    disk.is_full = False
    at.later(60)
    assert inbox.receivers == [ANN, BOB, JANE]
    assert not outbox.letters(at.endpoint.spool)


def test_short_writes_leave_whole_lines(
    desktop: MakeDesktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, write = desktop(Mail(host="x", to=(ANN,))), os.write
    digest = outbox.Digest("name", ("0" * 20, "1" * 20), 1)
    decision = Decision(1, "0" * 20, "spam", "Ann")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda to, data: write(to, bytes(data[:7])))
        at.tray.finish(digest, 1)
        at.desk.log.add(decision)
    told = at.endpoint.spool.path / "private/outbox/mail.told"
    assert told.read_text().split() == list(digest.ids)
    assert at.desk.log.newest() == [decision]


@pytest.mark.parametrize("kind", ["digest", "letter"])
def test_a_clock_that_is_put_back_silences_nobody(
    kind: str, inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    id = add(at.endpoint, 1, "One", email=JANE)
    if kind == "letter":
        at.desk.reject(id)
    inbox.moods = ["451"]
    at.later(LETTER_DELAY)
    assert not inbox.moods and not inbox.taken
    at.later(-30 * 24 * 3600)
    at.later(3601)  # so long the rates of letters may hold it up
    assert len(inbox.taken) == 1


def test_a_server_that_hangs_is_given_up_and_tried_again(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    add(at.endpoint, 1, "One")
    inbox.moods = ["hang"]
    at.round()
    assert inbox.hanging.is_set() and not inbox.taken
    at.later(60)
    assert len(inbox.taken) == 1


def test_what_was_taken_is_not_sent_again_whatever_follows(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    add(at.endpoint, 1, "One")
    inbox.moods = ["take", "hang at the end"]
    at.round()
    assert len(inbox.taken) == 1
    at.later(24 * 3600)
    assert len(inbox.taken) == 1


def test_where_nobody_knows_the_second_one_has_the_same_name(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    """A server that takes a mail and says nothing: the receiver sees it once."""
    at = desktop(smtp())
    add(at.endpoint, 1, "One")
    inbox.moods = ["take and say nothing"]
    at.round()
    add(at.endpoint, 2, "Two")
    at.later(60)
    assert len(inbox.taken) == 2 and len(set(inbox.names)) == 1
    assert [str(m["Subject"]) for _, m in inbox.taken] == [
        "[My blog] A post waits: One"
    ] * 2
    at.later(3600)
    assert len(set(inbox.names)) == 2


def test_one_process_sends(inbox: Inbox, smtp: Serve, desktop: MakeDesktop) -> None:
    mail = smtp()
    first = desktop(mail)
    second = Desktop(first.endpoint, mail, first.clock)
    first.round()
    add(first.endpoint, 1, "One")
    assert second.round() == couriers.STANDBY_SECONDS
    assert not inbox.taken
    first.round()
    first.tray.close()  # as when it dies
    second.later(3600)
    assert len(inbox.taken) == 1 and second.tray.told


def test_a_crash_before_the_note_keeps_the_name(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = desktop(smtp())
    add(at.endpoint, 1, "One")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(at.tray, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            at.round()
    at.tray.close()
    again = Desktop(at.endpoint, at.config.submissions.mail, at.clock)  # type: ignore[union-attr, arg-type]
    again.later(60)
    assert len(inbox.taken) == 1  # whom it reached was on the disk already
    assert again.tray.digest() is None and not again.tray.new_ids()


def test_what_was_decided_meanwhile_is_not_told(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    one, _ = add(at.endpoint, 1, "One"), add(at.endpoint, 2, "Two")
    inbox.moods = ["451"]
    at.round()
    at.desk.reject(one, erase=True)
    at.later(60)
    assert [str(m["Subject"]) for _, m in inbox.taken] == [
        "[My blog] A post waits: Two"
    ]
    three = add(at.endpoint, 3, "Three")
    inbox.moods = ["451"]
    at.later(900)
    at.desk.reject(three)
    at.later(3600)
    assert len(inbox.taken) == 1 and at.tray.digest() is None
    at.desk.restore(three)  # who brings it back knows of it
    at.later(3600)
    assert len(inbox.taken) == 1


def test_nobody_writes_to_a_visitor(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    one = add(at.endpoint, 1, "One", email=JANE)
    at.round()
    at.desk.reject(one)
    at.later(LETTER_DELAY + 1)
    assert inbox.receivers == [ANN]
    assert not outbox.letters(at.endpoint.spool)


def test_an_author_is_told_once_if_the_site_wants_that(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    one = add(at.endpoint, 1, "Buy my things", email=JANE, author="Spammer")
    two = add(at.endpoint, 2, "Two")
    at.round()
    assert inbox.receivers == [ANN]
    at.desk.reject(one, "because")
    at.desk.reject(two)
    at.later(LETTER_DELAY - 1)
    assert inbox.receivers == [ANN]
    at.later(1)
    assert inbox.receivers == [ANN, JANE]
    _, letter = inbox.taken[1]
    whole = letter.as_string()
    assert "was not accepted" in body_of(letter) and ANN == letter["From"]
    assert "Buy" not in whole and "because" not in whole and "Spammer" not in whole
    at.desk.restore(one)
    at.desk.reject(one)
    at.later(3600)
    assert inbox.receivers == [ANN, JANE]
    queue = at.endpoint.spool.path
    texts = [p.read_bytes() for p in (queue / "private/outbox").iterdir()]
    assert not any(JANE.encode() in text for text in texts)


@pytest.mark.needs("git")
def test_an_author_reads_where_the_post_is(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    at.desk.approve(add(at.endpoint, 1, "One", email=JANE))
    at.later(LETTER_DELAY)
    assert "https://example.org/posts/one/" in body_of(inbox.taken[-1][1])


def test_an_undone_decision_takes_its_letter_back(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    one = add(at.endpoint, 1, "One", email=JANE)
    at.desk.batch = "b" * 12
    at.desk.reject(one)
    at.desk.undo(one, "b" * 12)
    at.later(LETTER_DELAY + 1)
    assert inbox.receivers == [ANN]


@pytest.mark.parametrize("mood", ["take", "451"])
def test_what_is_erased_while_its_letter_goes_stays_erased(
    mood: str, inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    one = add(at.endpoint, 1, "One", email=JANE)
    at.desk.reject(one)
    inbox.moods = [mood]
    inbox.meanwhile = lambda: at.desk.reject(one, erase=True)
    at.later(LETTER_DELAY)
    folder = at.endpoint.spool.path / "private/outbox"
    assert not inbox.moods and not [p for p in folder.iterdir() if one in p.name]


def test_a_letter_that_is_taken_back_during_another_is_not_sent(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    ids = [add(at.endpoint, n, f"Number {n}", email=JANE) for n in (1, 2)]
    for id in ids:
        at.desk.reject(id)
    inbox.meanwhile = lambda: outbox.take_back(at.endpoint.spool, ids[1])
    at.later(LETTER_DELAY)
    assert inbox.names == [f"<{ids[0]}@example.org>"]


def test_what_a_crash_left_half_written_goes(desktop: MakeDesktop) -> None:
    at = desktop(Mail(host="x", to=(ANN,)))
    one, two = (add(at.endpoint, n, f"Number {n}") for n in (1, 2))
    folder = at.endpoint.spool.path / "private/outbox"
    letter, old, new = (folder / f".{n}.abc" for n in (f"letter.{one}", "old", "new"))
    now = at.clock.now
    for path, when in ((letter, now), (old, now - 3601), (new, now)):
        path.write_text("x")
        os.utime(path, (when, when))
    at.desk.spam(two)
    assert letter.exists() and not old.exists()
    at.desk.reject(one, erase=True)
    assert not letter.exists() and new.exists()


def test_letters_are_rationed_and_given_up_when_refused_for_good(
    inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp(author=True))
    for number in range(4):
        at.desk.reject(add(at.endpoint, number, f"Number {number}", email=JANE))
    at.later(LETTER_DELAY)
    assert inbox.receivers.count(JANE) == couriers.LETTERS_ADDRESS
    assert len(outbox.letters(at.endpoint.spool)) == 2
    inbox.moods = ["550", "451"]
    at.later(3601)
    assert len(outbox.letters(at.endpoint.spool)) == 1  # one will never arrive
    at.later(3601)
    assert inbox.receivers.count(JANE) == couriers.LETTERS_ADDRESS + 1


ENCODED = [
    "=?utf-8?q?Hi=0d=0aContent-Type:_text/html=0d=0a=0d=0a<b>x</b>?=",
    "=?utf-8?b?SGkNCkJjYzogZXZpbEBleGFtcGxlLm9yZw0KDQo8Yj54PC9iPg==?=",
    "=?utf-7?q?+2AA-?=",
    "==?utf-8?q?a=0d=0ab?=",
    "=?bogus?q?a=0d=0ab?=",
]
"""Titles that a mail program would decode to more than a line."""


@pytest.mark.parametrize("title", ENCODED)
def test_a_title_in_an_encoded_word_stays_as_it_was_typed(
    title: str, inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    at = desktop(smtp())
    add(at.endpoint, 1, title)
    at.round()
    ((to, message),) = inbox.taken
    shown = title.replace("=?", "= ?")
    assert to == [ANN] and message["Bcc"] is None
    assert message["Subject"] == f"[My blog] A post waits: {shown}"
    assert body_of(message).startswith("A post waits.")


@pytest.mark.parametrize("word", ENCODED[:3])
def test_a_header_that_is_not_one_line_is_never_sent(word: str, smtp: Serve) -> None:
    mailer = Mailer(smtp(), "")
    with pytest.raises(NotSent, match="cannot be sent") as raised:
        mailer.message(Text("a", "b"), f"{word}@example.org", "name", 0)
    assert raised.value.for_good
    with pytest.raises(NotSent, match="cannot be sent"):
        mailer.message(Text("a", "\ud800"), ANN, "name", 0)


@pytest.mark.parametrize("address", [f"{word}@example.org" for word in ENCODED[:3]])
def test_a_letter_that_cannot_be_sent_stops_no_other(
    address: str, inbox: Inbox, smtp: Serve, desktop: MakeDesktop
) -> None:
    """Such an address was stored before it was refused, or written by hand."""
    at = desktop(smtp(author=True))
    at.desk.reject(add(at.endpoint, 1, "One", email=address))
    at.desk.reject(add(at.endpoint, 2, "Two", email=JANE))
    at.later(LETTER_DELAY)
    assert inbox.receivers == [JANE] and not outbox.letters(at.endpoint.spool)


@pytest.mark.parametrize(
    "text",
    [
        "a@b.cd",
        "a.b+c_d'e@x-1.example.org",
        "A@B.CD",
        "{a}|~^`%&*/!#$-@xn--bcher-kva.example",
    ],
)
def test_a_plain_address_is_one(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    ["=?utf-8?q?a=0d=0ab?=@b.cd", "a=b@b.cd", "a?@b.cd", "a b@b.cd", "a\x00@b.cd", "a@b.cd\n",
     "a@b", "a@-b.cd", "a@b..cd", "a@b.cd.", ".a@b.cd", "a..b@b.cd", '"a"@b.cd', "a@[1.2.3.4]",
     "ä@b.cd", "a@b.=?utf-8?q?c?=", "a@b.cd,e@f.gh", "a@b@c.de", "", "@b.cd"],
)  # fmt: skip
def test_what_is_more_than_a_plain_address_is_none(text: str) -> None:
    assert not is_email(text)


def test_what_is_wrong_with_us_loses_no_letter(inbox: Inbox, smtp: Serve) -> None:
    """An expired password, and a sender that is refused: not the receiver's fault."""
    mailer = Mailer(smtp(user="ann"), "wrong", timeout=5)
    message = mailer.message(Text("a", "b"), ANN, "name", 0)
    with pytest.raises(NotSent, match="535") as login:
        mailer.send(message, [ANN])
    inbox.refused_sender = ANN
    mailer = Mailer(smtp(), "", timeout=5)
    with pytest.raises(NotSent, match="550") as sender:
        mailer.send(message, [ANN])
    assert not login.value.for_good and not sender.value.for_good
    inbox.refused_sender = ""
    inbox.moods = ["550"]
    with pytest.raises(NotSent, match="550") as data:
        mailer.send(message, [ANN])
    assert data.value.for_good


def test_an_endless_greeting_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        mailer = Mailer(Mail(host="127.0.0.1", port=port, to=(ANN,)), "", 60, 0.2)
        thread = threading.Thread(target=greet_forever, args=(server,))
        thread.start()
        with pytest.raises(NotSent):
            mailer.send(mailer.message(Text("a", "b"), ANN, "name", 0), [ANN])
        thread.join()


def greet_forever(server: socket.socket) -> None:
    """Says to one caller that there is more to say, until it hangs up."""
    caller, _ = server.accept()
    with caller, contextlib.suppress(OSError):
        while True:
            caller.sendall(b"220-wait\r\n")


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_line_is_private(
    security: str, inbox: Inbox, smtp: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = smtp(security, user="ann", host="localhost")
    message = Mailer(mail, "").message(Text("Hello", "World\n"), ANN, "name", 0)
    with pytest.raises(NotSent):  # nobody vouches for this certificate
        Mailer(mail, "a password", timeout=5).send(message, [ANN])
    assert not inbox.logins and not inbox.taken
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    if security == "tls":
        # aiosmtpd lets nobody log in where it did not start the encryption itself.
        mail = msgspec.structs.replace(mail, user="")
    Mailer(mail, "a password", timeout=5).send(message, [ANN])
    assert inbox.receivers == [ANN]
    assert inbox.logins == ([b"a password"] if security == "starttls" else [])


def test_a_server_without_encryption_gets_no_password(
    inbox: Inbox, smtp: Serve
) -> None:
    mail = msgspec.structs.replace(smtp(user="ann"), security="starttls")
    mailer = Mailer(mail, "secret", timeout=5)
    with pytest.raises(NotSent):
        mailer.send(mailer.message(Text("a", "b"), ANN, "n", 0), [ANN])
    assert not inbox.logins


# The webhook


class Receiver:
    """A program that does to each request what `moods` says, then answers 204."""

    def __init__(self) -> None:
        self.moods: list[str] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.release = threading.Event()
        self.hanging = threading.Event()
        self.url = ""

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What the requests said."""
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Gives a program that waits for requests."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mood = found.moods.pop(0) if found.moods else "204"
            if mood == "hang":
                found.hanging.set()
                found.release.wait(60)
                return
            found.got.append((dict(self.headers), body))
            if mood == "garbage":
                self.wfile.write(b"\x00\xff nonsense\r\n\r\n")
                return
            if mood == "hang up":
                return
            self.send_response(int(mood.split()[0]))
            if mood == "302":
                self.send_header("Location", found.url)
            if mood.endswith("endless"):
                self.send_header("Content-Length", str(1 << 40))
            self.end_headers()
            with contextlib.suppress(OSError):
                while mood.endswith("endless"):
                    self.wfile.write(b"x" * 65536)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps the terminal for the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hook?a=b"
    yield found
    found.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


def hooked(endpoint: Endpoint, receiver: Receiver, clock: Clock) -> Courier:
    """Returns what tells a receiver of an endpoint's entries."""
    hook = Hook(receiver.url, SECRET, timeout=0.3)
    tray = Tray(endpoint.spool, "webhook")
    deliver = hook_deliver(hook, endpoint.config)
    return Courier(tray, 0, deliver, endpoint.review_address, clock, settle=0)


def test_a_request_is_signed_and_says_everything(
    receiver: Receiver, make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    endpoint = make_endpoint()
    password.store(endpoint.spool, PASSWORD)
    courier = hooked(endpoint, receiver, clock)
    id = add(
        endpoint, 1, "Ein schöner Tag", author="Jäne", flags=("links",), extra={"n": 1}
    )
    courier.round()
    ((headers, body),) = receiver.got
    at, signature = headers["Sitegen-Signature"].split(",")
    signed = at.removeprefix("t=").encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert signature == f"v1={expected}" and at == f"t={int(clock.now)}"
    found = json.loads(body)
    assert headers["Sitegen-Delivery"] == found["delivery"]
    assert headers["Content-Type"] == "application/json"
    when = "2026-07-01T12:00:00+00:00"
    assert found == {
        "event": "submissions.waiting",
        "delivery": found["delivery"],
        "sent_at": when,
        "site": "https://example.org",
        "count": 1,
        "entries": [
            {
                "id": id,
                "title": "Ein schöner Tag",
                "author": "Jäne",
                "received_at": when,
                "flags": ["links"],
                "extra": {"n": 1},
                "content": "A text.",
                "review_url": f"https://example.org/submit/review/{id}/",
            }
        ],
    }


@pytest.mark.parametrize(
    "mood", ["500", "404", "302", "garbage", "hang", "hang up", "500 endless"]
)
def test_a_receiver_that_fails_hears_of_it_again(
    mood: str, receiver: Receiver, make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    endpoint = make_endpoint()
    courier = hooked(endpoint, receiver, clock)
    add(endpoint, 1, "One")
    receiver.moods = [mood]
    courier.round()
    assert courier.tray.digest()
    add(endpoint, 2, "Two")
    clock.now += 60
    courier.round()
    clock.now += 60
    courier.round()
    said = [(b["delivery"], b["entries"][0]["title"]) for b in receiver.bodies]
    # Whoever heard it before the failure knows it again by its name.
    assert sorted({title for _, title in said}) == ["One", "Two"]
    assert len({delivery for delivery, _ in said}) == 2
    clock.now += 24 * 3600
    courier.round()
    assert len(receiver.bodies) == len(said)


def test_a_full_disk_makes_no_request_go_twice(
    receiver: Receiver,
    make_endpoint: MakeEndpoint,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endpoint, disk = make_endpoint(), Disk(monkeypatch)
    courier = hooked(endpoint, receiver, clock)
    deliver = courier.deliver

    def deliver_and_fill(digest: Digest, news: News, now: float) -> tuple[str, ...]:
        left = deliver(digest, news, now)
        disk.fill()
        return left

    courier.deliver = deliver_and_fill
    add(endpoint, 1, "One")
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            courier.round()
        clock.now += 60
    disk.is_full = False
    courier.round()
    assert len(receiver.got) == 1 and courier.tray.digest() is None


def test_a_receiver_may_say_what_it_likes_after_yes(
    receiver: Receiver, make_endpoint: MakeEndpoint, clock: Clock
) -> None:
    endpoint = make_endpoint()
    courier = hooked(endpoint, receiver, clock)
    add(endpoint, 1, "One")
    receiver.moods = ["200 endless"]
    courier.round()
    clock.now += 3600
    courier.round()
    assert len(receiver.got) == 1 and courier.tray.digest() is None


def test_a_busy_line_is_cut(receiver: Receiver) -> None:
    hook = Hook(receiver.url, SECRET, timeout=60, whole_timeout=0.2)
    receiver.moods = ["hang"]
    with pytest.raises(NotSent):
        hook.send({"delivery": "x"}, 0)


def test_no_visitor_waits_for_a_receiver(
    receiver: Receiver,
    make_endpoint: MakeEndpoint,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server's own threads send; the receiver hangs while visitors are served."""
    monkeypatch.setattr(couriers, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(couriers, "POLL_SECONDS", 0.05)
    config = (
        CONFIG + f'[submissions.webhook]\nurl = "{receiver.url}"\nsecret = "{SECRET}"\n'
    )
    visitor = Visitor(make_endpoint(config), clock)
    receiver.moods = ["hang"]
    assert visitor.send({"title": "One"}).status_code == 303
    assert receiver.hanging.wait(60)
    assert visitor.send({"title": "Two"}).status_code == 303
    assert not receiver.release.is_set()
    receiver.release.set()
    tray = Tray(visitor.endpoint.spool, "webhook")
    wait_for(lambda: bool((digest := tray.digest()) and digest.attempts))
    clock.now += 60
    wait_for(lambda: len(receiver.got) >= 1)
    clock.now += 60
    wait_for(lambda: len(receiver.got) == 2)
    titles = [entry["title"] for body in receiver.bodies for entry in body["entries"]]
    assert titles == ["One", "Two"]


# Settings


def test_a_webhook_needs_a_secret(make_endpoint: MakeEndpoint) -> None:
    config = CONFIG + '[submissions.webhook]\nurl = "https://example.org/hook"\n'
    with pytest.raises(SitegenError, match="needs a secret"):
        make_endpoint(config)


def test_secrets_may_come_from_the_environment(
    make_endpoint: MakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sitegen import wsgi

    root = make_endpoint().published.root
    hook = '[submissions.webhook]\nurl = "https://example.org/hook"\n'
    (root / "sitegen.toml").write_text(CONFIG + hook)
    monkeypatch.setenv("SITEGEN_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("SITEGEN_MAIL_PASSWORD", "p")
    wsgi.application.cache_clear()
    app = wsgi.application(str(root))
    assert isinstance(app, Endpoint)
    assert app.secrets == Secrets("p", SECRET)
    app.close()
    wsgi.application.cache_clear()
    config, _ = parse((CONFIG + hook).encode())
    other = create_app(config, root, webhook_secret=SECRET)
    other.close()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[submissions.mail]\nhost = 'a b'\nto = ['a@b.c']", "'host' must be a mail server"),
        ("[submissions.mail]\nhost = 'a'\nto = ['a']", "'to' must hold addresses"),
        ('[submissions.mail]\nhost = "a"\nto = ["a@b.c\\u0007"]', "'to' must hold"),
        ("[submissions.mail]\nhost = 'a'\nto = ['a@b.c']\nport = 0", "'port' must be between"),
        ("[submissions.mail]\nhost = 'a'\nto = ['a@b.c']\nsender = 'x'", "'sender' must be an address"),
        ("[submissions.mail]\nhost = 'a'\nto = ['a@b.c']\nsecurity = 'ssl'", "'starttls', 'tls' or 'none'"),
        ("[submissions.mail]\nhost = 'a'\nto = ['a@b.c']\ninterval_minutes = -1", "cannot be below 0"),
        ("[submissions.mail]\nhost = 'a'\nto = ['a@b.c']\nuser_name = 'x'", "Unknown key 'user_name'"),
        ("[submissions.webhook]\nurl = 'ftp://x'", "'url' must be an address"),
        ("[submissions.webhook]\nurl = 'https://x/'\nsecret = 'short'", "'secret' must have 32"),
        ("[submissions.webhook]\nurl = 'https://x/'\ninterval_minutes = -1", "cannot be below 0"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_named(table: str, words: str) -> None:
    config, problems = parse(f"[submissions]\n{table}\n".encode())
    assert isinstance(config, Config) and len(problems) == 1
    assert words in problems[0].message and problems[0].location.line > 1
