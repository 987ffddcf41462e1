"""A Sigstore of our own: authority, log of certificates and transparency log, whose bundles are real.

Shares no code with the product nor with the library that checks them; cosign accepts them as well. What the
parts sign is written down in RFC 6962 (certificate timestamps), https://github.com/sigstore/rekor (entries)
and https://github.com/sigstore/protobuf-specs (bundle, trusted root).
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT = "application/vnd.in-toto+json"
_SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2 = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_NAME = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "example.test")])


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def statement(digest: str, *, annotations: Mapping[str, str] | None = None, **changes: Any) -> bytes:
    """What cosign 3 signs of an image."""
    subject = {"digest": dict([digest.split(":")]), "annotations": dict(annotations or {})}
    whole = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    }
    return _json(whole | changes)


def pae(payload: bytes, kind: str = STATEMENT) -> bytes:
    """What a DSSE signature is over."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)


@dataclass
class LocalSigstore:
    """The whole of it; two of them do not trust each other."""

    root: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    transparency_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def __post_init__(self) -> None:
        """Make the authority's own certificate."""
        public = self.root.public_key()
        unsigned = (
            x509.CertificateBuilder(_NAME, _NAME, public, x509.random_serial_number())
            .not_valid_before(_NOW - timedelta(days=365))
            .not_valid_after(_NOW + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        self.authority = unsigned.sign(self.root, hashes.SHA256())

    def trusted_root(self) -> bytes:
        """The file by which others come to trust this Sigstore."""
        start = {"start": "2025-01-01T00:00:00Z"}
        chain = {"certificates": [{"rawBytes": _b64(self.authority.public_bytes(Encoding.DER))}]}
        return _json(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [self._log(self.transparency_log, "rekor", start)],
                "ctlogs": [self._log(self.certificate_log, "ctfe", start)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "example.test", "commonName": "example.test"},
                        "uri": "https://fulcio.example.test",
                        "certChain": chain,
                        "validFor": start,
                    }
                ],
                "timestampAuthorities": [],
            }
        )

    def sign(self, payload: bytes, *, issuer: str, subject: str, late: bool = False) -> dict[str, Any]:
        """A bundle of the payload in a DSSE envelope; `late`: the certificate had run out by then."""
        key, certificate = self._certificate(issuer, subject)
        signature = _sign(key, pae(payload))
        pem = _b64(certificate.public_bytes(Encoding.PEM))
        spec = {
            "envelopeHash": _hash(b"envelope"),
            "payloadHash": _hash(payload),
            "signatures": [{"signature": _b64(signature), "verifier": pem}],
        }
        envelope = {
            "payload": _b64(payload),
            "payloadType": STATEMENT,
            "signatures": [{"sig": _b64(signature)}],
        }
        return self._bundle(certificate, "dsse", spec, late=late) | {"dsseEnvelope": envelope}

    def sign_manifest(self, manifest: bytes, *, issuer: str, subject: str) -> dict[str, Any]:
        """A bundle with a signature of the bytes themselves."""
        key, certificate = self._certificate(issuer, subject)
        signature = _b64(_sign(key, manifest))
        public = {"content": _b64(certificate.public_bytes(Encoding.PEM))}
        spec = {"data": {"hash": _hash(manifest)}, "signature": {"content": signature, "publicKey": public}}
        digest = _b64(hashlib.sha256(manifest).digest())
        message = {"messageDigest": {"algorithm": "SHA2_256", "digest": digest}, "signature": signature}
        return self._bundle(certificate, "hashedrekord", spec, late=False) | {"messageSignature": message}

    def _bundle(
        self, certificate: x509.Certificate, kind: str, spec: Mapping[str, Any], *, late: bool
    ) -> dict[str, Any]:
        body = _json({"apiVersion": "0.0.1", "kind": kind, "spec": spec})
        entry = self._entry(body, _NOW + timedelta(hours=1 if late else 0))
        entry |= {"kindVersion": {"kind": kind, "version": "0.0.1"}}
        material = {
            "certificate": {"rawBytes": _b64(certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [entry],
        }
        return {"mediaType": BUNDLE, "verificationMaterial": material}

    def _certificate(self, issuer: str, subject: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = _key()
        is_url = "://" in subject
        name = x509.UniformResourceIdentifier(subject) if is_url else x509.RFC822Name(subject)
        code_signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        parent = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root.public_key())
        text = issuer.encode()
        unsigned = (
            x509.CertificateBuilder(_NAME, x509.Name([]), key.public_key(), x509.random_serial_number())
            .not_valid_before(_NOW - timedelta(minutes=5))
            .not_valid_after(_NOW + timedelta(minutes=5))
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(code_signing, critical=False)
            .add_extension(parent, critical=False)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER, text), critical=False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V2, _der(0x0C, text)), critical=False)
        )
        before = unsigned.sign(self.root, hashes.SHA256()).tbs_certificate_bytes
        stamps = x509.UnrecognizedExtension(_SCT_LIST, _der(0x04, self._timestamps(before)))
        return key, unsigned.add_extension(stamps, critical=False).sign(self.root, hashes.SHA256())

    def _timestamps(self, before: bytes) -> bytes:
        """The list of certificate timestamps that a certificate carries: one (RFC 6962, 3.2 and 3.3)."""
        millis = int(_NOW.timestamp() * 1000)
        parent = hashlib.sha256(_der_of(self.root)).digest()
        length = len(before).to_bytes(3, "big")
        signed = struct.pack("!BBQH", 0, 0, millis, 1) + parent + length + before + b"\0\0"
        signature = _sign(self.certificate_log, signed)
        log = hashlib.sha256(_der_of(self.certificate_log)).digest()
        stamp = struct.pack("!B32sQHBBH", 0, log, millis, 0, 4, 3, len(signature)) + signature
        return struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp

    def _entry(self, body: bytes, at: datetime) -> dict[str, Any]:
        """The entry of a log that holds nothing else, with the promise and the proof that it does."""
        log = hashlib.sha256(_der_of(self.transparency_log)).digest()
        seconds = int(at.timestamp())
        promise = _json({"body": _b64(body), "integratedTime": seconds, "logID": log.hex(), "logIndex": 0})
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"rekor.example.test - 1\n1\n{_b64(root)}\n"
        mark = _b64(log[:4] + _sign(self.transparency_log, note.encode()))
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(log)},
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": _b64(_sign(self.transparency_log, promise))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 rekor.example.test {mark}\n"},
            },
            "canonicalizedBody": _b64(body),
        }

    def _log(self, key: ec.EllipticCurvePrivateKey, name: str, start: Mapping[str, str]) -> dict[str, Any]:
        public = _der_of(key)
        return {
            "baseUrl": f"https://{name}.example.test",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _b64(public),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": dict(start),
            },
            "logId": {"keyId": _b64(hashlib.sha256(public).digest())},
        }


def _usage(**uses: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**dict.fromkeys(names, False) | uses)


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def _der_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _hash(content: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
