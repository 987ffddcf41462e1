"""Look: what Git and the forge say of one environment and its proposals, and how many there are of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.deciding.group import fellows_of
from bot.domain.errors import Permanent, Refused, TagboatError
from bot.domain.people.order import standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.branch import branch_of, has_branch_per_release, is_of_group
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.proposal import BRANCH_PREFIX, PullRequest, PullRequestState
from bot.domain.record import EnvironmentRecord, Record
from bot.domain.snapshot import BaseBranch, EnvironmentView, Fellow, Problem, Traffic
from bot.domain.status import PipelineStatus
from bot.flow.world import World
from bot.ports import Forge, Look

_MOST_FORMER = 2
"""Branches of an earlier configuration that are looked at still, the newest ones."""


@dataclass(frozen=True, slots=True)
class Looking:
    """One environment that is looked at, with what is remembered of it."""

    world: World
    pipeline: Pipeline
    environment: Environment
    record: EnvironmentRecord

    @property
    def forge(self) -> Forge:
        """The pipeline's forge."""
        return self.world.forges[self.pipeline.repository.forge]

    @property
    def path(self) -> str:
        """The repository, as the forge knows it."""
        return self.pipeline.repository.path

    @property
    def branches(self) -> Sequence[str]:
        """The branches of its proposals, the newest last; none before the first of its releases.

        Those that another configuration gave it are among them: what people said no to there stays refused.

        Raises:
            Refused: the configuration's template gives no name.
        """
        own = [each for each in self.record.branches if not is_of_group(each)]
        if has_branch_per_release(self.environment):
            return own
        ours = branch_of(self.pipeline, self.environment)
        return (*[each for each in own if each != ours][-_MOST_FORMER:], ours)

    def fellows(self) -> tuple[Fellow, ...]:
        """Those who share its pull request, as they were shown last, and what was told of them since."""
        found = fellows_of(self.world.pipelines.values(), self.pipeline, self.environment)
        names = {each.pipeline.name for each in found}
        boards = {name: self.world.store.shown(name) for name in names}
        orders = {name: self.world.orders.of(name) for name in names} if self.world.orders else {}
        now = self.world.clock.now()
        return tuple(
            replace(
                _as_shown(each, boards[each.pipeline.name]),
                is_held=bool(standing(orders.get(each.pipeline.name, ()), each.environment.name, now).hold),
            )
            for each in found
        )

    def seen(self, pull: PullRequest) -> PullRequest:
        """The pull request as it is looked at for this environment."""
        return replace(pull, pipeline=self.pipeline.name, environment=self.environment.name)

    def is_alone_in(self, pull: PullRequest) -> bool:
        """Whether the pull request names no other place: with another configuration, it may be another's."""
        own = {(self.pipeline.name, self.environment.name), ("", "")}
        return own.issuperset((each.pipeline, each.environment) for each in marks(pull.body))


def questions(pipeline: Pipeline, looking: Sequence[Looking]) -> Look:
    """What these environments of the pipeline are about to ask of its forge."""
    files: dict[str, Sequence[str]] = {}
    for each in looking:
        try:
            *older, ours = each.branches or ("",)
        except Refused:  # said as the environment's own status
            continue
        files |= dict.fromkeys(older, ())
        fellows = fellows_of(each.world.pipelines.values(), pipeline, each.environment)
        shared = [file for fellow in fellows for file in fellow.environment.files]
        files[ours] = tuple(dict.fromkeys([*each.environment.files, *shared]))
    return Look(pipeline.branch, {branch: paths for branch, paths in files.items() if branch})


def pull_requests(looking: Looking) -> Sequence[PullRequest] | Problem:
    """Every pull request from the environment's branches, newest first."""
    try:
        found = [
            looking.seen(pull)
            for branch in looking.branches
            for pull in looking.forge.pull_requests(looking.path, branch)
        ]
    except TagboatError as error:
        return Problem.of(error)
    return sorted(found, key=lambda pull: -pull.number)


def git_view(looking: Looking, branch: BaseBranch, pulls: Sequence[PullRequest] | Problem) -> EnvironmentView:
    """The environment's files, as they are and as they are proposed, and its pull requests."""
    if isinstance(pulls, Problem):
        return EnvironmentView(files={}, problem=pulls)
    forge, path = looking.forge, looking.path
    try:
        ours = next(reversed(looking.branches), "")
        fellows = looking.fellows()
        head = forge.head(path, ours) if _may_be_there(looking, ours, pulls) else None
        files = _files(looking, fellows, branch.head)
        proposed = _files(looking, fellows, head) if head else {}
        foreign = _foreign_commit(looking, branch, pulls, head) if head else None
        is_below = foreign not in {None, head}
        view = EnvironmentView(
            files=files,
            pull_requests=tuple(pulls),
            branch=ours,
            branch_head=head,
            proposed_files=proposed,
            foreign_commit=None if is_below else foreign,
            is_uprooted=is_below,
            fellows=fellows,
        )
        return _without_older(looking, branch, _as_merged(looking, view))
    except TagboatError as error:
        return EnvironmentView(files={}, problem=Problem.of(error))


