"""What every forge promises of opinions and checks, and of hosts that are asked to merge by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, Refused
from bot.domain.people.consent import Arming
from bot.domain.pull_request.proposal import PullRequestState
from tests.contracts.forge_steps import BRANCH, EVERY_WORLD, as_seen, merge_in, open_in
from tests.contracts.forge_worlds import WORLDS, ForgeWorld

WITH_A_HOST = ["memory", "github", "gitlab"]


@EVERY_WORLD
def test_nobody_said_anything_of_a_new_pull_request(world: ForgeWorld) -> None:
    pull = open_in(world)
    assert not world.forge.reviews(world.repository, pull.number)
    assert not world.forge.checks(world.repository, pull.head)


class TestArming:
    @pytest.fixture(params=WITH_A_HOST)
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
        """Only hosts that merge by themselves."""
        with WORLDS[request.param](tmp_path) as built:
            yield built

    def test_who_was_not_asked_is_not_armed(self, world: ForgeWorld) -> None:
        assert world.forge.arming(world.repository, open_in(world).number) == Arming()

    def test_a_head_that_moved_is_a_lost_race(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        world.commit(BRANCH, {"late.txt": b"1"})
        with pytest.raises(Conflict):
            world.forge.arm(world.repository, pull.number, as_seen(pull))

    def test_asking_a_merged_one_is_no_error(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        commit = merge_in(world, pull)
        world.forge.arm(world.repository, pull.number, as_seen(pull))
        assert world.forge.arming(world.repository, pull.number) == Arming()
        assert world.forge.pull_request(world.repository, pull.number).merge_commit == commit

    def test_taking_back_what_was_never_asked_is_no_error(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        world.forge.disarm(world.repository, pull.number)
        assert world.forge.pull_request(world.repository, pull.number).state is PullRequestState.OPEN


@pytest.mark.parametrize("name", sorted(WORLDS.keys() - set(WITH_A_HOST) - {"gitea"}))
def test_without_a_host_nobody_can_be_asked(name: str, tmp_path: Path) -> None:
    with WORLDS[name](tmp_path) as world:
        pull = open_in(world)
        with pytest.raises(Refused, match="leave `platform` out"):
            world.forge.arm(world.repository, pull.number, as_seen(pull))
        with pytest.raises(Refused):
            world.forge.arming(world.repository, pull.number)
        world.forge.disarm(world.repository, pull.number)
