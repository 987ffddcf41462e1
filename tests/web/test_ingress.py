"""Deliveries are stored before they are answered, told what came of them, and bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from bot import wiring
from bot.adapters.identity.memory import MemoryKeys
from bot.adapters.stores.memory import MemoryStore
from bot.domain.errors import Unreachable
from bot.ports import Delivery
from bot.web.ingress import Ingress
from bot.web.metrics import Metrics
from tests.flow.worlds import START, WEB
from tests.web.site import SECRET, SENDERS, Site, secret_of, settings, show, shown
from tests.webhooks.deliveries import sample, signature, slack_headers

JSON = {"Content-Type": "application/json"}


def push(tag: str = "1.1.0", **changed: Any) -> bytes:
    """What a registry sends when a tag was pushed."""
    target = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": f"sha256:{'a' * 64}",
        "repository": WEB.path,
        "tag": tag,
        **changed,
    }
    event = {"id": f"event-{tag}", "action": "push", "target": target, "request": {"host": WEB.registry}}
    return json.dumps({"events": [event]}).encode()


def send(site: Site, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """Send a body as the registry does."""
    token = {"Authorization": f"Bearer {secret_of('registry')}"}
    return site.client().post(
        "/webhooks/registry", content=body, headers={**JSON, **token, **(headers or {})}
    )


def github(site: Site, event: str, body: object, key: str = "1") -> Response:
    """Send an event as GitHub does."""
    raw = json.dumps(body).encode()
    headers = {
        **JSON,
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": f"72d3162e-cc78-11e3-81ab-4c9367dc095{key}",
        "X-Hub-Signature-256": signature(raw, secret_of("forge")),
    }
    return site.client().post("/webhooks/forge", content=raw, headers=headers)


def slack(site: Site, body: bytes, content_type: str) -> Response:
    """Send a body as Slack does."""
    headers = {"Content-Type": content_type, **slack_headers(body, secret_of("chat"), at=START)}
    return site.client().post("/webhooks/chat", content=body, headers=headers)


def is_due(site: Site) -> bool:
    """Whether the store knows that the pipeline was woken."""
    return bool(site.bench.store.due(["shop"], now=START, every=timedelta(days=1)))


def at_rest() -> Site:
    """A site whose pipeline was just looked at."""
    site = Site()
    show(site.bench.store, shown())
    assert not is_due(site)
    return site


def test_a_push_of_a_watched_image_wakes_its_pipeline() -> None:
    site = at_rest()
    answer = send(site, push())
    assert (answer.status_code, answer.json()) == (202, {"woken": ["shop"]})
    assert is_due(site)
    assert list(site.bench.queue.pipelines) == ["shop"]


def test_the_same_delivery_again_is_seen_and_wakes_nobody() -> None:
    site = Site()
    send(site, push())
    answer = send(site, push())
    assert (answer.status_code, answer.json()) == (200, {"seen": True})
    assert list(site.bench.queue.pipelines) == ["shop"]


def test_a_moved_branch_counts_for_the_forge_whose_name_the_endpoint_has() -> None:
    site = Site()
    body = sample("github_push").body
    answer = github(site, "push", body)
    assert (answer.status_code, answer.json()) == (202, {"woken": ["shop"]})


def test_what_is_of_no_concern_is_taken_with_its_reason() -> None:
    answer = github(Site(), "star", sample("github_star").body)
    assert answer.status_code == 202
    assert answer.json()["woken"] == []
    assert answer.json()["ignored"]


def test_an_image_that_nobody_watches_wakes_nobody_and_the_log_says_why() -> None:
    site = Site()
    with capture_logs() as logs:
        answer = send(site, push(repository="acme/other"))
    told = [entry["reasons"] for entry in logs if entry["event"] == "delivery_ignored"]
    assert told == [["image is not configured"]]
    assert answer.json() == {"woken": [], "ignored": ["image is not configured"]}
    assert not site.bench.queue.pipelines


def test_a_chat_that_asks_whose_address_it_is_gets_its_text_back_every_time() -> None:
    site = Site()
    body = json.dumps({"type": "url_verification", "challenge": "9f2c", "token": "legacy"}).encode()
    for _ in range(2):
        answer = slack(site, body, "application/json")
        assert (answer.status_code, answer.json()) == (200, {"challenge": "9f2c"})


def test_a_chat_gets_an_empty_answer_which_its_people_do_not_see() -> None:
    site = at_rest()
    given = sample("slack_command")
    for _ in range(2):
        answer = slack(site, given.request().body, "application/x-www-form-urlencoded")
        assert (answer.status_code, answer.content) == (200, b"")
    assert not is_due(site)


def test_a_chat_whose_signature_is_old_is_refused() -> None:
    site = Site()
    site.bench.clock.pass_by(timedelta(minutes=6))
    answer = slack(site, sample("slack_command").request().body, "application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()) == (401, {"error": "timestamp too old"})


def test_what_follows_the_endpoint_in_the_address_is_no_other_endpoint() -> None:
    site = Site()
    token = {"Authorization": f"Bearer {secret_of('registry')}"}
    answer = site.client().post("/webhooks/registry/a/b", content=push(), headers={**JSON, **token})
    assert answer.status_code == 202
    assert site.client().post("/webhooks/none/registry", content=push(), headers=token).status_code == 404


@dataclass(frozen=True)
class Refusal:
    """A request to an endpoint that is not let in."""

    status: int
    path: str = "/webhooks/registry"
    headers: Mapping[str, str] | None = None
    body: bytes = b"{}"


REFUSALS = {
    "no token": Refusal(401),
    "a wrong token": Refusal(401, headers={"Authorization": "Bearer wrong"}),
    "another endpoint's secret": Refusal(401, headers={"Authorization": f"Bearer {secret_of('forge')}"}),
    "SHA-1 only": Refusal(401, "/webhooks/forge", {"X-Hub-Signature": "sha1=0123"}),
    "another endpoint's signature": Refusal(
        401, "/webhooks/forge", {"X-Hub-Signature-256": signature(b"{}", secret_of("registry"))}
    ),
    "a secret of another endpoint in the address": Refusal(
        401, f"/webhooks/hub?secret={secret_of('registry')}"
    ),
    "compressed": Refusal(415, headers={"Content-Encoding": "gzip"}),
    "too large": Refusal(413, "/webhooks/forge", body=b" " * (1024 * 1024 + 1)),
    "too large and nobody's": Refusal(401, body=b" " * (1024 * 1024 + 1)),
    "too large to be cut": Refusal(413, body=b" " * (16 * 1024 * 1024 + 1)),
    "no such endpoint": Refusal(404, "/webhooks/nobody"),
    "a signed body that is not JSON": Refusal(
        400,
        "/webhooks/forge",
        {
            "X-Hub-Signature-256": signature(b"[" * 100_000, secret_of("forge")),
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        },
        b"[" * 100_000,
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_not_let_in_is_refused_with_one_sentence_and_not_stored(refusal: Refusal) -> None:
    site = at_rest()
    headers = {**JSON, **(refusal.headers or {})}
    answer = site.client().post(refusal.path, content=refusal.body, headers=headers)
    assert answer.status_code == refusal.status
    assert list(answer.json()) == ["error"]
    assert SECRET not in answer.text
    assert not is_due(site)


def test_what_its_sender_would_send_for_ever_is_taken_and_not_stored() -> None:
    site = at_rest()
    answer = send(site, b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (202, {"error": "body too large"})
    assert not is_due(site)


class BrokenStore(MemoryStore):
    """A store that fails with this error."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def receive(self, delivery: Delivery, *, pipelines: Sequence[str], now: object) -> bool:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        pytest.param(Unreachable("the store does not answer"), "5", id="gone"),
        pytest.param(Unreachable("locked", retry_after=timedelta(seconds=7)), "7", id="with a wish"),
    ],
)
def test_what_cannot_be_stored_is_asked_for_again(error: Exception, pause: str) -> None:
    site = Site(store=BrokenStore(error))
    answer = send(site, push())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, pause)
    assert not site.bench.queue.pipelines


