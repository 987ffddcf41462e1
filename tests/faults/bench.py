"""The whole loop over memory twins, for faults by the hundred: the stage's story in a moment."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.adapters.argocd.simulated import SimulatedDeployments, SimulatedSource
from bot.adapters.stores.memory import MemoryStore
from bot.adapters.stores.sql import SqlStore
from bot.domain.errors import Transient
from bot.domain.fact import ImagePushed
from bot.domain.notice import Event
from bot.domain.pipeline import Application, Environment, Merge
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.status import EnvironmentStatus, PipelineStatus, PullRequestSummary, State
from bot.flow.announce import announce
from bot.flow.merge import merge_by_human
from bot.flow.receive import receive
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep
from bot.ports import Delivery
from tests.faults.mortal import Killed
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

EVERY = timedelta(minutes=5)
_URL = "https://git.example.com/acme/infra"
_STEP, _TICK = timedelta(seconds=2), timedelta(seconds=10)
_LINES = (Event.OPENED, Event.MERGED, Event.SYNCED, Event.HEALTHY)


class FaultBench(Bench):
    """Dev, which Tagboat merges, and prod, which a human merges on Tagboat's page; both at 1.0.0 and live.

    `world` is what the process works with; where it dies, `restart` gives the next one its own.
    """

    def __init__(self, store: MemoryStore | SqlStore | None = None) -> None:
        super().__init__((_watched("dev", merge=Merge.AUTO), _watched("prod", after=("dev",))))
        self.kept = store or self.store
        self.pipeline = replace(self.pipeline, repository_urls=(_URL,))
        self.alive = replace(
            self.world,
            pipelines={"shop": self.pipeline},
            deployments={"main": SimulatedDeployments(follow=self._followed, clock=self.clock)},
            store=self.kept,
        )
        self.world = self.alive
        self.until(self.is_still)

    def restart(self) -> None:
        """A new process, and an empty queue."""
        self.queue.pipelines.clear()
        self.world = self.alive

    def push(self, tag: str) -> None:
        """Push an image; the registry tells of it until it is heard."""
        fact = ImagePushed(image=WEB, tag=tag, digest=self.registry.push(WEB, tag))
        delivery = Delivery("registry", tag)
        while not self._survived(lambda: receive(self.world, delivery, [fact], forge=None)):
            self.clock.pass_by(_STEP)

    def finish(self) -> None:
        """A human merges prod, and again where the page broke; it goes live, and all of it is told."""
        self.until(self._is_merged)
        self.until(self.is_still)

    def play(self) -> None:
        """The whole story."""
        self.push("1.1.0")
        self.finish()

    def turn(self) -> None:
        """What a sweep and the workers do at this moment."""
        self._survived(lambda: sweep(self.world, every=EVERY))
        while self.queue.pipelines:
            name = self.queue.pipelines.popleft()
            self._survived(functools.partial(reconcile, self.world, name))
        self._survived(lambda: announce(self.world.store, self.world.notifiers, self.clock, 100))

    def until(self, holds: Callable[[], object]) -> None:
        """Let time go by until something holds; an hour at most."""
        end = self.clock.now() + timedelta(hours=1)
        for pause in _pauses():
            self.turn()
            if holds():
                return
            assert self.clock.now() < end, f"it never came: {self.kept.board()}"
            self.clock.pass_by(pause)

    def shown(self, name: str = "shop") -> PipelineStatus:
        """What people see of a pipeline."""
        found = self.kept.shown(name)
        assert found is not None
        return found

    def status_of(self, environment: str) -> EnvironmentStatus:
        """What people see of one environment."""
        return {each.name: each for each in self.shown().environments}[environment]

    def is_still(self) -> bool:
        """Whether all is live and told."""
        shown, far = self.shown(), self.clock.now() + timedelta(days=2)
        is_live = all(each.state is State.LIVE for each in shown.environments)
        return is_live and not shown.problem and not self.kept.outbox(now=far, limit=1)

    def assert_one_release_went_through(self) -> None:
        """Nothing lost, nothing twice."""
        for name in ("dev", "prod"):
            assert self.file(name) == values("1.1.0"), name
            pulls = self.ledger.of_branch(REPOSITORY, f"tagboat/shop/{name}")
            assert [pull.state for pull in pulls] == ["merged"], name
        told = [each for each in self.told() if each.event is not Event.BLOCKED]
        assert Counter((each.environment, each.event) for each in told) == Counter(
            (name, event) for name in ("dev", "prod") for event in _LINES
        )
        assert not [each.text for each in told if "by hand" in each.text]
        assert len([text for text in self.notifier.headlines() if "needs a human" not in text]) == 1

    def proposal(self) -> PullRequestSummary | None:
        """Prod's pull request as people see it."""
        return self.shown().environments[1].pull_request

    def merge_elsewhere(self) -> None:
        """A human merges prod on the Git host itself, of which Tagboat hears nothing."""
        pull = self.proposal()
        assert pull is not None
        self.forge.merge(REPOSITORY, pull.number, MergeOptions(expected_head=pull.head, message="Merge it"))

    def _is_merged(self) -> bool:
        pull = self.proposal()
        if pull is None:
            return False
        self._survived(
            lambda: merge_by_human(self.world, "shop", "prod", number=pull.number, head=pull.head, who="ada")
        )
        (kept,) = self.ledger.of_branch(REPOSITORY, "tagboat/shop/prod")
        return kept.state is PullRequestState.MERGED

    def _survived(self, step: Callable[[], object]) -> bool:
        """Let the process do something; where it dies, another one takes its place."""
        try:
            step()
        except Killed:
            self.restart()
            return False
        except Transient:
            return False  # the worker, or whoever called, tries again
        return True

    def _followed(self, application: Application) -> SimulatedSource:
        place = application.name.removeprefix("web-")

        def images(commit: str) -> Sequence[str]:
            content = self.forge.read(REPOSITORY, commit, f"envs/{place}/values.yaml") or b""
            return [f"{WEB}:{content.decode().partition('tag: ')[2].strip()}"]

        return SimulatedSource(_URL, "main", lambda: self.forge.head(REPOSITORY, "main") or "", images)


def _watched(name: str, **changes: object) -> Environment:
    applications = (Application("main", f"web-{name}"),)
    return environment(name, applications=applications, settle=timedelta(0), **changes)


def _pauses() -> Iterator[timedelta]:
    yield from [_STEP] * 10
    while True:
        yield _TICK
