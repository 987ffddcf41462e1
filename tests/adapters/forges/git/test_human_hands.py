"""What people do with Git alone to branches that the forge `git` proposes."""

from __future__ import annotations

import pytest

from bot.adapters.forges.identity import signed
from bot.domain.errors import Refused
from bot.domain.pull_request.proposal import PullRequestState
from tests.adapters.forges.git.git_steps import state_of
from tests.contracts.forge_steps import BRANCH, PROPOSAL, base_of, merge_in, open_in, with_file
from tests.contracts.forge_worlds import DEV, HUMAN, START, PlainGitWorld
from tests.fakes.git_repository import Person


def test_a_base_that_was_begun_anew_conflicts_and_can_be_built_upon(world: PlainGitWorld) -> None:
    pull = open_in(world)
    old = world.git.write_blob(START[DEV] + b"more: 1\n")
    tree = world.git.write_tree(None, [(DEV, "100644", old)])
    anew = world.git.write_commit(tree, [], "Begin anew", author=HUMAN)
    world.git.move("main", anew, old=base_of(world))
    seen = world.forge.pull_request(world.repository, pull.number)
    assert (seen.state, seen.mergeable) == (PullRequestState.OPEN, False)
    assert f"it conflicts with main in {DEV}" in str(seen.blocked_reason)
    world.forge.write(world.repository, PROPOSAL, base=anew, expected=seen.head)
    assert world.forge.pull_request(world.repository, pull.number).mergeable is not False


def test_a_merge_is_seen_after_the_branch_was_deleted(world: PlainGitWorld) -> None:
    number = open_in(world).number
    commit = world.merge(number)
    world.delete(BRANCH)
    pull = world.forge.pull_request(world.repository, number)
    assert (pull.state, pull.merge_commit) == (PullRequestState.MERGED, commit)


def test_a_fast_forward_is_a_merge(world: PlainGitWorld) -> None:
    pull = open_in(world)
    world.reset("main", pull.head)
    later = world.commit("main", {"README.md": b"# Later\n"})
    found = world.forge.pull_request(world.repository, pull.number)
    assert (found.state, found.merge_commit) == (PullRequestState.MERGED, pull.head)
    assert later != pull.head


def test_the_merge_is_named_by_where_it_arrived_among_other_merges(world: PlainGitWorld) -> None:
    number = open_in(world).number
    world.commit("main", {"README.md": b"# Before\n"})
    arrived = world.merge(number)
    world.commit("main", {"README.md": b"# After\n"})
    side = open_in(world, with_file("side", b"1", branch="tagboat/side"))
    world.merge(side.number)
    assert world.forge.pull_request(world.repository, number).merge_commit == arrived


def test_a_merge_is_remembered_when_the_base_is_forced_back(world: PlainGitWorld) -> None:
    before, number = base_of(world), open_in(world).number
    world.merge(number)
    assert state_of(world, number) is PullRequestState.MERGED
    world.reset("main", before)
    assert state_of(world, number) is PullRequestState.MERGED


def test_a_branch_that_was_emptied_is_closed_not_merged(world: PlainGitWorld) -> None:
    number = open_in(world).number
    world.reset(BRANCH, base_of(world))
    assert state_of(world, number) is PullRequestState.CLOSED


def test_a_forced_base_leaves_it_open(world: PlainGitWorld) -> None:
    old = base_of(world)
    world.commit("main", {"README.md": b"# Wrong\n"})
    number = open_in(world).number
    world.reset("main", old)
    assert state_of(world, number) is PullRequestState.OPEN


def test_a_base_branch_that_is_gone_blocks_and_says_so(world: PlainGitWorld) -> None:
    world.commit("release", {"README.md": b"# Release\n"})
    world.forge.write(world.repository, PROPOSAL, base=base_of(world), expected=None)
    number = world.forge.open(world.repository, PROPOSAL, base_branch="release").number
    world.delete("release")
    pull = world.forge.pull_request(world.repository, number)
    assert (pull.state, pull.mergeable) == (PullRequestState.OPEN, False)
    assert "release is gone" in pull.blocked_reason


def test_conflicting_files_are_named(world: PlainGitWorld) -> None:
    pull = open_in(world)
    world.commit("main", {DEV: START[DEV].replace(b"1.0.0", b"1.3.0")})
    shown = world.forge.pull_request(world.repository, pull.number)
    assert (shown.mergeable, shown.blocked_reason) == (False, f"it conflicts with main in {DEV}")
    with pytest.raises(Refused, match=DEV):
        merge_in(world, pull)


def test_changes_to_other_lines_of_the_file_merge(world: PlainGitWorld) -> None:
    lines = b"".join(b"line%d: 1\n" % n for n in range(20))
    world.commit("main", {DEV: lines})
    pull = open_in(world, with_file(DEV, lines.replace(b"line2: 1", b"line2: 2")))
    world.commit("main", {DEV: lines.replace(b"line17: 1", b"line17: 9")})
    commit = merge_in(world, pull)
    merged = lines.replace(b"line2: 1", b"line2: 2").replace(b"line17: 1", b"line17: 9")
    assert world.contents(commit)[DEV] == merged


def test_an_amended_commit_is_foreign(world: PlainGitWorld) -> None:
    head = open_in(world).head
    ours = Person("Tagboat", "tagboat@localhost")
    amended = world.git.write_commit(
        world.git.tree(head), [base_of(world)], signed("Mine"), author=ours, committer=HUMAN
    )
    world.reset(BRANCH, amended)
    found = world.forge.foreign_commit(world.repository, branch=BRANCH, base="main")
    assert found == amended


def test_closing_keeps_a_branch_with_somebodys_work(world: PlainGitWorld) -> None:
    number = open_in(world).number
    work = world.commit(BRANCH, {"note": b"important"})
    world.forge.close(world.repository, number, comment="superseded")
    assert state_of(world, number) is PullRequestState.CLOSED
    assert world.head(BRANCH) == work


def test_the_closing_comment_can_be_read(world: PlainGitWorld) -> None:
    number = open_in(world).number
    world.forge.close(world.repository, number, comment="superseded by 1.4.3")
    assert "superseded by 1.4.3" in world.forge.pull_request(world.repository, number).body
