"""The memory registry fails when it is told to, and for what it is told."""

from __future__ import annotations

import pytest

from bot.adapters.registries.memory import MemoryRegistry
from bot.domain.errors import Unreachable
from bot.domain.image import ImageName

_WEB = ImageName("registry.example.com", "acme/web")
_API = ImageName("registry.example.com", "acme/api")


def _registry() -> MemoryRegistry:
    registry = MemoryRegistry()
    for image in (_WEB, _API):
        registry.push(image, "1.0.0")
        registry.push(image, "2.0.0")
    return registry


def _fails(registry: MemoryRegistry, image: ImageName, tag: str | None = None) -> bool:
    try:
        if tag is None:
            registry.listing(image)
        else:
            registry.digest(image, tag)
            registry.details(image, tag, ())
    except Unreachable:
        return True
    return False


def test_the_whole_host_can_be_unreachable() -> None:
    registry = _registry()
    registry.fail(Unreachable("down"))
    assert all(_fails(registry, image, tag) for image in (_WEB, _API) for tag in (None, "1.0.0"))


def test_one_image_can_be_unreachable() -> None:
    registry = _registry()
    registry.fail(Unreachable("down"), image=_WEB)
    assert _fails(registry, _WEB)
    assert _fails(registry, _WEB, "1.0.0")
    assert not _fails(registry, _API)


def test_one_tag_can_be_unreadable() -> None:
    registry = _registry()
    registry.fail(Unreachable("down"), image=_WEB, tag="1.0.0")
    assert _fails(registry, _WEB, "1.0.0")
    assert not _fails(registry, _WEB)
    assert not _fails(registry, _WEB, "2.0.0")


def test_it_recovers() -> None:
    registry = _registry()
    registry.fail(Unreachable("down"))
    registry.recover()
    assert not _fails(registry, _WEB, "1.0.0")


def test_a_deleted_tag_is_gone_and_its_image_stays() -> None:
    registry = _registry()
    digest = registry.push(_WEB, "3.0.0", content="third")
    registry.delete(_WEB, "3.0.0")
    assert registry.digest(_WEB, "3.0.0") is None
    assert registry.details(_WEB, digest, ()).digest == digest


def test_content_tells_images_apart_that_are_alike_otherwise() -> None:
    registry = MemoryRegistry()
    digests = [registry.push(_WEB, "1.0.0", content=content) for content in ("a", "b", "a")]
    assert digests[0] == digests[2] != digests[1]


def test_a_word_that_is_no_tag_cannot_be_pushed() -> None:
    with pytest.raises(ValueError, match="not a tag"):
        MemoryRegistry().push(_WEB, "a b")
