"""A simulated Argo CD: for trying Tagboat without a cluster, and for the demo. Nothing is deployed.

It shows Application objects as Argo CD 3.x writes them. Each Application follows a branch: a new head is seen
by a refresh or by a poll, synced, rolled out, and healthy some seconds later. All of it is derived from the
time since the head was seen, so a restart loses nothing: then the head counts as deployed long ago. Every
object says that it is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from bot.domain.pipeline import Application
from bot.domain.snapshot import SyncWindowState
from bot.ports import Clock

_SIMULATED = "simulated: no cluster, nothing is deployed"
_LONG_AGO = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SimulatedSource:
    """What one Application follows: the address and branch that it shows, and how to read them.

    `head` gives the branch's commit, `images` the image references that run at a commit.
    """

    repository_url: str
    branch: str
    head: Callable[[], str]
    images: Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each step takes. `poll` is how often the branch is looked at without a refresh."""

    poll: timedelta = timedelta(seconds=30)
    sync: timedelta = timedelta(seconds=2)
    rollout: timedelta = timedelta(seconds=4)


@dataclass(frozen=True, slots=True)
class _Rollout:
    """One Application: the commit of the last look, the one that was applied last and the one before it, when
    the applied one was seen, and when the last look was."""

    commit: str
    applied: str
    before: str
    seen_at: datetime
    compared_at: datetime


class SimulatedDeployments:
    """The port `Deployments` without a cluster: every Application exists and follows what `follow` says."""

    def __init__(
        self,
        *,
        follow: Callable[[Application], SimulatedSource],
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self._follow = follow
        self._clock = clock
        self._pace = pace or Pace()
        self._rollouts: dict[Application, _Rollout] = {}
        self._lock = Lock()

    def application(self, application: Application) -> Mapping[str, Any] | None:
        """The Application as it is now; polls the branch when the last look is too old."""
        now = self._clock.now()
        with self._lock:
            rollout = self._rollouts.get(application)
            if rollout is None or now - rollout.compared_at >= self._pace.poll:
                rollout = self._compare(application, now)
        return self._shown(application, rollout, now)

    def refresh(self, application: Application, *, hard: bool) -> None:  # noqa: ARG002 - nothing is cached
        """Look at the branch now; a hard refresh is no different."""
        with self._lock:
            self._compare(application, self._clock.now())

    def sync_window(self, application: Application) -> SyncWindowState:  # noqa: ARG002 - always open
        """Always open."""
        return SyncWindowState(True, _SIMULATED)

    def _compare(self, application: Application, now: datetime) -> _Rollout:
        head = self._follow(application).head()
        known = self._rollouts.get(application)
        if known is None:
            rollout = _Rollout(head, head, head, now - _LONG_AGO, now)
        elif self._is_no_change(application, known.applied, head):
            rollout = replace(known, commit=head, compared_at=now)
        else:
            rollout = _Rollout(head, head, known.applied, now, now)
        self._rollouts[application] = rollout
        return rollout

    def _is_no_change(self, application: Application, applied: str, head: str) -> bool:
        """Whether a commit changes nothing that runs: then only the revision moves, with no operation."""
        images = self._follow(application).images
        return applied == head or sorted(images(applied)) == sorted(images(head))

    def _shown(self, application: Application, rollout: _Rollout, now: datetime) -> Mapping[str, Any]:
        synced_at = rollout.seen_at + self._pace.sync
        healthy_at = synced_at + self._pace.rollout
        is_synced, is_healthy = now >= synced_at, now >= healthy_at
        follows = self._follow(application)
        source = {"repoURL": follows.repository_url, "path": ".", "targetRevision": follows.branch}
        old, new = follows.images(rollout.before), follows.images(rollout.applied)
        images = new if is_healthy else [*new, *old] if is_synced else old
        compared_at = max(rollout.compared_at, synced_at) if is_synced else rollout.compared_at
        since = healthy_at if is_healthy else synced_at if is_synced else rollout.seen_at - _LONG_AGO
        return {
            "metadata": {"name": application.name, "namespace": application.namespace or "argocd"},
            "spec": {
                "project": application.project or "default",
                "source": source,
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            },
            "status": {
                "sync": {
                    "status": "Synced" if is_synced else "OutOfSync",
                    "revision": rollout.commit,
                    "comparedTo": {"source": dict(source)},
                },
                "health": {
                    "status": "Progressing" if is_synced and not is_healthy else "Healthy",
                    "lastTransitionTime": _text(since),
                    "message": _SIMULATED,
                },
                "reconciledAt": _text(compared_at),
                "operationState": _operation(rollout, synced_at if is_synced else None),
                "conditions": [{"type": "SimulatedWarning", "message": _SIMULATED}],
                "summary": {"images": sorted(set(images))},
            },
        }


def _operation(rollout: _Rollout, finished_at: datetime | None) -> Mapping[str, Any]:
    state: dict[str, Any] = {
        "phase": "Succeeded" if finished_at else "Running",
        "message": _SIMULATED,
        "startedAt": _text(rollout.seen_at),
        "operation": {"sync": {"revision": rollout.applied}, "initiatedBy": {"automated": True}},
        "syncResult": {"revision": rollout.applied},
    }
    if finished_at:
        state["finishedAt"] = _text(finished_at)
    return state


def _text(moment: datetime) -> str:
    """Whole seconds in UTC, as Kubernetes writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
