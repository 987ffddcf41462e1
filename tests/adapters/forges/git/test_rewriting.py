"""Merges by hand of a branch that began anew: nothing leads from the head that people saw to that of now."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.git.mirror import GitMirror
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import Refused
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from tests.contracts.forge_worlds import DEV, HUMAN, START, FixedClock, PlainGitWorld, plain_git_world

BRANCH = "tagboat/homepage/dev"
PROPOSAL = Proposal(BRANCH, ((DEV, START[DEV].replace(b"1.0.0", b"1.4.2")),), "1.4.2", "homepage dev", "body")
NEWER = replace(PROPOSAL, files=((DEV, START[DEV].replace(b"1.0.0", b"1.5.0")),), message="1.5.0")


@pytest.fixture
def world(tmp_path: Path) -> PlainGitWorld:
    return plain_git_world(tmp_path)


class _DyingLedger(MemoryLedger):
    """A ledger whose process dies at the next change, before it is kept, when it is told to."""

    is_dying = False

    def change(self, repository: str, pull_request: PullRequest) -> None:
        if self.is_dying:
            self.is_dying = False
            raise KeyboardInterrupt
        super().change(repository, pull_request)


def _written(world: PlainGitWorld, proposal: Proposal) -> str:
    base, expected = world.head("main") or "", world.head(BRANCH)
    return world.forge.write(world.repository, proposal, base=base, expected=expected)


def _opened(world: PlainGitWorld) -> int:
    _written(world, PROPOSAL)
    return world.forge.open(world.repository, PROPOSAL, base_branch="main").number


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
    number = _opened(world)
    head = _written(world, NEWER)
    commit = merge(world)
    if is_deleted:
        world.delete(BRANCH)
    world.commit("main", {"README.md": b"# Later\n"})
    pull = world.forge.pull_request(world.repository, number)
    assert (pull.state, pull.merge_commit, pull.head) == (PullRequestState.MERGED, commit, head)


def test_a_merge_by_hand_while_the_branch_is_written_is_a_merge_of_what_stood_there(
    world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, first = _opened(world), world.head(BRANCH)
    merges: list[str] = []
    original = GitMirror.commit

    def commit(self: GitMirror, tree: str, *, parents: Sequence[str], message: str) -> str:
        merges.append(_merge(world))
        return original(self, tree, parents=parents, message=message)

    monkeypatch.setattr(GitMirror, "commit", commit)
    head = _written(world, NEWER)
    pull = world.forge.pull_request(world.repository, number)
    assert ([pull.merge_commit], pull.head) == (merges, first)
    second = world.forge.open(world.repository, NEWER, base_branch="main")
    assert (second.state, second.head) == (PullRequestState.OPEN, head)
    assert second.number != number


@pytest.mark.parametrize("is_merged", [True, False], ids=["merged", "left open"])
def test_a_head_that_a_crash_kept_from_the_ledger_is_found(tmp_path: Path, is_merged: bool) -> None:
    world, ledger = plain_git_world(tmp_path), _DyingLedger()
    world.forge = GitForge(tmp_path / "first", ledger=ledger, clock=FixedClock())
    number = _opened(world)
    ledger.is_dying = True
    with pytest.raises(KeyboardInterrupt):
        _written(world, NEWER)
    head = world.head(BRANCH)
    commit = _merge(world) if is_merged else None
    again = GitForge(tmp_path / "second", ledger=ledger, clock=FixedClock())
    pull = again.pull_request(world.repository, number)
    state = PullRequestState.MERGED if is_merged else PullRequestState.OPEN
    assert (pull.state, pull.merge_commit, pull.head) == (state, commit, head)


def test_a_branch_that_goes_back_to_what_was_merged_before_is_closed(world: PlainGitWorld) -> None:
    earlier = _opened(world)
    merged = world.head(BRANCH) or ""
    _merge(world)
    assert world.forge.pull_request(world.repository, earlier).state is PullRequestState.MERGED
    _written(world, NEWER)
    number = world.forge.open(world.repository, NEWER, base_branch="main").number
    world.reset(BRANCH, merged)
    assert world.forge.pull_request(world.repository, number).state is PullRequestState.CLOSED


def test_a_repository_that_lets_nothing_begin_anew_says_so(world: PlainGitWorld) -> None:
    settings = ["git", "config", "receive.denyNonFastForwards", "true"]
    subprocess.run(settings, cwd=world.git.folder, check=True)
    _opened(world)
    head = world.head(BRANCH)
    with pytest.raises(Refused, match=r"unset receive\.denyNonFastForwards"):
        _written(world, NEWER)
    assert world.head(BRANCH) == head
