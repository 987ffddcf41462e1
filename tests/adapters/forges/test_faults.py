"""When a Git host fails, answers late, or does the work and is not heard: nothing lost, nothing twice.

What all hosts have in common; what one alone does is told beside its own tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import Limited, Unreachable
from tests.adapters.forges.bitbucket.bitbucket_world import bitbucket_world
from tests.adapters.forges.gitea.gitea_world import gitea_world
from tests.adapters.forges.github.github_world import github_world
from tests.adapters.forges.gitlab.gitlab_world import gitlab_world
from tests.adapters.forges.host_world import BRANCH, DEV, FAULTS, PROPOSAL, HostWorld
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.http_host import Answer, Cut, Delay, Fault

World = HostWorld[Any, Any]
Way = tuple[str, str]
"""A call of the host's API: its method, and a regular expression for its path."""

OTHERS: dict[str, Fault] = {
    "500 after": Answer(500, {"message": "500 Internal Server Error"}, after=True),
    "503 after": Answer(503, {}, after=True),
    "504 before": Answer(504, {}),
}
"""Other statuses that mean the same, whatever is asked: one call stands for all."""
EACH = ("502 before", "cut after")
"""Of each way and each moment one: the call that opens a pull request meets them all."""


@dataclass(frozen=True)
class Host:
    """One Git host: its world, and how it names what Tagboat asks of it."""

    world: Callable[[Path], AbstractContextManager[World]]
    address: str
    """The setting that says where its API is."""
    open: Way
    one: str
    """The path of the first pull request."""
    close: tuple[Way, ...]
    write: tuple[Way, ...] = ()
    """What makes the commit of a proposal, where Git itself does not."""
    merge: Way | None = None
    """None where Git itself merges."""


_BITBUCKET = "/pull-?requests"
HOSTS = {
    "GitHub": Host(
        github_world,
        "api_url",
        open=("POST", "/pulls$"),
        one="/pulls/1$",
        write=(("POST", "/git/trees$"), ("POST", "/git/commits$"), ("POST", "/git/refs$")),
        close=(("POST", "/comments$"), ("PATCH", "/pulls/1$"), ("DELETE", "/git/refs/heads/")),
        merge=("PUT", "/merge$"),
    ),
    "GitLab": Host(
        gitlab_world,
        "url",
        open=("POST", "/merge_requests$"),
        one="/merge_requests/1$",
        write=(("POST", "/repository/commits$"),),
        close=(("POST", "/notes$"), ("PUT", "/merge_requests/1$"), ("DELETE", "/repository/branches/")),
        merge=("PUT", "/merge$"),
    ),
    "Gitea": Host(
        gitea_world,
        "url",
        open=("POST", "/pulls$"),
        one="/pulls/1$",
        close=(("POST", "/comments$"), ("PATCH", "/pulls/1$")),
        merge=("POST", "/merge$"),
    ),
    "Bitbucket Cloud": Host(
        partial(bitbucket_world, kind=FakeBitbucketCloud),
        "api_url",
        open=("POST", f"{_BITBUCKET}$"),
        one=f"{_BITBUCKET}/1$",
        close=(("POST", "/comments$"), ("POST", "/decline$")),
    ),
    "Bitbucket Data Center": Host(
        partial(bitbucket_world, kind=FakeBitbucketDataCenter),
        "url",
        open=("POST", f"{_BITBUCKET}$"),
        one=f"{_BITBUCKET}/1$",
        close=(("POST", "/comments$"), ("POST", "/decline$")),
        merge=("POST", "/merge$"),
    ),
}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Host:
    return HOSTS[request.param]


@pytest.fixture
def world(host: Host, tmp_path: Path) -> Iterator[World]:
    with host.world(tmp_path) as built:
        yield built


def _steps(of: Callable[[Host], tuple[Way, ...]]) -> pytest.MarkDecorator:
    """Each host with each of its steps."""
    ways = [(name, way) for name, host in HOSTS.items() for way in of(host)]
    found = [pytest.param(name, way, id=f"{name} {' '.join(way)}") for name, way in ways]
    return pytest.mark.parametrize(("host", "way"), found, indirect=["host"])


