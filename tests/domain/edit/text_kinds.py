"""What the tests of the text kinds share: an image, its next release, and proof that two writes are one."""

from __future__ import annotations

from bot.domain.edit.targets import read_target, write_target
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import Place

WEB = parse_image_name("ghcr.io/acme/web")
OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
NEXT = ImageRef(WEB, "1.10", NEW)


def read(place: Place, content: str) -> ImageRef:
    """What stands at the place."""
    return read_target(content.encode(), Target("web", "file", place), WEB)


def written(place: Place, content: str, ref: ImageRef = NEXT, *, pin_digest: bool = False) -> str:
    """The file with the image at the place, which then says so, and stays as it is."""
    target = Target("web", "file", place)
    after = write_target(content.encode(), target, ref, pin_digest=pin_digest)
    assert write_target(after, target, ref, pin_digest=pin_digest) == after
    found = read_target(after, target, ref.name)
    assert found.tag in {None, ref.tag}
    assert found.digest in {None, ref.digest}
    assert found.tag or found.digest
    return after.decode()
