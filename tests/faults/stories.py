"""What goes wrong between Tagboat and any Git host: a test says at which call, and with which fault."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.domain.status import State
from tests.fakes.http_host import Answer, Fault
from tests.faults.checker import (
    assert_all_is_well,
    assert_nothing_was_done,
    assert_one_release_went_through,
    assert_says,
    blocked,
)
from tests.faults.stage import Stage

MINUTE = timedelta(minutes=1)
LASTING = 1_000_000

Way = tuple[str, str]
"""A call of the host's API: its method, and a regular expression for its path."""


def each_create_breaks_in_each_environment(
    stage: Stage, creates: Collection[Way], again: Collection[Way], fault: Fault
) -> None:
    """Each call breaks on the way through dev, and those of `again` once more on the way through prod."""
    stage.argocd.apps["web-dev"].rollout_seconds = 1
    _break(stage, creates, fault)
    stage.push("1.1.0")
    stage.until(lambda: stage.file("dev") == stage.values("1.1.0"), "the merge in dev")
    _break(stage, again, fault)
    stage.finish()
    assert_one_release_went_through(stage)
    assert stage.unplayed() == []


def each_step_of_a_withdrawal_breaks(stage: Stage, steps: Collection[Way], fault: Fault) -> None:
    """A human brings the release to prod, so that the open proposal is closed."""
    stage.proposed("1.1.0")
    _break(stage, steps, fault)
    stage.hosted.commit("main", {"envs/prod/values.yaml": stage.values("1.1.0")})
    stage.until(lambda: stage.hosted.pull(2).state == "closed", "the withdrawal")
    stage.until(stage.is_still, "rest")
    assert_all_is_well(stage)
    assert len(stage.hosted.pull(2).comments) == 1
    assert stage.unplayed() == []


def each_is_refused(stage: Stage, ways: Collection[Way], refusal: Fault, *, times: int = 1) -> None:
    """Each of the calls is refused so many times."""
    for method, path in ways:
        stage.host.faults.add(method, path, refusal, times=times)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)


def a_fault_lasts(
    stage: Stage, way: Way, fault: Fault, *, words: Collection[str], is_for_humans: bool
) -> None:
    """A sentence says what and why for as long as a fault lasts, and a human is called once at most."""
    stage.host.faults.add(*way, fault, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert_says(stage, *words)
    assert_nothing_was_done(stage)
    told = blocked(stage)
    assert len(told) == is_for_humans, f"one call for a human at most, and for no passing fault: {told}"
    stage.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


def a_limit_is_kept(stage: Stage, way: Way, limit: Fault, *, seconds: int, words: str) -> None:
    """The host wants to be left alone for so many seconds."""
    stage.host.faults.add(*way, limit)
    stage.push("1.1.0")
    stage.turn()
    stage.host.forget_requests()
    stage.pass_by(timedelta(seconds=seconds - 10))
    assert stage.host.asked() == []
    assert_says(stage, words)
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


def a_list_lags_behind(stage: Stage, path: str) -> None:
    """The list of what is open stays empty for a while."""
    stage.host.faults.add("GET", path, Answer(200, []), times=30)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


def a_file_of_prod_is_hidden(stage: Stage, path: str, missing: Fault) -> None:
    """One environment's file is not shown for a while; the other goes on."""
    stage.host.faults.add("GET", path, missing, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert stage.status("dev").state is State.LIVE
    assert stage.file("dev") == stage.values("1.1.0")
    assert_says(stage, "envs/prod/values.yaml is not in acme/infra", "create the file")
    stage.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


def a_change_is_overtaken_for_ever(stage: Stage, way: Way, busy: Fault, *, words: Collection[str]) -> None:
    """Somebody is always faster, so it is said."""
    stage.host.faults.add(*way, busy, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert len(stage.host.asked(*way)) <= 60, "twelve at most, each quarter of a minute"
    assert_says(stage, *words)
    assert blocked(stage) == []
    stage.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


def _break(stage: Stage, ways: Collection[Way], fault: Fault) -> None:
    for method, path in ways:
        stage.host.faults.add(method, path, fault)
