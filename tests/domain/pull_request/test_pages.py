"""Pages of registries, as browsers open them."""

from __future__ import annotations

import pytest

from bot.domain.image import ImageRef, parse_image_name
from bot.domain.pull_request.pages import image_page, tag_page


@pytest.mark.parametrize(
    ("name", "image", "tag"),
    [
        ("nginx", "https://hub.docker.com/_/nginx", "https://hub.docker.com/_/nginx/tags?name=1.27"),
        ("acme/web", "https://hub.docker.com/r/acme/web", "https://hub.docker.com/r/acme/web/tags?name=1.27"),
        (
            "quay.io/acme/web",
            "https://quay.io/repository/acme/web",
            "https://quay.io/repository/acme/web?tab=tags&tag=1.27",
        ),
        ("ghcr.io/acme/web", "https://ghcr.io/acme/web", ""),
        ("public.ecr.aws/acme/web", "https://gallery.ecr.aws/acme/web", ""),
        ("registry.example:5000/acme/web", "", ""),
        ("ghcr.io.example/acme/web", "", ""),
    ],
)
def test_an_image_and_its_tag_have_pages_where_the_registry_shows_any(
    name: str, image: str, tag: str
) -> None:
    found = parse_image_name(name)
    assert (image_page(found), tag_page(ImageRef(found, "1.27"))) == (image, tag)


def test_a_digest_alone_has_no_page() -> None:
    assert tag_page(ImageRef(parse_image_name("nginx"), None, f"sha256:{'0' * 64}")) == ""
