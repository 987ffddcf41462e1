"""A Git host fails at each kind of call in each kind of way, from an image push until prod is live."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.domain.status import State
from tests.fakes.http_host import Answer, Cut, Delay, Fault
from tests.faults.checker import (
    assert_all_is_well,
    assert_nothing_was_done,
    assert_one_release_went_through,
    assert_says,
    blocked,
)
from tests.faults.git_hosts import GITHUB, GITLAB, HOSTS, Host, Lasting, Limit, Way
from tests.faults.stage import Stage, staged

MINUTE = timedelta(minutes=1)
ALWAYS = 1_000_000
BREAKS: dict[str, Fault] = {
    "502": Answer(502, {"message": "502 Bad Gateway"}),
    "502 after the work": Answer(502, {"message": "502 Bad Gateway"}, after=True),
    "cut": Cut(),
    "cut after the work": Cut(after=True),
}
_T = TypeVar("_T")


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    return HOSTS[request.param]


@pytest.fixture
def stage(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with staged(tmp_path, monkeypatch, host.fake) as built:
        yield built


def _each(name: str, of: Callable[[Host], Mapping[str, _T]]) -> pytest.MarkDecorator:
    """Each host with each of its own."""
    found = [(host.name, key, value) for host in HOSTS.values() for key, value in of(host).items()]
    params = [pytest.param(host, value, id=f"{host} {key}") for host, key, value in found]
    return pytest.mark.parametrize(("host", name), params, indirect=["host"])


def _ask_one_by_one(host: Host, stage: Stage) -> None:
    """Let a host that answers a whole look at once fail to."""
    stage.host.faults.add(*host.survey, Answer(502), times=ALWAYS)


class TestNothingIsThereTwice:
    @pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
    def test_each_create_breaks_in_each_environment(self, host: Host, stage: Stage, fault: Fault) -> None:
        stage.argocd.apps["web-dev"].rollout_seconds = 1
        _meet(stage, host.creates.values(), fault)
        stage.push("1.1.0")
        stage.until(lambda: stage.file("dev") == stage.values("1.1.0"), "the merge in dev")
        _meet(stage, [way for name, way in host.creates.items() if name != "merge"], fault)
        stage.finish()
        assert_one_release_went_through(stage)
        assert stage.unplayed() == []

    @pytest.mark.parametrize("name", ["502", "cut after the work"])
    def test_each_update_of_an_open_pull_request_breaks(self, host: Host, stage: Stage, name: str) -> None:
        stage.proposed("1.1.0")
        for (method, path), nth in host.updates.items():
            stage.host.faults.add(method, path, BREAKS[name], nth=nth)
        stage.proposed("1.2.0")
        stage.finish()
        assert_all_is_well(stage, tags=("1.1.0", "1.2.0"))
        assert [pull.branch for pull in stage.hosted.pulls.values()].count("tagboat/shop/prod") == 1
        assert stage.unplayed() == []

    @pytest.mark.parametrize("name", ["502", "cut after the work"])
    def test_each_step_of_a_withdrawal_breaks(self, host: Host, stage: Stage, name: str) -> None:
        """A human brings the release to prod, so that the open proposal is closed."""
        stage.proposed("1.1.0")
        _meet(stage, host.withdrawals, BREAKS[name])
        stage.hosted.commit("main", {"envs/prod/values.yaml": stage.values("1.1.0")})
        stage.until(lambda: stage.hosted.pull(2).state == "closed", "the withdrawal")
        stage.until(stage.is_still, "rest")
        assert_all_is_well(stage)
        assert len(stage.hosted.pull(2).comments) == 1
        assert stage.unplayed() == []

    def test_a_pull_request_that_is_opened_after_we_gave_up_waiting(self, host: Host, stage: Stage) -> None:
        stage.host.faults.add(*host.creates["pull request"], Delay(1.1))
        stage.push("1.1.0")
        stage.turn()
        stage.await_late_work()
        stage.finish()
        assert_one_release_went_through(stage)

    def test_a_list_that_lags_behind(self, host: Host, stage: Stage) -> None:
        _ask_one_by_one(host, stage)
        stage.host.faults.add("GET", host.creates["pull request"][1], Answer(200, []), times=30)
        stage.push("1.1.0")
        stage.finish()
        assert_one_release_went_through(stage)
        assert blocked(stage) == []


class TestRefusals:
    @_each("refusal", lambda host: host.refusals)
    def test_a_change_that_is_refused_once_is_made_later(
        self, host: Host, stage: Stage, refusal: Fault
    ) -> None:
        _meet(stage, host.creates.values(), refusal)
        stage.push("1.1.0")
        stage.finish()
        assert_one_release_went_through(stage)
        assert stage.unplayed() == []

    @pytest.mark.parametrize("name", ["401", "403", "404", "junk"])
    def test_a_read_that_is_refused_a_few_times_is_read_later(
        self, host: Host, stage: Stage, name: str
    ) -> None:
        _ask_one_by_one(host, stage)
        _meet(stage, [("GET", path) for path in host.reads], host.refusals[name], times=3)
        stage.push("1.1.0")
        stage.finish()
        assert_one_release_went_through(stage)


@_each("lasting", lambda host: host.lasting)
def test_while_it_lasts_a_sentence_says_what_and_why(host: Host, stage: Stage, lasting: Lasting) -> None:
    _ask_one_by_one(host, stage)
    stage.host.faults.add(*lasting.way, lasting.fault, times=ALWAYS)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert_says(stage, *lasting.words)
    assert_nothing_was_done(stage)
    told = blocked(stage)
    assert len(told) == lasting.is_for_humans, f"one call for a human, and none for a passing fault: {told}"
    stage.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


@_each("limit", lambda host: host.limits)
def test_a_limit_is_kept_without_a_question_or_an_alert(host: Host, stage: Stage, limit: Limit) -> None:
    _ask_one_by_one(host, stage)
    stage.host.faults.add(*limit.way, limit.fault())
    stage.push("1.1.0")
    stage.turn()
    stage.host.forget_requests()
    stage.pass_by(timedelta(seconds=limit.seconds - 10))
    assert stage.host.asked() == []
    assert_says(stage, f"{host.name} at 127.0.0.1 asked to slow down")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


def test_a_file_that_is_not_shown_for_a_while_stops_its_environment_and_no_other(
    host: Host, stage: Stage
) -> None:
    _ask_one_by_one(host, stage)
    stage.host.faults.add("GET", host.prods_file, host.refusals["404"], times=ALWAYS)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert stage.status("dev").state is State.LIVE
    assert stage.file("dev") == stage.values("1.1.0")
    assert_says(stage, "envs/prod/values.yaml is not in acme/infra", "create the file")
    stage.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


def test_a_change_that_is_overtaken_for_ever_does_not_go_round_for_ever(host: Host, stage: Stage) -> None:
    stage.host.faults.add(*host.creates["branch"], host.busy, times=ALWAYS)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert len(stage.host.asked(*host.creates["branch"])) <= 60, "twelve at most, each quarter of a minute"
    assert_says(stage, *host.overtaken)
    assert blocked(stage) == []
    stage.host.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


@pytest.mark.parametrize("host", [GITLAB.name], indirect=True)
def test_a_merge_status_that_is_not_known_yet_is_waited_for_without_an_alert(stage: Stage) -> None:
    stage.gitlab.ways.late = set()
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


@pytest.mark.parametrize("host", [GITHUB.name], indirect=True)
def test_somebody_who_undoes_each_change_is_not_fought_without_a_pause(stage: Stage) -> None:
    stage.proposed("1.1.0")
    stage.hosted.edit_pull(2, body="I write my own words.")
    stage.github.faults.add("PATCH", "/pulls/2$", Answer(200, {"number": 2}), times=ALWAYS)
    stage.pass_by(6 * MINUTE)
    assert 1 <= len(stage.github.asked("PATCH", "/pulls/2$")) <= 60
    stage.github.faults.clear()
    stage.until(lambda: "tagboat release=" in stage.hosted.pull(2).body, "Tagboat's own words")
    stage.finish()
    assert_one_release_went_through(stage)


def _meet(stage: Stage, ways: Collection[Way], fault: Fault, *, times: int = 1) -> None:
    for method, path in ways:
        stage.host.faults.add(method, path, fault, times=times)
