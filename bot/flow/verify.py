"""The signature gate: whether an image is signed by whom it must be, as its registry can prove now.

A proof holds for ever, as digest and signature never change: it is remembered in this process. The lack of
one is looked for again each time, because signatures come after the image.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

from bot.domain.errors import Refused
from bot.domain.image import ImageName, short_digest
from bot.domain.signing.evidence import Evidence, Illegible, key_refusal
from bot.domain.signing.signature import SignaturePolicy
from bot.ports import Identities, Registry

_MOST_REMEMBERED = 50_000
_MOST_REASONS = 3


class _Proved:
    """What was proved, the longest unused forgotten first. Safe between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[tuple[SignaturePolicy, str], None] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, proof: tuple[SignaturePolicy, str]) -> bool:
        with self._lock:
            if proof not in self._known:
                return False
            self._known.move_to_end(proof)
            return True

    def add(self, proof: tuple[SignaturePolicy, str]) -> None:
        with self._lock:
            self._known[proof] = None
            if len(self._known) > self._limit:
                self._known.popitem(last=False)


_proved = _Proved(_MOST_REMEMBERED)


def refusal(
    registry: Registry,
    image: ImageName,
    digest: str,
    policy: SignaturePolicy,
    *,
    identities: Identities | None = None,
) -> str:
    """Why the image may not be deployed by this policy; empty when a signature proves that it may.

    `digest` is what is deployed: of the index where there are several platforms.

    Raises:
        Transient: the signatures cannot be read now; nothing is known of them.
        Permanent: they cannot be read at all (a login that is too weak), so nothing is known either.
    """
    if (policy, digest) in _proved:
        return ""
    reasons: dict[str, None] = {}
    for evidence in registry.signatures(image, digest):
        for reason in _refusals(evidence, digest, policy, identities):
            if not reason:
                _proved.add((policy, digest))
                return ""
            reasons[reason] = None
    if not reasons:
        return f"no signature for {digest.partition(':')[0]}:{short_digest(digest)}"
    more = len(reasons) - _MOST_REASONS
    shown = "; ".join(list(reasons)[:_MOST_REASONS])
    return f"{shown}; and {more} more such reasons" if more > 0 else shown


def _refusals(
    evidence: Evidence, digest: str, policy: SignaturePolicy, identities: Identities | None
) -> Iterator[str]:
    """Why neither a key nor an identity has signed; an empty one where it has."""
    if isinstance(evidence, Illegible):
        yield evidence.reason
        return
    if policy.keys:
        yield key_refusal(evidence, policy.keys, digest, dict(policy.annotations))
    if policy.identities and identities is None:
        raise Refused(
            "identities of signers cannot be checked",
            why="this installation has no sigstore",
            fix="pip install 'tagboat[sigstore]'",
        )
    if policy.identities and identities is not None:
        yield identities.refusal(evidence, digest, policy)
