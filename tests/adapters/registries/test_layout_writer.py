"""What is published is what other tools read, and readers never see half of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.adapters.registries.layout import LayoutRegistry
from bot.adapters.registries.layout_writer import publish
from bot.domain.image import ImageName

_IMAGE = ImageName("registry.example.com", "acme/web")
_MARCH = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("platforms", [("linux/amd64",), ("linux/amd64", "linux/arm64", "linux/arm/v7")])
def test_what_is_published_is_read_back(platforms: tuple[str, ...], tmp_path: Path) -> None:
    local = _MARCH.astimezone(timezone(timedelta(hours=5, minutes=30)))
    digest = publish(tmp_path, _IMAGE.path, "1.0.0", created=local, platforms=platforms, labels={"a": "b"})
    registry = LayoutRegistry(root=tmp_path)
    details = registry.details(_IMAGE, "1.0.0", ())
    assert registry.digest(_IMAGE, "1.0.0") == details.digest == digest
    assert (details.created, details.platforms, details.labels) == (_MARCH, platforms, {"a": "b"})


def test_a_tag_moves_and_the_others_stay(tmp_path: Path) -> None:
    first = publish(tmp_path, _IMAGE.path, "1.0.0", created=_MARCH)
    publish(tmp_path, _IMAGE.path, "latest", created=_MARCH)
    moved = publish(tmp_path, _IMAGE.path, "latest", created=_MARCH, labels={"a": "b"})
    registry = LayoutRegistry(root=tmp_path)
    assert [registry.digest(_IMAGE, tag) for tag in ("1.0.0", "latest")] == [first, moved]
    assert sorted(registry.listing(_IMAGE).tags) == ["1.0.0", "latest"]
    assert registry.details(_IMAGE, first, ()).digest == first


def test_the_same_arguments_give_the_same_digest(tmp_path: Path) -> None:
    digests = {publish(tmp_path / name, _IMAGE.path, "1.0.0", created=_MARCH) for name in "ab"}
    assert len(digests) == 1


def test_tags_published_at_once_are_all_there_and_no_reader_sees_a_broken_index(tmp_path: Path) -> None:
    registry = LayoutRegistry(root=tmp_path)
    publish(tmp_path, _IMAGE.path, "first", created=_MARCH)
    tags = [f"1.0.{number}" for number in range(30)]
    with ThreadPoolExecutor(8) as pool:
        written = [pool.submit(publish, tmp_path, _IMAGE.path, tag, created=_MARCH) for tag in tags]
        while not all(one.done() for one in written):
            assert "first" in registry.listing(_IMAGE).tags
        for one in written:
            one.result()
    assert sorted(registry.listing(_IMAGE).tags) == sorted([*tags, "first"])
    assert not list(tmp_path.rglob(".new-*"))


@pytest.mark.parametrize(
    ("path", "tag", "created", "platforms"),
    [
        pytest.param("../web", "1.0.0", _MARCH, ("linux/amd64",), id="a path outside"),
        pytest.param("Acme", "1.0.0", _MARCH, ("linux/amd64",), id="capitals"),
        pytest.param("acme/web", "a b", _MARCH, ("linux/amd64",), id="no tag"),
        pytest.param("acme/web", "1.0.0", datetime(2026, 3, 1), ("linux/amd64",), id="no time zone"),
        pytest.param("acme/web", "1.0.0", _MARCH, (), id="no platform"),
    ],
)
def test_what_cannot_be_an_image_is_refused_before_anything_is_written(
    path: str, tag: str, created: datetime, platforms: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(ValueError):
        publish(tmp_path, path, tag, created=created, platforms=platforms)
    assert not list(tmp_path.iterdir())


@pytest.mark.servers
@pytest.mark.parametrize("platforms", [("linux/amd64",), ("linux/amd64", "linux/arm64")])
def test_skopeo_reads_what_is_published(platforms: tuple[str, ...], tmp_path: Path) -> None:
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is not installed")
    publish(tmp_path, _IMAGE.path, "1.0.0", created=_MARCH, platforms=platforms, labels={"a": "b"})
    source = f"oci:{tmp_path / _IMAGE.path}:1.0.0"
    options = ["--override-os", "linux", "--override-arch", platforms[-1].removeprefix("linux/")]
    command = [program, *options, "inspect", "--format", "{{json .}}", source]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert found["Labels"] == {"a": "b"}
    assert found["Created"] == "2026-03-01T10:00:00.123456Z"
    assert f"{found['Os']}/{found['Architecture']}" == platforms[-1]
