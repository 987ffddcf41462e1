"""The loop with Argo CD: a promotion waits for what really runs, and people hear of what does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import RestDeployments
from bot.adapters.forges.memory.forge import File
from bot.domain.notice import Event
from bot.domain.pipeline import Application, Environment, Merge
from bot.domain.status import State
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.http_host import Answer
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

ADDRESS = "https://forge.example/acme/infra.git"
MINUTE = timedelta(minutes=1)


def followed(name: str, **changes: object) -> Environment:
    return environment(name, merge=Merge.AUTO, applications=(Application("main", f"shop-{name}"),), **changes)


@contextmanager
def rollouts() -> Iterator[tuple[Bench, FakeArgoCD]]:
    """Dev is followed through Argo CD, staging comes after it and has none."""
    bench = Bench((followed("dev"), environment("staging", after=("dev",), merge=Merge.AUTO)))
    with FakeArgoCD(now=bench.clock.now) as argocd:
        argocd.app(
            "shop-dev",
            repo_url=ADDRESS,
            branch="main",
            path="envs/dev",
            head=lambda: bench.forge.head(REPOSITORY, "main") or "",
            images=lambda commit: [_image(bench, commit)],
            rollout_seconds=30,
        )
        pipeline = replace(bench.pipeline, repository_urls=(ADDRESS,))
        connection = Connection(argocd.url, token=argocd.token)
        bench.world = replace(
            bench.world, pipelines={"shop": pipeline}, deployments={"main": RestDeployments(connection)}
        )
        bench.settle()
        yield bench, argocd


def _image(bench: Bench, commit: str) -> str:
    content = bench.forge.read(REPOSITORY, commit, "envs/dev/values.yaml") or b""
    return f"{WEB}:{content.decode().rpartition('tag: ')[2].strip()}"


def wait(bench: Bench, span: timedelta) -> None:
    """Let time go by in steps in which the sweep does what has become due."""
    for _ in range(int(span / timedelta(seconds=5))):
        bench.clock.pass_by(timedelta(seconds=5))
        bench.settle()


def test_the_next_environment_waits_until_argo_cd_reports_the_merged_commit_healthy() -> None:
    with rollouts() as (bench, _):
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        assert bench.file("dev") == values("1.1.0")
        assert bench.status("dev").state is State.ROLLING_OUT
        assert bench.status("staging").state is State.WAITING
        assert "1.1.0 is not live there yet" in bench.status("staging").reason
        wait(bench, MINUTE)
        assert bench.status("dev").state is State.LIVE
        assert bench.file("staging") == values("1.1.0")
        told = [(each.environment, each.event) for each in bench.told()]
        assert told[:4] == [
            ("dev", Event.OPENED),
            ("dev", Event.MERGED),
            ("dev", Event.SYNCED),
            ("dev", Event.HEALTHY),
        ]


def test_a_base_branch_that_was_rewritten_is_followed_anew() -> None:
    with rollouts() as (bench, argocd):
        before = bench.forge.head(REPOSITORY, "main") or ""
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        wait(bench, 4 * MINUTE)
        assert bench.status("staging").state is State.LIVE
        bench.forge.reset_by_human(REPOSITORY, "main", before)
        both: dict[str, File | None] = {
            f"envs/{name}/values.yaml": File(values("1.1.0")) for name in ("dev", "staging")
        }
        rewritten = bench.forge.commit_by_human(REPOSITORY, "main", both)
        argocd.apps["shop-dev"].reconcile()
        bench.look()
        wait(bench, MINUTE)
        assert bench.status("dev").state is State.LIVE
        current = bench.store.load("shop").environment("dev").current
        assert current is not None
        assert current.followed.commit == rewritten
        told = Counter((each.environment, each.event) for each in bench.told())
        assert told["dev", Event.DEGRADED] == 0
        assert told["dev", Event.MERGED] == 1


def test_a_degraded_release_is_told_once_and_held_back_until_it_recovers() -> None:
    with rollouts() as (bench, argocd):
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        argocd.apps["shop-dev"].set_health("Degraded", "CrashLoopBackOff")
        wait(bench, 3 * MINUTE)
        assert bench.status("dev").state is State.DEGRADED
        assert "CrashLoopBackOff" in bench.status("dev").reason
        assert bench.file("staging") == values("1.0.0")
        assert "is not healthy there" in bench.status("staging").reason
        assert [each.event for each in bench.told()].count(Event.DEGRADED) == 1
        argocd.apps["shop-dev"].set_health(None)
        wait(bench, 2 * MINUTE)
        assert bench.status("dev").state is State.LIVE
        assert bench.file("staging") == values("1.1.0")


def test_a_newer_release_replaces_one_that_is_degraded() -> None:
    with rollouts() as (bench, argocd):
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        argocd.apps["shop-dev"].set_health("Degraded", "CrashLoopBackOff")
        wait(bench, 2 * MINUTE)
        argocd.apps["shop-dev"].set_health(None)
        bench.registry.push(WEB, "1.1.1")
        bench.look()
        wait(bench, 2 * MINUTE)
        assert bench.status("dev").running == {"web": "1.1.1"}
        assert bench.status("dev").state is State.LIVE
        assert bench.file("staging") == values("1.1.1")


@pytest.mark.parametrize(("status", "word"), [(503, "503"), (403, "shop-dev")], ids=["no answer", "no right"])
def test_an_argo_cd_that_cannot_be_asked_is_never_taken_for_healthy(status: int, word: str) -> None:
    with rollouts() as (bench, argocd):
        argocd.host.faults.add("GET", "shop-dev", Answer(status), times=10_000)
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        wait(bench, MINUTE)
        assert bench.file("dev") == values("1.1.0")
        assert bench.status("dev").state is State.UNKNOWN
        assert word in bench.status("dev").reason
        assert bench.file("staging") == values("1.0.0")
        argocd.host.faults.clear()
        wait(bench, 2 * MINUTE)
        assert bench.file("staging") == values("1.1.0")


def test_a_sync_window_is_named_while_it_blocks() -> None:
    with rollouts() as (bench, argocd):
        argocd.apps["shop-dev"].close_window()
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        wait(bench, MINUTE)
        assert bench.status("dev").state is State.ROLLING_OUT
        assert "window" in bench.status("dev").reason
        assert bench.status("dev").applications[0].verdict == "BlockedByWindow"
        argocd.apps["shop-dev"].open_window()
        argocd.apps["shop-dev"].reconcile()
        wait(bench, 3 * MINUTE)
        assert bench.status("dev").state is State.LIVE


def test_a_sync_that_failed_shows_argo_cd_s_own_words() -> None:
    with rollouts() as (bench, argocd):
        argocd.apps["shop-dev"].fail_sync("one or more objects failed to apply")
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        wait(bench, 2 * MINUTE)
        assert bench.status("dev").state is State.DEGRADED
        assert "failed to apply" in bench.status("dev").reason
        assert bench.file("staging") == values("1.0.0")


def test_an_application_that_is_gone_is_named() -> None:
    with rollouts() as (bench, argocd):
        argocd.apps["shop-dev"].project = "default"
        pipeline = replace(
            bench.world.pipelines["shop"],
            environments=(
                replace(followed("dev"), applications=(Application("main", "gone", project="default"),)),
                environment("staging", after=("dev",), merge=Merge.AUTO),
            ),
        )
        bench.world = replace(bench.world, pipelines={"shop": pipeline})
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        assert bench.status("dev").state is State.DEGRADED
        assert "gone" in bench.status("dev").reason
        assert bench.file("staging") == values("1.0.0")


def test_a_later_commit_of_somebody_else_does_not_hold_the_rollout_up() -> None:
    with rollouts() as (bench, _):
        bench.registry.push(WEB, "1.1.0")
        bench.look()
        bench.forge.commit_by_human(REPOSITORY, "main", {"README.md": File(b"later\n")})
        wait(bench, 2 * MINUTE)
        assert bench.status("dev").state is State.LIVE
