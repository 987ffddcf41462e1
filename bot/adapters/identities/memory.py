"""Identities in memory, for tests and dry runs: it knows who signed what, because it was told."""

from __future__ import annotations

from bot.domain.errors import TagboatError
from bot.domain.signing.evidence import Bundle, SimpleSigning
from bot.domain.signing.signature import SignaturePolicy


class MemoryIdentities:
    """The port `Identities` over a dictionary."""

    def __init__(self) -> None:
        self._signed: dict[bytes, tuple[str, str, str]] = {}
        self._error: TagboatError | None = None

    def sign(self, digest: str, *, issuer: str, subject: str) -> Bundle:
        """Evidence that somebody signed the digest."""
        bundle = Bundle(f"{digest} {issuer} {subject}".encode())
        self._signed[bundle.document] = (digest, issuer, subject)
        return bundle

    def fail(self, error: TagboatError) -> None:
        """From now on raise `error`."""
        self._error = error

    def refusal(self, evidence: SimpleSigning | Bundle, digest: str, policy: SignaturePolicy) -> str:
        """Why the evidence does not prove that one of the policy's identities signed the digest."""
        if self._error is not None:
            raise self._error
        if isinstance(evidence, SimpleSigning) or evidence.document not in self._signed:
            return "it is not signed by an identity"
        signed, issuer, subject = self._signed[evidence.document]
        if not any(each.issuer == issuer and each.is_of(subject) for each in policy.identities):
            return f"signed by {subject}, whom no identity names"
        return "" if signed == digest else "the signature is for another digest"
