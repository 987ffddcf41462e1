"""A live Application as Argo CD 3.x shows it, and ways to change it: where the tests of rollouts start."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.image import parse_image_ref
from bot.domain.pipeline import Application
from bot.domain.rollout import Followed, RolloutVerdict, VerdictWord, judge, revisions_to_relate
from bot.domain.snapshot import ApplicationView, Problem, Relation, SyncWindowState

OURS = "a" * 40
LATER = "b" * 40
OLDER = "c" * 40
ELSEWHERE = "d" * 40
HYDRATED = "e" * 40
RELATIONS = {LATER: Relation.CONTAINED, OLDER: Relation.BEHIND, ELSEWHERE: Relation.DIVERGED}

MERGED = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
NOW = MERGED + timedelta(minutes=4)
APPLICATION = Application("main", "web-dev")
IMAGE = parse_image_ref(f"ghcr.io/acme/web:1.2.0@sha256:{'1' * 64}")
REPOSITORY = "https://github.com/acme/infra.git"

FOLLOWED = Followed(
    commit=OURS,
    merged_at=MERGED,
    repository_urls=("https://github.com/acme/infra",),
    branch="main",
    is_default_branch=True,
    images=(IMAGE,),
    refreshed={str(APPLICATION): MERGED + timedelta(seconds=2)},
)

ABSENT = object()
"""Stands for "take the field away" in `changed`."""

NAME = str(APPLICATION)
OUT_OF_SYNC = {"status.sync.status": "OutOfSync"}
NO_OPERATION = {"status.operationState": ABSENT}
RUNNING = {"status.operationState.phase": "Running", "status.operationState.finishedAt": ABSENT}
CHART = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.x"}
VALUES = {"repoURL": REPOSITORY, "ref": "values", "targetRevision": "main"}


def at(seconds: float) -> str:
    """A time so many seconds after the merge, as Argo CD writes it."""
    return (MERGED + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def live() -> dict[str, Any]:
    """Synced to our commit 20 s after the merge, healthy after 60 s."""
    source = {"repoURL": REPOSITORY, "path": "envs/dev", "targetRevision": "HEAD"}
    return {
        "metadata": {"name": "web-dev", "namespace": "argocd", "uid": "u-1"},
        "spec": {"project": "default", "source": source, "syncPolicy": {"automated": {"selfHeal": True}}},
        "status": {
            "sync": {
                "status": "Synced",
                "revision": OURS,
                "comparedTo": {"source": dict(source), "destination": {"namespace": "web"}},
            },
            "reconciledAt": at(62),
            "health": {"status": "Healthy", "lastTransitionTime": at(60)},
            "operationState": {
                "phase": "Succeeded",
                "message": "successfully synced (all tasks run)",
                "startedAt": at(10),
                "finishedAt": at(20),
                "operation": {"sync": {"revision": OURS}, "initiatedBy": {"automated": True}},
                "syncResult": {"revision": OURS, "source": dict(source), "resources": []},
            },
            "resources": [{"kind": "Deployment", "name": "web", "status": "Synced"}],
            "conditions": [],
            "summary": {"images": ["ghcr.io/acme/web:1.2.0", "docker.io/library/nginx:1"]},
        },
    }


def changed(changes: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The live Application with fields changed, named by dotted paths."""
    result: dict[str, Any] = copy.deepcopy(dict(base or live()))
    for path, value in changes.items():
        *parents, last = path.split(".")
        node = result
        for key in parents:
            node = node.setdefault(key, {})
        if value is ABSENT:
            node.pop(last, None)
        else:
            node[last] = value
    return result


def view_of(
    changes: Mapping[str, Any],
    *,
    window: SyncWindowState | None = None,
    overwritten_at: str | None = None,
    problem: Problem | None = None,
) -> ApplicationView:
    """The changed Application, with the forge's answers to what must be related."""
    seen = changed(changes)
    relations = {each: RELATIONS.get(each, Relation.UNKNOWN) for each in revisions_to_relate(seen, FOLLOWED)}
    return ApplicationView(APPLICATION, seen, relations, window, overwritten_at, problem)


def verdict_on(changes: Mapping[str, Any], *, now: datetime = NOW, **followed: Any) -> RolloutVerdict:
    """The verdict on the changed Application; keyword arguments change what is followed."""
    return judge(view_of(changes), replace(FOLLOWED, **followed), now=now)


@dataclass(frozen=True)
class Row:
    """One state of the Application and the verdict that it must get."""

    id: str
    changes: Mapping[str, Any]
    word: VerdictWord
    reason: str = ""
    is_final: bool = False
    failed: bool = False
    followed: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = NOW


def condition(kind: str, message: str = "why") -> dict[str, Any]:
    """One condition, as a change."""
    return {"status.conditions": [{"type": kind, "message": message}]}


def health(word: str, since: float, message: str = "") -> dict[str, Any]:
    """This health since so many seconds after the merge, as a change."""
    return {"status.health": {"status": word, "message": message, "lastTransitionTime": at(since)}}


def check(row: Row) -> None:
    """Hold the verdict on the row's state against the row."""
    verdict = verdict_on(row.changes, now=row.now, **row.followed)
    assert verdict.word is row.word, str(verdict)
    assert row.reason in verdict.reason
    assert (verdict.is_final, verdict.failed) == (row.is_final, row.failed)
    assert verdict.is_live == (row.word is VerdictWord.LIVE)


def table(**parts: Sequence[Row]) -> pytest.MarkDecorator:
    """Have a test of a `row` run for every row of a table, under the name of its part."""
    named = [pytest.param(row, id=f"{part}: {row.id}") for part, rows in parts.items() for row in rows]
    return pytest.mark.parametrize("row", named)


def multi(revisions: list[Any], **more: Any) -> dict[str, Any]:
    """A chart with values from our repository, as two sources."""
    return {
        "spec.source": ABSENT,
        "spec.sources": [CHART, VALUES],
        "status.sync.comparedTo": {"source": {"repoURL": ""}, "sources": [CHART, VALUES]},
        "status.sync.revision": ABSENT,
        "status.sync.revisions": revisions,
        "status.operationState.syncResult": {"revisions": revisions},
        "status.operationState.operation.sync": {"revisions": revisions},
        **more,
    }


def hydrated(*, dry: str, synced: str, **more: Any) -> dict[str, Any]:
    """An Application whose manifests are rendered to another branch."""
    hydrator = {
        "drySource": {"repoURL": REPOSITORY, "path": "envs/dev", "targetRevision": "main"},
        "syncSource": {"targetBranch": "env/dev", "path": "out"},
    }
    return {
        "spec.source": ABSENT,
        "spec.sourceHydrator": hydrator,
        "status.sync.comparedTo": {
            "source": {"repoURL": REPOSITORY, "path": "out", "targetRevision": "env/dev"}
        },
        "status.sync.revision": synced,
        "status.operationState.syncResult.revision": synced,
        "status.sourceHydrator.lastSuccessfulOperation": {"drySHA": dry, "hydratedSHA": HYDRATED},
        **more,
    }
