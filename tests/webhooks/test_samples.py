"""Our own samples, written from the senders' documented schemas, give exactly the facts beside them."""

from __future__ import annotations

import hashlib

import pytest

from bot.webhooks.reader import Reading
from bot.webhooks.senders import SENDERS, read
from tests.webhooks.deliveries import Sample, endpoint, outcome, samples


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_gives_exactly_its_facts(sample: Sample) -> None:
    assert outcome(read(sample.request(), endpoint(sample.sender))) == sample.expect


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_repeat_has_the_same_delivery_key_and_the_key_is_the_senders_where_there_is_one(
    sample: Sample,
) -> None:
    request = sample.request()
    first, again = (read(request, endpoint(sample.sender)) for _ in range(2))
    assert isinstance(first, Reading)
    assert first == again
    if sample.delivery_key:
        assert first.delivery_key == sample.delivery_key
    if sample.sender == "dockerhub":
        assert first.delivery_key == f"sha256:{hashlib.sha256(request.body).hexdigest()}"


def test_every_sender_has_a_sample() -> None:
    assert {sample.sender for sample in samples()} == set(SENDERS)
