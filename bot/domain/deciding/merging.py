"""Merging: may the open pull request of an environment be merged now, how, and why not.

Pure. What reviewers, checks and the host say comes in as `bot.domain.people.consent`. Everything fails
closed: what was not asked, or could not be read, never counts as a yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import re2

from bot.domain.deciding.action import (
    ArmPullRequest,
    CommitDirectly,
    DeleteBranch,
    DisarmPullRequest,
    MergePullRequest,
    Propose,
)
from bot.domain.deciding.situation import Situation, Step, Wanted
from bot.domain.glob import translate
from bot.domain.harmless import code, harmless
from bot.domain.people.consent import Check, CheckState, Consent, Opinion, Review
from bot.domain.pipeline import Environment, Merge, MergeRules
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.snapshot import EnvironmentView, Problem
from bot.domain.status import State
from bot.domain.window import closed

_LOOK_AGAIN = timedelta(seconds=60)
"""How soon what holds a merge back is looked at again where no webhook comes."""

SOON = timedelta(seconds=5)
"""How soon it is looked at again while the host still works out whether a branch merges."""

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Lack:
    """What a merge lacks. `needs_human`: it will not come by itself, somebody said no or must mend it."""

    reason: str
    needs_human: bool = False


def rules_of(environment: Environment, view: EnvironmentView) -> MergeRules:
    """What must hold before the open pull request is merged: in a group, what any of its fellows asks for."""
    own = environment.merging
    others = [each.environment.merging for each in view.fellows]
    checks = dict.fromkeys(check for rules in (own, *others) for check in rules.checks)
    return replace(own, approvals=max(each.approvals for each in (own, *others)), checks=tuple(checks))


def lack(rules: MergeRules, consent: Consent, *, head: str) -> Lack | None:
    """What the rules ask for and this head does not have; None when it has all of it.

    An approval counts by the head that it was given at, so that what is merged is what was approved.
    """
    said_no = [*_objections(rules, consent.reviews), *_failures(rules, consent.checks)]
    if said_no:
        return Lack("; ".join(said_no), needs_human=True)
    missing = [*_missing_approvals(rules, consent.reviews, head), *_missing_checks(rules, consent.checks)]
    return Lack("; ".join(missing)) if missing else None


def await_merge(situation: Situation, pull: PullRequest, proposal: Proposal, wanted: Wanted) -> Step:
    """Merge the pull request that proposes what is wanted, leave it to the host, or say what it waits for."""
    shut = closed(situation.environment.windows, situation.now)
    if shut:
        step = _waiting(situation, pull, shut.reason, wanted)
        return replace(step, until=shut.until)
    if situation.environment.merge is Merge.MANUAL:
        reason = f"pull request {pull.number} waits for a human to merge it{_note(wanted)}"
        return Step(State.PROPOSED, reason, until=wanted.until, release=wanted.release)
    return lacking(situation, pull, wanted) or _merge(situation, pull, proposal, wanted)


def must_follow(environment: Environment, pull: PullRequest) -> bool:
    """Whether Tagboat has to bring the branch up to date with its base before it can merge it.

    A merge queue does that by itself, and a human who merges has a button for it.
    """
    return environment.merge is Merge.AUTO and pull.is_behind


def commit(situation: Situation, proposal: Proposal, wanted: Wanted) -> Step:
    """Commit to the base branch, where an environment does without pull requests."""
    shut = closed(situation.environment.windows, situation.now)
    if shut:
        reason = f"{wanted.release.version} waits: {shut.reason}{_note(wanted)}"
        return Step(State.WAITING, reason, until=shut.until, release=wanted.release)
    action = CommitDirectly(situation.environment.name, proposal, wanted.release)
    reason = f"committing {wanted.release.version} to {situation.snapshot.branch.name}"
    return Step(State.WAITING, reason, (action,), release=wanted.release)


def tidied(situation: Situation, step: Step) -> Step:
    """The step with what is due beside it: a host that must not go on is stopped, a merged branch goes."""
    view, rules = situation.view, situation.environment.merging
    pull = view.open_pull_request
    if pull and _is_stopped(situation, pull, step):
        disarm = DisarmPullRequest(situation.environment.name, pull.number)
        return replace(step, actions=(disarm, *step.actions))
    newest = next(iter(view.pull_requests), None)
    if not rules.delete_branch or newest is None or step.actions:
        return step
    if newest.state is not PullRequestState.MERGED or newest.head != view.branch_head:
        return step
    return replace(step, actions=(DeleteBranch(situation.environment.name, newest.number),))


def _is_stopped(situation: Situation, pull: PullRequest, step: Step) -> bool:
    """Whether the host must not go on with what it was asked to merge.

    Whoever asked it, a human too, did so for the head that stands there: before another one takes its place,
    that is taken back. In a group, only who has a part in the pull request has a say in it otherwise.
    """
    if pull.is_armed and any(isinstance(each, Propose) for each in step.actions):
        return True
    consent = situation.view.consent
    is_armed = isinstance(consent, Consent) and consent.arming.is_armed
    return is_armed and not step.leaves_to_host and bool(pull.mark or not situation.environment.group)


def lacking(situation: Situation, pull: PullRequest, wanted: Wanted) -> Step | None:
    """Why the pull request may not be merged by what people and checks say of it; None where they agree."""
    consent, rules = situation.view.consent, rules_of(situation.environment, situation.view)
    if isinstance(consent, Problem):
        state = State.PROPOSED if consent.is_transient else State.BLOCKED
        return Step(state, str(consent), until=situation.again(consent), release=wanted.release)
    found = lack(rules, consent or Consent(), head=pull.head)
    if found and found.needs_human:
        reason = f"pull request {pull.number} is held back: {found.reason}"
        return Step(State.BLOCKED, reason, until=situation.now + _LOOK_AGAIN, release=wanted.release)
    return _waiting(situation, pull, found.reason, wanted) if found else None


def _merge(situation: Situation, pull: PullRequest, proposal: Proposal, wanted: Wanted) -> Step:
    """Merge the head that the files were read at; a host may show the one before it for a moment."""
    if pull.head != situation.view.branch_head:
        step = _waiting(situation, pull, "the host does not show its newest commit yet", wanted)
        return replace(step, until=situation.now + SOON)
    rules = rules_of(situation.environment, situation.view)
    if rules.platform:
        return _by_host(situation, pull, _options(pull, proposal, rules), wanted)
    waits = pull.blocked_reason or ("" if rules.checks else pull.doubt)
    if waits:
        return _waiting(situation, pull, waits, wanted)
    if pull.mergeable is None:
        step = _waiting(situation, pull, "the host works out whether it can be merged", wanted)
        return replace(step, until=situation.now + SOON)
    action = MergePullRequest(situation.environment.name, pull.number, _options(pull, proposal, rules))
    return Step(State.PROPOSED, f"merging pull request {pull.number}", (action,), release=wanted.release)


def _options(pull: PullRequest, proposal: Proposal, rules: MergeRules) -> MergeOptions:
    return MergeOptions(
        expected_head=pull.head,
        message=proposal.message,
        method=rules.method,
        sign_off=proposal.sign_off,
    )


def _by_host(situation: Situation, pull: PullRequest, options: MergeOptions, wanted: Wanted) -> Step:
    consent = situation.view.consent
    arming = consent.arming if isinstance(consent, Consent) else None
    if arming and arming.refusal:
        reason = f"pull request {pull.number} is held back: {arming.refusal} (merge it by hand, or close it)"
        return Step(State.BLOCKED, reason, until=situation.now + _LOOK_AGAIN, release=wanted.release)
    if arming and arming.is_armed:
        return replace(_waiting(situation, pull, arming.waits, wanted), leaves_to_host=True)
    action = ArmPullRequest(situation.environment.name, pull.number, options)
    reason = f"leaving pull request {pull.number} to the host to merge"
    return Step(State.PROPOSED, reason, (action,), release=wanted.release, leaves_to_host=True)


def _waiting(situation: Situation, pull: PullRequest, reason: str, wanted: Wanted) -> Step:
    text = f"pull request {pull.number} waits: {reason}{_note(wanted)}"
    return Step(State.PROPOSED, text, until=situation.now + _LOOK_AGAIN, release=wanted.release)


def _note(wanted: Wanted) -> str:
    return f"; {wanted.note}" if wanted.note else ""


def _objections(rules: MergeRules, reviews: Iterable[Review]) -> Iterator[str]:
    if not rules.approvals:
        return
    people = [each.by for each in _counted(reviews) if each.opinion is Opinion.CHANGES_REQUESTED]
    if people:
        yield f"changes were requested by {_named(map(harmless, people))}"


def _missing_approvals(rules: MergeRules, reviews: Iterable[Review], head: str) -> Iterator[str]:
    given = {each.by: each for each in _counted(reviews) if each.opinion is Opinion.APPROVED}
    good = [name for name, each in given.items() if each.commit in (None, head)]
    if len(good) >= rules.approvals:
        return
    old = len(given) - len(good)
    outdated = f" ({old} given before the newest commit)" if old else ""
    yield f"{len(good)} of {rules.approvals} approvals{outdated}"


def _counted(reviews: Iterable[Review]) -> list[Review]:
    return [each for each in reviews if each.is_human and each.may_write and not each.is_author]


def _failures(rules: MergeRules, checks: Iterable[Check]) -> Iterator[str]:
    failed = [each.name for each in checks if each.state is CheckState.FAILED and _is_asked_for(rules, each)]
    if failed:
        yield f"{_checks(failed)} failed"


def _missing_checks(rules: MergeRules, checks: Iterable[Check]) -> Iterator[str]:
    asked = [each for each in checks if _is_asked_for(rules, each)]
    running = [each.name for each in asked if each.state is CheckState.RUNNING]
    absent = [want for want in rules.checks if not any(_matches(want, each.name) for each in asked)]
    if running:
        yield f"{_checks(running)} still {'runs' if len(set(running)) == 1 else 'run'}"
    if absent:
        yield f"{_checks(absent)} {'has' if len(set(absent)) == 1 else 'have'} not reported on this commit"


def _is_asked_for(rules: MergeRules, check: Check) -> bool:
    return any(_matches(want, check.name) for want in rules.checks)


def _matches(want: str, name: str) -> bool:
    """A name may hold what is special in a glob (`test [3.11]`): written as it is, it is found too."""
    return want == name or re2.fullmatch(translate(want), name) is not None


def _checks(names: Iterable[str]) -> str:
    each = list(dict.fromkeys(names))
    return f"{'check' if len(each) == 1 else 'checks'} {_named(map(code, each))}"


def _named(names: Iterable[str]) -> str:
    each = list(dict.fromkeys(names))
    more = f" and {len(each) - _MOST_NAMED} more" if len(each) > _MOST_NAMED else ""
    return f"{', '.join(each[:_MOST_NAMED])}{more}"
