"""The tags of one repository, as one look found them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Listing:
    """Every tag of a repository, complete.

    `validator` is the host's own mark of this state (an ETag), with which the next look may cost no list.
    `digests` are those that the host told along with the tags (Docker Hub does); tags without one are left
    out.
    """

    tags: tuple[str, ...]
    validator: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
