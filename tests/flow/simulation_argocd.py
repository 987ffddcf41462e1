"""The Argo CD of the simulation: its Applications are as they are told to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.argocd.simulated import SimulatedDeployments, SimulatedSource
from bot.domain.errors import Unreachable
from bot.domain.pipeline import Application
from bot.domain.snapshot import SyncWindowState
from bot.ports import Clock
from tests.flow.simulation_shape import URL, Shape
from tests.flow.simulation_truth import Place, Truth


class PlayedArgoCD:
    """An Argo CD whose Applications are healthy, degraded, silent or out of reach, as they are told."""

    def __init__(self, shape: Shape, truth: Truth, clock: Clock) -> None:
        self._shape, self._truth, self._clock = shape, truth, clock
        self._argocd = SimulatedDeployments(follow=self._follow, clock=clock)
        self._modes: dict[Application, tuple[str, Mapping[str, Any]]] = {}
        self.refresh = self._argocd.refresh

    def play(self, application: Application, mode: str) -> None:
        """Let the Application be so from now on."""
        shown = self._argocd.application(application) or {}
        since = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        self._modes[application] = (mode, {"status": "Degraded", "lastTransitionTime": since})
        if mode == "silent":
            self._modes[application] = (mode, shown)
            self._ran(application, shown)
        if mode == "healthy":
            del self._modes[application]

    def application(self, application: Application) -> Mapping[str, Any] | None:
        """The Application as it is played."""
        mode, detail = self._modes.get(application, ("healthy", {}))
        if mode == "unreachable":
            raise Unreachable("Argo CD does not answer")
        if mode == "silent":
            return detail
        shown = dict(self._argocd.application(application) or {})
        status = dict(shown["status"])
        if mode == "degraded":
            status["health"] = detail
        shown["status"] = status
        self._ran(application, shown)
        return shown

    def sync_window(self, application: Application) -> SyncWindowState:
        """Always open."""
        return self._argocd.sync_window(application)

    def _ran(self, application: Application, shown: Mapping[str, Any]) -> None:
        """Let the truth know what is told to be running well."""
        status = shown.get("status", {})
        if status and (status["sync"]["status"], status["health"]["status"]) == ("Synced", "Healthy"):
            refs = self._truth.refs(status["sync"]["revision"], _place(application))
            self._truth.ran(_place(application), refs)

    def _follow(self, application: Application) -> SimulatedSource:
        place, truth = _place(application), self._truth

        def images(commit: str) -> Sequence[str]:
            names = {each.alias: each.name for each in self._shape.pipeline(place[0]).images}
            return [f"{names[alias]}:{tag}" for alias, (tag, _) in truth.refs(commit, place).items()]

        return SimulatedSource(URL, "main", truth.base, images)


def _place(application: Application) -> Place:
    pipeline, _, environment = application.name.partition("-")
    return pipeline, environment
