"""A commit followed through the fake Argo CD, as the loop does it: look, judge, refresh, look again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import RestDeployments
from bot.domain.image import parse_image_ref
from bot.domain.pipeline import Application
from bot.domain.rollout import (
    Followed,
    RolloutVerdict,
    VerdictWord,
    asks_sync_window,
    judge,
    revisions_to_relate,
)
from bot.domain.snapshot import ApplicationView, Relation
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.argocd_app import FakeApp

W = VerdictWord
REPOSITORY = "https://git.example.com/acme/infra"
APPLICATION = Application("main", "web-dev")
COMMITS = ["0" * 40, "1" * 40, "2" * 40]
IMAGES = dict(zip(COMMITS, ["1.0.0", "1.1.0", "1.1.0"], strict=True))


class Loop:
    """A linear branch, a clock, and the part of the loop that follows one commit."""

    def __init__(self) -> None:
        self.commits = COMMITS[:1]
        self.now = datetime(2026, 9, 1, 12, 0, 0, 900_000, tzinfo=UTC)
        self.merged_at = self.now
        self.refreshed: dict[bool, datetime] = {}
        self.live = False
        self.deployments: RestDeployments
        self.app: FakeApp

    def merge(self) -> None:
        """Put the next commit on the branch and follow it from now on."""
        self.now += timedelta(minutes=5)
        self.commits = COMMITS[: len(self.commits) + 1]
        self.merged_at, self.refreshed, self.live = self.now, {}, False

    def look(self, after: float = 2) -> RolloutVerdict:
        """Wait so many seconds, look, judge, and refresh when that is asked for."""
        self.now += timedelta(seconds=after)
        verdict = judge(self._view(), self._followed(), now=self.now)
        if verdict.needs_refresh:
            hard = verdict.needs_refresh == "hard"
            self.refreshed[hard] = self.now
            self.deployments.refresh(APPLICATION, hard=hard)
        self.live = self.live or verdict.is_live
        return verdict

    def course(self, looks: int) -> list[VerdictWord]:
        return [self.look().word for _ in range(looks)]

    def _view(self) -> ApplicationView:
        seen = self.deployments.application(APPLICATION)
        assert seen is not None
        relations = {each: self._relation(each) for each in revisions_to_relate(seen, self._followed())}
        window = self.deployments.sync_window(APPLICATION) if asks_sync_window(seen) else None
        return ApplicationView(APPLICATION, seen, relations, window)

    def _relation(self, revision: str) -> Relation:
        ours = self._followed().commit
        return Relation.CONTAINED if COMMITS.index(revision) >= COMMITS.index(ours) else Relation.BEHIND

    def _followed(self) -> Followed:
        commit = self.commits[-1]
        name = str(APPLICATION)
        return Followed(
            commit=commit,
            merged_at=self.merged_at,
            repository_urls=(REPOSITORY + ".git",),
            branch="main",
            is_default_branch=True,
            images=(parse_image_ref(f"ghcr.io/acme/web:{IMAGES[commit]}"),),
            refreshed={name: self.refreshed[False]} if False in self.refreshed else {},
            hard_refreshed={name: self.refreshed[True]} if True in self.refreshed else {},
            was_live=self.live,
            settle=timedelta(seconds=3),
        )


@pytest.fixture
def start() -> Iterator[Callable[..., Loop]]:
    with FakeArgoCD(now=lambda: loop.now) as argocd:
        loop = Loop()

        def begin(**settings: Any) -> Loop:
            loop.app = argocd.app(
                "web-dev",
                repo_url=REPOSITORY,
                head=lambda: loop.commits[-1],
                images=lambda commit: [f"ghcr.io/acme/web:{IMAGES[commit]}"],
                **settings,
            )
            loop.deployments = RestDeployments(Connection(argocd.url, token=argocd.token))
            return loop

        yield begin


def test_a_commit_goes_live_after_one_refresh(start: Callable[..., Loop]) -> None:
    loop = start(rollout_seconds=5)
    loop.merge()
    assert loop.course(5) == [W.REFRESHING, W.PROGRESSING, W.PROGRESSING, W.LIVE, W.LIVE]
    assert loop.app.refreshes == ["normal"]


def test_while_pods_are_replaced_both_images_run(start: Callable[..., Loop]) -> None:
    loop = start(rollout_seconds=5)
    loop.merge()
    loop.look()
    assert loop.app.shown()["status"]["summary"]["images"] == [
        "ghcr.io/acme/web:1.0.0",
        "ghcr.io/acme/web:1.1.0",
    ]


def test_a_commit_without_effect_is_live_without_an_operation(start: Callable[..., Loop]) -> None:
    loop = start()
    loop.merge()
    loop.course(3)
    operation = loop.app.shown()["status"]["operationState"]
    loop.merge()
    assert loop.course(2) == [W.REFRESHING, W.LIVE]
    assert loop.app.shown()["status"]["operationState"] == operation


def test_a_sync_that_hangs_is_syncing_until_it_ends(start: Callable[..., Loop]) -> None:
    loop = start()
    loop.app.hold_sync()
    loop.merge()
    assert loop.course(2) == [W.REFRESHING, W.SYNCING]
    loop.app.hold_sync("waiting for completion of hook batch/Job/migrate")
    assert "hook batch/Job/migrate" in loop.look().reason
    assert loop.look(after=601).word is W.TIMED_OUT
    loop.app.finish_sync()
    assert loop.look(after=4).is_live


def test_a_failed_sync_fails_until_a_human_syncs_again(start: Callable[..., Loop]) -> None:
    loop = start()
    loop.app.fail_sync("field is immutable")
    loop.merge()
    loop.look()
    failed = loop.look()
    assert (failed.word, failed.failed, failed.is_final) == (W.SYNC_FAILED, True, True)
    assert "field is immutable" in failed.reason
    loop.app.reconcile()
    assert loop.look().word is W.SYNC_FAILED
    loop.app.sync()
    assert loop.course(2)[-1] is W.LIVE


def test_a_closed_window_blocks_and_an_open_one_lets_it_go(start: Callable[..., Loop]) -> None:
    loop = start()
    loop.app.close_window("0 16 * * 5", "64h")
    loop.merge()
    loop.look()
    blocked = loop.look()
    assert blocked.word is W.BLOCKED_BY_WINDOW
    assert "0 16 * * 5" in blocked.reason
    assert loop.look(after=86400).word is W.BLOCKED_BY_WINDOW
    loop.app.open_window()
    assert loop.course(3) == [W.AWAITING_AUTO_SYNC, W.PROGRESSING, W.LIVE]
    assert loop.app.refreshes == ["normal", "hard"]


def test_a_manual_application_waits_for_a_human(start: Callable[..., Loop]) -> None:
    loop = start(auto_sync=False)
    loop.merge()
    assert loop.course(2) == [W.REFRESHING, W.MANUAL_SYNC_NEEDED]
    loop.app.sync()
    assert loop.course(2) == [W.PROGRESSING, W.LIVE]


def test_a_broken_release_is_degraded_after_a_minute(start: Callable[..., Loop]) -> None:
    loop = start()
    loop.merge()
    loop.look()
    loop.app.set_health("Degraded", "CrashLoopBackOff")
    first, later = loop.look(), loop.look(after=60)
    assert (first.word, first.failed) == (W.DEGRADED, False)
    assert (later.word, later.failed, later.reason) == (W.DEGRADED, True, "CrashLoopBackOff")
    loop.app.set_health(None)
    assert loop.look().is_live


def test_a_rollback_after_live_is_told(start: Callable[..., Loop]) -> None:
    loop = start(auto_sync=False)
    loop.merge()
    loop.look()
    loop.app.sync()
    assert loop.course(3)[-1] is W.LIVE
    loop.now += timedelta(minutes=1)
    loop.app.sync(revision=COMMITS[0])
    verdict = loop.look()
    assert (verdict.word, verdict.is_final, verdict.failed) == (W.ROLLED_BACK, True, True)


def test_a_controller_that_does_not_work_times_out_after_a_hard_refresh(start: Callable[..., Loop]) -> None:
    loop = start(auto_reconcile=False)
    loop.merge()
    loop.look()
    assert loop.look(after=150).needs_refresh == "hard"
    verdict = loop.look(after=160)
    assert (verdict.word, verdict.failed) == (W.TIMED_OUT, True)
    assert "still Refreshing" in verdict.reason
    loop.app.reconcile()
    assert loop.look(after=4).is_live


def test_an_application_being_deleted_is_told(start: Callable[..., Loop]) -> None:
    loop = start()
    loop.app.mark_deleting()
    assert loop.look().word is W.DELETING
