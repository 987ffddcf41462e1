"""Groups: environments of several pipelines that share one pull request.

Nobody leads. Each pipeline writes the branch for itself and takes along what its fellows have there; the
branch, and the marks in the pull request's body, are all that they know of each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.choosing.selection import Strategy
from bot.domain.deciding import merging
from bot.domain.deciding.promotion import Proof, soaked
from bot.domain.deciding.situation import Situation, Step
from bot.domain.edit.targets import read_target, write_target
from bot.domain.errors import TagboatError
from bot.domain.image import Release
from bot.domain.pipeline import Environment, Merge, Pipeline
from bot.domain.pull_request.change import Change
from bot.domain.pull_request.mark import Mark, marks
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.rollout.deployment import written
from bot.domain.snapshot import EnvironmentView, Fellow
from bot.domain.status import State
from bot.domain.window import closed

_STAYS = frozenset({State.PROPOSED, State.DEGRADED})
"""What a fellow shows that still wants what it proposes; whether what runs is healthy has no say in it."""

_LATE = timedelta(seconds=30)
"""By so much may the look come late at the end of a fellow's debounce: all of a group end at once."""


def fellows_of(
    pipelines: Iterable[Pipeline], pipeline: Pipeline, environment: Environment
) -> tuple[Fellow, ...]:
    """The other environments of the same group, repository and base branch, by pipeline and name."""
    if not environment.group:
        return ()
    found = [
        Fellow(other, each)
        for other in pipelines
        if (other.repository, other.branch) == (pipeline.repository, pipeline.branch)
        for each in other.environments
        if each.group == environment.group and (other.name, each.name) != (pipeline.name, environment.name)
    ]
    return tuple(sorted(found, key=lambda fellow: (fellow.pipeline.name, fellow.environment.name)))


def taken_along(situation: Situation) -> tuple[Change, ...]:
    """What the fellows have in the open pull request and is still as they meant it.

    A fellow whose files changed on the base branch since, or cannot be read, is left out: it decides by
    itself, when it looks, whether it still wants what it proposed.
    """
    pull = situation.view.open_pull_request
    if pull is None:
        return ()
    changes = [_change_of(fellow, pull, situation.view) for fellow in situation.view.fellows]
    return tuple(change for change in changes if change)


def with_fellows(
    files: Mapping[str, bytes | None], view: EnvironmentView, changes: Iterable[Change]
) -> Mapping[str, bytes | None]:
    """The files with what the fellows propose, place by place as it stands on the branch.

    Raises:
        TagboatError: a file cannot be edited.
    """
    contents = dict(files)
    for change in changes:
        for target in change.environment.targets:
            image = change.pipeline.image(target.alias)
            proposed, content = view.proposed_files[target.file], contents[target.file]
            if proposed is None or content is None:
                continue
            ref = read_target(proposed, target, image.name)
            if ref != read_target(content, target, image.name):
                pin = image.policy.strategy is Strategy.DIGEST
                contents[target.file] = write_target(content, target, ref, pin_digest=pin)
    return contents


def reluctant(view: EnvironmentView, changes: Iterable[Change]) -> Iterator[Fellow]:
    """The fellows in the pull request who do not want it merged now.

    By what was last shown of them, and by a hold that they have not looked at yet.
    """
    inside = {change.place for change in changes}
    for fellow in view.fellows:
        is_willing = fellow.shown is not None and fellow.shown.state in _STAYS and not fellow.is_held
        if fellow.place in inside and not is_willing:
            yield fellow


def shown_proofs(view: EnvironmentView, change: Change, now: datetime) -> tuple[Proof, ...]:
    """What was proved of a fellow's change upstream, by what was last shown there.

    What runs something else by now says nothing of it.
    """
    fellow = next((each for each in view.fellows if each.place == change.place), None)
    upstream = fellow.upstream if fellow else ()
    proofs = (
        Proof(each.name, each.live_since, applications=each.applications)
        for each in upstream
        if each.live_since and all(each.running.get(alias) == ref.version for alias, ref in change.after)
    )
    return tuple(soaked(proof, change.environment.soak, now) for proof in proofs)


