"""What was lost while Tagboat was away is asked for again: once, in order, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.adapters.forges.memory.deliveries import MemoryDeliveries
from bot.domain.errors import Unreachable
from bot.flow.catch_up import KEPT, Memory, catch_up
from bot.flow.world import World
from bot.ports import Attempt
from tests.flow.worlds import REPOSITORY, START, Bench, SetClock

LATER = timedelta(minutes=10)


class Away:
    """A bench whose forge remembers deliveries, and a memory of what was asked for."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.clock: SetClock = self.bench.clock
        self.host = MemoryDeliveries(self.clock)
        self.memory = Memory()
        self.world: World = replace(self.bench.world, redeliveries={"forge": self.host})

    def lose(self, *deliveries: str) -> None:
        """Let deliveries fail."""
        self.host.is_up = False
        for each in deliveries:
            self.host.deliver(REPOSITORY, each)

    def look(self, *, after: timedelta = LATER) -> int:
        """Catch up after a while."""
        self.clock.pass_by(after)
        return catch_up(self.world, self.memory)

    def tries(self, delivery: str) -> list[bool]:
        """How the tries of a delivery ended, first to last."""
        known = reversed(self.host.attempts(REPOSITORY, since=START))
        return [each.succeeded for each in known if each.delivery == delivery]


def test_what_failed_is_asked_for_once_and_what_arrived_is_not() -> None:
    away = Away()
    away.host.deliver(REPOSITORY, "came")
    away.lose("lost", "lost too")
    away.host.is_up = True
    assert away.look() == 2
    assert (away.tries("lost"), away.tries("came")) == ([False, True], [True])
    assert away.look() == 0


def test_what_somebody_sent_again_already_is_not_asked_for() -> None:
    away = Away()
    away.lose("lost")
    (lost,) = away.host.attempts(REPOSITORY, since=START)
    away.host.is_up = True
    away.host.send_again(REPOSITORY, lost)
    assert away.look() == 0


def test_a_try_of_a_moment_ago_is_waited_for() -> None:
    away = Away()
    away.lose("lost")
    assert away.look(after=timedelta(seconds=30)) == 0
    assert away.look() == 1


def test_a_delivery_that_is_refused_each_time_is_given_up() -> None:
    away = Away()
    away.lose("poison")
    asked = [away.look() for _ in range(10)]
    assert asked == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert away.tries("poison") == [False] * 4


def test_another_process_sees_what_this_one_asked_for() -> None:
    away = Away()
    away.lose("poison")
    for _ in range(10):
        away.memory = Memory()
        away.look()
    assert away.tries("poison") == [False] * 4


def test_what_is_too_old_to_be_repeated_is_left() -> None:
    away = Away()
    away.lose("old")
    assert away.look(after=KEPT + LATER) == 0


def test_many_are_asked_for_a_part_at_a_time_the_oldest_first() -> None:
    away = Away()
    away.lose(*(f"lost {number:03}" for number in range(70)))
    away.host.is_up = True
    assert away.look() == 50
    assert away.tries("lost 000") == [False, True]
    assert away.look() == 20
    assert away.look() == 0


def test_webhooks_that_may_not_be_seen_are_told_once_and_stop_nothing() -> None:
    away = Away()
    away.lose("lost")
    away.host.hides.add(REPOSITORY)
    with capture_logs() as logs:
        assert [away.look(after=timedelta(hours=1)) for _ in range(3)] == [0, 0, 0]
    assert [each["event"] for each in logs] == ["catch_up_not_possible"]
    away.host.hides.clear()
    away.host.is_up = True
    assert away.look(after=timedelta(hours=1)) == 1


class _Unreachable(MemoryDeliveries):
    def hooks(self, repository: str) -> list[str]:
        raise Unreachable("the host does not answer")


def test_a_host_that_does_not_answer_keeps_no_other_back() -> None:
    away = Away()
    pipeline = replace(away.bench.pipeline, name="gone", repository=replace(away.bench.pipeline.repository))
    gone = replace(pipeline, repository=replace(pipeline.repository, forge="gone"))
    away.world = replace(
        away.world,
        pipelines={**away.world.pipelines, "gone": gone},
        redeliveries={"gone": _Unreachable(away.clock), **away.world.redeliveries},
    )
    away.lose("lost")
    assert away.look() == 1


class _Forgetful(MemoryDeliveries):
    """A host that remembers a delivery and cannot repeat it."""

    def send_again(self, hook: str, attempt: Attempt) -> None:
        super().send_again(hook, replace(attempt, number=-1))


def test_a_delivery_that_cannot_be_repeated_is_tried_a_few_times() -> None:
    away = Away()
    away.host = _Forgetful(away.clock)
    away.world = replace(away.world, redeliveries={"forge": away.host})
    away.lose("gone")
    assert sum(away.look() for _ in range(10)) == 3


def test_one_memory_works_for_one_thread_at_a_time() -> None:
    away = Away()
    away.lose("lost")
    with away.memory.busy:
        assert away.look() == 0
    assert away.look() == 1


@settings(deadline=None)
@given(outages=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans()), min_size=1, max_size=12))
def test_whatever_was_lost_arrives_in_the_end_unless_it_is_refused_too_often(
    outages: list[tuple[bool, int, bool]],
) -> None:
    """Deliveries fail or arrive, processes restart; in the end all have arrived or had four tries."""
    away = Away()
    made = 0
    for is_up, deliveries, restarts in outages:
        away.host.is_up = is_up
        for _ in range(deliveries):
            away.host.deliver(REPOSITORY, f"d{made}")
            made += 1
        away.memory = Memory() if restarts else away.memory
        away.look()
    away.host.is_up = True
    for _ in range(2):
        away.look(after=timedelta(hours=1))  # by then a webhook that is new is known
    for number in range(made):
        tries = away.tries(f"d{number}")
        assert tries[-1] or len(tries) == 4
        assert tries.count(True) <= 1
        assert len(tries) <= 4


@pytest.mark.parametrize("forges", [{}, {"other": MemoryDeliveries(SetClock())}], ids=["none", "not used"])
def test_forges_without_pipelines_are_not_asked(forges: dict[str, MemoryDeliveries]) -> None:
    away = Away()
    away.world = replace(away.world, redeliveries=forges)
    away.lose("lost")
    assert away.look() == 0
