"""Public keys that signatures are checked with, by the algorithms that cosign writes.

ECDSA on P-256, P-384 and P-521, RSA (PKCS #1 v1.5 and PSS), Ed25519 and Ed25519ph. Which hash a key is used
with is not written into a signature: cosign 2 takes SHA-256 for all curves, cosign 3 for each its own
(https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md). With an Ed25519 key both sign
by Ed25519ph, which `cryptography` does not know and libsodium does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from nacl.bindings import (
    crypto_sign_BYTES,
    crypto_sign_ed25519ph_final_verify,
    crypto_sign_ed25519ph_state,
    crypto_sign_ed25519ph_update,
)
from nacl.exceptions import BadSignatureError

from bot.domain.errors import sentence

MOST_KEYS = 32
"""How many keys one policy may have."""

_Key = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_HASHES: Sequence[_Hash] = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
_DIGESTS: Mapping[str, _Hash] = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_SMALLEST_RSA, _LARGEST_RSA = 2048, 16384
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)
_FIX = "give what `cosign public-key` or `openssl pkey -pubout` prints"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One public key, as PEM of its SubjectPublicKeyInfo; build it by `parse_public_keys`.

    Raises when built:
        ValueError: it is no public key, or one that no signature is accepted from.
    """

    pem: str

    def __post_init__(self) -> None:
        _load(self.pem)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        key = _load(self.pem)
        if isinstance(key, ed25519.Ed25519PublicKey):
            return _is_valid(partial(key.verify, signature, message)) or _is_of_ph(key, signature, message)
        return any(_has_signed(key, signature, message, hashed) for hashed in _HASHES)

    def has_signed_digest(self, digest: bytes, algorithm: str, signature: bytes) -> bool:
        """Whether the signature is this key's over a message of which only the digest is known.

        `algorithm` is sha256 or sha512. Always False for Ed25519, which signs whole messages only.
        """
        key = _load(self.pem)
        hashed = _DIGESTS.get(algorithm)
        if isinstance(key, ed25519.Ed25519PublicKey) or hashed is None or len(digest) != hashed.digest_size:
            return False
        return _has_signed(key, signature, digest, hashed, is_digest=True)


def parse_public_keys(text: str) -> tuple[PublicKey, ...]:
    """The public keys of a PEM text, which may hold several one after the other.

    Raises:
        ValueError: there is none, or one of them cannot be used; the message says why.
    """
    blocks = list(_BLOCK.finditer(text))
    if not blocks:
        raise ValueError(sentence("this is no public key in PEM", fix=_FIX))
    if len(blocks) > MOST_KEYS:
        raise ValueError(f"these are more than {MOST_KEYS} keys")
    for block in blocks:
        if "PRIVATE" in block[1]:
            raise ValueError(sentence("this is a private key", "it belongs to the signer alone", _FIX))
    keys = (_load(block[0]) for block in blocks)
    pems = (key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in keys)
    return tuple(PublicKey(pem) for pem in dict.fromkeys(pems))


@lru_cache(maxsize=256)
def _load(pem: str) -> _Key:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(sentence("this public key cannot be read", fix=_FIX)) from error
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    if isinstance(key, rsa.RSAPublicKey) and _SMALLEST_RSA <= key.key_size <= _LARGEST_RSA:
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    kinds = f"ECDSA on P-256, P-384 or P-521, RSA of {_SMALLEST_RSA} bits or more, or Ed25519"
    raise ValueError(sentence("this public key is of a kind that is not accepted", fix=f"use {kinds}"))


def _has_signed(
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    signature: bytes,
    message: bytes,
    hashed: _Hash,
    *,
    is_digest: bool = False,
) -> bool:
    algorithm = Prehashed(hashed) if is_digest else hashed
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _is_valid(partial(key.verify, signature, message, ec.ECDSA(algorithm)))
    paddings = (padding.PKCS1v15(), padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO))
    return any(_is_valid(partial(key.verify, signature, message, each, algorithm)) for each in paddings)


def _is_of_ph(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    if len(signature) != crypto_sign_BYTES:
        return False
    state = crypto_sign_ed25519ph_state()
    crypto_sign_ed25519ph_update(state, message)
    try:
        crypto_sign_ed25519ph_final_verify(state, signature, key.public_bytes_raw())
    except BadSignatureError:
        return False
    return True


def _is_valid(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    return True
