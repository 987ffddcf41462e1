"""What every budget promises (port `Budget`): never more requests than the rate allows, whoever draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.ports import Budget, Grant, Rate
from tests.kit.stores import DAY, HOUR, KINDS, MINUTE, NOW, opened_budget

_HOST = "ghcr.io"
_RATE = Rate(per_second=2, burst=10)
_SECOND = timedelta(seconds=1)


@pytest.fixture(params=KINDS)
def budget(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Budget]:
    with opened_budget(request.param, request, tmp_path) as budget:
        yield budget


def test_a_host_never_asked_has_a_full_bucket(budget: Budget) -> None:
    assert _draw(budget, 4) == Grant(4)
    assert _draw(budget, 100) == Grant(6)
    assert _draw(budget, 1).requests == 0


def test_hosts_have_buckets_of_their_own(budget: Budget) -> None:
    _draw(budget, 10)
    assert budget.draw("docker.io", want=10, rate=_RATE, now=NOW) == Grant(10)


@pytest.mark.parametrize(
    ("elapsed", "requests"), [(0.25, 0), (0.5, 1), (0.75, 1), (2, 4), (5, 10), (3600, 10)], ids=str
)
def test_the_bucket_refills_up_to_its_burst(budget: Budget, elapsed: float, requests: int) -> None:
    _draw(budget, 10)
    assert _draw(budget, 100, after=timedelta(seconds=elapsed)).requests == requests


def test_parts_of_a_request_add_up(budget: Budget) -> None:
    _draw(budget, 10)
    granted = [_draw(budget, 10, after=number * _SECOND / 8).requests for number in range(1, 17)]
    assert granted == [0, 0, 0, 1] * 4


@pytest.mark.parametrize("rate", [_RATE, Rate(0.3, 1), Rate(1000, 3), Rate(7, 7)], ids=str)
def test_whoever_comes_again_when_told_gets_a_request(budget: Budget, rate: Rate) -> None:
    now = NOW
    for _ in range(5):
        while budget.draw(_HOST, want=5, rate=rate, now=now).requests:
            pass
        again_at = budget.draw(_HOST, want=5, rate=rate, now=now).again_at
        assert again_at is not None
        wait = (again_at - now).total_seconds()
        assert 0 < wait <= 1 / rate.per_second + 1e-5
        early = again_at - timedelta(microseconds=10)
        assert budget.draw(_HOST, want=1, rate=rate, now=early).requests == 0
        assert budget.draw(_HOST, want=1, rate=rate, now=again_at) == Grant(1)
        now = again_at


def test_who_wants_nothing_gets_nothing_and_need_not_come_again(budget: Budget) -> None:
    assert _draw(budget, 0) == _draw(budget, -1) == Grant(0)
    assert _draw(budget, 10) == Grant(10)


def test_a_rate_that_was_lowered_counts_at_once(budget: Budget) -> None:
    _draw(budget, 1)
    assert budget.draw(_HOST, want=10, rate=Rate(1, 3), now=NOW) == Grant(3)


# Clocks


@pytest.mark.parametrize(
    ("offsets", "most"),
    [
        ([0, -1, 0, -1, 0, -1, 0], 0),
        ([60, 0, 60, 0, 60, 0, 60], 10),
        ([-120, 0, -120, 0], 0),
    ],
    ids=["a-second-behind", "a-minute-ahead", "two-minutes-behind"],
)
def test_workers_whose_clocks_differ_refill_no_second_time(
    budget: Budget, offsets: Sequence[int], most: int
) -> None:
    _draw(budget, 10)
    granted = [_draw(budget, 10, after=offset * _SECOND).requests for offset in offsets]
    assert sum(granted) == most


def test_a_wrong_clock_leaves_no_host_without_requests(budget: Budget) -> None:
    _draw(budget, 10)
    _draw(budget, 10, after=DAY)
    again_at = _draw(budget, 1).again_at
    assert again_at is not None
    assert again_at - NOW < _SECOND
    assert _draw(budget, 10, after=_SECOND) == Grant(2)


# Pauses


def test_a_pause_grants_nothing_before_its_end(budget: Budget) -> None:
    budget.pause(_HOST, until=NOW + HOUR)
    assert _draw(budget, 1) == Grant(0, NOW + HOUR)
    assert _draw(budget, 1, after=HOUR - _SECOND) == Grant(0, NOW + HOUR)
    assert _draw(budget, 1, after=HOUR) == Grant(1)
    assert budget.draw("docker.io", want=1, rate=_RATE, now=NOW) == Grant(1)


def test_a_pause_takes_nothing_out_of_the_bucket(budget: Budget) -> None:
    _draw(budget, 9)
    budget.pause(_HOST, until=NOW + _SECOND)
    _draw(budget, 1)
    assert _draw(budget, 10, after=_SECOND) == Grant(3)


@pytest.mark.parametrize("first", [MINUTE, HOUR])
def test_an_earlier_end_of_a_pause_changes_nothing(budget: Budget, first: timedelta) -> None:
    budget.pause(_HOST, until=NOW + first)
    budget.pause(_HOST, until=NOW + HOUR + MINUTE - first)
    assert _draw(budget, 1).again_at == NOW + HOUR


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0), (float("nan"), 1)], ids=str)
def test_a_rate_that_would_grant_nothing_is_none(per_second: float, burst: int) -> None:
    with pytest.raises(ValueError, match="never grant a request"):
        Rate(per_second, burst)


def _draw(budget: Budget, want: int, *, after: timedelta = timedelta(0)) -> Grant:
    moment: datetime = NOW + after
    return budget.draw(_HOST, want=want, rate=_RATE, now=moment)
