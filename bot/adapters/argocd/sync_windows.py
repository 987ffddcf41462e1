"""Argo CD's answer on sync windows, turned to "may auto-sync act now"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain.errors import Malformed
from bot.domain.harmless import shown
from bot.domain.snapshot import SyncWindowState

_MOST_WINDOWS = 100


def window_state(answer: Mapping[str, Any]) -> SyncWindowState:
    """Judge the windows for auto-sync: Argo CD's own `canSync` speaks of a sync by hand.

    An active deny window says no; otherwise an active allow window says yes; otherwise, where allow windows
    are assigned at all, no (https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/).

    Raises:
        Malformed: the answer is not that of `/syncwindows`.
    """
    can_sync = answer.get("canSync", False)
    active = list(_windows(answer, "activeWindows"))
    assigned = list(_windows(answer, "assignedWindows"))
    if not isinstance(can_sync, bool):
        raise Malformed(
            "Argo CD's answer on sync windows cannot be read", why="canSync is neither true nor false"
        )
    denying = [text for kind, text in active if kind == "deny"]
    if denying:
        return SyncWindowState(False, f"deny window {denying[0]} is open")
    allowing = [text for kind, text in assigned if kind == "allow"]
    if allowing and not any(kind == "allow" for kind, _ in active):
        return SyncWindowState(False, f"outside the allow window {allowing[0]}")
    if not can_sync:
        return SyncWindowState(False, "a sync window of the project forbids the sync")
    return SyncWindowState(True)


def _windows(answer: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    windows = answer.get(key) or []
    if not isinstance(windows, list) or not all(isinstance(each, Mapping) for each in windows):
        raise Malformed("Argo CD's answer on sync windows cannot be read", why=f"{key} is no list of windows")
    for each in windows[:_MOST_WINDOWS]:
        yield str(each.get("kind")), shown(f"{each.get('schedule')!r} for {each.get('duration')}")
