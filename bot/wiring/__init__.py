"""The one place that builds adapters and hands them to the flow.

Everything here reads `Settings` and nothing else: no environment, no files but those that the settings name.
"""

from __future__ import annotations

from functools import partial
from typing import assert_never

from bot.adapters.clock import SystemClock
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.notifiers.log import LogNotifier
from bot.adapters.notifiers.slack import SlackNotifier
from bot.adapters.queues.celery import CeleryQueue, celery_application
from bot.adapters.stores.sql import SqlStore
from bot.configuration.settings import (
    LogNotifierSettings,
    RegistrySettings,
    Settings,
    SlackSettings,
)
from bot.domain.errors import Refused
from bot.flow.world import World
from bot.ports import Identities, Notifier
from bot.wiring.deployments import deployments, with_pages
from bot.wiring.forges import forge
from bot.wiring.people import attended, communities, with_commands
from bot.wiring.registries import registries
from bot.wiring.sources import code_hosts, sources
from bot.wiring.webhooks import endpoints, leads_to, signing_keys

__all__ = ["endpoints", "signing_keys", "world"]


def world(settings: Settings) -> World:
    """Build everything that the configuration names; the store's tables are brought up to date.

    Raises:
        TagboatError: the store cannot be opened, or a setting cannot be used.
    """
    clock = SystemClock()
    store = SqlStore(settings.store.get_secret_value())
    forges = {name: forge(each, settings, store, clock) for name, each in settings.forges.items()}
    return World(
        pipelines={
            name: with_commands(with_pages(each, settings), settings)
            for name, each in settings.pipelines.items()
        },
        registries=registries(settings, budget=store.budget, clock=clock),
        forges=forges,
        deployments={
            name: deployments(each, settings, forges, clock) for name, each in settings.argocd.items()
        },
        notifiers={name: _notifier(each) for name, each in settings.notifiers.items()},
        store=store,
        catalog=store.catalog,
        queue=CeleryQueue(celery_application(settings.broker.get_secret_value())),
        clock=clock,
        poll=settings.poll,
        polls={
            host: each.poll
            for host, each in settings.registries.items()
            if isinstance(each, RegistrySettings) and each.poll
        },
        identities=_identities(settings),
        redeliveries={
            name: forge.deliveries(partial(leads_to, settings, name))
            for name, forge in forges.items()
            if isinstance(forge, GitHubForge) and name in settings.endpoints
        },
        sources=sources(forges),
        code_hosts=code_hosts(settings),
        orders=store.orders,
        communities=communities(settings, forges),
        attended=attended(settings),
    )


def _identities(settings: Settings) -> Identities | None:
    """What checks signatures that were made without a key, when an image asks for one."""
    images = [image for pipeline in settings.pipelines.values() for image in pipeline.images]
    if not any(image.policy.verify and image.policy.verify.identities for image in images):
        return None
    try:
        from bot.adapters.identities.sigstore import SigstoreIdentities
    except ImportError as error:
        raise Refused(
            "identities of signers cannot be checked",
            why="the library sigstore is not installed",
            fix="pip install 'tagboat[sigstore]', or name keys in their place",
        ) from error
    return SigstoreIdentities()


def _notifier(settings: SlackSettings | LogNotifierSettings) -> Notifier:
    match settings:
        case SlackSettings():
            return SlackNotifier(
                token=settings.token.get_secret_value(), channel=settings.channel, base_url=settings.url
            )
        case LogNotifierSettings():
            return LogNotifier()
        case _:
            assert_never(settings)
