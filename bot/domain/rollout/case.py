"""One Application beside the commit that is followed: the questions that the rows of the verdict table ask.

Which sources are ours, whether the commit is contained in what Argo CD compared and applied, and how long
something has lasted. What a row makes of the answers stands in `bot.domain.rollout.sync` and
`bot.domain.rollout.health`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.repository_url import is_same_repository
from bot.domain.rollout.argocd_object import ApplicationObject, Operation, Source, read_application
from bot.domain.rollout.verdict import Followed, RefreshKind
from bot.domain.snapshot import ApplicationView, Relation

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DEFAULT = ("", "HEAD")
"""How a source says that it follows the default branch, whatever its name."""

_MOST_REVISIONS = 20
_BEST_FIRST = (Relation.CONTAINED, Relation.BEHIND, Relation.DIVERGED, Relation.UNKNOWN)

SKEW = timedelta(seconds=1)
"""Argo CD's times are whole seconds, cut off: one of them may lie up to a second before what caused it."""


def is_commit(text: str) -> bool:
    """Tell whether the text is a full commit id; a branch name or a chart version is not."""
    return _COMMIT.fullmatch(text) is not None


def our_sources(app: ApplicationObject, followed: Followed) -> tuple[int, ...]:
    """The places of the sources that come from our repository, on whichever branch."""
    return tuple(index for index, source in enumerate(app.sources) if _is_ours(source, followed))


def named_revisions(app: ApplicationObject, followed: Followed) -> tuple[str, ...]:
    """The commits, other than ours, that the Application names for our sources: each once, not too many."""
    names = dict.fromkeys(
        revision
        for revision in _revisions(app, our_sources(app, followed))
        if is_commit(revision) and revision != followed.commit
    )
    return tuple(names)[:_MOST_REVISIONS]


def _revisions(app: ApplicationObject, places: tuple[int, ...]) -> Iterator[str]:
    if app.hydration:
        yield from [app.hydration.dry_revision] if places else []
        return
    applied = app.operation.revisions if app.operation else ()
    for revisions in (app.revisions, applied):
        yield from (revisions[place] for place in places if place < len(revisions))


def tracks_default_branch(app: ApplicationObject, repository_urls: Sequence[str]) -> bool:
    """Whether a source of our repository follows its default branch, without naming it."""
    return any(each.target in _DEFAULT and _is_of(each, repository_urls) for each in app.sources)


def _is_ours(source: Source, followed: Followed) -> bool:
    return _is_of(source, followed.repository_urls)


def _is_of(source: Source, repository_urls: Sequence[str]) -> bool:
    return source.is_git and any(is_same_repository(source.url, url) for url in repository_urls)


def _is_tracking(source: Source, followed: Followed) -> bool:
    if source.target in _DEFAULT:
        return followed.is_default_branch
    return source.target.removeprefix("refs/heads/") == followed.branch


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: the Application as it was shown, as it was read, the commit, and the time."""

    view: ApplicationView
    app: ApplicationObject
    followed: Followed
    now: datetime

    @classmethod
    def of(cls, view: ApplicationView, followed: Followed, now: datetime) -> Case:
        """Read the object of the view."""
        return cls(view, read_application(view.object), followed, now)

    @property
    def sources(self) -> tuple[int, ...]:
        """The places of the sources that must contain the commit; empty when it cannot reach the Application.

        Those that follow our branch; where none does, those on another branch that holds the commit.
        """
        ours = our_sources(self.app, self.followed)
        tracking = tuple(place for place in ours if _is_tracking(self.app.sources[place], self.followed))
        return tracking or tuple(place for place in ours if self._compared(place) is Relation.CONTAINED)

    @property
    def is_resolved(self) -> bool:
        """Whether Argo CD names a full commit for each of our sources, and one revision for every source."""
        if len(self.app.revisions) != len(self.app.sources):
            return False
        return all(is_commit(self.app.revisions[place]) for place in self.sources)

    @property
    def containment(self) -> Relation:
        """How the commit stands to what Argo CD compared: the worst over our sources."""
        return max((self._compared(place) for place in self.sources), key=_BEST_FIRST.index)

    @property
    def full_operation(self) -> Operation | None:
        """The newest operation when it was a full, real one; a dry run or a part of one proves nothing."""
        operation = self.app.operation
        return operation if operation and operation.is_full else None

    @property
    def applied(self) -> Relation:
        """How the commit stands to what the newest full operation applies; UNKNOWN if that is unclear."""
        operation = self.full_operation
        if operation is None or len(operation.revisions) != len(self.app.sources):
            return Relation.UNKNOWN
        return max(
            (self._relation(operation.revisions[place]) for place in self.sources),
            key=_BEST_FIRST.index,
            default=Relation.UNKNOWN,
        )

    @property
    def refreshed(self) -> datetime | None:
        """When Tagboat asked for a comparison after the merge."""
        return self.followed.refreshed.get(str(self.view.application))

    @property
    def hard_refreshed(self) -> datetime | None:
        """When Tagboat asked for a comparison without Argo CD's caches."""
        return self.followed.hard_refreshed.get(str(self.view.application))

    def since(self, *moments: datetime | None) -> timedelta:
        """How long ago the latest of these was; no time at all when none is known."""
        known = [moment for moment in moments if moment is not None]
        return self.now - max(known) if known else timedelta(0)

    def escalation(self, limit: timedelta) -> RefreshKind | None:
        """The hard refresh that is due once, when half of the limit has passed since the normal one."""
        if self.refreshed is None or self.is_escalated or self.now - self.refreshed < limit / 2:
            return None
        return "hard"

    @property
    def is_escalated(self) -> bool:
        """Whether the one hard refresh was asked for already."""
        return self.hard_refreshed is not None and self.hard_refreshed >= (
            self.refreshed or self.hard_refreshed
        )

    def _compared(self, place: int) -> Relation:
        if place >= len(self.app.revisions):
            return Relation.UNKNOWN
        return self._relation(self.app.revisions[place])

    def _relation(self, revision: str) -> Relation:
        hydration = self.app.hydration
        if hydration is None:
            return self._relation_of_commit(revision)
        dry = self._relation_of_commit(hydration.dry_revision)
        if dry is Relation.CONTAINED and revision != hydration.hydrated_revision:
            return Relation.BEHIND
        return dry

    def _relation_of_commit(self, revision: str) -> Relation:
        if revision == self.followed.commit:
            return Relation.CONTAINED
        return (
            self.view.relations.get(revision, Relation.UNKNOWN) if is_commit(revision) else Relation.UNKNOWN
        )
