"""A signed request to a program, as other services sign theirs.

The signature is `t=<seconds>,v1=<hex>`: HMAC-SHA256, with the secret, of the seconds, a
full stop and the body. Receivers compare it, and refuse what is older than minutes.
"""

import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from sitegen import __version__
from sitegen.submissions.notices.mail import NotSent

TIMEOUT, WHOLE_TIMEOUT = 20.0, 60.0
"""Seconds for one answer, and after which the connection is cut."""

HEADER = "Sitegen-Signature"


def signature(secret: str, body: bytes, at: int) -> str:
    """Returns the header that signs a body."""
    signed = f"{at}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Hook:
    """Sends to one address."""

    def __init__(
        self,
        url: str,
        secret: str,
        timeout: float = TIMEOUT,
        whole_timeout: float = WHOLE_TIMEOUT,
    ) -> None:
        self.url = urlsplit(url)
        self.secret = secret
        self.timeout = timeout
        self.whole_timeout = whole_timeout

    def send(self, values: Mapping[str, Any], now: float) -> None:
        """Returns when the receiver has said 2xx; raises NotSent.

        What else it says is not read, and a redirect is not followed.
        """
        body = json.dumps(values, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"sitegen/{__version__}",
            "Sitegen-Delivery": str(values["delivery"]),
            HEADER: signature(self.secret, body, int(now)),
        }
        connection = self._connection()
        cutter = threading.Timer(self.whole_timeout, _cut, (connection,))
        cutter.daemon = True
        cutter.start()
        try:
            connection.request("POST", self._path(), body, headers)
            status = connection.getresponse().status
        except (OSError, HTTPException, ValueError) as error:
            raise NotSent(type(error).__name__) from None
        finally:
            cutter.cancel()
            connection.close()
        if not 200 <= status < 300:
            raise NotSent(f"the receiver said {status}")

    def _path(self) -> str:
        query = f"?{self.url.query}" if self.url.query else ""
        return f"{self.url.path or '/'}{query}"

    def _connection(self) -> HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if self.url.scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(host, port, timeout=self.timeout, context=context)
        return HTTPConnection(host, port, timeout=self.timeout)


def _cut(connection: HTTPConnection) -> None:
    """Ends a connection that a receiver keeps busy, a byte at a time."""
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
