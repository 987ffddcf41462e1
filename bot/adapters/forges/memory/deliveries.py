"""The memory twin of what a Git host remembers of its webhook deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.errors import Denied, Refused
from bot.ports import Attempt, Clock


class MemoryDeliveries:
    """Port `Redeliveries` in memory: one webhook for each repository that was named to `deliver`.

    While `is_up`, what is sent again arrives. `hides` has the repositories whose webhooks may not be seen.
    """

    def __init__(self, clock: Clock) -> None:
        self.is_up = True
        self.hides: set[str] = set()
        self._clock = clock
        self._tries: dict[str, list[Attempt]] = {}
        self._numbers = 0

    def deliver(self, repository: str, delivery: str) -> None:
        """Make a delivery, as the host does when something happens: once."""
        self._try(repository, delivery)

    def hooks(self, repository: str) -> Sequence[str]:
        """The one webhook of the repository, if it has one."""
        self._check(repository)
        return [repository] if repository in self._tries else []

    def attempts(self, hook: str, *, since: datetime) -> Sequence[Attempt]:
        """The tries that were made at `since` or later, newest first."""
        self._check(hook)
        return [attempt for attempt in reversed(self._tries[hook]) if attempt.at >= since]

    def send_again(self, hook: str, attempt: Attempt) -> None:
        """Make the delivery once more; `Refused` for a try that is not known."""
        self._check(hook)
        if attempt not in self._tries[hook]:
            raise Refused(f"the host knows no delivery {attempt.number}")
        self._try(hook, attempt.delivery)

    def _try(self, repository: str, delivery: str) -> None:
        self._numbers += 1
        made = Attempt(self._numbers, delivery, self._clock.now(), self.is_up)
        self._tries.setdefault(repository, []).append(made)

    def _check(self, repository: str) -> None:
        if repository in self.hides:
            raise Denied(f"the webhooks of {repository} may not be seen")
