"""The store on SQLite or PostgreSQL: deliveries, wakes, leases, records and the board.

The outbox (`outbox.py`) and the ledger (`ledger.py`) are parts of the same object and the same database;
the catalog (`catalog.py`), the budget (`budget.py`) and what people told (`orders.py`) are objects of their
own on this database.
Wakes are counted: a lease remembers the count that it saw, and only so many are served when the outcome is
saved, so that an event that came in between is never lost. A save checks owner and fence of the lease in
the very statement that writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Insert, and_, delete, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from bot.adapters.stores import codec
from bot.adapters.stores.budget import SqlBudget
from bot.adapters.stores.catalog import SqlCatalog
from bot.adapters.stores.database import Database, groups
from bot.adapters.stores.group import Group
from bot.adapters.stores.ledger import SqlLedger
from bot.adapters.stores.migrations import migrate
from bot.adapters.stores.orders import SqlOrders
from bot.adapters.stores.outbox import SqlOutbox
from bot.adapters.stores.rules import KEEP_DELIVERIES, Waiting, due, shows_the_same
from bot.adapters.stores.schema import counters, deliveries
from bot.adapters.stores.schema import pipelines as _pipelines
from bot.domain.errors import Conflict, Malformed
from bot.domain.record import Record
from bot.domain.status import PipelineStatus
from bot.ports import Delivery, Lease, Outcome

_BOARD = "board"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival:
    """One delivery as its row, and the pipelines that it wakes."""

    row: Mapping[str, Any]
    pipelines: Collection[str]

    @property
    def key(self) -> tuple[str, str]:
        """What makes a repeat recognisable."""
        return self.row["sender"], self.row["key"]


class SqlStore(SqlOutbox, SqlLedger):
    """The ports `Store` and `Ledger` on one database, whose tables it brings up to date when it is made.

    `url` is `sqlite:///path`, `sqlite://` (in memory, gone with the object) or `postgresql://…`.

    Raises:
        TagboatError: the URL cannot be understood, or the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        super().__init__(Database(url))
        migrate(self._database)
        self.catalog = SqlCatalog(self._database)
        self.budget = SqlBudget(self._database)
        self.orders = SqlOrders(self._database)
        self._receiving = Group(self._receive)
        # Built once: that costs more than to execute them.
        self._store_new = _store_new(self._database)
        self._count_wakes = _count_wakes(self._database)

    def __repr__(self) -> str:
        return f"SqlStore({self._database.name})"

    def close(self) -> None:
        """Close the connections; the object opens new ones when it is used again."""
        self._database.close()

    def receive(self, delivery: Delivery, *, pipelines: Sequence[str], now: datetime) -> bool:
        """Remember the delivery and mark the pipelines as woken; False when it was seen before."""
        row = {
            "sender": delivery.sender,
            "key": codec.compact(delivery.key),
            "received_at": now,
            "facts": codec.encode(delivery.facts),
        }
        return self._receiving.do(_Arrival(row, frozenset(pipelines)))

    def wake(self, pipelines: Sequence[str], *, now: datetime) -> None:
        """Mark pipelines as woken."""
        if not pipelines:
            return
        with self._database.writing() as connection:
            self._wake(connection, Counter(set(pipelines)), now)

    def due(self, pipelines: Sequence[str], *, now: datetime, every: timedelta) -> Sequence[str]:
        """Of these, which were woken, whose time has come, or that nobody looked at for `every`."""
        with self._database.reading() as connection:
            waiting = dict(_waiting(connection, pipelines))
        return due(pipelines, waiting, now=now, every=every)

    def enqueue(self, pipelines: Sequence[str], *, now: datetime, again: timedelta) -> Sequence[str]:
        """Of these, which have no message on the queue; they are marked as having one."""
        names = sorted(set(pipelines))
        has_none = or_(_pipelines.c.queued_at.is_(None), _pipelines.c.queued_at <= now - again)
        marked: set[str] = set()
        with self._database.writing() as connection:
            for group in groups(names):
                self._database.add_all(connection, _pipelines, [{"name": name} for name in group])
                mark = update(_pipelines).where(_pipelines.c.name.in_(group), has_none)
                marked.update(connection.scalars(mark.values(queued_at=now).returning(_pipelines.c.name)))
        return [name for name in dict.fromkeys(pipelines) if name in marked]

    def lease(self, pipeline: str, *, owner: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Take the pipeline, or None while it is held."""
        is_free = or_(_pipelines.c.lease_until.is_(None), _pipelines.c.lease_until <= now)
        take = (
            update(_pipelines)
            .where(_pipelines.c.name == pipeline, is_free)
            .values(lease_owner=owner, lease_until=now + ttl, lease_fence=_pipelines.c.lease_fence + 1)
            .returning(_pipelines.c.lease_fence, _pipelines.c.wake_seq)
        )
        # Whoever asks has taken the message, also when the pipeline is held: another may be sent.
        take_message = update(_pipelines).where(_pipelines.c.name == pipeline).values(queued_at=None)
        with self._database.writing() as connection:
            self._database.add(connection, _pipelines, {"name": pipeline})
            connection.execute(take_message)
            row = connection.execute(take).one_or_none()
        if row is None:
            return None
        fence, wake = row
        return Lease(pipeline=pipeline, owner=owner, fence=fence, until=now + ttl, seen_wake=wake)

    def renew(self, lease: Lease, *, now: datetime, ttl: timedelta) -> Lease:
        """Hold it longer; raises `Conflict` when it was lost."""
        with self._database.writing() as connection:
            longer = update(_pipelines).where(_is_held(lease)).values(lease_until=now + ttl)
            if connection.execute(longer).rowcount == 0:
                raise _lost(lease)
        return Lease(lease.pipeline, lease.owner, lease.fence, now + ttl, lease.seen_wake)

    def release(self, lease: Lease) -> None:
        """Give the pipeline back; harmless when the lease was lost."""
        with self._database.writing() as connection:
            free = update(_pipelines).where(_is_held(lease)).values(lease_owner=None, lease_until=None)
            connection.execute(free)

    def load(self, pipeline: str) -> Record:
        """What is remembered; an empty record for a pipeline never seen."""
        with self._database.reading() as connection:
            text = connection.scalar(select(_pipelines.c.record).where(_pipelines.c.name == pipeline))
        return codec.decode(text, Record) if text else Record()

    def save(self, lease: Lease, outcome: Outcome, *, notifiers: Sequence[str], now: datetime) -> int:
        """Write the outcome and its new notices, one per notifier; return how many were new."""
        values: dict[str, object] = {
            "status": codec.encode(outcome.status),
            "wake_at": outcome.wake_at,
            "looked_at": now,
            "done_seq": lease.seen_wake,
        }
        if outcome.record is not None:
            values["record"] = codec.encode(outcome.record)
        before = select(_pipelines.c.status).where(_is_held(lease)).with_for_update()
        with self._database.writing() as connection:
            row = connection.execute(before).one_or_none()
            if row is None:
                raise _lost(lease)
            connection.execute(update(_pipelines).where(_is_held(lease)).values(values))
            if not shows_the_same(_status(lease.pipeline, row.status), outcome.status):
                self._bump(connection)
            return self._put(connection, outcome.notices, notifiers, now)

    def board(self) -> Sequence[PipelineStatus]:
        """What people are shown, by pipeline name; one that cannot be read says so in its place."""
        query = select(_pipelines.c.name, _pipelines.c.status).where(_pipelines.c.status.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        statuses = [_status(name, text) for name, text in rows]
        return sorted((status for status in statuses if status), key=lambda status: status.name)

    def shown(self, pipeline: str) -> PipelineStatus | None:
        """What people are shown of one pipeline; one that cannot be read says so."""
        with self._database.reading() as connection:
            text = connection.scalar(select(_pipelines.c.status).where(_pipelines.c.name == pipeline))
        return _status(pipeline, text)

    def revision(self) -> int:
        """A number that grows whenever the board changes."""
        with self._database.reading() as connection:
            return connection.scalar(select(counters.c.value).where(counters.c.name == _BOARD)) or 0

    def tidy(self, *, now: datetime) -> int:
        """Forget old deliveries, old notices and their threads; return how many rows went."""
        old = delete(deliveries).where(deliveries.c.received_at < now - KEEP_DELIVERIES)
        with self._database.writing() as connection:
            return connection.execute(old).rowcount + self._forget_notices(connection, now)

    def _receive(self, arrivals: Sequence[_Arrival]) -> Sequence[bool]:
        """Store what arrived together in one transaction; tell of each whether it is new."""
        firsts: dict[tuple[str, str], _Arrival] = {}
        for arrival in arrivals:
            firsts.setdefault(arrival.key, arrival)
        # Sorted, as below: two transactions with the same keys then wait for each other in one order.
        rows = [firsts[key].row for key in sorted(firsts)]
        with self._database.writing() as connection:
            stored = connection.execute(self._store_new, rows)
            new = {firsts[row.sender, row.key] for row in stored}
            woken = Counter(name for arrival in new for name in arrival.pipelines)
            self._wake(connection, woken, max(arrival.row["received_at"] for arrival in arrivals))
        return [arrival in new for arrival in arrivals]

    def _wake(self, connection: Connection, times: Mapping[str, int], now: datetime) -> None:
        # Sorted: two transactions that wake the same pipelines then wait for each other in one order.
        rows = [{"name": name, "wake_seq": times[name], "woken_at": now} for name in sorted(times)]
        if rows:
            connection.execute(self._count_wakes, rows)

    def _bump(self, connection: Connection) -> None:
        upsert = self._database.insert(counters).on_conflict_do_update(
            index_elements=["name"], set_={"value": counters.c.value + 1}
        )
        connection.execute(upsert, {"name": _BOARD, "value": 1})


def _store_new(database: Database) -> ReturningInsert[tuple[str, str]]:
    """Insert deliveries, and return the keys of those that were not there."""
    return (
        database.insert(deliveries).on_conflict_do_nothing().returning(deliveries.c.sender, deliveries.c.key)
    )


def _count_wakes(database: Database) -> Insert:
    """Add wakes to those of the pipelines."""
    insert = database.insert(_pipelines)
    more = _pipelines.c.wake_seq + insert.excluded.wake_seq
    change = {"wake_seq": more, "woken_at": insert.excluded.woken_at}
    return insert.on_conflict_do_update(index_elements=["name"], set_=change)


def _waiting(connection: Connection, names: Sequence[str]) -> Iterator[tuple[str, Waiting]]:
    table = _pipelines.c
    columns = (table.wake_seq, table.done_seq, table.woken_at, table.wake_at, table.looked_at)
    query = select(table.name, *columns, table.lease_until)
    for group in groups(names):
        for name, *values in connection.execute(query.where(table.name.in_(group))):
            yield name, Waiting(*values)


def _is_held(lease: Lease) -> ColumnElement[bool]:
    return and_(
        _pipelines.c.name == lease.pipeline,
        _pipelines.c.lease_owner == lease.owner,
        _pipelines.c.lease_fence == lease.fence,
    )


def _status(name: str, text: str | None) -> PipelineStatus | None:
    if text is None:
        return None
    try:
        return codec.decode(text, PipelineStatus)
    except Malformed as error:
        return PipelineStatus(name=name, repository="", environments=(), problem=str(error))


def _lost(lease: Lease) -> Conflict:
    return Conflict(
        f"the lease of {lease.pipeline} was lost", why="it ran out and another worker took the pipeline"
    )
