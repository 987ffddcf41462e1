"""Builds real images, byte by byte, and puts them where they can be pulled from.

Shares no code with the product, so that each checks the other.
"""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_REF_NAME = "org.opencontainers.image.ref.name"
_EMPTY_TAR = bytes(1024)


@dataclass(frozen=True)
class Blob:
    """Some bytes, what they are, and where they run (manifests in an index only)."""

    media_type: str
    body: bytes
    platform: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, Any]:
        """The JSON by which other documents point to this one."""
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}
        found |= {"platform": dict(self.platform)} if self.platform else {}
        return found | ({"annotations": dict(self.annotations)} if self.annotations else {})


@dataclass(frozen=True)
class Image:
    """What a tag points to (`top`), and all that this needs, in the order in which a registry takes it."""

    top: Blob
    blobs: Sequence[Blob] = ()
    manifests: Sequence[Blob] = field(default=())

    @property
    def digest(self) -> str:
        """The digest that a tag of this image has."""
        return self.top.digest


def build_image(
    *,
    created: str | None = "2026-03-01T10:00:00Z",
    platform: str = "linux/amd64",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    docker: bool = False,
) -> Image:
    """An image for one platform; `docker` takes Docker's media types. `created` is written as it is."""
    names = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    layer = Blob("application/vnd.oci.image.layer.v1.tar", _EMPTY_TAR)
    config: dict[str, Any] = {**names, "rootfs": {"type": "layers", "diff_ids": [layer.digest]}}
    config |= {"created": created} if created is not None else {}
    config |= {"config": {"Labels": dict(labels)}} if labels else {}
    config_blob = Blob(DOCKER_CONFIG if docker else OCI_CONFIG, _json(config))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": config_blob.descriptor,
        "layers": [layer.descriptor],
    }
    manifest |= {"annotations": dict(annotations)} if annotations else {}
    return Image(Blob(manifest["mediaType"], _json(manifest), names), [layer, config_blob])


def build_index(
    images: Sequence[Image],
    *,
    annotations: Mapping[str, str] | None = None,
    docker: bool = False,
    attested: bool = False,
) -> Image:
    """An index of images (or of indexes); `attested` adds what BuildKit adds: one `unknown/unknown` entry."""
    images = [*images, _attestation(images[0])] if attested else images
    index: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if docker else OCI_INDEX,
        "manifests": [image.top.descriptor for image in images],
    }
    index |= {"annotations": dict(annotations)} if annotations else {}
    return Image(
        Blob(index["mediaType"], _json(index)),
        [blob for image in images for blob in image.blobs],
        [manifest for image in images for manifest in (*image.manifests, image.top)],
    )


def push(host: str, path: str, tag: str, image: Image, *, authorization: str | None = None) -> str:
    """Push over plain http, as the distribution specification says, and return the digest."""
    connection = http.client.HTTPConnection(host, timeout=30)
    headers = {"Authorization": authorization} if authorization else {}
    try:
        for blob in {blob.digest: blob for blob in image.blobs}.values():
            location = _send(connection, "POST", f"/v2/{path}/blobs/uploads/", b"", headers, 202)
            mark = "&" if "?" in location else "?"
            kind = {**headers, "Content-Type": "application/octet-stream"}
            _send(connection, "PUT", f"{location}{mark}digest={blob.digest}", blob.body, kind, 201)
        for reference, manifest in [*((one.digest, one) for one in image.manifests), (tag, image.top)]:
            kind = {**headers, "Content-Type": manifest.media_type}
            _send(connection, "PUT", f"/v2/{path}/manifests/{reference}", manifest.body, kind, 201)
    finally:
        connection.close()
    return image.digest


def write_layout(root: Path, path: str, tag: str, image: Image) -> str:
    """Add the image to the layout in `root/path`, and return its digest."""
    folder = root / path
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for blob in (*image.blobs, *image.manifests, image.top):
        (blobs / blob.digest.removeprefix("sha256:")).write_bytes(blob.body)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    file = folder / "index.json"
    entries = json.loads(file.read_bytes())["manifests"] if file.exists() else []
    entries = [entry for entry in entries if entry["annotations"][_REF_NAME] != tag]
    entries.append({**image.top.descriptor, "annotations": {_REF_NAME: tag}})
    file.write_bytes(_json({"schemaVersion": 2, "manifests": entries}))
    return image.digest


def _attestation(image: Image) -> Image:
    statement = Blob("application/vnd.in-toto+json", b"{}")
    config = Blob(OCI_CONFIG, _json({"os": "unknown", "architecture": "unknown"}))
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor,
        "layers": [statement.descriptor],
    }
    names = {"os": "unknown", "architecture": "unknown"}
    marks = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image.digest,
    }
    return Image(Blob(OCI_MANIFEST, _json(manifest), names, marks), [statement, config])


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    expected: int,
) -> str:
    connection.request(method, url, body, dict(headers))
    response = connection.getresponse()
    answer = response.read()
    assert response.status == expected, f"{method} {url}: {response.status} {answer[:500]!r}"
    return response.headers.get("Location", "")


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
