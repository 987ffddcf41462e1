"""Which release may be promoted, and what a release that may not still waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.deciding.promotion import NotYet, Proved, proved
from bot.domain.image import Release
from bot.domain.pipeline import Environment
from bot.domain.record import Deployment, EnvironmentRecord
from tests.domain.deciding.situations import NOW, deployment, environment, release

HOUR = timedelta(hours=1)


def after(*names: str, soak: timedelta = timedelta(0)) -> Environment:
    return environment("prod", after=names, soak=soak)


def record(*deployments: Deployment) -> EnvironmentRecord:
    return EnvironmentRecord(deployments)


@pytest.mark.parametrize(
    ("staging", "soak", "reason"),
    [
        pytest.param((), timedelta(0), "nothing is deployed there yet", id="empty"),
        pytest.param((deployment("1.1.0"),), timedelta(0), "is not live there yet", id="rolling out"),
        pytest.param(
            (deployment("1.1.0", live_for=HOUR, degraded_since=NOW),),
            timedelta(0),
            "is not healthy there",
            id="degraded after it was live",
        ),
        pytest.param(
            (deployment("1.1.0", live_for=HOUR),),
            2 * HOUR,
            "soaks in staging until 2026-11-20 13:00",
            id="soaking",
        ),
    ],
)
def test_a_release_that_is_not_proved_says_what_it_waits_for(
    staging: tuple[Deployment, ...], soak: timedelta, reason: str
) -> None:
    answer = proved(after("staging", soak=soak), {"staging": record(*staging)}, NOW)
    assert isinstance(answer, NotYet)
    assert reason in answer.reason


def test_a_release_that_is_live_is_proved_with_where_and_since_when() -> None:
    live = deployment("1.1.0", live_for=HOUR)
    answer = proved(after("staging"), {"staging": record(live)}, NOW)
    assert isinstance(answer, Proved)
    assert answer.release == release("1.1.0")
    assert [(proof.environment, proof.live_since) for proof in answer.proofs] == [("staging", NOW - HOUR)]


def test_every_upstream_must_have_proved_the_same_release() -> None:
    upstream = {
        "eu": record(deployment("1.0.0", live_for=3 * HOUR), deployment("1.1.0", live_for=HOUR)),
        "us": record(deployment("1.0.0", live_for=3 * HOUR)),
    }
    answer = proved(after("eu", "us"), upstream, NOW)
    assert isinstance(answer, Proved)
    assert answer.release == release("1.0.0")
    assert answer.newer is not None
    assert answer.newer.reason == "waits for us: 1.1.0 is not deployed there"


def test_where_times_differ_the_reason_is_what_ends_last() -> None:
    upstream = {
        "eu": record(deployment("1.1.0", live_for=timedelta(minutes=50))),
        "us": record(deployment("1.1.0", live_for=timedelta(minutes=20))),
    }
    answer = proved(after("eu", "us", soak=HOUR), upstream, NOW)
    assert isinstance(answer, NotYet)
    assert answer.reason == "1.1.0 soaks in us until 2026-11-20 12:40 UTC"
    assert answer.until == NOW + timedelta(minutes=40)


def test_what_no_time_ends_is_named_before_what_soaks() -> None:
    upstream = {"eu": record(deployment("1.1.0", live_for=HOUR)), "us": record(deployment("1.0.0"))}
    answer = proved(after("eu", "us", soak=2 * HOUR), upstream, NOW)
    assert isinstance(answer, NotYet)
    assert (answer.reason, answer.until) == ("waits for us: 1.1.0 is not deployed there", None)


def test_an_upstream_whose_images_came_with_files_of_old_is_waited_for() -> None:
    unknown = replace(deployment("1.0.0", live_for=HOUR), release=Release(()))
    answer = proved(after("staging"), {"staging": record(unknown)}, NOW)
    assert isinstance(answer, NotYet)
    assert answer.reason == "waits for staging: which images stand there is not known yet"
    assert answer.release is None


def test_a_release_that_was_replaced_before_it_had_soaked_is_never_proved() -> None:
    gone = deployment("1.1.0", live_for=HOUR, live_until=NOW - HOUR / 2)
    answer = proved(after("staging", soak=HOUR), {"staging": record(gone)}, NOW)
    assert isinstance(answer, NotYet)
    assert "replaced in staging before it had soaked" in answer.reason
    assert answer.until is None


@given(st.integers(0, 300), st.integers(0, 300))
def test_soak_is_over_exactly_when_its_time_has_passed(live: int, soak: int) -> None:
    upstream = {"staging": record(deployment("1.1.0", live_for=timedelta(minutes=live)))}
    answer = proved(after("staging", soak=timedelta(minutes=soak)), upstream, NOW)
    assert isinstance(answer, Proved) == (live >= soak)
    if isinstance(answer, NotYet):
        assert answer.until == NOW + timedelta(minutes=soak - live)
