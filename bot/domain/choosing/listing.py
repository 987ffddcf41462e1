"""The tags of one repository, as one look found them, and when an answer is too poor to be believed.

A registry that lost its storage, a proxy with an empty cache or a wrong login all look like a repository
whose tags were deleted. Such an answer is waited out: deleting is rare, and nothing depends on its haste.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

GRACE = timedelta(hours=24)
"""How long an answer that lacks most tags must be repeated before it is believed: a day, in which people who
look after a registry find and mend a fault of it."""

_MOST_AT_ONCE = 5
"""So many tags at least must be gone at once to be taken for a fault: small repositories are tidied."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Every tag of a repository, complete.

    `validator` is the host's own mark of this state (an ETag), with which the next look may cost no list.
    `digests` are those that the host told along with the tags (Docker Hub does); tags without one are left
    out.
    """

    tags: tuple[str, ...]
    validator: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


def lacks_most(answer: Listing, *, known: Listing) -> bool:
    """Whether an answer lacks so much of what is known that it is taken for a fault.

    It is empty, or has lost more than half of the tags, five of them at least.
    """
    if not answer.tags:
        return bool(known.tags)
    lost = len(set(known.tags).difference(answer.tags))
    return lost >= _MOST_AT_ONCE and 2 * lost > len(known.tags)


def is_believed(*, since: datetime, now: datetime) -> bool:
    """Whether an answer that lacks most, and was first given at `since`, has stood long enough."""
    return now - since >= GRACE


def united(known: Listing, doubtful: Listing | None) -> tuple[str, ...]:
    """The tags to choose among: what is known, and what a doubtful answer names beside it.

    So nothing older is the best merely because the newest is missing from a poor answer.
    """
    return tuple(dict.fromkeys((*known.tags, *(doubtful.tags if doubtful else ()))))


def doubt(known: Listing, doubtful: Listing, *, since: datetime) -> str:
    """Why an answer is not believed, as a sentence for people."""
    there = len(set(known.tags).intersection(doubtful.tags))
    until = since + GRACE
    return (
        f"the registry lists {there or 'none'} of the {len(known.tags)} tags that it had: taken for a fault, "
        f"and believed from {until:%Y-%m-%d %H:%M} UTC on (see whether its tags are there)"
    )


def amended(listing: Listing, *, present: Mapping[str, str], gone: Collection[str]) -> Listing:
    """The list after single tags were asked for: `present` ones with their digests, and those that are gone.

    The host's mark was that of the state before, so that the next look asks for all of it.
    """
    tags = [tag for tag in listing.tags if tag not in gone]
    added = sorted(set(present).difference(tags))
    told = {tag: present.get(tag, digest) for tag, digest in listing.digests.items() if tag not in gone}
    if not added and len(tags) == len(listing.tags):
        return replace(listing, digests=told)
    return Listing((*tags, *added), None, told)
