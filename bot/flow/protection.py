"""Protection: every open pull request gets a check that says whether it leaves Tagboat's files alone.

The check belongs to a head commit: it is set when it is missing or says something else, and only then. What
was seen is remembered for a while, so that a look at many pull requests costs one request.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import structlog

from bot.domain.errors import Permanent, Refused
from bot.domain.people.protection import CHECK, Offer, Override, Protection, rule
from bot.flow.world import Attended, World
from bot.ports import Community

log = structlog.get_logger(__name__)

_AGAIN = timedelta(hours=1)
"""How long a check that was seen on a head is believed to be there still."""

_MOST_REMEMBERED = 4096

_State = tuple[str, bool, Protection]
"""What a ruling rests on: the head, whether the label is set, and what is protected."""


class _Seen:
    """The pull requests of one host whose check says what it should."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int], tuple[_State, datetime]] = OrderedDict()

    def has(self, place: tuple[str, int], state: _State, now: datetime) -> bool:
        """Whether it was seen like this a moment ago."""
        with self._lock:
            known = self._known.get(place)
            return known is not None and known[0] == state and now - known[1] < _AGAIN

    def put(self, place: tuple[str, int], state: _State, now: datetime) -> None:
        """Remember it; those that were seen first go first."""
        with self._lock:
            self._known.pop(place, None)
            self._known[place] = (state, now)
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)


_seen: WeakKeyDictionary[Community, _Seen] = WeakKeyDictionary()


def guard(world: World, attended: Attended, protection: Protection) -> Sequence[Permanent]:
    """Let the check on every open pull request say what it should; return why single ones have none.

    Raises:
        Transient: the host does not answer.
        Permanent: its pull requests cannot be listed.
    """
    community = world.communities[attended.repository.forge]
    seen, now = _seen.setdefault(community, _Seen()), world.clock.now()
    faults: list[Permanent] = []
    for offer in community.offers(attended.repository.path):
        place = (attended.repository.path, offer.number)
        state = (offer.head, protection.override_label in offer.labels, protection)
        if seen.has(place, state, now):
            continue
        try:
            is_known = _judge(world, attended, protection, offer)
        except Permanent as error:  # a required check that is missing holds this one back, and no other
            log.warning("check_not_set", repository=str(attended.repository), number=offer.number)
            faults.append(error)
        else:
            if is_known:
                seen.put(place, state, now)
    return faults


def _judge(world: World, attended: Attended, protection: Protection, offer: Offer) -> bool:
    """Set the check where it says something else; whether it needs no other look while the state stays.

    A label that counts for nothing may be set anew, by somebody else, before it is seen to be gone.
    """
    community, path = world.communities[attended.repository.forge], attended.repository.path
    override = _override(community, path, protection, offer)
    touched = community.touched(path, offer.number)
    ruling = rule(
        protection,
        touched,
        is_tagboats=_is_tagboats(world, attended, offer),
        override=override,
    )
    is_known = touched.is_complete and (override is None or override.may_write)
    if ruling.is_shown_by(community.ruling(path, offer.head, CHECK)):
        return is_known
    community.rule(path, offer.head, CHECK, ruling)
    log.info(
        "check_set",
        repository=str(attended.repository),
        number=offer.number,
        passes=ruling.passes,
        overridden_by=(override.by or "somebody") if override else None,
    )
    return is_known


def _override(community: Community, path: str, protection: Protection, offer: Offer) -> Override | None:
    label = protection.override_label
    if not label or label not in offer.labels:
        return None
    by = community.labelled_by(path, offer.number, label)
    return Override(by, community.may_write(path, by)) if by else Override()


def _is_tagboats(world: World, attended: Attended, offer: Offer) -> bool:
    """Whether Tagboat opened it and nobody else committed to it."""
    if not offer.is_ours:
        return False
    forge = world.forges[attended.repository.forge]
    try:
        foreign = forge.foreign_commit(attended.repository.path, branch=offer.branch, base=offer.base)
    except Refused:  # more commits than anybody could look through
        return False
    return foreign is None
