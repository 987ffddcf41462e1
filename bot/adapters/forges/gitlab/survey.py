"""What a look is about to ask of GitLab, asked at once.

A look that finds nothing to do costs one question then, and all that is left of an update are the branch's
place at that moment, the commit and the new words. What the answer leaves open, or a GitLab that does not
know the question, is asked one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from bot.adapters.cache import Cache
from bot.adapters.forges.gitlab.authors import Authors
from bot.adapters.forges.gitlab.branches import Branches
from bot.adapters.forges.gitlab.commits import Commit, Commits
from bot.adapters.forges.gitlab.graphql import GitLabGraphQL
from bot.adapters.forges.gitlab.lookup import MergeRequests
from bot.adapters.forges.gitlab.question import Question, Surveyed, bounded, surveyed
from bot.adapters.forges.older_pulls import OlderPulls
from bot.adapters.forges.told import Told
from bot.domain.errors import Limited, TagboatError, Transient
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import Relation
from bot.ports import Look

_KEPT = 4096
_KEPT_MERGES = 20_000
_MOST_TOLD = 100
"""Merge requests of one answer."""

_AGAIN_AFTER = 3600.0
"""Seconds after which a project is asked again whose GitLab refused: it may be a newer one by then."""

_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 600.0
"""Seconds for which a project is not asked that failed twice in a row; twice as long after each further time.

