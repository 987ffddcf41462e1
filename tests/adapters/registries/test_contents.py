"""Manifests, indexes and configs of every odd shape give details, or an error that says why."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.registries.contents import (
    Config,
    Descriptor,
    Manifest,
    describe,
    digest_of,
    parse_time,
    read_config,
    read_manifest,
    verify,
)
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import Malformed
from bot.domain.image import ImageName
from tests.kit.images import OCI_INDEX, OCI_MANIFEST, Blob, Image, build_image, build_index

_IMAGE = ImageName("registry.example.com", "acme/web")
_CREATED = "org.opencontainers.image.created"


class _Source:
    """Documents by digest, and how many were read."""

    def __init__(self, image: Image) -> None:
        self._blobs = {blob.digest: blob.body for blob in (*image.blobs, *image.manifests, image.top)}
        self.reads = 0

    def manifest(self, image: ImageName, reference: str) -> tuple[str, Manifest]:
        self.reads += 1
        return reference, read_manifest(self._blobs[reference], "the manifest")

    def config(self, image: ImageName, descriptor: Descriptor) -> Config:
        self.reads += 1
        return read_config(self._blobs[descriptor.digest], "the config")


def _describe(image: Image, *platforms: str) -> TagDetails:
    return describe(_Source(image), _IMAGE, image.digest, platforms)


def _changed(image: Image, **fields: Any) -> Image:
    """The image with other fields in its topmost document."""
    body = json.dumps({**json.loads(image.top.body), **fields}).encode()
    return Image(Blob(image.top.media_type, body, image.top.platform), image.blobs, image.manifests)


class TestDescribe:
    def test_labels_of_the_config_win_over_the_manifest_and_this_over_the_index(self) -> None:
        image = build_image(labels={"a": "config"}, annotations={"a": "manifest", "b": "manifest"})
        index = build_index([image], annotations={"a": "index", "b": "index", "c": "index"})
        assert _describe(index).labels == {"a": "config", "b": "manifest", "c": "index"}

    def test_where_platforms_differ_the_first_one_speaks(self) -> None:
        images = [
            build_image(labels={"a": "amd64"}),
            build_image(platform="linux/arm64", labels={"a": "arm64"}),
        ]
        assert _describe(build_index(images)).labels == {"a": "amd64"}
        assert _describe(build_index(images), "linux/arm64").labels == {"a": "arm64"}

    def test_platforms_that_nobody_asked_for_are_not_read(self) -> None:
        index = build_index([build_image(platform=f"linux/{name}") for name in ("amd64", "arm64", "s390x")])
        source = _Source(index)
        describe(source, _IMAGE, index.digest, ["linux/arm64"])
        assert source.reads == 3

    def test_labels_that_are_no_text_or_are_huge_are_left_out(self) -> None:
        image = _changed(build_image(), annotations={"n": 1, "none": None, "big": "x" * 5000, "ok": "yes"})
        assert _describe(image).labels == {"ok": "yes"}

    @pytest.mark.parametrize(
        ("created", "annotation", "expected"),
        [
            ("2026-03-01T10:00:00Z", "2020-01-01T00:00:00Z", 2026),
            (None, "2020-01-01T00:00:00Z", 2020),
            ("0001-01-01T00:00:00Z", "2020-01-01T00:00:00Z", 2020),
            ("yesterday", None, None),
            (None, None, None),
        ],
    )
    def test_the_config_says_when_it_was_made_or_else_an_annotation(
        self, created: str | None, annotation: str | None, expected: int | None
    ) -> None:
        annotations = {_CREATED: annotation} if annotation else None
        found = _describe(build_image(created=created, annotations=annotations)).created
        assert (found.year if found else None) == expected

    def test_an_artifact_without_an_image_config_is_described_by_its_annotations(self) -> None:
        config = Blob("application/vnd.cncf.helm.config.v1+json", b"{}")
        manifest = {"schemaVersion": 2, "config": config.descriptor, "layers": []}
        body = json.dumps({**manifest, "annotations": {_CREATED: "2026-03-01T10:00:00Z"}}).encode()
        details = _describe(Image(Blob(OCI_MANIFEST, body), [config]))
        assert (details.platforms, details.created) == ((), datetime(2026, 3, 1, 10, tzinfo=UTC))

    def test_an_index_within_an_index_is_read(self) -> None:
        inner = build_index([build_image(), build_image(platform="linux/arm64")])
        assert _describe(build_index([inner])).platforms == ("linux/amd64", "linux/arm64")

    def test_and_deeper_ones_are_an_error(self) -> None:
        nested = build_index([build_index([build_index([build_image()])])])
        with pytest.raises(Malformed, match="within an index"):
            _describe(nested)

    def test_an_entry_without_a_platform_gets_it_from_its_config(self) -> None:
        image = build_image(platform="linux/arm/v7")
        bare = Image(Blob(OCI_MANIFEST, image.top.body), image.blobs)
        assert _describe(build_index([bare]), "linux/arm/v7").created is not None
        assert _describe(build_index([bare])).platforms == ("linux/arm/v7",)

    def test_an_index_of_too_many_images_is_not_read(self) -> None:
        images = [build_image(platform=f"linux/arch{number}") for number in range(65)]
        with pytest.raises(Malformed, match="more than 64"):
            _describe(build_index(images))

    @pytest.mark.parametrize("platform", ["linux/a\nb", "linux/" + "x" * 65, "li nux/amd64", "<b>/amd64"])
    def test_a_platform_with_odd_characters_is_an_error(self, platform: str) -> None:
        with pytest.raises(Malformed, match="platform"):
            _describe(build_index([build_image(platform=platform)]))

    @pytest.mark.parametrize(
        ("field", "value"),
        [("size", 5_000_000), ("size", 0), ("size", -1), ("digest", "sha256:../../x"), ("digest", "md5:1")],
    )
    def test_a_broken_pointer_is_not_followed(self, field: str, value: object) -> None:
        index = build_index([build_image()])
        entry = {**json.loads(index.top.body)["manifests"][0], field: value}
        with pytest.raises(Malformed, match="is not read"):
            _describe(_changed(index, manifests=[entry]))

    def test_a_config_that_says_it_is_huge_is_not_fetched(self) -> None:
        image = build_image()
        config = {**json.loads(image.top.body)["config"], "size": 9 * 1024 * 1024}
        with pytest.raises(Malformed, match="config"):
            _describe(_changed(image, config=config))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON"),
        (b"[]", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"config": 1}', "JSON"),
        (b'{"manifests": {}}', "JSON"),
        (b'{"manifests": [{"digest": 1, "size": 1}]}', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b'{"schemaVersion": 2}', "neither"),
        (b'{"schemaVersion": 1, "fsLayers": []}', "schema 1"),
        (b'{"mediaType": "application/vnd.docker.distribution.manifest.v1+json"}', "schema 1"),
        (b'{"manifests": [' + b",".join([b'{"digest": "", "size": 1}'] * 257) + b"]}", "more than 256"),
    ],
    ids=[
        "empty",
        "list",
        "deep",
        "number",
        "object",
        "types",
        "binary",
        "neither",
        "schema 1",
        "v1 type",
        "many",
    ],
)
def test_what_is_no_manifest_is_an_error(body: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        read_manifest(body, "the manifest")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: (
            st.lists(part)
            | st.dictionaries(
                st.sampled_from(
                    ["manifests", "config", "annotations", "digest", "size", "platform", "mediaType"]
                ),
                part,
            )
        ),
    )
)
def test_any_json_is_a_manifest_or_malformed(value: object) -> None:
    body = json.dumps(value).encode()
    with suppress(Malformed):
        assert isinstance(read_manifest(body, "it"), Manifest)
    with suppress(Malformed):
        assert isinstance(read_config(body, "it"), Config)


@pytest.mark.parametrize("algorithm", ["sha256:", "sha512:"])
def test_bytes_are_held_against_their_digest(algorithm: str) -> None:
    digest = digest_of(b"abc", like=algorithm)
    verify(b"abc", digest, "it")
    with pytest.raises(Malformed):
        verify(b"abd", digest, "it")


class TestParseTime:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-01T10:00:00Z", (10, 0, 0)),
            ("2026-03-01T10:00:00.123456789Z", (10, 0, 123456)),
            ("2026-03-01T10:00:00.5Z", (10, 0, 500000)),
            ("2026-03-01t10:00:00z", (10, 0, 0)),
            ("2026-03-01 10:00:00Z", (10, 0, 0)),
            ("2026-03-01T15:45:00+05:45", (10, 0, 0)),
            ("2026-03-01T15:45:00+0545", (10, 0, 0)),
            ("2026-03-01T03:00:00-07", (10, 0, 0)),
            ("2026-03-01T10:00:00.999999999+00:00", (10, 0, 999999)),
            ("2026-03-01 12:00:00.1 +0200", (10, 0, 100000)),
        ],
    )
    def test_every_form_that_builders_write_is_read(self, text: str, expected: tuple[int, int, int]) -> None:
        hour, minute, micros = expected
        assert parse_time(text) == datetime(2026, 3, 1, hour, minute, 0, micros, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text",
        [
            *(
                None,
                0,
                1772359200,
                [],
                "",
                "0001-01-01T00:00:00Z",
                "yesterday",
                "2026-03-01",
                "2026-03-01T10:00:00",
            ),
            *(
                "2026-13-01T10:00:00Z",
                "2026-02-30T10:00:00Z",
                "2026-03-01T25:00:00Z",
                "9999-12-31T23:59:59-12:00",
            ),
            *("2026-03-01T10:00:00+99:00", "2026-03-01T10:00:00Z\n", "٢٠٢٦-03-01T10:00:00Z", "x" * 100_000),
        ],
    )
    def test_what_is_no_time_counts_as_unknown(self, text: object) -> None:
        assert parse_time(text) is None

    def test_a_leap_second_is_the_second_before(self) -> None:
        assert parse_time("2016-12-31T23:59:60Z") == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)

    @given(
        st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1)),
        st.integers(-14 * 60, 14 * 60),
    )
    def test_whatever_python_writes_is_read_back(self, moment: datetime, minutes: int) -> None:
        aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        assert parse_time(aware.isoformat()) == aware


def test_an_unknown_media_type_in_an_index_is_skipped() -> None:
    index = build_index([build_image()])
    entries = json.loads(index.top.body)["manifests"]
    other = {**entries[0], "mediaType": "application/vnd.example+json"}
    assert _describe(_changed(index, manifests=[other, *entries])).platforms == ("linux/amd64",)
    assert index.top.media_type == OCI_INDEX


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(build_index([]), id="nothing"),
        pytest.param(
            _changed(
                build_index([build_image()], attested=True),
                manifests=json.loads(build_index([build_image()], attested=True).top.body)["manifests"][1:],
            ),
            id="only what vouches for an image",
        ),
        pytest.param(build_index([build_index([])]), id="an index of nothing"),
    ],
)
def test_an_index_without_an_image_is_none(index: Image) -> None:
    with pytest.raises(Malformed, match="holds no image"):
        _describe(index)
