"""What a host with reviews, checks and a merge of its own adds to the memory twin, with the hands for it."""

from __future__ import annotations

from abc import ABC
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.adapters.forges.history import History
from bot.adapters.forges.identity import Identity
from bot.adapters.forges.ledger_forge import LedgerForge
from bot.domain.errors import Conflict, Refused
from bot.domain.people.consent import Arming, Check, CheckState, Opinion, Review
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.ports import Clock, Ledger


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the host was asked to do once it may; `refusal` is why it will not, for this very head."""

    options: MergeOptions
    refusal: str = ""


class MemoryHost(LedgerForge, ABC):
    """The port `Forge` with a host that is kept in memory."""

    def __init__(self, *, ledger: Ledger, clock: Clock, identity: Identity) -> None:
        super().__init__(ledger=ledger, clock=clock, identity=identity)
        self._reviews: dict[tuple[str, int], dict[str, Review]] = defaultdict(dict)
        self._checks: dict[tuple[str, str], dict[str, Check]] = defaultdict(dict)
        self._asked: dict[tuple[str, int], _Asked] = {}

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer."""
        self.pull_request(repository, number)
        return tuple(self._reviews[repository, number].values())

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of each check."""
        super().checks(repository, commit)  # raises for a commit that is not there
        return tuple(self._checks[repository, commit].values())

    def arming(self, repository: str, number: int) -> Arming:
        """Whether the host was asked."""
        pull = self.pull_request(repository, number)
        asked = self._asked.get((repository, number))
        if asked is None or pull.state is not PullRequestState.OPEN:
            return Arming()
        if asked.refusal:
            return Arming(refusal=asked.refusal if asked.options.expected_head == pull.head else "")
        return Arming(waits="the host merges it once its rules allow")

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Ask the host; it waits for `merge_by_host`."""
        pull = self.pull_request(repository, number)
        if pull.state is PullRequestState.CLOSED:
            raise Refused(f"pull request {number} of {repository} is closed", fix="open a new one")
        if pull.head != options.expected_head:
            raise Conflict(f"branch {pull.branch} of {repository} was moved after it was judged")
        if pull.state is PullRequestState.OPEN and not self.arming(repository, number).is_armed:
            self._asked[repository, number] = _Asked(options)

    def disarm(self, repository: str, number: int) -> None:
        """Take it back."""
        self.pull_request(repository, number)
        self._asked.pop((repository, number), None)

    def _present(self, history: History, repository: str, kept: PullRequest) -> PullRequest:
        pull = super()._present(history, repository, kept)
        asked = self._asked.get((repository, kept.number))
        is_open = pull.state is PullRequestState.OPEN
        return replace(pull, is_armed=is_open and asked is not None and not asked.refusal)

    def review_by_human(
        self,
        repository: str,
        number: int,
        opinion: Opinion,
        *,
        by: str = "ada",
        may_write: bool = True,
    ) -> None:
        """Approve a pull request as it stands, or ask for changes."""
        head = self.pull_request(repository, number).head
        self._reviews[repository, number][by] = Review(by, opinion, head, may_write=may_write)

    def report_by_check(self, repository: str, commit: str, name: str, state: CheckState) -> None:
        """Say how a check of a commit stands."""
        self._checks[repository, commit][name] = Check(name, state)

    def merge_by_host(self, repository: str, number: int) -> str:
        """The host does what it was asked to; return the commit. KeyError when nobody asked."""
        asked = self._asked.pop((repository, number))
        head = self.pull_request(repository, number).head
        return self.merge(repository, number, replace(asked.options, expected_head=head))

    def refuse_by_host(self, repository: str, number: int, reason: str) -> None:
        """The host, or a human there, takes back what was asked for the head as it stands."""
        head = self.pull_request(repository, number).head
        self._asked[repository, number] = _Asked(MergeOptions(expected_head=head, message=""), reason)
