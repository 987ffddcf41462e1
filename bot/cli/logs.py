"""Logs of the long-running verbs: one line per event on the standard error, every logger through one door.

Lines are JSON where no human watches, readable text where one does. The last step before a line is written
covers secrets, in Tagboat's own events, in those of libraries, and in tracebacks.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.cli.display import clean, clean_block
from bot.cli.masking import Mask, spellings
from bot.cli.options import LogFormat, LogLevel

_OURS = ("bot", "workers")
_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_STEP = 10
"""The distance of two levels: libraries are held one level above Tagboat."""

_NEEDLESS = ("kombu.connection",)
"""Loggers whose warnings say nothing: this one misses a host name of the in-memory queue, which has none."""

_log = structlog.get_logger(__name__)


def set_up(settings: object, *, level: LogLevel, form: LogFormat, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: the standard error), secrets covered.

    Lines of libraries that are below the next higher level are dropped: a worker would otherwise write two
    lines for every tick of the schedule.
    """
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(Mask(spellings(settings)), _is_json(form, out), out))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[level] + _STEP)
    for name in _OURS:
        logging.getLogger(name).setLevel(_LEVELS[level])
    for name in _NEEDLESS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_described(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def keep_celery_out() -> None:
    """Keep Celery from setting up logs of its own, which it leaves to whoever listens to this signal."""
    from celery.signals import setup_logging

    setup_logging.connect(_celery_may_not, weak=False)


def tell_address(url: str) -> None:
    """Log where the page is, once it answers."""
    _log.info("ready", url=url)


def _celery_may_not(**_: Any) -> None:
    """Being connected is all that it takes."""


def _is_json(form: LogFormat, stream: TextIO) -> bool:
    return form is LogFormat.JSON or (form is LogFormat.AUTO and not stream.isatty())


def _described() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(mask: Mask, is_json: bool, stream: TextIO) -> structlog.stdlib.ProcessorFormatter:
    has_colours = stream.isatty() and not os.environ.get("NO_COLOR")
    ending: list[Processor] = (
        [structlog.processors.JSONRenderer()]
        if is_json
        else [_harmless, structlog.dev.ConsoleRenderer(colors=has_colours, sort_keys=False)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_described(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _Covering(mask),
            *ending,
        ],
    )


class _Covering:
    """The step that covers secrets: after everything has become text, before anything is written."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        del logger, name
        return {key: self._mask.value(each) for key, each in event.items()}


def _harmless(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Texts for a terminal: nothing in a value may steer it, and a traceback keeps its lines."""
    del logger, name
    return {key: _seen(key, each) if isinstance(each, str) else each for key, each in event.items()}


def _seen(key: str, text: str) -> str:
    return clean_block(text) if key in {"exception", "stack"} else clean(text)
