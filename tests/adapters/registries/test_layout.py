"""A folder of image layouts is read as carefully as a registry on the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.adapters.registries.layout import LayoutRegistry
from bot.domain.errors import Malformed, NotFound, Refused, TagboatError
from bot.domain.image import ImageName
from tests.kit.images import build_image, write_layout

_IMAGE = ImageName("registry.example.com", "acme/web")
_REF_NAME = "org.opencontainers.image.ref.name"


def _blob(root: Path, digest: str) -> Path:
    return root / _IMAGE.path / "blobs" / "sha256" / digest.removeprefix("sha256:")


@pytest.mark.parametrize("which", ["manifest", "config"])
def test_a_changed_blob_is_refused(which: str, tmp_path: Path) -> None:
    image = build_image()
    write_layout(tmp_path, _IMAGE.path, "1.0.0", image)
    blob = _blob(tmp_path, image.digest if which == "manifest" else image.blobs[-1].digest)
    blob.write_bytes(blob.read_bytes().replace(b"1", b"2"))
    with pytest.raises(Malformed, match=f"the {which}.*not what its digest says"):
        LayoutRegistry(root=tmp_path).details(_IMAGE, "1.0.0", ())


def test_a_blob_that_grew_is_not_read_whole(tmp_path: Path) -> None:
    image = build_image()
    write_layout(tmp_path, _IMAGE.path, "1.0.0", image)
    _blob(tmp_path, image.blobs[-1].digest).write_bytes(bytes(100_000))
    with pytest.raises(Malformed, match="is larger than"):
        LayoutRegistry(root=tmp_path).details(_IMAGE, "1.0.0", ())


def test_a_missing_blob_is_not_found(tmp_path: Path) -> None:
    image = build_image()
    write_layout(tmp_path, _IMAGE.path, "1.0.0", image)
    _blob(tmp_path, image.digest).unlink()
    with pytest.raises(NotFound, match="the manifest"):
        LayoutRegistry(root=tmp_path).details(_IMAGE, "1.0.0", ())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("index.json", "{"),
        ("index.json", "{}"),
        ("index.json", '{"manifests": {}}'),
        ("index.json", "[" * 100_000),
        ("oci-layout", "{}"),
        ("oci-layout", '{"imageLayoutVersion": "2.0.0"}'),
        ("oci-layout", " " * 2000),
    ],
)
def test_a_broken_layout_is_malformed_and_not_empty(name: str, content: str, tmp_path: Path) -> None:
    write_layout(tmp_path, _IMAGE.path, "1.0.0", build_image())
    (tmp_path / _IMAGE.path / name).write_text(content)
    with pytest.raises(Malformed):
        LayoutRegistry(root=tmp_path).listing(_IMAGE)
    with pytest.raises(Malformed):
        LayoutRegistry(root=tmp_path).digest(_IMAGE, "1.0.0")


@pytest.mark.parametrize("path", ["..", "../outside", "acme/../../outside", "/etc", "", "."])
def test_nothing_outside_the_root_is_read(path: str, tmp_path: Path) -> None:
    write_layout(tmp_path, "outside", "1.0.0", build_image())
    (tmp_path / "root").mkdir()
    with pytest.raises(Refused, match="outside"):
        LayoutRegistry(root=tmp_path / "root").listing(ImageName("registry.example.com", path))


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    write_layout(tmp_path, "outside", "1.0.0", build_image())
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "web").symlink_to(tmp_path / "outside")
    with pytest.raises(Refused, match="outside"):
        LayoutRegistry(root=tmp_path / "root").listing(ImageName("registry.example.com", "web"))


def test_a_blob_that_is_a_link_out_of_the_image_is_not_followed(tmp_path: Path) -> None:
    image = build_image()
    write_layout(tmp_path, _IMAGE.path, "1.0.0", image)
    (tmp_path / "elsewhere").write_bytes(image.top.body)
    _blob(tmp_path, image.digest).unlink()
    _blob(tmp_path, image.digest).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="outside"):
        LayoutRegistry(root=tmp_path).details(_IMAGE, "1.0.0", ())


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        pytest.param({"digest": "sha256:../../../index.json"}, Malformed, id="a path for a digest"),
        pytest.param({"size": 5_000_000}, Malformed, id="too large"),
        pytest.param({"size": -1}, Malformed, id="a negative size"),
    ],
)
def test_an_entry_that_is_wrong_is_refused(
    entry: dict[str, object], error: type[TagboatError], tmp_path: Path
) -> None:
    write_layout(tmp_path, _IMAGE.path, "1.0.0", build_image())
    index = tmp_path / _IMAGE.path / "index.json"
    content = json.loads(index.read_bytes())
    content["manifests"][0].update(entry)
    index.write_text(json.dumps(content))
    with pytest.raises(error):
        LayoutRegistry(root=tmp_path).details(_IMAGE, "1.0.0", ())


def test_names_that_are_no_tags_are_left_out(tmp_path: Path) -> None:
    for name in ("1.0.0", "docker.io/acme/web:1.0.0", "a\nb"):
        write_layout(tmp_path, _IMAGE.path, name, build_image())
    assert LayoutRegistry(root=tmp_path).listing(_IMAGE).tags == ("1.0.0",)
