"""The simulated Argo CD: time alone moves a rollout on, and nobody takes it for a real one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.argocd.simulated import Pace, SimulatedDeployments, SimulatedSource
from bot.domain.pipeline import Application

APPLICATION = Application("demo", "web-dev")
OLD, NEW = "1" * 40, "2" * 40


class Git:
    """A branch that moves, and the clock."""

    def __init__(self) -> None:
        self.head = OLD
        self.time = datetime(2026, 9, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def git() -> Git:
    return Git()


@pytest.fixture
def simulated(git: Git) -> SimulatedDeployments:
    return start(git)


def start(git: Git) -> SimulatedDeployments:
    return SimulatedDeployments(
        follow=lambda application: SimulatedSource(
            "https://git.example.com/acme/infra",
            "main",
            lambda: git.head,
            lambda commit: [f"ghcr.io/acme/{application.name}:{commit[0]}"],
        ),
        clock=git,
        pace=Pace(poll=timedelta(seconds=30), sync=timedelta(seconds=2), rollout=timedelta(seconds=4)),
    )


def status(simulated: SimulatedDeployments) -> Any:
    seen = simulated.application(APPLICATION)
    assert seen is not None
    return seen["status"]


def test_a_new_head_is_synced_rolled_out_and_healthy_in_time(
    git: Git, simulated: SimulatedDeployments
) -> None:
    status(simulated)
    git.head = NEW
    simulated.refresh(APPLICATION, hard=False)
    course = []
    for _ in range(8):
        seen = status(simulated)
        images = [image[-1] for image in seen["summary"]["images"]]
        course.append(
            (
                seen["sync"]["status"],
                seen["operationState"]["phase"],
                seen["health"]["status"],
                "".join(images),
            )
        )
        git.time += timedelta(seconds=1)
    assert course == [
        *[("OutOfSync", "Running", "Healthy", "1")] * 2,
        *[("Synced", "Succeeded", "Progressing", "12")] * 4,
        *[("Synced", "Succeeded", "Healthy", "2")] * 2,
    ]


def test_without_a_refresh_the_branch_is_polled(git: Git, simulated: SimulatedDeployments) -> None:
    status(simulated)
    git.head = NEW
    git.time += timedelta(seconds=29)
    assert status(simulated)["sync"]["revision"] == OLD
    git.time += timedelta(seconds=1)
    assert status(simulated)["sync"]["revision"] == NEW


def test_a_refresh_without_a_new_head_moves_only_the_time_of_comparison(
    git: Git, simulated: SimulatedDeployments
) -> None:
    before = status(simulated)
    git.time += timedelta(seconds=5)
    simulated.refresh(APPLICATION, hard=True)
    after = status(simulated)
    assert after["reconciledAt"] == "2026-09-01T12:00:05Z"
    assert {**after, "reconciledAt": before["reconciledAt"]} == before


def test_a_commit_that_changes_nothing_moves_only_the_revision(
    git: Git, simulated: SimulatedDeployments
) -> None:
    status(simulated)
    git.head = f"{OLD[:-1]}f"
    git.time += timedelta(seconds=5)
    simulated.refresh(APPLICATION, hard=False)
    seen = status(simulated)
    assert seen["sync"] == {**seen["sync"], "status": "Synced", "revision": git.head}
    assert seen["operationState"]["syncResult"]["revision"] == OLD
    assert seen["health"]["status"] == "Healthy"


def test_after_a_restart_the_head_runs_already(git: Git, simulated: SimulatedDeployments) -> None:
    status(simulated)
    git.head = NEW
    simulated.refresh(APPLICATION, hard=False)
    seen = status(start(git))
    assert (seen["sync"]["status"], seen["health"]["status"]) == ("Synced", "Healthy")
    assert seen["summary"]["images"] == ["ghcr.io/acme/web-dev:2"]


def test_every_object_says_that_it_is_simulated(simulated: SimulatedDeployments) -> None:
    seen = status(simulated)
    assert seen["conditions"][0]["message"].startswith("simulated")
    assert seen["health"]["message"].startswith("simulated")
    assert simulated.sync_window(APPLICATION).reason.startswith("simulated")


def test_applications_roll_out_each_by_itself(git: Git, simulated: SimulatedDeployments) -> None:
    other = Application("demo", "api-dev", "team-a", "shop")
    status(simulated)
    simulated.application(other)
    git.head = NEW
    simulated.refresh(other, hard=False)
    assert status(simulated)["sync"]["revision"] == OLD
    seen = simulated.application(other)
    assert seen is not None
    assert (seen["metadata"]["namespace"], seen["spec"]["project"]) == ("team-a", "shop")
    assert seen["status"]["sync"]["revision"] == NEW
