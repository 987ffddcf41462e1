"""What a look is about to ask of GitHub, asked at once where that is cheaper than one by one.

As long as the base branch stands where it stood, all that a look asks is free (`api`); where it moved, or
nothing is known yet, one question takes the place of half a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from bot.adapters.cache import Cache
from bot.adapters.forges.github.authors import Authors
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.graphql import GitHubGraphQL
from bot.adapters.forges.github.question import Question, Stand, Surveyed, bounded, surveyed
from bot.adapters.forges.github.repositories import Repositories
from bot.adapters.forges.older_pulls import OlderPulls
from bot.adapters.forges.rules import is_commit
from bot.adapters.forges.told import Told
from bot.domain.errors import TagboatError
from bot.domain.pull_request.proposal import PullRequest
from bot.ports import Look

_KEPT = 4096
log = structlog.get_logger(__name__)


class Survey:
    """Asks for a whole look, and gives each answer out once.

    What commits name goes to where it is kept for ever. What may change is this thread's alone, fresh, and
    forgotten with the first thing that the thread changes (`changes` counts them).
    """

    def __init__(
        self,
        graphql: GitHubGraphQL,
        repositories: Repositories,
        commits: Commits,
        authors: Authors,
        *,
        changes: Callable[[], int],
    ) -> None:
        self._graphql = graphql
        self._repositories = repositories
        self._commits = commits
        self._authors = authors
        self._heads: Told[tuple[str, str], str | None] = Told(changes)
        self._judged: Told[tuple[str, str], str | None] = Told(changes)
        self._older = OlderPulls()
        self._pulls: Told[tuple[str, str], Sequence[PullRequest]] = Told(changes)
        self._absent: Told[tuple[str, str, str], bool] = Told(changes)
        self._bases: Cache[tuple[str, str, tuple[str, ...]], str] = Cache(_KEPT)

    def prepare(self, repository: str, look: Look) -> None:
        """Ask at once, unless the base branch stands where it stood when these branches were looked at last.

        What GitHub does not answer here is asked one by one, and fails there.
        """
        for told in (self._heads, self._judged, self._pulls, self._absent):
            told.clear()
        question = bounded(look)
        if not question.files:
            return
        try:
            if self._has_moved(repository, question):
                self._ask(repository, question)
        except TagboatError as error:
            log.warning("survey_failed", repository=repository, reason=str(error))

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None."""
        key = (repository, branch)
        head = self._heads.take(key, lambda: self._commits.head(repository, branch))
        self._judged.put(key, head)
        return head

    def pull_requests(
        self, repository: str, branch: str, ask: Callable[[], Sequence[PullRequest]]
    ) -> Sequence[PullRequest]:
        """Those of the branch as they were told, or as `ask` gives them."""
        return self._pulls.take((repository, branch), lambda: self._listed(repository, branch, ask))

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit, or None."""
        if self._absent.take((repository, commit, path), lambda: False):
            return None
        return self._commits.read(repository, commit, path)

    def foreign(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch` and not on `base` that is not ours.

        Branches whose heads this thread was just told are judged as they stood then: each write and merge
        names the head that it was judged by.
        """
        head = branch if is_commit(branch) else self._judged.see((repository, branch))
        against = base if is_commit(base) else self._judged.see((repository, base))
        if self._authors.is_own(repository, base=against, head=head):
            return None
        return self._authors.foreign(repository, branch=branch, base=base)

    def _listed(
        self, repository: str, branch: str, ask: Callable[[], Sequence[PullRequest]]
    ) -> Sequence[PullRequest]:
        pulls = ask()
        self._older.keep(repository, branch, pulls)
        return pulls

    def _has_moved(self, repository: str, question: Question) -> bool:
        """Asked for free where it did not; that answer serves no look, for pull requests are read first.

        Where the question then fails, it is not put again before the base moves.
        """
        base = question.base or self._repositories.last_default_branch(repository)
        if base is None:
            return True
        key = (repository, base, tuple(question.files))
        last = self._bases.get(key)
        now = self._commits.head(repository, base) or "" if last is not None else ""
        self._bases.put(key, now)
        return last is None or last not in {"", now}

    def _ask(self, repository: str, question: Question) -> None:
        found = self._graphql.ask_parts(
            repository,
            question.text(),
            question.variables(repository),
            lambda data, failed: surveyed(data, question, failed),
        )
        if found is not None:
            self._tell(repository, question, found)

    def _tell(self, repository: str, question: Question, found: Surveyed) -> None:
        self._repositories.tell(repository, found.repository)
        for branch, stand in found.stands.items():
            self._tell_stand(repository, branch, stand)
        for branch, newer in found.pull_requests.items():
            pulls = self._pulls_of(repository, branch, newer) if branch in found.more else newer
            if pulls is not None:
                self._older.keep(repository, branch, pulls)
                self._pulls.put((repository, branch), pulls)
        base = found.stands.get(found.base)
        if base is None:
            return
        self._bases.put((repository, found.base, tuple(question.files)), base.tip.commit)
        for head, commits in found.beyond.items():
            self._authors.tell(repository, base=base.tip.commit, head=head, commits=commits)

    def _pulls_of(
        self, repository: str, branch: str, newer: Sequence[PullRequest]
    ) -> Sequence[PullRequest] | None:
        """All of a branch that has more of them than were told, or None where they are not known."""
        if not newer:
            return None
        return self._older.completed(repository, branch, newer, oldest=min(pull.number for pull in newer))

    def _tell_stand(self, repository: str, branch: str, stand: Stand | None) -> None:
        commit = stand.tip.commit if stand else None
        self._heads.put((repository, branch), commit)
        self._judged.put((repository, branch), commit)
        if stand is None:
            return
        if stand.tip.made is not None:
            self._commits.tell_made(repository, stand.tip.commit, stand.tip.made)
        for path, data in stand.files.items():
            if data is None:
                self._absent.put((repository, stand.tip.commit, path), True)
            else:
                self._commits.tell(repository, stand.tip.commit, path, data)
