"""What the queue tells Celery about each broker."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from bot.adapters.queues.celery import CeleryQueue, celery_application
from bot.domain.errors import Unreachable


@pytest.mark.parametrize(
    ("url", "broker", "master"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0", None),
        (
            "sentinel://one:26379;sentinel://two:26379",
            "sentinel://one:26379;sentinel://two:26379",
            "mymaster",
        ),
        (
            "sentinel://one:26379;sentinel://two:26379/0?master_name=tagboat",
            "sentinel://one:26379;sentinel://two:26379/0",
            "tagboat",
        ),
    ],
    ids=["redis", "sentinel with Redis's own name", "sentinel with a name"],
)
def test_a_sentinel_s_master_is_named_in_the_url(url: str, broker: str, master: str | None) -> None:
    conf = celery_application(url).conf
    assert conf.broker_url == broker
    assert conf.broker_transport_options.get("master_name") == master


class _Broken(Celery):
    """An application whose broker does not answer; counts how often it was asked."""

    asked = 0

    def send_task(self, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        raise OperationalError("connection refused")


def test_a_broker_that_did_not_answer_is_asked_again_only_after_a_pause() -> None:
    seconds = [100.0]
    broken = _Broken("tagboat", set_as_current=False)
    queue = CeleryQueue(broken, monotonic=lambda: seconds[0])
    with pytest.raises(Unreachable, match="the message broker cannot be reached: OperationalError"):
        queue.reconcile("shop")
    with pytest.raises(Unreachable, match="it did not answer a moment ago"):
        queue.announce()
    assert broken.asked == 1
    seconds[0] += 5
    with pytest.raises(Unreachable, match="OperationalError"):
        queue.announce()
    assert broken.asked == 2


def test_messages_that_are_lost_come_back_after_longer_than_any_task_takes() -> None:
    conf = celery_application("redis://127.0.0.1:6379/0").conf
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
