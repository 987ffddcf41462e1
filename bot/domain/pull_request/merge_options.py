"""What Tagboat asks of a forge with a merge, be it at once or as soon as the host's rules allow."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.pipeline import MergeMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions:
    """Which head is merged, and how.

    `message` is for the one commit that a merge or a squash makes. `method` None is the forge's own.
    `sign_off` asks for Tagboat's `Signed-off-by` in that message: a host that squashes keeps none of the
    branch's.
    """

    expected_head: str
    message: str
    method: MergeMethod | None = None
    sign_off: bool = False
