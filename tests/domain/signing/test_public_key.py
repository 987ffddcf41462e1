"""Public keys: which are taken, and which signatures are theirs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_sign_ed25519ph_final_create,
    crypto_sign_ed25519ph_state,
    crypto_sign_ed25519ph_update,
)

from bot.domain.signing.public_key import MOST_KEYS, PublicKey, parse_public_keys
from tests.kit.signatures import PrivateKey, Signer, ecdsa, pem, rsa_pkcs1, rsa_pss

MESSAGE = b"the payload"
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
# The order of the curve P-256.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def public(key: PrivateKey) -> PublicKey:
    (found,) = parse_public_keys(pem(key))
    return found


def ed25519ph(message: bytes) -> bytes:
    state = crypto_sign_ed25519ph_state()
    crypto_sign_ed25519ph_update(state, message)
    seed = ED25519.private_bytes_raw() + ED25519.public_key().public_bytes_raw()
    return crypto_sign_ed25519ph_final_create(state, seed)


SIGNERS: dict[str, tuple[PrivateKey, Signer]] = {
    "P-256": (P256, ecdsa(P256)),
    "P-384 with its own hash": (P384, ecdsa(P384, hashes.SHA384())),
    "P-384 with SHA-256": (P384, ecdsa(P384)),
    "P-521 with its own hash": (P521, ecdsa(P521, hashes.SHA512())),
    "P-521 with SHA-256": (P521, ecdsa(P521)),
    "RSA, PKCS 1": (RSA, rsa_pkcs1(RSA)),
    "RSA, PSS": (RSA, rsa_pss(RSA)),
    "Ed25519": (ED25519, ED25519.sign),
    "Ed25519ph": (ED25519, ed25519ph),
}
SIGNED = [(key, sign(MESSAGE)) for key, sign in SIGNERS.values()]
EVERY_SIGNER = pytest.mark.parametrize(("key", "sign"), SIGNERS.values(), ids=SIGNERS)


@EVERY_SIGNER
def test_a_signature_is_the_keys_over_this_message_only(key: PrivateKey, sign: Signer) -> None:
    signature = sign(MESSAGE)
    assert public(key).has_signed(MESSAGE, signature)
    assert not public(key).has_signed(MESSAGE + b".", signature)
    assert not public(key).has_signed(b"", signature)


@EVERY_SIGNER
def test_a_signature_is_no_other_keys(key: PrivateKey, sign: Signer) -> None:
    signature = sign(MESSAGE)
    other = ec.generate_private_key(ec.SECP256R1())
    strangers: list[PrivateKey] = [P256, P384, P521, RSA, ED25519, other]
    assert [each for each in strangers if public(each).has_signed(MESSAGE, signature)] == [key]


@EVERY_SIGNER
def test_a_broken_signature_is_nobodys(key: PrivateKey, sign: Signer) -> None:
    signature = sign(MESSAGE)
    broken = [b"", signature[:-1], signature + b"\0", b"\0" * len(signature), b"\xff" * 100_000]
    assert [each for each in broken if public(key).has_signed(MESSAGE, each)] == []


@settings(max_examples=60)
@given(st.data())
def test_no_bit_of_a_signature_may_change(data: st.DataObject) -> None:
    key, signed = SIGNED[data.draw(st.integers(0, len(SIGNED) - 1))]
    signature = bytearray(signed)
    at = data.draw(st.integers(0, 8 * len(signature) - 1))
    signature[at // 8] ^= 1 << at % 8
    assert not public(key).has_signed(MESSAGE, bytes(signature))


def test_the_twin_of_an_ecdsa_signature_proves_the_same_and_nothing_else() -> None:
    """Anybody can make s to -s: it is another text, but of the same key over the same message."""
    r, s = decode_dss_signature(ecdsa(P256)(MESSAGE))
    twin = encode_dss_signature(r, _ORDER - s)
    assert public(P256).has_signed(MESSAGE, twin)
    assert not public(P256).has_signed(b"another", twin)
    zeros = [encode_dss_signature(0, 0), encode_dss_signature(r, 0), encode_dss_signature(_ORDER, _ORDER)]
    assert [each for each in zeros if public(P256).has_signed(MESSAGE, each)] == []


@pytest.mark.parametrize(
    ("key", "sign"),
    [
        pytest.param(P256, lambda each: P256.sign(each, ec.ECDSA(Prehashed(hashes.SHA256()))), id="P-256"),
        pytest.param(P384, lambda each: P384.sign(each, ec.ECDSA(Prehashed(hashes.SHA256()))), id="P-384"),
    ],
)
def test_of_a_message_the_digest_is_enough(key: PrivateKey, sign: Signer) -> None:
    digest = hashlib.sha256(MESSAGE).digest()
    assert public(key).has_signed_digest(digest, "sha256", sign(digest))
    assert public(key).has_signed(MESSAGE, sign(digest))
    assert not public(key).has_signed_digest(hashlib.sha256(b"x").digest(), "sha256", sign(digest))


@pytest.mark.parametrize("sign", [rsa_pkcs1(RSA), rsa_pss(RSA)], ids=["PKCS 1", "PSS"])
def test_of_a_message_the_digest_is_enough_for_rsa(sign: Signer) -> None:
    digest = hashlib.sha256(MESSAGE).digest()
    assert public(RSA).has_signed_digest(digest, "sha256", sign(MESSAGE))
    assert not public(RSA).has_signed_digest(hashlib.sha256(b"x").digest(), "sha256", sign(MESSAGE))


@pytest.mark.parametrize(
    ("digest", "algorithm"),
    [(b"", "sha256"), (bytes(31), "sha256"), (bytes(32), "sha512"), (bytes(32), "md5"), (bytes(32), "")],
)
def test_a_digest_of_the_wrong_size_or_kind_was_signed_by_nobody(digest: bytes, algorithm: str) -> None:
    assert not public(P256).has_signed_digest(digest, algorithm, ecdsa(P256)(MESSAGE))


def test_ed25519_signs_whole_messages_only() -> None:
    digest = hashlib.sha256(MESSAGE).digest()
    assert not public(ED25519).has_signed_digest(digest, "sha256", ED25519.sign(digest))


def test_one_text_may_hold_several_keys_and_words_between_them() -> None:
    text = f"first\n{pem(P256)}\nsecond, in DOS lines:\n{pem(RSA)}{pem(P256)}".replace("\n", "\r\n")
    assert parse_public_keys(text) == (public(P256), public(RSA))


def test_a_key_is_the_same_however_it_was_written() -> None:
    old_form = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    assert "RSA PUBLIC KEY" in old_form
    assert parse_public_keys(old_form) == (public(RSA),)


def _private(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


_DSA = dsa.generate_private_key(1024).public_key()
_BAD = {
    "nothing": ("", "no public key"),
    "words": ("cosign.pub", "no public key"),
    "a private key": (_private(P256), "private key"),
    "cosign's private key": (
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJ=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
        "private key",
    ),
    "a broken key": (pem(P256).replace("MFkw", "AAAA"), "cannot be read"),
    "no Base64": ("-----BEGIN PUBLIC KEY-----\n???\n-----END PUBLIC KEY-----", "cannot be read"),
    "a cut key": (pem(P256)[:-30], "no public key"),
    "a short RSA key": (pem(rsa.generate_private_key(65537, 1024)), "not accepted"),
    "another curve": (pem(ec.generate_private_key(ec.SECP256K1())), "not accepted"),
    "another kind": (
        _DSA.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "not accepted",
    ),
    "too many": (pem(P256) * (MOST_KEYS + 1), "more than"),
}


@pytest.mark.parametrize(("text", "why"), _BAD.values(), ids=_BAD)
def test_what_is_no_good_key_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refusal:
        parse_public_keys(text)
    assert "MIG" not in str(refusal.value)


def test_a_key_cannot_be_built_around_the_check() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        PublicKey("no key")


@pytest.mark.parametrize("name", ["p256", "p384", "p521", "rsa", "ed25519"])
def test_the_keys_that_cosign_writes_are_taken(name: str) -> None:
    file = Path(__file__).parents[2] / "flow" / "signed" / "keys" / f"{name}.pub"
    (key,) = parse_public_keys(file.read_text())
    assert key.pem.strip() == file.read_text().strip()
