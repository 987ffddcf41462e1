"""Builds the Git hosts that the settings name, each with its login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from bot.adapters.forges.bitbucket.cloud.forge import BitbucketCloudForge, BitbucketCloudSettings
from bot.adapters.forges.bitbucket.data_center.forge import BitbucketDataCenterForge
from bot.adapters.forges.bitbucket.data_center.forge import BitbucketDataCenterSettings as DataCenterAccess
from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.git.signing import Signing, SigningKind
from bot.adapters.forges.gitea.forge import GiteaForge
from bot.adapters.forges.gitea.forge import GiteaSettings as GiteaAccess
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.github.forge import GitHubSettings as GitHubAccess
from bot.adapters.forges.github.login import AppLogin, TokenLogin
from bot.adapters.forges.gitlab.forge import GitLabForge
from bot.adapters.forges.gitlab.forge import GitLabSettings as GitLabAccess
from bot.adapters.forges.identity import Identity as Author
from bot.configuration.settings import (
    BitbucketDataCenterSettings,
    BitbucketSettings,
    ForgeSettings,
    GiteaSettings,
    GitHubSettings,
    GitLabSettings,
    GitSettings,
    Settings,
)
from bot.domain.pipeline import MergeMethod
from bot.ports import Clock, Forge, Ledger


def forge(settings: ForgeSettings, whole: Settings, ledger: Ledger, clock: Clock) -> Forge:
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
                    permissions=permissions(settings.name, whole),
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
        case BitbucketSettings():
            return BitbucketCloudForge(
                BitbucketCloudSettings(
                    token=settings.token.get_secret_value(),
                    email=settings.email,
                    merge_method=MergeMethod(settings.merge_method),
                    identity=identity,
                ),
                whole.cache / settings.name,
                clock=clock,
            )
        case BitbucketDataCenterSettings():
            return BitbucketDataCenterForge(
                _data_center(settings, identity), whole.cache / settings.name, clock=clock
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


def _data_center(settings: BitbucketDataCenterSettings, identity: Author) -> DataCenterAccess:
    found = DataCenterAccess(
        url=settings.url,
        token=settings.token.get_secret_value(),
        ca_bundle=str(settings.ca_file) if settings.ca_file else None,
        merge_method=MergeMethod(settings.merge_method),
        identity=identity,
    )
    return replace(found, username=settings.username) if settings.username else found


def _signing(settings: GitSettings) -> Signing | None:
    if settings.signing is None:
        return None
    return Signing(SigningKind(settings.signing.kind), settings.signing.key.get_secret_value())


def permissions(forge: str, whole: Settings) -> Mapping[str, str]:
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
