"""Orders asked for what they would choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.domain.choosing.strategies.order import Order, Running


def best_first(order: Order[Any], values: Sequence[str]) -> list[list[str]]:
    """The tiers, each sorted."""
    return [sorted(tier) for tier in order.tiers(values)]


def refusals(order: Order[Any], values: Sequence[str]) -> dict[str, str]:
    """Why values are no candidates; the candidates are left out."""
    return {value: reason for value in values if (reason := order.refusal(value))}


def running(tag: str) -> Running:
    """What runs, where the tag is its own value."""
    return Running(tag, tag)
