"""Branches of proposals: what they are called, and which of them are Tagboat's to write.

A name says whose proposal it is, so that the same name finds the same proposal after a crash. One that holds
a version is a branch for each release, and older ones are then superseded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.domain.errors import Refused
from bot.domain.harmless import slug
from bot.domain.image import Release
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.proposal import BRANCH_PREFIX
from bot.domain.pull_request.templates import Template, rendered

LONGEST_BRANCH = 200
"""Characters of a branch's name: hosts take a little more."""

_OF_GROUPS = f"{BRANCH_PREFIX}groups/"
_OF_RELEASE = frozenset({"tag", "version", "release"})
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BAD = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[/-]|[/.]$|(?:^|/)\.|\.lock(?:/|$)|^@$|[\ud800-\udfff]"
)


def is_branch_name(name: str) -> bool:
    """Whether Git allows the name, and nobody could take it for a commit.

    https://git-scm.com/docs/git-check-ref-format
    """
    is_short = 0 < len(name) <= LONGEST_BRANCH
    return is_short and not _BAD.search(name) and not _COMMIT.fullmatch(name)


def has_branch_per_release(environment: Environment) -> bool:
    """Whether each release is proposed from a branch of its own."""
    template = _template(environment)
    return template is not None and bool(template.names & _OF_RELEASE)


def prefix_of(environment: Environment) -> str:
    """How the names of all branches begin that are written for this environment."""
    template = _template(environment)
    return template.beginning if template else BRANCH_PREFIX


def is_of_group(branch: str) -> bool:
    """Whether it is the branch of a group: it serves whoever is in that now."""
    return branch.startswith(_OF_GROUPS)


def branch_of(pipeline: Pipeline, environment: Environment, release: Release | None = None) -> str:
    """The branch of the environment's proposals; of its group, where it is in one.

    `release` is needed where each has a branch of its own.

    Raises:
        Refused: the template gives no name that Git takes.
    """
    if environment.group:
        return f"{_OF_GROUPS}{environment.group}"
    template = _template(environment)
    if template is None:
        return f"{BRANCH_PREFIX}{pipeline.name}/{environment.name}"
    return _named(template, pipeline, environment, release)


def _named(template: Template, pipeline: Pipeline, environment: Environment, release: Release | None) -> str:
    variables: Mapping[str, Any] = {
        "pipeline": pipeline.name,
        "environment": environment.name,
        **(_words(release) if release else {}),
    }
    name = rendered(template, variables, what="branch", longest=2 * LONGEST_BRANCH).strip()
    if not is_branch_name(name):
        raise Refused(
            "the template of the branch gives no branch",
            why=f"{name[:80]!a} is not the name of one",
            fix="use letters, digits and . _ - between slashes",
        )
    return name


def _words(release: Release) -> Mapping[str, str]:
    first = next((ref.version for _, ref in release), "")
    return {"tag": slug(first), "version": slug(release.version), "release": release.key}


def _template(environment: Environment) -> Template | None:
    return None if environment.group else environment.pull_request.texts.branch
