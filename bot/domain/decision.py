"""The decision: from what was observed to what should be done, as one pure function.

`decide(snapshot, now)` looks at each environment in order and gives it a status with a reason, perhaps a
time to look again, and actions. "No" and "not yet" are statuses, never exceptions. An action names what it
acts upon by content (branch, number and expected head), so that doing it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import story, wording
from bot.domain.deployment import written
from bot.domain.edit.targets import write_target
from bot.domain.errors import TagboatError
from bot.domain.image import ImageRef, Release
from bot.domain.notice import Notice
from bot.domain.pipeline import Application, Environment, Merge, Pipeline
from bot.domain.progress import Progress, follow
from bot.domain.promotion import NotYet, Proof, proved, unpinned
from bot.domain.proposal import Proposal, PullRequest, PullRequestState, withdrawn
from bot.domain.selection import Strategy, is_downgrade
from bot.domain.snapshot import (
    EnvironmentRecord,
    EnvironmentStatus,
    EnvironmentView,
    ImageChoice,
    Problem,
    PullRequestSummary,
    Record,
    Snapshot,
    State,
)
from bot.domain.window import closed

_CHECKS_AGAIN = timedelta(seconds=60)
"""How soon an open pull request that the forge holds back is looked at again where no webhook comes."""

_FAULT_AGAIN = timedelta(seconds=30)
"""How soon a registry that could not be read is asked again."""


@dataclass(frozen=True, slots=True)
class Propose:
    """Write the branch, then open the pull request (`number` None) or bring its words up to date."""

    environment: str
    proposal: Proposal
    release: Release
    number: int | None
    expected: str | None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Close a pull request that has nothing left to propose; `body` marks the close as Tagboat's own."""

    environment: str
    number: int
    title: str
    body: str
    comment: str


@dataclass(frozen=True, slots=True)
class MergePullRequest:
    """Merge, if the head is still the one that was looked at."""

    environment: str
    number: int
    expected_head: str
    message: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """Ask Argo CD to compare an Application with Git."""

    environment: str
    application: Application
    hard: bool


