"""Work that arrives together: each caller has an answer of its own, after its work was done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from bot.adapters.stores import group as module
from bot.adapters.stores.group import Group
from bot.domain.errors import Refused, Unreachable
from tests.kit.workers import together


class _Stopped(BaseException):
    """Stands for a signal that ends a thread in the middle of its work."""


class _Desk:
    """Work that waits at `-1` until it is let go, and does what the other numbers ask for."""

    def __init__(self, faults: dict[int, BaseException] | None = None) -> None:
        self.group = Group(self.work)
        self.groups: list[Sequence[int]] = []
        self.begun, self.go_on = Event(), Event()
        self._faults = faults or {}

    def work(self, numbers: Sequence[int]) -> Sequence[int]:
        """Give the double of each number."""
        self.groups.append(numbers)
        if -1 in numbers:
            self.begun.set()
            assert self.go_on.wait(30)
        for number in numbers:
            if number in self._faults:
                raise self._faults[number]
        return [number * 2 for number in numbers]

    def await_(self, count: int) -> None:
        """Until so many callers wait."""
        deadline = time.monotonic() + 30
        while len(self.group._waiting) < count:
            assert time.monotonic() < deadline
            time.sleep(0.001)


def _arrived_together(desk: _Desk, numbers: Sequence[int]) -> list[Future[int]]:
    """Let the numbers come, in this order, while the work on `-1` goes on."""
    with ThreadPoolExecutor(len(numbers) + 1) as pool:
        futures = [pool.submit(desk.group.do, -1)]
        assert desk.begun.wait(30)
        for count, number in enumerate(numbers, 1):
            futures.append(pool.submit(desk.group.do, number))
            desk.await_(count)
        desk.go_on.set()
    return futures


def test_what_arrives_during_the_work_is_done_together_and_in_order() -> None:
    desk = _Desk()
    futures = _arrived_together(desk, [5, 3, 4, 3])
    assert [future.result() for future in futures] == [-2, 10, 6, 8, 6]
    assert desk.groups == [[-1], [5, 3, 4, 3]]


def test_one_alone_waits_for_nobody() -> None:
    desk = _Desk()
    assert [desk.group.do(number) for number in (1, 2)] == [2, 4]
    assert desk.groups == [[1], [2]]


def test_a_group_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    desk = _Desk()
    futures = _arrived_together(desk, list(range(7)))
    assert [future.result() for future in futures] == [-2, 0, 2, 4, 6, 8, 10, 12]
    assert desk.groups == [[-1], [0, 1, 2], [3, 4, 5], [6]]


def test_everybody_has_an_answer_of_their_own() -> None:
    group: Group[int, int] = Group(lambda numbers: [number * 2 for number in numbers])

    def works(group: Group[int, int], place: int) -> bool:
        return all(group.do(number) == number * 2 for number in range(place, 4000, 16))

    assert all(together([group] * 16, works))


def test_an_item_that_is_at_fault_fails_alone() -> None:
    desk = _Desk({3: Refused("3 is too odd")})
    futures = _arrived_together(desk, [2, 3, 4])
    with pytest.raises(Refused, match="3 is too odd"):
        futures[2].result()
    assert [futures[place].result() for place in (0, 1, 3)] == [-2, 4, 8]
    assert desk.groups == [[-1], [2, 3, 4], [2], [3], [4]]


def test_what_may_be_tried_again_is_told_to_all_at_once() -> None:
    """A database that does not answer is asked once for the group, not once for each."""
    outage = Unreachable("the database is gone", why="somebody took it", fix="bring it back")
    desk = _Desk({3: outage})
    futures = _arrived_together(desk, [2, 3, 4])
    errors = [future.exception() for future in futures[1:]]
    assert [str(error) for error in errors] == [str(outage)] * 3
    assert {type(error) for error in errors} == {Unreachable}
    assert len({id(error) for error in [*errors, outage]}) == 4
    assert all(error is not None and error.__cause__ is outage for error in errors)
    assert futures[0].result() == -2
    assert desk.groups == [[-1], [2, 3, 4]]


def test_where_a_leader_is_stopped_the_others_do_the_work() -> None:
    desk = _Desk({2: _Stopped()})
    futures = _arrived_together(desk, [2, 3, 4])
    with pytest.raises(_Stopped):
        futures[1].result()
    assert [futures[place].result() for place in (0, 2, 3)] == [-2, 6, 8]
    assert desk.groups == [[-1], [2, 3, 4], [3, 4]]
    assert desk.group.do(5) == 10


def test_who_waited_for_long_is_told_and_is_not_worked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TURN_SECONDS", 0.05)
    desk = _Desk()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(desk.group.do, -1)
        assert desk.begun.wait(30)
        with pytest.raises(Unreachable, match="the store is busy: others wrote to it all the time"):
            desk.group.do(7)
        desk.go_on.set()
        assert first.result() == -2
    assert desk.group.do(8) == 16
    assert desk.groups == [[-1], [8]]


def test_who_left_while_the_leader_worked_leads_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leader is stopped after a caller of its group left: the lead goes to one that is there."""
    desk, works_on_two, has_left = _Desk({2: _Stopped()}), Event(), Event()
    work = desk.group._work

    def held(numbers: Sequence[int]) -> Sequence[int]:
        if 2 in numbers:
            works_on_two.set()
            assert has_left.wait(30)
        return work(numbers)

    desk.group._work = held
    with ThreadPoolExecutor(4) as pool:
        futures = {-1: pool.submit(desk.group.do, -1)}
        assert desk.begun.wait(30)
        for count, (number, seconds) in enumerate([(2, 30.0), (3, 0.5), (4, 30.0)], 1):
            monkeypatch.setattr(module, "_TURN_SECONDS", seconds)
            futures[number] = pool.submit(desk.group.do, number)
            desk.await_(count)
        desk.go_on.set()
        assert works_on_two.wait(30)
        assert isinstance(futures[3].exception(30), Unreachable)
        has_left.set()
        assert isinstance(futures[2].exception(30), _Stopped)
        assert futures[4].result(30) == 8
    assert desk.groups[-1] == [4]
