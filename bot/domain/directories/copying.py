"""Copying: what an environment that copies a directory remembers, and what is said of a copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.deciding.promotion import carried
from bot.domain.directories.directory import Copied, DirectoryView, copied, listed
from bot.domain.directories.keep import DirectoryPromotion
from bot.domain.harmless import code
from bot.domain.image import Release
from bot.domain.pipeline import Environment
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.record import Deployment, EnvironmentRecord
from bot.domain.snapshot import EnvironmentView

_MOST_LISTED = 50
_NOTHING = Copied()


def source_of(
    environment: Environment, upstream: Mapping[str, EnvironmentRecord], release: Release
) -> str | None:
    """The commit that the release's files are copied from; None when it is not remembered upstream."""
    deployments = upstream[environment.after[0]].deployments
    found = (each.commit for each in reversed(deployments) if carried(environment, each.passed_on) == release)
    return next(found, None)


def copy_of(
    environment: Environment, view: EnvironmentView, source: str | None, *, on_branch: bool = False
) -> Copied | None:
    """What the files of a commit change, at the base or on Tagboat's branch; None when they were not read.

    Raises:
        TagboatError: a file cannot be copied.
    """
    if environment.promote is None:
        return _NOTHING
    read = view.directory
    target = None if read is None else read.proposed if on_branch else read.target
    if read is None or source is None or target is None or source not in read.sources:
        return None
    return copied(read.sources[source], target, environment.promote, read.blobs)


def with_merged(
    record: EnvironmentRecord, pulls: Sequence[PullRequest], known: Iterable[Release]
) -> EnvironmentRecord:
    """The memory with the deployment that the newest merged pull request brought, when it copied files.

    Images alone may say nothing of it: they are the same, or stand in no target.
    """
    pull = next((each for each in pulls if each.state is PullRequestState.MERGED), None)
    if pull is None or pull.merge_commit is None or pull.merged_at is None:
        return record
    if any(each.pull_request == pull.number for each in record.deployments):
        return record
    releases = [*([record.proposed] if record.proposed else []), *known]
    release = next((each for each in releases if each.tree and each.key == pull.release_key), None)
    if release is None:
        return record
    current = record.current
    if current is not None and current.release == release and current.pull_request is None:
        # Its files were seen before its merge was.
        return replace(record, deployments=(*record.deployments[:-1], _merged(current, pull)))
    return record.with_new(
        _merged(Deployment(release, pull.merge_commit, pull.merged_at), pull), pull.merged_at
    )


def _merged(deployment: Deployment, pull: PullRequest) -> Deployment:
    """The deployment that a pull request brought by its merge."""
    commit = pull.merge_commit or deployment.commit
    return replace(
        deployment,
        commit=commit,
        merged_at=pull.merged_at or deployment.merged_at,
        pull_request=pull.number,
        pull_request_url=pull.url,
        copied_at=commit,
    )


def with_tree(
    record: EnvironmentRecord, deployed: str, standing: str, *, base: str, now: datetime
) -> EnvironmentRecord:
    """The memory with what the directories that others copy held at the deployment, and hold at the base.

    Where the base holds something else, a human committed it: a deployment of its own, that has to prove
    itself. What was never looked at in this way before is not told.
    """
    current = record.current
    if current is None:
        return record
    seen = replace(current, tree=current.tree or deployed)
    kept = replace(record, deployments=(*record.deployments[:-1], seen))
    if seen.tree == standing:
        return kept
    changed = Deployment(
        release=replace(current.release, tree=""),
        commit=base,
        merged_at=now,
        is_initial=not current.tree and current.pull_request is None,
        tree=standing,
        copied_at=current.copied_at,
    )
    return kept.with_new(changed, now)


def adopted(
    record: EnvironmentRecord, view: DirectoryView | None, release: Release, *, base: str, now: datetime
) -> EnvironmentRecord:
    """The memory of an environment that holds the release's files already, whoever brought them.

    Where the directory changed since what is known to run, what it holds now has to prove itself.
    """
    current = record.current
    if current is None or (current.release == release and not _is_first(view)):
        return record
    is_new = view is not None and view.deployed is not None and view.deployed != view.target
    if is_new and current.release != release:
        return record.with_new(Deployment(release, commit=base, merged_at=now, copied_at=base), now)
    known = replace(current, release=release, copied_at=base)
    return replace(record, deployments=(*record.deployments[:-1], known))


def hesitation(promotion: DirectoryPromotion | None, view: DirectoryView | None, copy: Copied) -> str:
    """Why a human has to merge a copy, whoever merges otherwise; empty when nothing speaks against it."""
    if promotion is None or promotion.overwrite:
        return ""
    if _is_first(view) and (copy.changed or copy.deleted):
        return f"no copy to {promotion.to}/ before this one is known"
    if copy.unsettled:
        return f"upstream's values come along at {listed(copy.unsettled)}"
    return ""


def summary(promotion: DirectoryPromotion, copy: Copied) -> str:
    """A copy in a few words: `3 files of staging/`."""
    count = len(copy.changes)
    return f"{count} file{'' if count == 1 else 's'} of {promotion.directory}/"


def described(promotion: DirectoryPromotion, view: DirectoryView | None, copy: Copied, source: str) -> str:
    """The part of a pull request's text that tells of a copy, in Markdown."""
    counts = [
        f"{len(paths)} {word}"
        for word, paths in (("added", copy.added), ("changed", copy.changed), ("deleted", copy.deleted))
        if paths
    ]
    head = (
        f"**Copies** {code(f'{promotion.directory}/')} as of commit `{source[:12]}` to "
        f"{code(f'{promotion.to}/')}: {', '.join(counts)}."
    )
    kinds = (("+", copy.added), ("~", copy.changed), ("-", copy.deleted))
    lines = [f"- {sign} {code(path)}" for sign, paths in kinds for path in paths]
    rest = [f"- … and {len(lines) - _MOST_LISTED} more"] if len(lines) > _MOST_LISTED else []
    kept = ", ".join(code(str(rule)) for rule in promotion.keep[:_MOST_LISTED])
    parts = [
        head,
        "\n".join([*lines[:_MOST_LISTED], *rest]),
        _overwritten(promotion, copy) if _is_first(view) else "",
        f"**Keeps** {kept}." if kept else "",
        _unsettled(copy.unsettled),
    ]
    return "\n\n".join(part for part in parts if part)


def _is_first(view: DirectoryView | None) -> bool:
    """Whether nobody knows what people changed by hand: nothing was copied, or the branch was rewritten."""
    return view is None or view.last is None


def _overwritten(promotion: DirectoryPromotion, copy: Copied) -> str:
    kinds = (("~", len(copy.changed)), ("-", len(copy.deleted)))
    counts = " and ".join(f"{count} at `{sign}`" for sign, count in kinds if count)
    if not counts:
        return ""
    return (
        f"**Overwrites** whatever people changed by hand in {code(f'{promotion.to}/')}, in the files above "
        f"({counts}): no copy to it before this one is known."
    )


def _unsettled(places: Sequence[str]) -> str:
    if not places:
        return ""
    names = ", ".join(map(code, places[:_MOST_LISTED]))
    return f"**To be set by hand** {names}: the files are new here, and hold upstream's values."
