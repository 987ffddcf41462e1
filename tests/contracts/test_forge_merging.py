"""What every forge promises of a merge, of its methods, and of the branch afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.identity import TRAILER
from bot.domain.errors import Conflict, Refused
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import Relation
from tests.contracts.forge_steps import (
    BRANCH,
    EVERY_WORLD,
    NEW_DEV,
    PROPOSAL,
    base_of,
    merge_in,
    open_in,
    with_file,
    write_in,
)
from tests.contracts.forge_worlds import DEV, HUMAN, START, WORLDS, ForgeWorld, plain_git_world

SIGN_OFF = "Signed-off-by: Tagboat <tagboat@localhost>"


@EVERY_WORLD
class TestMerge:
    def test_the_commit_is_on_the_base_and_holds_the_proposal(self, world: ForgeWorld) -> None:
        before = base_of(world)
        pull = open_in(world)
        commit = merge_in(world, pull)
        assert world.head("main") == commit
        assert world.contents(commit) == {**world.contents(before), DEV: NEW_DEV}
        assert world.forge.relation(world.repository, commit=before, revision=commit) is Relation.CONTAINED

    def test_it_is_shown_as_merged(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        commit = merge_in(world, pull)
        merged = world.forge.pull_request(world.repository, pull.number)
        assert (merged.state, merged.merge_commit) == (PullRequestState.MERGED, commit)
        assert merged.merged_at is not None
        assert merged.merged_at.tzinfo is not None

    def test_it_names_the_head_that_was_merged(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        head = write_in(world, with_file(DEV, b"tag: 2\n"))
        world.forge.merge(world.repository, number, MergeOptions(expected_head=head, message="Merge"))
        assert world.forge.pull_request(world.repository, number).head == head

    def test_merging_again_gives_the_same_commit(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        commit = merge_in(world, pull)
        assert merge_in(world, pull) == commit
        assert world.head("main") == commit

    def test_a_head_that_moved_after_it_was_judged_is_not_merged(self, world: ForgeWorld) -> None:
        before = base_of(world)
        pull = open_in(world)
        world.commit(BRANCH, {"evil.txt": b"late"})
        with pytest.raises(Conflict):
            merge_in(world, pull)
        assert world.head("main") == before

    def test_what_came_to_the_base_meanwhile_is_kept(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        base = world.commit("main", {"README.md": b"# New\n"})
        commit = merge_in(world, pull)
        assert world.contents(commit) == {**world.contents(base), DEV: NEW_DEV}

    def test_a_conflict_is_refused_and_moves_nothing(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        base = world.commit("main", {DEV: START[DEV].replace(b"1.0.0", b"1.3.0")})
        with pytest.raises(Refused):
            merge_in(world, pull)
        assert world.head("main") == base
        assert world.forge.pull_request(world.repository, pull.number).mergeable is not True

    def test_a_closed_one_is_refused(self, world: ForgeWorld) -> None:
        before = base_of(world)
        pull = open_in(world)
        world.forge.close(world.repository, pull.number, comment="no")
        with pytest.raises(Refused):
            merge_in(world, pull)
        assert world.head("main") == before

    def test_a_humans_merge_is_seen(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        commit = world.merge(number)
        world.commit("main", {"README.md": b"# Later\n"})
        pull = world.forge.pull_request(world.repository, number)
        assert (pull.state, pull.merge_commit) == (PullRequestState.MERGED, commit)

    def test_the_branch_serves_again_after_the_merge(self, world: ForgeWorld) -> None:
        first = open_in(world)
        merge_in(world, first)
        second = open_in(world, with_file(DEV, b"tag: 3\n"))
        commit = merge_in(world, second)
        assert second.number != first.number
        assert world.contents(commit)[DEV] == b"tag: 3\n"

    def test_nobody_else_moves_meanwhile_and_both_changes_end_up_in(self, world: ForgeWorld) -> None:
        pulls = [
            open_in(world, with_file(f"envs/{n}.yaml", b"%d\n" % n, branch=f"tagboat/homepage/env-{n}"))
            for n in range(3)
        ]
        with ThreadPoolExecutor(len(pulls)) as pool:
            commits = list(pool.map(lambda pull: merge_in(world, pull), pulls))
        assert len(set(commits)) == len(pulls)
        assert {f"envs/{n}.yaml" for n in range(3)} <= world.contents(base_of(world)).keys()


@EVERY_WORLD
def test_a_squash_is_one_commit_and_known_as_the_merge(world: ForgeWorld) -> None:
    before = base_of(world)
    pull = open_in(world)
    commit = merge_in(world, pull, MergeMethod.SQUASH)
    assert world.parents(commit)[0] == before
    assert world.contents(commit) == {**world.contents(before), DEV: NEW_DEV}
    assert world.message(commit).rstrip().endswith(f"\n\n{TRAILER}")
    world.commit("main", {"README.md": b"# Later\n"})
    found = world.forge.pull_request(world.repository, pull.number)
    assert (found.state, found.merge_commit) == (PullRequestState.MERGED, commit)
    assert merge_in(world, pull, MergeMethod.SQUASH) == commit


@EVERY_WORLD
@pytest.mark.parametrize("method", [MergeMethod.SQUASH, MergeMethod.MERGE])
def test_the_commit_that_a_merge_makes_is_signed_off_once(world: ForgeWorld, method: MergeMethod) -> None:
    pull = open_in(world, replace(PROPOSAL, sign_off=True))
    lines = world.message(merge_in(world, pull, method, sign_off=True)).rstrip().splitlines()
    assert lines[-3:] == ["", SIGN_OFF, TRAILER]
    assert lines.count(SIGN_OFF) == 1


def test_a_squash_that_tagboat_makes_itself_keeps_the_sign_offs_of_the_branch(tmp_path: Path) -> None:
    with WORLDS["memory"](tmp_path) as world:
        commit = merge_in(world, open_in(world, replace(PROPOSAL, sign_off=True)), MergeMethod.SQUASH)
        assert world.message(commit).rstrip().splitlines()[-2:] == [SIGN_OFF, TRAILER]


@EVERY_WORLD
class TestDeleteBranch:
    def _delete(self, world: ForgeWorld, pull: PullRequest) -> None:
        world.forge.delete_branch(world.repository, pull.number)

    def test_a_merged_branch_goes_and_the_pull_request_stays_merged(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        commit = merge_in(world, pull)
        for _ in range(2):
            self._delete(world, pull)
            assert world.head(BRANCH) is None
        (found,) = world.forge.pull_requests(world.repository, BRANCH)
        assert (found.state, found.merge_commit) == (PullRequestState.MERGED, commit)

    def test_an_open_one_keeps_its_branch(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        self._delete(world, pull)
        assert world.head(BRANCH) == pull.head

    def test_a_branch_that_moved_since_stays(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        merge_in(world, pull)
        moved = world.commit(BRANCH, {"mine.txt": b"1"})
        self._delete(world, pull)
        assert world.head(BRANCH) == moved

    def test_a_branch_that_serves_again_stays(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        merge_in(world, pull)
        again = open_in(world, replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        self._delete(world, pull)
        assert world.head(BRANCH) == again.head


@pytest.mark.parametrize(
    ("message", "state"),
    [
        ("Squashed commit of the following:\n\ncommit {head}\n", PullRequestState.MERGED),
        ("homepage 1.4.2 in dev (#1)", PullRequestState.MERGED),
        ("By hand", PullRequestState.OPEN),
    ],
    ids=["git merge --squash", "by its title", "somebody's own"],
)
def test_plain_git_knows_a_squash_by_a_human(tmp_path: Path, message: str, state: PullRequestState) -> None:
    world = plain_git_world(tmp_path)
    pull = open_in(world)
    before = base_of(world)
    tree = world.git.merged_tree(before, pull.head)
    assert tree is not None
    commit = world.git.write_commit(tree, [before], message.format(head=pull.head), author=HUMAN)
    world.git.move("main", commit, old=before)
    world.commit("main", {"README.md": b"# Later\n"})
    found = world.forge.pull_request(world.repository, pull.number)
    assert found.state is state
    assert found.merge_commit == (commit if state is PullRequestState.MERGED else None)


def test_plain_git_knows_no_squash_that_was_taken_back(tmp_path: Path) -> None:
    world = plain_git_world(tmp_path)
    pull = open_in(world)
    before = base_of(world)
    tree = world.git.merged_tree(before, pull.head)
    assert tree is not None
    squash = world.git.write_commit(tree, [before], PROPOSAL.title, author=HUMAN)
    world.git.move("main", squash, old=before)
    world.commit("main", {DEV: START[DEV]})
    assert world.forge.pull_request(world.repository, pull.number).state is PullRequestState.OPEN
