"""The ports that the flow works with, gathered once by `bot.wiring`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.image import ImageName
from bot.domain.people.protection import Protection
from bot.domain.pipeline import Pipeline, Repository
from bot.domain.pull_request.source import PUBLIC_HOSTS, CodeHost
from bot.ports import (
    Catalog,
    Clock,
    Community,
    Deployments,
    Forge,
    Identities,
    Notifier,
    Orders,
    Queue,
    Redeliveries,
    Registry,
    Sources,
    Store,
)


@dataclass(frozen=True, slots=True)
class Attended:
    """A repository in which other people count: commands in comments, and files that are not theirs."""

    repository: Repository
    commands: bool = False
    protection: Protection | None = None

    @property
    def name(self) -> str:
        """What it is woken and leased by, beside pipelines: no name of one begins so."""
        return f"@{self.repository}"


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside: registries by host, forges, Argo CD instances and notifiers by configured name.

    `poll` is how long an answer of a registry holds; `polls` has those hosts that have a time of their own.
    `identities` checks signatures that were made without a key; None where that is not installed.
    `redeliveries` has those forges that send lost webhooks again, by the same names. `orders` is what people
    told, None where nobody can. `communities` has those forges on which other people are listened to or
    looked after, and `attended` the repositories in which they are, by names that no pipeline has. `sources`
    has those forges that tell of the source of images, and `code_hosts` where its addresses may lead.
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
    orders: Orders | None = None
    communities: Mapping[str, Community] = field(default_factory=dict)
    attended: Mapping[str, Attended] = field(default_factory=dict)
    sources: Mapping[str, Sources] = field(default_factory=dict)
    code_hosts: Sequence[CodeHost] = PUBLIC_HOSTS

    def registry(self, image: ImageName) -> Registry:
        """The registry that holds the image; wiring has one for every host that a pipeline names."""
        return self.registries[image.registry]

    def poll_of(self, image: ImageName) -> timedelta:
        """How long what the image's registry said holds, where nobody says that it changed."""
        return self.polls.get(image.registry, self.poll)
