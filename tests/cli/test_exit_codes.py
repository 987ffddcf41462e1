"""What `--exit-code` answers: 3 for a human, 1 for the unknown, 0 only where all is seen and nobody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.cli.exit_codes import FAILED, OK, WAITS, code_for, waits_for_human
from bot.domain.pipeline import Environment, Merge, Pipeline, Repository
from bot.domain.rollout.verdict import VerdictWord
from bot.domain.status import ApplicationStatus, EnvironmentStatus, PipelineStatus, PullRequestSummary, State
from bot.domain.window import Window, WindowKind

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PULL = PullRequestSummary(7, "shop dev: web 1.0 → 1.1", "", "a" * 40)
SHUT = Window(WindowKind.DENY, "0 0 * * *", timedelta(hours=23))
OPENS_LATER = Window(WindowKind.DENY, "0 12 * * *", timedelta(hours=1))


def _environment(merge: Merge = Merge.MANUAL, *windows: Window) -> Environment:
    return Environment("dev", (), merge=merge, windows=windows)


def _status(state: State, pull: PullRequestSummary | None = None, verdict: str = "") -> EnvironmentStatus:
    applications = (ApplicationStatus("shop-dev", verdict),) if verdict else ()
    return EnvironmentStatus("dev", state, "why", pull_request=pull, applications=applications)


@pytest.mark.parametrize(
    ("status", "environment", "waits"),
    [
        (_status(State.LIVE), _environment(), False),
        (_status(State.ROLLING_OUT), _environment(), False),
        (_status(State.WAITING), _environment(), False),
        (_status(State.DECLINED), _environment(), False),
        (_status(State.UNKNOWN), _environment(), False),
        (_status(State.BLOCKED), _environment(Merge.AUTO), True),
        (_status(State.DEGRADED), _environment(Merge.AUTO), True),
        (_status(State.PROPOSED, PULL), _environment(), True),
        (_status(State.PROPOSED), _environment(), False),
        (_status(State.PROPOSED, PULL), _environment(Merge.AUTO), False),
        (_status(State.PROPOSED, PULL), _environment(Merge.MANUAL, SHUT), False),
        (_status(State.PROPOSED, PULL), _environment(Merge.MANUAL, OPENS_LATER), True),
        (_status(State.ROLLING_OUT, verdict=VerdictWord.MANUAL_SYNC_NEEDED), _environment(), True),
        (_status(State.ROLLING_OUT, verdict=VerdictWord.PAUSED), _environment(), True),
        (_status(State.ROLLING_OUT, verdict=VerdictWord.SYNCING), _environment(), False),
    ],
    ids=[
        "live",
        "rolling out",
        "waiting",
        "declined",
        "unknown",
        "blocked",
        "degraded",
        "to be merged by a human",
        "not opened yet",
        "merged by Tagboat",
        "window shut",
        "window open",
        "sync by hand",
        "paused",
        "syncing",
    ],
)
def test_who_waits_for_a_human(status: EnvironmentStatus, environment: Environment, waits: bool) -> None:
    assert waits_for_human(status, environment, now=NOW) is waits


def _pipeline(name: str = "shop") -> Pipeline:
    return Pipeline(name, Repository("forge", "acme/infra"), (), (_environment(),))


def _shown(state: State, *, problem: str = "", name: str = "shop") -> PipelineStatus:
    pull = PULL if state is State.PROPOSED else None
    return PipelineStatus(name, "forge:acme/infra", (_status(state, pull),), problem)


@pytest.mark.parametrize(
    ("shown", "pipelines", "code"),
    [
        ([], [], OK),
        ([_shown(State.LIVE)], [_pipeline()], OK),
        ([_shown(State.PROPOSED)], [_pipeline()], WAITS),
        ([_shown(State.UNKNOWN)], [_pipeline()], FAILED),
        ([_shown(State.LIVE, problem="no answer")], [_pipeline()], FAILED),
        ([], [_pipeline()], FAILED),
        ([PipelineStatus("shop", "", ())], [_pipeline()], FAILED),
        (
            [_shown(State.UNKNOWN), _shown(State.BLOCKED, name="blog")],
            [_pipeline(), _pipeline("blog")],
            WAITS,
        ),
        ([_shown(State.LIVE), _shown(State.BLOCKED, name="gone")], [_pipeline()], OK),
    ],
    ids=[
        "no pipelines",
        "live",
        "waits",
        "unknown",
        "cannot be looked at",
        "never looked at",
        "an environment is missing",
        "a human comes before the unknown",
        "not in the configuration any more",
    ],
)
def test_the_code_of_a_board(shown: list[PipelineStatus], pipelines: list[Pipeline], code: int) -> None:
    assert code_for(shown, pipelines, now=NOW) == code
