"""Hot-fixes: what somebody changed by hand in a directory that the next copy would undo, and who let it go.

Whoever lets it go means what was seen then: files that were changed since stop the copy again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.deciding.situation import Situation, Step, copy_for
from bot.domain.directories.directory import hot_fixes, listed, standing_id
from bot.domain.errors import sentence
from bot.domain.harmless import code
from bot.domain.image import Release
from bot.domain.people.order import Order
from bot.domain.pull_request.proposal import Proposal
from bot.domain.record import EnvironmentRecord
from bot.domain.status import State

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class _HotFix:
    """The paths that the copy of a release would undo; `key` names them with what stands there."""

    paths: tuple[str, ...]
    key: str


def stop(situation: Situation, release: Release) -> Step | None:
    """Why a directory is not copied over: somebody changed files there which the copy would take back.

    Raises:
        TagboatError: a file cannot be copied.
    """
    promotion, found = situation.environment.promote, _found(situation, release)
    if promotion is None or found is None or _let_go(situation, found):
        return None
    what = f"{listed(found.paths)} changed since {promotion.directory}/ was last copied to {promotion.to}/"
    fix = f"make the change in {promotion.directory}/ too, name it by `keep`, or tell `/tagboat overwrite`"
    return Step(State.BLOCKED, sentence(what, "the copy would undo it", fix), hot_fix=found.key)


def told_of(situation: Situation, release: Release, proposal: Proposal) -> Proposal:
    """The proposal, saying what it undoes and who let it go.

    Raises:
        TagboatError: a file cannot be copied.
    """
    found = _found(situation, release)
    order = _let_go(situation, found) if found else None
    if found is None or order is None:
        return proposal
    named = ", ".join(code(path) for path in found.paths[:_MOST_LISTED])
    rest = len(found.paths) - _MOST_LISTED
    more = f" and {rest} more" if rest > 0 else ""
    what = f"what was changed by hand in {named}{more}"
    return replace(proposal, body=f"**Overwrites** {what}, ordered {order.because}.\n\n{proposal.body}")


def remembered(record: EnvironmentRecord, step: Step) -> EnvironmentRecord:
    """The memory with the hot-fix that people are shown now; it is forgotten once nothing is left to copy."""
    return replace(record, hot_fix="" if step.holds else step.hot_fix or record.hot_fix)


def _found(situation: Situation, release: Release) -> _HotFix | None:
    promotion, view = situation.environment.promote, situation.view.directory
    copy = copy_for(situation, release)
    if promotion is None or view is None or copy is None:
        return None
    paths = tuple(hot_fixes(view, copy, promotion))
    return _HotFix(paths, standing_id(view.target, paths, promotion)) if paths else None


def _let_go(situation: Situation, found: _HotFix) -> Order | None:
    """Who let this very hot-fix go; None where nobody did, and once it was copied over."""
    order = situation.standing.overwrite
    if order is None or order.release != found.key:
        return None
    copies = (each for each in situation.record.deployments if each.pull_request or each.is_committed)
    return None if any(each.merged_at >= order.at for each in copies) else order
