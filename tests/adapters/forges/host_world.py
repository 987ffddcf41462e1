"""What the tests of every Git host share: a fake with one repository, a forge over it, and one proposal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bot.domain.errors import TagboatError, Transient
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest
from bot.ports import Forge
from tests.fakes.git_host import HostedRepository
from tests.fakes.http_host import Answer, Cut, Fault
from tests.fakes.served import Served

DEV = "envs/dev/values.yaml"
BRANCH = "tagboat/homepage/dev"
PROPOSAL = Proposal(
    branch=BRANCH,
    files=((DEV, b"tag: 2.0.0\n"),),
    message="homepage: 1.0.0 → 2.0.0 in dev",
    title="homepage 2.0.0 in dev",
    body=f"Moves homepage.\n\n{Mark('0123456789ab').text}",
)
FAULTS: dict[str, Fault] = {
    "502 before": Answer(502, {"message": "502 Bad Gateway"}),
    "502 after": Answer(502, {"message": "502 Bad Gateway"}, after=True),
    "cut before": Cut(),
    "cut after": Cut(after=True),
}
"""How a host fails: before the work is done, or after it, when nobody hears of it."""

_MOST_TRIES = 4


class HostForge(Forge, Protocol):
    """A forge with connections."""

    def disconnect(self) -> None:
        """Close them."""


F = TypeVar("F", bound=HostForge)
K = TypeVar("K", bound=Served)


@dataclass
class HostWorld(Generic[F, K]):
    """A repository on a fake host, and the forge; `anew` builds one that remembers nothing."""

    repository: str
    hosted: HostedRepository
    forge: F
    anew: Callable[..., F]
    fake: K

    def write(self, proposal: Proposal = PROPOSAL) -> str:
        """Write onto the branch as it stands, from `main` as it stands."""
        expected = self.hosted.git.branch(proposal.branch)
        base = self.hosted.git.branch("main") or ""
        return self.forge.write(self.repository, proposal, base=base, expected=expected)

    def open(self, proposal: Proposal = PROPOSAL) -> PullRequest:
        """What a reconcile does: write onto the branch as it stands, and see to it that one is open."""
        self.write(proposal)
        return self.forge.open(self.repository, proposal, base_branch="main")

    def merge(self, pull: PullRequest, method: MergeMethod | None = None) -> str:
        """Merge at the head that was seen."""
        return self.forge.merge(
            self.repository,
            pull.number,
            MergeOptions(expected_head=pull.head, message="Merge it", method=method),
        )

    def merge_newest(self) -> None:
        """Merge what a look finds."""
        self.merge(self.forge.pull_requests(self.repository, BRANCH)[0])

    def close_newest(self) -> None:
        """Close what a look finds, and say why."""
        pull = self.forge.pull_requests(self.repository, BRANCH)[0]
        self.forge.close(self.repository, pull.number, comment="superseded")

    def again(self, **changes: Any) -> F:
        """A forge that remembers nothing, as after a crash."""
        self.forge.disconnect()
        self.forge = self.anew(**changes)
        return self.forge

    def until_done(self, step: Callable[[], object]) -> list[TagboatError]:
        """Do the step, and do it again from nothing after each transient failure, as the flow does."""
        failures: list[TagboatError] = []
        while True:
            try:
                step()
            except Transient as error:
                failures.append(error)
                assert len(failures) < _MOST_TRIES, failures
                self.again()
            else:
                return failures
