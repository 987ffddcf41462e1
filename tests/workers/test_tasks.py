"""Tasks make one call each, and the embedded worker runs them in this very process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from celery import Celery
from celery.beat import Scheduler

from bot.adapters.forges.memory.deliveries import MemoryDeliveries
from bot.adapters.queues.celery import ANNOUNCE, CATCH_UP, RECONCILE, SWEEP, TIDY, celery_application
from bot.domain.notice import Event
from bot.domain.status import State
from tests.flow.people import PLACE, People
from tests.flow.worlds import REPOSITORY, START, WEB, Bench, values
from workers.schedule import add_schedule
from workers.tasks import register


@pytest.fixture
def bench() -> Bench:
    return Bench()


def application(bench: Bench) -> Celery:
    app = celery_application("memory://")
    register(app, lambda: bench.world, look_every=timedelta(minutes=5))
    return app


def task(app: Celery, name: str) -> Callable[..., object]:
    return app.tasks[name].run


def test_a_message_carries_a_pipeline_s_name_and_leads_to_one_reconcile(bench: Bench) -> None:
    task(application(bench), RECONCILE)("shop")
    assert bench.status("dev").state is State.LIVE


def test_a_message_of_a_pipeline_that_is_gone_does_no_harm(bench: Bench) -> None:
    task(application(bench), RECONCILE)("gone")
    assert bench.store.board() == []


def test_a_message_of_a_repository_leads_to_a_look_at_its_people() -> None:
    people = People()
    people.community.say(REPOSITORY, 900, "/tagboat hold shop/dev", by="ada")
    task(application(people), RECONCILE)(PLACE.name)
    assert [order.environment for order in people.orders.of("shop")] == ["dev"]


def test_the_sweep_asks_for_what_is_due(bench: Bench) -> None:
    task(application(bench), SWEEP)()
    assert list(bench.queue.pipelines) == ["shop"]


def test_notices_are_told_by_the_announcing_task(bench: Bench) -> None:
    app = application(bench)
    task(app, RECONCILE)("shop")
    bench.registry.push(WEB, "1.1.0")
    bench.store.wake(["shop"], now=bench.clock.now())
    task(app, RECONCILE)("shop")
    task(app, ANNOUNCE)()
    assert bench.file("dev") == values("1.1.0")
    assert Event.HEALTHY in [each.event for each in bench.told()]


def test_tidying_keeps_what_is_young(bench: Bench) -> None:
    task(application(bench), TIDY)()
    assert bench.store.tidy(now=bench.clock.now()) == 0


def test_every_tick_of_the_schedule_names_a_task_that_is_there(bench: Bench) -> None:
    app = application(bench)
    add_schedule(app)
    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named == {SWEEP, TIDY, CATCH_UP}
    assert named <= set(app.tasks)


def test_lost_deliveries_are_looked_for_when_the_schedule_begins_and_then_at_intervals(bench: Bench) -> None:
    app = application(bench)
    add_schedule(app)
    entry = Scheduler(app).get_schedule()["catch up"]
    assert entry.is_due()[0]
    assert not next(entry).is_due()[0]


def test_lost_deliveries_are_asked_for_by_their_task(bench: Bench) -> None:
    host = MemoryDeliveries(bench.clock)
    host.is_up = False
    host.deliver(REPOSITORY, "lost")
    host.is_up = True
    bench.world = replace(bench.world, redeliveries={"forge": host})
    app = application(bench)
    bench.clock.pass_by(timedelta(minutes=10))
    for _ in range(2):
        task(app, CATCH_UP)()
    assert [each.succeeded for each in host.attempts(REPOSITORY, since=START)] == [True, False]


def test_messages_are_json_and_nothing_else_is_accepted() -> None:
    conf = celery_application("memory://").conf
    assert (conf.task_serializer, list(conf.accept_content)) == ("json", ["json"])
