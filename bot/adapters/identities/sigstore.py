"""Identities proved by Sigstore, through its own library (the extra `tagboat[sigstore]`).

What the library checks of a bundle: the certificate's chain, its place in the log of certificates, that it
was valid when the signature was made, and the signature's place in the transparency log
(https://docs.sigstore.dev/about/security/). Here: whose the certificate is, and what was signed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from sigstore import errors as faults
from sigstore.hashes import Hashed
from sigstore.models import Bundle as SigstoreBundle
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import AnyOf, OIDCIssuer, OIDCIssuerV2
from sigstore_models.common.v1 import HashAlgorithm

from bot.domain.errors import Refused, Unreachable
from bot.domain.harmless import shown
from bot.domain.signing.claim import Unproved, check_statement
from bot.domain.signing.evidence import (
    STATEMENT_TYPE,
    Bundle,
    Envelope,
    MessageSignature,
    SimpleSigning,
    check_message,
    read_bundle,
)
from bot.domain.signing.signature import Identity, SignaturePolicy

_OLD_FORM = "it is signed without a key in cosign's old form (sign with cosign 3, or --new-bundle-format)"
# The public authorities' keys change about once a year; the library's own metadata lives for days.
_FRESH_SECONDS: Final = 24 * 3600.0
# What the library lets through of its parsers when a bundle is broken on purpose.
_BROKEN = (
    faults.Error,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class SigstoreIdentities:
    """The port `Identities`; safe for threads. `fetch` brings the keys of the public Sigstore."""

    def __init__(
        self,
        *,
        fetch: Callable[[], Verifier] = Verifier.production,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._verifiers: dict[str, tuple[Verifier, float]] = {}
        self._lock = Lock()

    def refusal(self, evidence: SimpleSigning | Bundle, digest: str, policy: SignaturePolicy) -> str:
        """Why the evidence does not prove that one of the policy's identities signed the digest.

        Raises:
            Unreachable: the keys of the public Sigstore cannot be fetched now.
            Refused: the file `trusted_root` cannot be used.
        """
        if isinstance(evidence, SimpleSigning):
            return _OLD_FORM if evidence.has_certificate else "it is signed by a key, and not by an identity"
        verifier = self._verifier(policy.trusted_root)
        try:
            _check(verifier, evidence, digest, policy)
        except (Unproved, _Stranger) as refusal:
            return str(refusal)
        except _BROKEN as error:
            return f"its certificate does not hold: {shown(str(error)) or type(error).__name__}"
        return ""

    def _verifier(self, trusted_root: str) -> Verifier:
        with self._lock:
            verifier, until = self._verifiers.get(trusted_root, (None, 0.0))
            if verifier is None or self._monotonic() >= until:
                verifier = _from_file(trusted_root) if trusted_root else self._public()
                self._verifiers[trusted_root] = verifier, self._monotonic() + _FRESH_SECONDS
            return verifier

    def _public(self) -> Verifier:
        try:
            return self._fetch()
        except (faults.Error, OSError, ValueError) as error:
            raise Unreachable(
                "the keys of the public Sigstore cannot be fetched",
                why=type(error).__name__,
                fix="let Tagboat reach tuf-repo-cdn.sigstore.dev, or name a trusted_root",
            ) from error


class _Stranger(faults.VerificationError):
    """The certificate is good, and of nobody whom the policy names."""


@dataclass(frozen=True, slots=True)
class _Named:
    """The library's form of a policy: the certificate is of one of these."""

    identities: Sequence[Identity]

    def verify(self, cert: x509.Certificate) -> None:
        """Raise unless the certificate is of one of the identities."""
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        subjects = [
            *names.get_values_for_type(x509.RFC822Name),
            *names.get_values_for_type(x509.UniformResourceIdentifier),
        ]
        for identity in self.identities:
            if any(map(identity.is_of, subjects)) and _is_from(cert, identity.issuer):
                return
        raise _Stranger(f"signed by {shown(', '.join(subjects)) or 'nobody'}, whom no identity names")


def _is_from(cert: x509.Certificate, issuer: str) -> bool:
    try:
        AnyOf([OIDCIssuerV2(issuer), OIDCIssuer(issuer)]).verify(cert)
    except faults.VerificationError:
        return False
    return True


def _check(verifier: Verifier, evidence: Bundle, digest: str, policy: SignaturePolicy) -> None:
    """Raise unless the bundle proves it. What was signed is taken from the library: it is what it checked."""
    annotations = dict(policy.annotations)
    named = _Named(policy.identities)
    bundle = SigstoreBundle.from_json(evidence.document)
    match read_bundle(evidence):
        case Envelope():
            kind, payload = verifier.verify_dsse(bundle, named)
            if kind != STATEMENT_TYPE:
                raise Unproved("what was signed is no statement about an image")
            check_statement(payload, digest, annotations)
        case MessageSignature() as message:
            value = check_message(message, digest, annotations)
            if not digest.startswith("sha256:"):
                raise Unproved("a signature of the manifest itself is known for SHA-256 only")
            verifier.verify_artifact(Hashed(algorithm=HashAlgorithm.SHA2_256, digest=value), bundle, named)


def _from_file(path: str) -> Verifier:
    try:
        return Verifier(trusted_root=TrustedRoot.from_file(path))
    except (faults.Error, OSError, ValueError, LookupError) as error:
        raise Refused(
            f"the trusted root {path} cannot be used",
            why=shown(str(error)) if isinstance(error, faults.Error | OSError) else "it is broken",
            fix="write it by `cosign trusted-root create`",
        ) from error
