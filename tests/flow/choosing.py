"""Choosing over memory twins, with every request to the registry counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.image import ImageRef
from bot.domain.pipeline import PipelineImage
from bot.domain.snapshot import ImageChoice
from bot.flow.choose import Asking, choose_image
from bot.flow.contents import Progress
from tests.flow.told_registry import ToldRegistry
from tests.flow.worlds import RELEASES, WEB, Bench, SetClock

POLL = timedelta(minutes=5)


class Choosing:
    """One image and those who choose among its tags; its registry holds 1.0.0, chosen once by `policy`."""

    def __init__(self, policy: SelectionPolicy = RELEASES, *tags: str) -> None:
        bench = Bench(policy=policy)
        self.world = replace(bench.world, poll=POLL)
        self.registry: ToldRegistry = bench.registry
        self.clock: SetClock = bench.clock
        self.policy = policy
        for tag in tags:
            self.registry.push_silently(WEB, tag, content=tag)
        self.choose()
        self.choose()
        self.registry.take_asked()

    def choose(
        self,
        policy: SelectionPolicy | None = None,
        *,
        current: str | None = None,
        remembered: Sequence[ImageRef] = (),
        progress: Progress = lambda done, total: None,
    ) -> ImageChoice:
        """Choose a tag for a place where `current` runs."""
        running = ImageRef(WEB, current) if current else None
        image = PipelineImage("web", WEB, policy or self.policy)
        asking = Asking(running, remembered, progress=progress)
        return choose_image(self.world, image, asking, now=self.clock.now())

    def sweep(self, *, times: int = 1, policies: Sequence[SelectionPolicy] = ()) -> list[list[str]]:
        """Let poll intervals pass; return what was asked in each by all who choose then."""
        asked = []
        for _ in range(times):
            self.clock.pass_by(POLL)
            for policy in policies or [self.policy]:
                self.choose(policy)
            asked.append(self.registry.take_asked())
        return asked
