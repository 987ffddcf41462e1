"""Builds what webhook endpoints let in, and tells which webhooks of a Git host lead to one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.adapters.identity.google_keys import GoogleKeys
from bot.configuration.settings import (
    Settings,
)
from bot.domain.proof import Proof
from bot.ports import Clock, SigningKeys
from bot.webhooks.git import clone_address
from bot.webhooks.reader import Endpoint, Identity, Secret


def endpoints(settings: Settings) -> Mapping[str, Endpoint]:
    """What each webhook endpoint lets in: only images and repositories that pipelines name."""
    pipelines = settings.pipelines.values()
    images = frozenset(image.name for pipeline in pipelines for image in pipeline.images)
    return {
        name: Endpoint(
            sender=each.sender,
            secrets=tuple(Secret.of(secret.get_secret_value()) for secret in each.secrets),
            registries=frozenset(image.registry for image in images),
            images=images,
            repositories=_repositories(settings, name),
            registry=each.registry or None,
            prefixes=each.prefixes,
            header=each.header,
            proof=each.proof,
            identity=Identity(each.audience, each.email) if each.proof is Proof.IDENTITY else None,
        )
        for name, each in settings.endpoints.items()
    }


def signing_keys(clock: Clock) -> SigningKeys:
    """The keys by which the identity of senders is checked; nothing is asked for before it is needed."""
    return GoogleKeys(clock)


def leads_to(settings: Settings, endpoint: str, url: str) -> bool:
    """Whether a webhook with this address comes to the endpoint; any host will do where ours is not known."""
    try:
        there, here = urlsplit(url), urlsplit(settings.web.public_url)
    except ValueError:
        return False
    path = f"{here.path.rstrip('/')}/webhooks/{endpoint}"
    if not here.netloc:
        return there.path.rstrip("/").endswith(path)
    return (there.netloc.lower(), there.path.rstrip("/")) == (here.netloc.lower(), path)


def _repositories(settings: Settings, forge: str) -> frozenset[str]:
    return frozenset(
        address
        for pipeline in settings.pipelines.values()
        if pipeline.repository.forge == forge
        for url in pipeline.repository_urls
        if (address := clone_address(url))
    )
