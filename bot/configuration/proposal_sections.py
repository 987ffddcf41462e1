"""The sections about pull requests, as they are written. Each text below a key is its help in editors.

Templates are a small part of Jinja; config/README.md lists what they may name.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from bot.configuration.base_sections import Section, WindowSection
from bot.configuration.fields import Count, Deadline, Duration, Flag, Text
from bot.configuration.shorthand import OneOrMany, Short
from bot.domain.pull_request.policy import CommitStyle
from bot.domain.pull_request.templates import LONGEST_SOURCE, Template


def _template(text: str) -> str:
    Template(text)
    return text


TemplateText = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_SOURCE), AfterValidator(_template)
]
Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@-]{0,99}$")]
CommitType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,19}$")]


class CommitSection(Section):
    """How commits are written. In short: the style alone."""

    style: CommitStyle = CommitStyle.PLAIN
    """plain: homepage prod: web 1.2.0 → 1.3.0; conventional: chore(prod): homepage web 1.2.0 → 1.3.0."""
    type: CommitType = "chore"
    """The first word of a conventional title."""
    sign_off: Flag = False
    """Whether the commit ends with Signed-off-by, and what Tagboat merges or squashes it into."""


class LimitsSection(Section):
    """How many pull requests there may be. Tagboat's own count, in the whole repository."""

    open: Count | None = None
    """How many may be open at a time; further ones wait. Default: any."""
    per_hour: Count | None = None
    """How many may be opened within an hour. Default: any."""


class PullRequestSection(Section):
    """How pull requests look, who is asked, and how often they come."""

    branch: Annotated[TemplateText | None, Field(examples=["updates-{{ environment }}"])] = None
    """A template of the branch's name. With a tag in it each release has a branch, and supersedes older ones.
    Default: tagboat/, the pipeline, and the environment."""
    title: Annotated[TemplateText | None, Field(examples=["{{ pipeline }} {{ environment }}: {{ tag }}"])] = (
        None
    )
    """A template of the title. Default: what changes from what to what."""
    message: TemplateText | None = None
    """A template of the commit message. Default: the title, the images, and what was proved."""
    body: Annotated[TemplateText | None, Field(examples=["{{ default }}\n\nTicket: OPS-1"])] = None
    """A template of the text, in Markdown. Default: a table, what was proved, and what comes next."""
    labels: Annotated[
        tuple[TemplateText, ...], OneOrMany(), Field(max_length=20, examples=[["tagboat"]])
    ] = ()
    """Templates of labels."""
    reviewers: Annotated[tuple[Account, ...], OneOrMany(), Field(max_length=15)] = ()
    """Who is asked to review."""
    team_reviewers: Annotated[tuple[Account, ...], OneOrMany(), Field(max_length=15)] = ()
    """Teams that are asked to review, by their short name."""
    assignees: Annotated[tuple[Account, ...], OneOrMany(), Field(max_length=10)] = ()
    """Who it is assigned to."""
    milestone: Text | None = None
    """The milestone, by its title or its number."""
    draft: Flag = False
    """Whether it is opened as a draft, which nobody merges before a human says that it is ready."""
    notes: Flag = True
    """Whether the text tells what changed in the source of the images: commits, and release notes."""
    commit: Annotated[CommitSection, Short("style")] = Field(default_factory=CommitSection)
    """How commits are written."""
    limits: LimitsSection = Field(default_factory=LimitsSection)
    """How many there may be."""
    schedule: tuple[WindowSection, ...] = ()
    """Times in which pull requests may be opened and changed, or may not. Default: any."""
    debounce: Duration = timedelta(0)
    """How long nothing newer must have come before a release is proposed, so that pushes are gathered."""
    longest_wait: Deadline | None = None
    """How long is gathered at most. Default: five times the debounce."""
