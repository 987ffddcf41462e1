"""Build statuses on Bitbucket: what their words may be."""

from __future__ import annotations

from bot.adapters.forges.fitting import headed
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import NotFound

_LONGEST = 255


def shortened(reason: str) -> str:
    """A description, cut where the hosts would refuse it."""
    return headed(reason, _LONGEST)


def require_commit(repository: str, commit: str) -> None:
    """Raise `NotFound` unless it is a full commit id."""
    if not is_commit(commit):
        raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
