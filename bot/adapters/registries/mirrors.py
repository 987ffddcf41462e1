"""Mirrors: sites that hold the same contents, asked before the registry itself for what a digest names.

Where a tag points is the registry's own word, since a mirror may be late. What a digest names is the same
everywhere and is verified, so a mirror can be wrong only by not having it. The registry's login is shown to
none of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from bot.adapters.registries.credentials import Anonymous, Credentials
from bot.adapters.registries.site import Site
from bot.domain.errors import TagboatError

_log = structlog.get_logger()
# A mirror that failed is left alone for so long: each try may cost a whole timeout.
_REST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where a mirror answers, with the path that it keeps the registry's images under, and its own login."""

    url: str
    credentials: Credentials = field(default_factory=Anonymous)


class Mirrors:
    """The mirrors of one registry, in the order in which they are asked; safe for threads."""

    def __init__(self, sites: Sequence[Site], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sites = tuple(sites)
        self._monotonic = monotonic
        self._resting: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._sites)

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        for site in self._sites:
            site.close()

    def awake(self) -> Iterator[Site]:
        """Those that may be asked now."""
        now = self._monotonic()
        return (site for site in self._sites if self._resting.get(site.host, now) <= now)

    def failed(self, site: Site, error: TagboatError) -> None:
        """Leave the mirror alone for a while."""
        _log.warning("mirror_left_alone", mirror=site.host, seconds=_REST_SECONDS, reason=str(error))
        self._resting[site.host] = self._monotonic() + _REST_SECONDS
