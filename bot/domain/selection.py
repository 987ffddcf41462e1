"""How a tag is chosen among those that a registry lists, and why every other one was not.

A choice is made in four steps: names are filtered, the strategy orders what is left, the best candidate
whose details fit is taken, and it is held against what runs. What cannot be read makes the choice wait;
it never makes an older tag win.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from bot.domain.errors import sentence
from bot.domain.image import ImageRef, is_tag, short_digest
from bot.domain.platform import missing_platforms
from bot.domain.policy import Direction as Direction
from bot.domain.policy import Hold as Hold
from bot.domain.policy import Jump as Jump
from bot.domain.policy import MovedTags as MovedTags
from bot.domain.policy import Pin as Pin
from bot.domain.policy import SelectionPolicy as SelectionPolicy
from bot.domain.policy import Strategy as Strategy
from bot.domain.policy import order_of
from bot.domain.ranking import Order, Ranking, is_newer, rank
from bot.domain.tag_filter import tag_filter

_REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TagDetails:
    """What a registry says of one tag: digest (of the index for several platforms), created time, labels.

    `platforms` are the platforms that the image offers (`linux/amd64`, `linux/arm/v7`). `first_seen` is when
    this digest was first seen, for `min_age`; `refusal` is why the signature gate refuses it, or empty.
    """

    digest: str
    created: datetime | None = None
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    first_seen: datetime | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A tag whose details could not be read now: the choice waits, and no older tag wins."""

    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One tag and why it was, or was not, chosen."""

    tag: str
    is_chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The tag to run (None: none), why, and a verdict for every tag that was looked at, best first.

    `is_waiting` says that the answer is "not yet" (something could not be read), not "none".
    `wake_at` is when time alone may change the answer: a `min_age` is reached, or a hold or pin ends.
    """

    tag: str | None
    reason: str
    verdicts: tuple[Verdict, ...] = ()
    is_waiting: bool = False
    details: TagDetails | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NeedsDetails:
    """The choice cannot be made before these tags' details are read."""

    tags: tuple[str, ...]


def choose(
    policy: SelectionPolicy,
    tags: Sequence[str],
    *,
    details: Mapping[str, TagDetails | Unreadable],
    current: ImageRef | None,
    now: datetime,
) -> Choice | NeedsDetails:
    """Choose the tag to run. `current` is what runs: nothing older than it is chosen unless asked.

    What runs already is chosen again, so the caller sees no change. What runs and has no place in the
    strategy's order (no semantic version, a build time that nobody knows) holds nothing back. Equal
    candidates are told apart by the byte order of their names: the last one wins. The order of `tags` and
    repeats in it change nothing.
    """
    del now
    if not tags:
        return Choice(None, "the registry lists no tags: taken for a fault, and asked again", is_waiting=True)
    unique = sorted(set(tags))
    refused = tag_filter(policy.allow_tags, policy.ignore_tags).refused(unique)
    kept = [tag for tag in unique if tag not in refused]
    if policy.strategy is Strategy.NEWEST_BUILD:
        hindrance = _unknown_build_times(policy, kept, refused, details, current)
        if hindrance:
            return hindrance
    order = order_of(policy, created=_build_times(details))
    return _Candidates(policy, order, rank(order, kept), refused, details, current).choose()


def is_downgrade(policy: SelectionPolicy, *, current: ImageRef, wanted: ImageRef) -> bool:
    """Whether going from `current` to `wanted` is a step back that the policy does not allow.

    Names alone are looked at. False when they do not compare: tags that have no place in the strategy's
    order, and all tags for `newest-build` and `digest`.
    """
    if policy.allow_downgrade or current.tag is None or wanted.tag is None:
        return False
    return is_newer(order_of(policy, created={}), current.tag, than=wanted.tag)


def _build_times(details: Mapping[str, TagDetails | Unreadable]) -> dict[str, datetime | None]:
    return {tag: found.created for tag, found in details.items() if isinstance(found, TagDetails)}