def joining(
    view: EnvironmentView, changes: Iterable[Change], now: datetime
) -> Iterator[tuple[Fellow, datetime | None]]:
    """The fellows outside the pull request who are about to be in it, and when, where that is known.

    They have something to propose by what was last shown of them, or gather what comes together.
    """
    inside = {change.place for change in changes}
    for fellow in view.fellows:
        if fellow.place not in inside and _joins(fellow, now):
            until = fellow.shown.wake_at if fellow.shown and _gathers(fellow, now) else None
            yield fellow, until if until and until > now else None


def has_strays(situation: Situation, changes: Iterable[Change]) -> bool:
    """Whether the branch of a group holds something for a place that proposes nothing there.

    What a fellow had there and was merged meanwhile, for one, was written over before its merge was seen:
    merged as it stands, the branch would take that back. Who left the group, or the configuration, has no
    say in the merge any more.
    """
    view = situation.view
    inside = {change.place for change in changes}
    if situation.environment.group and _has_strangers(view, inside):
        return True
    outside = [each for each in view.fellows if each.place not in inside and not _joins(each, situation.now)]
    return any(_is_changed(each.pipeline, each.environment, view) for each in outside)


def fellows_wait(
    situation: Situation, pull: PullRequest, changes: Sequence[Change], release: Release
) -> Step | None:
    """Why the group's pull request is not merged yet: its fellows' windows, gates and hands count too."""
    inside = {change.place for change in changes}
    reasons: list[tuple[str, datetime | None]] = [
        (f"{each.name} does not want it now", None) for each in reluctant(situation.view, changes)
    ]
    reasons += [
        (f"{each.name} is about to join", until or situation.now + merging.SOON)
        for each, until in joining(situation.view, changes, situation.now)
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
    return Step(State.PROPOSED, f"pull request {pull.number} waits: {reason}", until=until, release=release)


def speaks(situation: Situation, pull: PullRequest) -> bool:
    """Whether the environment is the one that says below the pull request what concerns all of it.

    Fellows look at the same moment, and each would find that nobody has said it yet: so the first place in
    the text speaks, of those that are still configured.
    """
    if not situation.environment.group:
        return True
    own = (situation.pipeline.name, situation.environment.name)
    known = {own, *(fellow.place for fellow in situation.view.fellows)}
    inside = [place for each in marks(pull.body) if (place := (each.pipeline, each.environment)) in known]
    return own == next(iter(inside), own)


def _joins(fellow: Fellow, now: datetime) -> bool:
    shown = fellow.shown
    if shown is None or not shown.next or fellow.is_held:
        return False
    return shown.state is State.PROPOSED or _gathers(fellow, now)


def _gathers(fellow: Fellow, now: datetime) -> bool:
    """Whether it waits for no longer than its debounce may take, or was to look again just now."""
    shown, pace = fellow.shown, fellow.environment.pull_request.pace
    if shown is None or shown.state is not State.WAITING or shown.wake_at is None or not pace.debounce:
        return False
    return now - _LATE < shown.wake_at <= now + pace.patience


def _has_strangers(view: EnvironmentView, inside: Collection[tuple[str, str]]) -> bool:
    pull, known = view.open_pull_request, {*inside, *(fellow.place for fellow in view.fellows)}
    named = marks(pull.body) if pull else ()
    return any(each.pipeline and (each.pipeline, each.environment) not in known for each in named)


def _is_changed(pipeline: Pipeline, environment: Environment, view: EnvironmentView) -> bool:
    """Whether the branch says something else than the base branch does; what cannot be read says nothing."""
    try:
        return written(pipeline, environment, view.files) != written(
            pipeline, environment, view.proposed_files
        )
    except TagboatError:
        return False


def _change_of(fellow: Fellow, pull: PullRequest, view: EnvironmentView) -> Change | None:
    seen = replace(pull, pipeline=fellow.pipeline.name, environment=fellow.environment.name).mark
    if seen is None or not seen.pipeline:
        return None
    try:
        change = _read(fellow, seen, view)
        with_fellows(view.files, view, [change])
    except TagboatError:  # the fellow's own status says what is wrong with its files
        return None
    is_meant = change.before.key == seen.before and change.after != change.before
    return change if is_meant else None


def _read(fellow: Fellow, mark: Mark, view: EnvironmentView) -> Change:
    pipeline, environment = fellow.pipeline, fellow.environment
    before = written(pipeline, environment, view.files)
    return Change(pipeline, environment, before, written(pipeline, environment, view.proposed_files), mark)
