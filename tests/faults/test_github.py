"""GitHub fails at each kind of call in each kind of way, from an image push until prod is live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.domain.snapshot import State
from tests.fakes.github import primary_limit, secondary_limit
from tests.fakes.http_host import Answer, Cut, Delay, Fault
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

READS = (
    "acme/infra$",
    "/branches/main$",
    "/branches/tagboat/",
    "/contents/",
    "/compare/",
    "/pulls$",
    r"/pulls/\d+$",
)
CREATES = {
    "tree": ("POST", "/git/trees$"),
    "commit": ("POST", "/git/commits$"),
    "branch": ("POST", "/git/refs$"),
    "pull request": ("POST", "/pulls$"),
    "merge": ("PUT", "/merge$"),
}
CHANGES = (("PATCH", "/git/refs/heads/"), ("PATCH", r"/pulls/\d+$"))
WITHDRAWALS = (
    ("PATCH", r"/pulls/\d+$"),
    ("POST", "/comments$"),
    ("DELETE", "/git/refs/heads/"),
)
BREAKS: dict[str, Fault] = {
    "502": Answer(502, {"message": "Server Error"}),
    "502 after the work": Answer(502, {"message": "Server Error"}, after=True),
    "cut": Cut(),
    "cut after the work": Cut(after=True),
}
REFUSALS: dict[str, Fault] = {
    "401": Answer(401, {"message": "Bad credentials"}),
    "403": Answer(403, {"message": "Resource not accessible by personal access token"}),
    "404": Answer(404, {"message": "Not Found"}),
    "409": Answer(409, {"message": "Git Repository is empty."}),
    "422": Answer(422, {"message": "Validation Failed"}),
    "junk": Answer(200, {"surprise": [None]}),
}


class TestNothingIsThereTwice:
    @pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
    def test_each_create_breaks_in_each_environment(self, stage: Stage, fault: Fault) -> None:
        stage.argocd.apps["web-dev"].rollout_seconds = 1
        for method, path in CREATES.values():
            stage.github.faults.add(method, path, fault)
        stage.push("1.1.0")
        stage.until(lambda: stage.file("dev") == stage.values("1.1.0"), "the merge in dev")
        for name in ("tree", "commit", "branch", "pull request"):
            stage.github.faults.add(*CREATES[name], fault)
        stage.finish()
        assert_one_release_went_through(stage)
        assert stage.unplayed() == []

    @pytest.mark.parametrize("name", ["502", "cut after the work"])
    def test_each_update_of_an_open_pull_request_breaks(self, stage: Stage, name: str) -> None:
        stage.proposed("1.1.0")
        for method, path in CHANGES:
            stage.github.faults.add(method, path, BREAKS[name])
        stage.proposed("1.2.0")
        stage.finish()
        assert_all_is_well(stage, tags=("1.1.0", "1.2.0"))
        assert [pull.branch for pull in stage.hosted.pulls.values()].count("tagboat/shop/prod") == 1
        assert stage.unplayed() == []

    @pytest.mark.parametrize("name", ["502", "cut after the work"])
    def test_each_step_of_a_withdrawal_breaks(self, stage: Stage, name: str) -> None:
        stage.proposed("1.1.0")
        for method, path in WITHDRAWALS:
            stage.github.faults.add(method, path, BREAKS[name])
        stage.hosted.commit("main", {"envs/prod/values.yaml": stage.values("1.1.0")})
        stage.until(lambda: stage.hosted.pull(2).state == "closed", "the withdrawal")
        stage.until(stage.is_still, "rest")
        assert_all_is_well(stage)
        assert len(stage.hosted.pull(2).comments) == 1
        assert stage.unplayed() == []


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_change_that_is_refused_once_is_made_later(stage: Stage, refusal: Fault) -> None:
    for method, path in CREATES.values():
        stage.github.faults.add(method, path, refusal)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert stage.unplayed() == []


@pytest.mark.parametrize("name", ["401", "403", "404", "junk"])
def test_a_read_that_is_refused_a_few_times_is_read_later(stage: Stage, name: str) -> None:
    for path in READS:
        stage.github.faults.add("GET", path, REFUSALS[name], times=3)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert stage.unplayed() == []


@pytest.mark.parametrize(
    ("method", "path", "fault", "words", "is_for_humans"),
    [
        pytest.param("GET", ".", Cut(), ("GitHub at 127.0.0.1", "did not answer"), False, id="gone"),
        pytest.param("GET", "/pulls$", Answer(502), ("127.0.0.1", "HTTP 502"), False, id="502 on a list"),
        pytest.param("POST", "/pulls$", Answer(502), ("127.0.0.1", "HTTP 502"), False, id="502 on a create"),
        pytest.param(
            "GET",
            ".",
            Answer(401, {"message": "Bad credentials"}),
            ("access token", "acme/infra on 127.0.0.1", "Bad credentials", "give a new one"),
            True,
            id="token revoked",
        ),
        pytest.param(
            "POST",
            "/git/trees$",
            Answer(403, {"message": "Resource not accessible by personal access token"}),
            ("access token", "acme/infra on 127.0.0.1", "read and write"),
            True,
            id="right taken away",
        ),
        pytest.param(
            "PUT",
            "/merge$",
            Answer(405, {"message": "Required status check is expected"}),
            ("pull request 1 of acme/infra", "Required status check"),
            True,
            id="merge forbidden",
        ),
        pytest.param(
            "GET",
            ".",
            Answer(404, {"message": "Not Found"}),
            ("acme/infra on 127.0.0.1", "check"),
            True,
            id="gone for us",
        ),
        pytest.param(
            "GET",
            ".",
            Answer(301, {"message": "Moved Permanently"}),
            ("acme/infra on 127.0.0.1 was moved", "new name"),
            True,
            id="renamed",
        ),
    ],
)
def test_while_it_lasts_a_sentence_says_what_and_why(
    stage: Stage, method: str, path: str, fault: Fault, words: tuple[str, ...], is_for_humans: bool
) -> None:
    stage.github.faults.add(method, path, fault, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert_says(stage, *words)
    assert_nothing_was_done(stage)
    told = blocked(stage)
    assert len(told) == is_for_humans, f"one call for a human at most, and for no passing fault: {told}"
    stage.github.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


@pytest.mark.parametrize(
    ("method", "path", "limit", "seconds"),
    [
        pytest.param("GET", "/pulls$", lambda: primary_limit(600), 600, id="primary on a read"),
        pytest.param("POST", "/pulls$", lambda: secondary_limit(90), 90, id="secondary on a create"),
        pytest.param("PUT", "/merge$", lambda: secondary_limit(None), 60, id="one that names no time"),
    ],
)
def test_a_limit_is_kept_without_a_question_or_an_alert(
    stage: Stage, method: str, path: str, limit: Callable[[], Fault], seconds: int
) -> None:
    stage.github.faults.add(method, path, limit())
    stage.push("1.1.0")
    stage.turn()
    stage.github.forget_requests()
    stage.pass_by(timedelta(seconds=seconds - 10))
    assert stage.github.asked() == []
    assert_says(stage, "GitHub at 127.0.0.1 asked to slow down")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


def test_a_pull_request_that_is_opened_after_we_gave_up_waiting_is_opened_once(stage: Stage) -> None:
    stage.github.faults.add(*CREATES["pull request"], Delay(1.1))
    stage.push("1.1.0")
    stage.turn()
    stage.await_late_work()
    stage.finish()
    assert_one_release_went_through(stage)


def test_a_list_that_lags_behind_leads_to_no_second_pull_request(stage: Stage) -> None:
    stage.github.faults.add("GET", "/pulls$", Answer(200, []), times=30)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


def test_a_file_that_is_not_shown_for_a_while_stops_its_environment_and_no_other(stage: Stage) -> None:
    stage.github.faults.add(
        "GET", "/contents/envs/prod", Answer(404, {"message": "Not Found"}), times=LASTING
    )
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert stage.status("dev").state is State.LIVE
    assert stage.file("dev") == stage.values("1.1.0")
    assert_says(stage, "envs/prod/values.yaml is not in acme/infra", "create the file")
    stage.github.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


def test_a_change_that_is_overtaken_for_ever_does_not_go_round_for_ever(stage: Stage) -> None:
    busy = Answer(409, {"message": "Reference is locked"})
    stage.github.faults.add("POST", "/git/refs$", busy, times=LASTING)
    stage.push("1.1.0")
    stage.pass_by(MINUTE)
    assert len(stage.github.asked("POST", "/git/refs$")) <= 60, "twelve at most, each quarter of a minute"
    assert_says(stage, "acme/infra on 127.0.0.1 was changed at the same moment", "Reference is locked")
    assert blocked(stage) == []
    stage.github.faults.clear()
    stage.finish()
    assert_one_release_went_through(stage)


def test_somebody_who_undoes_each_change_is_not_fought_without_a_pause(stage: Stage) -> None:
    stage.proposed("1.1.0")
    stage.hosted.edit_pull(2, body="I write my own words.")
    stage.github.faults.add("PATCH", "/pulls/2$", Answer(200, {"number": 2}), times=LASTING)
    stage.pass_by(6 * MINUTE)
    assert 1 <= len(stage.github.asked("PATCH", "/pulls/2$")) <= 60
    stage.github.faults.clear()
    stage.until(lambda: "tagboat release=" in stage.hosted.pull(2).body, "Tagboat's own words")
    stage.finish()
    assert_one_release_went_through(stage)
