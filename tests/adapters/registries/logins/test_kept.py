"""What is given for a while is asked for seldom, by one thread at a time, and used as long as it is good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.cloud import CloudCredentials
from bot.adapters.registries.logins.kept import Issued, Kept
from bot.domain.errors import Denied, TagboatError, Unreachable


@dataclass
class Office:
    """Gives 1, 2, 3, … for an hour each, or the error that it is set to; and the time."""

    life: float = 3600.0
    error: TagboatError | None = None
    asked: int = 0
    now: float = 1000.0
    spread: float = 0.0
    kept: Kept[int] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Kept(self, monotonic=lambda: self.now, spread=lambda: self.spread)

    def __call__(self) -> Issued[int]:
        self.asked += 1
        if self.error:
            raise self.error
        return Issued(self.asked, self.life)


def test_it_is_asked_once_while_the_answer_is_good() -> None:
    office = Office()
    assert [office.kept.value() for _ in range(5)] == [1] * 5
    assert office.asked == 1


@pytest.mark.parametrize(
    ("life", "spread", "renewed_after"),
    [
        pytest.param(3600.0, 0.0, 3300.0, id="five minutes before the end"),
        pytest.param(3600.0, 1.0, 3000.0, id="or up to twice as early"),
        pytest.param(43_200.0, 0.5, 42_750.0, id="of half a day too"),
        pytest.param(100.0, 0.0, 90.0, id="a tenth of a short life"),
    ],
)
def test_it_is_renewed_before_it_ends(life: float, spread: float, renewed_after: float) -> None:
    office = Office(life=life, spread=spread)
    office.kept.value()
    office.now += renewed_after - 1
    assert office.kept.value() == 1
    office.now += 1
    assert office.kept.value() == 2


def test_while_it_cannot_be_renewed_the_old_one_goes_on_until_its_end() -> None:
    office = Office()
    office.kept.value()
    office.error = Unreachable("the office is closed")
    office.now += 3400
    assert office.kept.value() == 1
    office.now += 29
    assert office.kept.value() == 1
    assert office.asked == 2, "it is not asked again at once"
    office.now += 1
    assert office.kept.value() == 1
    assert office.asked == 3
    office.now += 170
    with pytest.raises(Unreachable, match="closed"):
        office.kept.value()


def test_an_error_is_the_answer_for_half_a_minute() -> None:
    office = Office(error=Denied("no such identity"))
    for _ in range(3):
        with pytest.raises(Denied, match="no such identity"):
            office.kept.value()
        with pytest.raises(Denied, match="no such identity"):
            office.kept.other_than(lambda _: True)
        office.now += 10
    assert office.asked == 1
    office.error = None
    assert office.kept.value() == 2


def test_what_was_refused_is_replaced_but_not_over_and_over() -> None:
    office = Office()
    office.kept.value()
    assert office.kept.other_than(lambda value: value == 1) == 1, "it was given just now"
    office.now += 30
    assert office.kept.other_than(lambda value: value == 1) == 2
    assert office.kept.other_than(lambda value: value == 1) == 2, "another thread was refused the same"
    assert office.asked == 2


def test_threads_that_start_together_ask_once() -> None:
    office, start = Office(), Barrier(8)

    def value(_: int) -> int:
        start.wait(10)
        return office.kept.value()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(value, range(8))) == [1] * 8
    assert office.asked == 1


def test_while_one_thread_renews_the_others_go_on_with_what_is_good() -> None:
    begun, end = Event(), Event()
    numbers = iter(range(1, 10))
    now = [0.0]

    def issue() -> Issued[int]:
        number = next(numbers)
        if number == 2:
            begun.set()
            assert end.wait(10)
        return Issued(number, 3600.0)

    kept = Kept(issue, monotonic=lambda: now[0], spread=lambda: 0.0)
    kept.value()
    now[0] = 3400.0
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(kept.value)
        assert begun.wait(10)
        assert kept.value() == 1
        end.set()
        assert renewing.result(10) == 2


@given(
    life=st.floats(min_value=1.0, max_value=1e6),
    spread=st.floats(min_value=0.0, max_value=1.0),
    steps=st.lists(st.floats(min_value=0.0, max_value=2e5), max_size=20),
)
def test_nothing_is_ever_handed_out_after_its_end(life: float, spread: float, steps: list[float]) -> None:
    now = [0.0]
    kept: Kept[float] = Kept(
        lambda: Issued(now[0] + life, life), monotonic=lambda: now[0], spread=lambda: spread
    )
    for step in steps:
        now[0] += step
        assert kept.value() > now[0]


def test_a_cloud_login_is_replaced_when_it_is_refused() -> None:
    now, numbers = [0.0], iter(range(1, 10))
    kept = Kept(lambda: Issued(Login("AWS", f"pw{next(numbers)}"), 3600.0), monotonic=lambda: now[0])
    credentials = CloudCredentials(kept, source="a cloud", advice="ask the cloud")
    first = credentials.login("acme/web")
    assert first == Login("AWS", "pw1")
    now[0] = 60.0
    assert credentials.login("acme/web", refused=first) == Login("AWS", "pw2")


def test_what_is_held_is_in_no_representation() -> None:
    kept = Kept(lambda: Issued(Login("AWS", "hunter2-canary"), 3600.0))
    kept.value()
    assert "hunter2-canary" not in f"{kept!r} {vars(kept)!r} {Issued('hunter2-canary', 1.0)!r}"
