"""What is written of other people on a Git host: commands that they may give, files that are not theirs.

Each text below a key is its help in editors.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bot.configuration.fields import Flag, Text
from bot.configuration.pipeline_sections import Section
from bot.configuration.shorthand import OneOrMany, Short
from bot.domain.people.protection import Protection

OVERRIDE_LABEL = "tagboat-override"
"""The label that overrides the check, where no other is named."""


def _pattern(text: str) -> str:
    Protection((text,))
    return text


def _no_label(value: object) -> object:
    return False if value == "false" else value  # scalars come as they are written


PathPattern = Annotated[Text, AfterValidator(_pattern), Field(examples=["**/values-images.yaml"])]


class ProtectSection(Section):
    """Files that only Tagboat changes. In short: the patterns alone."""

    files: Annotated[tuple[PathPattern, ...], OneOrMany(), Field(min_length=1)]
    """Their paths from the root of the repository: `*` and `?` for what is no slash, `**` for any folders."""
    override_label: Annotated[Text | Literal[False], BeforeValidator(_no_label)] = OVERRIDE_LABEL
    """The label that turns the check green, when somebody sets it who may write. false: there is none."""


class PeopleKeys(Section):
    """What the forges share on which other people count."""

    commands: Flag = False
    """Whether people who may write to a repository can give commands in comments: `/tagboat help`."""
    protect: Annotated[ProtectSection, Short("files", lists=True)] | None = None
    """Files that only Tagboat changes, in all of its repositories there: a check on other people's pull
    requests fails when they touch one."""


def protection(section: ProtectSection | None) -> Protection | None:
    """The section as a value."""
    return Protection(section.files, section.override_label or "") if section else None
