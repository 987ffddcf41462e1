"""Merges by hand of a branch that began anew: nothing leads from the head that people saw to that of now."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from bot.adapters.forges.git.mirror import GitMirror
from bot.domain.errors import Refused
from bot.domain.pull_request.proposal import PullRequestState
from tests.adapters.forges.git.git_steps import DyingLedger, another, state_of
from tests.contracts.forge_steps import BRANCH, PROPOSAL, open_in, write_in
from tests.contracts.forge_worlds import DEV, HUMAN, START, PlainGitWorld

NEWER = replace(PROPOSAL, files=((DEV, START[DEV].replace(b"1.0.0", b"1.5.0")),), message="1.5.0")


def _merge(world: PlainGitWorld) -> str:
    base, head = world.head("main") or "", world.head(BRANCH) or ""
    commit = world.git.write_commit(world.git.tree(head), [base, head], "Merge by hand", author=HUMAN)
    world.reset("main", commit)
    return commit


def _fast_forward(world: PlainGitWorld) -> str:
    head = world.head(BRANCH) or ""
    world.reset("main", head)
    return head


def _squash(world: PlainGitWorld) -> str:
    base, head = world.head("main") or "", world.head(BRANCH) or ""
    text = f"Squashed commit of the following:\n\ncommit {head}\n"
    commit = world.git.write_commit(world.git.tree(head), [base], text, author=HUMAN)
    world.reset("main", commit)
    return commit


@pytest.mark.parametrize("is_deleted", [False, True], ids=["branch stays", "branch deleted"])
@pytest.mark.parametrize("merge", [_merge, _fast_forward, _squash])
def test_a_merge_by_hand_before_anybody_looked_again_is_seen(
    world: PlainGitWorld, merge: Callable[[PlainGitWorld], str], is_deleted: bool
) -> None:
    number = open_in(world).number
    head = write_in(world, NEWER)
    commit = merge(world)
    if is_deleted:
        world.delete(BRANCH)
    world.commit("main", {"README.md": b"# Later\n"})
    pull = world.forge.pull_request(world.repository, number)
    assert (pull.state, pull.merge_commit, pull.head) == (PullRequestState.MERGED, commit, head)


def test_a_merge_by_hand_while_the_branch_is_written_is_a_merge_of_what_stood_there(
    world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, first = open_in(world).number, world.head(BRANCH)
    merges: list[str] = []
    original = GitMirror.commit

    def commit(self: GitMirror, tree: str, *, parents: Sequence[str], message: str) -> str:
        merges.append(_merge(world))
        return original(self, tree, parents=parents, message=message)

    monkeypatch.setattr(GitMirror, "commit", commit)
    head = write_in(world, NEWER)
    pull = world.forge.pull_request(world.repository, number)
    assert ([pull.merge_commit], pull.head) == (merges, first)
    second = world.forge.open(world.repository, NEWER, base_branch="main")
    assert (second.state, second.head) == (PullRequestState.OPEN, head)
    assert second.number != number


@pytest.mark.parametrize("is_merged", [True, False], ids=["merged", "left open"])
def test_a_head_that_a_crash_kept_from_the_ledger_is_found(world: PlainGitWorld, is_merged: bool) -> None:
    ledger = DyingLedger()
    first = another(world, "first", ledger=ledger)
    number = open_in(first).number
    ledger.dies_at = "change"
    with pytest.raises(KeyboardInterrupt):
        write_in(first, NEWER)
    head = world.head(BRANCH)
    commit = _merge(world) if is_merged else None
    again = another(world, "second", ledger=ledger)
    pull = again.forge.pull_request(world.repository, number)
    state = PullRequestState.MERGED if is_merged else PullRequestState.OPEN
    assert (pull.state, pull.merge_commit, pull.head) == (state, commit, head)


def test_a_branch_that_goes_back_to_what_was_merged_before_is_closed(world: PlainGitWorld) -> None:
    earlier = open_in(world).number
    merged = world.head(BRANCH) or ""
    _merge(world)
    assert state_of(world, earlier) is PullRequestState.MERGED
    write_in(world, NEWER)
    number = world.forge.open(world.repository, NEWER, base_branch="main").number
    world.reset(BRANCH, merged)
    assert state_of(world, number) is PullRequestState.CLOSED


def test_a_repository_that_lets_nothing_begin_anew_says_so(world: PlainGitWorld) -> None:
    settings = ["git", "config", "receive.denyNonFastForwards", "true"]
    subprocess.run(settings, cwd=world.git.folder, check=True)
    open_in(world)
    head = world.head(BRANCH)
    with pytest.raises(Refused, match=r"unset receive\.denyNonFastForwards"):
        write_in(world, NEWER)
    assert world.head(BRANCH) == head
