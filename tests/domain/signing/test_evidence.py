"""What evidence proves: made by hand in the documented forms, then tampered with in every place."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.signing.evidence import Bundle, Evidence, Illegible, SimpleSigning, key_refusal
from bot.domain.signing.public_key import parse_public_keys
from tests.kit.signatures import (
    b64,
    dsse_bundle,
    ecdsa,
    pem,
    rsa_pkcs1,
    signed_bundle,
    simple_payload,
)
from tests.kit.sigstore import BUNDLE, pae, statement

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
ANOTHER = f"sha256:{'ab' * 32}"
SHA512 = f"sha512:{hashlib.sha512(MANIFEST).hexdigest()}"
KEY, STRANGER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
RSA = rsa.generate_private_key(65537, 2048)
KEYS = parse_public_keys(pem(KEY))
BOTH = parse_public_keys(pem(RSA) + pem(KEY))
SIGN = ecdsa(KEY)
PROD = {"env": "prod"}
_NOT_SIGNED = "not signed by the key"


def simple(payload: bytes, signature: bytes | None = None) -> SimpleSigning:
    return SimpleSigning(payload, b64(SIGN(payload) if signature is None else signature))


def bundle(document: Mapping[str, Any]) -> Bundle:
    return Bundle(json.dumps(document).encode())


def signed(payload: bytes, **changes: Any) -> Bundle:
    return bundle(signed_bundle(payload, SIGN) | changes)


def message(digest: bytes, signature: bytes, algorithm: str = "SHA2_256") -> Bundle:
    content = {
        "messageDigest": {"algorithm": algorithm, "digest": b64(digest)},
        "signature": b64(signature),
    }
    return bundle({"mediaType": BUNDLE, "messageSignature": content})


def refusal(evidence: Evidence, annotations: Mapping[str, str] | None = None) -> str:
    return key_refusal(evidence, KEYS, DIGEST, annotations or {})


GOOD: dict[str, Evidence] = {
    "simple signing": simple(simple_payload(DIGEST)),
    "simple signing of a copy": simple(simple_payload(DIGEST, identity={"docker-reference": "other/name"})),
    "a bundle": signed(statement(DIGEST)),
    "a bundle of the older statement": signed(
        statement(DIGEST, _type="https://in-toto.io/Statement/v0.1"),
    ),
    "a bundle of a statement about two images": signed(
        statement(DIGEST, subject=[{"digest": {"sha256": "00" * 32}}, {"digest": {"sha256": DIGEST[7:]}}]),
    ),
    "a bundle that two have signed": bundle(
        dsse_bundle(
            statement(DIGEST),
            ecdsa(STRANGER)(pae(statement(DIGEST))),
            SIGN(pae(statement(DIGEST))),
        )
    ),
    "a signature of the manifest itself": message(hashlib.sha256(MANIFEST).digest(), SIGN(MANIFEST)),
}


@pytest.mark.parametrize("evidence", GOOD.values(), ids=GOOD)
def test_good_evidence_proves_its_digest_and_no_other(evidence: Evidence) -> None:
    assert key_refusal(evidence, KEYS, DIGEST, {}) == ""
    assert key_refusal(evidence, BOTH, DIGEST, {}) == ""
    assert "for another digest" in key_refusal(evidence, KEYS, ANOTHER, {})
    assert key_refusal(evidence, KEYS, SHA512, {}) != ""


@pytest.mark.parametrize("evidence", GOOD.values(), ids=GOOD)
def test_good_evidence_is_nothing_to_those_who_ask_for_another_key(evidence: Evidence) -> None:
    others = parse_public_keys(pem(RSA) + pem(ec.generate_private_key(ec.SECP384R1())))
    assert key_refusal(evidence, others, DIGEST, {}) == "signed by none of the 2 keys"


_PAYLOAD = simple_payload(DIGEST)
_STATEMENT = statement(DIGEST)
_SIGNATURE = SIGN(_PAYLOAD)
_NO_DIGEST = {"algorithm": "SHA2_256", "digest": ""}
_ATTESTATION = "what was signed is an attestation"

TAMPERED: dict[str, tuple[Evidence, str]] = {
    "simple: no signature": (SimpleSigning(_PAYLOAD, ""), _NOT_SIGNED),
    "simple: no Base64": (SimpleSigning(_PAYLOAD, "???"), "no Base64"),
    "simple: cut Base64": (SimpleSigning(_PAYLOAD, b64(_SIGNATURE)[:-3]), "no Base64"),
    "simple: a line end in Base64": (SimpleSigning(_PAYLOAD, b64(_SIGNATURE) + "\n"), "no Base64"),
    "simple: letters beyond ASCII": (SimpleSigning(_PAYLOAD, "é" * 96), "no Base64"),
    "simple: Base64 for URLs": (
        SimpleSigning(_PAYLOAD, base64.urlsafe_b64encode(b"\xff\xfe" * 9).decode()),
        "no Base64",
    ),
    "simple: a huge signature": (simple(_PAYLOAD, b"\x30" * 1_000_000), _NOT_SIGNED),
    "simple: another payload": (SimpleSigning(simple_payload(ANOTHER), b64(_SIGNATURE)), _NOT_SIGNED),
    "simple: one more blank": (SimpleSigning(_PAYLOAD + b" ", b64(_SIGNATURE)), _NOT_SIGNED),
    "simple: another image": (simple(simple_payload(ANOTHER)), "for another digest (abababababab)"),
    "simple: no digest at all": (simple(simple_payload("evil\n")), "for another digest"),
    "simple: the digest in capitals": (simple(simple_payload(DIGEST.upper())), "for another digest"),
    "simple: another claim": (simple(simple_payload(DIGEST, type="atomic")), "no image"),
    "simple: no claim": (simple(b"{}"), "payload cannot be read"),
    "simple: a list": (simple(b"[]"), "payload cannot be read"),
    "simple: no JSON": (simple(b"\xff\xfe"), "payload cannot be read"),
    "simple: JSON without end": (simple(b"[" * 100_000), "payload cannot be read"),
    "simple: a digest that is a number": (simple(_PAYLOAD.replace(b'"sha256', b'1,"x":"sha256')), "cannot"),
    "simple: the signature of a statement": (
        SimpleSigning(_PAYLOAD, b64(SIGN(pae(_STATEMENT)))),
        _NOT_SIGNED,
    ),
    "bundle: no JSON": (Bundle(b"\x00"), "bundle cannot be read"),
    "bundle: nothing signed": (bundle({"mediaType": BUNDLE}), "no signature"),
    "bundle: two things signed": (
        signed(_STATEMENT, messageSignature={"signature": "", "messageDigest": _NO_DIGEST}),
        "two of them",
    ),
    "bundle: no signatures": (bundle(dsse_bundle(_STATEMENT)), _NOT_SIGNED),
    "bundle: the bare statement is signed": (bundle(dsse_bundle(_STATEMENT, SIGN(_STATEMENT))), _NOT_SIGNED),
    "bundle: another statement": (
        bundle(dsse_bundle(statement(ANOTHER), SIGN(pae(_STATEMENT)))),
        _NOT_SIGNED,
    ),
    "bundle: another type": (
        bundle(dsse_bundle(_STATEMENT, SIGN(pae(_STATEMENT)), kind="text/plain")),
        _NOT_SIGNED,
    ),
    "bundle: signed as another type": (
        bundle(signed_bundle(_STATEMENT, SIGN, kind="text/plain")),
        "no statement about an image",
    ),
    "bundle: another image": (signed(statement(ANOTHER)), "for another digest (abababababab)"),
    "bundle: no subject": (signed(statement(DIGEST, subject=[])), "for another digest"),
    "bundle: only the name of a digest": (
        signed(statement(DIGEST, subject=[{"name": DIGEST, "digest": {}}])),
        "for another digest",
    ),
    "bundle: the digest under another algorithm": (
        signed(statement(DIGEST, subject=[{"digest": {"sha512": DIGEST[7:]}}])),
        "for another digest",
    ),
    "bundle: a scan": (
        signed(statement(DIGEST, predicateType="https://cosign.sigstore.dev/x")),
        _ATTESTATION,
    ),
    "bundle: the provenance": (
        signed(statement(DIGEST, predicateType="https://slsa.dev/provenance/v1")),
        _ATTESTATION,
    ),
    "bundle: no statement": (signed(statement(DIGEST, _type="link")), _ATTESTATION),
    "bundle: a statement that is a list": (signed(b"[]"), "statement cannot be read"),
    "bundle: too many signatures": (
        bundle(dsse_bundle(_STATEMENT, *[b"x"] * 16, SIGN(pae(_STATEMENT)))),
        _NOT_SIGNED,
    ),
    "manifest: another one": (message(hashlib.sha256(b"x").digest(), SIGN(b"x")), "for another digest"),
    "manifest: another signature": (message(hashlib.sha256(MANIFEST).digest(), SIGN(b"x")), _NOT_SIGNED),
    "manifest: another algorithm": (
        message(hashlib.sha256(MANIFEST).digest(), SIGN(MANIFEST), "SHA2_512"),
        "for another digest",
    ),
    "manifest: the digest is signed as a text": (
        message(hashlib.sha256(MANIFEST).digest(), SIGN(DIGEST.encode())),
        _NOT_SIGNED,
    ),
    "what cannot be read": (Illegible("a signature is larger than 65536 bytes"), "larger than 65536"),
}


@pytest.mark.parametrize(("evidence", "why"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_tampered_with_proves_nothing(evidence: Evidence, why: str) -> None:
    assert why in refusal(evidence)


@pytest.mark.parametrize(
    ("found", "wanted", "missing"),
    [
        pytest.param(PROD, {}, "", id="more than asked for"),
        pytest.param(PROD, PROD, "", id="what is asked for"),
        pytest.param({**PROD, "team": "web"}, PROD, "", id="that and more"),
        pytest.param(PROD, {**PROD, "team": "web"}, "team=web", id="one is missing"),
        pytest.param({}, PROD, "env=prod", id="none"),
        pytest.param({"env": "test"}, PROD, "env=prod", id="another value"),
        pytest.param({"env": 1}, {"env": "1"}, "env=1", id="a number is no text"),
        pytest.param({"env": ["prod"]}, PROD, "env=prod", id="a list is no text"),
    ],
)
def test_annotations_must_have_been_signed(
    found: Mapping[str, Any], wanted: Mapping[str, str], missing: str
) -> None:
    expected = f"signed without the annotation {missing}" if missing else ""
    assert refusal(simple(simple_payload(DIGEST, optional=found)), wanted) == expected
    assert refusal(signed(statement(DIGEST, annotations=dict(found))), wanted) == expected


def test_the_annotations_of_another_image_in_the_same_statement_do_not_count() -> None:
    subjects = [
        {"digest": {"sha256": ANOTHER[7:]}, "annotations": PROD},
        {"digest": {"sha256": DIGEST[7:]}},
    ]
    evidence = signed(statement(DIGEST, subject=subjects))
    assert refusal(evidence, PROD) == "signed without the annotation env=prod"


def test_a_signature_of_the_manifest_carries_no_annotations() -> None:
    evidence = GOOD["a signature of the manifest itself"]
    assert refusal(evidence, PROD) == "signed without the annotation env=prod"


def test_a_digest_of_sha512_is_as_good() -> None:
    evidence: list[Evidence] = [simple(simple_payload(SHA512)), signed(statement(SHA512))]
    assert [key_refusal(each, KEYS, SHA512, {}) for each in evidence] == ["", ""]


def test_rsa_signs_manifests_too() -> None:
    evidence = message(hashlib.sha256(MANIFEST).digest(), rsa_pkcs1(RSA)(MANIFEST))
    assert key_refusal(evidence, BOTH, DIGEST, {}) == ""


@given(st.binary(max_size=400), st.text(max_size=100))
def test_no_bytes_prove_anything_by_themselves(content: bytes, text: str) -> None:
    evidence: list[Evidence] = [
        SimpleSigning(content, text),
        SimpleSigning(_PAYLOAD, text),
        SimpleSigning(content, b64(_SIGNATURE)),
        Bundle(content),
        bundle(dsse_bundle(content, text.encode())),
    ]
    assert [each for each in evidence if refusal(each) == ""] == []


@given(st.data())
def test_no_byte_of_a_payload_may_change(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(_PAYLOAD) - 1))
    changed = _PAYLOAD[:at] + bytes([_PAYLOAD[at] ^ data.draw(st.integers(1, 255))]) + _PAYLOAD[at + 1 :]
    assert refusal(SimpleSigning(changed, b64(_SIGNATURE))) == _NOT_SIGNED


def test_nothing_of_the_evidence_stands_in_its_representation() -> None:
    """It may be large, and comes from outside."""
    shown = repr([simple(_PAYLOAD), signed(_STATEMENT)])
    assert "critical" not in shown
    assert "dsseEnvelope" not in shown
