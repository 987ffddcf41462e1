"""What the two Bitbuckets share: the facts of a push, whose changes each name one branch or tag."""

from __future__ import annotations

from typing import TypeAlias

from bot.domain.fact import BranchMoved, Fact
from bot.webhooks import git
from bot.webhooks.body import Json
from bot.webhooks.fields import sequence
from bot.webhooks.reader import Unreadable

PROVIDER = "bitbucket"
Facts: TypeAlias = tuple[Fact, ...]

_MOST_CHANGES = 100


def changes(body: Json, path: str) -> list[object]:
    """The changes of a push, each of which may be anything."""
    found = list(sequence(body, path))
    if not found or len(found) > _MOST_CHANGES:
        raise Unreadable("too many changes" if found else "no changes")
    return found


def change_object(change: object) -> Json:
    """A change that is an object."""
    if not isinstance(change, dict):
        raise Unreadable("a change is not an object")
    return change


def moved(
    repository: tuple[str, str],
    ref: str,
    before: str | None,
    after: str | None,
    *,
    forced: bool | None = None,
    commits: int = 0,
    is_default: bool = False,
) -> BranchMoved:
    """One moved branch or tag; Bitbucket names no paths. `repository` is the path and the clone address."""
    if not git.is_ref(ref):
        raise Unreadable("ref is not a ref")
    return BranchMoved(
        provider=PROVIDER,
        repository=repository[0],
        clone_url=repository[1],
        ref=ref,
        before=before,
        after=after,
        created=before is None,
        deleted=after is None,
        forced=forced,
        commits=commits,
        changed_paths=(),
        changed_paths_complete=False,
        is_default_branch=is_default,
    )
