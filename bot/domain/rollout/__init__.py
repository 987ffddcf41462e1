"""Rollouts: is the commit that was merged live and healthy in an Application, and if not, why not.

This is the page to call: what must be asked before a verdict can be made, the verdict, the verdict on a whole
environment, and when to look again. Pure. The verdict is a table, asked from the top; the first row that
answers wins. Its rows are in `bot.domain.rollout.sync` and `bot.domain.rollout.health`, its values in
`bot.domain.rollout.verdict`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.rollout.argocd_object import read_application
from bot.domain.rollout.case import Case, named_revisions, tracks_default_branch
from bot.domain.rollout.health import HEALTH_ROWS
from bot.domain.rollout.sync import SYNC_ROWS
from bot.domain.rollout.verdict import Followed, RefreshKind, RolloutVerdict, VerdictWord
from bot.domain.snapshot import ApplicationView

__all__ = [
    "Followed",
    "RefreshKind",
    "RolloutVerdict",
    "VerdictWord",
    "asks_sync_window",
    "environment_verdict",
    "follows_default_branch",
    "judge",
    "next_look",
    "revisions_to_relate",
]

_TABLE: tuple[Callable[[Case], RolloutVerdict | None], ...] = (*SYNC_ROWS, *HEALTH_ROWS)
_SOONEST = timedelta(seconds=2)
_LATEST = timedelta(seconds=60)
_GROWTH = 8
_RANK = {word: rank for rank, word in enumerate(VerdictWord)}


def revisions_to_relate(application: Mapping[str, Any], followed: Followed) -> tuple[str, ...]:
    """The commits that the Application names and that the forge must relate to ours, before `judge`.

    Answers never change, so they may be cached; a commit left out counts as unknown, which is never live.
    """
    return named_revisions(read_application(application), followed)


def asks_sync_window(application: Mapping[str, Any]) -> bool:
    """Whether the verdict depends on sync windows: out of sync, with auto-sync on."""
    app = read_application(application)
    return app.sync_status == "OutOfSync" and app.is_automated


def follows_default_branch(application: Mapping[str, Any], repository_urls: Sequence[str]) -> bool:
    """Whether the verdict depends on which branch is the default one: a source of ours names none."""
    return tracks_default_branch(read_application(application), repository_urls)


def judge(view: ApplicationView, followed: Followed, *, now: datetime) -> RolloutVerdict:
    """The verdict on the commit in this Application. Never raises, whatever Argo CD answered."""
    case = Case.of(view, followed, now)
    return next(verdict for row in _TABLE if (verdict := row(case)) is not None)


def environment_verdict(verdicts: Sequence[RolloutVerdict]) -> RolloutVerdict | None:
    """The worst of several Applications, so that all must be live; None where there are none."""
    return min(verdicts, key=_badness, default=None)


def next_look(merged_at: datetime, now: datetime) -> timedelta:
    """How long to wait before the next look: an eighth of the merge's age, from 2 s up to 60 s."""
    return min(max((now - merged_at) / _GROWTH, _SOONEST), _LATEST)


def _badness(verdict: RolloutVerdict) -> tuple[bool, bool, int]:
    return (not verdict.failed, verdict.is_live, _RANK[verdict.word])
