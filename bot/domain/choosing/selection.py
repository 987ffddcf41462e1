"""How a tag is chosen among those that a registry lists, and why every other one was not.

A choice is made in five steps: a hold or pin is looked for, the strategy orders the tags whose names are
allowed, the best candidate whose details fit is taken, and it is held against what runs. What cannot be read
makes the choice wait; it never makes an older tag win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.choosing.candidates import Candidates, fault, moment, waiting
from bot.domain.choosing.choice import Choice as Choice
from bot.domain.choosing.choice import Needs as Needs
from bot.domain.choosing.choice import NeedsDetails as NeedsDetails
from bot.domain.choosing.choice import NeedsSignature as NeedsSignature
from bot.domain.choosing.choice import TagDetails as TagDetails
from bot.domain.choosing.choice import Unreadable as Unreadable
from bot.domain.choosing.choice import Verdict as Verdict
from bot.domain.choosing.choice import Verdicts
from bot.domain.choosing.extraction import extraction
from bot.domain.choosing.ordering import order_of, running_of, values_of
from bot.domain.choosing.policy import Hold as Hold
from bot.domain.choosing.policy import MovedTags as MovedTags
from bot.domain.choosing.policy import Pin as Pin
from bot.domain.choosing.policy import SelectionPolicy as SelectionPolicy
from bot.domain.choosing.ranking import Ranking
from bot.domain.choosing.strategies.fixed import FixedOrder
from bot.domain.choosing.strategies.names import Direction as Direction
from bot.domain.choosing.strategies.names import Strategy as Strategy
from bot.domain.choosing.strategies.reach import Jump as Jump
from bot.domain.choosing.tag_filter import tag_filter
from bot.domain.errors import sentence
from bot.domain.image import ImageRef, is_tag


def choose(
    policy: SelectionPolicy,
    tags: Sequence[str],
    *,
    details: Mapping[str, TagDetails | Unreadable],
    current: ImageRef | None,
    now: datetime,
) -> Choice | Needs:
    """Choose the tag to run. `current` is what runs: nothing older than it is chosen unless asked.

    What runs already is chosen again, so the caller sees no change. What runs and has no place in the
    strategy's order (no semantic version, a build time that nobody knows) holds nothing back, but nothing is
    measured from it either. Equal candidates are told apart by the byte order of their names: the last one
    wins. The order of `tags` and repeats in it change nothing.
    """
    if not tags:
        return Choice(None, "the registry lists no tags: taken for a fault, and asked again", is_waiting=True)
    answer = _Look(policy, tags, details, current, now).choose()
    ended = _ended(policy, now)
    if ended and isinstance(answer, Choice):
        return replace(answer, reason=f"{answer.reason}; {ended}")
    return answer


def is_downgrade(
    policy: SelectionPolicy, *, current: ImageRef, wanted: ImageRef, now: datetime | None = None
) -> bool:
    """Whether going from `current` to `wanted` is a step back that the policy does not allow.

    Names alone are looked at. False when they do not compare: tags that have no place in the strategy's
    order, and all tags for `newest-build` and `digest`. A pin allows its own tag while it is in force; one
    that ends counts only where `now` is given.
    """
    if policy.allow_downgrade or current.tag is None or wanted.tag is None:
        return False
    if policy.pin and policy.pin.tag == wanted.tag and _is_in_force(policy.pin.until, now):
        return False
    running, other = running_of(policy, current), running_of(policy, wanted)
    if running is None or running.value is None or other is None or other.value is None:
        return False
    return order_of(policy, running=running, created={}).is_newer(running.value, than=other.value)


@dataclass(frozen=True, slots=True)
class _Look:
    """The arguments of one choice."""

    policy: SelectionPolicy
    tags: Sequence[str]
    details: Mapping[str, TagDetails | Unreadable]
    current: ImageRef | None
    now: datetime

    def choose(self) -> Choice | Needs:
        hold, pin = self.policy.hold, self.policy.pin
        if hold and _is_in_force(hold.until, self.now):
            return self._held(hold)
        if pin and _is_in_force(pin.until, self.now):
            return self._pinned(pin)
        if self.policy.strategy is Strategy.NEWEST_BUILD:
            hindrance = self._unknown_build_times()
            if hindrance:
                return hindrance
        return self._candidates(self._ranking(), self.policy).choose()

    def _ranking(self) -> Ranking:
        created = {tag: each.created for tag, each in self.details.items() if isinstance(each, TagDetails)}
        order = order_of(self.policy, running=running_of(self.policy, self.current), created=created)
        names = tag_filter(self.policy.allow_tags, self.policy.ignore_tags)
        return Ranking(order, self.tags, names=names, values=values_of(self.policy))

    def _candidates(self, ranking: Ranking, policy: SelectionPolicy) -> Candidates:
        running = running_of(self.policy, self.current)
        return Candidates(policy, ranking, self.details, self.current, running, self.now)

    def _held(self, hold: Hold) -> Choice:
        what = f"held{_until(hold.until)}: {hold.reason}"
        verdicts = Verdicts(lambda: (Verdict(tag, False, what) for tag in sorted(set(self.tags))))
        return Choice(None, what, verdicts, wake_at=hold.until)

    def _pinned(self, pin: Pin) -> Choice | Needs:
        """The pin's tag, whose name and age are not judged, while its contents and its signature are."""
        claim = f"the pinned tag{_until(pin.until)}: {pin.reason}"
        order = FixedOrder(pin.tag, claim)
        ranking = Ranking(order, self.tags, names=tag_filter("", ()), values=extraction("", ""))
        ageless = replace(self.policy, min_age=timedelta(0))
        answer = self._candidates(ranking, ageless).choose()
        if not isinstance(answer, Choice):
            return answer
        if not ranking.is_listed(pin.tag):
            why = sentence(f"{pin.tag}, {claim}", "it is not listed", "push it, or name another tag")
            return replace(answer, reason=why, wake_at=pin.until)
        return replace(answer, wake_at=pin.until)

    def _unknown_build_times(self) -> NeedsDetails | Choice | None:
        """What keeps builds from being ordered by age, candidates and what runs, or None.

        What runs and is listed no more may be gone for good: then it holds nothing back.
        """
        ranking = self._ranking()
        allowed = ranking.allowed()
        tag = self.current.tag if self.current else None
        is_asked = tag is not None and is_tag(tag) and allowed and not self.policy.allow_downgrade
        asked = dict.fromkeys([*allowed, tag] if tag is not None and is_asked else allowed)
        unread = tuple(tag for tag in asked if tag not in self.details)
        if unread:
            return NeedsDetails(unread)
        faults = {
            tag: fault(tag, found)
            for tag in asked
            if isinstance(found := self.details[tag], Unreadable) and ranking.is_listed(tag)
        }
        if not faults:
            return None
        first = next(iter(faults))
        reasons = dict.fromkeys(allowed, f"waits until {first} can be read") | faults
        refused = [(tag, reason) for tag, reason in ranking.refusals() if tag not in reasons]
        verdicts = [Verdict(tag, False, reason) for tag, reason in [*reasons.items(), *refused]]
        return waiting(faults[first], verdicts)


def _is_in_force(until: datetime | None, now: datetime | None) -> bool:
    return until is None or (now is not None and now < until)


def _until(until: datetime | None) -> str:
    return f" until {moment(until)}" if until else ""


def _ended(policy: SelectionPolicy, now: datetime) -> str:
    """What does not count any more though the configuration still says it, or the empty string."""
    for word, stop in (("hold", policy.hold), ("pin", policy.pin)):
        if stop and stop.until and not _is_in_force(stop.until, now):
            return f"the {word} ended {moment(stop.until)}"
    return ""
