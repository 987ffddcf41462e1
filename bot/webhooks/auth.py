"""Who may send: signatures and shared secrets, compared in constant time and on bytes.

Each check returns None when the request is authentic, and the refusal otherwise. Comparing bytes matters:
`hmac.compare_digest` raises on text outside ASCII, which would turn a bad token into a server error.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from bot.webhooks.reader import Rejected, Request, Secret


def hub_signature(request: Request, secrets: Iterable[Secret]) -> Rejected | None:
    """Check `X-Hub-Signature-256`, an HMAC-SHA256 over the raw body.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    The older SHA-1 header is never looked at.
    """
    given = request.header("X-Hub-Signature-256")
    if given is None:
        return Rejected(401, "no SHA-256 signature")
    expected = (
        b"sha256=" + hmac.new(secret.value, request.body, hashlib.sha256).hexdigest().encode()
        for secret in _usable(secrets)
    )
    return None if _matches(_wire(given), expected) else Rejected(401, "signature does not match")


def static_header(request: Request, name: str, secrets: Iterable[Secret]) -> Rejected | None:
    """Check a header that the sender's configuration sets, as the bare token or as `Bearer <token>`."""
    given = request.header(name)
    if given is None:
        return Rejected(401, "no token")
    expected = (form for secret in _usable(secrets) for form in (secret.value, b"Bearer " + secret.value))
    return None if _matches(_wire(given), expected) else Rejected(401, "token does not match")


def url_secret(request: Request, secrets: Iterable[Secret]) -> Rejected | None:
    """Check `?secret=…`, for senders that can only be given an address."""
    given = request.query.get("secret")
    if given is None:
        return Rejected(401, "no secret in the address")
    expected = (secret.value for secret in _usable(secrets))
    given_bytes = given.encode(errors="backslashreplace")
    return None if _matches(given_bytes, expected) else Rejected(401, "secret does not match")


def _usable(secrets: Iterable[Secret]) -> Iterable[Secret]:
    return (secret for secret in secrets if secret.value)


def _matches(given: bytes, expected: Iterable[bytes]) -> bool:
    return any([hmac.compare_digest(given, each) for each in expected])  # noqa: C419 - always all of them


def _wire(value: str) -> bytes:
    """The bytes that a header had on the wire: servers decode headers as Latin-1."""
    return value.encode("latin-1", errors="backslashreplace")
