"""From a challenge to an `Authorization` header: basic, bearer tokens, identity tokens.

Tokens: https://distribution.github.io/distribution/spec/auth/token/ and .../auth/oauth/. They are asked for
reading only, kept per repository until shortly before they end, and a login is shown to no host but the
registry and the token servers that `hosts.may_see_login` allows.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from bot.adapters.registries.challenge import Challenge
from bot.adapters.registries.credentials import Credentials, Login
from bot.adapters.registries.hosts import may_see_login
from bot.adapters.registries.transport import Answer, Request, Transport, origin
from bot.domain.cloud import login_advice
from bot.domain.errors import Denied, Malformed, Refused

_LARGEST_TOKEN = 256 * 1024
# A header line of that size passes no server; real tokens have 1 to 4 KiB.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
# The specification's own default and least value.
_SHORTEST_LIFE = 60.0
_LONGEST_LIFE = 3600.0
_MARGIN = 10.0
# Only what reads: `metadata_read` is what Azure wants for a tag list, and `aws` is the only scope that
# Amazon's public registry has.
_SCOPE = re.compile(
    r"repository(?:\([a-z]+\))?:[A-Za-z0-9._/:-]{1,300}:(?:pull|metadata_read)(?:,(?:pull|metadata_read))*"
    r"|aws"
)
_MOST_SCOPES = 8
# A pull secret may hold several logins for one host; a wrong one is replaced, and replaced again.
_MOST_LOGINS = 3
# A user name and password open the whole registry: such a grant stands under this key, not under a path.
_EVERYWHERE = ""


class _TokenAnswer(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class _Grant:
    header: str = field(repr=False)
    scopes: frozenset[str]
    until: float
    is_everywhere: bool = False


class Authorizer:
    """Holds what one registry granted; safe for threads, which wait for one another's token requests."""

    def __init__(
        self,
        *,
        host: str,
        transport: Transport,
        credentials: Credentials,
        token_hosts: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._transport = transport
        self._credentials = credentials
        self._token_hosts = frozenset(token_hosts)
        self._monotonic = monotonic
        self._grants: dict[str, _Grant] = {}
        self._lock = Lock()

    def header(self, path: str) -> str | None:
        """The header that was accepted for this repository and is still good, or None."""
        grant = self._grant(path)
        return grant.header if grant else None

    def _grant(self, path: str) -> _Grant | None:
        grant = self._grants.get(path) or self._grants.get(_EVERYWHERE)
        return grant if grant and grant.until > self._monotonic() else None

    def renew(self, path: str, challenges: Sequence[Challenge], *, rejected: str | None) -> str:
        """A header that meets the challenge; `rejected` is the one that did not.

        Raises:
            Denied: there is no login that would do, or it was not accepted.
            Refused: the token server is not one that may be asked.
        """
        with self._lock:
            grant = self._grant(path)
            bearer = next((item for item in challenges if item.scheme == "bearer"), None)
            wanted = _scopes(bearer, path) if bearer else frozenset()
            if grant and grant.header != rejected and wanted <= grant.scopes:
                return grant.header
            known = grant.scopes if grant and len(grant.scopes) < _MOST_SCOPES else frozenset()
            if bearer:
                fresh = self._bearer(path, bearer, wanted | known, rejected)
            elif any(item.scheme == "basic" for item in challenges):
                fresh = self._basic(path, rejected)
            else:
                raise self.denied(path)
            self._grants[_EVERYWHERE if fresh.is_everywhere else path] = fresh
            return fresh.header

    def denied(self, path: str) -> Denied:
        """The error for a repository that the registry keeps closed to us; names the source of the login."""
        return Denied(
            f"{self._host} does not let us read {path}",
            why=f"it did not accept {self._credentials.source}",
            fix=self._credentials.advice
            or login_advice(self._host)
            or "check the image's name, and give a login that may pull it",
        )

    def _logins(self, path: str) -> Iterator[Login | None]:
        """The login for the path, and after each that was not accepted the next one that there is."""
        login = self._credentials.login(path)
        yield login
        for _ in range(_MOST_LOGINS - 1):
            refused, login = login, self._credentials.login(path, refused=login)
            if login == refused:
                return
            yield login

    def _basic(self, path: str, rejected: str | None) -> _Grant:
        for login in self._logins(path):
            if login is None or login.is_identity_token:
                break
            header = _basic_header(login)
            if header != rejected:
                until = self._monotonic() + _LONGEST_LIFE
                return _Grant(header, frozenset(), until, is_everywhere=not login.is_for_path)
        raise self.denied(path)

    def _bearer(
        self, path: str, challenge: Challenge, scopes: frozenset[str], rejected: str | None
    ) -> _Grant:
        realm = self._realm(challenge)
        for login in self._logins(path):
            if login is not None:
                self._check_may_see(realm)
            asked_at = self._monotonic()
            answer = self._ask_token(realm, challenge.parameters.get("service", ""), sorted(scopes), login)
            if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                continue
            token = _read_token(answer)
            life = min(max(token.expires_in or _SHORTEST_LIFE, _SHORTEST_LIFE), _LONGEST_LIFE)
            header = f"Bearer {token.token or token.access_token}"
            if header != rejected:
                return _Grant(header, scopes, asked_at + life - _MARGIN)
        raise self.denied(path)

    def _realm(self, challenge: Challenge) -> str:
        realm = challenge.parameters.get("realm", "")
        try:
            scheme, host, _ = origin(realm)
        except ValueError as error:
            raise Malformed(
                f"{self._host} names no usable token server", why="its realm is no URL"
            ) from error
        if scheme not in {"https", self._transport.origin[0]}:
            raise Refused(
                f"the token server {host} of {self._host} is not asked", why="its address is without TLS"
            )
        return realm

    def _check_may_see(self, realm: str) -> None:
        host = urlsplit(realm).hostname or ""
        own = {self._host.rpartition(":")[0] or self._host, self._transport.origin[1]}
        if any(may_see_login(host, registry=name, token_hosts=self._token_hosts) for name in own):
            return
        raise Refused(
            f"the login for {self._host} is not sent to {host}",
            why="the registry names it as its token server, but it is another party's host",
            fix=f"list {host} in token_hosts of this registry if it is right",
        )

    def _ask_token(self, realm: str, service: str, scopes: Sequence[str], login: Login | None) -> Answer:
        if login and login.is_identity_token:
            form = {
                "grant_type": "refresh_token",
                "service": service,
                "client_id": "tagboat",
                "scope": " ".join(scopes),
                "refresh_token": login.secret,
            }
            return self._transport.ask_other(Request(realm, _LARGEST_TOKEN, "POST", form=form))
        parts = urlsplit(realm)
        query = parse_qsl(parts.query) + ([("service", service)] if service else [])
        query += [("scope", scope) for scope in scopes]
        url = urlunsplit(parts._replace(query=urlencode(query), fragment=""))
        return self._transport.ask_other(
            Request(url, _LARGEST_TOKEN), authorization=_basic_header(login) if login else None
        )


def _basic_header(login: Login) -> str:
    pair = f"{login.username}:{login.secret}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _scopes(challenge: Challenge, path: str) -> frozenset[str]:
    """The scopes that the challenge wants, as far as they only read; else pulling this repository."""
    wanted = challenge.parameters.get("scope", "").split()[:_MOST_SCOPES]
    reading = frozenset(scope for scope in wanted if _SCOPE.fullmatch(scope))
    return reading or frozenset({f"repository:{path}:pull"})


def _read_token(answer: Answer) -> _TokenAnswer:
    host = urlsplit(answer.url).hostname
    if answer.status != HTTPStatus.OK:
        raise Refused(f"the token server {host} gives no token", why=f"HTTP {answer.status}")
    try:
        token = msgspec.json.decode(answer.body, type=_TokenAnswer)
    except (msgspec.MsgspecError, RecursionError):
        # Not chained: the error could quote a part of the token.
        token = _TokenAnswer()
    if not _TOKEN.fullmatch(token.token or token.access_token):
        raise Malformed(f"the token server {host} answers with something that is no token")
    return token
