"""What is known of tags when one is chosen, and what choosing gives. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeAlias, overload


@dataclass(frozen=True, slots=True)
class TagDetails:
    """What a registry says of one tag: digest (of the index for several platforms), created time, labels.

    `platforms` are the platforms that the image offers (`linux/amd64`, `linux/arm/v7`). `first_seen` is when
    this digest was first seen, for `min_age`; `refusal` is why the signature gate refuses it, empty where it
    does not, None where it was not asked.
    """

    digest: str
    created: datetime | None = None
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    first_seen: datetime | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A tag whose details could not be read now: the choice waits, and no older tag wins."""

    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One tag and why it was, or was not, chosen."""

    tag: str
    is_chosen: bool
    reason: str


class Verdicts(Sequence[Verdict]):
    """Verdicts that are made when somebody reads them: most of tens of thousands are never read."""

    def __init__(self, make: Callable[[], Iterable[Verdict]]) -> None:
        self._make = make

    @cached_property
    def _all(self) -> tuple[Verdict, ...]:
        return tuple(self._make())

    @overload
    def __getitem__(self, index: int) -> Verdict: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Verdict]: ...

    def __getitem__(self, index: int | slice) -> Verdict | Sequence[Verdict]:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return self._all == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __repr__(self) -> str:
        return f"Verdicts({list(self._all)!r})"


@dataclass(frozen=True, slots=True)
class Choice:
    """The tag to run (None: none), why, and a verdict for every tag that was looked at, best first.

    `is_waiting` says that the answer is "not yet" (something could not be read), not "none".
    `wake_at` is when time alone may change the answer: a `min_age` is reached, or a hold or pin ends.
    """

    tag: str | None
    reason: str
    verdicts: Sequence[Verdict] = ()
    is_waiting: bool = False
    details: TagDetails | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NeedsDetails:
    """The choice cannot be made before these tags' details are read."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NeedsSignature:
    """The choice cannot be made before it is known whether this tag, the best that fits, is signed."""

    tag: str


Needs: TypeAlias = NeedsDetails | NeedsSignature
"""What a choice still needs."""
