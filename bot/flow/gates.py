"""Gates of a tag beside its contents: since when its digest is known, and who signed it.

A signature may come after its image, so a refusal is looked at again: in the next poll interval, or when a
sender announces anything of the image, as signatures are pushed like tags.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from bot.domain.choosing.selection import TagDetails, Unreadable
from bot.domain.errors import Limited, TagboatError
from bot.domain.image import ImageName
from bot.domain.signing.signature import SignaturePolicy
from bot.flow.images import NEVER, Images
from bot.flow.verify import refusal
from bot.ports import ImageEntry

_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a digest was refused, when, and how many announcements of its image there had been."""

    reason: str
    at: datetime
    heard: int


class _Refusals:
    """What was refused of late, the longest known forgotten first. Safe between threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[SignaturePolicy, ImageName, str], _Refused] = OrderedDict()
        self._lock = Lock()

    def get(self, policy: SignaturePolicy, image: ImageName, digest: str) -> _Refused | None:
        with self._lock:
            return self._known.get((policy, image, digest))

    def put(self, policy: SignaturePolicy, image: ImageName, digest: str, refused: _Refused) -> None:
        with self._lock:
            self._known.pop((policy, image, digest), None)
            self._known[policy, image, digest] = refused
            if len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)


_refusals = _Refusals()


def aged(
    images: Images, details: Mapping[str, TagDetails | Unreadable], pinned: Mapping[str, str]
) -> dict[str, TagDetails | Unreadable]:
    """The details with the first sight of each digest. A `pinned` one was chosen before: it has its age."""
    digests = [each.digest for each in details.values() if isinstance(each, TagDetails)]
    seen = images.world.catalog.first_seen(images.image, digests)

    def first_seen(tag: str, digest: str) -> datetime:
        return NEVER if pinned.get(tag) == digest else seen.get(digest, images.now)

    return {
        tag: replace(each, first_seen=first_seen(tag, each.digest)) if isinstance(each, TagDetails) else each
        for tag, each in details.items()
    }


def signed(
    images: Images, policy: SignaturePolicy, details: TagDetails, entry: ImageEntry
) -> TagDetails | Unreadable:
    """The details with the refusal of the signature gate, asked for where it is not known of late.

    Raises:
        Limited: the registry asks for patience.
    """
    known = _refusals.get(policy, images.image, details.digest)
    if known and known.at > images.fresh_after and known.heard == entry.heard:
        return replace(details, refusal=known.reason)
    at = images.world.clock.now()
    registry = images.world.registry(images.image)
    try:
        reason = refusal(registry, images.image, details.digest, policy, identities=images.world.identities)
    except Limited:
        raise
    except TagboatError as error:
        return Unreadable(f"whether it is signed cannot be read: {error}")
    if reason:
        _refusals.put(policy, images.image, details.digest, _Refused(reason, at, entry.heard))
    return replace(details, refusal=reason)
