"""Where a file can be read and edited on the web, from a remote's address."""

import os
import re
from urllib.parse import quote, urlsplit

import msgspec

KINDS = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "codeberg.org": "forgejo",
    "gitea.com": "forgejo",
    "bitbucket.org": "bitbucket",
}
"""Host → what runs there."""

TELLING = {
    "github": "github",
    "gitlab": "gitlab",
    "gitea": "forgejo",
    "forgejo": "forgejo",
}
"""First part of a host's name → what certainly runs there: `gitlab.example.org`."""

SSH_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
"""Hosts that take ssh on another port → their web host."""

PATTERNS = {
    "github": ("blob/{ref}/{path}", "edit/{ref}/{path}"),
    "gitlab": ("-/blob/{ref}/{path}", "-/edit/{ref}/{path}"),
    "forgejo": ("src/branch/{ref}/{path}", "_edit/{ref}/{path}"),
    "bitbucket": ("src/{ref}/{path}", "src/{ref}/{path}?mode=edit&at={ref}"),
}
"""What runs on a host → the addresses to read and to edit a file of a branch."""

_SCP = r"(?:[^@/:]+@)?(?P<host>\[[^\]]+\]|[^@/:]+):(?P<path>(?!//).+)"


class Web(msgspec.Struct, frozen=True, array_like=True):
    """A repository on the web."""

    kind: str
    url: str
    """Such as `https://github.com/ann/blog`, without a slash at its end."""

    def source_url(self, branch: str, path: str) -> str:
        """Returns where a file can be read; the path is relative to the top."""
        return self._url(0, branch, path)

    def edit_url(self, branch: str, path: str) -> str:
        """Returns where a file can be edited; the path is relative to the top."""
        return self._url(1, branch, path)

    def _url(self, pattern: int, branch: str, path: str) -> str:
        ref, quoted = quote(branch), quote(os.fsencode(path))
        return f"{self.url}/{PATTERNS[self.kind][pattern].format(ref=ref, path=quoted)}"


def web(remote: str) -> Web | None:
    """Returns where a remote's repository is on the web; None if that is not certain.

    A name and a password in the address are not part of it.
    """
    scheme, host, port, path = _parts(remote)
    host = SSH_HOSTS.get(host, host)
    kind = KINDS.get(host) or TELLING.get(host.partition(".")[0])
    path = path.strip("/").removesuffix(".git").strip("/")
    depth = path.count("/") + 1 if path else 0
    if kind is None or (depth != 2 and (kind != "gitlab" or depth < 2)):
        return None
    web_scheme = "http" if scheme == "http" else "https"
    at = f":{port}" if port and scheme in ("http", "https") else ""
    return Web(kind, f"{web_scheme}://{host}{at}/{quote(path, safe='/~%')}")


def _parts(remote: str) -> tuple[str, str, str, str]:
    """Returns scheme, host, port and path of a remote's address."""
    if "://" not in remote:
        scp = re.fullmatch(_SCP, remote)
        return (
            ("ssh", scp["host"].lower(), "", scp["path"]) if scp else ("", "", "", "")
        )
    try:
        parts = urlsplit(remote)
        port = str(parts.port or "")
    except ValueError:
        return "", "", "", ""
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, parts.path
