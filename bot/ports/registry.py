"""What a registry holds, and what proves who signed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.image import ImageName
from bot.domain.signing.evidence import Bundle, Evidence, SimpleSigning
from bot.domain.signing.signature import SignaturePolicy


class Registry(Protocol):
    """One registry host: what it holds. Reads only."""

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag of the repository, complete or not at all; an unknown repository is `NotFound`.

        `known` is an earlier answer: where the host says that nothing changed, it is the answer again.
        """
        ...

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest that the tag names now (one HEAD), or None when there is no such tag."""
        ...

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Digest, created time, platforms and labels of a tag or digest.

        `created` is the latest among the platforms asked for (all, when none are named).
        """
        ...

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What the repository holds as signatures of the digest; read one by one, as it is asked for.

        None is an empty answer, and no error. Nothing of it is believed yet.
        """
        ...


class Identities(Protocol):
    """What proves who signed without a key: certificates of Sigstore, and its log."""

    def refusal(self, evidence: SimpleSigning | Bundle, digest: str, policy: SignaturePolicy) -> str:
        """Why the evidence does not prove that one of the policy's identities signed the digest.

        Empty when it does. `Transient` when the authorities' own keys cannot be fetched now.
        """
        ...
