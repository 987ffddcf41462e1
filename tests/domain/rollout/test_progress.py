"""How verdicts become the memory and the word of an environment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.pipeline import Application
from bot.domain.record import Deployment, EnvironmentRecord
from bot.domain.rollout.progress import Progress, follow, followed
from bot.domain.snapshot import ApplicationView, BaseBranch, EnvironmentView, Problem, Relation
from bot.domain.status import State
from tests.domain.deciding.situations import DEV, NOW, deployment, pipeline, web

ONE, TWO = Application("main", "one"), Application("main", "two")
ADDRESS = "https://forge.example/acme/infra.git"
BRANCH = BaseBranch("main", "b" * 40, is_default=True)
COMMIT = "c" * 40
MERGED = NOW - timedelta(minutes=5)


def stamp(age: timedelta) -> str:
    return (NOW - age).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(
    application: Application, *, health: str = "Healthy", sync: str = "Synced", since: timedelta | None = None
) -> ApplicationView:
    source = {"repoURL": ADDRESS, "path": ".", "targetRevision": "main"}
    long_enough = since or timedelta(minutes=3)
    value: dict[str, Any] = {
        "metadata": {"name": application.name},
        "spec": {"source": source, "syncPolicy": {"automated": {}}},
        "status": {
            "sync": {"status": sync, "revision": COMMIT, "comparedTo": {"source": source}},
            "health": {"status": health, "lastTransitionTime": stamp(long_enough)},
            "reconciledAt": stamp(timedelta(seconds=30)),
            "operationState": {
                "phase": "Succeeded",
                "startedAt": stamp(timedelta(minutes=4)),
                "finishedAt": stamp(timedelta(minutes=4)),
                "operation": {"sync": {"revision": COMMIT}},
                "syncResult": {"revision": COMMIT},
            },
            "summary": {"images": [f"{web('1.1.0').name}:1.1.0"]},
        },
    }
    return ApplicationView(application, value, {COMMIT: Relation.CONTAINED})


def current(**changes: object) -> Deployment:
    made = replace(
        deployment("1.1.0"),
        merged_at=MERGED,
        refreshed={str(each): MERGED + timedelta(seconds=1) for each in (ONE, TWO)},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def after(*views: ApplicationView, was: Deployment | None = None) -> Progress:
    place = replace(DEV, applications=tuple(each.application for each in views))
    line = replace(pipeline(place), repository_urls=(ADDRESS,))
    record = EnvironmentRecord((was or current(),))
    return follow(line, place, record, EnvironmentView({}, applications=views), BRANCH, NOW)


def test_an_environment_without_argo_cd_is_live_once_merged() -> None:
    progress = after()
    assert (progress.state, progress.is_synced) == (State.LIVE, True)
    assert progress.deployment is not None
    assert progress.deployment.live_since == MERGED


def test_nothing_is_said_before_anything_was_deployed() -> None:
    progress = follow(pipeline(DEV), DEV, EnvironmentRecord(), EnvironmentView({}), BRANCH, NOW)
    assert (progress.deployment, progress.state) == (None, State.UNKNOWN)
    assert followed(pipeline(DEV), DEV, EnvironmentRecord(), BRANCH) is None


def test_all_applications_must_be_live() -> None:
    assert after(shown(ONE), shown(TWO)).state is State.LIVE
    assert after(shown(ONE), shown(TWO, health="Progressing")).state is State.ROLLING_OUT
    assert after(shown(ONE), shown(TWO, health="Degraded")).state is State.DEGRADED


def test_the_first_moment_of_being_live_is_remembered_and_kept() -> None:
    first = after(shown(ONE))
    assert first.deployment is not None
    assert first.deployment.live_since == NOW
    earlier = current(live_since=NOW - timedelta(hours=1))
    again = after(shown(ONE), was=earlier)
    assert again.deployment is not None
    assert again.deployment.live_since == NOW - timedelta(hours=1)


def test_being_degraded_is_remembered_from_its_first_sight_and_forgotten_when_live() -> None:
    broken = after(shown(ONE, health="Degraded"), was=current(degraded_since=NOW - timedelta(minutes=2)))
    assert broken.deployment is not None
    assert broken.deployment.degraded_since == NOW - timedelta(minutes=2)
    well = after(shown(ONE), was=broken.deployment)
    assert well.deployment is not None
    assert well.deployment.degraded_since is None


@pytest.mark.parametrize(
    ("view", "synced"),
    [
        pytest.param(shown(ONE, health="Progressing"), True, id="applied and on its way"),
        pytest.param(shown(ONE, sync="OutOfSync"), False, id="not applied yet"),
    ],
)
def test_synced_is_told_apart_from_healthy(view: ApplicationView, synced: bool) -> None:
    assert after(view).is_synced is synced


def test_a_comparison_that_is_needed_is_asked_for_once_and_remembered() -> None:
    progress = after(shown(ONE), was=current(refreshed={}))
    assert progress.refreshes == ((ONE, False),)
    assert progress.deployment is not None
    assert progress.deployment.refreshed == {str(ONE): NOW}
    again = after(shown(ONE), was=progress.deployment)
    assert again.refreshes == ()


def test_what_cannot_be_asked_is_unknown_and_looked_at_again() -> None:
    lost = ApplicationView(ONE, None, problem=Problem("argocd.example does not answer", is_transient=True))
    progress = after(lost, shown(TWO))
    assert progress.state is State.UNKNOWN
    assert "does not answer" in progress.reason
    assert progress.wake_at is not None
    assert progress.wake_at > NOW


def test_a_rollout_is_looked_at_soon_and_a_live_one_only_by_the_sweep() -> None:
    rolling = after(shown(ONE, health="Progressing"))
    assert rolling.wake_at is not None
    assert NOW < rolling.wake_at <= NOW + timedelta(minutes=1)
    assert after(shown(ONE)).wake_at is None


def test_every_application_is_shown_with_its_verdict() -> None:
    progress = after(shown(ONE), shown(TWO, health="Degraded"))
    assert [(each.name, each.verdict) for each in progress.applications] == [
        ("one", "Live"),
        ("two", "Degraded"),
    ]
