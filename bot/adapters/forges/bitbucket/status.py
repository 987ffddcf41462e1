"""Build statuses on Bitbucket: how Tagboat writes and reads its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.forges.fitting import headed
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import NotFound
from bot.domain.people.protection import Ruling

_LONGEST = 255


def status_of(name: str, ruling: Ruling, url: str) -> Mapping[str, str]:
    """A build status as both hosts take it; the reason is cut where they would refuse it."""
    return {
        "key": name,
        "name": name,
        "state": "SUCCESSFUL" if ruling.passes else "FAILED",
        "description": headed(ruling.reason, _LONGEST),
        "url": url,
    }


def ruling_of(status: Any) -> Ruling:
    """What a build status rules."""
    return Ruling(status["state"] == "SUCCESSFUL", str(status.get("description") or ""))


def require_commit(repository: str, commit: str) -> None:
    """Raise `NotFound` unless it is a full commit id."""
    if not is_commit(commit):
        raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
