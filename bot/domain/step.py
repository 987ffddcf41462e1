"""What comes next in an environment: propose, update, withdraw, merge, or wait, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain import wording
from bot.domain.action import MergePullRequest, Propose, Withdraw
from bot.domain.errors import TagboatError
from bot.domain.image import Release
from bot.domain.pipeline import Merge
from bot.domain.promotion import unpinned
from bot.domain.proposal import Proposal, PullRequest, PullRequestState, withdrawn
from bot.domain.situation import Situation, Step, Wanted, edited
from bot.domain.snapshot import EnvironmentRecord, Problem, State
from bot.domain.wanted import wanted as what_is_wanted
from bot.domain.window import closed

_CHECKS_AGAIN = timedelta(seconds=60)
"""How soon an open pull request that the forge holds back is looked at again where no webhook comes."""


def next_step(situation: Situation, found: Release) -> Step:
    wanted = what_is_wanted(situation, found)
    if isinstance(wanted, Step):
        return _kept_open(situation, wanted)
    try:
        files = edited(situation, situation.view.files, wanted.release)
    except TagboatError as error:
        return Step(State.BLOCKED, str(error))
    if not files:
        return _nothing_to_propose(situation, wanted)
    return _moved_tag(situation, wanted) or _propose(situation, found, wanted, files)


def _moved_tag(situation: Situation, wanted: Wanted) -> Step | None:
    """Why a release may not be promoted by its tag: it was moved, is gone, or was not asked about yet."""
    current = situation.record.current
    if not situation.environment.after or current is None:
        return None
    for ref in unpinned(situation.environment, wanted.release, current.release):
        now = situation.snapshot.tag_digests.get(replace(ref, digest=None))
        if now is None:
            reason = f"asks the registry whether {ref.tag} is still what was proved"
            return Step(State.WAITING, reason, until=situation.now, release=wanted.release)
        if isinstance(now, Problem):
            state = State.WAITING if now.is_transient else State.BLOCKED
            return Step(state, str(now), until=situation.again(now), release=wanted.release)
        if now != ref.digest:
            reason = (
                f"tag {ref.tag} of {ref.name} was moved since it was proved: now {now[:19]}…, proved "
                f"{str(ref.digest)[:19]}… (push a new tag, or give the target a digest key)"
            )
            return Step(State.BLOCKED, reason)
    return None


def _kept_open(situation: Situation, step: Step) -> Step:
    pull = situation.view.open_pull_request
    if pull is None or step.state is State.BLOCKED:
        return step
    return replace(step, state=State.PROPOSED, reason=step.reason)


def _nothing_to_propose(situation: Situation, wanted: Wanted) -> Step:
    step = Step(
        State.WAITING if wanted.newer else None, wanted.note, until=wanted.until, release=wanted.newer
    )
    pull = situation.view.open_pull_request
    if pull is None:
        return step
    comment = f"Nothing is left to propose: {pull.base} holds {wanted.release.version} already."
    action = Withdraw(situation.environment.name, pull.number, pull.title, withdrawn(pull.body), comment)
    return replace(step, actions=(action,))


def _propose(
    situation: Situation, found: Release, wanted: Wanted, files: tuple[tuple[str, bytes], ...]
) -> Step:
    view = situation.view
    pull = view.open_pull_request
    no = next((each for each in view.pull_requests if _declines(each, wanted.release)), None)
    if no and (pull is None or pull.release_key != wanted.release.key):
        return Step(
            State.DECLINED,
            f"pull request {no.number} for {wanted.release.version} was closed without a merge; "
            "the next release will be proposed",
        )
    if _was_taken_back(situation.record, wanted.release):
        return Step(
            State.DECLINED,
            f"{wanted.release.version} was taken back by hand; the next release will be proposed",
        )
    if view.foreign_commit:
        branch = wording.branch_of(situation.pipeline, situation.environment)
        return Step(
            State.BLOCKED,
            f"commit {view.foreign_commit[:12]} on {branch} is not Tagboat's, so the branch is left alone "
            "(merge or close the pull request, or remove the commit)",
        )
    proposal = _proposal(situation, found, wanted, files)
    if pull is None or not _holds(situation, pull, wanted.release):
        verb = "opening" if pull is None else "updating"
        action = Propose(
            situation.environment.name,
            proposal,
            wanted.release,
            pull.number if pull else None,
            view.branch_head,
        )
        return Step(State.PROPOSED, f"{verb} a pull request", (action,), release=wanted.release)
    return _await_merge(situation, pull, proposal, wanted)


def _declines(pull: PullRequest, release: Release) -> bool:
    is_no = pull.state is PullRequestState.CLOSED and not pull.is_withdrawn
    return is_no and pull.release_key == release.key


def _was_taken_back(record: EnvironmentRecord, release: Release) -> bool:
    """Whether a human put something else in the release's place after it had been here."""
    current = record.current
    if current is None or current.is_initial or current.pull_request is not None:
        return False
    return any(each.release == release for each in record.deployments[:-1])


def _proposal(
    situation: Situation, found: Release, wanted: Wanted, files: tuple[tuple[str, bytes], ...]
) -> Proposal:
    pipeline, environment = situation.pipeline, situation.environment
    return Proposal(
        branch=wording.branch_of(pipeline, environment),
        files=files,
        message=wording.message(
            pipeline, environment, before=found, after=wanted.release, proofs=wanted.proofs
        ),
        title=wording.title(pipeline, environment, before=found, after=wanted.release),
        body=wording.body(pipeline, environment, before=found, after=wanted.release, proofs=wanted.proofs),
        allow_workflows=environment.allow_workflows,
    )


def _holds(situation: Situation, pull: PullRequest, release: Release) -> bool:
    """Whether the branch proposes the release and can be merged as it is."""
    if pull.mergeable is False:
        return False
    try:
        return pull.release_key == release.key and not edited(
            situation, situation.view.proposed_files, release
        )
    except (TagboatError, KeyError):
        return False


def _await_merge(situation: Situation, pull: PullRequest, proposal: Proposal, wanted: Wanted) -> Step:
    shut = closed(situation.environment.windows, situation.now)
    note = f"; {wanted.note}" if wanted.note else ""
    if shut:
        reason = f"pull request {pull.number} waits: {shut.reason}{note}"
        return Step(State.PROPOSED, reason, until=shut.until, release=wanted.release)
    if situation.environment.merge is Merge.MANUAL:
        reason = f"pull request {pull.number} waits for a human to merge it{note}"
        return Step(State.PROPOSED, reason, until=wanted.until, release=wanted.release)
    if pull.blocked_reason:
        reason = f"pull request {pull.number} waits: {pull.blocked_reason}{note}"
        return Step(State.PROPOSED, reason, until=situation.now + _CHECKS_AGAIN, release=wanted.release)
    action = MergePullRequest(situation.environment.name, pull.number, pull.head, proposal.message)
    return Step(State.PROPOSED, f"merging pull request {pull.number}", (action,), release=wanted.release)
