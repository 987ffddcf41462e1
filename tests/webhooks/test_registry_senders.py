"""How a registry's sender proves itself, and which of its deliveries are one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.proof import Proof
from bot.webhooks.reader import Reading, Rejected, Request, Secret
from bot.webhooks.senders import REPEATING, read
from tests.webhooks.deliveries import NOW, SECRET, changed, endpoint, sample
from tests.webhooks.registries import reading


@pytest.mark.parametrize("name", ["acr_push", "ecr_push"])
def test_an_address_with_a_secret_takes_no_header_and_the_other_way_round(name: str) -> None:
    known = sample(name)
    request, other = known.request(), Request(known.headers, known.request().body, {"secret": SECRET})
    by_address = endpoint(known.sender, proof=Proof.ADDRESS)
    assert isinstance(read(other, by_address), Reading)
    assert isinstance(read(request, endpoint(known.sender)), Reading)
    for refusal in (read(request, by_address), read(other, endpoint(known.sender))):
        assert isinstance(refusal, Rejected)
        assert refusal.status == 401


def test_a_token_in_place_of_a_signature_is_for_endpoints_that_ask_for_it() -> None:
    known = sample("cloudevents_published")
    by_token = endpoint("cloudevents", proof=Proof.TOKEN, header="X-Token", secrets=(Secret.of(SECRET),))
    request = replace(known.request(), headers={**known.headers, "X-Token": SECRET})
    assert isinstance(read(request, by_token), Reading)
    assert read(known.request(), by_token) == Rejected(401, "no token")
    assert read(request, endpoint("cloudevents")) == Rejected(401, "no signature")


def test_two_pushes_of_one_tag_at_quay_are_two_once_a_minute_has_passed() -> None:
    request = sample("quay_push").request()
    keys = [
        found.delivery_key
        for seconds in (0, 30, 90)
        if isinstance(
            found := read(replace(request, received_at=NOW + timedelta(seconds=seconds)), endpoint("quay")),
            Reading,
        )
    ]
    assert keys[0] == keys[1] != keys[2]


def test_an_event_is_known_by_its_source_and_its_id() -> None:
    bodies = [changed("cloudevents_published", change) for change in ({}, {"source": "x"}, {"id": "x"})]
    found = [reading("cloudevents_published", body) for body in bodies]
    assert len({each.delivery_key for each in found if isinstance(each, Reading)}) == 3


@pytest.mark.parametrize("name", ["distribution_push_index", "gar_insert"])
@pytest.mark.parametrize(
    "body", [b"", b"[", b"\xff", b"{}" * 2, b" " * 2**21], ids=["empty", "cut", "bytes", "twice", "large"]
)
def test_what_would_come_again_for_ever_is_taken_once_its_sender_is_known(name: str, body: bytes) -> None:
    found = reading(name, body)
    assert sample(name).sender in REPEATING
    assert isinstance(found, Rejected)
    assert 200 <= found.status < 300
    nobodys = read(Request({"Content-Type": "application/json"}, body), endpoint(sample(name).sender))
    assert isinstance(nobodys, Rejected)
    assert nobodys.status == 401


def test_json_as_text_is_for_topics_only() -> None:
    request = replace(
        sample("ecr_topic").request(), headers={"Content-Type": "text/plain", "Authorization": SECRET}
    )
    assert read(request, endpoint("ecr")) == Rejected(415, "content type not accepted")
