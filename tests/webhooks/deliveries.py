"""Deliveries for tests: requests as each sender makes them, endpoints, and outcomes in plain form."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bot.domain.fact import to_plain
from bot.webhooks.git import clone_address
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Secret

SECRET = "s3cret"
SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """One of our own samples, as its file has it."""

    name: str
    sender: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    is_form: bool
    delivery_key: str | None
    expect: list[dict[str, Any]]
    body: dict[str, Any]

    def request(self, body: object | None = None) -> Request:
        """The delivery, authenticated; or the same with another body."""
        raw = json.dumps(self.body if body is None else body).encode()
        return authentic(
            self.sender,
            urlencode({"payload": raw}).encode() if self.is_form else raw,
            headers=self.headers,
            query=self.query,
        )


def samples() -> list[Sample]:
    """All of our own samples, by name."""
    return [_sample(path) for path in sorted(SAMPLES.glob("*.json"))]


def sample(name: str) -> Sample:
    """One of our own samples."""
    return _sample(SAMPLES / f"{name}.json")


def _sample(path: Path) -> Sample:
    stored = json.loads(path.read_bytes())
    return Sample(
        name=path.stem,
        sender=stored["sender"],
        headers=stored["headers"],
        query=stored.get("query", {}),
        is_form=stored.get("form", False),
        delivery_key=stored["delivery_key"],
        expect=stored["expect"],
        body=stored["body"],
    )


def authentic(
    sender: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Request:
    """A request that the sender's endpoint lets in, whatever its body is."""
    given = dict(headers or {})
    match sender:
        case "distribution":
            given |= {"Authorization": f"Bearer {SECRET}"}
        case "dockerhub":
            query = {**(query or {}), "secret": SECRET}
        case _:
            given |= {"X-Hub-Signature-256": signature(body)}
    return Request(given, body, query or {})


def signature(body: bytes, secret: str = SECRET) -> str:
    """GitHub's signature over a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def endpoint(sender: str, **changed: Any) -> Endpoint:
    """The endpoint that our own samples are sent to."""
    addresses = ("https://github.com/acme/infra", "https://ghe.example.com:8443/acme/infra")
    known: dict[str, Any] = {
        "secrets": (Secret.of(SECRET),),
        "registries": frozenset({"ghcr.io", "registry.example.com:5000"}),
        "repositories": frozenset(filter(None, map(clone_address, addresses))),
    }
    return Endpoint(sender, **{**known, **changed})


def outcome(reading: Reading | Rejected) -> list[dict[str, Any]]:
    """What came of a delivery, in plain form."""
    if isinstance(reading, Rejected):
        return [{"kind": "rejected", "reason": reading.reason, "suggested_status": reading.status}]
    return [to_plain(fact) for fact in reading.facts]
