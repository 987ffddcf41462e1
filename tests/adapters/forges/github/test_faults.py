"""When GitHub fails, answers late, or does the work and is not heard: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import Limited, TagboatError, Transient, Unreachable
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, forge, github_world
from tests.adapters.forges.host_world import BRANCH, DEV, FAULTS, PROPOSAL
from tests.fakes.github import primary_limit, secondary_limit
from tests.fakes.http_host import Answer, Cut, Delay, Fault

LIMITS: dict[str, tuple[Callable[[], Fault], int]] = {
    "primary": (lambda: primary_limit(120), 121),
    "secondary": (lambda: secondary_limit(30), 30),
    "secondary without a time": (lambda: secondary_limit(None), 60),
    "429": (lambda: Answer(429, {"message": "Too many"}, {"Retry-After": "7"}), 7),
    "a day": (lambda: secondary_limit(86_400), 3600),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with github_world(tmp_path) as built:
        yield built


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
class TestEveryChange:
    @pytest.mark.parametrize("path", ["/git/trees$", "/git/commits$", "/git/refs$", "/pulls$"])
    def test_a_proposal_becomes_one_pull_request(self, world: GitHubWorld, path: str, fault: Fault) -> None:
        world.github.faults.add("POST", path, fault)
        failures = world.until_done(world.open)
        assert len(failures) <= 1
        assert [pull.state for pull in world.hosted.pulls.values()] == ["open"]
        head = world.hosted.pulls[1].head
        assert len(world.hosted.git.log(head, without="main")) == 1
        assert world.forge.read(REPOSITORY, head, DEV) == b"tag: 2.0.0\n"

    def test_a_branch_that_moves_moves_once(self, world: GitHubWorld, fault: Fault) -> None:
        world.open()
        world.hosted.commit("main", {"other": b"1"})
        world.github.faults.add("PATCH", "/git/refs/heads/", fault)
        world.until_done(world.open)
        head = world.hosted.git.branch(BRANCH)
        assert head is not None
        assert len(world.hosted.git.log(head, without="main")) == 2
        assert list(world.hosted.pulls) == [1]

    def test_a_merge_happens_once(self, world: GitHubWorld, fault: Fault) -> None:
        pull = world.open()
        world.github.faults.add("PUT", "/merge$", fault)
        world.until_done(world.merge_newest)
        assert world.hosted.pull(pull.number).merge_commit == world.hosted.git.branch("main")
        assert len(world.hosted.git.log("main")) == 3

    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/comments$"), ("PATCH", "/pulls/1$"), ("DELETE", "/git/refs/heads/")]
    )
    def test_a_close_says_why_once(self, world: GitHubWorld, method: str, path: str, fault: Fault) -> None:
        pull = world.open()
        world.github.faults.add(method, path, fault)
        world.until_done(world.close_newest)
        closed = world.hosted.pull(pull.number)
        assert closed.state == "closed"
        assert world.hosted.git.branch(BRANCH) is None
        assert [comment.body for comment in closed.comments] == ["superseded"]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_change_is_never_sent_twice_by_itself(world: GitHubWorld, fault: Fault) -> None:
    world.write()
    world.again()
    world.github.faults.add("POST", "/pulls$", fault, times=9)
    with suppress(Unreachable):
        world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")
    assert len(world.github.asked("POST", "/pulls$")) == 1


def test_a_pull_request_that_the_list_does_not_show_yet_is_waited_for(world: GitHubWorld) -> None:
    world.open()
    world.again()
    world.github.faults.add("GET", "/pulls$", Answer(200, []), times=2)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 does not list the pull request .* already exists"):
        world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")
    assert world.forge.open(REPOSITORY, PROPOSAL, base_branch="main").number == 1


class TestReads:
    @pytest.mark.parametrize("fault", [Answer(502, {}), Cut()], ids=["502", "cut"])
    def test_a_read_is_tried_again_at_once(self, world: GitHubWorld, fault: Fault) -> None:
        world.github.faults.add("GET", "/branches/main$", fault)
        assert world.forge.head(REPOSITORY, "main") == world.hosted.git.branch("main")

    @pytest.mark.parametrize("fault", [Answer(502, {}), Cut()], ids=["502", "cut"])
    def test_a_host_that_stays_down_is_unreachable(self, world: GitHubWorld, fault: Fault) -> None:
        world.github.faults.add("GET", "/branches/main$", fault, times=99)
        with pytest.raises(Unreachable):
            world.forge.head(REPOSITORY, "main")
        assert len(world.github.asked("GET")) == 3

    def test_a_host_that_is_not_there_is_unreachable(self, world: GitHubWorld) -> None:
        nowhere = forge(world.github, api_url="http://127.0.0.1:1")
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1 did not answer"):
            nowhere.default_branch(REPOSITORY)

    def test_an_answer_that_takes_too_long_is_not_waited_for(self, world: GitHubWorld) -> None:
        world.write()
        impatient = forge(world.github, timeout_seconds=1)
        world.github.faults.add("POST", "/pulls$", Delay(1.2))
        with pytest.raises(Unreachable):
            impatient.open(REPOSITORY, PROPOSAL, base_branch="main")
        assert world.forge.open(REPOSITORY, PROPOSAL, base_branch="main").number == 1
        assert list(world.hosted.pulls) == [1]
        impatient.disconnect()


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
