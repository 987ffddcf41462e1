"""A registry that stands beside the name of an image belongs to it, and stays where it stands."""

from __future__ import annotations

import pytest

from bot.domain.errors import Malformed, Permanent, Refused
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.place import HelmValues, ImageKeys, JsonPaths, SourceField, SourceKeys, TomlPaths
from tests.domain.edit.text_kinds import NEW, OLD, WEB, read, written

_TAG, _NAME = "image.tag", "image.repository"
_YAML = HelmValues(_TAG, repository=_NAME)
_WHOLE = HelmValues(reference="image.name")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        pytest.param(_YAML, "image:\n  registry: ghcr.io\n  repository: acme/web\n  tag: v8\n", id="YAML"),
        pytest.param(
            _YAML, "image: {registry: ghcr.io/acme, repository: web, tag: v8}\n", id="with a folder"
        ),
        pytest.param(
            _YAML, "r: &r ghcr.io\nimage: {registry: *r, repository: acme/web, tag: v8}\n", id="alias"
        ),
        pytest.param(
            _YAML,
            "d: &d {registry: ghcr.io}\nimage: {<<: *d, repository: acme/web, tag: v8}\n",
            id="merge key",
        ),
        pytest.param(_YAML, "image: {registry: '', repository: ghcr.io/acme/web, tag: v8}\n", id="empty"),
        pytest.param(_YAML, "image: {registry: ~, repository: ghcr.io/acme/web, tag: v8}\n", id="null"),
        pytest.param(_YAML, "image: {registry: {}, repository: ghcr.io/acme/web, tag: v8}\n", id="a mapping"),
        pytest.param(
            _YAML, "image: {registry: quay.io, repository: ghcr.io/acme/web, tag: v8}\n", id="a whole name"
        ),
        pytest.param(
            HelmValues(tag='"image.tag"', repository='"image.repository"'),
            "image.registry: ghcr.io\nimage.repository: acme/web\nimage.tag: v8\n",
            id="keys that hold dots",
        ),
        pytest.param(
            JsonPaths(_TAG, repository=_NAME),
            '{"image": {"registry": "ghcr.io", "repository": "acme/web", "tag": "v8"}}',
            id="JSON",
        ),
        pytest.param(
            JsonPaths(_TAG, repository=_NAME),
            '{"image": {"registry": 5, "repository": "ghcr.io/acme/web", "tag": "v8"}}',
            id="a number in JSON",
        ),
        pytest.param(
            HelmValues(_TAG, repository="image.names[0]"),
            "image: {registry: quay.io, names: [ghcr.io/acme/web], tag: v8}\n",
            id="a name in a list",
        ),
        pytest.param(
            TomlPaths(_TAG, repository=_NAME),
            'image = {registry = "ghcr.io", repository = "acme/web", tag = "v8"}',
            id="TOML",
        ),
        pytest.param(
            SourceKeys(_TAG, repository=_NAME),
            "helm:\n  parameters:\n  - {name: image.registry, value: ghcr.io}\n"
            "  - {name: image.repository, value: acme/web}\n  - {name: image.tag, value: v8}\n",
            id="Helm parameters",
        ),
        pytest.param(
            SourceKeys(_TAG, repository=_NAME, field=SourceField.VALUES),
            "helm:\n  values: |\n    image: {registry: ghcr.io, repository: acme/web, tag: v8}\n",
            id="values as a text",
        ),
        pytest.param(_WHOLE, "image:\n  registry: ghcr.io\n  name: acme/web:v8 # x\n", id="a reference"),
        pytest.param(
            _WHOLE, "image: {registry: ghcr.io/acme, name: 'web:v8'}\n", id="a reference without a folder"
        ),
        pytest.param(
            _WHOLE, "image: {registry: quay.io, name: 'ghcr.io/acme/web:v8'}\n", id="a whole reference"
        ),
        pytest.param(
            HelmValues(reference="image"), "registry: ghcr.io\nimage: acme/web:v8\n", id="at the top"
        ),
        pytest.param(
            JsonPaths(reference="image.name"),
            '{"image": {"registry": "ghcr.io", "name": "acme/web:v8"}}',
            id="a reference in JSON",
        ),
        pytest.param(
            SourceKeys(reference="image.name"),
            "helm:\n  parameters:\n  - {name: image.registry, value: ghcr.io}\n"
            "  - {name: image.name, value: 'acme/web:v8'}\n",
            id="a reference in Helm parameters",
        ),
    ],
)
def test_a_name_behind_its_registry_is_read_as_one_and_stays(place: ImageKeys, content: str) -> None:
    assert isinstance(place, HelmValues | JsonPaths | TomlPaths | SourceKeys)
    assert read(place, content) == ImageRef(WEB, "v8")
    assert written(place, content, ImageRef(WEB, "v9")) == content.replace("v8", "v9")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("registry: ghcr.io, repository: acme/old", "registry: ghcr.io, repository: acme/web"),
        ("registry: ghcr.io/acme, repository: old", "registry: ghcr.io/acme, repository: web"),
        ("registry: ghcr.io, repository: ''", "registry: ghcr.io, repository: 'acme/web'"),
    ],
)
def test_another_name_of_the_registry_takes_the_place_of_the_rest_alone(before: str, after: str) -> None:
    assert (
        written(_YAML, f"image: {{{before}, tag: v8}}", ImageRef(WEB, "v8")) == f"image: {{{after}, tag: v8}}"
    )


