"""Obeying: what standing orders change in the decision on one environment.

A hold keeps what runs, a rollback says what should run, a skip is a no to one release, and a promotion lets
one release pass without soaking and without the approval of a human. Checks, health and the order of
environments cannot be ordered away.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.deciding import hot_fix
from bot.domain.deciding.proposing import Draft
from bot.domain.deciding.situation import Situation, Step, Wanted
from bot.domain.errors import sentence
from bot.domain.harmless import harmless
from bot.domain.image import Release
from bot.domain.people.order import Order, Standing
from bot.domain.pipeline import Environment, Merge
from bot.domain.record import EnvironmentRecord
from bot.domain.status import State

AFTER_NO = "; the next release will be proposed (`promote` brings this one back, without waiting for a human)"
"""What follows on a human's no to one release, in Markdown."""

AFTER_NO_TO_ROLLBACK = " (resume to end the rollback)"
"""What follows on a no to the release that a rollback asks for: no other one comes before its end."""


def held(situation: Situation) -> Step | None:
    """The wait that somebody ordered, or None."""
    hold, pull = situation.standing.hold, situation.view.open_pull_request
    if hold is None:
        return None
    until = f"until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else "until somebody resumes"
    if pull is None or situation.environment.group:
        return Step(State.WAITING, f"held {until} {hold.because}", until=hold.until)
    reason = f"pull request {pull.number} waits: held {until} {hold.because}"
    return Step(State.PROPOSED, reason, until=hold.until)


def rolled_back(situation: Situation) -> Wanted | Step | None:
    """The release to which somebody rolled back, or None; a step where it is not remembered any more."""
    order = situation.standing.rollback
    if order is None:
        return None
    release = remembered(situation.record, order)
    if release is None:
        what = f"the rollback to {harmless(order.version)} {order.because} cannot be done"
        return Step(State.BLOCKED, sentence(what, "that release is not remembered", "resume, or commit it"))
    return Wanted(release, note=f"rolled back {order.because}; stays until somebody resumes")


def remembered(record: EnvironmentRecord, order: Order) -> Release | None:
    """The release that an order means, among those that the environment ran."""
    found = (each.release for each in reversed(record.deployments))
    return next((release for release in found if release.key == order.release), None)


def before(record: EnvironmentRecord) -> Release | None:
    """The release to roll back to: the newest other one that was live, or there at the first look."""
    current = record.current
    if current is None:
        return None
    others = [each for each in record.deployments if each.release != current.release]
    good = [each.release for each in others if each.live_since or each.is_initial]
    return good[-1] if good else None


def skipped(situation: Situation, release: Release) -> Step | None:
    """The no to this very release, or None; who rolls back to it later takes the no back."""
    skip, rollback = situation.standing.skip_of(release), situation.standing.rollback
    if skip is None or (rollback and rollback.release == release.key and rollback.at > skip.at):
        return None
    return Step(State.DECLINED, f"{release.version} was skipped {skip.because}{after_no(situation)}")


def after_no(situation: Situation) -> str:
    """What follows on a human's no to the release that is wanted, in Markdown."""
    return AFTER_NO_TO_ROLLBACK if situation.standing.rollback else AFTER_NO


def overrules(situation: Situation, release: Release) -> bool:
    """Whether somebody told that the release goes on, whatever was said before; a no that came later counts.

    Once its pull request was open, a close of it is such a later no.
    """
    promotion = situation.standing.promotion
    if promotion is None or promotion.release != release.key:
        return False
    return situation.record.promoted != promotion.key


def carried_out(situation: Situation, record: EnvironmentRecord) -> EnvironmentRecord:
    """The memory with the order to go on whose release is proposed."""
    promotion, pull = situation.standing.promotion, situation.view.open_pull_request
    if promotion is None or pull is None or pull.release_key != promotion.release:
        return record
    return replace(record, promoted=promotion.key)


def eased(situation: Situation, release: Release) -> Situation:
    """The situation without the gates that somebody opened for this release."""
    environment = eased_environment(situation.environment, situation.standing, release.key)
    return replace(situation, environment=environment)


def eased_environment(environment: Environment, standing: Standing, key: str | None) -> Environment:
    """The environment without the gates that somebody opened for the release of that key."""
    promotion = standing.promotion
    if promotion is None or promotion.release != key:
        return environment
    merge = Merge.AUTO if environment.merge is Merge.MANUAL else environment.merge
    windows = () if promotion.is_forced else environment.windows
    merging = replace(environment.merging, approvals=0)
    return replace(environment, merge=merge, windows=windows, merging=merging)


def must_rebuild(situation: Situation) -> bool:
    """Whether somebody asked for the branch to be built anew, and it was not done yet."""
    rebase = situation.standing.rebase
    return rebase is not None and rebase.key != situation.record.rebased


def named(situation: Situation, draft: Draft) -> Draft:
    """The draft; one that rolls back, overwrites or was ordered to go on says so, and who wants it."""
    order = situation.standing.rollback
    if order is None:
        proposal = hot_fix.told_of(situation, draft.release, draft.proposal)
        return _promoted(situation, replace(draft, proposal=proposal))
    proposal = draft.proposal
    title = f"{proposal.title} (rollback)"
    message = f"{title}\n{proposal.message.partition(chr(10))[2]}"
    body = f"**Rollback**, ordered {order.because}.\n\n{proposal.body}"
    return replace(draft, proposal=replace(proposal, title=title, message=message, body=body))


def _promoted(situation: Situation, draft: Draft) -> Draft:
    order = situation.standing.promotion
    if order is None or order.release != draft.release.key:
        return draft
    gates = "its soak, a human and its windows" if order.is_forced else "its soak and a human"
    body = f"**Promoted**, ordered {order.because}: {gates} are not waited for.\n\n{draft.proposal.body}"
    return replace(draft, proposal=replace(draft.proposal, body=body))
