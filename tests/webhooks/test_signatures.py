"""Signatures in plain hexadecimal and of Standard Webhooks, and headers that are compared whole."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.webhooks.auth import (
    SIGNED_FOR,
    hex_signature,
    signing_key,
    standard_signature,
    whole_header,
)
from bot.webhooks.reader import Rejected, Request, Secret
from tests.webhooks.deliveries import NOW
from tests.webhooks.tokens import SIGNING_SECRET, standard_headers

BODY = b'{"image": "ghcr.io/acme/web"}'
OTHER_SECRET = "whsec_" + base64.b64encode(b"another key of thirty-two bytes!").decode()
SECRETS = (Secret.of(SIGNING_SECRET),)
NO_MATCH = Rejected(401, "signature does not match")


def _standard(headers: Mapping[str, str], body: bytes = BODY) -> Request:
    return Request(headers, body, received_at=NOW)


def test_the_documented_example_of_the_libraries_is_let_in() -> None:
    # The vector that the reference libraries are tested with: https://www.standardwebhooks.com/simulate
    secret, identifier, at = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": identifier,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    request = Request(headers, body, received_at=datetime.fromtimestamp(at, UTC))
    assert standard_signature(request, [Secret.of(f"whsec_{secret}")]) is None
    assert standard_signature(request, [Secret.of(secret)]) is None


@pytest.mark.parametrize("age", [timedelta(0), SIGNED_FOR, -SIGNED_FOR, timedelta(seconds=299)], ids=str)
def test_a_signature_holds_for_minutes(age: timedelta) -> None:
    assert standard_signature(_standard(standard_headers(BODY, at=NOW - age)), SECRETS) is None


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (SIGNED_FOR + timedelta(seconds=1), "timestamp too old"),
        (timedelta(days=400), "timestamp too old"),
        (-SIGNED_FOR - timedelta(seconds=1), "timestamp too new"),
    ],
    ids=str,
)
def test_a_replay_is_refused(age: timedelta, reason: str) -> None:
    headers = standard_headers(BODY, at=NOW - age)
    assert standard_signature(_standard(headers), SECRETS) == Rejected(401, reason)


def test_without_a_clock_nothing_holds_that_is_signed_for_a_time() -> None:
    request = Request(standard_headers(BODY, at=NOW), BODY)
    assert standard_signature(request, SECRETS) == Rejected(401, "timestamp is not a time")


@pytest.mark.parametrize(
    "timestamp", ["soon", "1e9", "-1", "１７", "9" * 16, " 1795165200", "1795165200.0"], ids=ascii
)
def test_a_junk_timestamp_is_refused(timestamp: str) -> None:
    request = _standard({**standard_headers(BODY, at=NOW), "webhook-timestamp": timestamp})
    assert standard_signature(request, SECRETS) == Rejected(401, "timestamp is not a time")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_of_its_headers_is_needed(name: str) -> None:
    headers = standard_headers(BODY, at=NOW)
    for lacking in ({**headers, name: ""}, {key: value for key, value in headers.items() if key != name}):
        assert standard_signature(_standard(lacking), SECRETS) == Rejected(401, "no signature")


def test_while_a_secret_is_changed_either_side_may_have_both() -> None:
    old, new = (standard_headers(BODY, at=NOW, secret=each) for each in (OTHER_SECRET, SIGNING_SECRET))
    both = {**new, "webhook-signature": f"{old['webhook-signature']} {new['webhook-signature']}"}
    assert standard_signature(_standard(both), SECRETS) is None
    assert standard_signature(_standard(old), (*SECRETS, Secret.of(OTHER_SECRET))) is None
    assert standard_signature(_standard(old), SECRETS) == NO_MATCH


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"},
        {"webhook-signature": "v1a,Z8i7iUUf"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-signature": "é"},
        {"webhook-signature": "v1,x " * 5000},
    ],
    ids=str,
)
def test_a_wrong_signature_is_refused(change: Mapping[str, str]) -> None:
    assert standard_signature(_standard({**standard_headers(BODY, at=NOW), **change}), SECRETS) == NO_MATCH


def test_another_body_is_refused() -> None:
    assert standard_signature(_standard(standard_headers(BODY, at=NOW), b"{}"), SECRETS) == NO_MATCH


def test_a_signature_behind_many_others_is_not_looked_for() -> None:
    given = standard_headers(BODY, at=NOW)
    many = {**given, "webhook-signature": "v1,x " * 16 + given["webhook-signature"]}
    assert standard_signature(_standard(many), SECRETS) == NO_MATCH


@pytest.mark.parametrize("text", ["whsec_", "", "whsec_not base64", "whsec_=", "пароль"], ids=ascii)
def test_what_is_no_secret_verifies_nothing(text: str) -> None:
    assert not signing_key(Secret.of(text))
    for key in (b"", text.encode()):
        signed = b"id." + str(int(NOW.timestamp())).encode() + b"." + BODY
        signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        headers = {
            "webhook-id": "id",
            "webhook-timestamp": str(int(NOW.timestamp())),
            "webhook-signature": f"v1,{signature}",
        }
        assert standard_signature(_standard(headers), [Secret.of(text)]) == NO_MATCH


def _hex(secret: str, algorithm: str) -> str:
    return hmac.new(secret.encode(), BODY, algorithm).hexdigest()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_plain_hexadecimal_signature_is_of_its_algorithm(algorithm: str) -> None:
    request = Request({"X-Signature": _hex("new", algorithm)}, BODY)
    secrets = [Secret.of("old"), Secret.of("new")]
    sha1 = hex_signature(request, "x-signature", secrets, algorithm="sha1")
    sha256 = hex_signature(request, "x-signature", secrets)
    assert (sha1, sha256) == ((None, NO_MATCH) if algorithm == "sha1" else (NO_MATCH, None))


@pytest.mark.parametrize(
    "given", [None, "", "new", "sha256=", "é", _hex("", "sha256"), _hex("old", "sha256")]
)
def test_any_other_text_is_no_signature(given: str | None) -> None:
    request = Request({} if given is None else {"X-Signature": given}, BODY)
    refusal = hex_signature(request, "X-Signature", [Secret.of("new"), Secret.of("")])
    assert refusal == (NO_MATCH if given else Rejected(401, "no signature"))


def test_a_whole_header_is_compared_with_its_scheme_word() -> None:
    secrets = [Secret.of("Bearer one"), Secret.of("two"), Secret.of("")]
    told = {
        text: whole_header(Request({"Authorization": text}, b""), "authorization", secrets) is None
        for text in ("Bearer one", "two", "one", "Bearer two", "", "é")
    }
    assert [text for text, is_let_in in told.items() if is_let_in] == ["Bearer one", "two"]
    assert whole_header(Request({}, b""), "Authorization", secrets) == Rejected(401, "no token")
