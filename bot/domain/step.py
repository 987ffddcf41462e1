"""What comes next in an environment: propose, update, withdraw, merge, or wait, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import proposing
from bot.domain.action import Action, MergePullRequest, Propose, Withdraw
from bot.domain.branch import branch_of, has_branch_per_release
from bot.domain.errors import TagboatError, sentence
from bot.domain.group import reluctant, taken_along
from bot.domain.harmless import harmless
from bot.domain.image import Release
from bot.domain.mark import Mark, withdrawn
from bot.domain.noise import quiet
from bot.domain.pipeline import Merge
from bot.domain.promotion import unpinned
from bot.domain.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.proposing import Draft
from bot.domain.situation import Situation, Step, Wanted, edited
from bot.domain.snapshot import EnvironmentRecord, Gathering, Problem, State
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
        if not files:
            return _nothing_to_propose(situation, wanted)
        return _moved_tag(situation, wanted) or _propose(situation, found, wanted)
    except TagboatError as error:
        return Step(State.BLOCKED, str(error))


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
    if situation.environment.group:
        return step  # said as it is: who does not want to be merged now is waited for by its fellows
    return replace(step, state=State.PROPOSED, reason=step.reason)


def _nothing_to_propose(situation: Situation, wanted: Wanted) -> Step:
    step = Step(
        State.WAITING if wanted.newer else None, wanted.note, until=wanted.until, release=wanted.newer
    )
    pull, version = situation.view.open_pull_request, wanted.release.version
    comment = f"Nothing is left to propose: the base branch holds {harmless(version)} already."
    older = tuple(_withdraw(situation, each, comment) for each in situation.view.older)
    if pull is None:
        return replace(step, actions=older)
    if not situation.environment.group:
        return replace(step, actions=(*older, _withdraw(situation, pull, comment)))
    mark, fellows = proposing.own_mark(situation), taken_along(situation)
    if fellows and mark and not situation.view.foreign_commit:
        return replace(step, actions=(proposing.without(situation, wanted.release, fellows),))
    is_last = not fellows and (mark is not None or not pull.mark)
    return replace(step, actions=(_withdraw(situation, pull, comment),)) if is_last else step


def _withdraw(situation: Situation, pull: PullRequest, comment: str) -> Withdraw:
    return Withdraw(situation.environment.name, pull.number, pull.title, withdrawn(pull.body), comment)


def _propose(situation: Situation, found: Release, wanted: Wanted) -> Step:
    view, environment = situation.view, situation.environment
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
    branch = branch_of(situation.pipeline, environment, wanted.release)
    stop = _other_branch(situation, wanted.release, branch) or _foreign(situation, pull, branch)
    if stop:
        return stop
    draft = proposing.draft(situation, found, wanted)
    if pull is None or not _holds(situation, pull, wanted.release):
        return _write(situation, pull, draft)
    return _say(situation, pull, draft) or _with_fellows(situation, pull, draft, wanted)


def _other_branch(situation: Situation, release: Release, branch: str) -> Step | None:
    """Why nothing is written to the branch yet, where its name comes from the configuration."""
    view = situation.view
    if branch == situation.snapshot.branch.name:
        what, fix = (
            f"branch {branch} is the base branch itself",
            "give the template of the branch another name",
        )
        return Step(State.BLOCKED, sentence(what, fix=fix))
    if has_branch_per_release(situation.environment) and view.branch != branch:
        reason = f"looks whether {branch} is there already"
        return Step(State.WAITING, reason, until=situation.now, release=release, branch=branch)
    if proposing.is_somebody_elses(situation, release, branch):
        what, fix = f"branch {branch} is there already and is not Tagboat's", "rename or delete it"
        return Step(State.BLOCKED, sentence(what, fix=fix))
    return None


def _foreign(situation: Situation, pull: PullRequest | None, branch: str) -> Step | None:
    """The stop at a commit of somebody else, which is said below the pull request too, once."""
    if not situation.view.foreign_commit:
        return None
    comment = proposing.foreign_comment(situation, pull) if pull else None
    return Step(
        State.BLOCKED,
        f"commit {situation.view.foreign_commit[:12]} on {branch} is not Tagboat's, so the branch is left "
        "alone (merge or close the pull request, or remove the commit)",
        (comment,) if comment else (),
    )


def _write(situation: Situation, pull: PullRequest | None, draft: Draft) -> Step:
    environment, release = situation.environment, draft.release
    mark = proposing.own_mark(situation)
    wait = quiet(
        environment.pull_request.pace,
        situation.snapshot.traffic,
        _gathering(situation, release, mark),
        is_new=pull is None,
        now=situation.now,
    )
    if wait:
        state = State.WAITING if mark is None else State.PROPOSED
        reason = f"{release.version}: {wait.reason}"
        return Step(state, reason, until=wait.until, release=release, gathering=wait.gathering)
    number = pull.number if pull else None
    action = Propose(environment.name, draft.proposal, release, number, situation.view.branch_head)
    verb = "opening" if pull is None else "updating"
    return Step(State.PROPOSED, f"{verb} a pull request", (action,), release=release)


def _gathering(situation: Situation, release: Release, mark: Mark | None) -> Gathering | None:
    """What is gathered, the release among it; None where it is proposed already and only written anew."""
    if mark and mark.key == release.key:
        return None
    before, now = situation.record.gathering, situation.now
    if before is None:
        return Gathering(release.key, now, now)
    return before if before.key == release.key else Gathering(release.key, before.first, now)


def _say(situation: Situation, pull: PullRequest, draft: Draft) -> Step | None:
    """What is to be said beside the open pull request, and of those that it supersedes."""
    actions: list[Action] = []
    name = situation.environment.name
    described = proposing.description(pull, draft.proposal, situation.record.described, name)
    if described:
        actions.append(described)
    comment = f"Superseded by pull request {pull.number} for {harmless(draft.release.version)}."
    actions += [_withdraw(situation, each, comment) for each in situation.view.older]
    if not actions:
        return None
    reason = f"pull request {pull.number} is described"
    return Step(State.PROPOSED, reason, tuple(actions), release=draft.release)


def _with_fellows(situation: Situation, pull: PullRequest, draft: Draft, wanted: Wanted) -> Step:
    """Wait for the merge, and in a group for everybody's consent."""
    proposal = draft.proposal
    if not situation.environment.group:
        return _await_merge(situation, pull, proposal, wanted)
    waits = _fellows_wait(situation, pull, draft)
    if waits and situation.environment.merge is Merge.AUTO:
        return waits
    return _await_merge(situation, pull, replace(proposal, message=f"{proposal.title}\n"), wanted)


