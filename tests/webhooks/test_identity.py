"""Tokens of an identity provider: let in only whole, for this audience, of this account, and now."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.webhooks.identity import google_identity, key_id
from bot.webhooks.reader import Rejected, Request
from tests.webhooks.deliveries import NOW
from tests.webhooks.tokens import IDENTITY, KEY_ID, bearer, claims, private_key, public_keys


def _request(headers: dict[str, str], **changed: Any) -> Request:
    return Request(headers, b"{}", **{"received_at": NOW, "keys": public_keys(), **changed})


def _reason(headers: dict[str, str], **changed: Any) -> str | None:
    refusal = google_identity(_request(headers, **changed), IDENTITY)
    assert refusal is None or refusal.status == 401
    return None if refusal is None else refusal.reason.removeprefix("identity token ")


SAID = {
    "as Pub/Sub says it": ({}, None),
    "issuer without a scheme": ({"iss": "accounts.google.com"}, None),
    "another issuer": ({"iss": "https://accounts.google.com.evil.example.com"}, "is of another issuer"),
    "no issuer": ({"iss": ...}, "does not hold"),
    "another audience": ({"aud": "https://other.example.com"}, "is for another audience"),
    "no audience": ({"aud": ...}, "does not hold"),
    "another account": ({"email": "attacker@evil.iam.gserviceaccount.com"}, "is of another account"),
    "no account": ({"email": ...}, "is of another account"),
    "not verified": ({"email_verified": False}, "is of another account"),
    "verified in words": ({"email_verified": "true"}, "is of another account"),
    "verified by a number": ({"email_verified": 1}, "is of another account"),
    "no expiry": ({"exp": ...}, "does not hold"),
    "no time of issue": ({"iat": ...}, "does not hold"),
    "expiry is text": ({"exp": "never"}, "has expired, or is not valid yet"),
}


@pytest.mark.parametrize(("changed", "reason"), SAID.values(), ids=SAID)
def test_what_a_token_says_is_held_against_the_endpoint(changed: dict[str, Any], reason: str | None) -> None:
    assert _reason(bearer(claims(NOW, **changed))) == reason


@pytest.mark.parametrize(
    ("later", "is_let_in"),
    [
        (timedelta(minutes=59), True),
        (timedelta(minutes=59, seconds=59), True),
        (timedelta(minutes=60), False),
        (timedelta(days=1), False),
        (timedelta(minutes=-2), True),
        (timedelta(minutes=-3), False),
    ],
    ids=str,
)
def test_a_token_is_let_in_from_its_issue_to_its_expiry_with_a_minute_for_clocks(
    later: timedelta, is_let_in: bool
) -> None:
    assert (_reason(bearer(claims(NOW)), received_at=NOW + later) is None) is is_let_in


def test_without_a_clock_or_an_endpoint_with_an_identity_nobody_is_let_in() -> None:
    assert _reason(bearer(claims(NOW)), received_at=None) == "has expired, or is not valid yet"
    refusal = google_identity(_request(bearer(claims(NOW))), None)
    assert refusal == Rejected(401, "no identity token")


def _public_pem() -> str:
    encoded = private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return "".join(encoded.decode().split("\n")[1:-2])


def _unsigned(algorithm: str) -> dict[str, str]:
    parts = ({"alg": algorithm, "kid": KEY_ID}, claims(NOW))
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return {"Authorization": f"Bearer {'.'.join(encoded)}."}


FORGED = {
    "by another key under the same id": bearer(claims(NOW), key=private_key(2)),
    "by an unknown key": bearer(claims(NOW), headers={"kid": "key-2"}),
    "by nobody": _unsigned("none"),
    "by nobody, as RS256": _unsigned("RS256"),
    "with the public key as a secret": bearer(claims(NOW), key=_public_pem(), algorithm="HS256"),
    "by another algorithm of the same key": bearer(claims(NOW), algorithm="RS512"),
    "without a key's id": bearer(claims(NOW), headers={}),
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(headers: dict[str, str]) -> None:
    assert _reason(headers) in {"does not hold", "is signed by an unknown key", "is not a token"}


def _head(text: str) -> dict[str, str]:
    encoded = base64.urlsafe_b64encode(text.encode(errors="surrogatepass")).rstrip(b"=").decode()
    return {"Authorization": f"Bearer {encoded}.e30.AAAA"}


NOT_TOKENS = {
    "nothing": {},
    "empty": {"Authorization": ""},
    "no token": {"Authorization": "Bearer "},
    "Basic": {"Authorization": "Basic dTpw"},
    "one part": {"Authorization": "Bearer abc"},
    "not ASCII": {"Authorization": "Bearer é.é.é"},
    "too long": {"Authorization": "Bearer " + "a" * 10_000},
    "a head that is a list": _head("[]"),
    "a deep head": _head("[" * 3000),
    "a deep head that is an object": _head('{"kid":' * 1000),
    "an id that is a number": _head('{"alg": "RS256", "kid": 1}'),
    "an id twice": _head('{"alg": "RS256", "kid": "key-1", "kid": "key-2"}'),
    "a long id": _head(json.dumps({"alg": "RS256", "kid": "k" * 300})),
}


@pytest.mark.parametrize("headers", NOT_TOKENS.values(), ids=NOT_TOKENS)
def test_what_is_no_token_asks_for_no_key_and_is_refused(headers: dict[str, str]) -> None:
    assert key_id(_request(headers)) is None
    assert _reason(headers) in {"no identity token", "is not a token"}


def test_a_token_tells_which_key_it_is_signed_by() -> None:
    assert key_id(_request(bearer(claims(NOW)))) == KEY_ID
    assert key_id(
        _request({"Authorization": bearer(claims(NOW))["Authorization"].replace("Bearer", "bearer")})
    )


@pytest.mark.parametrize(
    "key", [{}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"}, {"kty": "oct", "k": "AAAA"}]
)
def test_a_key_that_cannot_be_used_lets_nobody_in(key: dict[str, str]) -> None:
    assert _reason(bearer(claims(NOW)), keys={KEY_ID: key}) == "does not hold"


@settings(deadline=None)
@given(
    text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_any_token_is_answered(text: str) -> None:
    for value in (text, f"{text}.{text}.{text}"):
        assert _reason({"Authorization": f"Bearer {value}"}) is not None


def test_a_time_far_away_is_no_fault_of_ours() -> None:
    said = claims(NOW, iat=-(10**400), exp=10**400)
    assert _reason(bearer(said), received_at=datetime(2026, 1, 1, tzinfo=UTC)) is None