Where every question ends at its time limit, looks would wait for each.
"""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Silence:
    """Not to be asked before `until`, on the clock of this process; it failed so often in a row."""

    until: float
    failures: int = 0

    def longer(self) -> _Silence:
        """After one more failure; the first one alone keeps no later look from asking."""
        pause = min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 16), _LONGEST_PAUSE) if self.failures else 0.0
        return _Silence(time.monotonic() + pause, self.failures + 1)


class Survey:
    """Asks for a whole look, and gives each answer out once.

    What commits name goes to where it is kept. What may change is this thread's alone, fresh, and forgotten
    with the first thing that the thread changes (`changes` counts them).
    """

    def __init__(
        self,
        graphql: GitLabGraphQL,
        branches: Branches,
        commits: Commits,
        authors: Authors,
        requests: MergeRequests,
        *,
        changes: Callable[[], int],
    ) -> None:
        self._graphql = graphql
        self._branches = branches
        self._commits = commits
        self._authors = authors
        self._requests = requests
        self._older = OlderPulls()
        self._pulls: Told[tuple[str, str], Sequence[PullRequest]] = Told(changes)
        self._newest: Cache[str, int] = Cache(_KEPT)
        self._merges: Cache[tuple[str, int, str], str] = Cache(_KEPT_MERGES)
        """The commits of merges, by number and by the head that was merged: numbers may begin again."""
        self._undecided: Cache[tuple[str, str], tuple[int, str] | None] = Cache(_KEPT)
        self._silent: Cache[str, _Silence] = Cache(_KEPT)

    def prepare(self, repository: str, look: Look) -> None:
        """Ask at once; what GitLab does not answer here is asked one by one, and fails there."""
        self._pulls.clear()
        self._branches.forget()
        self._newest.put(repository, 0)
        question = bounded(look)
        # GraphQL knows no project by its number.
        if not question.files or repository.isdigit() or self._is_silent(repository):
            return
        try:
            found = self._graphql.ask_parts(
                repository,
                question.text(),
                question.variables(repository),
                lambda data, failed: surveyed(data, question, failed),
            )
        except Transient as error:
            log.warning("survey_failed", repository=repository, reason=str(error))
            if not isinstance(error, Limited):  # one question is the least that can be asked after that
                self._silent.put(repository, (self._silent.get(repository) or _Silence(0.0)).longer())
            return
        except TagboatError as error:
            log.warning("survey_refused", repository=repository, reason=str(error))
            self._silent.put(repository, _Silence(time.monotonic() + _AGAIN_AFTER))
            return
        self._silent.put(repository, _Silence(0.0))
        if found is not None:
            self._tell(repository, question, found)

    def pull_requests(
        self, repository: str, branch: str, ask: Callable[[], Sequence[PullRequest]]
    ) -> Sequence[PullRequest]:
        """Those of the branch as they were told, or as `ask` gives them."""
        return self._pulls.take((repository, branch), lambda: self._listed(repository, branch, ask))

    def _listed(
        self, repository: str, branch: str, ask: Callable[[], Sequence[PullRequest]]
    ) -> Sequence[PullRequest]:
        newest = self._newest.get(repository) or 0
        pulls = ask()
        self._older.keep(repository, branch, pulls, newest=newest)
        for pull in pulls[:_MOST_TOLD]:
            if pull.merge_commit:
                self._merges.put((repository, pull.number, pull.head), pull.merge_commit)
        return pulls

    def _is_silent(self, repository: str) -> bool:
        silence = self._silent.get(repository)
        return silence is not None and time.monotonic() < silence.until

    def _tell(self, repository: str, question: Question, found: Surveyed) -> None:
        if found.account:
            self._authors.tell_account(found.account)
        heads = {branch: stand.tip.sha for branch, stand in found.stands.items()}
        self._branches.tell(repository, heads, default=found.default_branch)
        for stand in found.stands.values():
            for path, data in stand.files.items():
                self._commits.tell(repository, stand.tip.sha, path, data)
        self._newest.put(repository, max((each.number for each in found.pulls), default=0))
        for pull in found.pulls:
            self._requests.notice(repository, pull)
        for branch in question.files:
            stands = found.stands.get(branch)
            if stands is not None:
                self._tell_commit(repository, stands.tip, found)
            pulls = self._pulls_of(repository, branch, found)
            if pulls is not None and not self._waits(repository, branch, pulls):
                self._pulls.put((repository, branch), pulls)

    def _tell_commit(self, repository: str, tip: Commit, found: Surveyed) -> None:
        """Whose commit it is, and which of it and what it follows the base holds."""
        self._authors.tell(repository, tip)
        base = found.stands[found.base].tip.sha
        for commit in {tip.sha, *tip.parents} & found.past:
            self._commits.relations.keep(
                repository, commit=commit, revision=base, relation=Relation.CONTAINED
            )

    def _pulls_of(self, repository: str, branch: str, found: Surveyed) -> Sequence[PullRequest] | None:
        """All of the branch, or None where the answer leaves some open."""
        pulls = [self._named(repository, each, found) for each in found.pulls if each.branch == branch]
        numbers = [each.number for each in found.pulls]
        whole: Sequence[PullRequest] | None = pulls
        if not found.is_whole:
            whole = self._completed(repository, branch, pulls, found) if numbers else None
        if whole is None or any(map(_is_unnamed, whole)):
            return None
        self._older.keep(repository, branch, whole, newest=max(numbers, default=0))
        return whole

    def _completed(
        self, repository: str, branch: str, newer: Sequence[PullRequest], found: Surveyed
    ) -> Sequence[PullRequest] | None:
        """With those known before, none of which may have been opened again."""
        told = {each.number for each in newer}
        if found.opened is None or not found.opened[branch] <= told:
            return None
        oldest = min(each.number for each in found.pulls)
        return self._older.completed(repository, branch, newer, oldest=oldest)

    def _named(self, repository: str, pull: PullRequest, found: Surveyed) -> PullRequest:
        """The pull request with the commit of its merge, where that is told, or was before.

        One whose head is on the base was brought there as it is: its merge made no other commit.
        """
        is_there = pull.base == found.base and pull.head in found.past
        if pull.number not in found.unnamed or is_there:
            return pull
        return replace(pull, merge_commit=self._merges.get((repository, pull.number, pull.head)))

    def _waits(self, repository: str, branch: str, pulls: Sequence[PullRequest]) -> bool:
        """Whether GitLab was undecided on the open one already when it was told last.

        It judges one anew when its REST API is asked for it, and not for a question here.
        """
        undecided = next((each for each in pulls if _is_undecided(each)), None)
        now = (undecided.number, undecided.head) if undecided else None
        last = self._undecided.get((repository, branch))
        self._undecided.put((repository, branch), now if now != last else None)
        return now is not None and now == last


def _is_undecided(pull: PullRequest) -> bool:
    """Whether GitLab does not say whether an open one may be merged."""
    return pull.state is PullRequestState.OPEN and pull.mergeable is None


def _is_unnamed(pull: PullRequest) -> bool:
    return pull.state is PullRequestState.MERGED and pull.merge_commit is None