def test_a_fault_of_ours_is_logged_and_shows_nothing() -> None:
    site = Site(store=BrokenStore(RuntimeError(f"could not use {SECRET}")))
    with capture_logs() as logs:
        answer = send(site, push())
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert "request_broke" in [entry["event"] for entry in logs]


def test_a_flood_is_told_to_come_back() -> None:
    site = Site()
    ingress = Ingress(
        site.world,
        wiring.endpoints(settings(site.bench)),
        forges=(),
        keys=MemoryKeys({}),
        metrics=Metrics(site.world),
        most_at_once=0,
    )
    app = Starlette(routes=[Route("/webhooks/{name}", ingress.receive, methods=["POST"])])
    answer = TestClient(app).post("/webhooks/registry", content=push())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_secrets_in_an_address_are_not_logged() -> None:
    with capture_logs() as logs:
        Site().client().post(f"/webhooks/hub?secret={secret_of('hub')}", content=b"{", headers=JSON)
    assert {"request", "delivery_rejected"} <= {entry["event"] for entry in logs}
    assert SECRET not in repr(logs)


def test_deliveries_are_counted_by_endpoint_and_outcome() -> None:
    site = Site()
    for body in (push(), push(), push(repository="acme/other", digest=None, tag="2")):
        send(site, body)
    client = site.client()
    client.post("/webhooks/registry", content=b"{}", headers=JSON)
    for name in ("a", "b"):
        client.post(f"/webhooks/{name}", content=b"{}", headers=JSON)
    lines = [line for line in client.get("/metrics").text.splitlines() if "deliveries_total{" in line]
    assert sorted(lines) == [
        'tagboat_deliveries_total{endpoint="registry",outcome="ignored"} 1.0',
        'tagboat_deliveries_total{endpoint="registry",outcome="rejected"} 1.0',
        'tagboat_deliveries_total{endpoint="registry",outcome="seen"} 1.0',
        'tagboat_deliveries_total{endpoint="registry",outcome="woken"} 1.0',
        'tagboat_deliveries_total{endpoint="unknown",outcome="rejected"} 2.0',
    ]


_SITE = Site()
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Content-Type",
            "X-GitHub-Event",
            "X-GitHub-Delivery",
            "X-Hub-Signature-256",
            "Authorization",
            "Content-Encoding",
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    | st.sampled_from(["application/json", "push", f"Bearer {secret_of('registry')}"]),
)


@hypothesis.settings(deadline=None)
@given(
    name=st.sampled_from(sorted(SENDERS)),
    body=st.binary(max_size=400)
    | st.recursive(st.none(), st.lists).map(lambda each: json.dumps(each).encode()),
    headers=_HEADERS,
    signed=st.booleans(),
    query=st.binary(max_size=30),
)
def test_no_bytes_break_an_endpoint(
    name: str, body: bytes, headers: dict[str, str], signed: bool, query: bytes
) -> None:
    """Whatever comes, the answer is a refusal or an acceptance, never a fault of ours."""
    if signed:
        headers = {**headers, "X-Hub-Signature-256": signature(body, secret_of(name))}
        query += f"&secret={secret_of(name)}".encode()
    address = f"/webhooks/{name}?" + "".join(
        f"%{byte:02x}" if byte not in b"&=" else chr(byte) for byte in query
    )
    answer = _SITE.client().post(address, content=body, headers=headers)
    assert answer.status_code < 500
