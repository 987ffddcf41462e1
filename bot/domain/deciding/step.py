"""What comes next in an environment: propose, update, withdraw, merge, or wait, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.deciding import merging, obeying, proposing
from bot.domain.deciding.action import Action, Propose, Withdraw
from bot.domain.deciding.group import has_strays, is_being_opened, joining, reluctant, taken_along
from bot.domain.deciding.noise import quiet
from bot.domain.deciding.promotion import unpinned
from bot.domain.deciding.proposing import Draft
from bot.domain.deciding.situation import Situation, Step, Wanted, copy_for, edited
from bot.domain.deciding.wanted import wanted as what_is_wanted
from bot.domain.directories.copying import hesitation
from bot.domain.directories.directory import Copied, hot_fixes, listed
from bot.domain.errors import TagboatError, sentence
from bot.domain.harmless import harmless
from bot.domain.image import Release
from bot.domain.pipeline import Merge
from bot.domain.pull_request.branch import branch_of, has_branch_per_release
from bot.domain.pull_request.mark import Mark, marks, withdrawn
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import EnvironmentRecord, Gathering, Problem, State
from bot.domain.window import closed


def next_step(situation: Situation, found: Release) -> Step:
    return merging.tidied(situation, _next_step(situation, found))


def _next_step(situation: Situation, found: Release) -> Step:
    stop = obeying.held(situation)
    if stop:
        return stop
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
        stop = _moved_tag(situation, wanted) or _hot_fix(situation, copy)
        return stop or _propose(situation, found, wanted)
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


def _hot_fix(situation: Situation, copy: Copied) -> Step | None:
    """Why a directory is not copied over: somebody changed files there which the copy would take back."""
    promotion, view = situation.environment.promote, situation.view.directory
    paths = hot_fixes(view, copy, promotion) if promotion and view else ()
    if not promotion or not paths:
        return None
    what = f"{listed(paths)} changed since {promotion.directory}/ was last copied to {promotion.to}/"
    fix = f"make the change in {promotion.directory}/ too, name it by `keep`, or set `overwrite: true`"
    return Step(State.BLOCKED, sentence(what, "the copy would undo it", fix))


def _doubt(situation: Situation, wanted: Wanted) -> str:
    """Why a human has to agree to a copy."""
    copy = copy_for(situation, wanted.release)
    return hesitation(situation.environment.promote, situation.record, copy) if copy else ""


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
    is_last = not fellows and (mark is not None or not marks(pull.body))
    return replace(step, actions=(_withdraw(situation, pull, comment),)) if is_last else step


def _withdraw(situation: Situation, pull: PullRequest, comment: str) -> Withdraw:
    return Withdraw(situation.environment.name, pull.number, pull.title, withdrawn(pull.body), comment)


def _taken_down(situation: Situation, release: Release, reason: str) -> tuple[Withdraw, ...]:
    """The end of the open pull request, where it proposes this very release; a group's goes on."""
    pull = situation.view.open_pull_request
    if pull is None or pull.release_key != release.key or situation.environment.group:
        return ()
    return (_withdraw(situation, pull, f"{harmless(reason)}."),)


def _propose(situation: Situation, found: Release, wanted: Wanted) -> Step:
    view, environment = situation.view, situation.environment
    pull = view.open_pull_request
    skipped = obeying.skipped(situation, wanted.release)
    if skipped:
        return replace(skipped, actions=_taken_down(situation, wanted.release, skipped.reason))
    is_asked_for = situation.standing.promotes(wanted.release)
    no = next((each for each in view.pull_requests if _declines(each, wanted.release)), None)
    if no and not is_asked_for and (pull is None or pull.release_key != wanted.release.key):
        return Step(
            State.DECLINED,
            f"pull request {no.number} for {wanted.release.version} was closed without a merge; "
            "the next release will be proposed",
        )
    if not is_asked_for and _was_taken_back(situation.record, wanted.release):
        return Step(
            State.DECLINED,
            f"{wanted.release.version} was taken back by hand; the next release will be proposed",
        )
    if environment.merge is Merge.DIRECT:
        doubt = _doubt(situation, wanted)
        if doubt:
            fix = "copy it once by pull request, with `merge: manual`, or set `overwrite: true`"
            return Step(State.BLOCKED, sentence("nothing is committed", doubt, fix))
        draft = obeying.named(situation, proposing.draft(situation, found, wanted))
        return _noisy(situation, draft, is_new=False) or merging.commit(situation, draft.proposal, wanted)
    branch = branch_of(situation.pipeline, environment, wanted.release)
    stop = _other_branch(situation, wanted.release, branch) or _foreign(situation, pull, branch)
    if stop:
        return stop
    if environment.group and is_being_opened(situation):
        reason = f"somebody else of group {environment.group} opens the pull request (delete {branch} if not)"
        return Step(State.PROPOSED, reason, until=situation.now + merging.SOON, release=wanted.release)
    draft = obeying.named(situation, proposing.draft(situation, found, wanted))
    if pull is None or obeying.must_rebuild(situation) or not _holds(situation, pull, draft):
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
    wait = _noisy(situation, draft, is_new=pull is None)
    if wait:
        return wait
    number = pull.number if pull else None
    name = situation.environment.name
    head = situation.view.branch_head
    action = Propose(name, draft.proposal, draft.release, number, head, draft.sought)
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
    release, mark = draft.release, proposing.own_mark(situation)
    wait = quiet(
        situation.environment.pull_request.pace,
        situation.snapshot.traffic,
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
    proposal, doubt = draft.proposal, _doubt(situation, wanted)
    if doubt and situation.environment.merge is not Merge.MANUAL:
        reason = f"pull request {pull.number} waits for a human to merge it: {doubt}"
        return Step(State.PROPOSED, reason, release=wanted.release)
    if not situation.environment.group:
        return merging.await_merge(situation, pull, proposal, wanted)
    waits = _fellows_wait(situation, pull, draft)
    if waits and situation.environment.merge is Merge.AUTO:
        return waits
    return merging.await_merge(situation, pull, replace(proposal, message=f"{proposal.title}\n"), wanted)


def _fellows_wait(situation: Situation, pull: PullRequest, draft: Draft) -> Step | None:
    """Why the group's pull request is not merged yet: its fellows' windows, gates and hands count too."""
    inside = {change.place for change in draft.changes}
    reasons: list[tuple[str, datetime | None]] = [
        (f"{each.name} does not want it now", None) for each in reluctant(situation.view, draft.changes)
    ]
    reasons += [
        (f"{each.name} is about to join", until or situation.now + merging.SOON)
        for each, until in joining(situation.view, draft.changes, situation.now)
    ]
    for fellow in situation.view.fellows:
        if fellow.place not in inside:
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
    if current is None or current.is_initial or current.is_committed or current.pull_request is not None:
        return False
    return any(each.release == release for each in record.deployments[:-1])


def _holds(situation: Situation, pull: PullRequest, draft: Draft) -> bool:
    """Whether the branch proposes the release, with nothing else, and can be merged as it is."""
    release = draft.release
    if pull.mergeable is False or merging.must_follow(situation.environment, pull):
        return False
    if has_strays(situation.view, draft.changes, situation.now):
        return False
    try:
        return pull.release_key == release.key and not edited(
            situation, situation.view.proposed_files, release, on_branch=True
        )
    except TagboatError:
        return False
