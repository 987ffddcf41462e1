"""What Argo CD does with a commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bot.domain.pipeline import Application
from bot.domain.snapshot import SyncWindowState


class Deployments(Protocol):
    """One Argo CD instance."""

    def application(self, application: Application) -> Mapping[str, Any] | None:
        """The whole Application object as JSON, or None when Argo CD says that it is absent."""
        ...

    def refresh(self, application: Application, *, hard: bool) -> None:
        """Ask for a comparison with Git; returns without waiting for its end."""
        ...

    def sync_window(self, application: Application) -> SyncWindowState:
        """Whether a sync window lets the Application sync now."""
        ...
