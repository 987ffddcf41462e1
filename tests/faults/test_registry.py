"""The registry fails in each way that registries do; no tag is taken for another, and none for none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.status import State
from tests.adapters.registries.hostile import Reply, missing, reply_json
from tests.faults.checker import (
    assert_nothing_was_done,
    assert_one_release_went_through,
    assert_says,
    blocked,
)
from tests.faults.registry_host import Change, cut, cut_short, instead, without_digest
from tests.faults.stage import EVERY, Stage

LASTING = 1_000_000
MINUTE = timedelta(minutes=1)
LIST, TAG = ("GET", "/tags/list$"), ("HEAD", "/manifests/")

HTML = Reply(200, b"<html>please log in</html>", {"Content-Type": "text/html; charset=utf-8"})
FOREIGN = Reply(
    200,
    b'{"tags": ["1.0.0"]}',
    {"Content-Type": "application/json", "Link": '<https://evil.example.com/v2/x>; rel="next"'},
)
ROUND = Reply(
    200, b'{"tags": ["1.0.0"]}', {"Content-Type": "application/json", "Link": '<list?n=1000>; rel="next"'}
)
DENIED = reply_json({"errors": [{"code": "DENIED"}]}, status=403)
LOOP = reply_json({}, status=401, Www_Authenticate='Basic realm="again"')
LIMIT = Reply(429, b"", {"Retry-After": "600"})

FAULTS = {
    "503 on the list": (LIST, instead(Reply(503)), ("out of order", "HTTP 503"), False),
    "500 on the tag": (TAG, instead(Reply(500)), ("out of order", "HTTP 500"), False),
    "cut": (LIST, cut, ("cannot be reached", "cut"), False),
    "cut in the middle": (LIST, cut_short, ("cannot be reached", "cut"), False),
    "login page": (LIST, instead(HTML), ("a web page answers", "check the host"), False),
    "empty list": (
        LIST,
        instead(reply_json({"tags": []})),
        ("lists none of the 1 tags", "taken for a fault"),
        False,
    ),
    "list of junk": (LIST, instead(reply_json({"tags": 7})), ("no list of tags", "check"), True),
    "list at another host": (LIST, instead(FOREIGN), ("evil.example.com", "external URL"), True),
    "list in a circle": (LIST, instead(ROUND), ("circle",), True),
    "login refused": (LIST, instead(LOOP), ("did not accept", "give a login"), True),
    "right taken away": (TAG, instead(DENIED), ("did not accept", "give a login"), True),
    "repository gone": (LIST, missing, ("no such thing", "check the image"), True),
}


@pytest.mark.parametrize(("place", "change", "words", "is_for_humans"), FAULTS.values(), ids=FAULTS)
def test_while_it_lasts_a_sentence_says_what_and_why(
    stage: Stage, place: tuple[str, str], change: Change, words: tuple[str, ...], is_for_humans: bool
) -> None:
    stage.registry.breaks(*place, change, times=LASTING)
    _push(stage, place)
    stage.pass_by(MINUTE)
    assert_says(stage, stage.registry.host, *words)
    assert_nothing_was_done(stage)
    assert len(blocked(stage)) == is_for_humans
    stage.registry.recovers()
    stage.finish()
    assert_one_release_went_through(stage)


def _push(stage: Stage, place: tuple[str, str]) -> None:
    """Push; where the list is at fault, unheard of until the next poll, which lists."""
    if place == LIST:
        stage.registry.push("1.1.0")
        stage.pass_by(EVERY)
    else:
        stage.push("1.1.0")


def test_a_tag_that_is_listed_and_gone_is_not_chosen(stage: Stage) -> None:
    stage.registry.breaks(*TAG, instead(missing()), times=LASTING)
    _push(stage, LIST)
    stage.pass_by(MINUTE)
    assert_nothing_was_done(stage)
    assert stage.status("dev").state is State.LIVE
    stage.registry.recovers()
    stage.finish()
    assert_one_release_went_through(stage)


@pytest.mark.parametrize("change", [cut, instead(Reply(502))], ids=["cut", "502"])
def test_what_passes_within_a_moment_is_not_even_seen(stage: Stage, change: Change) -> None:
    for place in (LIST, TAG):
        stage.registry.breaks(*place, change, times=2)
    _push(stage, LIST)
    stage.turn()
    assert stage.file("dev") == stage.values("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)
    assert stage.unplayed() == []


def test_a_proxy_that_drops_the_digest_header_changes_nothing(stage: Stage) -> None:
    stage.registry.breaks(*TAG, without_digest, times=LASTING)
    stage.push("1.1.0")
    stage.finish()
    assert_one_release_went_through(stage)


def test_a_limit_is_kept_without_a_question(stage: Stage) -> None:
    stage.registry.breaks(*LIST, instead(LIMIT))
    stage.registry.push("1.1.0")
    stage.until(lambda: not stage.unplayed(), "the limit")
    asked = len(stage.registry.calls)
    stage.pass_by(timedelta(seconds=590))
    assert len(stage.registry.calls) == asked
    assert_says(stage, stage.registry.host, "fewer requests")
    stage.finish()
    assert_one_release_went_through(stage)
    assert blocked(stage) == []


def test_a_tag_that_is_deleted_later_leads_to_no_step_back(stage: Stage) -> None:
    stage.push("1.1.0")
    stage.finish()
    stage.registry.delete("1.1.0")
    stage.pass_by(6 * MINUTE)
    assert_one_release_went_through(stage)
    assert stage.status("dev").state is State.LIVE


@pytest.mark.parametrize(
    ("change", "word", "is_for_humans"),
    [
        pytest.param(instead(Reply(503)), "HTTP 503", False, id="503"),
        pytest.param(cut, "cannot be reached", False, id="cut"),
        pytest.param(missing, "is gone from the registry", True, id="tag gone"),
    ],
)
def test_a_registry_that_fails_before_the_promotion_delays_it(
    stage: Stage, change: Change, word: str, is_for_humans: bool
) -> None:
    stage.argocd.apps["web-dev"].rollout_seconds = 30
    stage.push("1.1.0")
    stage.until(lambda: stage.file("dev") == stage.values("1.1.0"), "the merge in dev")
    stage.registry.breaks(*TAG, change, times=LASTING)
    stage.registry.breaks("GET", "/manifests/", change, times=LASTING)
    stage.until(lambda: stage.status("dev").live_since, "dev live")
    stage.pass_by(MINUTE)
    assert_says(stage, stage.registry.host, word)
    assert_nothing_was_done(stage, "prod")
    assert len(blocked(stage)) == is_for_humans
    stage.registry.recovers()
    stage.pass_by(MINUTE)
    assert stage.status("prod").state is State.PROPOSED
    stage.finish()
    assert_one_release_went_through(stage)
