"""Promotion: which release proved itself upstream, or what it still has to do.

A release is proved for an environment when it was live for the environment's soak time in every
environment that comes before. One that soaked stays promotable after a newer one replaced it upstream, so a
busy pipeline does not starve its last environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import sentence
from bot.domain.image import ImageRef, Release
from bot.domain.pipeline import Environment, Pipeline, Target
from bot.domain.record import Deployment, EnvironmentRecord
from bot.domain.status import ApplicationStatus


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a release was live, and since when; `live_until` is when a newer one took its place.

    `commit` is the one on the base branch, empty where it is not known.

    `soaked_at` is when it had soaked for as long as it must; None where it need not, or was ordered not to.
    `applications` are what is shown of it there, where it still runs.
    """

    environment: str
    live_since: datetime
    commit: str = ""
    live_until: datetime | None = None
    soaked_at: datetime | None = None
    applications: tuple[ApplicationStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Proved:
    """A release that may be promoted, with its proofs; `newer` says what a newer one still waits for."""

    release: Release
    proofs: tuple[Proof, ...]
    newer: NotYet | None = None


@dataclass(frozen=True, slots=True)
class NotYet:
    """No release may be promoted now: why, which one is awaited, and when to look again (None: an event)."""

    reason: str
    release: Release | None = None
    until: datetime | None = None


def proved(
    environment: Environment,
    upstream: Mapping[str, EnvironmentRecord],
    now: datetime,
    *,
    hurried: str = "",
) -> Proved | NotYet:
    """Find the newest release that is proved in every environment of `environment.after`.

    `hurried` is the key of one that need not soak, as the environment takes it over.
    """
    first = upstream[environment.after[0]]
    newer: NotYet | None = None
    for deployment in reversed(first.deployments):
        release = deployment.passed_on if environment.promote else deployment.release
        is_hurried = bool(hurried) and carried(environment, release).key == hurried
        soaking = replace(environment, soak=timedelta(0)) if is_hurried else environment
        lack = _lack(release, soaking, upstream, now)
        if lack is None:
            proofs = tuple(_proof(name, upstream[name], release) for name in environment.after)
            proofs = tuple(soaked(proof, environment.soak, now) for proof in proofs)
            return Proved(release, proofs, newer)
        newer = newer or lack
    return newer or NotYet(f"waits for {environment.after[0]}: nothing is deployed there yet")


def soaked(proof: Proof, soak: timedelta, now: datetime) -> Proof:
    """The proof with the moment at which its soak was over, where there is one and it came."""
    end = proof.live_since + soak
    return replace(proof, soaked_at=end) if soak and (proof.live_until or now) >= end else proof


def carried(environment: Environment, release: Release) -> Release:
    """The part of a release that an environment takes over: its own images, and files where it copies some.

    One that writes no image by itself takes over all: they come with the files.
    """
    aliases = {target.alias for target in environment.targets}
    part = release.only(aliases) if aliases else replace(release, tree="")
    return replace(part, tree=release.tree) if environment.promote else part


def holders(pipeline: Pipeline, environment: Environment) -> tuple[Target, ...]:
    """The targets whose files hold the environment's images: its own, or those that its files come with."""
    while not environment.targets and environment.promote:
        environment = pipeline.environment(environment.after[0])
    return environment.targets


def unpinned(targets: Iterable[Target], release: Release, running: Release) -> tuple[ImageRef, ...]:
    """The references that change and whose digest no file of these targets keeps.

    Their tags must still name what was proved when they are promoted.
    """
    refs, old = dict(release.images), dict(running.images)
    keeps = [(target.alias, target.place.keeps_digest) for target in targets]
    aliases = {alias for alias, _ in keeps} - {alias for alias, is_kept in keeps if is_kept}
    return tuple(
        refs[alias]
        for alias in sorted(aliases)
        if alias in refs and refs[alias].digest and refs[alias] != old.get(alias)
    )


def _lack(
    release: Release, environment: Environment, upstream: Mapping[str, EnvironmentRecord], now: datetime
) -> NotYet | None:
    if not {target.alias for target in environment.targets} <= dict(release.images).keys():
        # They came with copied files, before Tagboat copied any: nobody reads images there.
        return NotYet(f"waits for {environment.after[0]}: which images stand there is not known yet")
    unknown = [ref for _, ref in carried(environment, release) if ref.tag and not ref.digest]
    if unknown:
        what = f"nobody knows which image {unknown[0].name}:{unknown[0].tag} is there"
        reason = sentence(f"waits for {environment.after[0]}", what, "the registry must have it")
        return NotYet(reason, release)
    lacks = [
        lack
        for name in environment.after
        if (lack := _lack_in(release, name, upstream[name], environment.soak, now))
    ]
    # What no time ends is named first, and else what ends last: the reason and the time belong together.
    return max(lacks, key=lambda lack: (lack.until is None, lack.until or now), default=None)


def _lack_in(
    release: Release, name: str, record: EnvironmentRecord, soak: timedelta, now: datetime
) -> NotYet | None:
    deployment = _newest(record, release)
    if deployment is None:
        return NotYet(f"waits for {name}: {release.version} is not deployed there", release)
    if deployment.degraded_since:
        return NotYet(f"waits for {name}: {release.version} is not healthy there", release)
    if deployment.live_since is None:
        return NotYet(f"waits for {name}: {release.version} is not live there yet", release)
    soaked = (deployment.live_until or now) - deployment.live_since
    if soaked >= soak:
        return None
    if deployment.live_until:
        return NotYet(f"{release.version} was replaced in {name} before it had soaked", release)
    until = deployment.live_since + soak
    return NotYet(f"{release.version} soaks in {name} until {until:%Y-%m-%d %H:%M} UTC", release, until)


def _newest(record: EnvironmentRecord, release: Release) -> Deployment | None:
    """The newest deployment of a release, with the very files; else of its images, with any files."""
    same = [each for each in reversed(record.deployments) if each.release.images == release.images]
    return next((each for each in same if each.passed_on.tree == release.tree), next(iter(same), None))


def _proof(name: str, record: EnvironmentRecord, release: Release) -> Proof:
    deployment = _newest(record, release)
    if deployment is None or deployment.live_since is None:
        raise LookupError(f"{release.version} has no proof in {name}")
    return Proof(name, deployment.live_since, deployment.commit, deployment.live_until)
