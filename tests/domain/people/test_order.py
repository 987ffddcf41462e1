"""What stands of people's orders: the newest word counts, for as long as it was meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.image import ImageName, ImageRef, Release
from bot.domain.people.command import Verb
from bot.domain.people.order import NOTHING_TOLD, PROMOTED_FOR, Order, Standing, standing

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE, TWO = (
    Release.of({"web": ImageRef(ImageName("ghcr.io", "acme/web"), tag)}) for tag in ("1.0.0", "1.1.0")
)


def order(verb: Verb, number: int, **changes: object) -> Order:
    """An order for prod; those of higher numbers came later."""
    made = Order(str(number), "shop", "prod", verb, "ada", NOW + number * HOUR)
    return replace(made, **changes)  # type: ignore[arg-type]


HOLD, RESUME = order(Verb.HOLD, 0), order(Verb.RESUME, 1)
BACK = order(Verb.ROLLBACK, 2, release=ONE.key)
SHORT = order(Verb.HOLD, 3, until=NOW + 4 * HOUR)
AGAIN = order(Verb.HOLD, 4)
OVER = order(Verb.OVERWRITE, 4)


@pytest.mark.parametrize(
    ("orders", "at", "expected"),
    [
        ([], 5, NOTHING_TOLD),
        ([HOLD], 5, Standing(hold=HOLD)),
        ([HOLD], 9999, Standing(hold=HOLD)),
        ([HOLD, RESUME], 5, NOTHING_TOLD),
        ([HOLD, RESUME, AGAIN], 5, Standing(hold=AGAIN)),
        ([SHORT], 3, Standing(hold=SHORT)),
        ([SHORT], 4, NOTHING_TOLD),
        ([HOLD, SHORT], 5, NOTHING_TOLD),
        ([HOLD, BACK], 5, Standing(rollback=BACK)),
        ([BACK, AGAIN], 5, Standing(hold=AGAIN)),
        ([replace(BACK, key="0"), replace(RESUME, key="9")], 5, NOTHING_TOLD),
        ([replace(HOLD, environment="dev")], 5, NOTHING_TOLD),
        ([replace(HOLD, refusal="may not")], 5, NOTHING_TOLD),
        ([HOLD, replace(RESUME, refusal="may not")], 5, Standing(hold=HOLD)),
        ([OVER], 5, Standing(overwrite=OVER)),
        ([OVER], 9999, NOTHING_TOLD),
    ],
    ids=[
        *("nothing", "held", "held for ever", "resumed", "held again", "for a time", "over"),
        *("the newest hold counts", "rolled back", "held after a rollback", "rollback resumed"),
        *("of another environment", "refused", "a refused resume"),
        *("overwritten", "an overwrite of long ago"),
    ],
)
def test_the_newest_word_counts(orders: Sequence[Order], at: int, expected: Standing) -> None:
    assert standing(orders, "prod", NOW + at * HOUR) == expected


def test_a_skip_is_a_no_to_one_release() -> None:
    told = standing([order(Verb.SKIP, 0, release=ONE.key)], "prod", NOW + HOUR)
    assert told.skip_of(ONE) is not None
    assert told.skip_of(TWO) is None


def test_whoever_promotes_a_skipped_release_takes_the_no_back() -> None:
    skip, promote = (order(verb, n, release=ONE.key) for n, verb in enumerate((Verb.SKIP, Verb.PROMOTE)))
    told = standing([skip, promote], "prod", NOW + HOUR)
    assert told.skip_of(ONE) is None
    assert told.hurried == ONE.key


def test_whoever_skips_a_promoted_release_takes_that_back() -> None:
    promote, skip = (order(verb, n, release=ONE.key) for n, verb in enumerate((Verb.PROMOTE, Verb.SKIP)))
    told = standing([promote, skip], "prod", NOW + HOUR)
    assert told.hurried == ""
    assert told.skip_of(ONE) == skip


def test_a_promotion_is_for_one_release_and_ends() -> None:
    promote = order(Verb.PROMOTE, 0, release=ONE.key)
    assert standing([promote], "prod", NOW + PROMOTED_FOR).hurried == ONE.key
    assert standing([promote], "prod", NOW + PROMOTED_FOR + HOUR) == NOTHING_TOLD


def test_why_is_shown_without_markup() -> None:
    because = order(Verb.HOLD, 0, reason="see @ops <b>").because
    assert because.startswith("by ada: see @")
    assert "@ops" not in because
    assert "<b>" not in because
