"""A well-behaved registry that keeps account of referrers, as the distribution specification 1.1 asks for."""

from __future__ import annotations

import json
from typing import Any

from tests.adapters.registries.hostile import Call, Reply, Shelf
from tests.kit.images import OCI_INDEX, Image
from tests.kit.signatures import referrer


class ReferrersShelf(Shelf):
    """A registry of one repository; `page` is how many referrers it lists at once."""

    def __init__(self, *, page: int = 1) -> None:
        super().__init__()
        self._page = page
        self._referrers: dict[str, list[dict[str, Any]]] = {}

    def refer(self, digest: str, artifact: Image, kind: str | None = None) -> None:
        """Add a document that refers to the digest; `kind` is what the list says that it is."""
        tags = dict(self.tags)
        self.put("the artifact has no tag", artifact)
        self.tags = tags
        self._referrers.setdefault(digest, []).append(referrer(artifact, kind))

    def __call__(self, call: Call) -> Reply:
        kind, _, digest = call.path.removeprefix(f"/v2/{self.path}/").partition("/")
        if kind != "referrers":
            return super().__call__(call)
        start = int(dict(call.query).get("after", 0))
        listed = self._referrers.get(digest, [])
        end = start + self._page
        headers = {"Content-Type": OCI_INDEX}
        if end < len(listed):
            headers["Link"] = f'</v2/{self.path}/referrers/{digest}?after={end}>; rel="next"'
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed[start:end]}
        return Reply(200, json.dumps(index).encode(), headers)
