"""A whole Tagboat in this process, over real adapters and fakes that can break: what the fault tests run on.

One pipeline carries a pushed image through dev, which Tagboat merges, to prod, where a human does. Time is a
clock that is moved; what an adapter would wait for on the wall clock is written down in `Stage.slept`.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
import urllib3.util.retry

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import RestDeployments
from bot.adapters.forges import rest
from bot.adapters.forges.github import transport as github_transport
from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from bot.adapters.forges.gitlab import survey as gitlab_survey
from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.adapters.notifiers.slack import SlackNotifier
from bot.adapters.queues.memory import MemoryQueue
from bot.adapters.registries import transport as registry_transport
from bot.adapters.registries.credentials import Configured
from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.stores.sql import SqlStore
from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.errors import Transient
from bot.domain.fact import ImagePushed
from bot.domain.image import ImageName
from bot.domain.pipeline import Application, Environment, Merge, Pipeline, PipelineImage, Repository, Target
from bot.domain.place import HelmValues
from bot.domain.status import EnvironmentStatus, PipelineStatus, State
from bot.flow.announce import announce
from bot.flow.receive import receive
from bot.flow.reconcile import reconcile
from bot.flow.sweep import sweep
from bot.flow.world import World
from bot.ports import Delivery
from tests.adapters.notifiers.fake_slack import FakeSlack, fake_slack
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.gitlab import TOKEN as GITLAB_TOKEN
from tests.fakes.gitlab import FakeGitLab
from tests.faults.registry_host import PASSWORD, USER, RegistryHost, registry_host
from tests.flow.worlds import SetClock
from tests.kit.stores import sqlite_tables

REPOSITORY = "acme/infra"
CLONE_URL = "https://git.example.com/acme/infra"
SLACK_TOKEN = "xoxb-canary-of-slack"
ARGOCD_TOKEN = "fake-argocd-token"
SECRETS = (TOKEN, GITLAB_TOKEN, SLACK_TOKEN, ARGOCD_TOKEN, PASSWORD)
EVERY = timedelta(minutes=5)
_STEP, _LONGEST_STEP = timedelta(seconds=4), timedelta(seconds=60)
_LONGEST_STORY = timedelta(hours=2)
_PATIENCE_SECONDS = 20.0


@dataclass
class Stage:
    """Fakes, adapters and the loop of one test."""

    clock: SetClock
    host: FakeGitHub | FakeGitLab
    hosted: HostedRepository
    argocd: FakeArgoCD
    slack: FakeSlack
    registry: RegistryHost
    folder: Path
    slept: list[float]
    logs: Sequence[Mapping[str, Any]] = ()
    closing: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "tagboat.db").write_bytes(sqlite_tables())
        self.store = SqlStore(f"sqlite:///{self.folder}/tagboat.db")
        self.closing.append(self.store.close)
        self.pushes = itertools.count(1)
        self.pipeline = self.pipeline_of("shop")
        self.world = self.fresh_world()

    @property
    def github(self) -> FakeGitHub:
        """The Git host, on a stage with GitHub."""
        assert isinstance(self.host, FakeGitHub)
        return self.host

    @property
    def gitlab(self) -> FakeGitLab:
        """The Git host, on a stage with GitLab."""
        assert isinstance(self.host, FakeGitLab)
        return self.host

    @property
    def image(self) -> ImageName:
        """The image that is pushed."""
        return ImageName(self.registry.host, self.registry.path)

    def pipeline_of(self, name: str) -> Pipeline:
        """A pipeline of dev and prod."""
        prod = self._environment("prod", after=("dev",))
        return Pipeline(
            name,
            Repository("github", REPOSITORY),
            (PipelineImage("web", self.image, SelectionPolicy(constraint=">=1.0")),),
            (self._environment("dev", merge=Merge.AUTO), prod),
            repository_urls=(CLONE_URL,),
        )

    def fresh_world(self) -> World:
        """The world of a process that was just started: no adapter remembers anything."""
        forge = self._forge()
        registry = DistributionRegistry(
            host=self.registry.host,
            plain_http=True,
            credentials=Configured(USER, PASSWORD),
            clock=self.clock,
            monotonic=self.monotonic,
        )
        self.closing += [forge.disconnect, registry.close]
        self.queue = MemoryQueue()
        return World(
            pipelines={self.pipeline.name: self.pipeline},
            registries={self.registry.host: registry},
            forges={"github": forge},
            deployments={"main": RestDeployments(Connection(self.argocd.url, token=ARGOCD_TOKEN))},
            notifiers={
                "slack": SlackNotifier(token=SLACK_TOKEN, channel="#deploys", base_url=self.slack.url)
            },
            store=self.store,
            catalog=self.store.catalog,
            queue=self.queue,
            clock=self.clock,
        )

    def _forge(self) -> GitHubForge | GitLabForge:
        if isinstance(self.host, FakeGitLab):
            return GitLabForge(GitLabSettings(GITLAB_TOKEN, url=self.host.url, timeout_seconds=1))
        login = TokenLogin(TOKEN)
        return GitHubForge(
            GitHubSettings(login, api_url=self.host.url, seconds_between_writes=0, timeout_seconds=1)
        )

    def close(self) -> None:
        """Close what the worlds of this test held open."""
        for close in self.closing:
            close()

    def monotonic(self) -> float:
        """The seconds of a clock that runs as `clock` is moved."""
        return self.clock.now().timestamp()

    def push(self, tag: str) -> None:
        """Push an image; the registry tells of it until it is heard."""
        digest = self.registry.push(tag)
        delivery = Delivery("registry", f"push-{next(self.pushes)}")
        fact = ImagePushed(image=self.image, tag=tag, digest=digest)
        while True:
            with suppress(Transient):
                receive(self.world, delivery, [fact], forge=None)
                return
            self.clock.pass_by(_STEP)

    def turn(self) -> bool:
        """What a sweep and the workers do at this moment; False when there was nothing to do."""
        with suppress(Transient):
            sweep(self.world, every=EVERY)
        is_busy = bool(self.queue.pipelines)
        while self.queue.pipelines:
            with suppress(Transient):
                reconcile(self.world, self.queue.pipelines.popleft())
        with suppress(Transient):
            is_busy |= announce(self.world.store, self.world.notifiers, self.clock, 100) > 0
        return is_busy

    def pass_by(self, span: timedelta) -> None:
        """Let time go by."""
        end = self.clock.now() + span
        self._turns_until(lambda: self.clock.now() >= end, end)

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Let time go by until something holds; fail when it does not come within two hours."""
        end = self.clock.now() + _LONGEST_STORY
        self._turns_until(holds, end)
        assert holds(), f"{what} never came; seen: {self.shown()}"

    def _turns_until(self, holds: Callable[[], object], end: datetime) -> None:
        """A sweep every four seconds; where nothing is to be done, less and less often."""
        step = _STEP
        is_busy = self.turn()
        while not holds() and self.clock.now() < end:
            step = _STEP if is_busy else min(2 * step, _LONGEST_STEP)
            self.clock.pass_by(min(step, end - self.clock.now()))
            is_busy = self.turn()

    def proposed(self, tag: str) -> None:
        """Push, and wait until prod's pull request holds it."""
        self.push(tag)
        self.until(lambda: self._shows_proposal(tag), f"{tag} in prod's pull request")

    def merge_prod(self) -> None:
        """Wait for prod's pull request to be shown as it is, and merge it as a human."""
        self.until(self._shows_proposal, "prod's pull request")
        pull = self.status("prod").pull_request
        assert pull is not None
        self.hosted.merge_pull(pull.number, expected_head=pull.head)
        self.store.wake([self.pipeline.name], now=self.clock.now())

    def finish(self) -> None:
        """The rest of the story: a human merges prod, it goes live, and all of it is told."""
        self.merge_prod()
        self.until(self.is_still, "the end of the story")

    def is_still(self) -> bool:
        """Whether all is live and told."""
        shown = self.shown()
        is_live = all(each.state is State.LIVE for each in shown.environments)
        far = self.clock.now() + timedelta(days=2)
        return is_live and not shown.problem and not self.store.outbox(now=far, limit=1)

    def await_late_work(self) -> None:
        """Wait for a pull request that the host was asked for and has not opened yet, as its work goes on."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while not self.hosted.pulls:
            assert time.monotonic() < give_up, "the host never opened what it was asked for"
            time.sleep(0.02)

    def unplayed(self) -> list[object]:
        """What is left of the scripts of faults: a fault that nothing met proves nothing."""
        rules = [*vars(self.host.faults)["_rules"], *vars(self.argocd.host.faults)["_rules"]]
        return [rule for rule in [*rules, *self.registry.rules] if rule.left > 0]

    def shown(self) -> PipelineStatus:
        """What people see of the pipeline."""
        return {each.name: each for each in self.store.board()}[self.pipeline.name]

    def status(self, environment: str) -> EnvironmentStatus:
        """What people see of one environment."""
        return {each.name: each for each in self.shown().environments}[environment]

    def file(self, environment: str) -> bytes | None:
        """The environment's file on the base branch."""
        entry = self.hosted.git.entry("main", _file(environment))
        return self.hosted.git.blob(entry.sha) if entry else None

    def values(self, tag: str) -> bytes:
        """A values file that holds the tag."""
        return f"image:\n  repository: {self.image}\n  tag: {tag}  # moved by Tagboat\n".encode()

    def _shows_proposal(self, tag: str = "") -> bool:
        pull = self.status("prod").pull_request
        if pull is None or tag not in pull.title:
            return False
        return self.hosted.pull(pull.number).head == pull.head

    def _environment(self, name: str, **changes: Any) -> Environment:
        target = Target("web", _file(name), HelmValues(tag="image.tag"))
        applications = (Application("main", f"web-{name}"),)
        made = Environment(name, (target,), applications=applications, settle=timedelta(0))
        return replace(made, **changes)


