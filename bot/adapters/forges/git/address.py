"""Where a repository is and what opens it: a checked URL without credentials, and a secret beside it.

A credential never stands in a URL, because Git shows URLs in its arguments and in its messages.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from bot.domain.errors import Refused

_SCP = re.compile(r"(?:[\w.-]+@)?[\w][\w.-]*:[^:\\]+")
_HOST = re.compile(r"[\w][\w.-]*|\[[0-9a-f:.]+\]|[0-9a-f:.]+", re.IGNORECASE)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FORMS = "write /path, file:///path, https://host/path, ssh://user@host/path or user@host:path"


@dataclass(frozen=True, slots=True)
class Access:
    """What opens the repositories of one forge.

    `token` is sent as HTTP Basic password of `username`, over HTTPS only (plain HTTP: to this very machine
    only). `ssh_key` is the file of a private key; without it ssh asks its agent. `allow_http` lets
    plain HTTP be used at all. `ca_bundle` is the file with the authority's certificate for HTTPS.
    """

    username: str = "tagboat"
    token: str = field(default="", repr=False)
    ssh_key: str = ""
    allow_http: bool = False
    ca_bundle: str = ""


def address(repository: str, *, root: str = "", allow_http: bool = False) -> str:
    """The URL or absolute folder of a repository.

    `root` is a URL or folder that repository paths are under; without it `repository` is the address.
    Raises `Refused` for what Git could take for an option or another transport, and for ways out of `root`.
    """
    if not repository or not repository.isprintable() or repository.startswith("-"):
        raise Refused(f"{repository[:80]!r} is not the address of a repository", fix=_FORMS)
    text = _under(root, repository) if root else repository
    if "://" in text:
        return _url(text, allow_http=allow_http)
    if text.startswith("/") or _SCP.fullmatch(text):
        return text
    raise Refused(f"{text[:80]!r} is not the address of a repository", fix=_FORMS)


def settings(url: str, access: Access) -> Mapping[str, str]:
    """Git settings that carry the credential for this URL, to be handed over outside the arguments.

    Raises `Refused` when the token would travel in the clear.
    """
    parts = urlsplit(url) if "://" in url else SplitResult("ssh", "", url, "", "")
    authority = {"http.sslCAInfo": access.ca_bundle} if access.ca_bundle else {}
    if not access.token or parts.scheme not in {"http", "https"}:
        return authority
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise Refused(f"a token is never sent over plain HTTP to {parts.hostname}", fix="use https://")
    basic = base64.b64encode(f"{access.username}:{access.token}".encode()).decode()
    header = {f"http.{parts.scheme}://{parts.netloc}/.extraHeader": f"Authorization: Basic {basic}"}
    return {**authority, **header}


def ssh_command(access: Access) -> str:
    """The ssh that Git runs: it never asks, never shares a connection, and uses the named key alone."""
    words = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ControlPath=none"]
    if access.ssh_key:
        words += ["-o", "IdentitiesOnly=yes", "-i", access.ssh_key]
    return shlex.join(words)


def _under(root: str, repository: str) -> str:
    if repository.startswith("/") or "://" in repository or ".." in repository.split("/"):
        raise Refused(f"{repository[:80]!r} leads out of {root}", fix="name a path below it")
    return f"{root.rstrip('/')}/{repository}"


def _url(text: str, *, allow_http: bool) -> str:
    try:
        parts = urlsplit(text)
        bad_host = parts.scheme != "file" and not _HOST.fullmatch(parts.hostname or "")
        bad_port = parts.port == 0
    except ValueError as error:
        raise Refused("a repository's URL cannot be understood", fix=_FORMS) from error
    if parts.password is not None or (parts.scheme != "ssh" and parts.username is not None):
        raise Refused(
            f"the URL of a repository on {parts.hostname} holds a credential",
            fix="give username and token by themselves",
        )
    if parts.scheme == "http" and not allow_http:
        raise Refused(f"{text[:80]} is plain HTTP", fix="use https://, or allow plain HTTP for this forge")
    if parts.scheme not in {"file", "http", "https", "ssh"} or bad_host or bad_port or not parts.path:
        raise Refused(f"{text[:80]!r} is not the address of a repository", fix=_FORMS)
    if parts.query or parts.fragment:
        raise Refused(f"the URL of a repository on {parts.hostname} has more than a path", fix=_FORMS)
    return text
