"""Mail goes out by SMTP: one message, one connection, certificates checked."""

import contextlib
import smtplib
import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from sitegen.config import Mail
from sitegen.submissions.notices.words import Text

TIMEOUT = 30.0
"""Seconds that a server may take for one answer."""

WHOLE_TIMEOUT = 120.0
"""Seconds after which a connection is cut, however busy it seems."""


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
        """Returns a message; sent again, it has the same Message-ID."""
        made = EmailMessage()
        made["From"] = self.sender
        made["To"] = to
        made["Subject"] = text.subject
        made["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        made["Message-ID"] = f"<{name}@{self.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(text.body)
        return made

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
            is_final = 500 <= error.smtp_code < 600
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
            connection = smtplib.SMTP_SSL(
                host, port, timeout=self.timeout, context=context
            )
        else:
            connection = smtplib.SMTP(host, port, timeout=self.timeout)
        cutter = threading.Timer(self.whole_timeout, _cut, (connection,))
        cutter.daemon = True
        cutter.start()
        try:
            if self.settings.security == "starttls":
                connection.starttls(context=context)
            if self.settings.user:
                connection.login(self.settings.user, self.password)
            yield connection
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
        finally:
            cutter.cancel()
            connection.close()


def _cut(connection: smtplib.SMTP) -> None:
    """Ends a connection that a server keeps busy, a byte at a time."""
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(2)
