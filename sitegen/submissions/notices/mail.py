"""Mail goes out by SMTP: one message, one connection, certificates checked."""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime

from sitegen.config import Mail
from sitegen.submissions.notices.words import Text

TIMEOUT = 30.0
"""Seconds that a server may take for one answer."""

WHOLE_TIMEOUT = 120.0
"""Seconds after which a connection is cut, however busy it seems."""

_UNSAFE = re.compile(r"[\r\n\ud800-\udfff]")
"""What a header must not hold once it was read the way that receivers read it."""


class NotSent(Exception):
    """A message was not taken, or nobody knows; carries why, without addresses."""

    def __init__(self, why: str, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good
        """True if the server will never take it."""


class Mailer:
    """Sends to one server."""

    def __init__(
        self,
        settings: Mail,
        password: str,
        timeout: float = TIMEOUT,
        whole_timeout: float = WHOLE_TIMEOUT,
    ) -> None:
        self.settings = settings
        self.password = password or settings.password
        self.timeout = timeout
        self.whole_timeout = whole_timeout

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.settings.sender or self.settings.to[0]

    def message(self, text: Text, to: str, name: str, now: float) -> EmailMessage:
        """Returns a message; sent again, it has the same Message-ID.

        Raises NotSent, for good, for what cannot be said in a mail.
        """
        headers = {
            "From": self.sender,
            "To": to,
            "Subject": _defused(text.subject),
            "Date": format_datetime(datetime.fromtimestamp(now, UTC)),
            "Message-ID": f"<{name}@{self.sender.rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        }
        try:
            return _made(headers, text.body)
        except (MessageError, ValueError, LookupError) as error:
            why = f"a message that cannot be sent: {type(error).__name__}"
            raise NotSent(why, for_good=True) from None

    def send(self, message: EmailMessage, to: Sequence[str]) -> list[str]:
        """Returns the addresses that the server took it for; raises NotSent.

        Once the server has said that it took the message, nothing that happens on
        the line makes that undone.
        """
        try:
            with self._connection() as connection:
                refused = connection.send_message(message, self.sender, to)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise NotSent("no address was taken", min(codes) >= 500) from None
        except smtplib.SMTPResponseException as error:
            # What is wrong with us, such as an old password, can be mended; so only
            # a refusal of this one message is for good.
            is_data = isinstance(error, smtplib.SMTPDataError)
            is_final = is_data and 500 <= error.smtp_code < 600
            raise NotSent(f"the server said {error.smtp_code}", is_final) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NotSent(type(error).__name__) from None
        return [address for address in to if address not in refused]

    @contextlib.contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """Gives a connection that is logged in; hangs up whatever happens."""
        host, port = self.settings.host, self.settings.port
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if self.settings.security == "tls":
            connection = smtplib.SMTP_SSL(timeout=self.timeout, context=context)
        else:
            connection = smtplib.SMTP(timeout=self.timeout)
        # Without a host it is not connected yet: the greeting may be endless too. Of
        # this name the certificate has to be.
        connection._host = host  # type: ignore[attr-defined]
        done = threading.Event()
        cutter = (connection, done, self.whole_timeout)
        threading.Thread(target=_cut, args=cutter, daemon=True).start()
        try:
            code, said = connection.connect(host, port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, said)
            if self.settings.security == "starttls":
                connection.starttls(context=context)
            if self.settings.user:
                connection.login(self.settings.user, self.password)
            yield connection
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            done.set()
            connection.close()


def _made(headers: dict[str, str], body: str) -> EmailMessage:
    """Returns a message that can be written as a whole; raises if there is none."""
    made = EmailMessage()
    for name, value in headers.items():
        made[name] = value
        if _UNSAFE.search(str(made[name])):
            raise ValueError(f"a header that is not one line: {name}")
    made.set_content(body)
    made.as_bytes(policy=policy.SMTP)
    return made


def _defused(text: str) -> str:
    """Returns a text in which nothing is an encoded word, which would be decoded."""
    return text.replace("=?", "= ?")


def _cut(connection: smtplib.SMTP, done: threading.Event, seconds: float) -> None:
    """Ends a connection that a server keeps busy, a byte at a time.

    Again and again, since it may not have been there yet at the first time.
    """
    while not done.wait(seconds):
        seconds = 1.0
        sock = connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