@contextmanager
def staged(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    fake: Callable[..., FakeGitHub | FakeGitLab] = FakeGitHub,
) -> Iterator[Stage]:
    """Everything at 1.0.0, looked at once, and live; `fake` is the Git host."""
    clock, slept = SetClock(), list[float]()
    with ExitStack() as stack:
        host = fake(folder, host=GitHost(folder / "hosted", clock=clock.now))
        host.__enter__()
        stack.push(host.__exit__)
        argocd = stack.enter_context(FakeArgoCD(now=clock.now))
        slack = stack.enter_context(fake_slack())
        registry = stack.enter_context(registry_host())
        hosted = host.host.create(REPOSITORY)
        built = Stage(clock, host, hosted, argocd, slack, registry, folder, slept)
        stack.callback(built.close)
        _stop_waiting(monkeypatch, built)
        built.logs = stack.enter_context(structlog.testing.capture_logs())
        registry.push("1.0.0")
        hosted.commit("main", {_file(name): built.values("1.0.0") for name in ("dev", "prod")})
        _follow(built)
        built.turn()
        clock.pass_by(timedelta(minutes=1))
        yield built
        assert not [each for each in slept if each > 1.0], f"an adapter slept on the wall clock: {slept}"


def _follow(stage: Stage) -> None:
    for name in ("dev", "prod"):
        stage.argocd.app(
            f"web-{name}",
            repo_url=CLONE_URL,
            branch="main",
            head=lambda: stage.hosted.git.branch("main") or "",
            images=functools.partial(_images, stage, _file(name)),
        )


def _images(stage: Stage, file: str, commit: str) -> Sequence[str]:
    entry = stage.hosted.git.entry(commit, file)
    text = (stage.hosted.git.blob(entry.sha) or b"").decode() if entry else ""
    return [f"{stage.image}:{text.partition('tag: ')[2].partition(' ')[0]}"]


def _file(environment: str) -> str:
    return f"envs/{environment}/values.yaml"


def _stop_waiting(monkeypatch: pytest.MonkeyPatch, built: Stage) -> None:
    """Put the set clock in the place of the adapters' own, and write down what they would sleep."""
    watch = SimpleNamespace(monotonic=built.monotonic, time=built.monotonic, sleep=built.slept.append)
    clocked = (rest, github_transport, gitlab_survey, registry_transport, urllib3.util.retry)
    for module in clocked:
        monkeypatch.setattr(module, "time", watch)
