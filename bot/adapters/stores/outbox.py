"""The outbox in SQL: what waits to be told, to whom, and in which thread it goes.

A notice is `waiting` until it was `sent` or `given up`. Whoever posts it claims it first; a claim that was
never concluded runs out, and the next worker is told that a post was begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, or_, select, update

from bot.adapters.stores import codec
from bot.adapters.stores.database import Database
from bot.adapters.stores.rules import CLAIM, KEEP_NOTICES, MOST_UNTOLD
from bot.adapters.stores.schema import notices, threads
from bot.domain.errors import Malformed
from bot.domain.notice import Notice
from bot.ports import Pending

_WAITING, _SENT, _GIVEN_UP = "waiting", "sent", "given up"
_LONGEST_ERROR = 1000

_log = structlog.get_logger(__name__)


class SqlOutbox:
    """The part of the store that keeps notices until they are told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def outbox(self, *, now: datetime, limit: int) -> Sequence[Pending]:
        """The first waiting notice of each thread, where it is due and unclaimed, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_due(now).limit(limit)).all()
        return [pending for row in rows if (pending := _pending(row)) is not None]

    def begin_send(self, pending: Pending, *, now: datetime) -> bool:
        """Claim the notice; False when it is claimed, told, or was tried since `pending` was read."""
        claim = (
            update(notices)
            .where(
                _is(pending),
                notices.c.state == _WAITING,
                notices.c.attempts == pending.attempts,
                notices.c.begun == pending.begun,
                _is_free(now),
            )
            .values(claimed_until=now + CLAIM, begun=True)
        )
        with self._database.writing() as connection:
            return connection.execute(claim).rowcount == 1

    def thread_begun(self, notifier: str, thread: str, message: str, *, now: datetime) -> None:
        """Remember the first message of a thread; the one that was remembered first stays."""
        row = {"notifier": notifier, "thread": thread, "message": message, "begun_at": now}
        with self._database.writing() as connection:
            self._database.add(connection, threads, row)

    def threads(self, thread: str) -> Mapping[str, str]:
        """The first message of a thread by notifier."""
        begun = select(threads.c.notifier, threads.c.message).where(threads.c.thread == thread)
        with self._database.reading() as connection:
            return {row.notifier: row.message for row in connection.execute(begun)}

    def sent(self, pending: Pending, *, now: datetime) -> None:
        """The notice was told."""
        told = update(notices).where(_is(pending)).values(state=_SENT, claimed_until=None, concluded_at=now)
        with self._database.writing() as connection:
            connection.execute(told)

    def failed(self, pending: Pending, *, error: str, retry_at: datetime | None) -> None:
        """The notice was not told: it waits until `retry_at`, or is given up when that is None."""
        later = {"due_at": retry_at} if retry_at else {"state": _GIVEN_UP, "concluded_at": notices.c.due_at}
        change = (
            update(notices)
            .where(_is(pending), notices.c.state == _WAITING, notices.c.attempts == pending.attempts)
            .values(
                attempts=pending.attempts + 1,
                claimed_until=None,
                error=codec.legible(error, _LONGEST_ERROR),
                **later,
            )
        )
        with self._database.writing() as connection:
            connection.execute(change)

    def untold(self) -> Mapping[str, str]:
        """What keeps the oldest notices from being told, by pipeline."""
        waiting = (
            select(notices.c.notifier, notices.c.key, notices.c.notice, notices.c.error)
            .where(notices.c.state == _WAITING, notices.c.error != "")
            .order_by(notices.c.id)
            .limit(MOST_UNTOLD)
        )
        with self._database.reading() as connection:
            rows = connection.execute(waiting).all()
        found = ((_notice(row.notifier, row.key, row.notice), row.error) for row in reversed(rows))
        return {notice.pipeline: error for notice, error in found if notice}

    def _put(
        self, connection: Connection, told: Sequence[Notice], notifiers: Sequence[str], now: datetime
    ) -> int:
        rows = [
            {
                "notifier": notifier,
                "key": notice.key,
                "thread": notice.thread,
                "state": _WAITING,
                "begun": False,
                "due_at": now,
                "notice": codec.encode(notice),
            }
            for notice in told
            for notifier in notifiers
        ]
        # One by one: the order of ids is the order in which people read.
        return sum(self._database.add(connection, notices, row) for row in rows)

    def _forget_notices(self, connection: Connection, now: datetime) -> int:
        old = delete(notices).where(notices.c.concluded_at < now - KEEP_NOTICES)
        has_notices = exists().where(
            notices.c.notifier == threads.c.notifier, notices.c.thread == threads.c.thread
        )
        silent = delete(threads).where(threads.c.begun_at < now - KEEP_NOTICES, ~has_notices)
        return connection.execute(old).rowcount + connection.execute(silent).rowcount


def _due(now: datetime) -> Select[tuple[str, str, int, bool, str, str | None]]:
    earlier = notices.alias("earlier")
    is_behind = exists().where(
        earlier.c.notifier == notices.c.notifier,
        earlier.c.thread == notices.c.thread,
        earlier.c.state == _WAITING,
        earlier.c.id < notices.c.id,
    )
    begun = and_(threads.c.notifier == notices.c.notifier, threads.c.thread == notices.c.thread)
    return (
        select(
            notices.c.notifier,
            notices.c.key,
            notices.c.attempts,
            notices.c.begun,
            notices.c.notice,
            threads.c.message,
        )
        .select_from(notices.outerjoin(threads, begun))
        .where(notices.c.state == _WAITING, _is_free(now), ~is_behind)
        .order_by(notices.c.id)
    )


def _notice(notifier: str, key: str, text: str) -> Notice | None:
    try:
        return codec.decode(text, Notice)
    except Malformed as error:
        # A newer release wrote it, and its workers will tell it; ours must not stop for it.
        _log.warning("notice_unreadable", notifier=notifier, key=key, error=str(error))
        return None


def _pending(row: Row[tuple[str, str, int, bool, str, str | None]]) -> Pending | None:
    notice = _notice(row.notifier, row.key, row.notice)
    if notice is None:
        return None
    return Pending(row.notifier, notice, attempts=row.attempts, thread=row.message, begun=row.begun)


def _is(pending: Pending) -> ColumnElement[bool]:
    return and_(notices.c.notifier == pending.notifier, notices.c.key == pending.notice.key)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return and_(
        notices.c.due_at <= now, or_(notices.c.claimed_until.is_(None), notices.c.claimed_until <= now)
    )
