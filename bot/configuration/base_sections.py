"""What sections of several modules are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.configuration.fields import Schedule, TimeZone, WindowLength
from bot.domain.window import WindowKind


class Section(BaseModel):
    """What all sections share: no unknown keys, no changes, and no values in error messages."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class WindowSection(Section):
    """A repeated span of time in which merging is allowed, or denied."""

    kind: WindowKind
    """deny: no merge inside; allow: merges inside such windows only. An open deny window wins."""
    schedule: Annotated[Schedule, Field(examples=["0 16 * * 5"])]
    """When it opens: a cron expression of five fields."""
    duration: WindowLength
    """How long it stays open; at most 366d."""
    time_zone: TimeZone = "UTC"
    """The time zone of the schedule, such as Europe/Paris."""
    reason: Annotated[str, Field(max_length=200)] = ""
    """Why, for people who wait."""
