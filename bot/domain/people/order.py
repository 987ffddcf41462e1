"""Orders: what people told Tagboat to do in an environment, and what stands of it now.

Orders are only ever added, each with who, when and why, so that they are the record of what people did as
well. What counts is read from all of them at the moment of deciding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.harmless import harmless
from bot.domain.image import Release
from bot.domain.people.command import Verb

PROMOTED_FOR = timedelta(days=7)
"""How long a release that was told to go on, or to overwrite, may do so; then it must be told anew."""

MOST_KEPT = 20
"""Orders of one verb that may count in one environment, the newest."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody told: `key` names the comment or call, so that it counts once.

    `until` ends a hold, None: when somebody resumes. `release` is the key of the release that is meant, with
    its `version` for people; of an overwrite it names the changes by hand that were seen. `refusal` says why
    it was not taken: then it is kept as a record alone. `where` is the page on which it was told.
    """

    key: str
    pipeline: str
    environment: str
    verb: Verb
    who: str
    at: datetime
    reason: str = ""
    until: datetime | None = None
    release: str = ""
    version: str = ""
    is_forced: bool = False
    refusal: str = ""
    where: str = ""

    @property
    def because(self) -> str:
        """`by ada: the migration runs`, fit for where people read."""
        reason = f": {harmless(self.reason)}" if self.reason else ""
        return f"by {harmless(self.who)}{reason}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What people told of one environment and still counts.

    At most one of `hold` and `rollback` is there. `skipped` has the newest order for each release.
    """

    hold: Order | None = None
    rollback: Order | None = None
    promotion: Order | None = None
    rebase: Order | None = None
    overwrite: Order | None = None
    skipped: tuple[Order, ...] = ()

    def skip_of(self, release: Release) -> Order | None:
        """Who said no to the release, or None."""
        return next((each for each in self.skipped if each.release == release.key), None)

    @property
    def hurried(self) -> str:
        """The key of the release that need not soak; empty where there is none."""
        return self.promotion.release if self.promotion else ""


NOTHING_TOLD = Standing()
"""What stands where nobody told anything."""


def standing(orders: Iterable[Order], environment: str, now: datetime) -> Standing:
    """What counts at `now` of these orders, the oldest of which comes first."""
    ours = [each for each in orders if each.environment == environment and not each.refusal]
    stop = _newest(ours, Verb.HOLD, Verb.RESUME, Verb.ROLLBACK)
    is_hold = stop is not None and stop.verb is Verb.HOLD and (stop.until is None or now < stop.until)
    promotion = _recent(_newest(ours, Verb.PROMOTE), now)
    last = {each.release: each for each in ours if each.verb in {Verb.SKIP, Verb.PROMOTE} and each.release}
    skipped = tuple(each for each in last.values() if each.verb is Verb.SKIP)
    if promotion and last.get(promotion.release) is not promotion:
        promotion = None  # the same release was skipped since
    return Standing(
        hold=stop if is_hold else None,
        rollback=stop if stop and stop.verb is Verb.ROLLBACK else None,
        promotion=promotion,
        rebase=_newest(ours, Verb.REBASE),
        overwrite=_recent(_newest(ours, Verb.OVERWRITE), now),
        skipped=skipped,
    )


def that_count(orders: Sequence[Order]) -> Sequence[Order]:
    """Of the orders of one pipeline, oldest first, those that may still count."""
    kept: list[Order] = []
    counts: dict[tuple[str, Verb], int] = {}
    for order in reversed(orders):
        kind = (order.environment, order.verb)
        counts[kind] = counts.get(kind, 0) + (not order.refusal)
        if not order.refusal and counts[kind] <= MOST_KEPT:
            kept.append(order)
    return kept[::-1]


def _recent(order: Order | None, now: datetime) -> Order | None:
    return order if order and now - order.at <= PROMOTED_FOR else None


def _newest(orders: Sequence[Order], *verbs: Verb) -> Order | None:
    return next((each for each in reversed(orders) if each.verb in verbs), None)
