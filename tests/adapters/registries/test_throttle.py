"""Every worker keeps the pace that a host bears, and none of them waits for long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.registries.rates import UNBOUND, default_rate
from bot.adapters.registries.throttle import Throttle
from bot.adapters.stores.memory_budget import MemoryBudget
from bot.domain.errors import Limited
from bot.ports import Grant, Rate

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class _Time:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.time = _NOON
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


class _CountingBudget(MemoryBudget):
    def __init__(self) -> None:
        super().__init__()
        self.draws = 0

    def draw(self, host: str, *, want: int, rate: Rate, now: datetime) -> Grant:
        self.draws += 1
        return super().draw(host, want=want, rate=rate, now=now)


def _throttle(time: _Time, rate: Rate = UNBOUND, budget: MemoryBudget | None = None) -> Throttle:
    return Throttle("ghcr.io", rate, budget=budget, clock=time, sleep=time.sleep)


def test_thousands_of_requests_cost_few_draws() -> None:
    budget = _CountingBudget()
    throttle = _throttle(_Time(), budget=budget)
    for _ in range(2000):
        throttle.take()
    assert budget.draws <= 2000 // 64 + 1


def test_a_short_wait_is_waited_for() -> None:
    time = _Time()
    throttle = _throttle(time, Rate(per_second=2.0, burst=2))
    for _ in range(3):
        throttle.take()
    assert sum(time.slept) == pytest.approx(0.5, abs=0.05)


def test_a_long_wait_is_an_error_at_once_that_says_how_long() -> None:
    time = _Time()
    throttle = _throttle(time, Rate(per_second=0.1, burst=1))
    throttle.take()
    with pytest.raises(Limited, match=r"ghcr\.io is not asked now") as caught:
        throttle.take()
    assert caught.value.retry_after == pytest.approx(timedelta(seconds=10), abs=timedelta(seconds=0.1))
    assert time.slept == []


def test_waits_add_up_to_two_seconds_at_most() -> None:
    """Another worker may take what this one has waited for, again and again."""
    time = _Time()

    class Greedy(MemoryBudget):
        def draw(self, host: str, *, want: int, rate: Rate, now: datetime) -> Grant:
            return Grant(0, now + timedelta(seconds=0.5))

    with pytest.raises(Limited):
        _throttle(time, budget=Greedy()).take()
    assert sum(time.slept) == pytest.approx(2.0)


def test_a_clock_that_stands_still_ends_in_an_error_and_not_in_a_circle() -> None:
    time, slept = _Time(), list[float]()
    throttle = Throttle("h", Rate(per_second=1.0, burst=1), clock=time, sleep=slept.append)
    throttle.take()
    with pytest.raises(Limited):
        throttle.take()
    assert sum(slept) <= 2.0


@pytest.mark.parametrize(
    ("wait", "silence"),
    [(timedelta(seconds=30), 30.0), (timedelta(days=1), 900.0)],
    ids=["as asked", "a quarter of an hour at most: limits are often lifted early"],
)
def test_a_host_that_wants_silence_gets_it(wait: timedelta, silence: float) -> None:
    time = _Time()
    throttle = _throttle(time)
    throttle.take()
    throttle.pause(wait)
    for later in (0.0, silence - 2.1):
        time.time = _NOON + timedelta(seconds=later)
        with pytest.raises(Limited) as caught:
            throttle.take()
        assert caught.value.retry_after == timedelta(seconds=silence - later)
    time.time = _NOON + timedelta(seconds=silence)
    throttle.take()


def test_the_silence_that_one_worker_was_asked_for_is_kept_by_the_others_within_seconds() -> None:
    budget, time = MemoryBudget(), _Time()
    told, other = _throttle(time, budget=budget), _throttle(time, budget=budget)
    other.take()
    told.pause(timedelta(minutes=5))
    other.take()  # From what it had drawn before.
    time.time += timedelta(seconds=5)
    with pytest.raises(Limited):
        other.take()


def test_workers_share_one_rate() -> None:
    budget, time = MemoryBudget(), _Time()
    workers = [_throttle(time, Rate(per_second=0.01, burst=10), budget) for _ in range(4)]
    taken = 0
    for worker in workers * 10:
        try:
            worker.take()
        except Limited:
            continue
        taken += 1
    assert taken == 10


def test_threads_share_one_stock_without_losing_any() -> None:
    throttle = Throttle("h", Rate(per_second=1e-6, burst=200))

    def take(_: int) -> int:
        try:
            throttle.take()
        except Limited:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(400))) == 200


@pytest.mark.parametrize(
    "host",
    [
        "docker.io",
        "hub.docker.com",
        "ghcr.io",
        "quay.io",
        "public.ecr.aws",
        "acme.azurecr.io",
        "europe-docker.pkg.dev",
        "gcr.io",
        "eu.gcr.io",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "registry.gitlab.com",
    ],
)
def test_hosted_registries_are_asked_at_a_modest_rate(host: str) -> None:
    rate = default_rate(host)
    assert 1 <= rate.per_second <= 100
    assert rate.burst >= rate.per_second


@pytest.mark.parametrize("host", ["registry.example.com", "127.0.0.1:5000", "harbor.example.com"])
def test_a_registry_of_ones_own_is_asked_as_fast_as_it_answers(host: str) -> None:
    assert default_rate(host) == UNBOUND


def test_a_name_that_only_ends_alike_is_not_taken_for_a_hosted_registry() -> None:
    assert default_rate("notgcr.io") == UNBOUND