class TestEveryChange:
    @pytest.mark.parametrize("fault", (FAULTS | OTHERS).values(), ids=FAULTS | OTHERS)
    def test_a_proposal_becomes_one_pull_request(self, host: Host, world: World, fault: Fault) -> None:
        _propose_through(world, host.open, fault)

    @pytest.mark.parametrize("fault", EACH)
    @_steps(lambda host: host.write)
    def test_it_holds_one_commit(self, world: World, way: Way, fault: str) -> None:
        _propose_through(world, way, FAULTS[fault])

    @pytest.mark.parametrize("fault", EACH)
    @_steps(lambda host: (host.merge,) if host.merge else ())
    def test_a_merge_happens_once(self, world: World, way: Way, fault: str) -> None:
        pull = world.open()
        world.fake.faults.add(*way, FAULTS[fault])
        world.until_done(world.merge_newest)
        assert world.hosted.pull(pull.number).merge_commit == world.hosted.git.branch("main")
        assert len(world.hosted.git.log("main")) == 3

    @pytest.mark.parametrize("fault", EACH)
    @_steps(lambda host: host.close)
    def test_a_close_says_why_once(self, world: World, way: Way, fault: str) -> None:
        pull = world.open()
        world.fake.faults.add(*way, FAULTS[fault])
        world.until_done(world.close_newest)
        closed = world.hosted.pull(pull.number)
        assert (closed.state, world.hosted.git.branch(BRANCH)) == ("closed", None)
        assert [comment.body for comment in closed.comments] == ["superseded"]

    @pytest.mark.parametrize("fault", [Answer(502, {}), Cut(), Cut(after=True)], ids=["502", "cut", "late"])
    def test_it_is_never_sent_twice_by_itself(self, host: Host, world: World, fault: Fault) -> None:
        world.write()
        world.again()
        world.fake.faults.add(*host.open, fault, times=9)
        with suppress(Unreachable):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert len(world.fake.asked(*host.open)) == 1


@pytest.mark.parametrize("host", ["GitHub", "GitLab"], indirect=True)
class TestLate:
    def test_a_pull_request_that_the_list_does_not_show_yet_is_waited_for(
        self, host: Host, world: World
    ) -> None:
        world.open()
        world.again()
        world.fake.faults.add("GET", host.open[1], Answer(200, []), times=2)
        unlisted = r"127\.0\.0\.1 does not list the (pull|merge) request .* already exists"
        with pytest.raises(Unreachable, match=unlisted):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert world.forge.open(world.repository, PROPOSAL, base_branch="main").number == 1

    def test_an_answer_that_takes_too_long_is_not_waited_for(self, host: Host, world: World) -> None:
        world.write()
        impatient = world.anew(timeout_seconds=1)
        world.fake.faults.add(*host.open, Delay(1.2))
        with pytest.raises(Unreachable):
            impatient.open(world.repository, PROPOSAL, base_branch="main")
        assert world.forge.open(world.repository, PROPOSAL, base_branch="main").number == 1
        assert list(world.hosted.pulls) == [1]
        impatient.disconnect()


class TestReads:
    @pytest.mark.parametrize("fault", [Answer(502, {}), Cut()], ids=["502", "cut"])
    def test_a_read_is_tried_again_at_once(self, host: Host, world: World, fault: Fault) -> None:
        world.open()
        world.again()
        world.fake.faults.add("GET", host.one, fault)
        assert world.forge.pull_request(world.repository, 1).title == PROPOSAL.title

    @pytest.mark.parametrize("fault", [Answer(502, {}), Cut()], ids=["502", "cut"])
    def test_a_host_that_stays_down_is_unreachable(self, host: Host, world: World, fault: Fault) -> None:
        world.fake.faults.add("GET", host.one, fault, times=99)
        with pytest.raises(Unreachable):
            world.forge.pull_request(world.repository, 1)
        assert len(world.fake.asked("GET")) == 3

    def test_a_host_that_is_not_there_is_unreachable(self, host: Host, world: World) -> None:
        nowhere = world.anew(**{host.address: "http://127.0.0.1:1"})
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1 did not answer"):
            nowhere.pull_request(world.repository, 1)

    def test_nothing_is_asked_before_a_limit_is_over(self, host: Host, world: World) -> None:
        world.write()
        world.fake.faults.add(*host.open, Answer(429, None, {"Retry-After": "30"}))
        with pytest.raises(Limited):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")
        asked = len(world.fake.asked())
        for _ in range(3):
            with pytest.raises(Limited) as caught:
                world.forge.pull_request(world.repository, 1)
            assert caught.value.retry_after is not None
            assert timedelta(seconds=20) < caught.value.retry_after <= timedelta(seconds=30)
        assert len(world.fake.asked()) == asked


def _propose_through(world: World, way: Way, fault: Fault) -> None:
    """Propose while the call meets the fault: one pull request of one commit comes of it."""
    world.fake.faults.add(*way, fault)
    failures = world.until_done(world.open)
    assert len(failures) <= 1
    assert [pull.state for pull in world.hosted.pulls.values()] == ["open"]
    head = world.hosted.pulls[1].head
    assert len(world.hosted.git.log(head, without="main")) == 1
    assert world.forge.read(world.repository, head, DEV) == b"tag: 2.0.0\n"
