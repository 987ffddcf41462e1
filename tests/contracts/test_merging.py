"""What every forge promises of methods, direct commits, branches after a merge, and hosts that merge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.people.consent import Arming
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState, marker
from tests.contracts.forge_worlds import (
    DEV,
    GIT_AS_ANOTHER,
    HUMAN,
    PROD,
    SCRIPT,
    START,
    WORLDS,
    ForgeWorld,
    GitWorld,
    plain_git_world,
)

BRANCH = "tagboat/homepage/dev"
NEW_DEV = START[DEV].replace(b"1.0.0", b"1.4.2")
PROPOSAL = Proposal(
    branch=BRANCH,
    files=((DEV, NEW_DEV),),
    message="homepage: 1.0.0 → 1.4.2 in dev",
    title="homepage 1.4.2 in dev",
    body=f"Moves homepage to 1.4.2.\n\n{marker('0123456789ab')}",
)
WITH_A_HOST = ["memory", "github", "gitlab"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every world, but what Git alone answers once for those that share the code for it."""
    if "world" in metafunc.fixturenames and metafunc.cls is not TestArming:
        is_git = metafunc.cls is TestCommit
        names = [name for name in WORLDS if not (is_git and name in GIT_AS_ANOTHER)]
        metafunc.parametrize("world", names, indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    with WORLDS[request.param](tmp_path) as built:
        yield built


def base(world: ForgeWorld) -> str:
    """Where `main` stands."""
    head = world.head("main")
    assert head is not None
    return head


def opened(world: ForgeWorld, proposal: Proposal = PROPOSAL) -> PullRequest:
    """A pull request from the branch as it stands."""
    expected = world.forge.head(world.repository, proposal.branch)
    world.forge.write(world.repository, proposal, base=base(world), expected=expected)
    return world.forge.open(world.repository, proposal, base_branch="main")


def merged(world: ForgeWorld, pull: PullRequest, method: MergeMethod | None = None) -> str:
    """Merge it as it stands."""
    return world.forge.merge(
        world.repository, pull.number, expected_head=pull.head, message="Merge it", method=method
    )


def test_a_squash_is_one_commit_and_known_as_the_merge(world: ForgeWorld) -> None:
    before = base(world)
    pull = opened(world)
    commit = merged(world, pull, MergeMethod.SQUASH)
    assert world.parents(commit)[0] == before
    assert world.contents(commit) == {**world.contents(before), DEV: NEW_DEV}
    world.commit("main", {"README.md": b"# Later\n"})
    found = world.forge.pull_request(world.repository, pull.number)
    assert (found.state, found.merge_commit) == (PullRequestState.MERGED, commit)
    assert merged(world, pull, MergeMethod.SQUASH) == commit


@pytest.mark.parametrize("name", ["git", "bitbucket"])
def test_a_squash_that_tagboat_makes_itself_keeps_the_sign_off(name: str, tmp_path: Path) -> None:
    with WORLDS[name](tmp_path) as world:
        commit = merged(world, opened(world, replace(PROPOSAL, sign_off=True)), MergeMethod.SQUASH)
        assert isinstance(world, GitWorld)
        end = world.git.commit(commit).message.rstrip().splitlines()[-2:]
    assert end == ["Signed-off-by: Tagboat <tagboat@localhost>", "Tagboat: pull-request"]


class TestCommit:
    def _commit(self, world: ForgeWorld, proposal: Proposal = PROPOSAL, expected: str | None = None) -> str:
        return world.forge.commit(world.repository, proposal, branch="main", expected=expected or base(world))

    def test_it_is_one_commit_on_the_base_and_no_branch(self, world: ForgeWorld) -> None:
        before = base(world)
        commit = self._commit(world)
        assert world.head("main") == commit
        assert world.parents(commit) == (before,)
        assert world.contents(commit) == {**world.contents(before), DEV: NEW_DEV}
        assert world.head(BRANCH) is None
        assert not world.forge.pull_requests(world.repository, BRANCH)

    def test_several_files_move_at_once_and_modes_are_kept(self, world: ForgeWorld) -> None:
        files = ((DEV, NEW_DEV), (PROD, b"p\n"), (SCRIPT, b"#!/bin/sh\nexit 0\n"))
        commit = self._commit(world, replace(PROPOSAL, files=files))
        assert world.contents(commit).items() >= dict(files).items()
        assert world.mode(commit, SCRIPT) == "100755"

    def test_a_base_that_moved_is_a_lost_race_and_stays(self, world: ForgeWorld) -> None:
        before = base(world)
        moved = world.commit("main", {"README.md": b"# New\n"})
        with pytest.raises(Conflict):
            self._commit(world, expected=before)
        assert world.head("main") == moved

    def test_a_base_that_was_forced_elsewhere_is_not_overwritten(self, world: ForgeWorld) -> None:
        old = base(world)
        wrong = world.commit("main", {"README.md": b"# Wrong\n"})
        world.reset("main", old)
        with pytest.raises(Conflict):
            self._commit(world, expected=wrong)
        assert world.head("main") == old

    def test_the_same_content_is_no_commit(self, world: ForgeWorld) -> None:
        commit = self._commit(world)
        assert self._commit(world) == commit

    def test_a_branch_that_is_not_there_is_not_made(self, world: ForgeWorld) -> None:
        with pytest.raises((Conflict, NotFound)):
            world.forge.commit(world.repository, PROPOSAL, branch="nowhere", expected=base(world))
        assert world.head("nowhere") is None

    @pytest.mark.parametrize("path", ["../outside", ".git/config", ".github/workflows/x.yml"])
    def test_paths_that_lead_elsewhere_are_refused(self, world: ForgeWorld, path: str) -> None:
        before = base(world)
        with pytest.raises(Refused):
            self._commit(world, replace(PROPOSAL, files=((path, b"x"),)))
        assert world.head("main") == before


class TestDeleteBranch:
    def _delete(self, world: ForgeWorld, pull: PullRequest) -> None:
        world.forge.delete_branch(world.repository, pull.number)

    def test_a_merged_branch_goes_and_the_pull_request_stays_merged(self, world: ForgeWorld) -> None:
        pull = opened(world)
        commit = merged(world, pull)
        for _ in range(2):
            self._delete(world, pull)
            assert world.head(BRANCH) is None
        (found,) = world.forge.pull_requests(world.repository, BRANCH)
        assert (found.state, found.merge_commit) == (PullRequestState.MERGED, commit)

    def test_an_open_one_keeps_its_branch(self, world: ForgeWorld) -> None:
        pull = opened(world)
        self._delete(world, pull)
        assert world.head(BRANCH) == pull.head

    def test_a_branch_that_moved_since_stays(self, world: ForgeWorld) -> None:
        pull = opened(world)
        merged(world, pull)
        moved = world.commit(BRANCH, {"mine.txt": b"1"})
        self._delete(world, pull)
        assert world.head(BRANCH) == moved

    def test_a_branch_that_serves_again_stays(self, world: ForgeWorld) -> None:
        pull = opened(world)
        merged(world, pull)
        again = opened(world, replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        self._delete(world, pull)
        assert world.head(BRANCH) == again.head


def test_nobody_said_anything_of_a_new_pull_request(world: ForgeWorld) -> None:
    pull = opened(world)
    assert not world.forge.reviews(world.repository, pull.number)
    assert not world.forge.checks(world.repository, pull.head)


class TestArming:
    @pytest.fixture(params=WITH_A_HOST)
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
        """Only hosts that merge by themselves."""
        with WORLDS[request.param](tmp_path) as built:
            yield built

    def test_who_was_not_asked_is_not_armed(self, world: ForgeWorld) -> None:
        assert world.forge.arming(world.repository, opened(world).number) == Arming()

    def test_a_head_that_moved_is_a_lost_race(self, world: ForgeWorld) -> None:
        pull = opened(world)
        world.commit(BRANCH, {"late.txt": b"1"})
        with pytest.raises(Conflict):
            world.forge.arm(world.repository, pull.number, expected_head=pull.head, message="Merge it")

    def test_asking_a_merged_one_is_no_error(self, world: ForgeWorld) -> None:
        pull = opened(world)
        commit = merged(world, pull)
        world.forge.arm(world.repository, pull.number, expected_head=pull.head, message="Merge it")
        assert world.forge.arming(world.repository, pull.number) == Arming()
        assert world.forge.pull_request(world.repository, pull.number).merge_commit == commit

    def test_taking_back_what_was_never_asked_is_no_error(self, world: ForgeWorld) -> None:
        pull = opened(world)
        world.forge.disarm(world.repository, pull.number)
        assert world.forge.pull_request(world.repository, pull.number).state is PullRequestState.OPEN


@pytest.mark.parametrize("name", sorted(WORLDS.keys() - set(WITH_A_HOST) - {"gitea"}))
def test_without_a_host_nobody_can_be_asked(name: str, tmp_path: Path) -> None:
    with WORLDS[name](tmp_path) as world:
        pull = opened(world)
        with pytest.raises(Refused, match="leave `platform` out"):
            world.forge.arm(world.repository, pull.number, expected_head=pull.head, message="Merge it")
        with pytest.raises(Refused):
            world.forge.arming(world.repository, pull.number)
        world.forge.disarm(world.repository, pull.number)


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
    pull = opened(world)
    before = base(world)
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
    pull = opened(world)
    before = base(world)
    tree = world.git.merged_tree(before, pull.head)
    assert tree is not None
    squash = world.git.write_commit(tree, [before], PROPOSAL.title, author=HUMAN)
    world.git.move("main", squash, old=before)
    world.commit("main", {DEV: START[DEV]})
    assert world.forge.pull_request(world.repository, pull.number).state is PullRequestState.OPEN
