"""What is remembered of pipelines between two reconciles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.domain.notice import Notice
from bot.domain.record import Record
from bot.domain.status import PipelineStatus


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authenticated webhook delivery, as it is remembered: `key` makes a repeat recognisable."""

    sender: str
    key: str
    facts: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to reconcile one pipeline until `until`; `fence` grows with every lease given."""

    pipeline: str
    owner: str
    fence: int
    until: datetime
    seen_wake: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reconcile leaves behind: memory, what is shown, what is told, when to look next.

    `record` None leaves what is remembered as it is: nothing was learned, or it could not even be read.
    """

    record: Record | None
    status: PipelineStatus
    notices: Sequence[Notice] = ()
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A notice that waits for one notifier; `attempts` counts the failures so far."""

    notifier: str
    notice: Notice
    attempts: int
    thread: str | None
    begun: bool
    """Whether a post was tried before, so that it may stand there already: look before posting again."""


class Store(Protocol):
    """The truth between two reconciles. Every method is one transaction."""

    def receive(self, delivery: Delivery, *, pipelines: Sequence[str], now: datetime) -> bool:
        """Remember the delivery and mark the pipelines as woken; False when it was seen before."""
        ...

    def wake(self, pipelines: Sequence[str], *, now: datetime) -> None:
        """Mark pipelines as woken."""
        ...

    def due(self, pipelines: Sequence[str], *, now: datetime, every: timedelta) -> Sequence[str]:
        """Of these, which were woken, whose time has come, or that nobody looked at for `every`.

        Pipelines that are leased now are left out.
        """
        ...

    def enqueue(self, pipelines: Sequence[str], *, now: datetime, again: timedelta) -> Sequence[str]:
        """Of these, which have no message on the queue; from now on they have one.

        It counts until somebody asks for the lease, or for `again`, after which it may be lost.
        """
        ...

    def lease(self, pipeline: str, *, owner: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Take the pipeline, or None while somebody else holds it."""
        ...

    def renew(self, lease: Lease, *, now: datetime, ttl: timedelta) -> Lease:
        """Hold it longer; raises `Conflict` when it was lost."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the pipeline back; harmless when the lease was lost."""
        ...

    def load(self, pipeline: str) -> Record:
        """What is remembered; an empty record for a pipeline never seen."""
        ...

    def save(self, lease: Lease, outcome: Outcome, *, notifiers: Sequence[str], now: datetime) -> int:
        """Write the outcome and put its new notices into the outbox of each notifier; return how many.

        A notice whose key is known is not told again. Raises `Conflict` when the lease was lost.
        """
        ...

    def board(self) -> Sequence[PipelineStatus]:
        """What people are shown, by pipeline name."""
        ...

    def shown(self, pipeline: str) -> PipelineStatus | None:
        """What people are shown of one pipeline; None before the first look."""
        ...

    def revision(self) -> int:
        """A number that grows whenever the board changes."""
        ...

    def outbox(self, *, now: datetime, limit: int) -> Sequence[Pending]:
        """Notices that are due, oldest first; a thread's notices come in order, and only its first ones."""
        ...

    def begin_send(self, pending: Pending, *, now: datetime) -> bool:
        """Claim a notice before posting it; False when another worker has it."""
        ...

    def thread_begun(self, notifier: str, thread: str, message: str, *, now: datetime) -> None:
        """Remember the first message of a thread before anything else is posted."""
        ...

    def threads(self, thread: str) -> Mapping[str, str]:
        """The first message of a thread by notifier; those that have not begun it are left out."""
        ...

    def sent(self, pending: Pending, *, now: datetime) -> None:
        """The notice was told."""
        ...

    def failed(self, pending: Pending, *, error: str, retry_at: datetime | None) -> None:
        """The notice was not told; None means: never try again."""
        ...

    def untold(self) -> Mapping[str, str]:
        """By pipeline, what keeps its oldest notice that waits for another try from being told."""
        ...

    def tidy(self, *, now: datetime) -> int:
        """Forget deliveries and notices too old to matter; return how many rows went."""
        ...
