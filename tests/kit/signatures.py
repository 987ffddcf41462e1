"""Signatures as cosign writes them, made by hand, and the documents that carry them in a registry.

Shares no code with the product. `Signer` is any private key, as a function from message to signature.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.kit.images import OCI_INDEX, OCI_MANIFEST, Blob, Image
from tests.kit.sigstore import BUNDLE, STATEMENT, pae

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIMPLE_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
EMPTY = Blob("application/vnd.oci.empty.v1+json", b"{}")

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Signer = Callable[[bytes], bytes]


def ecdsa(key: ec.EllipticCurvePrivateKey, hashed: hashes.HashAlgorithm | None = None) -> Signer:
    """Signs with this hash, SHA-256 unless said otherwise."""
    return lambda message: key.sign(message, ec.ECDSA(hashed or hashes.SHA256()))


def rsa_pkcs1(key: rsa.RSAPrivateKey) -> Signer:
    """Signs by PKCS #1 v1.5, as cosign does."""
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def rsa_pss(key: rsa.RSAPrivateKey) -> Signer:
    """Signs by PSS, as some key services do."""
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return lambda message: key.sign(message, pss, hashes.SHA256())


def pem(key: PrivateKey) -> str:
    """The public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def b64(content: bytes) -> str:
    """Base64 as cosign writes it."""
    return base64.b64encode(content).decode()


def simple_payload(digest: str, *, optional: Mapping[str, Any] | None = None, **critical: Any) -> bytes:
    """What cosign 2 signs; `critical` replaces parts of the claim."""
    claim = {
        "identity": {"docker-reference": "registry.example.com/acme/web"},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": claim | critical, "optional": optional}).encode()


def simple_artifact(
    signed: Sequence[tuple[bytes, str]],
    *,
    subject: Image | None = None,
    notes: Sequence[Mapping[str, str]] = (),
) -> Image:
    """A manifest of payloads with a signature each; `subject` makes it a referrer.

    `notes` are further annotations, for each signature in turn.
    """
    more = notes or [{}] * len(signed)
    layers = [
        Blob(SIMPLE, body, None, {SIGNATURE: text, **each})
        for (body, text), each in zip(signed, more, strict=True)
    ]
    config = Blob("application/vnd.oci.image.config.v1+json", b'{"rootfs": {"type": "layers"}}')
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor,
        "layers": [layer.descriptor for layer in layers],
    }
    if subject is not None:
        manifest |= {"artifactType": SIMPLE_ARTIFACT, "subject": subject.top.descriptor}
    return Image(Blob(OCI_MANIFEST, json.dumps(manifest).encode()), [config, *layers])


def dsse_bundle(payload: bytes, *signatures: bytes, kind: str = STATEMENT) -> dict[str, Any]:
    """A bundle of a signed statement, by a key."""
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": "any"}},
        "dsseEnvelope": {
            "payload": b64(payload),
            "payloadType": kind,
            "signatures": [{"sig": b64(each)} for each in signatures],
        },
    }


def signed_bundle(payload: bytes, sign: Signer, *, kind: str = STATEMENT) -> dict[str, Any]:
    """A bundle of a statement, signed as it has to be."""
    return dsse_bundle(payload, sign(pae(payload, kind)), kind=kind)


def bundle_artifact(
    bundle: Mapping[str, Any] | bytes, *, subject: Image, notes: Mapping[str, str] | None = None
) -> Image:
    """A manifest that refers to an image and carries a bundle."""
    layer = Blob(BUNDLE, bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode())
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": BUNDLE,
        "config": EMPTY.descriptor,
        "layers": [layer.descriptor],
        "subject": subject.top.descriptor,
    }
    manifest |= {"annotations": dict(notes)} if notes else {}
    return Image(Blob(OCI_MANIFEST, json.dumps(manifest).encode()), [EMPTY, layer])


def referrer(artifact: Image, kind: str | None = None) -> dict[str, Any]:
    """The entry of an artifact in a list of referrers; `kind` is what the list says that it is."""
    told = json.loads(artifact.top.body).get("artifactType", "") if kind is None else kind
    return {**artifact.top.descriptor, "artifactType": told}


def referrers_index(*artifacts: Image, kind: str | None = None) -> Image:
    """The index that stands in for the list of referrers where a registry keeps none."""
    entries = [referrer(each, kind) for each in artifacts]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    blobs = [blob for each in artifacts for blob in each.blobs]
    return Image(Blob(OCI_INDEX, json.dumps(index).encode()), blobs, [each.top for each in artifacts])


def signature_tag(digest: str) -> str:
    """The tag below which cosign 2 puts signatures."""
    return f"{referrers_tag(digest)}.sig"


def referrers_tag(digest: str) -> str:
    """The tag of the index of referrers."""
    return digest.replace(":", "-")
