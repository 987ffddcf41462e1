"""The store in memory: for tests and for trying things out. Everything is gone with the object.

It keeps values, not their JSON; one lock stands for the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock

from bot.adapters.stores.rules import (
    CLAIM,
    KEEP_DELIVERIES,
    KEEP_NOTICES,
    MOST_UNTOLD,
    Waiting,
    due,
    shows_the_same,
)
from bot.domain.errors import Conflict, NotFound
from bot.domain.notice import Notice
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.record import Record
from bot.domain.status import PipelineStatus
from bot.ports import Delivery, Lease, Outcome, Pending


@dataclass(slots=True)
class _Row:
    """One pipeline, as the `pipelines` table has it."""

    waiting: Waiting = field(default_factory=Waiting)
    queued_at: datetime | None = None
    owner: str | None = None
    fence: int = 0
    record: Record = field(default_factory=Record)
    status: PipelineStatus | None = None


@dataclass(slots=True)
class _Entry:
    """One notice of the outbox; `concluded_at` is set when it was told or given up."""

    notice: Notice
    due_at: datetime
    attempts: int = 0
    begun: bool = False
    claimed_until: datetime | None = None
    concluded_at: datetime | None = None
    error: str = ""

    def is_free(self, now: datetime) -> bool:
        """Whether it may be claimed now."""
        is_claimed = self.claimed_until is not None and self.claimed_until > now
        return self.concluded_at is None and self.due_at <= now and not is_claimed


class MemoryLedger:
    """The port `Ledger` in memory."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._pull_requests: dict[str, dict[int, PullRequest]] = {}

    def add(self, repository: str, pull_request: PullRequest, *, now: datetime) -> PullRequest:
        """Keep it under the next number, or return the open one of its branch."""
        del now
        with self._lock:
            for found in self.of_branch(repository, pull_request.branch):
                if found.state is PullRequestState.OPEN:
                    return found
            numbers = self._pull_requests.setdefault(repository, {})
            numbered = replace(pull_request, number=max(numbers, default=0) + 1)
            numbers[numbered.number] = numbered
            return numbered

    def change(self, repository: str, pull_request: PullRequest) -> None:
        """Write it over the one of the same number; raises `NotFound` when there is none."""
        with self._lock:
            numbers = self._pull_requests.get(repository, {})
            if pull_request.number not in numbers:
                raise NotFound(f"{repository} has no pull request {pull_request.number}")
            others = [found for found in self.of_branch(repository, pull_request.branch) if _is_open(found)]
            if _is_open(pull_request) and any(found.number != pull_request.number for found in others):
                raise Conflict(f"{pull_request.branch} has another open pull request")
            numbers[pull_request.number] = pull_request

    def of_branch(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """All from this branch, newest first."""
        return [found for found in self.of_repository(repository) if found.branch == branch]

    def of_repository(self, repository: str) -> Sequence[PullRequest]:
        """All of the repository, newest first."""
        with self._lock:
            numbers = self._pull_requests.get(repository, {})
            return [numbers[number] for number in sorted(numbers, reverse=True)]


class MemoryStore(MemoryLedger):
    """The ports `Store` and `Ledger` in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._deliveries: dict[tuple[str, str], datetime] = {}
        self._rows: dict[str, _Row] = {}
        self._outbox: dict[tuple[str, str], _Entry] = {}
        self._threads: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._revision = 0

    def receive(self, delivery: Delivery, *, pipelines: Sequence[str], now: datetime) -> bool:
        """Remember the delivery and mark the pipelines as woken; False when it was seen before."""
        with self._lock:
            if (delivery.sender, delivery.key) in self._deliveries:
                return False
            self._deliveries[delivery.sender, delivery.key] = now
            self.wake(pipelines, now=now)
            return True

    def wake(self, pipelines: Sequence[str], *, now: datetime) -> None:
        """Mark pipelines as woken."""
        with self._lock:
            for name in set(pipelines):
                row = self._rows.setdefault(name, _Row())
                row.waiting = replace(row.waiting, wake=row.waiting.wake + 1, woken_at=now)

    def due(self, pipelines: Sequence[str], *, now: datetime, every: timedelta) -> Sequence[str]:
        """Of these, which were woken, whose time has come, or that nobody looked at for `every`."""
        with self._lock:
            waiting = {name: row.waiting for name, row in self._rows.items()}
        return due(pipelines, waiting, now=now, every=every)

    def enqueue(self, pipelines: Sequence[str], *, now: datetime, again: timedelta) -> Sequence[str]:
        """Of these, which have no message on the queue; they are marked as having one."""
        marked = []
        with self._lock:
            for name in dict.fromkeys(pipelines):
                row = self._rows.setdefault(name, _Row())
                if row.queued_at is None or row.queued_at <= now - again:
                    row.queued_at = now
                    marked.append(name)
        return marked

    def lease(self, pipeline: str, *, owner: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Take the pipeline, or None while it is held."""
        with self._lock:
            row = self._rows.setdefault(pipeline, _Row())
            row.queued_at = None
            until = row.waiting.lease_until
            if until is not None and until > now:
                return None
            row.owner, row.fence = owner, row.fence + 1
            row.waiting = replace(row.waiting, lease_until=now + ttl)
            return Lease(pipeline, owner, row.fence, now + ttl, row.waiting.wake)

    def renew(self, lease: Lease, *, now: datetime, ttl: timedelta) -> Lease:
        """Hold it longer; raises `Conflict` when it was lost."""
        with self._lock:
            row = self._held(lease)
            row.waiting = replace(row.waiting, lease_until=now + ttl)
            return replace(lease, until=now + ttl)

    def release(self, lease: Lease) -> None:
        """Give the pipeline back; harmless when the lease was lost."""
        with self._lock:
            row = self._rows.get(lease.pipeline, _Row())
            if (row.owner, row.fence) == (lease.owner, lease.fence):
                row.owner, row.waiting = None, replace(row.waiting, lease_until=None)

    def load(self, pipeline: str) -> Record:
        """What is remembered; an empty record for a pipeline never seen."""
        with self._lock:
            return self._rows.get(pipeline, _Row()).record

    def save(self, lease: Lease, outcome: Outcome, *, notifiers: Sequence[str], now: datetime) -> int:
        """Write the outcome and its new notices, one per notifier; return how many were new."""
        with self._lock:
            row = self._held(lease)
            self._revision += not shows_the_same(row.status, outcome.status)
            row.record = row.record if outcome.record is None else outcome.record
            row.status = outcome.status
            row.waiting = replace(row.waiting, done=lease.seen_wake, wake_at=outcome.wake_at, looked_at=now)
            before = len(self._outbox)
            for notice in outcome.notices:
                for notifier in notifiers:
                    self._outbox.setdefault((notifier, notice.key), _Entry(notice, due_at=now))
            return len(self._outbox) - before

    def board(self) -> Sequence[PipelineStatus]:
        """What people are shown, by pipeline name."""
        with self._lock:
            statuses = [row.status for row in self._rows.values() if row.status is not None]
        return sorted(statuses, key=lambda status: status.name)

    def shown(self, pipeline: str) -> PipelineStatus | None:
        """What people are shown of one pipeline."""
        with self._lock:
            return self._rows.get(pipeline, _Row()).status

    def revision(self) -> int:
        """A number that grows whenever the board changes."""
        return self._revision

    def outbox(self, *, now: datetime, limit: int) -> Sequence[Pending]:
        """The first waiting notice of each thread, where it is due and unclaimed, oldest first."""
        with self._lock:
            heads: dict[tuple[str, str], _Entry] = {}
            for (notifier, _), entry in self._outbox.items():
                if entry.concluded_at is None:
                    heads.setdefault((notifier, entry.notice.thread), entry)
            free = [(place, entry) for place, entry in heads.items() if entry.is_free(now)]
            return [self._pending(notifier, entry) for (notifier, _), entry in free[:limit]]

    def begin_send(self, pending: Pending, *, now: datetime) -> bool:
        """Claim the notice; False when it is claimed, told, or was tried since `pending` was read."""
        with self._lock:
            entry = self._entry(pending)
            if entry is None or not entry.is_free(now):
                return False
            if (entry.attempts, entry.begun) != (pending.attempts, pending.begun):
                return False
            entry.begun, entry.claimed_until = True, now + CLAIM
            return True

    def thread_begun(self, notifier: str, thread: str, message: str, *, now: datetime) -> None:
        """Remember the first message of a thread; the one that was remembered first stays."""
        with self._lock:
            self._threads.setdefault((notifier, thread), (message, now))

    def threads(self, thread: str) -> Mapping[str, str]:
        """The first message of a thread by notifier."""
        with self._lock:
            begun = (
                (notifier, message)
                for (notifier, name), (message, _) in self._threads.items()
                if name == thread
            )
            return dict(begun)

    def sent(self, pending: Pending, *, now: datetime) -> None:
        """The notice was told."""
        with self._lock:
            if entry := self._entry(pending):
                entry.concluded_at, entry.claimed_until = now, None

    def failed(self, pending: Pending, *, error: str, retry_at: datetime | None) -> None:
        """The notice was not told: it waits until `retry_at`, or is given up when that is None."""
        with self._lock:
            entry = self._entry(pending)
            if entry is None or entry.concluded_at is not None or entry.attempts != pending.attempts:
                return
            entry.error = error
            entry.attempts, entry.claimed_until = entry.attempts + 1, None
            if retry_at is None:
                entry.concluded_at = entry.due_at
            else:
                entry.due_at = retry_at

    def untold(self) -> Mapping[str, str]:
        """What keeps the oldest notices from being told, by pipeline."""
        with self._lock:
            waiting = [each for each in self._outbox.values() if each.error and each.concluded_at is None]
        return {each.notice.pipeline: each.error for each in reversed(waiting[:MOST_UNTOLD])}

    def tidy(self, *, now: datetime) -> int:
        """Forget old deliveries, old notices and their threads; return how many went."""
        with self._lock:
            before = len(self._deliveries) + len(self._outbox) + len(self._threads)
            oldest = now - KEEP_DELIVERIES
            self._deliveries = {key: at for key, at in self._deliveries.items() if at >= oldest}
            oldest = now - KEEP_NOTICES
            self._outbox = {
                key: entry
                for key, entry in self._outbox.items()
                if entry.concluded_at is None or entry.concluded_at >= oldest
            }
            alive = {(notifier, entry.notice.thread) for (notifier, _), entry in self._outbox.items()}
            self._threads = {
                place: begun for place, begun in self._threads.items() if place in alive or begun[1] >= oldest
            }
            return before - len(self._deliveries) - len(self._outbox) - len(self._threads)

    def _held(self, lease: Lease) -> _Row:
        row = self._rows.get(lease.pipeline)
        if row is None or (row.owner, row.fence) != (lease.owner, lease.fence):
            raise Conflict(
                f"the lease of {lease.pipeline} was lost",
                why="it ran out and another worker took the pipeline",
            )
        return row

    def _entry(self, pending: Pending) -> _Entry | None:
        return self._outbox.get((pending.notifier, pending.notice.key))

    def _pending(self, notifier: str, entry: _Entry) -> Pending:
        message, _ = self._threads.get((notifier, entry.notice.thread), (None, None))
        return Pending(notifier, entry.notice, entry.attempts, message, entry.begun)


def _is_open(pull_request: PullRequest) -> bool:
    return pull_request.state is PullRequestState.OPEN
