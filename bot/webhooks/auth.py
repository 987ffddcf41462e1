"""Who may send: signatures and shared secrets, compared in constant time and on bytes.

Each check returns None when the request is authentic, and the refusal otherwise. Comparing bytes matters:
`hmac.compare_digest` raises on text outside ASCII, which would turn a bad token into a server error.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Literal

from bot.domain.proof import Proof
from bot.webhooks.reader import Endpoint, Rejected, Request, Secret

SIGNED_FOR = timedelta(minutes=5)
"""How far the moment of a signature may be from now, either way."""

_MOST_SIGNATURES = 16
_MARK = b"whsec_"


def hub_signature(
    request: Request, secrets: Iterable[Secret], name: str = "X-Hub-Signature-256"
) -> Rejected | None:
    """Check a header that is `sha256=` and the HMAC over the raw body in hexadecimal.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    GitHub's older SHA-1 header is never looked at; Bitbucket calls this one `X-Hub-Signature`.
    """
    given = request.header(name)
    if given is None:
        return Rejected(401, "no SHA-256 signature")
    expected = (
        b"sha256=" + hmac.new(secret.value, request.body, hashlib.sha256).hexdigest().encode()
        for secret in _usable(secrets)
    )
    return None if _matches(_wire(given), expected) else Rejected(401, "signature does not match")


def hex_signature(
    request: Request, name: str, secrets: Iterable[Secret], *, algorithm: Literal["sha1", "sha256"] = "sha256"
) -> Rejected | None:
    """Check a header that is the HMAC over the raw body in hexadecimal, with nothing before it."""
    given = request.header(name)
    if not given:
        return Rejected(401, "no signature")
    expected = (
        hmac.new(secret.value, request.body, algorithm).hexdigest().encode() for secret in _usable(secrets)
    )
    return None if _matches(_wire(given), expected) else Rejected(401, "signature does not match")


def standard_signature(request: Request, secrets: Iterable[Secret]) -> Rejected | None:
    """Check a signature of Standard Webhooks over id, time and raw body; any one of those given may match.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    Secrets are `whsec_` and base64; one that is not verifies nothing.
    """
    identifier, timestamp = request.header("webhook-id"), request.header("webhook-timestamp")
    given = request.header("webhook-signature")
    if not given or not identifier or not timestamp:
        return Rejected(401, "no signature")
    refusal = stale(request, timestamp)
    if refusal:
        return refusal
    signed = b".".join((_wire(identifier), _wire(timestamp), request.body))
    expected = [
        b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
        for key in map(signing_key, _usable(secrets))
        if key
    ]
    candidates = _wire(given).split(b" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]
    is_authentic = any([_matches(each, expected) for each in candidates])  # noqa: C419 - always all of them
    return None if is_authentic else Rejected(401, "signature does not match")


def is_signing_key(secret: Secret) -> bool:
    """Tell whether the secret is written as Standard Webhooks write theirs: such a one is never shown."""
    return secret.value.startswith(_MARK)


def signing_key(secret: Secret) -> bytes | None:
    """The key that a secret of Standard Webhooks stands for; None where it is not base64."""
    try:
        return base64.b64decode(secret.value.removeprefix(_MARK), validate=True)
    except binascii.Error:
        return None


def stale(request: Request, timestamp: str) -> Rejected | None:
    """Refuse what was signed longer ago, or further ahead, than `SIGNED_FOR`; `timestamp` is Unix seconds."""
    if request.received_at is None or not (
        timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16
    ):
        return Rejected(401, "timestamp is not a time")
    age = request.received_at.timestamp() - int(timestamp)
    if abs(age) <= SIGNED_FOR.total_seconds():
        return None
    return Rejected(401, "timestamp too old" if age > 0 else "timestamp too new")


def whole_header(request: Request, name: str, secrets: Iterable[Secret]) -> Rejected | None:
    """Check a header that is exactly the secret, whatever scheme word it has or lacks."""
    given = request.header(name)
    if given is None:
        return Rejected(401, "no token")
    expected = (secret.value for secret in _usable(secrets))
    return None if _matches(_wire(given), expected) else Rejected(401, "token does not match")


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


def header_or_address(request: Request, endpoint: Endpoint) -> Rejected | None:
    """Check the header that the endpoint names, or `?secret=…` where its proof is the address."""
    if endpoint.proof is Proof.ADDRESS:
        return url_secret(request, endpoint.secrets)
    return static_header(request, endpoint.header, endpoint.secrets)


def text_signature(
    request: Request, text: bytes, headers: Mapping[str, str], secrets: Iterable[Secret]
) -> Rejected | None:
    """Check an HMAC-SHA256 in hex over a text of the body, in the first of the headers that is not empty.

    `headers` are names, each with what stands before the hex. Gitea signs the JSON text, in a form too
    (https://docs.gitea.com/usage/webhooks), and sends an empty header where its hook has no secret.
    """
    name = next((name for name in headers if request.header(name)), None)
    if name is None:
        return Rejected(401, "no signature")
    expected = (
        headers[name].encode() + hmac.new(secret.value, text, hashlib.sha256).hexdigest().encode()
        for secret in _usable(secrets)
    )
    given = _wire(request.header(name) or "")
    return None if _matches(given, expected) else Rejected(401, "signature does not match")


def slack_signature(request: Request, secrets: Iterable[Secret]) -> Rejected | None:
    """Check `X-Slack-Signature`, an HMAC-SHA256 over version, time and raw body, signed minutes ago.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    given, time = request.header("X-Slack-Signature"), request.header("X-Slack-Request-Timestamp")
    if given is None or time is None:
        return Rejected(401, "no signature" if time else "no timestamp")
    refusal = stale(request, time)
    if refusal:
        return refusal
    signed = b"v0:" + time.encode() + b":" + request.body
    expected = (
        b"v0=" + hmac.new(secret.value, signed, hashlib.sha256).hexdigest().encode()
        for secret in _usable(secrets)
    )
    return None if _matches(_wire(given), expected) else Rejected(401, "signature does not match")


def _usable(secrets: Iterable[Secret]) -> Iterable[Secret]:
    return (secret for secret in secrets if secret.value)


def _matches(given: bytes, expected: Iterable[bytes]) -> bool:
    return any([hmac.compare_digest(given, each) for each in expected])  # noqa: C419 - always all of them


def _wire(value: str) -> bytes:
    """The bytes that a header had on the wire: servers decode headers as Latin-1."""
    return value.encode("latin-1", errors="backslashreplace")