def _fellows_wait(situation: Situation, pull: PullRequest, draft: Draft) -> Step | None:
    """Why the group's pull request is not merged yet: its fellows' windows, gates and hands count too."""
    inside = {change.place for change in draft.changes}
    reasons: list[tuple[str, datetime | None]] = [
        (f"{each.name} does not want it now", None) for each in reluctant(situation.view, draft.changes)
    ]
    for fellow in situation.view.fellows:
        if (fellow.pipeline.name, fellow.environment.name) not in inside:
            continue
        shut = closed(fellow.environment.windows, situation.now)
        if shut:
            reasons.append((f"{shut.reason} for {fellow.name}", shut.until))
        if fellow.environment.merge is not Merge.AUTO:
            reasons.append((f"a human merges {fellow.name}", None))
    if not reasons:
        return None
    reason, until = reasons[0]
    return Step(
        State.PROPOSED, f"pull request {pull.number} waits: {reason}", until=until, release=draft.release
    )


def _declines(pull: PullRequest, release: Release) -> bool:
    is_no = pull.state is PullRequestState.CLOSED and not pull.is_withdrawn
    return is_no and pull.release_key == release.key


def _was_taken_back(record: EnvironmentRecord, release: Release) -> bool:
    """Whether a human put something else in the release's place after it had been here."""
    current = record.current
    if current is None or current.is_initial or current.pull_request is not None:
        return False
    return any(each.release == release for each in record.deployments[:-1])


def _holds(situation: Situation, pull: PullRequest, release: Release) -> bool:
    """Whether the branch proposes the release and can be merged as it is."""
    if pull.mergeable is False:
        return False
    try:
        return pull.release_key == release.key and not edited(
            situation, situation.view.proposed_files, release
        )
    except TagboatError:
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
