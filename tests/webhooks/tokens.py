"""Proofs: tokens of an identity provider, and signatures of Standard Webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.webhooks.reader import Identity

SIGNING_SECRET = "whsec_dGFnYm9hdC1zaWduaW5nLWtleS1vZi0zMi1ieXRlcyE="
"""A secret of Standard Webhooks."""
IDENTITY = Identity("https://tagboat.example.com/webhooks/google", "pusher@acme.iam.gserviceaccount.com")
KEY_ID = "key-1"


@cache
def private_key(number: int = 1) -> rsa.RSAPrivateKey:
    """One of the provider's keys; made once, as it takes a while."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def public_keys() -> Mapping[str, Mapping[str, str]]:
    """The provider's public keys by their ids, as they come with a request."""
    jwk: dict[str, str] = jwt.algorithms.RSAAlgorithm.to_jwk(private_key().public_key(), as_dict=True)
    return {KEY_ID: {**jwk, "kid": KEY_ID, "alg": "RS256"}}


def claims(at: datetime, **changed: Any) -> dict[str, Any]:
    """What Pub/Sub's tokens say; `...` takes a claim out."""
    now = int(at.timestamp())
    known = {
        "iss": "https://accounts.google.com",
        "aud": IDENTITY.audience,
        "email": IDENTITY.email,
        "email_verified": True,
        "iat": now - 60,
        "exp": now + 3540,
        **changed,
    }
    return {name: value for name, value in known.items() if value is not ...}


def bearer(
    said: Mapping[str, Any],
    *,
    key: Any = None,
    algorithm: str = "RS256",
    headers: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """The header with a token that says so."""
    head = {"kid": KEY_ID} if headers is None else dict(headers)
    token = jwt.encode(dict(said), key or private_key(), algorithm=algorithm, headers=head)
    return {"Authorization": f"Bearer {token}"}


def standard_headers(
    body: bytes, *, at: datetime, secret: str = SIGNING_SECRET, delivery: str = "msg_2f0a91"
) -> dict[str, str]:
    """Id, time and signature of Standard Webhooks."""
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{delivery}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
