"""Announce: carry the notices of the outbox to the people who wait for them.

A notice is claimed, its thread is begun where it is new, the line is added, the headline is brought up to
date, and only then is it marked as told. After any try that did not end, the other side is looked at before
anything is posted again, so that a crash or a lost answer leaves no second line. Nothing here waits: what
fails is put back with the time of its next try.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import Denied, NotFound, Permanent, TagboatError, Transient
from bot.ports import Clock, Notifier, Pending, Store

FIRST_PAUSE = timedelta(seconds=5)
"""The pause after the first failure; each further one doubles it."""

LONGEST_PAUSE = timedelta(minutes=10)
"""No pause is longer, unless the other side asks for more."""

MOST_ATTEMPTS = 150
"""After so many failures a notice is given up: about a day, when nobody wants the news any more."""

_LONGEST_WISH = timedelta(hours=1)
_log = structlog.get_logger(__name__)


def announce(store: Store, notifiers: Mapping[str, Notifier], clock: Clock, limit: int) -> int:
    """Try to tell up to `limit` notices; return how many were told.

    Raises:
        TagboatError: the store cannot be used. Faults of a notifier never come out: they are put down with
            the notice and logged, and hold up nothing but its own thread.
    """
    told = tried = 0
    while tried < limit and (waiting := store.outbox(now=clock.now(), limit=limit - tried)):
        tried += len(waiting)
        told += sum(_announce(store, notifiers.get(pending.notifier), clock, pending) for pending in waiting)
    return told


def pause(attempts: int, wish: timedelta | None = None) -> timedelta:
    """How long to wait after so many failures; no less than the other side asked for, up to an hour."""
    doubled = min(FIRST_PAUSE * (1 << min(attempts, 20)), LONGEST_PAUSE)
    return max(doubled, min(wish or timedelta(0), _LONGEST_WISH))


def _announce(store: Store, notifier: Notifier | None, clock: Clock, pending: Pending) -> bool:
    if not store.begin_send(pending, now=clock.now()):
        return False
    if notifier is None:
        # Workers with an older or newer configuration may know it: not a reason to give up at once.
        _put_back(store, pending, clock.now(), Transient(f"no notifier {pending.notifier} is configured"))
        return False
    try:
        thread = _thread(store, notifier, clock, pending)
        _tell(notifier, thread, pending)
    except (Transient, Denied, NotFound) as error:
        # A token or a channel that a human puts right: the news waits for that, and is not lost.
        _put_back(store, pending, clock.now(), error)
        return False
    except Permanent as error:
        _give_up(store, pending, error)
        return False
    except Exception as error:  # noqa: BLE001 - a fault of ours must not silence the others
        _log.exception("notice_broke", **_names(pending))
        _put_back(store, pending, clock.now(), Transient("the notifier broke", why=type(error).__name__))
        return False
    store.sent(pending, now=clock.now())
    _log.info("notice_told", **_names(pending))
    return True


def _thread(store: Store, notifier: Notifier, clock: Clock, pending: Pending) -> str:
    if pending.thread is not None:
        return pending.thread
    found = notifier.find(pending.notice) if pending.begun else None
    thread = found or notifier.begin(pending.notice)
    store.thread_begun(pending.notifier, pending.notice.thread, thread, now=clock.now())
    return thread


def _tell(notifier: Notifier, thread: str, pending: Pending) -> None:
    if not (pending.begun and notifier.has_reply(thread, pending.notice)):
        notifier.reply(thread, pending.notice)
    notifier.revise(thread, pending.notice)


def _put_back(store: Store, pending: Pending, now: datetime, error: TagboatError) -> None:
    if pending.attempts + 1 >= MOST_ATTEMPTS:
        _give_up(store, pending, error)
        return
    wish = error.retry_after if isinstance(error, Transient) else None
    retry_at = now + pause(pending.attempts, wish)
    store.failed(pending, error=str(error), retry_at=retry_at)
    _log.warning("notice_delayed", error=str(error), retry_at=retry_at.isoformat(), **_names(pending))


def _give_up(store: Store, pending: Pending, error: TagboatError) -> None:
    store.failed(pending, error=str(error), retry_at=None)
    _log.error("notice_given_up", error=str(error), **_names(pending))


def _names(pending: Pending) -> Mapping[str, str]:
    notice = pending.notice
    return {
        "notifier": pending.notifier,
        "pipeline": notice.pipeline,
        "environment": notice.environment,
        "key": notice.key,
    }
