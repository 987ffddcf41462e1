"""Docker Hub's own API tells what changed in one request, and is left alone whenever it is odd."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.registries.distribution import DistributionRegistry
from bot.domain.choosing.listing import Listing
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Server, reply_json, serving

_IMAGE = ImageName("docker.io", "library/nginx")
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


@dataclass
class Hub:
    """The API over a repository of tags: digest and time of each; and the registry beside it."""

    tags: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    pushes: int = 0
    elsewhere: str = ""
    spoil: Callable[[Call, Reply], Reply] = lambda call, right: right

    def push(self, tag: str) -> None:
        self.pushes += 1
        self.tags[tag] = _digest(self.pushes), _NOON + timedelta(seconds=self.pushes)

    def __call__(self, call: Call) -> Reply:
        if call.path in {"/v2/library/nginx/tags/list", f"/v2/{self.elsewhere}/tags/list"}:
            return reply_json({"tags": sorted(self.tags)})
        assert call.path == "/v2/repositories/library/nginx/tags"
        return self.spoil(call, self._page(call))

    def _page(self, call: Call) -> Reply:
        query = dict(call.query)
        assert (query["page_size"], query["ordering"]) == ("100", "last_updated")
        newest_first = sorted(self.tags, key=lambda tag: self.tags[tag][1], reverse=True)
        start = (int(query["page"]) - 1) * 100
        results = [self._entry(tag) for tag in newest_first[start : start + 100]]
        if not results:
            return reply_json({"message": "object not found"}, status=404)
        return reply_json({"count": len(self.tags), "next": None, "results": results})

    def _entry(self, tag: str) -> dict[str, object]:
        digest, at = self.tags[tag]
        return {"name": tag, "last_updated": at.isoformat().replace("+00:00", "Z"), "digest": digest, "id": 1}

    @property
    def digests(self) -> dict[str, str]:
        return {tag: digest for tag, (digest, _) in self.tags.items()}


class _Clock:
    def __init__(self) -> None:
        self.time = _NOON

    def now(self) -> datetime:
        return self.time


@dataclass
class World:
    hub: Hub
    server: Server
    registry: DistributionRegistry
    clock: _Clock

    def look(self, known: Listing | None = None) -> Listing:
        """List, and hold the answer against the truth."""
        self.server.calls.clear()
        found = self.registry.listing(_IMAGE, known=known)
        assert sorted(found.tags) == sorted(self.hub.tags)
        return found

    @property
    def asked(self) -> list[str]:
        """`hub` or `registry` for each request of the last look."""
        return ["hub" if "/repositories/" in call.path else "registry" for call in self.server.calls]


@contextmanager
def _world(tags: int) -> Iterator[World]:
    hub, clock = Hub(), _Clock()
    for number in range(tags):
        hub.push(f"1.{number}.0")
    with ExitStack() as stack:
        server = stack.enter_context(serving(hub))
        url = f"http://{server.host}"
        registry = DistributionRegistry(host="docker.io", url=url, plain_http=True, hub_url=url, clock=clock)
        stack.callback(registry.close)
        yield World(hub, server, registry, clock)


def test_a_first_look_reads_every_page_and_has_every_digest() -> None:
    with _world(250) as world:
        assert world.look().digests == world.hub.digests
        assert world.asked == ["hub"] * 3


def test_an_unchanged_repository_costs_one_request_and_gives_the_same_answer() -> None:
    with _world(250) as world:
        first = world.look()
        assert world.look(first) is first
        assert world.asked == ["hub"]


@pytest.mark.parametrize(("pushes", "requests"), [(1, 2), (99, 2), (100, 2), (101, 3)])
def test_only_pages_with_news_and_one_more_are_read(pushes: int, requests: int) -> None:
    with _world(450) as world:
        first = world.look()
        for number in range(pushes):
            world.hub.push(f"2.{number}.0")
        second = world.look(first)
        assert second.digests == world.hub.digests
        assert world.asked == ["hub"] * requests
        assert world.look(second) is second


def test_a_tag_that_moved_has_its_new_digest() -> None:
    with _world(150) as world:
        first = world.look()
        world.hub.push("1.3.0")
        assert world.look(first).digests == world.hub.digests
        assert len(world.asked) == 2


@pytest.mark.parametrize("also", [[], ["new"], ["new", "newer"]], ids=["alone", "and a new one", "and two"])
def test_a_deletion_is_seen_by_the_count_and_everything_is_read(also: list[str]) -> None:
    with _world(350) as world:
        first = world.look()
        del world.hub.tags["1.3.0"]
        for tag in also:
            world.hub.push(tag)
        assert world.look(first).digests == world.hub.digests
        assert len(world.asked) >= 4


def test_the_whole_list_is_read_now_and_then_in_any_case() -> None:
    with _world(150) as world:
        first = world.look()
        world.clock.time += timedelta(hours=12)
        second = world.look(first)
        assert len(world.asked) == 2
        assert world.look(second) is second
        assert len(world.asked) == 1


def test_a_list_of_the_registry_is_followed_by_a_whole_one() -> None:
    with _world(150) as world:
        plain = Listing(tuple(world.hub.tags), '"etag"')
        assert world.look(plain).digests == world.hub.digests
        assert len(world.asked) == 2


def _with(**changes: object) -> Callable[[Call, Reply], Reply]:
    return lambda call, right: reply_json({**json.loads(right.body), **changes})


def _entries(change: Callable[[list[dict[str, object]]], object]) -> Callable[[Call, Reply], Reply]:
    def spoil(call: Call, right: Reply) -> Reply:
        body = json.loads(right.body)
        change(body["results"])
        return reply_json(body)

    return spoil


_ODD: dict[str, Callable[[Call, Reply], Reply]] = {
    "private or gone": lambda call, right: reply_json({"message": "object not found"}, status=404),
    "closed": lambda call, right: Reply(403),
    "out of order": lambda call, right: Reply(500),
    "limited": lambda call, right: Reply(429, b"", {"Retry-After": "60"}),
    "a web page": lambda call, right: Reply(200, b"<html>", {"Content-Type": "text/html"}),
    "another form": lambda call, right: reply_json({"tags": []}),
    "too few": _with(count=5),
    "too many": _with(count=1),
    "endless": _with(count=1_000_000),
    "no results": _with(results=[]),
    "no tag": _entries(lambda results: results[0].update(name="a\nb")),
    "the same page always": _entries(lambda results: results.__setitem__(slice(None), [results[0]] * 100)),
    "a page fails": lambda call, right: Reply(500) if "page=2" in call.target else right,
}


@pytest.mark.parametrize("spoil", _ODD.values(), ids=_ODD)
def test_whatever_is_odd_sends_the_question_to_the_registry(spoil: Callable[[Call, Reply], Reply]) -> None:
    with _world(150) as world:
        world.hub.spoil = spoil
        assert world.look().digests == {}
        assert world.asked[-1] == "registry"
        assert world.look() is not None
        assert world.asked == ["registry"], "and it stays there for a while"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(_entries(lambda results: results.reverse()), id="oldest first"),
        pytest.param(_entries(lambda results: results[0].update(last_updated=None)), id="no time"),
    ],
)
def test_changes_that_do_not_stand_first_are_not_trusted(spoil: Callable[[Call, Reply], Reply]) -> None:
    with _world(150) as world:
        first = world.look()
        world.hub.push("new")
        world.hub.spoil = spoil
        assert "new" in world.look(first).tags


def test_a_tag_without_a_digest_is_listed_without_one() -> None:
    with _world(3) as world:
        world.hub.spoil = _entries(lambda results: results[0].update(digest=None))
        found = world.look()
        assert sorted(found.digests) == ["1.0.0", "1.1.0"]
        assert world.look(found) is found


def test_a_push_between_two_pages_is_noticed_and_the_list_is_read_anew() -> None:
    with _world(250) as world:

        def push_once(call: Call, right: Reply) -> Reply:
            if "page=2" in call.target and "late" not in world.hub.tags:
                world.hub.push("late")
            return right

        world.hub.spoil = push_once
        assert world.look().digests == world.hub.digests
        assert world.asked == ["hub"] * 6


_STEP = st.tuples(st.sampled_from(["push", "delete"]), st.integers(0, 9))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(_STEP, max_size=4), max_size=4))
def test_whatever_happens_between_two_looks_the_answer_is_whole_and_right(
    rounds: list[list[tuple[str, int]]],
) -> None:
    with _world(105) as world:
        known = world.look()
        for steps in rounds:
            for what, number in steps:
                if what == "push":
                    world.hub.push(f"t{number}")
                else:
                    world.hub.tags.pop(f"t{number}", None)
            known = world.look(known)
            assert known.digests == world.hub.digests


def test_a_list_that_would_take_long_is_asked_of_the_registry() -> None:
    with _world(250) as world:

        def slow(call: Call, right: Reply) -> Reply:
            world.clock.time += timedelta(seconds=15)
            return right

        world.hub.spoil = slow
        assert world.look().digests == {}
        assert world.asked == ["hub"] * 3 + ["registry"]


def test_it_is_asked_without_the_login() -> None:
    with _world(3) as world:
        world.look()
        assert [call.authorization for call in world.server.calls] == [None]


def test_an_image_that_docker_hub_cannot_have_is_not_asked_for_there() -> None:
    with _world(3) as world:
        world.hub.elsewhere = "a/b/c"
        assert world.registry.listing(ImageName("docker.io", "a/b/c")).tags
        assert all("/repositories/" not in call.path for call in world.server.calls)
