"""The section of merging, as it is written. Each text below a key is its help in editors."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from bot.configuration.base_sections import Section
from bot.configuration.fields import Count, Flag, Text
from bot.configuration.shorthand import OneOrMany
from bot.domain.glob import translate
from bot.domain.pipeline import Merge, MergeMethod

_MOST_CHECKS = 50


def _check(text: str) -> str:
    translate(text)
    return text


class MergeSection(Section):
    """How a release comes to the base branch. In short: the mode alone."""

    mode: Merge = Merge.MANUAL
    """auto: Tagboat merges the pull request; manual: a human does; direct: Tagboat commits to the base
    branch, without a pull request. Manual unless you say so."""
    approvals: Count | None = None
    """For auto: how many humans who may write must have approved the newest commit; nobody may ask for
    changes. Default: none, beside what the host itself asks for."""
    checks: Annotated[
        tuple[Annotated[Text, AfterValidator(_check)], ...],
        OneOrMany(),
        Field(max_length=_MOST_CHECKS, examples=[["ci/build", "lint*"]]),
    ] = ()
    """For auto: the checks that must have succeeded on the newest commit, by name or glob. Default: all that
    report, and those that the host asks for."""
    platform: Flag = False
    """For auto: let the host merge once its own rules allow, by its auto-merge or merge queue."""
    method: MergeMethod | None = None
    """merge, squash or rebase, where the repository allows it. Default: the forge's `merge_method`."""
    delete_branch: Flag = False
    """Whether the branch is deleted after the merge, where the host does not do it itself."""
