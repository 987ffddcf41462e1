"""What both Bitbucket forges do when the host fails, refuses, or answers with something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.adapters.forges.bitbucket.transport import Answer as Told
from bot.domain.errors import Denied, Malformed, NotFound, Refused, TagboatError
from tests.adapters.forges.bitbucket.bitbucket_world import REPOSITORY, Fake, World, bitbucket_world, forge
from tests.adapters.forges.host_world import BRANCH
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import TOKEN
from tests.fakes.http_host import Answer

KINDS: dict[str, type[Fake]] = {"cloud": FakeBitbucketCloud, "data center": FakeBitbucketDataCenter}
ONE = "/pull-?requests/1$"


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with bitbucket_world(tmp_path, KINDS[request.param]) as built:
        yield built


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
