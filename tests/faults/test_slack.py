"""Slack fails while a release goes through: the release goes on, and people read each line once, later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.status import State
from bot.flow.status import board
from tests.adapters.notifiers.fake_slack import LOST, Answer, error
from tests.faults.checker import assert_no_secret_is_shown, assert_one_release_went_through
from tests.faults.stage import Stage

FAULTS = {
    "429": (Answer(b"{}", 429, {"Retry-After": "30"}), "Slack asks to slow down"),
    "503": (Answer(b"oops", 503), "Slack has a fault of its own"),
    "outage": (error("fatal_error"), "Slack has a fault of its own: fatal_error"),
    "junk": (Answer(b"<html>"), "Slack"),
    "lost answer": (LOST, "Slack does not answer"),
    "channel gone": (error("channel_not_found"), "channel_not_found (name a channel that exists"),
    "token refused": (error("invalid_auth"), "invalid_auth (check the bot's token"),
    "token revoked": (error("token_revoked"), "token_revoked (check the bot's token"),
}


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS)
def test_while_it_lasts_the_release_goes_on_and_the_log_says_why(
    stage: Stage, fault: Answer, words: str
) -> None:
    stage.slack.will("chat.postMessage", *[fault] * 3)
    stage.slack.will("chat.update", fault)
    stage.push("1.1.0")
    stage.until(lambda: stage.status("dev").live_since, "dev live")
    assert stage.status("dev").state is State.LIVE
    delayed = [str(entry["error"]) for entry in stage.logs if entry["event"] == "notice_delayed"]
    assert delayed
    assert words in delayed[0]
    assert words in board(stage.world)[0].untold
    assert_no_secret_is_shown(stage)
    stage.finish()
    assert_one_release_went_through(stage)
    assert board(stage.world)[0].untold == ""


def test_a_chat_that_is_away_for_an_hour_hears_of_all_that_happened(stage: Stage) -> None:
    stage.slack.will("chat.postMessage", *[Answer(status=0)] * 12)
    stage.push("1.1.0")
    stage.merge_prod()
    stage.until(lambda: stage.status("prod").state is State.LIVE, "prod live")
    assert stage.slack.messages == []
    for _ in range(12):
        stage.clock.pass_by(timedelta(minutes=10))
        stage.turn()
    assert_one_release_went_through(stage)
