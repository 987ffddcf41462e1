"""The ports that the flow works with, gathered once by `bot.wiring`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.image import ImageName
from bot.domain.pipeline import Pipeline
from bot.ports import Catalog, Clock, Deployments, Forge, Notifier, Queue, Registry, Store


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside: registries by host, forges, Argo CD instances and notifiers by configured name."""

    pipelines: Mapping[str, Pipeline]
    registries: Mapping[str, Registry]
    forges: Mapping[str, Forge]
    deployments: Mapping[str, Deployments]
    notifiers: Mapping[str, Notifier]
    store: Store
    catalog: Catalog
    queue: Queue
    clock: Clock

    def registry(self, image: ImageName) -> Registry:
        """The registry that holds the image; wiring has one for every host that a pipeline names."""
        return self.registries[image.registry]
