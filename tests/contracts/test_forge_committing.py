"""What every forge promises of a commit made on the base itself, without a pull request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pull_request.proposal import Proposal
from tests.contracts.forge_steps import BRANCH, GIT_ALONE, NEW_DEV, PROPOSAL, base_of
from tests.contracts.forge_worlds import DEV, PROD, SCRIPT, ForgeWorld


@GIT_ALONE
class TestCommit:
    def _commit(self, world: ForgeWorld, proposal: Proposal = PROPOSAL, expected: str | None = None) -> str:
        return world.forge.commit(
            world.repository, proposal, branch="main", expected=expected or base_of(world)
        )

    def test_it_is_one_commit_on_the_base_and_no_branch(self, world: ForgeWorld) -> None:
        before = base_of(world)
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
        before = base_of(world)
        moved = world.commit("main", {"README.md": b"# New\n"})
        with pytest.raises(Conflict):
            self._commit(world, expected=before)
        assert world.head("main") == moved

    def test_a_base_that_was_forced_elsewhere_is_not_overwritten(self, world: ForgeWorld) -> None:
        old = base_of(world)
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
            world.forge.commit(world.repository, PROPOSAL, branch="nowhere", expected=base_of(world))
        assert world.head("nowhere") is None

    @pytest.mark.parametrize("path", ["../outside", ".git/config", ".github/workflows/x.yml"])
    def test_paths_that_lead_elsewhere_are_refused(self, world: ForgeWorld, path: str) -> None:
        before = base_of(world)
        with pytest.raises(Refused):
            self._commit(world, replace(PROPOSAL, files=((path, b"x"),)))
        assert world.head("main") == before