def _unknown_build_times(
    policy: SelectionPolicy,
    kept: Sequence[str],
    refused: dict[str, str],
    details: Mapping[str, TagDetails | Unreadable],
    current: ImageRef | None,
) -> NeedsDetails | Choice | None:
    """What keeps builds from being ordered by age, candidates and what runs, or None.

    What runs and is listed no more may be gone for good: then it holds nothing back.
    """
    running = _running_tag(current)
    asked = [*kept, running] if running and kept and not policy.allow_downgrade else kept
    unread = tuple(dict.fromkeys(tag for tag in asked if tag not in details))
    if unread:
        return NeedsDetails(unread)
    listed = {*kept, *refused}
    faults = {
        tag: _fault(tag, found)
        for tag in asked
        if isinstance(found := details[tag], Unreadable) and tag in listed
    }
    if not faults:
        return None
    first = next(iter(faults))
    reasons = dict.fromkeys(kept, f"waits until {first} can be read") | faults | refused
    return _waiting(faults[first], (Verdict(tag, False, reason) for tag, reason in reasons.items()))


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The candidates of one choice, best first, and all that they are held against."""

    policy: SelectionPolicy
    order: Order[Any]
    ranking: Ranking[Any]
    filtered: Mapping[str, str]
    details: Mapping[str, TagDetails | Unreadable]
    current: ImageRef | None

    def choose(self) -> Choice | NeedsDetails:
        """Take the best candidate that has every platform, unless what runs is newer."""
        needs_details = bool(self.policy.platforms) or self.policy.strategy is Strategy.DIGEST
        passed_over: list[Verdict] = []
        for position, tag in enumerate(self.ranking.best_first):
            if self.current and self._holds_back(self.current, tag):
                return self._none_newer(self.current, position, passed_over)
            found = self.details.get(tag)
            if found is None and needs_details:
                return self._needs(position)
            if isinstance(found, Unreadable):
                return self._unreadable(position, passed_over, found)
            missing = missing_platforms(self.policy.platforms, offered=found.platforms) if found else ()
            if not missing:
                return self._chosen(position, passed_over, found)
            passed_over.append(Verdict(tag, False, f"no {' and no '.join(missing)} image"))
        return self._none_fits(passed_over)

    def _holds_back(self, current: ImageRef, tag: str) -> bool:
        if self.policy.allow_downgrade or current.tag is None:
            return False
        return is_newer(self.order, current.tag, than=tag)

    def _needs(self, position: int) -> NeedsDetails:
        """Ask for one candidate, then for twice as many each time: few rounds, little read in vain."""
        batch = self.ranking.best_first[position : max(2 * position, position + 1)]
        return NeedsDetails(tuple(tag for tag in batch if tag not in self.details))

    def _chosen(self, position: int, passed_over: list[Verdict], found: TagDetails | None) -> Choice:
        tag, *behind = self.ranking.best_first[position:]
        claim = self.order.claim
        if self.policy.platforms:
            claim += f" with {', '.join(self.policy.platforms)}"
        verdicts = (*passed_over, Verdict(tag, True, claim), *self._behind(tag, behind), *self._refusals())
        return Choice(tag, f"{tag} is {claim}{self._against_current(tag, found)}", verdicts, details=found)

    def _behind(self, best: str, others: Iterable[str]) -> Iterable[Verdict]:
        keys, key = self.ranking.keys, self.ranking.keys[best]
        behind = f"{self.order.behind} {best}"
        equal = f"{self.order.equal} {best}, which sorts after it"
        return (Verdict(tag, False, equal if keys[tag] == key else behind) for tag in others)

    def _against_current(self, tag: str, found: TagDetails | None) -> str:
        """How the choice stands to what runs, as the end of a sentence."""
        current = self.current
        if current is None or current == ImageRef(current.name):
            return ""
        if current.tag != tag:
            is_placed = current.tag is not None and self.order.key(current.tag) is not None
            return f"; {_shown(current)} runs" + ("" if is_placed else " and does not compare with it")
        if found is None or current.digest in {None, found.digest}:
            return ", and runs already"
        return f", and now names {short_digest(found.digest)}; {short_digest(current.digest)} runs"

    def _none_newer(self, current: ImageRef, position: int, passed_over: list[Verdict]) -> Choice:
        running = _shown(current)
        is_listed = current.tag in {*self.ranking.keys, *self.ranking.refused, *self.filtered}
        what = f"{running} runs and is newer than {self.ranking.best_first[position]}, the best candidate"
        what += "" if is_listed else "; it is not listed any more"
        reason = f"{self.order.behind} {running}, which runs"
        rest = (Verdict(tag, False, reason) for tag in self.ranking.best_first[position:])
        verdicts = (*passed_over, *rest, *self._refusals())
        return Choice(None, sentence(what, fix="allow_downgrade: true would go back"), verdicts)

    def _unreadable(self, position: int, passed_over: list[Verdict], found: Unreadable) -> Choice:
        tag, *behind = self.ranking.best_first[position:]
        fault = Verdict(tag, False, _fault(tag, found))
        return _waiting(fault.reason, (*passed_over, fault, *self._behind(tag, behind), *self._refusals()))

    def _none_fits(self, passed_over: list[Verdict]) -> Choice:
        verdicts = (*passed_over, *self._refusals())
        counts = Counter(verdict.reason for verdict in verdicts).most_common(_REASONS_SHOWN)
        why = ", ".join(f"{count} × {reason}" for reason, count in counts)
        return Choice(None, f"none of the tags ({len(verdicts)}) can be chosen: {why}", verdicts)

    def _refusals(self) -> Iterable[Verdict]:
        refused = chain(self.ranking.refused.items(), self.filtered.items())
        return (Verdict(tag, False, reason) for tag, reason in refused)


def _waiting(fault: str, verdicts: Iterable[Verdict]) -> Choice:
    fix = "looked at again soon; no other tag is taken instead, unless ignore_tags names this one"
    return Choice(None, sentence(fault, fix=fix), tuple(verdicts), is_waiting=True)


def _fault(tag: str, found: Unreadable) -> str:
    return f"{tag} cannot be read: {found.reason}"


def _running_tag(current: ImageRef | None) -> str | None:
    """The tag that runs, where it is one that a registry could be asked for."""
    return current.tag if current and current.tag and is_tag(current.tag) else None


def _shown(current: ImageRef) -> str:
    """What runs, fit for a sentence: a values file may hold anything."""
    return current.version if _running_tag(current) or not current.tag else ascii(current.tag[:80])
