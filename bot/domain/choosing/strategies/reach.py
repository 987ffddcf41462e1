"""How far a choice may jump from what runs: `max_jump`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.choosing.strategies.order import Running


class Jump(StrEnum):
    """The greatest part of a version that may differ from what runs."""

    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


_FIXED_PARTS = {Jump.MAJOR: 0, Jump.MINOR: 1, Jump.PATCH: 2}


@dataclass(frozen=True, slots=True)
class Reach:
    """A `max_jump` from what runs; `origin` are its numbers, None where it is no version."""

    jump: Jump
    running: Running
    origin: tuple[int, ...] | None

    @property
    def fixed(self) -> tuple[int, ...] | None:
        """The numbers that must stay as they are; None when no jump can be measured."""
        return None if self.origin is None else self.origin[: _FIXED_PARTS[self.jump]]

    def may_hold(self, numbers: tuple[int, ...]) -> bool:
        """Whether a version that begins with these numbers could be within reach."""
        fixed = self.fixed
        if fixed is None:
            return False
        length = min(len(fixed), len(numbers))
        return fixed[:length] == numbers[:length]

    def refusal(self, numbers: tuple[int, ...]) -> str:
        """Why a version of these numbers is out of reach, or the empty string."""
        if self.fixed is None:
            return f"max_jump cannot be measured from {self.running.shown}, which runs"
        if self.may_hold(numbers):
            return ""
        return f"further than a {self.jump} jump from {self.running.shown}, which runs"
