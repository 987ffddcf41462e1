"""Pages of registries: where a human sees an image, at the public registries that show images to browsers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from bot.domain.image import DOCKER_HUB, ImageName, ImageRef

_OFFICIAL = "library/"


def image_page(name: ImageName) -> str:
    """The page of an image; empty where the registry is not known to have one."""
    page = _PAGES.get(name.registry)
    return page(name.path) if page else ""


def tag_page(ref: ImageRef) -> str:
    """The page on which a tag is shown; empty where the registry has none for tags."""
    query = _TAGS.get(ref.name.registry)
    return f"{image_page(ref.name)}{query}{quote(ref.tag, safe='')}" if query and ref.tag else ""


def _on_docker_hub(path: str) -> str:
    place = f"_/{path.removeprefix(_OFFICIAL)}" if path.startswith(_OFFICIAL) else f"r/{path}"
    return f"https://hub.docker.com/{place}"


_PAGES: Mapping[str, Callable[[str], str]] = {
    DOCKER_HUB: _on_docker_hub,
    "ghcr.io": "https://ghcr.io/{}".format,  # leads browsers on to the package's page
    "public.ecr.aws": "https://gallery.ecr.aws/{}".format,
    "quay.io": "https://quay.io/repository/{}".format,
}
_TAGS: Mapping[str, str] = {DOCKER_HUB: "/tags?name=", "quay.io": "?tab=tags&tag="}
