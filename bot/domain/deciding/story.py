"""The story of a release: which notices its thread should hold, given what is seen now.

Told from what is seen, not from what was done: every look yields the same notices with the same keys, and
the outbox keeps those that it knows from being told twice. So a crash at any point loses no line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.domain.image import Release
from bot.domain.notice import Event, Link, Notice, thread_of
from bot.domain.record import Deployment
from bot.domain.rollout.progress import Progress
from bot.domain.snapshot import EnvironmentView
from bot.domain.status import EnvironmentStatus, State


@dataclass(frozen=True, slots=True)
class Chapter:
    """One environment's part: what is shown of it, what it runs, what comes next, how the rollout goes."""

    status: EnvironmentStatus
    current: Deployment | None
    next_release: Release | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Story:
    """One pipeline at one moment."""

    pipeline: str
    chapters: Mapping[str, Chapter]

    def headline(self, release: Release) -> str:
        """The first message of a release's thread: where it is now, environment by environment."""
        places = " · ".join(f"{name}: {self._word(each, release)}" for name, each in self.chapters.items())
        return f"{self.pipeline} {release.version} — {places}"

    def thread(self, release: Release) -> str:
        """The thread's name."""
        return thread_of(self.pipeline, release)

    @staticmethod
    def _word(chapter: Chapter, release: Release) -> str:
        if chapter.next_release and chapter.next_release.images == release.images:
            return str(chapter.status.state)
        if chapter.current and chapter.current.release.images == release.images:
            return str(chapter.progress.state) if chapter.progress else str(State.UNKNOWN)
        return "not yet"


def tell(story: Story, environment: str, view: EnvironmentView) -> Iterator[Notice]:
    """Every notice that should have been told about this environment by now, in order."""
    chapter = story.chapters[environment]
    if chapter.status.state is State.BLOCKED:
        yield blocked(story.pipeline, environment, chapter.status.reason)
    if chapter.current:
        yield from _deployed(story, environment, chapter.current, chapter.progress)
    if chapter.next_release:
        yield from _proposed(story, environment, chapter.next_release, view)


def blocked(pipeline: str, environment: str, reason: str) -> Notice:
    """A stop that needs a human, in a thread of its own; the same reason is told once."""
    mark = hashlib.sha256(reason.encode()).hexdigest()[:12]
    key = f"{pipeline}/{environment}/blocked/{mark}"
    return Notice(
        key=key,
        thread=key,
        pipeline=pipeline,
        environment=environment,
        event=Event.BLOCKED,
        text=f"{environment} is blocked: {reason}",
        headline=f"{pipeline} {environment} needs a human",
    )


def _proposed(story: Story, environment: str, release: Release, view: EnvironmentView) -> Iterator[Notice]:
    pull = view.open_pull_request
    if pull is None or pull.release_key != release.key:
        return
    name = f"pull request {pull.number}"
    text = f"{environment}: {name} proposes {release.version}"
    reason = story.chapters[environment].status.reason
    waits = f" and {reason.removeprefix(f'{name} ')}" if reason.startswith(f"{name} waits") else ""
    link = Link("pull request", pull.url) if pull.url else None
    yield _notice(story, release, environment, Event.OPENED, str(pull.number), text + waits, link)


def _deployed(
    story: Story, environment: str, deployment: Deployment, progress: Progress | None
) -> Iterator[Notice]:
    release, commit = deployment.release, deployment.commit
    link = Link("pull request", deployment.pull_request_url) if deployment.pull_request_url else None
    if not deployment.is_initial:
        if deployment.pull_request is not None:
            number = str(deployment.pull_request)
            text = f"{environment}: pull request {number} proposes {release.version}"
            yield _notice(story, release, environment, Event.OPENED, number, text, link)
            merged = f"{environment}: {release.version} merged as {commit[:12]}"
        elif deployment.is_committed:
            merged = f"{environment}: {release.version} committed as {commit[:12]}"
        else:
            merged = f"{environment}: {release.version} was committed by hand, seen at {commit[:12]}"
        yield _notice(story, release, environment, Event.MERGED, commit, merged, link)
        if progress and progress.is_synced:
            text = f"{environment}: Argo CD has synced {release.version}"
            yield _notice(story, release, environment, Event.SYNCED, commit, text, _argocd(progress))
        if deployment.live_since:
            text = f"{environment}: {release.version} is live"
            yield _notice(story, release, environment, Event.HEALTHY, commit, text, _argocd(progress))
    if deployment.degraded_since:
        since = f"{commit}/{deployment.degraded_since:%Y%m%dT%H%M%S}"
        text = (
            f"{environment}: {release.version} is not healthy: {progress.reason if progress else 'not seen'}"
        )
        yield _notice(story, release, environment, Event.DEGRADED, since, text, _argocd(progress))


def _argocd(progress: Progress | None) -> Link | None:
    """The page of the Application that a reader should look at: the first that is not live, or the first."""
    shown = sorted(progress.applications if progress else (), key=lambda each: each.verdict == "Live")
    return Link(f"{shown[0].name} in Argo CD", shown[0].url) if shown and shown[0].url else None


def _notice(
    story: Story,
    release: Release,
    environment: str,
    event: Event,
    mark: str,
    text: str,
    link: Link | None = None,
) -> Notice:
    return Notice(
        key=f"{story.thread(release)}/{environment}/{event}/{mark}",
        thread=story.thread(release),
        pipeline=story.pipeline,
        environment=environment,
        event=event,
        text=text,
        headline=story.headline(release),
        link=link,
    )
