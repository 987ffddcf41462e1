"""GitLab fails at each kind of call in each kind of way, from an image push until prod is live."""

from __future__ import annotations

import pytest

from tests.fakes.http_host import Answer, Cut, Delay, Fault
from tests.faults import stories
from tests.faults.checker import (
    assert_all_is_well,
    assert_one_release_went_through,
    blocked,
)
from tests.faults.stage import Stage

READS = (
    "infra$",
    "/repository/branches$",
    "/repository/branches/",
    "/repository/files/",
    "/repository/compare$",
    "/merge_requests$",
    r"/merge_requests/\d+$",
)
CREATES = {
    "commit": ("POST", "/repository/commits$"),
    "merge request": ("POST", "/merge_requests$"),
    "merge": ("PUT", "/merge$"),
}
WITHDRAWALS = (
    ("PUT", r"/merge_requests/\d+$"),
    ("POST", "/notes$"),
    ("DELETE", "/branches/"),
)
BREAKS: dict[str, Fault] = {
    "502": Answer(502, {"message": "502 Bad Gateway"}),
    "502 after the work": Answer(502, {"message": "502 Bad Gateway"}, after=True),
    "cut": Cut(),
    "cut after the work": Cut(after=True),
}
REFUSALS: dict[str, Fault] = {
    "401": Answer(401, {"message": "401 Unauthorized"}),
    "403": Answer(403, {"message": "403 Forbidden"}),
    "404": Answer(404, {"message": "404 Project Not Found"}),
    "400": Answer(400, {"message": "Could not update refs/heads/x. Please refresh and try again."}),
    "422": Answer(422, {"message": {"base": ["is invalid"]}}),
    "junk": Answer(200, {"surprise": [None]}),
}


class TestNothingIsThereTwice:
    @pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
    def test_each_create_breaks_in_each_environment(self, gitlab_stage: Stage, fault: Fault) -> None:
        again = [CREATES[name] for name in ("commit", "merge request")]
        stories.each_create_breaks_in_each_environment(gitlab_stage, CREATES.values(), again, fault)

    @pytest.mark.parametrize("name", ["502", "cut after the work"])
    def test_each_update_of_an_open_merge_request_breaks(self, gitlab_stage: Stage, name: str) -> None:
        stage = gitlab_stage
        stage.proposed("1.1.0")
        stage.gitlab.faults.add("PUT", r"/merge_requests/\d+$", BREAKS[name])
        stage.gitlab.faults.add("POST", "/repository/commits$", BREAKS[name], nth=2)
        stage.proposed("1.2.0")
        stage.finish()
        assert_all_is_well(stage, tags=("1.1.0", "1.2.0"))
        assert [pull.branch for pull in stage.hosted.pulls.values()].count("tagboat/shop/prod") == 1
        assert stage.unplayed() == []

    @pytest.mark.parametrize("name", ["502", "cut after the work"])
    def test_each_step_of_a_withdrawal_breaks(self, gitlab_stage: Stage, name: str) -> None:
        stories.each_step_of_a_withdrawal_breaks(gitlab_stage, WITHDRAWALS, BREAKS[name])


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_change_that_is_refused_once_is_made_later(gitlab_stage: Stage, refusal: Fault) -> None:
    stories.each_is_refused(gitlab_stage, CREATES.values(), refusal)
    assert gitlab_stage.unplayed() == []


@pytest.mark.parametrize("name", ["401", "403", "404", "junk"])
def test_a_read_that_is_refused_a_few_times_is_read_later(gitlab_stage: Stage, name: str) -> None:
    stories.each_is_refused(gitlab_stage, [("GET", path) for path in READS], REFUSALS[name], times=3)


@pytest.mark.parametrize(
    ("method", "path", "fault", "words", "is_for_humans"),
    [
        pytest.param("GET", ".", Cut(), ("GitLab at 127.0.0.1", "did not answer"), False, id="gone"),
        pytest.param("GET", "/merge_requests$", Answer(502), ("127.0.0.1", "HTTP 502"), False, id="502"),
        pytest.param(
            "GET",
            ".",
            REFUSALS["401"],
            ("access token", "acme/infra on 127.0.0.1", "401 Unauthorized", "give a new one"),
            True,
            id="token revoked",
        ),
        pytest.param(
            "POST",
            "/repository/commits$",
            REFUSALS["403"],
            ("access token", "acme/infra on 127.0.0.1", "role Developer"),
            True,
            id="right taken away",
        ),
        pytest.param(
            "PUT",
            "/merge$",
            Answer(405, {"message": "405 Method Not Allowed"}),
            ("merge request 1 of acme/infra", "405 Method Not Allowed"),
            True,
            id="merge forbidden",
        ),
        pytest.param(
            "GET", ".", REFUSALS["404"], ("acme/infra on 127.0.0.1", "check the path"), True, id="gone for us"
        ),
        pytest.param(
            "GET",
            ".",
            Answer(301, {"message": "moved"}),
            ("acme/infra on 127.0.0.1 was moved", "new path"),
            True,
            id="renamed",
        ),
    ],
)
def test_while_it_lasts_a_sentence_says_what_and_why(
    gitlab_stage: Stage, method: str, path: str, fault: Fault, words: tuple[str, ...], is_for_humans: bool
) -> None:
    stories.a_fault_lasts(gitlab_stage, (method, path), fault, words=words, is_for_humans=is_for_humans)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/merge_requests$"), ("POST", "/merge_requests$"), ("PUT", "/merge$")],
    ids=["a read", "a create", "a merge"],
)
def test_a_limit_is_kept_without_a_question_or_an_alert(gitlab_stage: Stage, method: str, path: str) -> None:
    limit, words = Answer(429, None, {"Retry-After": "90"}), "GitLab at 127.0.0.1 asked to slow down"
    stories.a_limit_is_kept(gitlab_stage, (method, path), limit, seconds=90, words=words)


def test_a_merge_request_that_is_opened_after_we_gave_up_waiting_is_opened_once(gitlab_stage: Stage) -> None:
    gitlab_stage.gitlab.faults.add(*CREATES["merge request"], Delay(1.1))
    gitlab_stage.push("1.1.0")
    gitlab_stage.turn()
    gitlab_stage.await_late_work()
    gitlab_stage.finish()
    assert_one_release_went_through(gitlab_stage)


def test_a_list_that_lags_behind_leads_to_no_second_merge_request(gitlab_stage: Stage) -> None:
    stories.a_list_lags_behind(gitlab_stage, "/merge_requests$")


def test_a_merge_status_that_is_not_known_yet_is_waited_for_without_an_alert(gitlab_stage: Stage) -> None:
    gitlab_stage.gitlab.ways.late = set()
    gitlab_stage.push("1.1.0")
    gitlab_stage.finish()
    assert_one_release_went_through(gitlab_stage)
    assert blocked(gitlab_stage) == []


def test_a_file_that_is_not_shown_for_a_while_stops_its_environment_and_no_other(gitlab_stage: Stage) -> None:
    missing = Answer(404, {"message": "404 File Not Found"})
    stories.a_file_of_prod_is_hidden(gitlab_stage, "/files/envs%2Fprod", missing)


def test_a_change_that_is_overtaken_for_ever_does_not_go_round_for_ever(gitlab_stage: Stage) -> None:
    words = ("was moved by somebody else", "Could not update")
    stories.a_change_is_overtaken_for_ever(gitlab_stage, CREATES["commit"], REFUSALS["400"], words=words)
