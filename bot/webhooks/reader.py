"""What a reader is: a request and its endpoint in, facts or a refusal out. No I/O and no exceptions.

A reader authenticates the raw bytes before it parses them, and returns a `Rejected` for whatever it cannot
take. Host names and addresses in bodies are claims: they are compared with what the endpoint was configured
with and never contacted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from bot.domain.fact import Fact, Ignored
from bot.domain.image import ImageName
from bot.domain.proof import Proof

Jwk: TypeAlias = Mapping[str, str]
"""A public key as JSON Web Keys have it: https://www.rfc-editor.org/rfc/rfc7517"""

BODY_LIMIT = 1024 * 1024

_DELIVERY = re.compile(r"[0-9A-Za-z._:-]{1,100}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A shared secret, never shown. An empty one verifies nothing."""

    value: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Secret:
        """The secret that a configuration writes as text."""
        return cls(text.encode())


@dataclass(frozen=True, slots=True)
class Request:
    """One request: headers by any case, the query by name, and the body as it came.

    A body that is longer than the endpoint's limit may be cut after one byte more. `path` is what follows
    the endpoint in the address. `received_at` is when it came: without it, nothing holds that is signed
    for a time. `keys` are public keys of the identity provider by their ids: at least the one that
    `bot.webhooks.identity.key_id` asks for, where there is such a key.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: str = field(default="", repr=False)
    received_at: datetime | None = None
    keys: Mapping[str, Jwk] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        lowered = {name.lower(): value for name, value in self.headers.items()}
        object.__setattr__(self, "headers", lowered)

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case, or None."""
        return self.headers.get(name.lower())

    @property
    def body_hash(self) -> str:
        """What recognises a repeat where the sender gives no delivery id."""
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose tokens of an identity provider are let in: for this audience, of this account."""

    audience: str
    email: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the configuration says of one endpoint.

    Any one of `secrets` is enough, so that a secret can be changed without a gap; with none, nothing is
    let in. `registries` are the hosts that images may be at, `images` the watched ones (None: all).
    `repositories` are clone addresses, each as `bot.webhooks.git.clone_address` gives it. `registry` stands
    for the host that a body names, where that name is an inner one; `prefixes` do so for single repositories
    of a registry that has several, each by a host and perhaps a path. `header` is where a sender with static
    headers puts its token. `proof` chooses where a sender has several; `identity` is what a token of an
    identity provider must say. `body_limit` is in bytes.
    """

    sender: str
    secrets: tuple[Secret, ...]
    registries: frozenset[str] = frozenset()
    images: frozenset[ImageName] | None = None
    repositories: frozenset[str] = frozenset()
    registry: str | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)
    header: str = "Authorization"
    proof: Proof = Proof.SIGNATURE
    identity: Identity | None = None
    body_limit: int = BODY_LIMIT


@dataclass(frozen=True, slots=True)
class Reading:
    """What an accepted delivery says; the same `delivery_key` from the same sender is the same delivery."""

    delivery_key: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not taken: the HTTP status to answer with, and a reason that is safe to log and to send back."""

    status: int
    reason: str


class Reader(Protocol):
    """One sender's reader. Never raises, whatever the bytes are."""

    def __call__(self, request: Request, endpoint: Endpoint) -> Reading | Rejected:
        """Authenticate, parse, and give the facts."""
        ...


class Unreadable(Exception):
    """A body, or a part of one, that cannot be taken; `attempt` makes a `Rejected` of it."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def attempt(
    parse: Callable[[Request, Endpoint], Reading], request: Request, endpoint: Endpoint
) -> Reading | Rejected:
    """Parse an authenticated request."""
    try:
        return parse(request, endpoint)
    except Unreadable as error:
        return Rejected(error.status, error.reason)


def each(parse: Callable[[Any], Fact], parts: Sequence[Any]) -> tuple[Fact, ...]:
    """The facts of a body's parts: a bad part is ignored with its reason and spares the others.

    Raises:
        Unreadable: all parts are bad; the reason is the first one's.
    """
    found = [_fact_or_fault(parse, part) for part in parts]
    faults = [each for each in found if isinstance(each, Unreadable)]
    if faults and len(faults) == len(found):
        raise faults[0]
    return tuple(Ignored(reason=each.reason) if isinstance(each, Unreadable) else each for each in found)


def _fact_or_fault(parse: Callable[[Any], Fact], part: object) -> Fact | Unreadable:
    try:
        return parse(part)
    except Unreadable as error:
        return error


def delivery_key(given: str | None, request: Request) -> str:
    """The id that the sender gives, or what stands in for one: a hash of the body."""
    return given if given and _DELIVERY.fullmatch(given) else request.body_hash


def refuse_bounds(request: Request, endpoint: Endpoint, content_types: frozenset[str]) -> Rejected | None:
    """Refuse what is too large, compressed, or of another type; a request without a type may be of any."""
    if len(request.body) > endpoint.body_limit:
        return Rejected(413, "body too large")
    if (request.header("Content-Encoding") or "identity").strip().lower() != "identity":
        return Rejected(415, "content encoding not accepted")
    if content_type(request) not in content_types | {""}:
        return Rejected(415, "content type not accepted")
    return None


def content_type(request: Request) -> str:
    """The media type of the body in lower case, without parameters; empty where there is no header."""
    return (request.header("Content-Type") or "").partition(";")[0].strip().lower()
