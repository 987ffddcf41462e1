"""A whole site for tests: the application over memory twins, with an endpoint for each kind of sender."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.adapters.stores.memory import MemoryStore
from bot.configuration.settings import EndpointSettings, GitSettings, Settings, WebSettings
from bot.domain.record import Record
from bot.domain.status import ApplicationStatus, EnvironmentStatus, PipelineStatus, PullRequestSummary, State
from bot.flow.world import World
from bot.ports import Outcome, Store
from bot.web.app import application
from bot.web.server import serve
from tests.flow.worlds import START, Bench

HERE = "http://127.0.0.1"
SECRET = "canary-0f9d1c"
"""Every secret of the settings contains it, so that a test can look for it in all that comes out."""

SENDERS = {"registry": "distribution", "forge": "github", "hub": "dockerhub", "chat": "slack"}


def secret_of(endpoint: str) -> str:
    """The endpoint's own secret."""
    return f"{SECRET}-{endpoint}"


def watched(bench: Bench) -> Bench:
    """The bench, whose repository a Git host names by an address of its own."""
    pipeline = replace(bench.pipeline, repository_urls=("https://github.com/acme/infra",))
    bench.world = replace(bench.world, pipelines={"shop": pipeline})
    return bench


def settings(bench: Bench, **web: object) -> Settings:
    """The settings of a site; the endpoint `forge` has the name of the bench's forge."""
    return Settings(
        store=SecretStr(f"postgresql://tagboat:{SECRET}@127.0.0.1/tagboat"),
        broker=SecretStr("memory://"),
        cache=Path("/nonexistent"),
        poll=timedelta(minutes=5),
        web=replace(WebSettings(), **web),  # type: ignore[arg-type]
        registries={},
        forges={"forge": GitSettings("forge", token=SecretStr(SECRET))},
        argocd={},
        notifiers={},
        endpoints={
            name: EndpointSettings(name, sender, (SecretStr(secret_of(name)),))
            for name, sender in SENDERS.items()
        },
        pipelines=bench.world.pipelines,
    )


@dataclass
class Site:
    """A bench with its application; `store` stands in for the bench's own where a test wants another."""

    bench: Bench = field(default_factory=lambda: watched(Bench()))
    web: Mapping[str, object] = field(default_factory=dict)
    store: Store | None = None

    def __post_init__(self) -> None:
        self.world: World = replace(self.bench.world, store=self.store or self.bench.store)
        self.app: Starlette = application(self.world, settings(self.bench, **self.web))

    def client(self, **options: object) -> TestClient:
        """A client on loopback, which does not follow redirects."""
        return TestClient(self.app, base_url=HERE, follow_redirects=False, **options)  # type: ignore[arg-type]


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of a real server in a thread, which ends with the block."""
    stop, ready, addresses = threading.Event(), threading.Event(), list[str]()

    def tell(address: str) -> None:
        addresses.append(address)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(app, "127.0.0.1", 0), kwargs={"on_ready": tell, "stop": stop}, daemon=True
    )
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield addresses[0]
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"


def show(store: MemoryStore, *statuses: PipelineStatus) -> None:
    """Put statuses on the board, as a reconcile would."""
    for status in statuses:
        lease = store.lease(status.name, owner="test", now=START, ttl=timedelta(minutes=1))
        assert lease is not None
        store.save(lease, Outcome(Record(), status), notifiers=(), now=START)
        store.release(lease)


def shown(*environments: EnvironmentStatus, name: str = "shop", problem: str = "") -> PipelineStatus:
    """A status of the bench's pipeline."""
    return PipelineStatus(name, "forge:acme/infra", environments, problem, START)


def environment(name: str, state: State = State.LIVE, **changes: object) -> EnvironmentStatus:
    """A status of one environment."""
    made = EnvironmentStatus(name, state, "", running={"web": "1.0.0"})
    return replace(made, **changes)  # type: ignore[arg-type]


def every_state() -> Sequence[EnvironmentStatus]:
    """One environment for each state, with all that the board can show of it."""
    hour = timedelta(hours=1)
    pull = PullRequestSummary(
        12, "shop prod: web 1.4.2 → 1.5.0", "https://git.example/acme/infra/pull/12", "f" * 40
    )
    kept = replace(pull, number=3, title="shop qa: web 1.4.2 → 1.5.0", url="")
    return (
        environment(
            "dev",
            State.LIVE,
            running={"web": "1.5.0"},
            applications=(ApplicationStatus("shop-dev", "Live"),),
            live_since=START - 3 * hour,
        ),
        environment(
            "staging",
            State.ROLLING_OUT,
            reason="shop-staging: 1 of 3 pods of Deployment web is ready",
            after=("dev",),
            running={"web": "1.5.0"},
            applications=(
                ApplicationStatus("shop-staging", "Progressing", "1 of 3 pods of Deployment web is ready"),
            ),
            wake_at=START + timedelta(seconds=20),
        ),
        environment(
            "qa",
            State.PROPOSED,
            reason="pull request 3 waits for a human to merge it",
            after=("dev",),
            running={"web": "1.4.2", "worker": "1.4.2"},
            next={"web": "1.5.0", "worker": "1.4.2"},
            pull_request=kept,
            live_since=START - 80 * hour,
        ),
        environment(
            "load",
            State.WAITING,
            reason="dev soaks until 11:00 UTC: live for 1h of 2h",
            after=("dev",),
            running={"web": "1.4.2"},
            next={"web": "1.5.0"},
            wake_at=START + 2 * hour,
            live_since=START - 80 * hour,
        ),
        environment(
            "prod-eu",
            State.DEGRADED,
            reason="Deployment web: container web is in CrashLoopBackOff (exit code 1, 7 restarts)",
            after=("staging", "qa"),
            running={"web": "1.4.2"},
            applications=(
                ApplicationStatus("shop-prod-eu", "Degraded", "container web is in CrashLoopBackOff"),
                ApplicationStatus("shop-prod-eu-jobs", "Live"),
            ),
            pull_request=pull,
        ),
        environment(
            "prod-us",
            State.BLOCKED,
            reason="commit 9f3c2ab1d0 on tagboat/shop/prod-us is not Tagboat's, so the branch is left alone "
            "(merge or close the pull request, or remove the commit)",
            after=("staging", "qa"),
            running={"web": "1.4.2"},
            next={"web": "1.5.0"},
            pull_request=replace(pull, number=14),
        ),
        environment(
            "prod-ap",
            State.DECLINED,
            reason="pull request 11 for 1.5.0 was closed without a merge; the next release will be proposed "
            "(`promote` brings this one back, without waiting for a human)",
            after=("staging", "qa"),
            running={"web": "1.4.2"},
            live_since=START - 80 * hour,
        ),
        environment(
            "edge", State.UNKNOWN, reason="git.example did not answer: timed out (tried again)", running={}
        ),
    )
