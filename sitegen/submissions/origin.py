"""Where a request comes from: which site's page, and which network."""

import ipaddress
from collections.abc import Collection, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

IPV4_PREFIX, IPV6_PREFIX = 24, 64
"""How much of an address tells networks apart."""


def is_allowed(
    environ: Mapping[str, str], base_url: str, others: Collection[str]
) -> bool:
    """True unless a browser says that another site's page sent the request.

    Browsers say so in Sec-Fetch-Site, older ones in Origin. What says neither is no
    browser and carries nobody's authority. `Origin: null` (a page without referrer,
    or in a sandbox) says nothing about the site, so the token has to decide.
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site in ("same-origin", "none"):
        return True
    origin = environ.get("HTTP_ORIGIN", "")
    if not origin or origin == "null":
        return site is None
    return _plain(origin) in {
        _plain(each) for each in (_own(environ, base_url), *others)
    }


def _own(environ: Mapping[str, str], base_url: str) -> str:
    """Returns the site's origin.

    Without a base_url that is the host which the request was sent to, so that a site
    works before it has an address.
    """
    return base_url or f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"


@lru_cache(maxsize=256)
def _plain(url: str) -> str:
    """Returns scheme, host and port of a URL as browsers write them."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    shown = f":{port}" if port and port != usual else ""
    return f"{parts.scheme}://{host}{shown}"


def network(environ: Mapping[str, str], trusted_proxies: int) -> str:
    """Returns the network of whoever sent a request: a /24 or a /64.

    Of X-Forwarded-For only the entries count that trusted proxies added, from the
    right; a visitor writes whatever they like at the left.
    """
    address = environ.get("REMOTE_ADDR", "")
    if trusted_proxies:
        chain = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        added = [entry.strip() for entry in chain if entry.strip()]
        if added:
            address = added[-min(trusted_proxies, len(added))]
    return _network_of(address)


@lru_cache(maxsize=4096)
def _network_of(address: str) -> str:
    text = address.strip("[]").partition("%")[0]
    if text.count(":") == 1:  # IPv4 with a port, as some proxies write it
        text = text.partition(":")[0]
    elif "]:" in address:
        text = address[1 : address.index("]:")]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return "local"  # a Unix socket, or nonsense
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, IPV4_PREFIX), strict=False))
