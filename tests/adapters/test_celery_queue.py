"""What the queue tells Celery about each broker."""

from __future__ import annotations

import pytest

from bot.adapters.queues.celery import celery_application


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


def test_messages_that_are_lost_come_back_after_longer_than_any_task_takes() -> None:
    conf = celery_application("redis://127.0.0.1:6379/0").conf
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
