"""How GitHub alone fails: a branch that it moves by itself, and the limits of many kinds that it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.domain.errors import Limited, TagboatError, Transient
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, forge
from tests.adapters.forges.host_world import BRANCH, FAULTS, PROPOSAL
from tests.fakes.github import primary_limit, secondary_limit
from tests.fakes.http_host import Answer, Fault

LIMITS: dict[str, tuple[Callable[[], Fault], int]] = {
    "primary": (lambda: primary_limit(120), 121),
    "secondary": (lambda: secondary_limit(30), 30),
    "secondary without a time": (lambda: secondary_limit(None), 60),
    "429": (lambda: Answer(429, {"message": "Too many"}, {"Retry-After": "7"}), 7),
    "a day": (lambda: secondary_limit(86_400), 3600),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_branch_that_moves_moves_once(world: GitHubWorld, fault: Fault) -> None:
    world.open()
    world.hosted.commit("main", {"other": b"1"})
    world.github.faults.add("POST", "/graphql mutation", fault)
    world.until_done(world.open)
    head = world.hosted.git.branch(BRANCH)
    assert head is not None
    assert len(world.hosted.git.log(head, without="main")) == 1
    assert list(world.hosted.pulls) == [1]


class TestLimits:
    @pytest.mark.parametrize(("fault", "seconds"), LIMITS.values(), ids=LIMITS)
    def test_it_says_how_long_to_wait(
        self, world: GitHubWorld, fault: Callable[[], Fault], seconds: int
    ) -> None:
        world.github.faults.add("GET", "", fault())
        with pytest.raises(Limited) as caught:
            world.forge.default_branch(REPOSITORY)
        assert caught.value.retry_after == timedelta(seconds=seconds)

    def test_nothing_is_asked_before_that_time(self, world: GitHubWorld) -> None:
        world.github.faults.add("GET", "", secondary_limit(30))
        for _ in range(3):
            with pytest.raises(Limited):
                world.forge.default_branch(REPOSITORY)
        assert len(world.github.asked()) == 1

    def test_a_denial_is_no_limit(self, world: GitHubWorld) -> None:
        world.github.faults.add("GET", "", Answer(403, {"message": "Resource not accessible by integration"}))
        with pytest.raises(TagboatError) as caught:
            world.forge.default_branch(REPOSITORY)
        assert not isinstance(caught.value, Transient)

    def test_writes_of_all_threads_keep_one_pace(self, world: GitHubWorld) -> None:
        slow = forge(world.github, seconds_between_writes=6)
        base = world.hosted.git.branch("main") or ""
        with pytest.raises(Limited):
            slow.write(REPOSITORY, PROPOSAL, base=base, expected=None)
        assert len(world.github.asked("POST")) == 1
        slow.disconnect()
