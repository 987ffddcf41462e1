"""The ports that the flow works with, gathered once by `bot.wiring`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.image import ImageName
from bot.domain.pipeline import Pipeline
from bot.ports import (
    Catalog,
    Clock,
    Deployments,
    Forge,
    Identities,
    Notifier,
    Queue,
    Redeliveries,
    Registry,
    Store,
)


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside: registries by host, forges, Argo CD instances and notifiers by configured name.

    `poll` is how long an answer of a registry holds; `polls` has those hosts that have a time of their own.
    `identities` checks signatures that were made without a key; None where that is not installed.
    `redeliveries` has those forges that send lost webhooks again, by the same names.
    """

    pipelines: Mapping[str, Pipeline]
    registries: Mapping[str, Registry]
    forges: Mapping[str, Forge]
    deployments: Mapping[str, Deployments]
    notifiers: Mapping[str, Notifier]
    store: Store
    catalog: Catalog
    queue: Queue
    clock: Clock
    poll: timedelta = timedelta(minutes=5)
    polls: Mapping[str, timedelta] = field(default_factory=dict)
    identities: Identities | None = None
    redeliveries: Mapping[str, Redeliveries] = field(default_factory=dict)

    def registry(self, image: ImageName) -> Registry:
        """The registry that holds the image; wiring has one for every host that a pipeline names."""
        return self.registries[image.registry]

    def poll_of(self, image: ImageName) -> timedelta:
        """How long what the image's registry said holds, where nobody says that it changed."""
        return self.polls.get(image.registry, self.poll)
