"""Deliveries for tests: requests as each sender makes them, endpoints, and outcomes in plain form."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from bot.domain.fact import to_plain
from bot.webhooks.git import clone_address
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Secret
from tests.webhooks import tokens

SECRET = "s3cret"
SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""When deliveries arrive."""


_STANDARD = ("standard", "cloudevents")


@dataclass(frozen=True)
class Sample:
    """One of our own samples, as its file has it."""

    name: str
    sender: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path: str
    form: str | None
    """How the body is wrapped in a form: None not at all, `payload` as a field, `fields` key by key."""
    delivery_key: str | None
    expect: list[dict[str, Any]]
    body: dict[str, Any]

    def request(self, body: object | None = None) -> Request:
        """The delivery, authenticated; or the same with another body."""
        given = self.body if body is None else body
        request = authentic(self.sender, self._raw(given), headers=self.headers, query=self.query)
        return replace(request, path=self.path)

    def _raw(self, body: object) -> bytes:
        raw = json.dumps(body).encode()
        if self.form is None:
            return raw
        is_flat = self.form == "fields" and isinstance(body, dict)
        fields = {str(key): str(value) for key, value in body.items()} if is_flat else {"payload": raw}  # type: ignore[attr-defined]
        return urlencode(fields, errors="surrogatepass").encode()


def samples() -> list[Sample]:
    """All of our own samples, by name."""
    return [_sample(path) for path in sorted(SAMPLES.glob("*.json"))]


def sample(name: str) -> Sample:
    """One of our own samples."""
    return _sample(SAMPLES / f"{name}.json")


def changed(name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a sample with values put at dotted paths; `...` takes one out."""
    body: dict[str, Any] = copy.deepcopy(sample(name).body)
    for path, value in changes.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        here: Any = body
        for step in steps:
            here = here[step]
        if value is ...:
            del here[last]
        else:
            here[last] = value
    return body


def _sample(path: Path) -> Sample:
    stored = json.loads(path.read_bytes())
    return Sample(
        name=path.stem,
        sender=stored["sender"],
        headers=stored["headers"],
        query=stored.get("query", {}),
        path=stored.get("path", ""),
        form=stored.get("form"),
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
    if sender in _IN_ADDRESS:
        query = {**(query or {}), "secret": SECRET}
    elif sender in _PROOFS:
        given |= _PROOFS[sender](body, given)
    else:
        given |= {"X-Hub-Signature-256": signature(body)}
    return Request(given, body, query or {}, received_at=NOW, keys=tokens.public_keys())


def _hex(body: bytes, algorithm: str) -> str:
    return hmac.new(SECRET.encode(), body, algorithm).hexdigest()


def _json_of(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The text that Gitea signs: that within the form, where it is one."""
    kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
    if not kinds or "form" not in kinds[0]:
        return body
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return fields.get("payload", [""])[0].encode()


def slack_headers(body: bytes, secret: str = SECRET, *, at: datetime = NOW) -> dict[str, str]:
    """Slack's time and signature of a body."""
    time = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), b"v0:" + time.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": time, "X-Slack-Signature": f"v0={digest}"}


_IN_ADDRESS = frozenset({"alibaba_acr", "dockerhub", "quay"})
_PROOFS: Mapping[str, Callable[[bytes, Mapping[str, str]], dict[str, str]]] = {
    **dict.fromkeys(
        ("acr", "argocd", "distribution", "ecr"), lambda body, given: {"Authorization": f"Bearer {SECRET}"}
    ),
    **dict.fromkeys(("cloudevents", "standard"), lambda body, given: tokens.standard_headers(body, at=NOW)),
    **dict.fromkeys(
        ("forgejo", "gitea"), lambda body, given: {"X-Gitea-Signature": _hex(_json_of(body, given), "sha256")}
    ),
    "artifactory": lambda body, given: {"X-JFrog-Event-Auth": _hex(body, "sha256")},
    "bitbucket": lambda body, given: {"X-Hub-Signature": signature(body)},
    "gar": lambda body, given: tokens.bearer(tokens.claims(NOW)),
    "gitlab": lambda body, given: {"X-Gitlab-Token": SECRET, "Authorization": SECRET},
    "harbor": lambda body, given: {"Authorization": SECRET},
    "nexus": lambda body, given: {"X-Nexus-Webhook-Signature": _hex(body, "sha1")},
    "slack": lambda body, given: slack_headers(body),
}
"""What proves a body to be the sender's, where it is not the signature that GitHub has."""


def signature(body: bytes, secret: str = SECRET) -> str:
    """GitHub's signature over a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def endpoint(sender: str, **changed: Any) -> Endpoint:
    """The endpoint that our own samples are sent to."""
    addresses = (
        "https://github.com/acme/infra",
        "https://ghe.example.com:8443/acme/infra",
        "https://gitlab.example.com/acme/infra",
        "https://gitea.example.com/acme/infra",
        "https://forgejo.example.com/acme/infra",
        "https://bitbucket.org/acme/infra",
        "https://bitbucket.example.com/scm/acme/infra",
    )
    nexus = {"registry": "nexus.example.com:5000"} if sender == "nexus" else {}
    known: dict[str, Any] = {
        **nexus,
        "secrets": (Secret.of(tokens.SIGNING_SECRET if sender in _STANDARD else SECRET),),
        "registries": frozenset(
            {
                *("ghcr.io", "registry.example.com:5000", "registry.gitlab.example.com", "gitea.example.com"),
                *("acme.azurecr.io", "registry.cn-shanghai.aliyuncs.com", "acme.jfrog.io", "quay.io"),
                *("210987654321.dkr.ecr.eu-west-1.amazonaws.com", "europe-docker.pkg.dev", "gcr.io"),
                *("harbor.example.com", "nexus.example.com:5000"),
            }
        ),
        "identity": tokens.IDENTITY,
        "repositories": frozenset(filter(None, map(clone_address, addresses))),
    }
    return Endpoint(sender, **{**known, **changed})


def outcome(reading: Reading | Rejected) -> list[dict[str, Any]]:
    """What came of a delivery, in plain form."""
    if isinstance(reading, Rejected):
        return [{"kind": "rejected", "reason": reading.reason, "suggested_status": reading.status}]
    return [to_plain(fact) for fact in reading.facts]
