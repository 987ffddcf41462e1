"""What hosts say about their limits is heeded, in every form, and junk is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.limits import quota_wait, retry_after
from bot.adapters.stores.memory_budget import MemoryBudget
from bot.domain.errors import Limited, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Shelf, reading, serving
from tests.kit.images import build_image

_IMAGE = ImageName("registry.example.com", "acme/web")
_USUAL = timedelta(seconds=10)
_WAITS = [
    pytest.param({"Retry-After": "30"}, timedelta(seconds=30), id="seconds"),
    pytest.param({"Retry-After": "0"}, timedelta(0), id="zero"),
    pytest.param({"Retry-After": "999999999"}, timedelta(days=1), id="for ever: a day at most"),
    pytest.param(
        {"Date": "Sun, 01 Mar 2026 10:00:00 GMT", "Retry-After": "Sun, 01 Mar 2026 10:01:30 GMT"},
        timedelta(seconds=90),
        id="a date, by the sender's own clock",
    ),
    pytest.param({"Retry-After": "Sun, 01 Mar 2020 10:00:00 GMT"}, timedelta(0), id="a date that passed"),
    pytest.param({"Retry-After": "Sun, 01 Mar 9999 10:00:00 GMT"}, timedelta(days=1), id="a far date"),
    pytest.param({"Retry-After": "soon"}, None, id="junk"),
    pytest.param({"Retry-After": "-5"}, None, id="negative"),
    pytest.param({"Retry-After": "1" * 500}, None, id="a huge number"),
    pytest.param({}, None, id="nothing"),
]


@pytest.mark.parametrize(("headers", "wait"), _WAITS)
def test_retry_after_is_read_in_either_form(headers: dict[str, str], wait: timedelta | None) -> None:
    assert retry_after(headers) == wait


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        pytest.param(
            {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}, 216, id="Docker Hub"
        ),
        pytest.param({"RateLimit-Remaining": "0;w=60"}, 60, id="no total: the whole window"),
        pytest.param(
            {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "1;w=21600"}, None, id="one left"
        ),
        pytest.param(
            {
                "Date": "Sun, 01 Mar 2026 10:00:00 GMT",
                "X-RateLimit-Limit": "180",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(int(datetime(2026, 3, 1, 10, 0, 45, tzinfo=UTC).timestamp())),
            },
            45,
            id="Docker Hub's own API: the moment of the reset",
        ),
        pytest.param({"X-RateLimit-Remaining": "0"}, None, id="no word on when"),
        pytest.param({"RateLimit-Remaining": "none"}, None, id="junk"),
        pytest.param({"RateLimit-Remaining": "0;w=" + "9" * 300}, None, id="a huge number"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_an_exhausted_quota_says_when_one_more_is_free(headers: dict[str, str], wait: int | None) -> None:
    assert quota_wait(headers) == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(("headers", "wait"), _WAITS)
def test_too_many_requests_hand_the_wait_on(headers: dict[str, str], wait: timedelta | None) -> None:
    with reading(lambda call: Reply(429, b"", headers)) as (registry, server):
        with pytest.raises(Limited, match="slow down") as caught:
            registry.listing(_IMAGE)
        assert caught.value.retry_after == (_USUAL if wait is None else wait)
        assert len(server.calls) == 1


@pytest.mark.parametrize(("headers", "wait"), _WAITS)
def test_out_of_order_with_a_time_to_come_back_is_a_limit_and_without_one_a_fault(
    headers: dict[str, str], wait: timedelta | None
) -> None:
    with (
        reading(lambda call: Reply(503, b"", headers)) as (registry, _),
        pytest.raises(Unreachable if wait is None else Limited) as caught,
    ):
        registry.listing(_IMAGE)
    assert caught.value.retry_after == wait


def test_all_workers_keep_the_silence_that_one_was_asked_for() -> None:
    budget = MemoryBudget()
    with serving(lambda call: Reply(429, b"", {"Retry-After": "30"})) as server:
        workers = [DistributionRegistry(host=server.host, plain_http=True, budget=budget) for _ in range(2)]
        for worker in workers:
            with pytest.raises(Limited):
                worker.listing(_IMAGE)
            worker.close()
        assert len(server.calls) == 1


def test_the_last_pull_of_a_quota_is_used_and_the_next_is_not_tried() -> None:
    shelf = Shelf()
    shelf.put("1.0.0", build_image())
    quota = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}

    def answer(call: Call) -> Reply:
        right = shelf(call)
        return Reply(right.status, right.body, {**right.headers, **quota})

    with reading(answer) as (registry, server):
        assert registry.listing(_IMAGE).tags == ("1.0.0",)
        with pytest.raises(Limited) as caught:
            registry.digest(_IMAGE, "1.0.0")
        assert caught.value.retry_after is not None
        assert timedelta(seconds=200) < caught.value.retry_after <= timedelta(seconds=216)
        assert len(server.calls) == 1
