"""Contents come from the nearest mirror that has them; tags, logins and trust do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from bot.adapters.registries.credentials import Configured
from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.mirrors import Mirror
from bot.domain.errors import Damaged, Malformed, NotFound, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Server, Shelf, missing, serving
from tests.kit.images import Image, build_image, build_index

_IMAGE = ImageName("registry.example.com", "acme/web")
_LOGIN = Configured("bot", "hunter2-canary")
_PREFIX = "/proxy"


@dataclass
class World:
    """A registry behind a login, and a mirror of it under a path of its own."""

    stack: ExitStack
    shelf: Shelf = field(default_factory=Shelf)
    copy: Shelf = field(default_factory=Shelf)
    now: float = 1000.0
    spoil: Callable[[Call], Reply | None] = lambda call: None

    def __post_init__(self) -> None:
        self.origin: Server = self.stack.enter_context(serving(self._origin))
        self.mirror: Server = self.stack.enter_context(serving(self._mirror))

    def put(self, tag: str, image: Image) -> str:
        """Push, and let the mirror have it too."""
        self.copy.put(tag, image)
        return self.shelf.put(tag, image)

    def registry(self, *mirrors: Mirror) -> DistributionRegistry:
        found = DistributionRegistry(
            host="registry.example.com",
            url=f"http://{self.origin.host}",
            plain_http=True,
            credentials=_LOGIN,
            mirrors=mirrors or [Mirror(f"http://{self.mirror.host}{_PREFIX}")],
            monotonic=lambda: self.now,
        )
        self.stack.callback(found.close)
        return found

    def _origin(self, call: Call) -> Reply:
        if call.authorization is None:
            return Reply(401, b"", {"WWW-Authenticate": "Basic realm=x"})
        return self.shelf(call)

    def _mirror(self, call: Call) -> Reply:
        spoiled = self.spoil(call)
        if spoiled is not None:
            return spoiled
        if not call.path.startswith(f"{_PREFIX}/v2/"):
            return missing()
        return self.copy(Call(call.method, call.target.removeprefix(_PREFIX), call.headers))


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def _kinds(server: Server) -> list[str]:
    return [f"{call.method} {call.path.split('/')[-2]}" for call in server.calls]


def test_the_registry_says_where_a_tag_points_and_the_mirror_gives_the_rest(world: World) -> None:
    digest = world.put("1.0.0", build_index([build_image(), build_image(platform="linux/arm64")]))
    details = world.registry().details(_IMAGE, "1.0.0", ("linux/arm64",))
    assert (details.digest, details.platforms) == (digest, ("linux/amd64", "linux/arm64"))
    assert _kinds(world.origin) == ["HEAD manifests", "HEAD manifests"], "the first one meets the challenge"
    assert _kinds(world.mirror) == ["GET manifests", "GET manifests", "GET blobs"]


def test_the_login_of_the_registry_never_reaches_a_mirror(world: World) -> None:
    world.put("1.0.0", build_image())
    world.spoil = lambda call: (
        Reply(401, b"", {"WWW-Authenticate": "Basic realm=x"}) if "blobs" in call.path else None
    )
    assert world.registry().details(_IMAGE, "1.0.0", ()).created
    assert world.mirror.calls
    assert {call.authorization for call in world.mirror.calls} == {None}


def test_a_mirror_may_have_a_login_of_its_own(world: World) -> None:
    world.put("1.0.0", build_image())
    world.spoil = lambda call: (
        None if call.authorization else Reply(401, b"", {"WWW-Authenticate": "Basic realm=x"})
    )
    mirror = Mirror(f"http://{world.mirror.host}{_PREFIX}", Configured("reader", "of-the-mirror"))
    assert world.registry(mirror).details(_IMAGE, "1.0.0", ()).created
    assert _kinds(world.origin) == ["HEAD manifests"] * 2
    assert "hunter2" not in repr(mirror)
    assert "of-the-mirror" not in repr(mirror)


def test_a_tag_that_the_mirror_knows_otherwise_does_not_mislead(world: World) -> None:
    world.copy.put("latest", build_image(labels={"state": "old"}))
    world.shelf.put("latest", build_image(labels={"state": "new"}))
    assert world.registry().details(_IMAGE, "latest", ()).labels == {"state": "new"}
    assert world.registry().listing(_IMAGE).tags == ("latest",)


def test_what_the_mirror_has_not_comes_from_the_registry_each_time(world: World) -> None:
    registry = world.registry()
    for tag in ("1.0.0", "2.0.0"):
        world.shelf.put(tag, build_image(labels={"tag": tag}))
        assert registry.details(_IMAGE, tag, ()).labels == {"tag": tag}
    assert len(world.mirror.calls) == 4, "a manifest and a config of each: not having it is no fault"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reply(500), id="out of order"),
        pytest.param(Reply(429, b"", {"Retry-After": "0"}), id="limited"),
        pytest.param(Reply(403), id="closed"),
        pytest.param(Reply(200, b"<html>", {"Content-Type": "text/html"}), id="a web page"),
        pytest.param(Reply(200, b'{"schemaVersion": 2}'), id="other bytes than the digest says"),
    ],
)
def test_a_mirror_with_a_fault_is_left_alone_for_a_minute(world: World, fault: Reply) -> None:
    registry = world.registry()
    world.spoil = lambda call: fault
    for number in range(3):
        tag = f"1.{number}.0"
        world.put(tag, build_image(labels={"tag": tag}))
        assert registry.details(_IMAGE, tag, ()).labels == {"tag": tag}
    assert len(world.mirror.calls) == 1
    world.now += 60
    world.spoil = lambda call: None
    world.put("2.0.0", build_image(labels={"tag": "2.0.0"}))
    assert registry.details(_IMAGE, "2.0.0", ()).created
    assert len(world.mirror.calls) >= 2


def test_the_next_mirror_is_asked_before_the_registry(world: World) -> None:
    world.put("1.0.0", build_image())
    nobody = Mirror("http://127.0.0.1:1")
    registry = world.registry(nobody, Mirror(f"http://{world.mirror.host}{_PREFIX}"))
    assert registry.details(_IMAGE, "1.0.0", ()).created
    assert _kinds(world.mirror) == ["GET manifests", "GET blobs"]


def test_faults_of_the_registry_itself_are_what_is_told(world: World) -> None:
    digest = world.shelf.put("1.0.0", build_image())
    world.shelf.manifests[digest] = Reply(500)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1.*HTTP 500"):
        world.registry().details(_IMAGE, digest, ())
    world.shelf.manifests[digest] = Reply(200, b"{}", {"Docker-Content-Digest": digest})
    with pytest.raises(Damaged):
        world.registry().details(_IMAGE, digest, ())
    with pytest.raises(NotFound):
        world.registry().details(_IMAGE, "sha256:" + "0" * 64, ())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://mirror.example.com", "plain_http"),
        ("https://mirror.example.com/v2", "leave /v2 out"),
        ("https://bot:canary@mirror.example.com", "wrong url"),
        ("https://mirror.example.com/../x", "wrong url"),
        ("ftp://mirror.example.com", "wrong url"),
    ],
)
def test_a_wrong_address_is_an_error_when_the_registry_is_built(url: str, words: str) -> None:
    with pytest.raises(Malformed, match=words) as caught:
        DistributionRegistry(host="docker.io", mirrors=[Mirror(url)])
    assert "canary" not in str(caught.value)
