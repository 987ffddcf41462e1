"""Signatures, tokens and address secrets: who is let in."""

from __future__ import annotations

import pytest

from bot.webhooks.auth import hub_signature, static_header, url_secret
from bot.webhooks.reader import Identity, Rejected, Request, Secret
from bot.webhooks.senders import SENDERS, read
from tests.webhooks.deliveries import authentic, endpoint, signature

OLD, NEW = Secret.of("old"), Secret.of("new")
NOT_ASCII = ("sécret", "s3cret\u20ac", "\ud800", "пароль", "\x00", "")


def test_the_documented_signature_of_github_is_let_in() -> None:
    # "Testing the webhook payload validation",
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    request = Request({"x-hub-signature-256": given}, b"Hello, World!")
    assert hub_signature(request, [Secret.of("It's a Secret to Everybody")]) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda given: given.removeprefix("sha256="), id="prefix missing"),
        pytest.param(lambda given: "sha256=", id="prefix only"),
        pytest.param(lambda given: given.replace("sha256=", "sha1="), id="other algorithm"),
        pytest.param(lambda given: given[:-1], id="cut short"),
        pytest.param(lambda given: given + "0", id="too long"),
        pytest.param(lambda given: given[:-1] + ("0" if given[-1] != "0" else "1"), id="one digit off"),
        pytest.param(lambda given: signature(b"body", "other"), id="another secret"),
        pytest.param(lambda given: signature(b"bod", "new"), id="another body"),
    ],
)
def test_a_wrong_signature_is_refused(change: object) -> None:
    assert callable(change)
    request = Request({"X-Hub-Signature-256": change(signature(b"body", "new"))}, b"body")
    assert hub_signature(request, [OLD, NEW]) == Rejected(401, "signature does not match")


def test_a_sha1_signature_alone_is_refused() -> None:
    request = Request({"X-Hub-Signature": "sha1=0"}, b"body")
    assert hub_signature(request, [NEW]) == Rejected(401, "no SHA-256 signature")


@pytest.mark.parametrize("secret", ["old", "new"])
def test_while_a_secret_is_changed_both_are_let_in(secret: str) -> None:
    signed = Request({"X-Hub-Signature-256": signature(b"body", secret)}, b"body")
    assert hub_signature(signed, [OLD, NEW]) is None
    assert static_header(Request({"X-Token": secret}, b""), "x-token", [OLD, NEW]) is None
    assert url_secret(Request({}, b"", {"secret": secret}), [OLD, NEW]) is None


@pytest.mark.parametrize("secrets", [(), (Secret.of(""),)], ids=["none", "an empty one"])
def test_without_a_secret_nobody_is_let_in(secrets: tuple[Secret, ...]) -> None:
    assert hub_signature(Request({"X-Hub-Signature-256": signature(b"", "")}, b""), secrets)
    assert static_header(Request({"X-Token": ""}, b""), "X-Token", secrets)
    assert static_header(Request({"X-Token": "Bearer "}, b""), "X-Token", secrets)
    assert url_secret(Request({}, b"", {"secret": ""}), secrets)


@pytest.mark.parametrize("value", NOT_ASCII, ids=ascii)
def test_a_token_outside_ascii_is_refused_like_any_other(value: str) -> None:
    request = Request({"Authorization": value, "X-Hub-Signature-256": value}, b"", {"secret": value})
    assert hub_signature(request, [NEW]) == Rejected(401, "signature does not match")
    assert static_header(request, "Authorization", [NEW]) == Rejected(401, "token does not match")
    assert url_secret(request, [NEW]) == Rejected(401, "secret does not match")


def test_a_secret_outside_ascii_is_let_in_as_servers_decode_it() -> None:
    header = "sécret".encode().decode("latin-1")
    assert (
        static_header(Request({"Authorization": header}, b""), "Authorization", [Secret.of("sécret")]) is None
    )
    assert url_secret(Request({}, b"", {"secret": "sécret"}), [Secret.of("sécret")]) is None


@pytest.mark.parametrize("form", ["s3cret", "Bearer s3cret"])
def test_a_registry_sends_its_token_bare_or_as_a_bearer(form: str) -> None:
    assert (
        static_header(Request({"Authorization": form}, b""), "Authorization", [Secret.of("s3cret")]) is None
    )


@pytest.mark.parametrize("form", ["bearer s3cret", "Bearer  s3cret", "Basic s3cret", "s3cret ", "S3CRET"])
def test_a_token_in_any_other_form_is_refused(form: str) -> None:
    assert static_header(Request({"Authorization": form}, b""), "Authorization", [Secret.of("s3cret")])


def test_the_token_is_looked_for_in_the_configured_header_only() -> None:
    request = Request({"Authorization": "s3cret", "Content-Type": "application/json"}, b'{"events": []}')
    assert read(request, endpoint("distribution", header="X-Registry-Token")) == Rejected(401, "no token")


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_nothing_is_parsed_before_the_sender_is_known(sender: str) -> None:
    refusal = read(Request({"X-GitHub-Event": "push"}, b"\xff not JSON"), endpoint(sender))
    assert isinstance(refusal, Rejected)
    assert refusal.status == 401


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_the_secret_of_another_endpoint_is_refused(sender: str) -> None:
    other = {"secrets": (Secret.of("theirs"),), "identity": Identity("https://theirs.example.com", "a@b.c")}
    refusal = read(authentic(sender, b"{}"), endpoint(sender, **other))
    assert isinstance(refusal, Rejected)
    assert refusal.status == 401


def test_no_secret_is_shown() -> None:
    request = Request({"Authorization": "Bearer canary"}, b"canary", {"secret": "canary"})
    assert "canary" not in repr((request, endpoint("dockerhub", secrets=(Secret.of("canary"),))))
