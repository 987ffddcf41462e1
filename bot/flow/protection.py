"""Protection: every open pull request gets a check that says whether it leaves Tagboat's files alone.

The check belongs to a head commit: it is set when it is missing or says something else, and only then. What
was seen is remembered for a while, so that a look at many pull requests costs one request for all of them and
one for each of their bases. The store remembers it: other workers see, and set, what this one does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from bot.domain.errors import NotFound, Permanent, Refused, TagboatError
from bot.domain.people.protection import CHECK, Offer, Override, Protection, Ruled, Ruling, Rulings, rule
from bot.domain.snapshot import Relation
from bot.flow.world import Attended, World
from bot.ports import Community, Forge

log = structlog.get_logger(__name__)

_AGAIN = timedelta(hours=1)
"""How long a check that was seen on a head is believed to be there still."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the checks were seen to say, and why single ones were not seen to."""

    rulings: Rulings
    faults: Sequence[TagboatError] = ()


def guard(world: World, attended: Attended, protection: Protection, *, known: Rulings, fence: int) -> Guarded:
    """Let the check on every open pull request say what it should, for who holds the lease of that fence."""
    guarding = _Guarding(world, attended, protection)
    before = {each.number: each for each in known.for_next(fence)}
    try:
        offers = guarding.community.offers(guarding.path)
    except TagboatError as error:
        log.warning("pull_requests_not_read", repository=str(attended.repository), reason=str(error))
        return Guarded(Rulings(fence, tuple(before.values())), (error,))
    seen: dict[int, Ruled | None] = {}
    faults: list[TagboatError] = []
    for offer in offers:
        try:
            seen[offer.number] = guarding.see_to(offer, before.get(offer.number))
        except TagboatError as error:  # a required check that is missing holds this one back, and no other
            log.warning("check_not_set", repository=str(attended.repository), number=offer.number)
            seen[offer.number] = None
            faults.append(error)
            if not isinstance(error, Permanent):
                break  # the host does not answer: the rest is as it was
    found = (seen.get(each.number, before.get(each.number)) for each in offers)
    return Guarded(Rulings(fence, tuple(each for each in found if each)), faults)


@dataclass(frozen=True, slots=True)
class _Guarding:
    """One look at a repository, in which each base branch is asked for once."""

    world: World
    attended: Attended
    protection: Protection
    _heads: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return self.attended.repository.path

    @property
    def community(self) -> Community:
        return self.world.communities[self.attended.repository.forge]

    @property
    def forge(self) -> Forge:
        return self.world.forges[self.attended.repository.forge]

    def see_to(self, offer: Offer, known: Ruled | None) -> Ruled | None:
        """Let the check say what it should; None where that may change though nothing is seen to.

        A label that counts for nothing may be set anew, by somebody else, before it is seen to be gone.

        Raises:
            TagboatError: the pull request cannot be read, or the check not be set.
        """
        now, state, base_head = self.world.clock.now(), self._state(offer), self._base_head(offer)
        if known and known.state == state and now - known.at < _AGAIN and self._holds(known, base_head):
            return replace(known, base_head=base_head)
        override = self._override(offer)
        touched = self.community.touched(self.path, offer.number)
        is_tagboats = self._is_tagboats(offer, base_head)
        ruling = rule(self.protection, touched, is_tagboats=is_tagboats, override=override)
        if not ruling.is_shown_by(self.community.ruling(self.path, offer.head, CHECK)):
            self._set(offer, ruling, override)
        if not touched.is_complete or (override and not override.may_write):
            return None
        return Ruled(offer.number, state, base_head, ruling.passes, now)

    def _state(self, offer: Offer) -> str:
        """What a ruling rests on, but for where the base stands."""
        is_labelled = self.protection.override_label in offer.labels
        facts = (offer.head, offer.base, offer.is_ours, is_labelled, self.protection)
        return hashlib.sha256(repr(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _base_head(self, offer: Offer) -> str:
        """Where its base stands; empty where that is gone."""
        if offer.base not in self._heads:
            self._heads[offer.base] = self.forge.head(self.path, offer.base) or ""
        return self._heads[offer.base]

    def _holds(self, known: Ruled, base_head: str) -> bool:
        """Whether it is true of the base too, which takes commits off a pull request where it goes on."""
        if known.base_head == base_head:
            return True
        if not (known.passes and known.base_head and base_head):
            return False
        relation = self.forge.relation(self.path, commit=known.base_head, revision=base_head)
        return relation is Relation.CONTAINED

    def _override(self, offer: Offer) -> Override | None:
        label = self.protection.override_label
        if not label or label not in offer.labels:
            return None
        by = self.community.labelled_by(self.path, offer.number, label)
        return Override(by, self.community.may_write(self.path, by)) if by else Override()

    def _is_tagboats(self, offer: Offer, base_head: str) -> bool:
        """Whether Tagboat opened it, and made all commits that this very head holds beyond its base."""
        if not (offer.is_ours and base_head):
            return False
        try:
            foreign = self.forge.foreign_commit(self.path, branch=offer.head, base=base_head)
        except (NotFound, Refused):  # moved meanwhile, or more commits than anybody could look through
            return False
        return foreign is None

    def _set(self, offer: Offer, ruling: Ruling, override: Override | None) -> None:
        self.community.rule(self.path, offer.head, CHECK, ruling)
        log.info(
            "check_set",
            repository=str(self.attended.repository),
            number=offer.number,
            passes=ruling.passes,
            overridden_by=(override.by or "somebody") if override else None,
        )
