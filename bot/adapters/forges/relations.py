"""How commits stand to each other: what commits name never changes, so that each answer is kept."""

from __future__ import annotations

from collections.abc import Callable

from bot.adapters.cache import Cache
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import NotFound
from bot.domain.snapshot import Relation

_KEPT = 8192


class Relations:
    """What a host, or a history, was asked about pairs of commits. Safe between threads."""

    def __init__(self) -> None:
        self._known: Cache[tuple[str, str, str], Relation] = Cache(_KEPT)

    def of(self, repository: str, *, commit: str, revision: str, find: Callable[[], Relation]) -> Relation:
        """How `commit` stands to `revision`; `find` is asked where that is not known.

        What is no full commit id, or not to be found, is unknown; that is not kept.
        """
        kept = self._known.get((repository, commit, revision))
        if kept is not None:
            return kept
        if not (is_commit(commit) and is_commit(revision)):
            return Relation.UNKNOWN
        try:
            relation = find()
        except NotFound:
            return Relation.UNKNOWN
        if relation is not Relation.UNKNOWN:
            self.keep(repository, commit=commit, revision=revision, relation=relation)
        return relation

    def known(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`, as far as that was asked before."""
        return self._known.get((repository, commit, revision)) or Relation.UNKNOWN

    def keep(self, repository: str, *, commit: str, revision: str, relation: Relation) -> None:
        """Keep what was told along with something else; names of branches are not kept."""
        if is_commit(commit) and is_commit(revision):
            self._known.put((repository, commit, revision), relation)
