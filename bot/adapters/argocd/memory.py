"""The memory twin of Argo CD: it shows what it was given and remembers what it was asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from bot.domain.errors import NotFound, TagboatError
from bot.domain.pipeline import Application
from bot.domain.snapshot import SyncWindowState


class MemoryDeployments:
    """The port `Deployments` in memory. `put`, `remove`, `set_window` and `fail` play Argo CD's side.

    `refreshes` lists every refresh that was asked for, with whether it was hard. `on_refresh` is called
    after each, so that a controller can be played.
    """

    def __init__(self, on_refresh: Callable[[Application, bool], None] | None = None) -> None:
        self.refreshes: list[tuple[Application, bool]] = []
        self._on_refresh = on_refresh
        self._objects: dict[Application, Mapping[str, Any]] = {}
        self._windows: dict[Application, SyncWindowState] = {}
        self._error: TagboatError | None = None

    def put(self, application: Application, value: Mapping[str, Any]) -> None:
        """Show this object for the Application from now on."""
        self._objects[application] = copy.deepcopy(value)

    def remove(self, application: Application) -> None:
        """Make the Application absent."""
        self._objects.pop(application, None)

    def set_window(self, application: Application, state: SyncWindowState) -> None:
        """Answer this for the Application's sync windows from now on."""
        self._windows[application] = state

    def fail(self, error: TagboatError | None) -> None:
        """Raise this error on every call; None ends it."""
        self._error = error

    def application(self, application: Application) -> Mapping[str, Any] | None:
        """A copy of what was put, or None."""
        self._check()
        return copy.deepcopy(self._objects.get(application))

    def refresh(self, application: Application, *, hard: bool) -> None:
        """Remember the request; raises `NotFound` for an absent Application."""
        self._check()
        self._present(application)
        self.refreshes.append((application, hard))
        if self._on_refresh:
            self._on_refresh(application, hard)

    def sync_window(self, application: Application) -> SyncWindowState:
        """What was set, open by default; raises `NotFound` for an absent Application."""
        self._check()
        self._present(application)
        return self._windows.get(application, SyncWindowState(True))

    def _check(self) -> None:
        if self._error:
            raise self._error

    def _present(self, application: Application) -> None:
        if application not in self._objects:
            raise NotFound(
                f"Argo CD has no Application {application.name}", fix="correct `argocd` in the pipeline"
            )
