"""Refusing: why a wanted release is not proposed, or not yet; each answer is a step with its reason."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.deciding import group, obeying, proposing
from bot.domain.deciding.promotion import holders, unpinned
from bot.domain.deciding.situation import Situation, Step, Wanted, copy_for
from bot.domain.directories.copying import hesitation
from bot.domain.errors import sentence
from bot.domain.image import Release
from bot.domain.pull_request.branch import has_branch_per_release
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.record import EnvironmentRecord
from bot.domain.snapshot import Problem
from bot.domain.status import State


def moved_tag(situation: Situation, wanted: Wanted) -> Step | None:
    """Why a release may not be promoted by its tag: it was moved, is gone, or was not asked about yet."""
    current = situation.record.current
    if not situation.environment.after or current is None:
        return None
    targets = holders(situation.snapshot.pipeline, situation.environment)
    for ref in unpinned(targets, wanted.release, current.release):
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


def doubt(situation: Situation, wanted: Wanted) -> str:
    """Why a human has to agree to a copy."""
    copy = copy_for(situation, wanted.release)
    return hesitation(situation.environment.promote, situation.view.directory, copy) if copy else ""


def declined(situation: Situation, release: Release) -> Step | None:
    """A human's no to this very release: a pull request that was closed, or a commit that took it back.

    An order that came later is a yes.
    """
    if obeying.overrules(situation, release):
        return None
    view = situation.view
    pull = view.open_pull_request
    no = next((each for each in view.pull_requests if _declines(each, release)), None)
    if no and (pull is None or pull.release_key != release.key):
        what = f"pull request {no.number} for {release.version} was closed without a merge"
        return Step(State.DECLINED, f"{what}{obeying.after_no(situation)}")
    if situation.standing.rollback is None and _was_taken_back(situation.record, release):
        return Step(State.DECLINED, f"{release.version} was taken back by hand{obeying.AFTER_NO}")
    return None


def other_branch(situation: Situation, release: Release, branch: str) -> Step | None:
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


def foreign(situation: Situation, pull: PullRequest | None, branch: str) -> Step | None:
    """The stop at a commit of somebody else, which is said below the pull request too, once."""
    if not situation.view.foreign_commit:
        return None
    comment = proposing.foreign_comment(situation, pull) if pull and group.speaks(situation, pull) else None
    fix = "merge or close the pull request, or remove the commit" if pull else "delete or rename the branch"
    return Step(
        State.BLOCKED,
        f"commit {situation.view.foreign_commit[:12]} on {branch} is not Tagboat's, so the branch is left "
        f"alone ({fix})",
        (comment,) if comment else (),
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
