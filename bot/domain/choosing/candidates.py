"""The candidates of one choice held against their details, and against what runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from bot.domain.choosing.choice import (
    Choice,
    Needs,
    NeedsDetails,
    NeedsSignature,
    TagDetails,
    Unreadable,
    Verdict,
    Verdicts,
)
from bot.domain.choosing.platform import missing_platforms
from bot.domain.choosing.policy import SelectionPolicy
from bot.domain.choosing.ranking import Ranking
from bot.domain.choosing.strategies.order import Running
from bot.domain.errors import sentence
from bot.domain.image import ImageRef, short_digest

_REASONS_SHOWN = 3
_MOST_TOO_YOUNG = 100
"""So many candidates are asked for their age in one choice: each costs a request."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a candidate is passed over; `until` is when time alone mends it."""

    reason: str
    until: datetime | None = None


@dataclass(slots=True)
class _PassedOver:
    """The candidates that were better than the one that is looked at, and when the first may be chosen."""

    verdicts: list[Verdict] = field(default_factory=list)
    ripe: list[datetime] = field(default_factory=list)

    def add(self, tag: str, lack: Lack) -> None:
        self.verdicts.append(Verdict(tag, False, lack.reason))
        if lack.until:
            self.ripe.append(lack.until)

    @property
    def wake_at(self) -> datetime | None:
        return min(self.ripe, default=None)

    @property
    def note(self) -> str:
        """What became of the best, as the end of a sentence."""
        return f"; {self.verdicts[0].tag} is passed over: {self.verdicts[0].reason}" if self.verdicts else ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The tags of one choice in their order, and all that they are held against."""

    policy: SelectionPolicy
    ranking: Ranking
    details: Mapping[str, TagDetails | Unreadable]
    current: ImageRef | None
    running: Running | None
    now: datetime

    def choose(self) -> Choice | Needs:
        """Take the best candidate that lacks nothing, unless what runs is newer."""
        passed = _PassedOver()
        for position, tag in enumerate(self.ranking):
            if self.running and self._holds_back(tag):
                return self._none_newer(self.running, position, passed)
            found = self.details.get(tag)
            if self._is_left_alone(tag):
                return self._chosen(position, passed, found if isinstance(found, TagDetails) else None)
            if found is None and self.policy.reads_digest:
                return self._needs(position)
            if isinstance(found, Unreadable):
                return self._unreadable(position, passed, found)
            lack = self._lack(tag, found) if found else None
            if lack is None and self.policy.verify and found and found.refusal is None:
                return NeedsSignature(tag)
            if lack is None:
                return self._chosen(position, passed, found)
            passed.add(tag, lack)
            if len(passed.ripe) == _MOST_TOO_YOUNG:
                return self._none_ripe(position, passed)
        return self._none_fits(passed)

    def _holds_back(self, tag: str) -> bool:
        return not self.policy.allow_downgrade and self.ranking.is_newer(self.running, than=tag)

    def _is_left_alone(self, tag: str) -> bool:
        """Whether the tag runs with a digest that stays, wherever the tag points to now."""
        current = self.current
        runs = current is not None and current.tag == tag and current.digest is not None
        return runs and not self.policy.follows_moves

    def _needs(self, position: int) -> NeedsDetails:
        """Ask for one candidate, then for twice as many each time: few rounds, little read in vain."""
        batch = self.ranking.between(position, max(2 * position, position + 1))
        return NeedsDetails(tuple(tag for tag in batch if tag not in self.details))

    def _lack(self, tag: str, found: TagDetails) -> Lack | None:
        missing = missing_platforms(self.policy.platforms, offered=found.platforms)
        if missing:
            return Lack(f"no {' and no '.join(missing)} image")
        ripe = self._ripe(tag, found)
        if ripe > self.now:
            return Lack(f"younger than min_age until {moment(ripe)}", ripe)
        return Lack(found.refusal) if found.refusal else None

    def _ripe(self, tag: str, found: TagDetails) -> datetime:
        if not self.policy.min_age or self._runs(tag, found):
            return self.now
        return (found.first_seen or self.now) + self.policy.min_age

    def _runs(self, tag: str, found: TagDetails) -> bool:
        current = self.current
        return current is not None and current.tag == tag and current.digest in {None, found.digest}

    def _chosen(self, position: int, passed: _PassedOver, found: TagDetails | None) -> Choice:
        tag = self.ranking.between(position, position + 1)[0]
        claim = self.ranking.order.words.claim
        if self.policy.platforms:
            claim += f" with {', '.join(self.policy.platforms)}"
        head = (*passed.verdicts, Verdict(tag, True, claim))
        verdicts = Verdicts(lambda: chain(head, self._behind(position), self._refusals()))
        reason = f"{tag} is {claim}{self._against_current(tag, found)}{passed.note}"
        return Choice(tag, reason, verdicts, details=found, wake_at=passed.wake_at)

    def _behind(self, position: int) -> Iterator[Verdict]:
        words = self.ranking.order.words
        best, *others = self.ranking.since(position)
        behind = f"{words.behind} {best}"
        equal = f"{words.equal} {best}, which sorts after it"
        for tag in others:
            yield Verdict(tag, False, equal if self.ranking.equals(tag, best) else behind)

    def _against_current(self, tag: str, found: TagDetails | None) -> str:
        """How the choice stands to what runs, as the end of a sentence."""
        running, current = self.running, self.current
        if running is None or current is None:
            return ""
        if current.tag != tag:
            does_compare = self.ranking.is_placed(running)
            return f"; {running.shown} runs" + ("" if does_compare else " and does not compare with it")
        if found is None or current.digest in {None, found.digest}:
            return ", and runs already"
        moved = f"now names {short_digest(found.digest)}; {short_digest(current.digest)} runs"
        return f", and {moved}" + ("" if self.policy.follows_moves else " and stays: moved_tags is ignore")

    def _none_newer(self, running: Running, position: int, passed: _PassedOver) -> Choice:
        best = self.ranking.between(position, position + 1)[0]
        what = f"{running.shown} runs and is newer than {best}, the best candidate"
        what += "" if self.ranking.is_listed(running.tag) else "; it is not listed any more"
        reason = f"{self.ranking.order.words.behind} {running.shown}, which runs"
        sentenced = sentence(f"{what}{passed.note}", fix="allow_downgrade: true would go back")
        return Choice(None, sentenced, self._all(passed, position, reason), wake_at=passed.wake_at)

    def _none_ripe(self, position: int, passed: _PassedOver) -> Choice:
        reason = f"not looked at: the best {_MOST_TOO_YOUNG} are younger than min_age"
        verdicts = self._all(passed, position + 1, reason)
        first = passed.verdicts[0]
        what = f"the best {_MOST_TOO_YOUNG} candidates are younger than min_age; {first.tag}: {first.reason}"
        return Choice(None, what, verdicts, wake_at=passed.wake_at)

    def _all(self, passed: _PassedOver, position: int, reason: str) -> Verdicts:
        """Those passed over, one reason for the candidates from a place on, and what is no candidate."""
        return Verdicts(
            lambda: chain(
                passed.verdicts,
                (Verdict(tag, False, reason) for tag in self.ranking.since(position)),
                self._refusals(),
            )
        )

    def _unreadable(self, position: int, passed: _PassedOver, found: Unreadable) -> Choice:
        tag = self.ranking.between(position, position + 1)[0]
        verdict = Verdict(tag, False, fault(tag, found))
        head = (*passed.verdicts, verdict)
        verdicts = Verdicts(lambda: chain(head, self._behind(position), self._refusals()))
        return waiting(verdict.reason, verdicts)

    def _none_fits(self, passed: _PassedOver) -> Choice:
        verdicts = (*passed.verdicts, *self._refusals())
        counts = Counter(verdict.reason for verdict in verdicts).most_common(_REASONS_SHOWN)
        why = ", ".join(f"{count} × {reason}" for reason, count in counts)
        what = f"none of the tags ({len(verdicts)}) can be chosen: {why}"
        return Choice(None, what, verdicts, wake_at=passed.wake_at)

    def _refusals(self) -> Iterator[Verdict]:
        return (Verdict(tag, False, reason) for tag, reason in self.ranking.refusals())


def waiting(fault: str, verdicts: Sequence[Verdict]) -> Choice:
    """Nothing is chosen before a tag can be read."""
    fix = "looked at again soon; no other tag is taken instead, unless ignore_tags names this one"
    return Choice(None, sentence(fault, fix=fix), verdicts, is_waiting=True)


def fault(tag: str, found: Unreadable) -> str:
    """Why a tag could not be read."""
    return f"{tag} cannot be read: {found.reason}"


def moment(when: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
