"""What every registry promises of signatures: those of the image asked for, as they were put there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.layout import LayoutRegistry
from bot.adapters.registries.memory import MemoryRegistry
from bot.domain.image import ImageName
from bot.domain.signing.evidence import Bundle, Evidence, SimpleSigning
from bot.ports import Registry
from tests.adapters.registries.hostile import serving
from tests.adapters.registries.referrers import ReferrersShelf
from tests.kit.images import Image, build_image, build_index, push, write_layout
from tests.kit.registry import docker_registry
from tests.kit.signatures import (
    bundle_artifact,
    referrers_index,
    referrers_tag,
    signature_tag,
    simple_artifact,
)

IMAGE = build_index([build_image(platform="linux/amd64"), build_image(platform="linux/arm64")])
OTHER = build_image(created="2026-04-01T10:00:00Z")
FIRST = SimpleSigning(b'{"critical": 1}', "c2lnbmF0dXJl")
SECOND = SimpleSigning(b'{"critical": 1}', "b2YgYW5vdGhlcg==", has_certificate=True)
BUNDLES = (Bundle(b'{"a": "bundle"}'), Bundle(b'{"another": "bundle"}'))


class Place(Protocol):
    """Where signatures are put, as a signer does it."""

    def simple(self, image: Image, signed: Sequence[SimpleSigning]) -> None: ...

    def bundles(self, image: Image, bundles: Sequence[Bundle]) -> None: ...


@dataclass(frozen=True)
class Documents:
    """Puts documents under tags."""

    put: Callable[[str, Image], object]

    def simple(self, image: Image, signed: Sequence[SimpleSigning]) -> None:
        self.put(signature_tag(image.digest), _artifact(signed))

    def bundles(self, image: Image, bundles: Sequence[Bundle]) -> None:
        artifacts = [bundle_artifact(each.document, subject=image) for each in bundles]
        self.put(referrers_tag(image.digest), referrers_index(*artifacts))


@dataclass(frozen=True)
class Referring:
    """Puts documents that refer to the image, of which the registry keeps account itself."""

    shelf: ReferrersShelf

    def simple(self, image: Image, signed: Sequence[SimpleSigning]) -> None:
        self.shelf.refer(image.digest, _artifact(signed, subject=image))

    def bundles(self, image: Image, bundles: Sequence[Bundle]) -> None:
        for each in bundles:
            self.shelf.refer(image.digest, bundle_artifact(each.document, subject=image))


@dataclass(frozen=True)
class Told:
    """Tells the memory twin."""

    registry: MemoryRegistry
    name: ImageName

    def simple(self, image: Image, signed: Sequence[SimpleSigning]) -> None:
        for each in signed:
            self.registry.attach(self.name, image.digest, each)

    def bundles(self, image: Image, bundles: Sequence[Bundle]) -> None:
        for each in bundles:
            self.registry.attach(self.name, image.digest, each)


@dataclass(frozen=True)
class Subject:
    """A registry, the image's name there, and the place of its signatures."""

    registry: Registry
    name: ImageName
    place: Place

    def found(self, image: Image) -> list[Evidence]:
        return list(self.registry.signatures(self.name, image.digest))


def _artifact(signed: Sequence[SimpleSigning], *, subject: Image | None = None) -> Image:
    certificate = {"dev.sigstore.cosign/certificate": "-----BEGIN CERTIFICATE-----"}
    notes = [certificate if each.has_certificate else {} for each in signed]
    return simple_artifact([(each.payload, each.signature) for each in signed], subject=subject, notes=notes)


def _memory(_: ExitStack, __: Path) -> Subject:
    registry, name = MemoryRegistry(), ImageName("registry.example.com", "acme/web")
    return Subject(registry, name, Told(registry, name))


def _layout(_: ExitStack, folder: Path) -> Subject:
    name = ImageName("registry.example.com", "acme/web")
    place = Documents(lambda tag, image: write_layout(folder, name.path, tag, image))
    place.put("1.0.0", IMAGE)
    return Subject(LayoutRegistry(root=folder), name, place)


def _http(stack: ExitStack, _: Path) -> Subject:
    shelf = ReferrersShelf()
    shelf.put("1.0.0", IMAGE)
    server = stack.enter_context(serving(shelf))
    registry = DistributionRegistry(host=server.host, plain_http=True)
    stack.callback(registry.close)
    return Subject(registry, ImageName(server.host, shelf.path), Referring(shelf))


def _docker_registry(stack: ExitStack, _: Path) -> Subject:
    host = stack.enter_context(docker_registry())
    registry = DistributionRegistry(host=host, plain_http=True)
    stack.callback(registry.close)
    name = ImageName(host, "acme/web")
    place = Documents(lambda tag, image: push(host, name.path, tag, image))
    place.put("1.0.0", IMAGE)
    return Subject(registry, name, place)


@pytest.fixture(
    params=[
        pytest.param(_memory, id="memory"),
        pytest.param(_layout, id="layout"),
        pytest.param(_http, id="http, with referrers"),
        pytest.param(_docker_registry, id="docker-registry, without", marks=pytest.mark.servers),
    ]
)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path)


def test_what_nobody_signed_has_no_signatures(subject: Subject) -> None:
    assert subject.found(IMAGE) == []


def test_signatures_are_found_as_they_were_put_there(subject: Subject) -> None:
    subject.place.simple(IMAGE, [FIRST, SECOND])
    assert subject.found(IMAGE) == [FIRST, SECOND]


def test_bundles_are_found_as_they_were_put_there(subject: Subject) -> None:
    subject.place.bundles(IMAGE, BUNDLES)
    assert subject.found(IMAGE) == list(BUNDLES)


def test_both_forms_may_stand_beside_each_other(subject: Subject) -> None:
    subject.place.simple(IMAGE, [FIRST])
    subject.place.bundles(IMAGE, BUNDLES[:1])
    assert subject.found(IMAGE) == [FIRST, BUNDLES[0]]


def test_signatures_of_another_image_are_none_of_this(subject: Subject) -> None:
    subject.place.simple(OTHER, [FIRST])
    subject.place.bundles(OTHER, BUNDLES)
    assert subject.found(IMAGE) == []
    assert len(subject.found(OTHER)) == 3


def test_a_signature_that_comes_later_is_seen(subject: Subject) -> None:
    assert subject.found(IMAGE) == []
    subject.place.simple(IMAGE, [FIRST])
    assert subject.found(IMAGE) == [FIRST]


def test_a_repository_that_is_not_there_has_no_signatures(subject: Subject) -> None:
    name = ImageName(subject.name.registry, "acme/nothing")
    assert list(subject.registry.signatures(name, IMAGE.digest)) == []
