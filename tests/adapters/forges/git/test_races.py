"""Others who write at the same time, and processes that die half-way, to the forge `git`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from bot.adapters.forges.git.mirror import GitMirror
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import Conflict
from bot.domain.pull_request.proposal import PullRequestState
from tests.adapters.forges.git.git_steps import DyingLedger, another, at_once, state_of
from tests.contracts.forge_steps import BRANCH, NEW_DEV, base_of, merge_in, open_in, with_file
from tests.contracts.forge_worlds import DEV, HUMAN, PlainGitWorld


def _while_committing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once, after the forge has looked and before it pushes."""
    original, waiting = GitMirror.commit, [act]

    def commit(self: GitMirror, tree: str, *, parents: Sequence[str], message: str) -> str:
        made = original(self, tree, parents=parents, message=message)
        while waiting:
            waiting.pop()()
        return made

    monkeypatch.setattr(GitMirror, "commit", commit)


class TestRaces:
    def test_of_several_writers_of_one_branch_exactly_one_wins(self, world: PlainGitWorld) -> None:
        base = base_of(world)
        machines = [another(world, f"cache-{n}") for n in range(4)]

        def writer(number: int) -> Callable[[], str]:
            proposal = with_file(DEV, b"%d\n" % number)
            return lambda: machines[number].forge.write(world.repository, proposal, base=base, expected=None)

        outcomes = at_once([writer(number) for number in range(4)])
        commits = [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert commits == [world.head(BRANCH)]
        assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome not in commits)

    def test_the_push_itself_compares_not_only_the_look_before(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = open_in(world).head
        moved: list[str] = []
        _while_committing(monkeypatch, lambda: moved.append(world.commit(BRANCH, {"note": b"1"})))
        other = with_file(DEV, b"2\n")
        with pytest.raises(Conflict):
            world.forge.write(world.repository, other, base=base_of(world), expected=first)
        assert [world.head(BRANCH)] == moved

    def test_a_base_that_moves_during_the_merge_is_merged_again(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pull = open_in(world)
        _while_committing(monkeypatch, lambda: world.commit("main", {"README.md": b"# New\n"}))
        commit = merge_in(world, pull)
        assert world.contents(commit).items() >= {DEV: NEW_DEV, "README.md": b"# New\n"}.items()
        assert world.head("main") == commit

    def test_a_head_that_moves_during_the_merge_stops_it(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, pull = base_of(world), open_in(world)
        _while_committing(monkeypatch, lambda: world.commit(BRANCH, {"evil": b"late"}))
        with pytest.raises(Conflict):
            merge_in(world, pull)
        assert world.head("main") == before

    def test_two_machines_that_merge_one_pull_request_agree(self, world: PlainGitWorld) -> None:
        ledger = MemoryLedger()
        machines = [another(world, f"cache-{n}", ledger=ledger) for n in range(2)]
        pull = open_in(machines[0])
        assert at_once([partial(merge_in, machine, pull) for machine in machines]) == [world.head("main")] * 2

    def test_two_machines_that_merge_two_pull_requests_lose_nothing(self, world: PlainGitWorld) -> None:
        ledger = MemoryLedger()
        machines = [another(world, f"cache-{n}", ledger=ledger) for n in range(2)]
        names = ["envs/a.yaml", "envs/b.yaml"]

        def merger(machine: PlainGitWorld, name: str) -> Callable[[], str]:
            pull = open_in(machine, with_file(name, b"1\n", branch=f"tagboat/{name}"))
            return lambda: merge_in(machine, pull)

        outcomes = at_once([merger(machine, name) for machine, name in zip(machines, names, strict=True)])
        assert all(isinstance(outcome, str) for outcome in outcomes), outcomes
        assert set(names) <= world.contents(base_of(world)).keys()

    def test_a_merge_and_deletion_between_two_looks_is_no_close(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = open_in(world).number
        base, head = base_of(world), world.head(BRANCH) or ""
        commit = world.git.write_commit(world.git.tree(head), [base, head], "Merge by hand", author=HUMAN)
        original = GitMirror.head

        def look(self: GitMirror, branch: str) -> str | None:
            found = original(self, branch)
            if world.head(BRANCH):
                world.reset("main", commit)
                world.delete(BRANCH)
            return found

        monkeypatch.setattr(GitMirror, "head", look)
        assert state_of(world, number) is PullRequestState.MERGED


class TestCrashes:
    def test_a_branch_without_its_pull_request_is_taken_up_again(self, world: PlainGitWorld) -> None:
        ledger = DyingLedger()
        ledger.dies_at = "add"
        with pytest.raises(KeyboardInterrupt):
            open_in(another(world, "first", ledger=ledger))
        written = world.head(BRANCH)
        pull = open_in(another(world, "second", ledger=ledger))
        assert (pull.number, pull.head) == (1, written)

    def test_a_merge_that_was_not_noted_is_found_and_not_done_again(self, world: PlainGitWorld) -> None:
        ledger = DyingLedger()
        first = another(world, "first", ledger=ledger)
        pull = open_in(first)
        ledger.dies_at = "change"
        with pytest.raises(KeyboardInterrupt):
            merge_in(first, pull)
        merged = base_of(world)
        assert merge_in(another(world, "second", ledger=ledger), pull) == merged == world.head("main")

    def test_a_close_that_was_not_noted_is_found(self, world: PlainGitWorld) -> None:
        ledger = DyingLedger()
        first = another(world, "first", ledger=ledger)
        pull = open_in(first)
        ledger.dies_at = "change"
        with pytest.raises(KeyboardInterrupt):
            first.forge.close(world.repository, pull.number, comment="superseded")
        assert state_of(another(world, "second", ledger=ledger), pull.number) is PullRequestState.CLOSED
        assert world.head(BRANCH) is None
