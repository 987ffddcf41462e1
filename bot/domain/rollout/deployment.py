"""Which release stands in an environment's files, and the memory of those that stood there before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.edit.targets import read_target
from bot.domain.errors import NotFound
from bot.domain.image import ImageRef, Release
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.record import Anchor, Deployment, EnvironmentRecord


def written(pipeline: Pipeline, environment: Environment, files: Mapping[str, bytes | None]) -> Release:
    """Read what the files say, one reference per alias (the first target of an alias speaks for it).

    Raises:
        NotFound: a file or a key that the configuration names is not there.
        Malformed, Refused: a file cannot be understood.
    """
    found: dict[str, ImageRef] = {}
    for target in environment.targets:
        content = files.get(target.file)
        if content is None and not target.creates_file:
            raise NotFound(
                f"{target.file} is not in {pipeline.repository.path}",
                why=f"environment {environment.name} of pipeline {pipeline.name} writes it",
                fix="create the file or correct the path in the configuration",
            )
        found.setdefault(target.alias, read_target(content or b"", target, pipeline.image(target.alias).name))
    return Release.of(found)


def agrees(release: Release, found: Release) -> bool:
    """Whether files that say `found` hold `release`; a digest counts only where the files keep one."""
    refs = dict(release.images)
    return refs.keys() == dict(found.images).keys() and all(
        _same(refs[alias], ref) for alias, ref in found.images
    )


def complete(found: Release, known: Iterable[Release]) -> Release:
    """Add the digests that the files do not keep, from the first known release that agrees with them."""
    aliases = [alias for alias, _ in found.images]
    return next((part for release in known if agrees(part := release.only(aliases), found)), found)


def track(
    record: EnvironmentRecord,
    found: Release,
    *,
    pull_requests: Sequence[PullRequest],
    known: Iterable[Release],
    base: str,
    now: datetime,
) -> EnvironmentRecord:
    """Remember a new deployment when the files say something else than before.

    Its commit is the merge commit of the pull request that brought it, or `base` where a human
    committed it, so that what is followed is a commit that really has the value.
    """
    current = record.current
    if current and agrees(current.release, found):
        return record
    proposed = [record.proposed] if record.proposed else []
    release = complete(found, [*proposed, *known])
    merged = _merged_for(release, pull_requests)
    is_ours = merged is None and _is_own_commit(record, release, pull_requests)
    deployment = Deployment(
        release=release,
        commit=merged.merge_commit if merged and merged.merge_commit else base,
        merged_at=merged.merged_at if merged and merged.merged_at else now,
        pull_request=merged.number if merged else None,
        pull_request_url=merged.url if merged else "",
        is_initial=current is None and merged is None and not is_ours,
        is_committed=is_ours,
        copied_at=current.copied_at if current else "",
    )
    return record.with_new(deployment, now)


def anchored(record: EnvironmentRecord, *, base: str, now: datetime) -> EnvironmentRecord:
    """Follow `base`, which says the same, in place of a commit that is not on the base branch any more."""
    *before, current = record.deployments
    return replace(record, deployments=(*before, replace(current, anchor=Anchor(base, now))))


def _is_own_commit(record: EnvironmentRecord, release: Release, pull_requests: Iterable[PullRequest]) -> bool:
    """Whether a release that was found on the base branch was committed there by Tagboat itself.

    It was proposed, and yet there never was a pull request with it.
    """
    if record.proposed is None or not agrees(record.proposed, release):
        return False
    return all(pull.release_key != release.key for pull in pull_requests)


def _same(wanted: ImageRef, found: ImageRef) -> bool:
    if found.digest and wanted.digest:
        return found.digest == wanted.digest and found.name == wanted.name
    return (found.name, found.tag) == (wanted.name, wanted.tag) and not (found.digest and not wanted.digest)


def _merged_for(release: Release, pull_requests: Sequence[PullRequest]) -> PullRequest | None:
    newest = next((pull for pull in pull_requests if pull.state is PullRequestState.MERGED), None)
    return newest if newest and newest.release_key == release.key else None
