"""What both Bitbucket forges do when the host fails, refuses, or answers with something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.forges.bitbucket.transport import Answer as Told
from bot.domain.errors import Denied, Limited, Malformed, NotFound, Refused, TagboatError, Unreachable
from tests.adapters.forges.bitbucket.bitbucket_world import REPOSITORY, Fake, World, bitbucket_world, forge
from tests.adapters.forges.host_world import BRANCH, PROPOSAL
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import TOKEN
from tests.fakes.http_host import Answer, Cut, Fault

KINDS: dict[str, type[Fake]] = {"cloud": FakeBitbucketCloud, "data center": FakeBitbucketDataCenter}
FAULTS = {
    "502 before": Answer(502, {}),
    "502 after": Answer(502, {}, after=True),
    "cut after": Cut(after=True),
}
ONE = "/pull-?requests/1$"


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with bitbucket_world(tmp_path, KINDS[request.param]) as built:
        yield built


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_proposal_becomes_one_pull_request(world: World, fault: Fault) -> None:
    world.fake.faults.add("POST", "/pull-?requests$", fault)
    world.until_done(world.open)
    assert [pull.state for pull in world.hosted.pulls.values()] == ["open"]
    assert len(world.hosted.git.log(world.hosted.pulls[1].head, without="main")) == 1


@pytest.mark.parametrize("fault", [FAULTS["502 after"], FAULTS["cut after"]], ids=["502", "cut"])
@pytest.mark.parametrize("path", ["/comments$", "/decline$"])
def test_a_close_says_why_once(world: World, path: str, fault: Fault) -> None:
    pull = world.open()
    world.fake.faults.add("POST", path, fault)
    world.until_done(lambda: world.forge.close(REPOSITORY, pull.number, comment="superseded"))
    closed = world.hosted.pull(pull.number)
    assert (closed.state, world.hosted.git.branch(BRANCH)) == ("closed", None)
    assert [comment.body for comment in closed.comments] == ["superseded"]


def test_a_change_is_never_sent_twice_by_itself(world: World) -> None:
    world.write()
    world.fake.faults.add("POST", "/pull-?requests$", Answer(502, {}), times=9)
    with suppress(Unreachable):
        world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")
    assert len(world.fake.asked("POST", "/pull-?requests$")) == 1


def test_a_host_that_stays_down_is_unreachable(world: World) -> None:
    world.fake.faults.add("GET", ONE, Cut(), times=99)
    with pytest.raises(Unreachable):
        world.forge.pull_request(REPOSITORY, 1)
    assert len(world.fake.asked("GET", ONE)) == 3


def test_a_limit_is_kept(world: World) -> None:
    world.fake.faults.add("GET", ONE, Answer(429, None, {"Retry-After": "30"}))
    for _ in range(3):
        with pytest.raises(Limited) as caught:
            world.forge.pull_request(REPOSITORY, 1)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after <= timedelta(seconds=30)
    assert len(world.fake.asked("GET", ONE)) == 1


def test_a_repository_out_of_sight_is_not_one_without_pull_requests(world: World) -> None:
    world.fake.host.delete(REPOSITORY)
    world.fake.host.create("OPS/other", {})
    for ask in _asks(world):
        with pytest.raises(NotFound, match=r"check the path|check the address"):
            ask()


def test_a_redirect_is_not_followed_with_the_token(world: World) -> None:
    world.fake.faults.add("GET", ONE, Answer(301, None, {"Location": f"{world.fake.url}/stolen"}))
    with pytest.raises(NotFound, match="was moved"):
        world.forge.pull_request(REPOSITORY, 1)
    assert len(world.fake.asked()) == 1


@pytest.mark.parametrize("answer", ["<html>login</html>", [], {"id": None}, {}], ids=str)
def test_an_answer_that_is_not_bitbuckets_is_malformed(world: World, answer: object) -> None:
    world.fake.faults.add("GET", ONE, Answer(200, answer))
    with pytest.raises(Malformed):
        world.forge.pull_request(REPOSITORY, 1)
    world.fake.faults.add("GET", "/pull-?requests$", Answer(200, answer))
    with pytest.raises(Malformed):
        world.forge.pull_requests(REPOSITORY, BRANCH)


def test_a_token_that_may_only_read_is_denied(world: World) -> None:
    pull = world.open()
    world.fake.can_write = False
    with pytest.raises(Denied, match=r"write|rights"):
        world.forge.revise(REPOSITORY, pull.number, title="Other", body="")


def test_no_secret_is_shown(world: World) -> None:
    world.fake.token = "another"
    for ask in _asks(world):
        with pytest.raises(Denied) as caught:
            ask()
        assert TOKEN not in f"{caught.value!r}{caught.value}{caught.value.__cause__!r}"
    assert all(TOKEN not in f"{request.path}{request.query}" for request in world.fake.asked())


@pytest.mark.parametrize("path", ["infra", "OPS/..", "a b/c", "OPS/infra/x", ""])
def test_what_is_no_repository_is_never_asked_for(world: World, path: str) -> None:
    with pytest.raises(TagboatError):
        world.forge.pull_request(path, 1)
    assert world.fake.asked() == []


def test_a_token_never_travels_in_the_clear(world: World) -> None:
    key = "api_url" if isinstance(world.fake, FakeBitbucketCloud) else "url"
    for url in ("http://git.example.com", "git.example.com", "https://u:p@git.example.com"):
        with pytest.raises(Refused, match="not the address"):
            forge(world.fake, world.folder, world.clock, **{key: url})


def test_an_authority_that_cannot_be_read_is_named(world: World) -> None:
    with pytest.raises(Refused, match="authority's certificate"):
        forge(world.fake, world.folder, world.clock, ca_bundle="/no/such/ca.pem")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "error", "error": {"message": "reviewers: \n Malformed"}}, "reviewers: Malformed"),
        ({"errors": [{"message": "It is vetoed."}, {"message": "Twice."}]}, "It is vetoed.; Twice."),
        ({"errors": ["x", {"message": None}], "error": "y"}, "HTTP 400"),
        (["x"], "HTTP 400"),
        (None, "HTTP 400"),
    ],
)
def test_the_hosts_own_words_are_told_on_one_line(data: object, message: str) -> None:
    assert Told(400, data).message == message


def _asks(world: World) -> list[Callable[[], object]]:
    return [
        lambda: world.forge.pull_request(REPOSITORY, 1),
        lambda: world.forge.pull_requests(REPOSITORY, BRANCH),
        lambda: world.forge.default_branch(REPOSITORY),
    ]
