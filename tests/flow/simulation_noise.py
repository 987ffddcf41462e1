"""The laws against noise of the simulation: when pull requests may be opened and changed, and how many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.mark import Mark, marks
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.window import closed
from tests.flow.simulation_laws import Laws
from tests.flow.simulation_shape import HOUR
from tests.flow.simulation_truth import Place, Refs, version_of

_SOONER = timedelta(seconds=30)
"""By so much may something have come before Tagboat saw it."""


class Noise:
    """When Tagboat opened what, while nothing went wrong, and the laws that this is held against."""

    def __init__(self, laws: Laws) -> None:
        self._laws = laws
        self._opened: list[datetime] = []

    def written(self, proposal: Proposal, *, base: str, before: str | None, after: str) -> None:
        """A branch was written, or the base branch itself (`before` None)."""
        truth = self._laws.truth
        for mark in marks(proposal.body):
            place = (mark.pipeline, mark.environment)
            refs = truth.refs(after, place)
            if refs in (truth.refs(before or base, place), truth.refs(base, place)):
                continue
            pace, now = self._laws.place(mark)[1].pull_request.pace, self._laws.clock.now()
            if closed(pace.windows, now):
                self._laws.says("proposals wait for their windows", f"{place} {mark.version}")
            if pace.debounce and not self._is_gathered(mark, refs, base):
                self._laws.says("what comes together is gathered", f"{place} {mark.version}")

    def _is_gathered(self, mark: Mark, refs: Refs, base: str) -> bool:
        """Whether nothing of it came just now, or something had been waiting for long."""
        pipeline, environment = self._laws.place(mark)
        pace, now = environment.pull_request.pace, self._laws.clock.now()
        here = self._laws.truth.refs(base, (pipeline.name, environment.name))
        changed = [alias for alias, ref in refs.items() if ref != here.get(alias)]
        came = [
            time for alias in changed if (time := self._came(pipeline, environment, alias, refs[alias][0]))
        ]
        if not came or now - max(came) >= pace.debounce - _SOONER:
            return True
        tags = {alias: self._newer(pipeline, alias, here) for alias in here}
        waits = [self._came(pipeline, environment, alias, tag) for alias in tags for tag in tags[alias]]
        return any(time and now - time >= pace.patience - _SOONER for time in waits)

    def _came(self, pipeline: Pipeline, environment: Environment, alias: str, tag: str) -> datetime | None:
        """When a tag could be seen first by an environment, as far as it is known."""
        if environment.after:
            return self._laws.truth.deployed_at((pipeline.name, environment.after[0]), alias, tag)
        return self._laws.truth.pushed_at(pipeline.image(alias).name, tag)

    def _newer(self, pipeline: Pipeline, alias: str, here: Refs) -> Iterator[str]:
        for image, tag in self._laws.truth.pushes:
            new, old = version_of(tag), version_of(here[alias][0])
            if image == pipeline.image(alias).name and (old is None or (new and new >= old)):
                yield tag

    def opened(self, pull: PullRequest, pulls: Sequence[PullRequest]) -> None:
        """A pull request was opened, and these were there before."""
        laws, now = self._laws, self._laws.clock.now()
        if not laws.is_calm or laws.shape.behind:
            return
        shown = {place: each.number for each in _open(pulls) for place in _places(each)}
        others = {number for place, number in shown.items() if place not in _places(pull)}
        recent = sum(now - HOUR < each <= now for each in self._opened)
        self._opened.append(now)
        for mark in marks(pull.body)[:1]:
            pace = laws.place(mark)[1].pull_request.pace
            if pace.most_open is not None and len(others - laws.reopened) >= pace.most_open:
                laws.says("no more pull requests are open than may be", f"{pull.number} beside {others}")
            if pace.per_hour is not None and recent >= pace.per_hour:
                laws.says("no more pull requests come in an hour than may", f"{pull.number} after {recent}")


def _open(pulls: Sequence[PullRequest]) -> list[PullRequest]:
    """Those that are open, the oldest first: of two for one place the newest is meant."""
    return sorted(
        (each for each in pulls if each.state is PullRequestState.OPEN), key=lambda each: each.number
    )


def _places(pull: PullRequest) -> list[Place]:
    return [(mark.pipeline, mark.environment) for mark in marks(pull.body)]
