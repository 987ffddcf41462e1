"""What is asked about tags beyond their names, and what an answer that says too little leads to."""

from __future__ import annotations

import pytest

from bot.domain.choosing.selection import (
    NeedsDetails,
    SelectionPolicy,
    Strategy,
    TagDetails,
    Unreadable,
    choose,
)
from bot.domain.image import ImageRef
from tests.domain.choosing.selections import (
    ALPHABETICAL,
    BOTH,
    DIGEST,
    NEWEST,
    NOW,
    ON_BOTH,
    OUTAGE,
    SEMVER,
    Details,
    built,
    chosen,
    reasons,
    running,
)


@pytest.mark.parametrize(
    ("policy", "known", "asked"),
    [
        pytest.param(SEMVER, {}, None, id="semver needs none"),
        pytest.param(ALPHABETICAL, {}, None, id="alphabetical needs none"),
        pytest.param(NEWEST, {}, ("1.0", "2.0", "latest"), id="newest-build needs all"),
        pytest.param(
            NEWEST, {"2.0": built(1)}, ("1.0", "latest"), id="newest-build asks for what is missing"
        ),
        pytest.param(
            SelectionPolicy(Strategy.NEWEST_BUILD, ignore_tags=("l*",)),
            {},
            ("1.0", "2.0"),
            id="all that is kept",
        ),
        pytest.param(DIGEST, {}, ("latest",), id="digest needs its tag"),
        pytest.param(ON_BOTH, {}, ("2.0",), id="platforms need the best candidate"),
        pytest.param(ON_BOTH, {"2.0": built(1, "linux/amd64")}, ("1.0",), id="then the next best"),
        pytest.param(ON_BOTH, {"2.0": built(1, *BOTH)}, None, id="and no more than that"),
    ],
)
def test_details_are_asked_for_only_where_they_are_needed(
    policy: SelectionPolicy, known: Details, asked: tuple[str, ...] | None
) -> None:
    answer = choose(policy, ["1.0", "2.0", "latest"], details=known, current=None, now=NOW)
    assert (answer.tags if isinstance(answer, NeedsDetails) else None) == asked


def test_many_candidates_without_the_platform_are_asked_for_in_few_rounds() -> None:
    tags = [f"1.0.{patch}" for patch in range(1000)]
    known: dict[str, TagDetails | Unreadable] = {}
    rounds = 0
    while isinstance(answer := choose(ON_BOTH, tags, details=known, current=None, now=NOW), NeedsDetails):
        known |= dict.fromkeys(answer.tags, built(1, "linux/amd64"))
        rounds += 1
    assert answer.tag is None
    assert rounds < 15


def test_newest_build_asks_about_what_runs_even_if_it_is_filtered_out() -> None:
    policy = SelectionPolicy(Strategy.NEWEST_BUILD, allow_tags="regexp:^r")
    answer = choose(policy, ["r1", "main"], details={"r1": built(1)}, current=running("main"), now=NOW)
    assert answer == NeedsDetails(("main",))
    choice = chosen(policy, ["r1", "main"], {"r1": built(1), "main": built(2)}, running("main"))
    assert choice.tag is None
    assert choice.reason.startswith("main runs and is newer than r1")


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        pytest.param(["linux/amd64"], "no linux/arm64 image", id="one is missing"),
        pytest.param([], "no linux/amd64 and no linux/arm64 image", id="none is known"),
        pytest.param(["linux/amd64", "linux/arm/v7"], "no linux/arm64 image", id="another architecture"),
    ],
)
def test_a_candidate_without_every_platform_is_passed_over(offered: list[str], reason: str) -> None:
    known = {"2.0": built(2, *offered), "1.0": built(1, "linux/amd64", "linux/arm64/v8")}
    for policy in (
        ON_BOTH,
        SelectionPolicy(Strategy.ALPHABETICAL, platforms=BOTH),
        SelectionPolicy(Strategy.NEWEST_BUILD, platforms=BOTH),
    ):
        choice = chosen(policy, ["1.0", "2.0"], known)
        assert choice.tag == "1.0"
        assert choice.details == known["1.0"]
        assert reasons(choice)["2.0"] == reason
        assert "with linux/amd64, linux/arm64" in choice.reason


