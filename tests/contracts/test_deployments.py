"""The contract of the port `Deployments`, over the memory twin, Argo CD's REST API and the simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.memory import MemoryDeployments
from bot.adapters.argocd.rest import RestDeployments
from bot.adapters.argocd.simulated import Pace, SimulatedDeployments, SimulatedSource
from bot.domain.errors import NotFound, Unreachable
from bot.domain.image import parse_image_ref
from bot.domain.pipeline import Application
from bot.domain.rollout import Followed, RolloutVerdict, VerdictWord, judge, revisions_to_relate
from bot.domain.snapshot import ApplicationView, Relation, SyncWindowState
from bot.ports import Deployments
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.argocd_app import FakeApp
from tests.fakes.http_host import Answer

REPOSITORY = "https://git.example.com/acme/infra.git"
APPLICATION = Application("main", "web-dev", "argocd", "default")
ABSENT = Application("main", "web-gone", "argocd", "default")
FIRST, SECOND = "1" * 40, "2" * 40
IMAGES = {FIRST: "ghcr.io/acme/web:1.0.0", SECOND: "ghcr.io/acme/web:1.1.0"}


@dataclass
class World:
    """A branch, a clock, and an Argo CD of one kind that follows the branch for one Application."""

    head: str = FIRST
    now: datetime = field(default_factory=lambda: datetime(2026, 9, 1, 12, 0, 0, 700_000, tzinfo=UTC))
    deployments: Deployments = field(init=False)
    close_window: Callable[[], None] = field(init=False)
    fail: Callable[[], None] = field(init=False)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def images(self, commit: str) -> list[str]:
        return [IMAGES[commit]]

    def verdict(self, commit: str, *, merged_at: datetime, refreshed: datetime | None) -> RolloutVerdict:
        """What the loop makes of the Application, for a commit that was merged."""
        followed = Followed(
            commit=commit,
            merged_at=merged_at,
            repository_urls=(REPOSITORY,),
            branch="main",
            is_default_branch=True,
            images=(parse_image_ref(IMAGES[commit]),),
            refreshed={str(APPLICATION): refreshed} if refreshed else {},
            settle=timedelta(0),
        )
        seen = self.deployments.application(APPLICATION)
        assert seen is not None
        relations = dict.fromkeys(revisions_to_relate(seen, followed), Relation.BEHIND)
        return judge(ApplicationView(APPLICATION, seen, relations), followed, now=self.now)


class _Clock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.now


def _app(world: World, **settings: Any) -> FakeApp:
    return FakeApp(
        "web-dev", REPOSITORY, "main", ".", lambda: world.head, world.images, lambda: world.now, **settings
    )


def _memory(world: World, stack: ExitStack) -> None:
    app = _app(world)

    def turn(application: Application, hard: bool) -> None:
        app.request_refresh("hard" if hard else "normal")
        twin.put(application, app.shown())

    twin = MemoryDeployments(turn)
    twin.put(APPLICATION, app.shown())
    world.deployments = twin
    world.close_window = lambda: twin.set_window(APPLICATION, SyncWindowState(False, "deny window is open"))
    world.fail = lambda: twin.fail(Unreachable("Argo CD did not answer"))


def _rest(world: World, stack: ExitStack) -> None:
    argocd = stack.enter_context(FakeArgoCD(now=lambda: world.now, root_path="/argo-cd"))
    argocd.apps["web-dev"] = app = _app(world)
    world.deployments = RestDeployments(Connection(argocd.url, token=argocd.token))
    world.close_window = app.close_window
    world.fail = lambda: argocd.host.faults.add("GET", ".", Answer(503), times=9)


def _simulated(world: World, stack: ExitStack) -> None:
    world.deployments = SimulatedDeployments(
        follow=lambda _: SimulatedSource(REPOSITORY, "main", lambda: world.head, world.images),
        clock=_Clock(world),
        pace=Pace(poll=timedelta(seconds=30), sync=timedelta(seconds=2), rollout=timedelta(seconds=3)),
    )
    world.deployments.application(APPLICATION)


KINDS = {"memory": _memory, "rest": _rest, "simulated": _simulated}


def _world(kinds: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", kinds, indirect=True)


every_kind = _world(list(KINDS))
every_real_kind = _world(["memory", "rest"])
"""In the simulation every Application exists, no window closes and nothing fails."""


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world = World()
    with ExitStack() as stack:
        KINDS[request.param](world, stack)
        yield world


@every_kind
def test_an_application_is_shown_under_its_name(world: World) -> None:
    seen = world.deployments.application(APPLICATION)
    assert seen is not None
    assert seen["metadata"]["name"] == "web-dev"
    assert seen["spec"]["source"]["repoURL"] == REPOSITORY


@every_kind
def test_what_is_shown_may_be_changed_without_harm(world: World) -> None:
    seen: Any = world.deployments.application(APPLICATION)
    seen["status"]["sync"]["status"] = "spoilt"
    again = world.deployments.application(APPLICATION)
    assert again is not None
    assert again["status"]["sync"]["status"] == "Synced"


@every_kind
def test_what_runs_already_is_live_after_one_refresh(world: World) -> None:
    merged_at = world.now
    world.wait(2)
    before = world.verdict(FIRST, merged_at=merged_at, refreshed=None)
    assert (before.word, before.needs_refresh) == (VerdictWord.REFRESHING, "normal")
    world.deployments.refresh(APPLICATION, hard=False)
    assert world.verdict(FIRST, merged_at=merged_at, refreshed=world.now).word is VerdictWord.LIVE


@every_kind
@pytest.mark.parametrize("hard", [False, True], ids=["normal", "hard"])
def test_a_refresh_brings_a_merged_commit_to_live(world: World, hard: bool) -> None:
    world.wait(5)
    world.head, merged_at = SECOND, world.now
    stale = world.verdict(SECOND, merged_at=merged_at, refreshed=merged_at)
    assert stale.word is VerdictWord.REFRESHING
    world.wait(2)
    refreshed = world.now
    world.deployments.refresh(APPLICATION, hard=hard)
    words = set()
    for _ in range(10):
        world.wait(1)
        verdict = world.verdict(SECOND, merged_at=merged_at, refreshed=refreshed)
        words.add(verdict.word)
        if verdict.is_live:
            break
    assert verdict.is_live, str(verdict)
    assert words <= {VerdictWord.SYNCING, VerdictWord.PROGRESSING, VerdictWord.LIVE}


@every_kind
def test_an_open_window_lets_it_sync(world: World) -> None:
    assert world.deployments.sync_window(APPLICATION).can_sync


@every_real_kind
def test_a_closed_window_is_told_with_its_reason(world: World) -> None:
    world.close_window()
    state = world.deployments.sync_window(APPLICATION)
    assert not state.can_sync
    assert "deny window" in state.reason


@every_real_kind
def test_an_absent_application_is_none(world: World) -> None:
    assert world.deployments.application(ABSENT) is None


@every_real_kind
def test_an_absent_application_can_be_neither_refreshed_nor_asked_for_windows(world: World) -> None:
    with pytest.raises(NotFound, match="web-gone"):
        world.deployments.refresh(ABSENT, hard=False)
    with pytest.raises(NotFound, match="web-gone"):
        world.deployments.sync_window(ABSENT)


@every_real_kind
def test_no_answer_is_an_error_and_never_an_absent_application(world: World) -> None:
    world.fail()
    with pytest.raises(Unreachable):
        world.deployments.application(APPLICATION)
    with pytest.raises(Unreachable):
        world.deployments.refresh(APPLICATION, hard=False)
    with pytest.raises(Unreachable):
        world.deployments.sync_window(APPLICATION)