Action = Propose | Withdraw | MergePullRequest | Refresh


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, what people are shown and told, what to remember, and when to look again."""

    actions: tuple[Action, ...]
    environments: tuple[EnvironmentStatus, ...]
    record: Record
    notices: tuple[Notice, ...]
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Situation:
    """All that the decision on one environment rests on; `upstream` holds what was decided before it."""

    snapshot: Snapshot
    environment: Environment
    upstream: Mapping[str, EnvironmentRecord]
    now: datetime

    @property
    def pipeline(self) -> Pipeline:
        return self.snapshot.pipeline

    @property
    def view(self) -> EnvironmentView:
        return self.snapshot.environments[self.environment.name]

    @property
    def record(self) -> EnvironmentRecord:
        return self.snapshot.record.environment(self.environment.name)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The release that an environment should have, and what proved it.

    `newer` is a newer one that is not proved yet; `note` says what it, or an image without a choice, lacks.
    """

    release: Release
    proofs: tuple[Proof, ...] = ()
    note: str = ""
    newer: Release | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What happens next in an environment. `state` None: nothing, so the rollout speaks for it."""

    state: State | None
    reason: str = ""
    actions: tuple[Action, ...] = ()
    until: datetime | None = None
    release: Release | None = None


@dataclass(frozen=True, slots=True)
class _Decided:
    status: EnvironmentStatus
    record: EnvironmentRecord
    actions: tuple[Action, ...] = ()
    progress: Progress | None = None
    release: Release | None = None


def decide(snapshot: Snapshot, now: datetime) -> Plan:
    """Decide for every environment of the pipeline, upstream before downstream."""
    decided: dict[str, _Decided] = {}
    for environment in snapshot.pipeline.environments:
        upstream = {name: decided[name].record for name in environment.after}
        decided[environment.name] = _decide_one(_Situation(snapshot, environment, upstream, now))
    statuses = tuple(one.status for one in decided.values())
    times = [one.status.wake_at for one in decided.values() if one.status.wake_at]
    return Plan(
        actions=tuple(action for one in decided.values() for action in one.actions),
        environments=statuses,
        record=Record({name: one.record for name, one in decided.items()}),
        notices=tuple(_notices(snapshot, decided)),
        wake_at=min(times) if times else None,
    )


def _decide_one(situation: _Situation) -> _Decided:
    if situation.view.problem:
        return _unread(situation, State.UNKNOWN, str(situation.view.problem))
    try:
        found = written(situation.pipeline, situation.environment, situation.view.files)
    except TagboatError as error:
        return _unread(situation, State.BLOCKED, str(error))
    progress = follow(
        situation.pipeline,
        situation.environment,
        situation.record,
        situation.view,
        situation.snapshot.branch,
        situation.now,
    )
    record = _remember(situation.record, progress)
    step = _next_step(situation, found)
    for action in step.actions:
        if isinstance(action, Propose):
            record = replace(record, proposed=action.release)
    refreshes = tuple(
        Refresh(situation.environment.name, application, hard) for application, hard in progress.refreshes
    )
    status = _status(situation, found, progress, step)
    return _Decided(status, record, (*step.actions, *refreshes), progress, step.release)


def _unread(situation: _Situation, state: State, reason: str) -> _Decided:
    current = situation.record.current
    status = EnvironmentStatus(
        name=situation.environment.name,
        state=state,
        reason=reason,
        after=situation.environment.after,
        running=_versions(current.release) if current else {},
    )
    return _Decided(status, situation.record)


def _remember(record: EnvironmentRecord, progress: Progress) -> EnvironmentRecord:
    if progress.deployment is None:
        return record
    return replace(record, deployments=(*record.deployments[:-1], progress.deployment))


def _next_step(situation: _Situation, found: Release) -> _Step:
    wanted = _wanted(situation, found)
    if isinstance(wanted, _Step):
        return _kept_open(situation, wanted)
    try:
        files = _edited(situation, situation.view.files, wanted.release)
    except TagboatError as error:
        return _Step(State.BLOCKED, str(error))
    if not files:
        return _nothing_to_propose(situation, wanted)
    return _moved_tag(situation, wanted) or _propose(situation, found, wanted, files)


def _wanted(situation: _Situation, found: Release) -> _Wanted | _Step:
    if not situation.environment.after:
        return _chosen(situation, found)
    answer = proved(situation.environment, situation.upstream, situation.now)
    if isinstance(answer, NotYet):
        held = answer.release is not None and not _is_held(situation, found, answer.release)
        return _Step(
            State.WAITING if held else None, answer.reason, until=answer.until, release=answer.release
        )
    release = answer.release.only([alias for alias, _ in found.images])
    for alias, ref in release:
        policy = situation.pipeline.image(alias).policy
        if not policy.allow_downgrade and is_downgrade(policy, current=found[alias], wanted=ref):
            reason = f"runs {alias} {found[alias].version}, newer than {ref.version} that is proved upstream"
            return _Step(None, reason)
    if answer.newer is None:
        return _Wanted(release, answer.proofs)
    newer = answer.newer
    return _Wanted(release, answer.proofs, newer.reason, newer.release, newer.until)


def _chosen(situation: _Situation, found: Release) -> _Wanted | _Step:
    choices = situation.snapshot.choices[situation.environment.name]
    refs: dict[str, ImageRef] = {}
    notes: list[str] = []
    for alias, current in found:
        answer = choices[alias]
        if isinstance(answer, Problem):
            state = State.WAITING if answer.is_transient else State.BLOCKED
            return _Step(state, f"image {alias}: {answer}", until=situation.now + _FAULT_AGAIN)
        if answer.choice.is_waiting:
            reason = f"image {alias}: {answer.choice.reason}"
            return _Step(State.WAITING, reason, until=situation.now + _FAULT_AGAIN)
        if answer.choice.tag is None:
            notes.append(f"image {alias}: {answer.choice.reason}")
        refs[alias] = _chosen_ref(situation.pipeline, alias, answer, current)
    return _Wanted(Release.of(refs), note="; ".join(notes))


def _chosen_ref(pipeline: Pipeline, alias: str, answer: ImageChoice, current: ImageRef) -> ImageRef:
    if answer.choice.tag is None:
        return current
    return ImageRef(pipeline.image(alias).name, answer.choice.tag, answer.digest)


def _edited(
    situation: _Situation, files: Mapping[str, bytes | None], release: Release
) -> tuple[tuple[str, bytes], ...]:
    """The files that the release changes, with their new bytes; empty when they hold it already."""
    contents = {path: content for path, content in files.items() if content is not None}
    for target in situation.environment.targets:
        pin = situation.pipeline.image(target.alias).policy.strategy is Strategy.DIGEST
        contents[target.file] = write_target(
            contents[target.file], target, release[target.alias], pin_digest=pin
        )
    return tuple((path, content) for path, content in sorted(contents.items()) if content != files[path])


def _is_held(situation: _Situation, files: Release, release: Release) -> bool:
    part = release.only([alias for alias, _ in files.images])
    try:
        return not _edited(situation, situation.view.files, part)
    except TagboatError:
        return False


def _moved_tag(situation: _Situation, wanted: _Wanted) -> _Step | None:
    """Why a release may not be promoted by its tag: it was moved, is gone, or was not asked about yet."""
    current = situation.record.current
    if not situation.environment.after or current is None:
        return None
    for ref in unpinned(situation.environment, wanted.release, current.release):
        now = situation.snapshot.tag_digests.get(replace(ref, digest=None))
        if now is None:
            reason = f"asks the registry whether {ref.tag} is still what was proved"
            return _Step(State.WAITING, reason, until=situation.now, release=wanted.release)
        if isinstance(now, Problem):
            state = State.WAITING if now.is_transient else State.BLOCKED
            return _Step(state, str(now), until=situation.now + _FAULT_AGAIN, release=wanted.release)
        if now != ref.digest:
            reason = (
                f"tag {ref.tag} of {ref.name} was moved since it was proved: now {now[:19]}…, proved "
                f"{str(ref.digest)[:19]}… (push a new tag, or give the target a digest key)"
            )
            return _Step(State.BLOCKED, reason)
    return None


def _kept_open(situation: _Situation, step: _Step) -> _Step:
    pull = situation.view.open_pull_request
    if pull is None or step.state is State.BLOCKED:
        return step
    return replace(step, state=State.PROPOSED, reason=step.reason)


def _nothing_to_propose(situation: _Situation, wanted: _Wanted) -> _Step:
    step = _Step(
        State.WAITING if wanted.newer else None, wanted.note, until=wanted.until, release=wanted.newer
    )
    pull = situation.view.open_pull_request
    if pull is None:
        return step
    comment = f"Nothing is left to propose: {pull.base} holds {wanted.release.version} already."
    action = Withdraw(situation.environment.name, pull.number, pull.title, withdrawn(pull.body), comment)
    return replace(step, actions=(action,))


def _propose(
    situation: _Situation, found: Release, wanted: _Wanted, files: tuple[tuple[str, bytes], ...]
) -> _Step:
    view = situation.view
    pull = view.open_pull_request
    no = next((each for each in view.pull_requests if _declines(each, wanted.release)), None)
    if no and (pull is None or pull.release_key != wanted.release.key):
        return _Step(
            State.DECLINED,
            f"pull request {no.number} for {wanted.release.version} was closed without a merge; "
            "the next release will be proposed",
        )
    if _was_taken_back(situation.record, wanted.release):
        return _Step(
            State.DECLINED,
            f"{wanted.release.version} was taken back by hand; the next release will be proposed",
        )
    if view.foreign_commit:
        branch = wording.branch_of(situation.pipeline, situation.environment)
        return _Step(
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
        return _Step(State.PROPOSED, f"{verb} a pull request", (action,), release=wanted.release)
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
    situation: _Situation, found: Release, wanted: _Wanted, files: tuple[tuple[str, bytes], ...]
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
    )


def _holds(situation: _Situation, pull: PullRequest, release: Release) -> bool:
    """Whether the branch proposes the release and can be merged as it is."""
    if pull.mergeable is False:
        return False
    try:
        return pull.release_key == release.key and not _edited(
            situation, situation.view.proposed_files, release
        )
    except (TagboatError, KeyError):
        return False


def _await_merge(situation: _Situation, pull: PullRequest, proposal: Proposal, wanted: _Wanted) -> _Step:
    shut = closed(situation.environment.windows, situation.now)
    note = f"; {wanted.note}" if wanted.note else ""
    if shut:
        reason = f"pull request {pull.number} waits: {shut.reason}{note}"
        return _Step(State.PROPOSED, reason, until=shut.until, release=wanted.release)
    if situation.environment.merge is Merge.MANUAL:
        reason = f"pull request {pull.number} waits for a human to merge it{note}"
        return _Step(State.PROPOSED, reason, until=wanted.until, release=wanted.release)
    if pull.blocked_reason:
        reason = f"pull request {pull.number} waits: {pull.blocked_reason}{note}"
        return _Step(State.PROPOSED, reason, until=situation.now + _CHECKS_AGAIN, release=wanted.release)
    action = MergePullRequest(situation.environment.name, pull.number, pull.head, proposal.message)
    return _Step(State.PROPOSED, f"merging pull request {pull.number}", (action,), release=wanted.release)


def _status(situation: _Situation, found: Release, progress: Progress, step: _Step) -> EnvironmentStatus:
    state, reason = _word(progress, step)
    current = situation.record.current
    times = [moment for moment in (progress.wake_at, step.until) if moment]
    pull = situation.view.open_pull_request
    return EnvironmentStatus(
        name=situation.environment.name,
        state=state,
        reason=reason,
        after=situation.environment.after,
        running=_versions(current.release if current else found),
        next=_versions(step.release) if step.release else {},
        pull_request=PullRequestSummary(pull.number, pull.title, pull.url, pull.head) if pull else None,
        applications=progress.applications,
        live_since=progress.deployment.live_since if progress.deployment else None,
        wake_at=min(times) if times else None,
    )


def _word(progress: Progress, step: _Step) -> tuple[State, str]:
    """The one word for an environment: what a human must see first wins."""
    if progress.state is State.DEGRADED:
        return progress.state, "; ".join(text for text in (progress.reason, step.reason) if text)
    if step.state in (State.BLOCKED, State.PROPOSED, State.DECLINED):
        return step.state, step.reason
    if progress.state is State.LIVE and step.state is State.WAITING:
        return step.state, step.reason
    return progress.state, "; ".join(text for text in (progress.reason, step.reason) if text)


def _versions(release: Release) -> dict[str, str]:
    return {alias: ref.version for alias, ref in release}


def _notices(snapshot: Snapshot, decided: Mapping[str, _Decided]) -> Iterator[Notice]:
    shown = story.Story(
        snapshot.pipeline.name,
        {
            name: story.Chapter(one.status, one.record.current, one.release, one.progress)
            for name, one in decided.items()
        },
    )
    for name in decided:
        yield from story.tell(shown, name, snapshot.environments[name])