def test_the_name_is_added_behind_a_registry_that_is_there() -> None:
    place = HelmValues(_TAG, repository=_NAME, creates=True)
    content = "image:\n  registry: ghcr.io\n  tag: v8\n"
    assert written(place, content, ImageRef(WEB, "v8")) == f"{content}  repository: acme/web\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("registry: ghcr.io, name: 'acme/old:v8'", "registry: ghcr.io, name: 'acme/web:v9'"),
        ("registry: ghcr.io, name: ''", "registry: ghcr.io, name: 'acme/web:v9'"),
        (f"registry: ghcr.io, name: 'acme/web@{OLD}'", f"registry: ghcr.io, name: 'acme/web:v9@{NEW}'"),
        ("registry: GHCR.io, name: 'acme/web:v8'", "registry: GHCR.io, name: 'acme/web:v9'"),
    ],
)
def test_a_reference_is_written_behind_its_registry(before: str, after: str) -> None:
    assert written(_WHOLE, f"image: {{{before}}}", ImageRef(WEB, "v9", NEW)) == f"image: {{{after}}}"


def test_a_reference_that_names_the_image_by_itself_is_put_behind_nothing() -> None:
    image = ImageRef(parse_image_name("acme/web"), "v9")
    content = "image: {registry: mirror.example.com, name: 'acme/web:v8'}"
    assert written(_WHOLE, content, image) == content.replace("v8", "v9")


def test_docker_hub_may_go_without_its_library() -> None:
    nginx = ImageRef(parse_image_name("nginx"), "v9")
    content = "image: {registry: docker.io, repository: nginx, tag: v8}"
    assert written(_YAML, content, nginx) == content.replace("v8", "v9")


@pytest.mark.parametrize(
    ("registry", "error", "says"),
    [
        ("docker.io", Refused, "the `registry` beside `image.repository` in line 1 says docker.io in line 1"),
        ("ghcr.io/other", Refused, "says ghcr.io/other"),
        ("'{{ .x }}'", Malformed, "`image.repository` in line 1 says '{{ .x }}/acme/web'"),
    ],
)
def test_another_registry_is_not_written_over(registry: str, error: type[Permanent], says: str) -> None:
    with pytest.raises(error) as caught:
        written(_YAML, f"image: {{registry: {registry}, repository: acme/web, tag: v8}}", ImageRef(WEB, "v9"))
    assert says in str(caught.value)


def test_a_reference_is_not_written_behind_another_registry() -> None:
    with pytest.raises(Refused, match=r"`registry` beside `image.name` in line 1 says quay.io in line 1"):
        written(_WHOLE, "image: {registry: quay.io, name: 'acme/web:v8'}", ImageRef(WEB, "v9"))
