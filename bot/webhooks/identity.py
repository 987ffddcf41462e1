"""Tokens of an identity provider, as Google's Pub/Sub sends them. No I/O: keys come with the request.

https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
Anybody's subscription can obtain a token that Google signed for any audience: only audience and account
together say whose it is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt

from bot.webhooks.body import decode
from bot.webhooks.fields import optional_text
from bot.webhooks.reader import Identity, Rejected, Request, Unreadable

ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})

_ALGORITHM = "RS256"
_LONGEST_TOKEN = 8192
_LONGEST_KEY_ID = 200
_LEEWAY = timedelta(minutes=1)
"""How far the provider's clock may be from ours."""
_CHECKS = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "require": ["exp", "iat", "aud", "iss"],
}
"""Times are checked here, by the clock that the request came with."""


def key_id(request: Request) -> str | None:
    """The id of the public key that the request's token claims to be signed by; None without a token."""
    token = _token(request)
    return None if token is None else _key_id(token)


def google_identity(request: Request, identity: Identity | None) -> Rejected | None:
    """Check the token: signature, issuer, audience, time, and that it is of the verified account."""
    token = _token(request)
    if identity is None or token is None:
        return Rejected(401, "no identity token")
    kid = _key_id(token)
    if kid is None:
        return Rejected(401, "identity token is not a token")
    if kid not in request.keys:
        return Rejected(401, "identity token is signed by an unknown key")
    try:
        key = jwt.PyJWK(dict(request.keys[kid]), algorithm=_ALGORITHM)
        options: Any = _CHECKS
        claims = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience=identity.audience, issuer=ISSUERS, options=options
        )
    except jwt.InvalidAudienceError:
        return Rejected(401, "identity token is for another audience")
    except jwt.InvalidIssuerError:
        return Rejected(401, "identity token is of another issuer")
    except jwt.PyJWTError:
        return Rejected(401, "identity token does not hold")
    return _refusal(request, identity, claims)


def _refusal(request: Request, identity: Identity, claims: Mapping[str, Any]) -> Rejected | None:
    if not _is_now(request, issued=claims["iat"], expires=claims["exp"]):
        return Rejected(401, "identity token has expired, or is not valid yet")
    # A text would be true whatever it says.
    if claims.get("email") != identity.email or claims.get("email_verified") is not True:
        return Rejected(401, "identity token is of another account")
    return None


def _is_now(request: Request, *, issued: object, expires: object) -> bool:
    if (
        request.received_at is None
        or not isinstance(issued, int | float)
        or not isinstance(expires, int | float)
    ):
        return False
    # Whole seconds: a sum of a huge number and a fraction would overflow.
    now, leeway = request.received_at.timestamp(), int(_LEEWAY.total_seconds())
    return issued - leeway <= now < expires + leeway


def _token(request: Request) -> str | None:
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        return None
    return token


def _key_id(token: str) -> str | None:
    """Read the head before anything is known of the sender: as strictly as a body, which bounds its depth."""
    head = token.partition(".")[0]
    try:
        found = decode(base64.b64decode(head + "=" * (-len(head) % 4), altchars=b"-_", validate=True))
        kid = optional_text(found, "kid")
        algorithm = optional_text(found, "alg")
    except (binascii.Error, Unreadable):
        return None
    return kid if kid and len(kid) <= _LONGEST_KEY_ID and algorithm == _ALGORITHM else None
