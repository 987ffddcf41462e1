"""Publishes small images to a tree of image layouts, as `layout.LayoutRegistry` and skopeo read it.

The images hold no files: they exist to be found, chosen and promoted where no real registry is at hand.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.adapters.registries.contents import INDEX_TYPES, MANIFEST_TYPES
from bot.adapters.registries.layout import REF_NAME
from bot.domain.image import image_name, is_tag

_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
# A tar archive without files: two blocks of zeros.
_EMPTY_TAR = bytes(1024)


def publish(
    root: Path,
    path: str,
    tag: str,
    *,
    created: datetime,
    platforms: Sequence[str] = ("linux/amd64",),
    labels: Mapping[str, str] | None = None,
) -> str:
    """Add an image to the layout `<root>/<path>` under the tag, which moves if it exists; return its digest.

    Readers see the tag before or after, never half of it. One platform makes a plain manifest, several make
    an index. The same arguments give the same digest.

    Raises:
        ValueError: path or tag break the grammar, `created` has no zone, or there is no platform.
        OSError: the folder cannot be written.
    """
    image_name(registry="layout.invalid", path=path)
    if not is_tag(tag):
        raise ValueError(f"{tag[:80]!a} is not a tag")
    if created.tzinfo is None or not platforms:
        raise ValueError("created needs a time zone, and an image needs at least one platform")
    folder = root / path
    (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    moment = created.astimezone(UTC).isoformat().replace("+00:00", "Z")
    entries = [_add_image(folder, platform, moment, labels or {}) for platform in platforms]
    top = entries[0] if len(entries) == 1 else _add_index(folder, entries)
    with _locked(folder):
        _tag(folder, tag, top)
    return str(top["digest"])


def _add_image(folder: Path, platform: str, created: str, labels: Mapping[str, str]) -> dict[str, Any]:
    layer = _add_blob(folder, _LAYER_TYPE, _EMPTY_TAR)
    names = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    config = {
        **names,
        "created": created,
        "config": {"Labels": dict(labels)},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        "history": [{"created": created, "created_by": "tagboat"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPES[0],
        "config": _add_blob(folder, _CONFIG_TYPE, _json(config)),
        "layers": [layer],
    }
    return {**_add_blob(folder, MANIFEST_TYPES[0], _json(manifest)), "platform": names}


def _add_index(folder: Path, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPES[0], "manifests": list(entries)}
    return _add_blob(folder, INDEX_TYPES[0], _json(index))


def _add_blob(folder: Path, media_type: str, body: bytes) -> dict[str, Any]:
    name = hashlib.sha256(body).hexdigest()
    path = folder / "blobs" / "sha256" / name
    if not path.exists():
        _replace(path, body)
    return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(body)}


def _tag(folder: Path, tag: str, entry: Mapping[str, Any]) -> None:
    path = folder / "index.json"
    index: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX_TYPES[0], "manifests": []}
    if path.exists():
        index.update(json.loads(path.read_bytes()))
    others = [old for old in index["manifests"] if (old.get("annotations") or {}).get(REF_NAME) != tag]
    index["manifests"] = [*others, {**entry, "annotations": {REF_NAME: tag}}]
    _replace(folder / "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
    _replace(path, _json(index))


def _replace(path: Path, body: bytes) -> None:
    """Write the file whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time read, change and write the folder's index."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
