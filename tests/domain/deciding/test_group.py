"""What a group's pull request says of a fellow, by what people were last shown of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.deciding.group import shown_proofs
from bot.domain.deciding.promotion import Proof
from bot.domain.pull_request.change import Change, new_mark
from bot.domain.snapshot import EnvironmentView, Fellow
from bot.domain.status import ApplicationStatus, EnvironmentStatus, State
from tests.domain.deciding.situations import NOW, environment, pipeline, release

SINCE = NOW - timedelta(hours=3)
APPLICATIONS = (ApplicationStatus("cart-staging", "Live"),)
PLACE = environment("prod", after=("staging",), group="live", soak=timedelta(hours=2))
OWNER = replace(pipeline(), name="cart")
OLD, NEW = release("1.0.0"), release("1.1.0")
CHANGE = Change(OWNER, PLACE, OLD, NEW, new_mark(OWNER, PLACE, before=OLD, after=NEW))


def seen(running: str, live_since: datetime | None) -> EnvironmentView:
    """What is known while the fellow's staging was last shown like this."""
    staging = EnvironmentStatus(
        "staging",
        State.LIVE,
        "",
        running={"web": running},
        live_since=live_since,
        applications=APPLICATIONS,
    )
    return EnvironmentView({}, fellows=(Fellow(OWNER, PLACE, upstream=(staging,)),))


def test_what_still_runs_upstream_is_its_proof() -> None:
    proof = Proof("staging", SINCE, soaked_at=SINCE + timedelta(hours=2), applications=APPLICATIONS)
    assert shown_proofs(seen("1.1.0", SINCE), CHANGE, NOW) == (proof,)


@pytest.mark.parametrize(
    "view",
    [seen("1.2.0", SINCE), seen("1.1.0", None), EnvironmentView({})],
    ids=["another release runs there", "it is not live there", "nobody knows the fellow"],
)
def test_nothing_is_said_that_is_not_known(view: EnvironmentView) -> None:
    assert shown_proofs(view, CHANGE, NOW) == ()