def _foreign_commit(
    looking: Looking, branch: BaseBranch, pulls: Sequence[PullRequest], head: str
) -> str | None:
    """The newest commit on the branch that is not ours and stands nowhere else.

    What was merged is on the base, also where a squash left the commits themselves behind. A branch whose
    open pull request is for another base holds commits of that one, which the base branch may lack.
    """
    if any(pull.state is PullRequestState.MERGED and pull.head == head for pull in pulls):
        return None
    forge, path, ours = looking.forge, looking.path, next(reversed(looking.branches))
    foreign = forge.foreign_commit(path, branch=ours, base=branch.name)
    other = next((pull.base for pull in pulls if _is_open(pull) and pull.branch == ours), branch.name)
    if not foreign or other == branch.name or forge.head(path, other) is None:
        return foreign
    return forge.foreign_commit(path, branch=ours, base=other)


def _may_be_there(looking: Looking, ours: str, pulls: Sequence[PullRequest]) -> bool:
    """Whether it is worth a call to ask for the branch: not for one that nobody is known to have written.

    What was written and then forgotten, in a crash, is met when it is written again: that changes nothing and
    is remembered, so that the next look asks.
    """
    is_own = ours.startswith(BRANCH_PREFIX) and not looking.environment.group
    is_new = is_own and not pulls and looking.record.proposed is None
    return bool(ours) and not is_new


def traffic(
    world: World, pipeline: Pipeline, views: Mapping[str, EnvironmentView], record: Record
) -> Traffic:
    """Tagboat's pull requests in the pipeline's repository: its own as they are, others as they were shown.

    So are those of its own environments that cannot be read now.

    Nobody is asked where no limit is set.
    """
    paces = [environment.pull_request.pace for environment in pipeline.environments]
    if all(pace.most_open is None and pace.per_hour is None for pace in paces):
        return Traffic()
    near = {name for name, each in world.pipelines.items() if each.repository == pipeline.repository}
    boards = [board for board in world.store.board() if board.name in near]
    seen = {name for name, view in views.items() if not view.problem}
    shown = [
        each
        for board in boards
        for each in board.environments
        if board.name != pipeline.name or each.name not in seen
    ]
    others = {each.pull_request.number for each in shown if each.pull_request}
    own = {
        pull.number
        for view in views.values()
        for pull in (*view.pull_requests, *view.older)
        if _is_open(pull)
    }
    known = [*(each.opened for each in shown), *(record.environment(name).opened for name in seen)]
    return Traffic(len(own | others), tuple(sorted(moment for times in known for moment in times)))


def _as_shown(fellow: Fellow, board: PipelineStatus | None) -> Fellow:
    """The fellow with what is shown of it and of those before it."""
    shown = {each.name: each for each in board.environments} if board else {}
    place = fellow.environment
    upstream = tuple(shown[name] for name in place.after if name in shown)
    return replace(fellow, shown=shown.get(place.name), upstream=upstream)


def _files(looking: Looking, fellows: Sequence[Fellow], commit: str) -> Mapping[str, bytes | None]:
    """The files of the environment and of its fellows at a commit."""
    read = looking.forge.read
    files = {file: read(looking.path, commit, file) for file in looking.environment.files}
    for file in sorted({file for fellow in fellows for file in fellow.environment.files} - files.keys()):
        try:
            files[file] = read(looking.path, commit, file)
        except Permanent:  # the fellow's own status says so; here its part is left out
            files[file] = None
    return files


def _as_merged(looking: Looking, view: EnvironmentView) -> EnvironmentView:
    """The pull requests, read again where one was merged since: it is then known what brought the files."""
    is_brought = view.branch_head is None or view.files == view.proposed_files
    if view.open_pull_request is None or not is_brought:
        return view
    again = pull_requests(looking)
    return view if isinstance(again, Problem) else replace(view, pull_requests=tuple(again))


def _without_older(looking: Looking, branch: BaseBranch, view: EnvironmentView) -> EnvironmentView:
    """The open pull requests of earlier branches are put aside: they are superseded.

    Those that somebody else committed to are left to people, and those of other places to them.
    """
    older = [pull for pull in view.pull_requests if _is_open(pull) and pull.branch != view.branch]
    if not older:
        return view
    foreign = looking.forge.foreign_commit
    own = [each for each in older if looking.is_alone_in(each)]
    ours = [each for each in own if not foreign(looking.path, branch=each.branch, base=branch.name)]
    rest = tuple(pull for pull in view.pull_requests if pull not in older)
    return replace(view, pull_requests=rest, older=tuple(ours))


def _is_open(pull: PullRequest) -> bool:
    return pull.state is PullRequestState.OPEN
