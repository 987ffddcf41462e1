"""The log as a chat: one line per notice, nothing else."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.adapters.notifiers.log import LogNotifier
from bot.ports import Notifier
from tests.kit.stores import notice


def test_every_notice_is_one_line() -> None:
    notifier: Notifier = LogNotifier()
    with structlog.testing.capture_logs() as logs:
        thread = notifier.begin(notice("opened"))
        notifier.reply(thread, notice("opened", text="pull request opened"))
        notifier.revise(thread, notice("opened"))
    assert logs == [
        {
            "event": "notice",
            "log_level": "info",
            "pipeline": "web",
            "environment": "dev",
            "about": "opened",
            "text": "pull request opened",
            "headline": "web: opened",
            "link": "https://git.example.com/acme/infra/pulls/1",
            "thread": "web/1",
        }
    ]


def test_a_notice_without_a_link_says_so() -> None:
    with structlog.testing.capture_logs() as logs:
        LogNotifier().reply("web/1", replace(notice("opened"), link=None))
    assert [entry["link"] for entry in logs] == [None]


def test_a_log_has_no_thread_to_begin_and_cannot_be_searched() -> None:
    notifier = LogNotifier()
    assert notifier.find(notice("a")) == notifier.begin(notice("a")) == "web/1"
    assert not notifier.has_reply("web/1", notice("a"))


def test_nobody_is_led_into_a_log() -> None:
    notifier: Notifier = LogNotifier()
    assert notifier.permalink("web/1") is None
