"""What a pull request says was proved in the environments before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.deciding.promotion import Proof
from bot.domain.pull_request.change import Change, new_mark
from bot.domain.pull_request.upstream import upstream_text
from bot.domain.status import ApplicationStatus
from tests.domain.deciding.situations import HEAD, NOW, PROD, environment, pipeline, release

SINCE = NOW - timedelta(hours=3)
PROOF = Proof("staging", SINCE, HEAD, soaked_at=SINCE + timedelta(hours=2))
LIVE = ApplicationStatus("shop-eu", "Live", "", "https://argocd.example/applications/argocd/shop-eu")


def lines(*proofs: Proof, soak: timedelta = PROD.soak) -> list[str]:
    """What is said of the proofs, after the heading."""
    place, old, new = replace(PROD, soak=soak), release("1.0.0"), release("1.1.0")
    mark = new_mark(pipeline(), place, before=old, after=new)
    return upstream_text([Change(pipeline(), place, old, new, mark, proofs)]).split("\n")[2:]


def test_it_says_since_when_it_is_live_how_long_it_soaked_and_what_argo_cd_says() -> None:
    assert lines(replace(PROOF, applications=(LIVE,))) == [
        f"- `staging`: live since 2026-11-20 09:00 UTC, as {HEAD}",
        "  - soaked for 2h of 2h by 2026-11-20 11:00 UTC",
        f"  - Argo CD: [`shop-eu`]({LIVE.url}) Live",
    ]


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (replace(PROOF, live_until=NOW), "soaked for 3h of 2h"),
        (replace(PROOF, soaked_at=None), "not soaked for its 2h: somebody ordered it to go on"),
    ],
    ids=["replaced since", "hurried"],
)
def test_a_soak_that_ended_otherwise_says_how(proof: Proof, said: str) -> None:
    assert lines(proof)[1:] == [f"  - {said}"]


def test_one_that_was_replaced_says_until_when_it_was_live() -> None:
    first = lines(replace(PROOF, live_until=NOW))[0]
    assert "live since 2026-11-20 09:00 UTC until 2026-11-20 12:00 UTC, when a newer one came" in first


def test_where_nothing_soaks_nothing_is_said_of_it() -> None:
    assert len(lines(PROOF, soak=timedelta(0))) == 1


def test_an_application_that_is_not_live_says_why_and_harms_nobody() -> None:
    sick = ApplicationStatus("shop-us", "Degraded", "`@all` <b>", "javascript:alert(1)")
    assert lines(replace(PROOF, applications=(sick,)))[-1] == (
        "  - Argo CD: `shop-us` Degraded (ʼ@\u200ballʼ ‹b›)"
    )


def test_the_first_environment_has_nothing_to_prove() -> None:
    place, old, new = environment("dev"), release("1.0.0"), release("1.1.0")
    mark = new_mark(pipeline(), place, before=old, after=new)
    assert upstream_text([Change(pipeline(), place, old, new, mark)]) == ""
