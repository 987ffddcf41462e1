"""`tagboat status`: the board in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import Denied
from bot.domain.notice import Notice
from bot.domain.status import ApplicationStatus
from bot.flow import status as shown_status
from tests.cli.verbs import Answer
from tests.flow.worlds import WEB, Bench

Tagboat = Callable[..., Answer]


def _row(answer: Answer, environment: str) -> str:
    (row,) = [line for line in answer.out.splitlines() if line.strip().startswith(f"{environment} ")]
    return row


def test_every_environment_has_its_state_version_and_reason(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.clock.pass_by(timedelta(minutes=5, seconds=9))
    answer = tagboat("status")
    assert answer.code == 0
    assert "shop  forge:acme/infra  looked at 5m ago" in answer.out
    assert _row(answer, "dev").split()[:4] == ["dev", "live", "1.1.0", "5m"]
    prod = _row(answer, "prod")
    assert "1.0.0 → 1.1.0" in prod
    assert "waits for a human to merge it" in prod
    assert "tagboat pr show shop prod" in answer.out


def test_what_keeps_people_from_being_told_is_said(
    bench: Bench, tagboat: Tagboat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.notifier, "begin", _refuse)
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert "people are not told: Slack refused the token (give another one)" in tagboat("status").out


def _refuse(notice: Notice) -> str:
    assert notice.pipeline == "shop"
    raise Denied("Slack refused the token", fix="give another one")


def test_json_is_what_the_api_gives(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    expected = shown_status.status_json(shown_status.board(bench.world))
    assert tagboat("status", "shop", "--json").json == expected


def test_a_pipeline_that_nobody_looked_at_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tagboat: Tagboat
) -> None:
    fresh = Bench()
    monkeypatch.setattr("bot.cli.opening.world", lambda config: fresh.world)
    answer = tagboat("status")
    assert answer.code == 0
    assert "never looked at (is `tagboat up` running with this configuration?)" in answer.out
    assert answer.out.count("unknown") == 3
    assert tagboat("status", "--exit-code").code == 1


def test_without_pipelines_the_next_step_is_told(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, tagboat: Tagboat
) -> None:
    monkeypatch.setattr("bot.cli.opening.world", lambda config: replace(bench.world, pipelines={}))
    answer = tagboat("status")
    assert answer.code == 0
    assert "No pipeline is configured" in answer.out


def test_texts_of_others_stay_texts(monkeypatch: pytest.MonkeyPatch, bench: Bench, tagboat: Tagboat) -> None:
    (shown,) = shown_status.board(bench.world)
    dev = replace(
        shown.environments[0],
        reason="tag [red]1.1\x1b[2J was pushed",
        applications=(ApplicationStatus("shop-dev", "Degraded", "CrashLoop\nBackOff"),),
    )
    evil = replace(shown, environments=(dev, *shown.environments[1:]), problem="no \x07 answer")
    monkeypatch.setattr(shown_status, "board", lambda world: [evil])
    answer = tagboat("status")
    assert r"tag [red]1.1\x1b[2J was pushed" in answer.out
    assert r"shop-dev Degraded: CrashLoop\nBackOff" in answer.out
    assert r"cannot be looked at: no \x07 answer" in answer.out


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(minutes=1), "1m"),
        (timedelta(hours=23, minutes=59), "23h"),
        (timedelta(days=3), "3d"),
    ],
    ids=["clocks differ", "seconds", "a minute", "hours", "days"],
)
def test_ages_are_told_in_their_largest_unit(
    bench: Bench, tagboat: Tagboat, age: timedelta, text: str
) -> None:
    bench.clock.pass_by(age)
    assert f"looked at {text} ago" in tagboat("status").out


def test_the_exit_code_says_that_a_human_is_awaited(bench: Bench, tagboat: Tagboat) -> None:
    assert tagboat("status", "--exit-code").code == 0
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    answer = tagboat("status", "--exit-code")
    assert answer.code == 3
    assert "waits for a human" in answer.out
