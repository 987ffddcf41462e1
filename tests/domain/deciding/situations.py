"""Builds snapshots for the tests of decisions: one pipeline of three environments, in any situation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.choosing.selection import Choice, SelectionPolicy
from bot.domain.deciding.decision import Plan
from bot.domain.image import ImageName, ImageRef, Release
from bot.domain.pipeline import Environment, Merge, Pipeline, PipelineImage, Repository, Target
from bot.domain.place import HelmValues
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.record import Deployment, EnvironmentRecord, Record
from bot.domain.snapshot import BaseBranch, EnvironmentView, ImageChoice, Problem, Snapshot
from bot.domain.status import EnvironmentStatus

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEB = ImageName("ghcr.io", "acme/web")
BASE = "b" * 40
HEAD = "d" * 40
LONG = timedelta(hours=5)


def digest(mark: str) -> str:
    """A well-formed digest that a reader can tell from another."""
    return "sha256:" + (mark.encode().hex() + "0" * 64)[:64]


def web(tag: str, *, pinned: bool = True) -> ImageRef:
    """The web image at a tag, with the digest that belongs to it."""
    return ImageRef(WEB, tag, digest(tag) if pinned else None)


def release(tag: str) -> Release:
    """The release of the one image at this tag."""
    return Release.of({"web": web(tag)})


def values(tag: str) -> bytes:
    """A values file that holds the tag."""
    return f"image:\n  repository: ghcr.io/acme/web\n  tag: {tag}  # kept\nreplicas: 2\n".encode()


def environment(name: str, **changes: object) -> Environment:
    """An environment with one target; the rest is what `Environment` gives by default."""
    target = Target("web", f"envs/{name}/values.yaml", HelmValues(tag="image.tag"))
    return replace(Environment(name, (target,)), **changes)  # type: ignore[arg-type]


DEV = environment("dev", merge=Merge.AUTO)
STAGING = environment("staging", after=("dev",), merge=Merge.AUTO)
PROD = environment("prod", after=("staging",), soak=timedelta(hours=2))


def pipeline(*environments: Environment) -> Pipeline:
    """The pipeline `shop` with these environments (dev, staging and prod when none are given)."""
    image = PipelineImage("web", WEB, SelectionPolicy(constraint=">=1.0"))
    return Pipeline("shop", Repository("forge", "acme/infra"), (image,), environments or (DEV, STAGING, PROD))


def deployment(tag: str, *, live_for: timedelta | None = None, **changes: object) -> Deployment:
    """A deployment of the tag, live for as long as said, or not live yet."""
    since = NOW - live_for if live_for is not None else None
    made = Deployment(release(tag), "c" * 40, merged_at=NOW - timedelta(days=1), live_since=since)
    return replace(made, **changes)  # type: ignore[arg-type]


def pull_request(tag: str, number: int = 7, **changes: object) -> PullRequest:
    """An open pull request that proposes the tag."""
    made = PullRequest(
        number=number,
        url=f"https://forge.example/acme/infra/pull/{number}",
        title="a title",
        body=f"a body\n\n{Mark(release(tag).key).text}",
        branch="tagboat/shop/prod",
        base="main",
        head=HEAD,
        state=PullRequestState.OPEN,
        mergeable=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def view(environment: Environment, tag: str, **changes: object) -> EnvironmentView:
    """What Git says: the environment's file holds the tag."""
    made = EnvironmentView(files={environment.targets[0].file: values(tag)})
    return replace(made, **changes)  # type: ignore[arg-type]


def proposing(environment: Environment, running: str, pull: PullRequest, tag: str) -> EnvironmentView:
    """What Git says while a pull request with the tag is open."""
    return view(
        environment,
        running,
        pull_requests=(pull,),
        branch_head=HEAD,
        proposed_files={environment.targets[0].file: values(tag)},
    )


def chosen(tag: str | None, reason: str = "newest") -> ImageChoice:
    """The policy's answer."""
    return ImageChoice(Choice(tag, reason), digest(tag) if tag else None)


_UNMOVED = {web(tag, pinned=False): digest(tag) for tag in ("1.0.0", "1.1.0", "1.2.0")}


def snapshot(
    *environments: Environment,
    choice: ImageChoice | Problem | None = None,
    views: Mapping[str, EnvironmentView],
    deployed: Mapping[str, tuple[Deployment, ...]] | None = None,
    tag_digests: Mapping[ImageRef, str | Problem] | None = None,
) -> Snapshot:
    """A snapshot of `pipeline(*environments)`; every tag still names what it did unless said otherwise."""
    place = pipeline(*environments)
    first = [each.name for each in place.environments if not each.after]
    answer = choice or chosen("1.0.0")
    return Snapshot(
        pipeline=place,
        branch=BaseBranch("main", BASE, is_default=True),
        choices={name: {"web": answer} for name in first},
        environments=views,
        record=Record({name: EnvironmentRecord(each) for name, each in (deployed or {}).items()}),
        tag_digests=_UNMOVED if tag_digests is None else tag_digests,
    )


def in_dev(
    choice: ImageChoice | Problem, seen: EnvironmentView, *, place: Environment = DEV, runs: str = "1.0.0"
) -> Snapshot:
    """Dev alone, where 1.0.0 has been live for long."""
    deployed = {"dev": (deployment(runs, live_for=LONG),)}
    return snapshot(place, choice=choice, views={"dev": seen}, deployed=deployed)


def status(plan: Plan, name: str) -> EnvironmentStatus:
    """What a plan says of an environment."""
    return {each.name: each for each in plan.environments}[name]
