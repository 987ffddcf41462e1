"""GitHub fails at each kind of call in each kind of way, from an image push until prod is live."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.github import primary_limit, secondary_limit
from tests.fakes.http_host import Answer, Cut, Delay, Fault
from tests.faults import stories
from tests.faults.checker import (
    assert_all_is_well,
    assert_one_release_went_through,
)
from tests.faults.stage import Stage
from tests.faults.stories import LASTING, MINUTE

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
        again = [CREATES[name] for name in ("tree", "commit", "branch", "pull request")]
        stories.each_create_breaks_in_each_environment(stage, CREATES.values(), again, fault)

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
        stories.each_step_of_a_withdrawal_breaks(stage, WITHDRAWALS, BREAKS[name])


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_change_that_is_refused_once_is_made_later(stage: Stage, refusal: Fault) -> None:
    stories.each_is_refused(stage, CREATES.values(), refusal)
    assert stage.unplayed() == []


@pytest.mark.parametrize("name", ["401", "403", "404", "junk"])
def test_a_read_that_is_refused_a_few_times_is_read_later(stage: Stage, name: str) -> None:
    stories.each_is_refused(stage, [("GET", path) for path in READS], REFUSALS[name], times=3)
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
            ("acme/infra on 127.0.0.1 was moved", "new path"),
            True,
            id="renamed",
        ),
    ],
)
def test_while_it_lasts_a_sentence_says_what_and_why(
    stage: Stage, method: str, path: str, fault: Fault, words: tuple[str, ...], is_for_humans: bool
) -> None:
    stories.a_fault_lasts(stage, (method, path), fault, words=words, is_for_humans=is_for_humans)


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
    words = "GitHub at 127.0.0.1 asked to slow down"
    stories.a_limit_is_kept(stage, (method, path), limit(), seconds=seconds, words=words)


def test_a_pull_request_that_is_opened_after_we_gave_up_waiting_is_opened_once(stage: Stage) -> None:
    stage.github.faults.add(*CREATES["pull request"], Delay(1.1))
    stage.push("1.1.0")
    stage.turn()
    stage.await_late_work()
    stage.finish()
    assert_one_release_went_through(stage)


def test_a_list_that_lags_behind_leads_to_no_second_pull_request(stage: Stage) -> None:
    stories.a_list_lags_behind(stage, "/pulls$")


def test_a_file_that_is_not_shown_for_a_while_stops_its_environment_and_no_other(stage: Stage) -> None:
    missing = Answer(404, {"message": "Not Found"})
    stories.a_file_of_prod_is_hidden(stage, "/contents/envs/prod", missing)


def test_a_change_that_is_overtaken_for_ever_does_not_go_round_for_ever(stage: Stage) -> None:
    busy = Answer(409, {"message": "Reference is locked"})
    words = ("acme/infra on 127.0.0.1 was changed at the same moment", "Reference is locked")
    stories.a_change_is_overtaken_for_ever(stage, CREATES["branch"], busy, words=words)


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
