"""What every registry promises, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.adapters.registries.credentials import Configured
from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.layout import LayoutRegistry
from bot.adapters.registries.memory import MemoryRegistry
from bot.domain.errors import NotFound, Refused
from bot.domain.image import ImageName, is_digest
from bot.ports import Registry
from tests.adapters.registries.hostile import Shelf, serving
from tests.contracts.registry_vendors import PASSWORD, USER, VENDORS, Vendor, VendorHost
from tests.kit.images import Image, build_image, build_index, push, write_layout
from tests.kit.registry import docker_registry

_MARCH = datetime(2026, 3, 1, 10, tzinfo=UTC)
_APRIL = datetime(2026, 4, 1, 10, tzinfo=UTC)
_UNKNOWN_DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Pushed:
    """An image to push, by the created time of each of its platforms."""

    created: Mapping[str, datetime]
    labels: Mapping[str, str]

    def built(self) -> Image:
        images = [
            build_image(created=moment.isoformat(), platform=platform, labels=self.labels)
            for platform, moment in self.created.items()
        ]
        return images[0] if len(images) == 1 else build_index(images, attested=True)


@dataclass(frozen=True)
class Subject:
    """A registry, the image in it that a test works with, and the way to push one under a tag."""

    registry: Registry
    image: ImageName
    put: Callable[[str, Pushed], str]

    def push(
        self,
        tag: str,
        *,
        created: datetime | Mapping[str, datetime] = _MARCH,
        labels: Mapping[str, str] | None = None,
    ) -> str:
        times = {"linux/amd64": created} if isinstance(created, datetime) else created
        return self.put(tag, Pushed(times, labels or {}))


def _memory(_: ExitStack, __: Path) -> Subject:
    registry, image = MemoryRegistry(), ImageName("registry.example.com", "acme/web")

    def put(tag: str, pushed: Pushed) -> str:
        names = tuple(pushed.created)
        return registry.push(image, tag, created=pushed.created, platforms=names, labels=pushed.labels)

    return Subject(registry, image, put)


def _layout(_: ExitStack, folder: Path) -> Subject:
    image = ImageName("registry.example.com", "acme/web")
    return Subject(
        LayoutRegistry(root=folder),
        image,
        lambda tag, pushed: write_layout(folder, image.path, tag, pushed.built()),
    )


def _http(stack: ExitStack, _: Path) -> Subject:
    shelf = Shelf()
    server = stack.enter_context(serving(shelf))
    registry = DistributionRegistry(host=server.host, plain_http=True)
    stack.callback(registry.close)
    return Subject(
        registry, ImageName(server.host, shelf.path), lambda tag, pushed: shelf.put(tag, pushed.built())
    )


def _vendor(vendor: Vendor, stack: ExitStack, _: Path) -> Subject:
    fake = VendorHost(vendor)
    server = stack.enter_context(serving(fake))
    registry = DistributionRegistry(
        host=server.host,
        url=f"http://{server.host}{vendor.base}",
        plain_http=True,
        credentials=Configured(USER, PASSWORD),
    )
    stack.callback(registry.close)
    image = ImageName(server.host, vendor.path)
    return Subject(registry, image, lambda tag, pushed: fake.shelf.put(tag, pushed.built()))


def _docker_registry(stack: ExitStack, _: Path) -> Subject:
    host = stack.enter_context(docker_registry())
    registry = DistributionRegistry(host=host, plain_http=True)
    stack.callback(registry.close)
    image = ImageName(host, "acme/web")
    return Subject(registry, image, lambda tag, pushed: push(host, image.path, tag, pushed.built()))


@pytest.fixture(
    params=[
        pytest.param(_memory, id="memory"),
        pytest.param(_layout, id="layout"),
        pytest.param(_http, id="http"),
        pytest.param(_docker_registry, id="docker-registry", marks=pytest.mark.servers),
        *(pytest.param(partial(_vendor, vendor), id=vendor.name) for vendor in VENDORS),
    ]
)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path)


def test_every_pushed_tag_is_listed(subject: Subject) -> None:
    tags = ["1.0.0", "1.10.0", "latest", "main-abc_1", "V2"]
    for tag in tags:
        subject.push(tag)
    assert sorted(subject.registry.listing(subject.image).tags) == sorted(tags)


def test_a_list_asked_for_again_is_the_same_until_something_is_pushed(subject: Subject) -> None:
    for tag in ("1.0.0", "1.1.0"):
        subject.push(tag)
    first = subject.registry.listing(subject.image)
    assert subject.registry.listing(subject.image, known=first) == first
    subject.push("2.0.0")
    second = subject.registry.listing(subject.image, known=first)
    assert sorted(second.tags) == ["1.0.0", "1.1.0", "2.0.0"]


def test_digests_that_come_with_a_list_are_those_that_the_tags_name(subject: Subject) -> None:
    pushed = {tag: subject.push(tag, created=moment) for tag, moment in (("1", _MARCH), ("2", _APRIL))}
    told = subject.registry.listing(subject.image).digests
    assert told.items() <= pushed.items()


def test_the_tags_of_an_unknown_repository_are_an_error_and_not_an_empty_list(subject: Subject) -> None:
    subject.push("1.0.0")
    with pytest.raises(NotFound, match="acme/nothing"):
        subject.registry.listing(ImageName(subject.image.registry, "acme/nothing"))


def test_a_tag_names_the_digest_that_was_pushed(subject: Subject) -> None:
    digest = subject.push("1.0.0")
    assert is_digest(digest)
    assert subject.registry.digest(subject.image, "1.0.0") == digest


@pytest.mark.parametrize(("path", "tag"), [("acme/web", "2.0.0"), ("acme/nothing", "1.0.0")])
def test_what_is_not_there_has_no_digest(subject: Subject, path: str, tag: str) -> None:
    subject.push("1.0.0")
    assert subject.registry.digest(ImageName(subject.image.registry, path), tag) is None


def test_a_tag_that_moves_is_seen_with_its_new_digest_and_details(subject: Subject) -> None:
    first = subject.push("latest", created=_MARCH)
    assert subject.registry.details(subject.image, "latest", ()).created == _MARCH
    second = subject.push("latest", created=_APRIL)
    assert first != second
    assert subject.registry.digest(subject.image, "latest") == second
    assert subject.registry.details(subject.image, "latest", ()).created == _APRIL
    assert list(subject.registry.listing(subject.image).tags) == ["latest"]


def test_an_image_that_a_tag_left_is_still_there_by_its_digest(subject: Subject) -> None:
    first = subject.push("latest", created=_MARCH)
    subject.push("latest", created=_APRIL)
    details = subject.registry.details(subject.image, first, ())
    assert (details.digest, details.created) == (first, _MARCH)


def test_details_of_one_platform_have_digest_time_platform_and_labels(subject: Subject) -> None:
    labels = {"org.opencontainers.image.revision": "abc", "org.opencontainers.image.title": "Wéb"}
    digest = subject.push("1.0.0", labels=labels)
    details = subject.registry.details(subject.image, "1.0.0", ())
    assert details.digest == digest
    assert details.created == _MARCH
    assert details.created.utcoffset() == timedelta(0)
    assert details.platforms == ("linux/amd64",)
    assert details.labels == labels


def test_details_of_an_index_have_its_own_digest_and_its_images_but_no_attestation(
    subject: Subject,
) -> None:
    digest = subject.push("1.0.0", created={"linux/amd64": _MARCH, "linux/arm/v7": _APRIL})
    details = subject.registry.details(subject.image, "1.0.0", ())
    assert details.digest == digest == subject.registry.digest(subject.image, "1.0.0")
    assert details.platforms == ("linux/amd64", "linux/arm/v7")


@pytest.mark.parametrize(
    ("platforms", "created"),
    [
        pytest.param((), _APRIL, id="all platforms: the latest"),
        pytest.param(("linux/amd64",), _MARCH, id="one platform: its own"),
        pytest.param(("linux/arm64",), _APRIL, id="a platform without its variant: any variant"),
        pytest.param(("linux/amd64", "linux/arm64"), _APRIL, id="both: the latest"),
        pytest.param(("linux/arm64/v8",), _APRIL, id="a variant: itself"),
        pytest.param(("linux/arm64/v9",), None, id="another variant"),
        pytest.param(("linux/s390x",), None, id="a platform that the image has not"),
        pytest.param(("linux/s390x", "linux/amd64"), _MARCH, id="one that it has and one that it has not"),
    ],
)
def test_the_created_time_is_the_latest_among_the_platforms_asked_for(
    subject: Subject, platforms: Sequence[str], created: datetime | None
) -> None:
    subject.push("1.0.0", created={"linux/amd64": _MARCH, "linux/arm64/v8": _APRIL})
    details = subject.registry.details(subject.image, "1.0.0", platforms)
    assert details.created == created
    assert details.platforms == ("linux/amd64", "linux/arm64/v8")


@pytest.mark.parametrize("reference", ["2.0.0", _UNKNOWN_DIGEST])
def test_details_of_what_is_not_there_are_an_error(subject: Subject, reference: str) -> None:
    subject.push("1.0.0")
    with pytest.raises(NotFound):
        subject.registry.details(subject.image, reference, ())


@pytest.mark.parametrize(
    "reference", ["", "../../secrets", "a b", "a\nb", "-x", "x" * 129, "sha256:12", "ä", "a/b", "a?b", "a#b"]
)
def test_what_is_neither_tag_nor_digest_is_never_asked_for(subject: Subject, reference: str) -> None:
    subject.push("1.0.0")
    with pytest.raises(Refused):
        subject.registry.digest(subject.image, reference)
    with pytest.raises(Refused):
        subject.registry.details(subject.image, reference, ())
