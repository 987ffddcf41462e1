"""The one place that builds adapters and hands them to the flow.

Everything here reads `Settings` and nothing else: no environment, no files but those that the settings name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never
from urllib.parse import urlsplit

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import RestDeployments
from bot.adapters.argocd.simulated import Pace, SimulatedDeployments, SimulatedSource
from bot.adapters.clock import SystemClock
from bot.adapters.forges.git import GitForge
from bot.adapters.forges.git_address import Access
from bot.adapters.forges.git_signing import Signing, SigningKind
from bot.adapters.forges.gitea import GiteaForge
from bot.adapters.forges.gitea import GiteaSettings as GiteaAccess
from bot.adapters.forges.github import GitHubForge
from bot.adapters.forges.github import GitHubSettings as GitHubAccess
from bot.adapters.forges.github_login import AppLogin, TokenLogin
from bot.adapters.forges.gitlab import GitLabForge
from bot.adapters.forges.gitlab import GitLabSettings as GitLabAccess
from bot.adapters.forges.identity import Identity as Author
from bot.adapters.identity.google_keys import GoogleKeys
from bot.adapters.notifiers.log import LogNotifier
from bot.adapters.notifiers.slack import SlackNotifier
from bot.adapters.queues.celery import CeleryQueue, celery_application
from bot.adapters.stores.sql import SqlStore
from bot.configuration.settings import (
    ArgoCDSettings,
    ForgeSettings,
    GiteaSettings,
    GitHubSettings,
    GitLabSettings,
    GitSettings,
    LogNotifierSettings,
    RegistrySettings,
    Settings,
    SimulatedArgoCDSettings,
    SlackSettings,
)
from bot.domain.deployment import written
from bot.domain.errors import Refused
from bot.domain.pipeline import Application, MergeMethod, Pipeline
from bot.domain.proof import Proof
from bot.flow.world import World
from bot.people_wiring import attended, communities
from bot.ports import Clock, Deployments, Forge, Identities, Ledger, Notifier, SigningKeys
from bot.registry_wiring import registries
from bot.source_wiring import code_hosts, sources
from bot.webhooks.git import clone_address
from bot.webhooks.reader import Endpoint, Identity, Secret


def world(settings: Settings) -> World:
    """Build everything that the configuration names; the store's tables are brought up to date.

    Raises:
        TagboatError: the store cannot be opened, or a setting cannot be used.
    """
    clock = SystemClock()
    store = SqlStore(settings.store.get_secret_value())
    forges = {name: _forge(each, settings, store, clock) for name, each in settings.forges.items()}
    return World(
        pipelines={name: _with_pages(each, settings) for name, each in settings.pipelines.items()},
        registries=registries(settings, budget=store.budget, clock=clock),
        forges=forges,
        deployments={
            name: _deployments(each, settings, forges, clock) for name, each in settings.argocd.items()
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
            name: forge.deliveries(partial(_leads_to, settings, name))
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


def _forge(settings: ForgeSettings, whole: Settings, ledger: Ledger, clock: Clock) -> Forge:
    identity = Author(whole.author.name, whole.author.email)
    match settings:
        case GitLabSettings():
            return GitLabForge(
                GitLabAccess(
                    token=settings.token.get_secret_value(),
                    url=settings.url,
                    ca_bundle=str(settings.ca_file) if settings.ca_file else None,
                    squash=settings.squash,
                    identity=identity,
                )
            )
        case GitHubSettings():
            return GitHubForge(
                GitHubAccess(
                    login=_login(settings),
                    api_url=settings.url,
                    ca_bundle=str(settings.ca_file) if settings.ca_file else None,
                    merge_method=settings.merge_method,
                    identity=identity,
                    permissions=_permissions(settings.name, whole),
                )
            )
        case GiteaSettings():
            return GiteaForge(
                GiteaAccess(
                    url=settings.url,
                    token=settings.token.get_secret_value(),
                    ca_bundle=str(settings.ca_file) if settings.ca_file else None,
                    merge_method=MergeMethod(settings.merge_method),
                    identity=identity,
                ),
                whole.cache / settings.name,
                clock=clock,
            )
        case GitSettings():
            token = settings.token.get_secret_value() if settings.token else ""
            access = Access(
                username=settings.username or "tagboat", token=token, allow_http=settings.allow_http
            )
            return GitForge(
                whole.cache / settings.name,
                ledger=ledger,
                clock=clock,
                access=access,
                identity=identity,
                signing=_signing(settings),
            )
        case _:
            assert_never(settings)


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


def _leads_to(settings: Settings, endpoint: str, url: str) -> bool:
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


def _deployments(
    settings: ArgoCDSettings | SimulatedArgoCDSettings,
    whole: Settings,
    forges: Mapping[str, Forge],
    clock: Clock,
) -> Deployments:
    match settings:
        case ArgoCDSettings():
            return RestDeployments(
                Connection(
                    settings.url,
                    token=settings.token.get_secret_value(),
                    ca_bundle=str(settings.ca_file) if settings.ca_file else None,
                    plain_http=settings.plain_http,
                )
            )
        case SimulatedArgoCDSettings():
            return SimulatedDeployments(
                follow=lambda application: _simulated_source(whole, forges, application),
                clock=clock,
                pace=Pace(rollout=settings.rollout),
            )
        case _:
            assert_never(settings)


def _simulated_source(
    settings: Settings, forges: Mapping[str, Forge], application: Application
) -> SimulatedSource:
    """What a simulated Application follows: the files of the environment that names it."""
    pipeline, environment = next(
        (pipeline, environment)
        for pipeline in settings.pipelines.values()
        for environment in pipeline.environments
        if application in environment.applications
    )
    forge, path = forges[pipeline.repository.forge], pipeline.repository.path
    branch = pipeline.branch or forge.default_branch(path)

    def head() -> str:
        return forge.head(path, branch) or ""

    def images(commit: str) -> Sequence[str]:
        files = {file: forge.read(path, commit, file) for file in environment.files}
        return [str(ref) for _, ref in written(pipeline, environment, files)]

    return SimulatedSource(next(iter(pipeline.repository_urls), path), branch, head, images)


def _with_pages(pipeline: Pipeline, settings: Settings) -> Pipeline:
    """The pipeline with the page of each Application (`/applications/NAMESPACE/NAME` of Argo CD's own UI)."""
    environments = tuple(
        replace(
            environment, applications=tuple(_with_page(each, settings) for each in environment.applications)
        )
        for environment in pipeline.environments
    )
    return replace(pipeline, environments=environments)


def _with_page(application: Application, settings: Settings) -> Application:
    instance = settings.argocd[application.argocd]
    if not isinstance(instance, ArgoCDSettings):
        return application
    place = f"{application.namespace or 'argocd'}/{application.name}"
    return replace(application, url=f"{instance.url.rstrip('/')}/applications/{place}")


def _signing(settings: GitSettings) -> Signing | None:
    if settings.signing is None:
        return None
    return Signing(SigningKind(settings.signing.kind), settings.signing.key.get_secret_value())


def _permissions(forge: str, whole: Settings) -> Mapping[str, str]:
    """What an App must be allowed beside the common, by what the environments of the forge ask for."""
    environments = [
        environment
        for pipeline in whole.pipelines.values()
        if pipeline.repository.forge == forge
        for environment in pipeline.environments
    ]
    reading = {"checks": "read", "statuses": "read"} if any(e.merging.checks for e in environments) else {}
    writing = {"workflows": "write"} if any(e.allow_workflows for e in environments) else {}
    return {**reading, **writing}


def _login(settings: GitHubSettings) -> TokenLogin | AppLogin:
    if settings.token is not None:
        return TokenLogin(settings.token.get_secret_value())
    if settings.app_id is None or settings.private_key is None:
        raise ValueError(f"forge {settings.name} has neither a token nor an App")
    return AppLogin(str(settings.app_id), settings.private_key.get_secret_value(), settings.installation_id)


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
