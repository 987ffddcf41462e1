"""The loop over memory twins: what a push, a merge, a refusal and a crash lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.adapters.forges.memory.forge import File, MemoryForge
from bot.adapters.stores.memory import MemoryStore
from bot.domain.choosing.selection import MovedTags, SelectionPolicy
from bot.domain.errors import Denied, TagboatError, Unreachable
from bot.domain.notice import Event
from bot.domain.pipeline import Merge, Target
from bot.domain.place import HelmValues
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.status import State
from bot.flow.merge import close_by_human
from bot.flow.reconcile import preview, reconcile
from bot.ports import Lease, Outcome
from tests.flow.worlds import REPOSITORY, THREE, WEB, Bench, environment, values


def test_a_push_goes_through_dev_and_staging_and_waits_before_prod() -> None:
    bench = Bench()
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert bench.file("dev") == values("1.1.0")
    assert bench.file("staging") == values("1.1.0")
    assert bench.file("prod") == values("1.0.0")
    assert [bench.status(name).state for name in ("dev", "staging", "prod")] == [
        State.LIVE,
        State.LIVE,
        State.PROPOSED,
    ]


def test_a_human_merge_in_prod_ends_the_story_live_in_one_thread() -> None:
    bench = Bench()
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.merge("prod")
    bench.settle()
    assert bench.file("prod") == values("1.1.0")
    assert bench.status("prod").state is State.LIVE
    told = [(each.environment, each.event) for each in bench.told()]
    assert told == [
        (name, event)
        for name in ("dev", "staging", "prod")
        for event in (Event.OPENED, Event.MERGED, Event.SYNCED, Event.HEALTHY)
    ]
    assert len(bench.notifier.headlines()) == 1


def test_nothing_is_told_of_what_was_there_before_tagboat() -> None:
    bench = Bench()
    bench.settle()
    assert bench.told() == []


def test_a_second_push_updates_the_open_pull_request_in_place() -> None:
    bench = Bench()
    bench.settle()
    for tag in ("1.1.0", "1.2.0"):
        bench.registry.push(WEB, tag)
        bench.look()
    pulls = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/prod")
    assert [(each.number, each.state) for each in pulls] == [(pulls[0].number, PullRequestState.OPEN)]
    assert "1.0.0 → 1.2.0" in pulls[0].title
    assert bench.forge.read(REPOSITORY, pulls[0].head, "envs/prod/values.yaml") == values("1.2.0")


def test_a_pull_request_that_a_human_closed_stays_closed_until_the_next_release() -> None:
    bench = Bench()
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    pull = bench.status("prod").pull_request
    assert pull is not None
    close_by_human(bench.world, "shop", "prod", number=pull.number, who="ada")
    bench.settle()
    assert bench.status("prod").state is State.DECLINED
    bench.look()
    assert bench.status("prod").pull_request is None
    bench.registry.push(WEB, "1.2.0")
    bench.look()
    assert bench.status("prod").state is State.PROPOSED


def test_a_release_that_a_human_reverted_is_left_reverted_until_the_next_one() -> None:
    bench = Bench((environment("dev", merge=Merge.AUTO),))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(values("1.0.0"))})
    bench.look()
    bench.look()
    assert bench.file("dev") == values("1.0.0")
    assert bench.status("dev").state is State.DECLINED
    assert "taken back by hand" in bench.status("dev").reason
    bench.registry.push(WEB, "1.1.1")
    bench.look()
    assert bench.file("dev") == values("1.1.1")


def test_an_open_pull_request_is_closed_when_a_human_committed_the_same_by_hand() -> None:
    bench = Bench((environment("dev", merge=Merge.MANUAL),))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(values("1.1.0"))})
    bench.look()
    (pull,) = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/dev")
    assert pull.state is PullRequestState.CLOSED
    assert pull.is_withdrawn
    assert bench.status("dev").state is State.LIVE


def test_a_commit_of_somebody_else_on_the_branch_stops_tagboat() -> None:
    bench = Bench((environment("dev", merge=Merge.MANUAL),))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.forge.commit_by_human(REPOSITORY, "tagboat/shop/dev", {"notes.txt": File(b"mine\n")})
    before = bench.forge.head(REPOSITORY, "tagboat/shop/dev")
    bench.registry.push(WEB, "1.2.0")
    bench.look()
    assert bench.forge.head(REPOSITORY, "tagboat/shop/dev") == before
    assert bench.status("dev").state is State.BLOCKED
    assert "is not Tagboat's" in bench.status("dev").reason


def test_soak_is_kept_by_the_clock_alone() -> None:
    first, second, third = THREE
    bench = Bench((first, second, replace(third, soak=timedelta(hours=2))))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert bench.status("prod").state is State.WAITING
    bench.clock.pass_by(timedelta(hours=2))
    bench.settle()
    assert bench.status("prod").state is State.PROPOSED


def _with_digest(target: Target) -> Target:
    return replace(target, place=HelmValues(tag="image.tag", digest="image.digest"))


def test_what_was_proved_is_promoted_by_its_digest_even_after_its_tag_moved() -> None:
    pinned = tuple(
        replace(each, targets=(_with_digest(each.targets[0]),), merge=merge)
        for each, merge in zip(THREE, (Merge.AUTO, Merge.MANUAL, Merge.MANUAL), strict=True)
    )
    follows = SelectionPolicy(constraint=">=1.0", moved_tags=MovedTags.FOLLOW)
    bench = Bench(pinned, policy=follows)
    for name in ("dev", "staging", "prod"):
        content = values("1.0.0") + b"  digest: ''\n"
        bench.forge.commit_by_human(REPOSITORY, "main", {f"envs/{name}/values.yaml": File(content)})
    proved = bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.merge("staging")
    moved = bench.registry.push(WEB, "1.1.0", content="rebuilt")
    assert moved != proved
    bench.look()
    assert moved.encode() in (bench.file("dev") or b"")
    prod = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/prod")[0]
    assert proved.encode() in (bench.forge.read(REPOSITORY, prod.head, "envs/prod/values.yaml") or b"")


def test_a_tag_that_moved_is_not_promoted_to_a_file_that_keeps_no_digest() -> None:
    first, second, third = THREE
    bench = Bench((first, replace(second, merge=Merge.MANUAL), third))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.registry.push(WEB, "1.1.0", content="rebuilt")
    bench.merge("staging")
    bench.settle()
    assert bench.status("prod").state is State.BLOCKED
    assert "was moved since it was proved" in bench.status("prod").reason
    assert bench.ledger.of_branch(REPOSITORY, "tagboat/shop/prod") == []


@pytest.mark.parametrize(
    ("error", "state"),
    [
        pytest.param(Unreachable("registry.example:5000 does not answer"), State.WAITING, id="unreachable"),
        pytest.param(Denied("registry.example:5000 refuses the credentials"), State.BLOCKED, id="denied"),
    ],
)
def test_an_unreadable_registry_changes_nothing_and_says_so(error: TagboatError, state: State) -> None:
    bench = Bench()
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.registry.fail(error)
    bench.look()
    assert bench.file("dev") == values("1.0.0")
    assert bench.status("dev").state is state
    assert error.what in bench.status("dev").reason
    bench.registry.recover()
    bench.clock.pass_by(timedelta(minutes=5))
    bench.settle()
    assert bench.file("dev") == values("1.1.0")


def test_a_missing_file_stops_that_environment_only() -> None:
    bench = Bench()
    bench.settle()
    bench.forge.commit_by_human(REPOSITORY, "main", {"envs/staging/values.yaml": None})
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert bench.file("dev") == values("1.1.0")
    assert bench.status("staging").state is State.BLOCKED
    assert "envs/staging/values.yaml is not in acme/infra" in bench.status("staging").reason
    assert Event.BLOCKED in [each.event for each in bench.told()]


def test_preview_says_what_would_be_done_and_does_nothing() -> None:
    bench = Bench()
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    before = bench.forge.head(REPOSITORY, "main"), bench.store.revision()
    plan = preview(bench.world, bench.pipeline).plan
    assert [type(each).__name__ for each in plan.actions] == ["Propose"]
    assert (bench.forge.head(REPOSITORY, "main"), bench.store.revision()) == before
    assert bench.forge.head(REPOSITORY, "tagboat/shop/dev") is None


def test_a_pipeline_that_another_worker_holds_is_left_alone() -> None:
    bench = Bench()
    lease = bench.store.lease("shop", owner="other", now=bench.clock.now(), ttl=timedelta(minutes=5))
    assert lease is not None
    assert reconcile(bench.world, "shop") is False


def test_a_message_of_an_unknown_pipeline_is_ignored() -> None:
    assert reconcile(Bench().world, "gone") is True


class _Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


class _DiesOnce(MemoryForge):
    """A forge at which the process dies once, right after a step that was done."""

    dies_after = ""

    def _die(self, step: str) -> None:
        if self.dies_after == step:
            self.dies_after = ""
            raise _Killed

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        commit = super().write(repository, proposal, base=base, expected=expected)
        self._die("write")
        return commit

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        pull = super().open(repository, proposal, base_branch=base_branch)
        self._die("open")
        return pull

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        super().revise(repository, number, title=title, body=body)
        self._die("revise")

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        commit = super().merge(repository, number, options)
        self._die("merge")
        return commit


def test_a_crash_between_two_turns_of_the_loop_leaves_the_pipeline_due() -> None:
    bench = Bench()
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    saves = 0

    class _DiesAfterSaving(MemoryStore):
        def save(self, lease: Lease, outcome: Outcome, *, notifiers: Sequence[str], now: datetime) -> int:
            nonlocal saves
            bench.store.save(lease, outcome, notifiers=notifiers, now=now)
            saves += 1
            raise _Killed

    dying = _DiesAfterSaving()
    dying.lease, dying.load = bench.store.lease, bench.store.load  # type: ignore[method-assign]
    dying.release = lambda lease: None  # type: ignore[method-assign]
    bench.store.wake(["shop"], now=bench.clock.now())
    with pytest.raises(_Killed):
        reconcile(replace(bench.world, store=dying), "shop")
    assert saves == 1
    bench.clock.pass_by(timedelta(seconds=11))
    bench.settle()
    assert bench.file("staging") == values("1.1.0")


@pytest.mark.parametrize("step", ["write", "open", "revise", "merge"])
def test_a_crash_after_any_step_ends_in_the_same_state_with_one_pull_request_each(step: str) -> None:
    bench = Bench()
    forge = _DiesOnce(ledger=bench.ledger, clock=bench.clock)
    forge.create(REPOSITORY, {file: values("1.0.0") for each in THREE for file in each.files})
    bench.forge, bench.world = forge, replace(bench.world, forges={"forge": forge})
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.registry.push(WEB, "1.2.0")
    forge.dies_after = step
    with pytest.raises(_Killed):
        bench.look()
    bench.queue.pipelines.clear()  # the broker loses its messages too
    bench.clock.pass_by(timedelta(seconds=11))  # the dead worker's lease runs out
    bench.settle()
    assert [bench.file(name) for name in ("dev", "staging", "prod")] == [
        values("1.2.0"),
        values("1.2.0"),
        values("1.0.0"),
    ]
    for name, expected in (("dev", 2), ("staging", 2), ("prod", 1)):
        pulls = bench.ledger.of_branch(REPOSITORY, f"tagboat/shop/{name}")
        assert len(pulls) == expected, name
    texts = [each.key for each in bench.told()]
    assert len(texts) == len(set(texts))


def test_a_pull_request_that_a_human_closed_just_before_the_merge_is_a_no_and_no_alarm() -> None:
    bench = Bench((environment("prod", merge=Merge.AUTO),))
    bench.settle()
    merges = bench.forge.merge

    def closed(repository: str, number: int, options: MergeOptions) -> str:
        bench.forge.close_by_human(repository, number)
        return merges(repository, number, options)

    bench.forge.merge = closed  # type: ignore[method-assign]
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.look()
    assert bench.status("prod").state is State.DECLINED
    assert Event.BLOCKED not in {each.event for each in bench.told()}


def test_nothing_is_said_of_a_release_that_soaks_upstream_and_is_here_already() -> None:
    bench = Bench((environment("dev"), environment("prod", after=("dev",), soak=timedelta(hours=2))))
    bench.settle()
    status = bench.status("prod")
    assert (status.state, status.reason, status.next) == (State.LIVE, "", {})
