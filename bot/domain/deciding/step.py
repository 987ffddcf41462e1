"""What comes next in an environment: propose, update, withdraw, merge, or wait, and why."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.deciding import group, hot_fix, merging, obeying, proposing, refusing
from bot.domain.deciding.action import Action, Propose, Withdraw
from bot.domain.deciding.noise import quiet
from bot.domain.deciding.proposing import Draft
from bot.domain.deciding.situation import Situation, Step, Wanted, copy_for, edited
from bot.domain.deciding.wanted import wanted as what_is_wanted
from bot.domain.errors import TagboatError, sentence
from bot.domain.harmless import code, harmless
from bot.domain.image import Release
from bot.domain.pipeline import Merge
from bot.domain.pull_request.branch import branch_of
from bot.domain.pull_request.mark import Mark, marks, withdrawn
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.record import Gathering
from bot.domain.status import State


def next_step(situation: Situation, found: Release) -> Step:
    return merging.tidied(situation, _next_step(situation, found))


def _next_step(situation: Situation, found: Release) -> Step:
    stop = obeying.held(situation)
    if stop:
        return replace(stop, release=_held_back(situation, found))
    wanted = obeying.rolled_back(situation) or what_is_wanted(situation, found)
    if isinstance(wanted, Step):
        return _kept_open(situation, wanted)
    situation = obeying.eased(situation, wanted.release)
    try:
        copy = copy_for(situation, wanted.release)
        if copy is None:
            reason = f"reads the files of {wanted.release.version} as they were proved upstream"
            return Step(State.WAITING, reason, until=situation.now, release=wanted.release)
        if not edited(situation, situation.view.files, wanted.release):
            return replace(_nothing_to_propose(situation, wanted), holds=wanted.release)
        stop = refusing.moved_tag(situation, wanted) or hot_fix.stop(situation, wanted.release)
        return stop or _propose(situation, found, wanted)
    except TagboatError as error:
        return Step(State.BLOCKED, str(error))


def _held_back(situation: Situation, found: Release) -> Release | None:
    """What the hold keeps from coming: what the open pull request would bring, or else what is wanted."""
    mark, proposed = proposing.own_mark(situation), situation.record.proposed
    if mark is not None:
        return proposed if proposed and mark.key == proposed.key else None
    wanted = what_is_wanted(situation, found)
    if isinstance(wanted, Step):
        return wanted.release
    try:
        return wanted.release if edited(situation, situation.view.files, wanted.release) else wanted.newer
    except TagboatError:  # why it cannot be written is said once the hold is over
        return wanted.release


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
    if situation.view.foreign_commit:
        left = f"pull request {pull.number} is left to people, as somebody else committed to its branch"
        return replace(step, reason="; ".join(each for each in (left, step.reason) if each), actions=older)
    if not situation.environment.group:
        return replace(step, actions=(*older, _withdraw(situation, pull, comment)))
    if _is_elsewhere(situation, pull):
        return _begun_anew(situation, pull, step.release)
    mark, fellows = proposing.own_mark(situation), group.taken_along(situation)
    if fellows and mark:
        return replace(step, actions=(proposing.without(situation, wanted.release, fellows),))
    is_last = not fellows and (mark is not None or not marks(pull.body))
    return replace(step, actions=(_withdraw(situation, pull, comment),)) if is_last else step


def _withdraw(situation: Situation, pull: PullRequest, comment: str) -> Withdraw:
    return Withdraw(situation.environment.name, pull.number, pull.title, withdrawn(pull.body), comment)


def _taken_down(situation: Situation, release: Release, reason: str) -> tuple[Withdraw, ...]:
    """The end of the open pull request, where it proposes this very release; a group's goes on."""
    pull = situation.view.open_pull_request
    if pull is None or pull.release_key != release.key or situation.environment.group:
        return ()
    after = obeying.after_no(situation)
    return (_withdraw(situation, pull, f"{harmless(reason.removesuffix(after))}{after}."),)