def test_the_digest_strategy_wants_every_platform_too() -> None:
    policy = SelectionPolicy(Strategy.DIGEST, "latest", platforms=BOTH)
    choice = chosen(policy, ["latest"], {"latest": built(1, "linux/amd64")})
    assert choice.tag is None
    assert reasons(choice) == {"latest": "no linux/arm64 image"}


def test_lacking_platforms_are_no_reason_to_go_back() -> None:
    known = {"2.0": built(2, "linux/amd64"), "1.0": built(1, *BOTH)}
    choice = chosen(ON_BOTH, ["1.0", "2.0"], known, running("1.5"))
    assert choice.tag is None
    assert reasons(choice) == {"2.0": "no linux/arm64 image", "1.0": "older than 1.5, which runs"}


@pytest.mark.parametrize(
    ("policy", "known", "current"),
    [
        pytest.param(ON_BOTH, {"3.0": OUTAGE}, None, id="the best version"),
        pytest.param(
            ON_BOTH, {"3.0": built(3, "linux/amd64"), "2.0": OUTAGE}, None, id="the best that is left"
        ),
        pytest.param(SEMVER, {"3.0": OUTAGE}, None, id="the best version, though nothing of it was needed"),
        pytest.param(
            NEWEST, {"3.0": built(3), "2.0": OUTAGE, "1.0": built(1)}, None, id="any build may be newest"
        ),
        pytest.param(
            SelectionPolicy(Strategy.DIGEST, "2.0"), {"2.0": OUTAGE}, running("2.0"), id="the followed tag"
        ),
        pytest.param(
            NEWEST, {"3.0": built(3), "2.0": OUTAGE, "1.0": built(1)}, running("2.0"), id="what runs"
        ),
    ],
)
def test_a_tag_that_cannot_be_read_makes_the_choice_wait(
    policy: SelectionPolicy, known: Details, current: ImageRef | None
) -> None:
    choice = chosen(policy, ["1.0", "2.0", "3.0"], known, current)
    assert (choice.tag, choice.is_waiting) == (None, True)
    assert "cannot be read: registry answered 503 (looked at again soon" in choice.reason
    assert len(reasons(choice)) == 3
    assert sum("cannot be read: registry answered 503" in reason for reason in reasons(choice).values()) == 1
    assert not any(verdict.is_chosen for verdict in choice.verdicts)


@pytest.mark.parametrize(
    ("policy", "known", "current", "best"),
    [
        pytest.param(
            ON_BOTH, {"3.0": built(3, *BOTH), "2.0": OUTAGE}, None, "3.0", id="a version below the best"
        ),
        pytest.param(
            SelectionPolicy(Strategy.NEWEST_BUILD, ignore_tags=("2.*",)),
            {"3.0": built(3), "2.0": OUTAGE, "1.0": built(1)},
            None,
            "3.0",
            id="an ignored tag",
        ),
        pytest.param(
            NEWEST,
            {"3.0": built(3), "2.0": built(2), "1.0": built(1), "gone": OUTAGE},
            running("gone"),
            "3.0",
            id="what runs, when it is listed no more",
        ),
        pytest.param(ON_BOTH, {"3.0": OUTAGE}, running("3.1"), None, id="a version older than what runs"),
    ],
)
def test_a_tag_that_could_not_be_chosen_holds_nothing_up(
    policy: SelectionPolicy, known: Details, current: ImageRef | None, best: str | None
) -> None:
    choice = chosen(policy, ["1.0", "2.0", "3.0"], known, current)
    assert (choice.tag, choice.is_waiting) == (best, False)


def test_what_runs_is_not_asked_about_when_going_back_is_allowed() -> None:
    back = SelectionPolicy(Strategy.NEWEST_BUILD, allow_downgrade=True)
    assert chosen(back, ["1.0"], {"1.0": built(1)}, running("gone")).tag == "1.0"
