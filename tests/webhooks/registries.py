"""Bodies of registries' senders with something changed, and what comes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.webhooks.reader import Reading, Rejected
from bot.webhooks.senders import read
from tests.webhooks.deliveries import authentic, changed, endpoint, outcome, sample

BAD_NAME = "400 repository is not a valid repository name"
BAD_TAG = "400 tag is not a valid tag"
FOREIGN = "403 registry host is not a configured registry"
NO_HOST = "403 registry host is not valid"
DIGEST = "sha256:" + "b" * 64


@dataclass(frozen=True)
class Case:
    """A sample, what is changed in it, how its endpoint is configured, and what comes of it."""

    sample: str
    changes: Mapping[str, Any]
    told: str
    configured: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Hold what is told of the changed body against the case."""
        assert told(self.sample, self.changes, **self.configured) == self.told


def cases(**senders: Mapping[str, Case]) -> pytest.MarkDecorator:
    """Have a test of a `case` run for every case of a table, under its sender's name."""
    named = [
        pytest.param(case, id=f"{sender}-{name}")
        for sender, table in senders.items()
        for name, case in table.items()
    ]
    return pytest.mark.parametrize("case", named)


def reading(name: str, body: object, **configured: Any) -> Reading | Rejected:
    """What the sample's sender is told of a body in its place."""
    known = sample(name)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = authentic(known.sender, raw, headers=known.headers, query=known.query)
    return read(request, endpoint(known.sender, **configured))


def told(name: str, changes: Mapping[str, Any], **configured: Any) -> str:
    """The one fact of a changed sample, in a line: the image, or why there is none with its status."""
    (found,) = outcome(reading(name, changed(name, changes), **configured))
    match found["kind"]:
        case "image_pushed":
            return f"{found['registry']}/{found['repository']}:{found['tag']}"
        case "rejected":
            return f"{found['suggested_status']} {found['reason']}"
        case "ignored":
            return f"ignored: {found['reason']}"
        case kind:
            return str(kind)