def _propose(situation: Situation, found: Release, wanted: Wanted) -> Step:
    view, environment = situation.view, situation.environment
    pull = view.open_pull_request
    skipped = obeying.skipped(situation, wanted.release)
    if skipped:
        return replace(skipped, actions=_taken_down(situation, wanted.release, skipped.reason))
    no = refusing.declined(situation, wanted.release)
    if no:
        return no
    if environment.merge is Merge.DIRECT:
        doubt = refusing.doubt(situation, wanted)
        if doubt:
            fix = "copy it once by pull request, with `merge: manual`, or set `overwrite: true`"
            return Step(State.BLOCKED, sentence("nothing is committed", doubt, fix))
        draft = obeying.named(situation, proposing.draft(situation, found, wanted))
        return _noisy(situation, draft, is_new=False) or merging.commit(situation, draft.proposal, wanted)
    branch = branch_of(situation.pipeline, environment, wanted.release)
    stop = refusing.other_branch(situation, wanted.release, branch) or refusing.foreign(
        situation, pull, branch
    )
    if stop:
        return stop
    if pull and _is_elsewhere(situation, pull):
        return _begun_anew(situation, pull, wanted.release)
    draft = obeying.named(situation, proposing.draft(situation, found, wanted))
    if pull is None or obeying.must_rebuild(situation) or not _holds(situation, pull, draft):
        return _write(situation, pull, draft)
    step = _say(situation, pull, draft) or _with_fellows(situation, pull, draft, wanted)
    revised = proposing.with_thread(situation, pull)
    return replace(step, actions=(*step.actions, revised)) if revised else step


def _is_elsewhere(situation: Situation, pull: PullRequest) -> bool:
    """Whether the pull request leads to another branch than the base branch, as it is now."""
    return pull.base != situation.snapshot.branch.name


def _begun_anew(situation: Situation, pull: PullRequest, release: Release | None) -> Step:
    """The end of a pull request for another base; the next look opens one for the base branch.

    Left open, it would bring there all that the two bases do not share, as soon as its branch begins on ours.
    """
    base = situation.snapshot.branch.name
    comment = f"It is for {code(pull.base)}, and the change is for {code(base)}: proposed anew there."
    reason = f"pull request {pull.number} is for {pull.base}, so a new one is opened for {base}"
    return Step(State.PROPOSED, reason, (_withdraw(situation, pull, comment),), release=release)


def _write(situation: Situation, pull: PullRequest | None, draft: Draft) -> Step:
    wait = _noisy(situation, draft, is_new=pull is None)
    if wait:
        return wait
    number = pull.number if pull else None
    name = situation.environment.name
    head = situation.view.branch_head
    action = Propose(name, draft.proposal, draft.release, number, head, draft.sought, draft.threads)
    verb = "opening" if pull is None else "updating"
    rebase = situation.standing.rebase
    return Step(
        State.PROPOSED,
        f"{verb} a pull request",
        (action,),
        release=draft.release,
        rebuilds=rebase.key if rebase else "",
    )


def _noisy(situation: Situation, draft: Draft, *, is_new: bool) -> Step | None:
    """Why it is not written yet: something newer may come, or there are enough pull requests."""
    release, mark, traffic = draft.release, proposing.own_mark(situation), situation.snapshot.traffic
    wait = quiet(
        situation.environment.pull_request.pace,
        replace(traffic, open=traffic.open - len(situation.view.older)),  # those it is to supersede
        _gathering(situation, release, mark),
        is_new=is_new,
        now=situation.now,
    )
    if wait is None:
        return None
    state = State.WAITING if mark is None else State.PROPOSED
    reason = f"{release.version}: {wait.reason}"
    return Step(state, reason, until=wait.until, release=release, gathering=wait.gathering)


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
    proposal, doubt = draft.proposal, refusing.doubt(situation, wanted)
    if doubt and situation.environment.merge is not Merge.MANUAL:
        reason = f"pull request {pull.number} waits for a human to merge it: {doubt}"
        return Step(State.PROPOSED, reason, release=wanted.release)
    if not situation.environment.group:
        return merging.await_merge(situation, pull, proposal, wanted)
    no = merging.lacking(situation, pull, wanted)
    if no and no.state is State.BLOCKED:
        return no  # it holds for the whole group: who waited for the others' consent would hide it
    waits = group.fellows_wait(situation, pull, draft.changes, draft.release)
    if waits and situation.environment.merge is Merge.AUTO:
        return waits
    return merging.await_merge(situation, pull, proposal, wanted)


def _holds(situation: Situation, pull: PullRequest, draft: Draft) -> bool:
    """Whether the branch proposes the release, with nothing else, and can be merged as it is."""
    release = draft.release
    if pull.mergeable is False or merging.must_follow(situation.environment, pull):
        return False
    if situation.view.is_uprooted:  # merged as it is, it would bring back what was taken from the base
        return False
    if group.has_strays(situation, draft.changes):
        return False
    try:
        return pull.release_key == release.key and not edited(
            situation, situation.view.proposed_files, release, on_branch=True
        )
    except TagboatError:
        return False
