"""Logs of the long-running verbs: every logger, one line per event, no secret, nothing that steers."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from bot.cli import logs
from bot.cli.options import LogFormat, LogLevel

CANARY = "canary-5f2a"


@dataclass(frozen=True)
class _Settings:
    token: SecretStr = field(default_factory=lambda: SecretStr(CANARY))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _started(
    stream: io.StringIO, level: LogLevel = LogLevel.INFO, form: LogFormat = LogFormat.AUTO
) -> io.StringIO:
    logs.set_up(_Settings(), level=level, form=form, stream=stream)
    return stream


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_where_nobody_watches() -> None:
    stream = _started(io.StringIO())
    with structlog.contextvars.bound_contextvars(pipeline="shop"):
        structlog.get_logger("bot.flow.act").info("action_done", action="merge", number=7)
    (line,) = _lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "action_done",
        "action": "merge",
        "number": 7,
        "pipeline": "shop",
        "logger": "bot.flow.act",
        "level": "info",
    }


@pytest.mark.parametrize(
    ("stream", "form", "is_json"),
    [
        (io.StringIO, LogFormat.AUTO, True),
        (_Terminal, LogFormat.AUTO, False),
        (io.StringIO, LogFormat.TEXT, False),
        (_Terminal, LogFormat.JSON, True),
    ],
    ids=["auto in a pipe", "auto on a terminal", "text asked for", "json asked for"],
)
def test_the_form_follows_who_reads(
    stream: Callable[[], io.StringIO], form: LogFormat, is_json: bool
) -> None:
    out = _started(stream(), form=form)
    structlog.get_logger("bot.cli").info("ready")
    assert out.getvalue().startswith("{") is is_json
    assert "ready" in out.getvalue()


@pytest.mark.parametrize(("no_color", "has_colour"), [("", True), ("1", False)], ids=["colours", "NO_COLOR"])
def test_text_has_colours_unless_asked_for_none(
    monkeypatch: pytest.MonkeyPatch, no_color: str, has_colour: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    out = _started(_Terminal())
    structlog.get_logger("bot.cli").info("ready")
    assert ("\x1b[" in out.getvalue()) is has_colour


def _by_event() -> None:
    structlog.get_logger("bot.web").info(f"event {CANARY}", url=f"https://x:{CANARY}@host", nested=[CANARY])


def _by_library() -> None:
    logging.getLogger("urllib3.connectionpool").warning("retry with %s", CANARY)


def _by_traceback() -> None:
    try:
        raise ValueError(f"token {CANARY}")
    except ValueError:
        structlog.get_logger("bot.flow").exception("broke")


def _by_traceback_of_a_library() -> None:
    try:
        raise ValueError(f"token {CANARY}")
    except ValueError:
        logging.getLogger("celery").exception("broke")


def _by_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"about {CANARY}", stacklevel=1)


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.TEXT])
@pytest.mark.parametrize(
    "write", [_by_event, _by_library, _by_traceback, _by_traceback_of_a_library, _by_warning]
)
def test_no_secret_is_written(write: Callable[[], None], form: LogFormat) -> None:
    stream = _started(io.StringIO(), form=form)
    write()
    assert "***" in stream.getvalue()
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        (LogLevel.DEBUG, ["debug", "info", "warning", "error"], ["info", "warning", "error"]),
        (LogLevel.INFO, ["info", "warning", "error"], ["warning", "error"]),
        (LogLevel.WARNING, ["warning", "error"], ["error"]),
        (LogLevel.ERROR, ["error"], []),
    ],
)
def test_libraries_are_one_level_quieter(level: LogLevel, ours: list[str], theirs: list[str]) -> None:
    stream = _started(io.StringIO(), level=level)
    for each in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger("bot.flow"), each)("x")
        getattr(logging.getLogger("celery.worker"), each)("x")
    seen = _lines(stream)
    assert [line["level"] for line in seen if line["logger"] == "bot.flow"] == ours
    assert [line["level"] for line in seen if line["logger"] == "celery.worker"] == theirs


def test_a_value_cannot_steer_the_terminal_or_forge_a_line() -> None:
    stream = _started(io.StringIO(), form=LogFormat.TEXT)
    structlog.get_logger("bot.flow").info("received", tag="x\n2026 [info] all is well\x1b[2J")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_a_traceback_keeps_its_lines_but_not_its_controls() -> None:
    stream = _started(io.StringIO(), form=LogFormat.TEXT)
    try:
        raise ValueError("bad \x1b[2J")
    except ValueError:
        structlog.get_logger("bot.flow").exception("broke")
    assert "Traceback" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) > 3
    assert "\x1b" not in stream.getvalue()


def test_celery_leaves_the_logs_alone() -> None:
    from celery import Celery
    from celery.signals import setup_logging

    stream = _started(io.StringIO())
    handlers, receivers = list(logging.getLogger().handlers), list(setup_logging.receivers)
    logs.keep_celery_out()
    try:
        Celery("test", broker="memory://", set_as_current=False).log.setup(loglevel=logging.DEBUG)
        assert logging.getLogger().handlers == handlers
        logging.getLogger("celery.worker").info("too quiet to be seen")
        assert stream.getvalue() == ""
    finally:
        setup_logging.receivers = receivers


def test_the_address_is_told() -> None:
    stream = _started(io.StringIO())
    logs.tell_address("http://127.0.0.1:8080")
    (line,) = _lines(stream)
    assert (line["event"], line["url"]) == ("ready", "http://127.0.0.1:8080")
