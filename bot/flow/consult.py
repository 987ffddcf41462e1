"""Consult: read what reviewers, checks and the host say of an open pull request, where the merge rests on it.

Asked only where an environment's rules name it, and only while its windows are open: most merges need
nothing of it.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain.deciding.merging import rules_of
from bot.domain.errors import TagboatError
from bot.domain.people.consent import Arming, Consent
from bot.domain.pipeline import Environment, Merge, MergeRules
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.snapshot import EnvironmentView, Problem
from bot.domain.window import closed
from bot.ports import Forge


def consult(
    forge: Forge, repository: str, environment: Environment, view: EnvironmentView, now: datetime
) -> Consent | Problem | None:
    """What the merge of the open pull request rests on; None where it rests on nothing that is asked for."""
    pull, rules = view.open_pull_request, rules_of(environment, view)
    if pull is None or environment.merge is not Merge.AUTO:
        return None
    if not (rules.approvals or rules.checks or rules.platform):
        return None
    is_open = closed(environment.windows, now) is None
    try:
        return _asked(forge, repository, rules, pull, is_open=is_open)
    except TagboatError as error:
        return Problem.of(error)


def _asked(forge: Forge, repository: str, rules: MergeRules, pull: PullRequest, *, is_open: bool) -> Consent:
    """A host that was asked to merge by itself is watched in closed windows too: then it is stopped."""
    return Consent(
        reviews=tuple(forge.reviews(repository, pull.number)) if rules.approvals and is_open else (),
        checks=tuple(forge.checks(repository, pull.head)) if rules.checks and is_open else (),
        arming=forge.arming(repository, pull.number) if rules.platform else Arming(),
    )
