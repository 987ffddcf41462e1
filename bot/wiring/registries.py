"""Builds the registries that the settings name, each with its login; the part of `bot.wiring` for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import assert_never
from urllib.parse import urlsplit

from bot.adapters.registries.credentials import Anonymous, Configured, Credentials, DockerCredentials
from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.docker_hub import HUB_URL
from bot.adapters.registries.layout import LayoutRegistry
from bot.adapters.registries.logins.cloud import acr_credentials, ecr_credentials, gar_credentials
from bot.adapters.registries.mirrors import Mirror
from bot.adapters.registries.pools import Network
from bot.adapters.registries.proxy import Proxies
from bot.adapters.registries.transport import Transport
from bot.configuration.settings import (
    AcrLoginSettings,
    CloudLoginSettings,
    EcrLoginSettings,
    GarLoginSettings,
    LayoutSettings,
    PullSecretSettings,
    RegistrySettings,
    Settings,
)
from bot.ports import Budget, Clock, Registry


def registries(settings: Settings, *, budget: Budget | None = None, clock: Clock) -> Mapping[str, Registry]:
    """The registries by host; `budget` is what all workers share, else each process counts for itself.

    Raises:
        TagboatError: a setting cannot be used, or a cloud's login lacks its library.
    """
    return {host: _registry(each, settings, budget, clock) for host, each in settings.registries.items()}


def _registry(
    settings: RegistrySettings | LayoutSettings, whole: Settings, budget: Budget | None, clock: Clock
) -> Registry:
    match settings:
        case LayoutSettings():
            return LayoutRegistry(root=settings.path)
        case RegistrySettings():
            return DistributionRegistry(
                host=settings.host,
                url=settings.url,
                plain_http=settings.plain_http,
                credentials=credentials(settings),
                token_hosts=settings.token_hosts,
                network=_network(settings),
                mirrors=[_mirror(url, whole) for url in settings.mirrors],
                hub_url=HUB_URL if settings.hub_api else None,
                rate=settings.rate,
                budget=budget,
                clock=clock,
            )
        case _:
            assert_never(settings)


def credentials(settings: RegistrySettings) -> Credentials:
    """Where the login of this registry comes from.

    Raises:
        Denied: a cloud's login lacks its library.
    """
    if settings.password is not None:
        return Configured(settings.username, settings.password.get_secret_value())
    if settings.login is not None:
        return _cloud(settings, settings.login)
    if settings.pull_secret is not None:
        return _pull_secret(settings.host, settings.pull_secret)
    if settings.docker_config is not None:
        return DockerCredentials(settings.host, settings.docker_config)
    return DockerCredentials(settings.host) if settings.docker_credentials else Anonymous()


def _cloud(settings: RegistrySettings, login: CloudLoginSettings) -> Credentials:
    match login:
        case EcrLoginSettings():
            return ecr_credentials(
                settings.host,
                region=login.region,
                is_public=login.is_public,
                profile=login.profile,
                role=login.role,
            )
        case GarLoginSettings():
            return gar_credentials(settings.host, key_file=login.key_file)
        case AcrLoginSettings():
            transport = Transport(base=settings.url, network=_network(settings))
            return acr_credentials(
                settings.host, transport=transport, client_id=login.client_id, tenant=login.tenant
            )
        case _:
            assert_never(login)


def _pull_secret(host: str, settings: PullSecretSettings) -> Credentials:
    # Here, because the library takes half a second to load, which every command would pay for.
    from bot.adapters.registries.logins.pull_secret import PullSecretCredentials, SecretReader

    reader = SecretReader(
        settings.namespace, settings.name, kubeconfig=settings.kubeconfig, context=settings.context
    )
    return PullSecretCredentials(host, reader, secret=f"{settings.namespace}/{settings.name}")


def _mirror(url: str, whole: Settings) -> Mirror:
    """A mirror, with the login that the configuration gives to its host, if any; never that of another."""
    listed = whole.registries.get(urlsplit(url).netloc)
    return Mirror(url, credentials(listed) if isinstance(listed, RegistrySettings) else Anonymous())


def _network(settings: RegistrySettings) -> Network:
    return Network(ca_file=settings.ca_file, proxies=_proxies(settings), connections=settings.connections)


def _proxies(settings: RegistrySettings) -> Proxies:
    if settings.proxy is None:
        return Proxies()
    if settings.proxy == "environment":
        return Proxies.environment(os.environ)
    return Proxies.single(settings.proxy.get_secret_value())
