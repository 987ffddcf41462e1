"""Whether two addresses name the same Git repository, however each is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^:/\s@]+):(?P<path>[^\s]+)")
_DEFAULT_PORTS = {"http": 80, "https": 443, "git": 9418}
_SSH_ALIASES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
"""Hosts that offer SSH on port 443 for people behind firewalls (docs.github.com, docs.gitlab.com)."""


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    path: str
    port: int | None = None
    is_ssh: bool = False


def is_same_repository(one: str, other: str) -> bool:
    """Tell whether both addresses name one repository.

    Scheme, user, password, `.git`, a trailing slash, default ports and (as in Argo CD's own comparison,
    `NormalizeGitURL`) letter case do not count; SSH may use another port than HTTPS. Local paths and
    `file://` are compared letter by letter. What is no address is never the same as anything.
    """
    left, right = _address(one), _address(other)
    if left is None or right is None or (left.host, left.path) != (right.host, right.path):
        return False
    return left.port == right.port or left.is_ssh or right.is_ssh


def _address(text: str) -> _Address | None:
    text = text.strip()
    if text.startswith("/"):
        return _local(text)
    if "://" not in text:
        found = _SCP.fullmatch(text)
        return _remote(found["host"].strip("[]"), found["path"], None, is_ssh=True) if found else None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme == "file":
        return _local(unquote(parts.path))
    is_ssh = parts.scheme in {"ssh", "git+ssh", "ssh+git"}
    if is_ssh or port == _DEFAULT_PORTS.get(parts.scheme):
        port = None
    return _remote(host, unquote(parts.path), port, is_ssh=is_ssh)


def _local(path: str) -> _Address | None:
    trimmed = _trimmed(path)
    return _Address("", f"/{trimmed}") if trimmed else None


def _remote(host: str, path: str, port: int | None, *, is_ssh: bool) -> _Address | None:
    trimmed = _trimmed(path).lower()
    if not host or not trimmed:
        return None
    host = host.lower().rstrip(".")
    return _Address(_SSH_ALIASES.get(host, host), trimmed, port, is_ssh)


def _trimmed(path: str) -> str:
    parts = [part for part in path.split("/") if part and part != "."]
    return "/".join(parts).removesuffix(".git").rstrip("/")
