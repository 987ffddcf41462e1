"""Facts wake the pipelines that they concern, once, after they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.adapters.argocd.memory import MemoryDeployments
from bot.adapters.queues.memory import MemoryQueue
from bot.domain.chat_fact import CommandGiven
from bot.domain.choosing.listing import Listing
from bot.domain.errors import Unreachable
from bot.domain.fact import BranchMoved, Fact, Ignored, ImagePushed, MergeQueueMoved, Reviewed, RolloutChanged
from bot.domain.image import ImageName
from bot.domain.pipeline import Application, Repository
from bot.flow.receive import receive, wake
from bot.flow.sweep import sweep
from bot.ports import Delivery, ImageEntry
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment


def pushed(image: ImageName = WEB) -> ImagePushed:
    return ImagePushed(image=image, tag="1.1.0")


def moved(repository: str = REPOSITORY) -> BranchMoved:
    return BranchMoved(
        provider="github",
        repository=repository,
        clone_url=f"https://forge.example/{repository}.git",
        ref="refs/heads/main",
        before="a" * 40,
        after="b" * 40,
        created=False,
        deleted=False,
        forced=False,
        commits=1,
        changed_paths=("envs/dev/values.yaml",),
        is_default_branch=True,
    )


def reviewed(repository: str = REPOSITORY) -> Reviewed:
    return Reviewed(
        provider="github",
        repository=repository,
        number=7,
        action="submitted",
        state="approved",
        sha="b" * 40,
        author="ada",
        url=None,
    )


def queued() -> MergeQueueMoved:
    return MergeQueueMoved(
        provider="github",
        repository=REPOSITORY,
        action="checks_requested",
        reason=None,
        base_ref="main",
        sha="b" * 40,
        number=7,
    )


def delivery(key: str = "1") -> Delivery:
    return Delivery("sender", key)


@pytest.mark.parametrize(
    ("facts", "forge", "woken"),
    [
        pytest.param([pushed()], None, ["shop"], id="a watched image"),
        pytest.param(
            [pushed(ImageName("registry.example:5000", "acme/other"))], None, [], id="another image"
        ),
        pytest.param([pushed(ImageName("evil.example", "acme/web"))], None, [], id="another registry"),
        pytest.param([moved()], "forge", ["shop"], id="the pipeline's repository"),
        pytest.param([moved(REPOSITORY.upper())], "forge", ["shop"], id="letter case does not count"),
        pytest.param([moved()], "other", [], id="the same path on another forge"),
        pytest.param([reviewed()], "forge", ["shop"], id="a review in the repository"),
        pytest.param([reviewed("acme/else")], "forge", [], id="a review in another repository"),
        pytest.param([queued()], "forge", ["shop"], id="the merge queue of the repository"),
        pytest.param([moved("acme/else")], "forge", [], id="another repository"),
        pytest.param([Ignored(reason="action pull")], None, [], id="nothing that counts"),
        pytest.param([pushed(), pushed(), moved()], "forge", ["shop"], id="many facts, one message"),
    ],
)
def test_facts_wake_the_pipelines_that_they_concern(
    facts: Sequence[Fact], forge: str | None, woken: list[str]
) -> None:
    bench = Bench()
    names = receive(bench.world, delivery(), facts, forge=forge)
    assert names == woken
    assert list(bench.queue.pipelines) == []  # the queue is told after the sender was answered
    assert list(wake(bench.world, names)) == woken
    assert list(bench.queue.pipelines) == woken


ROLLOUT = RolloutChanged(provider="argocd", application="shop-dev", state="success", revision="b" * 40)
COMMAND = CommandGiven(
    command="/tagboat",
    text="status shop",
    user_id="U1",
    user_name="ada",
    team_id="T1",
    channel_id="C1",
    response_url=None,
    trigger_id=None,
)


@pytest.mark.parametrize(
    ("sender", "fact", "woken"),
    [
        pytest.param("main", ROLLOUT, ["shop"], id="the instance that the endpoint is named after"),
        pytest.param("other", ROLLOUT, [], id="an application of another instance"),
        pytest.param("notifications", ROLLOUT, ["shop"], id="an endpoint that is named after none"),
        pytest.param("main", replace(ROLLOUT, application="shop-prod"), [], id="nobody follows it"),
        pytest.param("main", COMMAND, [], id="a command changes nothing by itself"),
    ],
)
def test_an_argo_cd_wakes_who_follows_its_application(sender: str, fact: Fact, woken: list[str]) -> None:
    bench = Bench((environment("dev", applications=(Application("main", "shop-dev"),)),))
    deployments = {"main": MemoryDeployments(), "other": MemoryDeployments()}
    world = replace(bench.world, deployments=deployments)
    assert receive(world, Delivery(sender, "1"), [fact], forge=None) == woken


@pytest.mark.parametrize(
    ("address", "woken"),
    [
        ("https://git.example/acme/infra.git", ["shop"]),
        ("https://git.example/ACME/infra", ["shop"]),
        ("https://git.example/xacme/infra.git", []),
        ("https://git.example/acme/infra-old.git", []),
    ],
)
def test_a_repository_that_is_known_by_its_address_alone_is_found(address: str, woken: list[str]) -> None:
    bench = Bench()
    pipeline = replace(bench.pipeline, repository=Repository("forge", address), repository_urls=(address,))
    world = replace(bench.world, pipelines={"shop": pipeline})
    assert receive(world, delivery(), [moved()], forge="forge") == woken


def test_many_deliveries_are_one_message_until_a_worker_takes_it() -> None:
    bench = Bench()
    for key in range(5):
        wake(bench.world, receive(bench.world, delivery(str(key)), [pushed()], forge=None) or ())
    assert list(bench.queue.pipelines) == ["shop"]
    bench.settle()
    wake(bench.world, receive(bench.world, delivery("later"), [pushed()], forge=None) or ())
    assert list(bench.queue.pipelines) == ["shop"]


def test_a_delivery_that_was_seen_before_wakes_nothing() -> None:
    bench = Bench()
    receive(bench.world, delivery(), [pushed()], forge=None)
    assert receive(bench.world, delivery(), [pushed()], forge=None) is None
    assert list(bench.queue.pipelines) == []


class _BrokenQueue(MemoryQueue):
    def reconcile(self, pipeline: str) -> None:
        raise Unreachable("the message broker cannot be reached")


def test_a_broker_that_is_down_loses_nothing() -> None:
    bench = Bench()
    bench.settle()
    broken = replace(bench.world, queue=_BrokenQueue())
    names = receive(broken, delivery(), [pushed()], forge=None)
    assert names == ["shop"]
    wake(broken, names)
    bench.clock.pass_by(timedelta(seconds=10))
    assert list(sweep(bench.world, every=timedelta(hours=1))) == ["shop"]
    assert list(bench.queue.pipelines) == ["shop"]


def test_the_sweep_finds_what_nobody_looked_at_for_long() -> None:
    bench = Bench()
    bench.settle()
    assert list(sweep(bench.world, every=timedelta(minutes=5))) == []
    bench.clock.pass_by(timedelta(minutes=5))
    assert list(sweep(bench.world, every=timedelta(minutes=5))) == ["shop"]


def test_pushed_tags_are_announced_once_and_only_for_images_that_pipelines_carry() -> None:
    bench = Bench()
    bench.settle()
    bench.look()
    facts = [pushed(), pushed(), replace(pushed(), tag="1.2.0"), pushed(ImageName("ghcr.io", "acme/other"))]
    receive(bench.world, delivery(), facts, forge=None)
    entry = bench.catalog.entry(WEB)
    assert entry is not None
    assert entry.announced == ("1.1.0", "1.2.0")
    other = ImageName("ghcr.io", "acme/other")
    bench.catalog.keep(other, ImageEntry(Listing(()), bench.clock.now()))
    kept = bench.catalog.entry(other)
    assert kept is not None
    assert kept.announced == ()


def test_a_push_is_announced_before_its_pipeline_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.settle()
    bench.look()
    known: list[tuple[str, ...]] = []
    stored = bench.store.receive

    def receive_and_look(delivery: Delivery, *, pipelines: Sequence[str], now: datetime) -> bool:
        entry = bench.catalog.entry(WEB)
        known.append(entry.announced if entry else ())
        return stored(delivery, pipelines=pipelines, now=now)

    monkeypatch.setattr(bench.store, "receive", receive_and_look)
    receive(bench.world, delivery(), [pushed()], forge=None)
    assert known == [("1.1.0",)]


def test_a_push_that_cannot_be_announced_is_not_answered_as_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def announce(pushes: object, *, now: datetime) -> None:
        raise Unreachable("the database does not answer")

    monkeypatch.setattr(bench.catalog, "announce", announce)
    with pytest.raises(Unreachable):
        receive(bench.world, delivery(), [pushed()], forge=None)
    assert bench.store.receive(delivery(), pipelines=[], now=bench.clock.now()), "it was not remembered"
