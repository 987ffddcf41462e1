"""One Application of the fake Argo CD, and the controller that follows a branch for it.

Written from Argo CD's documented behaviour, apart from the product's own simulation, so that the two check
each other. What it keeps to: `reconciledAt` is cut to whole seconds and taken before the comparison; a commit
that changes no manifest moves `sync.revision` without an operation; auto-sync tries a revision once; while
pods are replaced, old and new images are listed; `canSync` speaks of a sync by hand. Its manifests are its
images.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Images = Callable[[str], Sequence[str]]
"""The image references at a commit."""
_Health = tuple[str, str, datetime]


@dataclass
class FakeApp:
    """One Application and the controller's view of it. Call its methods to play the cluster's side."""

    name: str
    repo_url: str
    branch: str
    path: str
    head: Callable[[], str]
    images: Images
    now: Callable[[], datetime]
    namespace: str = "argocd"
    project: str = "default"
    auto_sync: bool = True
    auto_reconcile: bool = True
    rollout_seconds: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)
    refreshes: list[str] = field(default_factory=list)
    windows: list[dict[str, Any]] = field(default_factory=list)
    conditions: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Bring the Application up at the head, synced, and healthy for a day."""
        self._compared = self._deployed = self._replaced = self.head()
        self._status = "Synced"
        self._reconciled = self.now()
        self._health = ("Healthy", "", self.now() - timedelta(days=1))
        self._forced_health: _Health | None = None
        self._operation: dict[str, Any] | None = None
        self._attempted: str | None = None
        self._next_failure: str | None = None
        self._holds_sync = False
        self._is_deleting = False

    def request_refresh(self, kind: str) -> None:
        """What the refresh annotation does."""
        with self.lock:
            self.refreshes.append(kind)
            if self.auto_reconcile:
                self.reconcile()

    def reconcile(self) -> None:
        """One turn of the controller: compare, then auto-sync, then compare again."""
        with self.lock:
            self._compare()
            if self._may_auto_sync():
                self.sync(automated=True)

    def sync(self, *, automated: bool = False, revision: str | None = None) -> None:
        """Start a sync; it ends at once unless it is held."""
        with self.lock:
            applied = revision or self._compared
            self._attempted = applied
            by = {"automated": True} if automated else {"username": "admin"}
            asked = {"revision": applied} if automated or revision else {}
            self._operation = {
                "phase": "Running",
                "message": "waiting for healthy state of apps/Deployment/web",
                "startedAt": _stamp(self.now()),
                "operation": {"sync": asked, "initiatedBy": by, "retry": {"limit": 5}},
                "syncResult": {"revision": applied, "source": self._source()},
            }
            if not self._holds_sync:
                self.finish_sync()

    def hold_sync(self, message: str | None = None) -> None:
        """Keep the sync that runs, or the next one, running until `finish_sync`."""
        with self.lock:
            self._holds_sync = True
            if message and self._operation:
                self._operation["message"] = message

    def fail_sync(self, message: str) -> None:
        """Let the next sync fail for good with this message."""
        with self.lock:
            self._next_failure = message

    def finish_sync(self) -> None:
        """End the sync that runs, then compare again, as the controller does."""
        with self.lock:
            operation, self._holds_sync = self._operation, False
            if operation is None or operation["phase"] != "Running":
                raise AssertionError(f"no sync of {self.name} runs")
            operation["finishedAt"] = _stamp(self.now())
            if self._next_failure is not None:
                self._end_in_failure(operation)
            else:
                operation["phase"] = "Succeeded"
                operation["message"] = "successfully synced (all tasks run)"
                self._replaced, self._deployed = self._deployed, operation["syncResult"]["revision"]
                self.conditions = []
                self._health = ("Healthy", "", self.now())
            self._compare()

    def set_health(self, status: str | None, message: str = "") -> None:
        """Say how the resources fare from now on; None leaves it to the rollout again."""
        with self.lock:
            self._forced_health = (status, message, self.now()) if status else None

    def close_window(self, schedule: str = "0 0 * * *", duration: str = "24h") -> None:
        """Open a deny window, which forbids syncs."""
        self.windows = [{"kind": "deny", "schedule": schedule, "duration": duration}]

    def open_window(self) -> None:
        """End every window."""
        self.windows = []

    def mark_deleting(self) -> None:
        """Set the deletion timestamp; the Application stays until it is removed."""
        self._is_deleting = True

    def shown(self) -> dict[str, Any]:
        """The Application as the API shows it."""
        with self.lock:
            status: dict[str, Any] = {
                "sync": {
                    "status": self._status,
                    "revision": self._compared,
                    "comparedTo": {"source": self._source(), "destination": {}},
                },
                "reconciledAt": _stamp(self._reconciled),
                "health": self._shown_health(),
                "sourceType": "Helm",
                "conditions": self.conditions,
                "summary": {"images": self._running()},
                "resources": [{"kind": "Deployment", "name": self.name, "status": self._status}],
            }
            if self._operation:
                status["operationState"] = self._operation
            shown: dict[str, Any] = {
                "metadata": {"name": self.name, "namespace": self.namespace, "uid": f"uid-{self.name}"},
                "spec": {"project": self.project, "source": self._source(), "destination": {}},
                "status": status,
            }
            if self.auto_sync:
                shown["spec"]["syncPolicy"] = {"automated": {"prune": True, "selfHeal": True}}
            if self._operation and self._operation["phase"] == "Running":
                shown["operation"] = self._operation["operation"]
            if self._is_deleting:
                shown["metadata"]["deletionTimestamp"] = _stamp(self.now())
            # A copy, because it is written out after the lock is given back.
            return json.loads(json.dumps(shown))  # type: ignore[no-any-return]

    def shown_windows(self) -> dict[str, Any]:
        """What `/syncwindows` answers."""
        is_blocked = any(window["kind"] == "deny" and not window.get("manualSync") for window in self.windows)
        return {
            "activeWindows": self.windows or None,
            "assignedWindows": self.windows or None,
            "canSync": not is_blocked,
        }

    def _compare(self) -> None:
        started = self.now()
        self._compared = self.head()
        is_same = self._manifests(self._compared) == self._manifests(self._deployed)
        self._status = "Synced" if is_same else "OutOfSync"
        self._reconciled = started

    def _may_auto_sync(self) -> bool:
        is_running = self._operation is not None and self._operation["phase"] == "Running"
        is_new = self._attempted != self._compared
        return (
            self.auto_sync and self._status == "OutOfSync" and not is_running and is_new and not self.windows
        )

    def _end_in_failure(self, operation: dict[str, Any]) -> None:
        message, self._next_failure = self._next_failure, None
        operation["phase"] = "Failed"
        operation["message"] = message
        revision = operation["syncResult"]["revision"]
        text = f"Failed last sync attempt to [{revision}]: {message}"
        self.conditions = [{"type": "SyncError", "message": text}]
        operation["syncResult"]["resources"] = [
            {"kind": "Deployment", "name": self.name, "status": "SyncFailed", "message": message}
        ]

    def _manifests(self, commit: str) -> tuple[str, ...]:
        return tuple(self.images(commit))

    def _running(self) -> list[str]:
        is_replaced = self._rolling_out(self._health)[0] == "Healthy"
        old = () if is_replaced else self._manifests(self._replaced)
        return sorted({*old, *self._manifests(self._deployed)})

    def _shown_health(self) -> dict[str, str]:
        status, message, since = self._forced_health or self._rolling_out(self._health)
        shown = {"status": status, "lastTransitionTime": _stamp(since)}
        return {**shown, "message": message} if message else shown

    def _rolling_out(self, health: _Health) -> _Health:
        if (self.now() - health[2]).total_seconds() < self.rollout_seconds:
            return ("Progressing", "0 of 1 updated replicas are available", health[2])
        return health

    def _source(self) -> dict[str, str]:
        return {"repoURL": self.repo_url, "path": self.path, "targetRevision": self.branch}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
