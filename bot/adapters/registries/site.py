"""One address at which a registry's API answers: the registry's own, or a mirror's.

Knows how to ask there (the login's challenge, and the path before `/v2/` that some registries have) and what
an answer means; what is asked for is not its business.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from bot.adapters.registries.authorization import Authorizer
from bot.adapters.registries.challenge import parse_challenges
from bot.adapters.registries.credentials import Anonymous, Credentials
from bot.adapters.registries.transport import Answer, Request, Transport, origin
from bot.domain.errors import Malformed, NotFound, Refused, Unreachable
from bot.domain.image import DOCKER_HUB

_API_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_ERROR_CODE = re.compile(rb'"code"\s*:\s*"([A-Z_]{1,40})"')
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]{1,128}){0,16}")


class Site:
    """Where `host`, as people call it, is asked: at the transport's base. Safe for threads."""

    def __init__(
        self,
        host: str,
        transport: Transport,
        *,
        credentials: Credentials | None = None,
        token_hosts: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host = host
        self._transport = transport
        self._root = f"{transport.base}/v2/"
        self._authorizer = Authorizer(
            host=host,
            transport=transport,
            credentials=credentials or Anonymous(),
            token_hosts=token_hosts,
            monotonic=monotonic,
        )

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self._transport.origin

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        self._transport.close()

    def ask(
        self,
        path: str,
        target: str,
        *,
        limit: int,
        method: str = "GET",
        accept: str = "*/*",
        etag: str | None = None,
    ) -> Answer:
        """Ask for what `target` names within the repository `path`, and answer one challenge.

        `target` may also be a whole URL of this very site, such as that of a next page.

        Raises:
            Transient, Denied, Malformed, Refused: there is no answer that could be looked at.
        """
        url = target if "://" in target else f"{self._root}{path}/{target}"
        request = Request(url, limit, method, accept, etag=etag)
        header = self._authorizer.header(path)
        answer = self._transport.ask(request, authorization=header)
        if answer.status != HTTPStatus.UNAUTHORIZED or answer.url != url:
            return answer
        challenges = parse_challenges(answer.headers.getlist("WWW-Authenticate"))
        header = self._authorizer.renew(path, challenges, rejected=header)
        return self._transport.ask(request, authorization=header)

    def check(self, answer: Answer, what: str) -> None:
        """Raise for every answer that is not a registry's 200; `what` was asked for."""
        if answer.is_html and answer.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise Unreachable(
                f"{self.host} cannot be read",
                why="a web page answers in the registry's place, of a proxy or a login wall",
                fix="check the host's address and what stands before it",
            )
        if answer.status == HTTPStatus.OK:
            return
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFound(f"{self.host} has no such thing as {what}", fix="check the image's name")
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise self._authorizer.denied(what)
        # Only the code: a registry's free text could repeat what was sent to it.
        code = _ERROR_CODE.search(answer.body)
        why = f"HTTP {answer.status}" + (f", {code[1].decode()}" if code else "")
        raise Refused(f"{self.host} refuses to show {what}", why=why)


def site_base(host: str, url: str | None, *, plain_http: bool) -> str:
    """Where the registry answers: scheme, host, and the path before `/v2/` if there is one.

    Artifactory and Nexus may have a path for each repository (`https://HOST/artifactory/api/docker/REPOSITORY`,
    `https://HOST/repository/REPOSITORY`), and a mirror keeps what it mirrors under a project of its own.

    Raises:
        Malformed: it is no such URL, or http without `plain_http`.
    """
    scheme = "http" if plain_http else "https"
    base = (url or f"{scheme}://{_API_HOSTS.get(host, host)}").rstrip("/")
    try:
        found = origin(base)
    except ValueError as error:
        raise Malformed(
            f"the registry {host} has a wrong url", why=f"{error}", fix="write https://HOST"
        ) from error
    parts = urlsplit(base)
    if not _PATH.fullmatch(parts.path) or "/.." in parts.path or parts.query or parts.fragment:
        raise Malformed(
            f"the registry {host} has a wrong url", why="its path is none", fix="write https://HOST"
        )
    if parts.path.endswith("/v2"):
        raise Malformed(
            f"the registry {host} has a wrong url", why="its path ends with /v2", fix="leave /v2 out"
        )
    if found[0] != scheme:
        raise Malformed(
            f"the registry {host} has a url that is {found[0]}",
            why=f"plain_http is {str(plain_http).lower()}",
            fix="set plain_http to true for a registry without TLS, and write http:// in its url",
        )
    return base
