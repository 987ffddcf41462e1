"""What is known of a branch's older pull requests, where a host was asked for the newest ones alone.

A branch that is written again for every release has hundreds of them in time, and all but the newest ended
long ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.cache import Cache
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_KEPT = 20_000
"""Pull requests of all branches together."""


@dataclass(frozen=True, slots=True)
class _Known:
    """All of a branch, newest first, as they were when the repository's newest one had that number."""

    pulls: tuple[PullRequest, ...]
    newest: int


class OlderPulls:
    """All pull requests of branches, as they were told last. Safe between threads."""

    def __init__(self) -> None:
        self._known: Cache[tuple[str, str], _Known] = Cache(_KEPT)

    def keep(self, repository: str, branch: str, pulls: Sequence[PullRequest], *, newest: int = 0) -> None:
        """Remember all that there ever were of the branch, newest first.

        `newest` is the number of one in the repository that was there by then; none of the branch that is
        missing here has that number or a smaller one.
        """
        newest = max([newest, *(pull.number for pull in pulls)])
        self._known.put((repository, branch), _Known(tuple(pulls), newest), weight=len(pulls) + 1)

    def completed(
        self, repository: str, branch: str, newer: Sequence[PullRequest], *, oldest: int
    ) -> Sequence[PullRequest] | None:
        """All of the branch, of which `newer` are those whose numbers are `oldest` or more; None if unsure.

        What had ended is taken for ended still. Where one is missing that was there, another repository has
        the name by now.
        """
        known = self._known.get((repository, branch))
        if known is None or known.newest < oldest - 1:
            return None
        told = {pull.number for pull in newer}
        if any(pull.number >= oldest and pull.number not in told for pull in known.pulls):
            return None
        older = [pull for pull in known.pulls if pull.number < oldest]
        if any(pull.state is PullRequestState.OPEN for pull in older):
            return None
        return (*newer, *older)
