"""Deliveries that an identity token proves: its key is fetched outside the reader, where one is needed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from httpx2 import Response
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from bot.adapters.identity.memory import MemoryKeys
from bot.web.ingress import Ingress
from bot.web.metrics import Metrics
from bot.webhooks.reader import Endpoint, Secret
from tests.flow.worlds import START, WEB
from tests.web.site import Site
from tests.webhooks.tokens import IDENTITY, KEY_ID, bearer, claims, private_key, public_keys


@dataclass
class Counted(MemoryKeys):
    """Keys that remember which were asked for."""

    keys: Mapping[str, Mapping[str, str]]
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.keys)

    def key(self, key_id: str) -> Mapping[str, str] | None:
        """Remember, and look."""
        self.asked.append(key_id)
        return super().key(key_id)


def _app(keys: Counted) -> Starlette:
    site = Site()
    endpoints = {
        "google": Endpoint("gar", (), registries=frozenset({WEB.registry}), identity=IDENTITY),
        "hub": Endpoint("dockerhub", (Secret.of("s"),)),
    }
    ingress = Ingress(site.world, endpoints, forges=(), keys=keys, metrics=Metrics(site.world))
    return Starlette(routes=[Route("/webhooks/{name}", ingress.receive, methods=["POST"])])


def _push(host: str = WEB.registry) -> bytes:
    message = {"action": "INSERT", "tag": f"{host}/{WEB.path}:1.1.0"}
    data = base64.b64encode(json.dumps(message).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "s"}).encode()


def _send(keys: Counted, headers: Mapping[str, str], body: bytes, name: str = "google") -> Response:
    sent = {"Content-Type": "application/json", **headers}
    return TestClient(_app(keys)).post(f"/webhooks/{name}", content=body, headers=sent)


def test_a_push_that_google_signed_wakes_its_pipeline() -> None:
    keys = Counted(public_keys())
    answer = _send(keys, bearer(claims(START)), _push())
    assert (answer.status_code, answer.json()) == (202, {"woken": ["shop"]})
    assert keys.asked == [KEY_ID]


def test_while_the_keys_are_out_of_reach_it_is_to_be_sent_again() -> None:
    answer = _send(Counted({}), bearer(claims(START)), _push())
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json() == {"error": "the sender cannot be verified now; send it again"}


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        pytest.param({}, [], id="no token"),
        pytest.param({"Authorization": "Bearer x.y.z"}, [], id="no token in it"),
        pytest.param(bearer(claims(START), headers={"kid": "forged"}), ["forged"], id="an unknown key"),
        pytest.param(bearer(claims(START), key=private_key(2)), [KEY_ID], id="forged"),
        pytest.param(bearer(claims(START, email="a@b.c")), [KEY_ID], id="another account"),
    ],
)
def test_whoever_else_is_refused(headers: Mapping[str, str], asked: list[str]) -> None:
    keys = Counted(public_keys())
    assert _send(keys, headers, _push()).status_code == 401
    assert keys.asked == asked


def test_a_message_that_is_never_taken_is_answered_with_success_and_without_a_body() -> None:
    answer = _send(Counted(public_keys()), bearer(claims(START)), _push("evil.example.com"))
    assert (answer.status_code, answer.content) == (204, b"")


def test_other_senders_need_no_keys() -> None:
    keys = Counted({})
    assert _send(keys, bearer(claims(START)), b"{}", "hub").status_code == 401
    assert keys.asked == []
