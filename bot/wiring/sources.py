"""Where the source of images is looked for: the configured forges, and the public hosts beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.gitlab.forge import GitLabForge
from bot.adapters.forges.history_forge import HistoryForge
from bot.configuration.forges import web_address
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
from bot.domain.pull_request.source import PUBLIC_HOSTS, CodeHost, HostKind
from bot.ports import Forge, Sources


def code_hosts(settings: Settings) -> Sequence[CodeHost]:
    """Where addresses of source may lead: forges come first, as they may be asked."""
    own = [host for each in settings.forges.values() for host in _hosts(each, settings)]
    return (*own, *PUBLIC_HOSTS)


def sources(forges: Mapping[str, Forge]) -> Mapping[str, Sources]:
    """The forges that tell of commits and releases, by their names."""
    return {
        name: forge.sources()
        for name, forge in forges.items()
        if isinstance(forge, GitHubForge | GitLabForge | HistoryForge)
    }


def _hosts(forge: ForgeSettings, settings: Settings) -> Iterator[CodeHost]:
    match forge:
        case GitHubSettings():
            yield CodeHost(HostKind.GITHUB, web_address(forge.url), forge.name)
        case GitLabSettings():
            yield CodeHost(HostKind.GITLAB, forge.url, forge.name)
        case GiteaSettings():
            yield CodeHost(HostKind.GITEA, forge.url, forge.name)
        case BitbucketSettings():
            yield CodeHost(HostKind.BITBUCKET, "https://bitbucket.org", forge.name)
        case BitbucketDataCenterSettings():
            yield CodeHost(HostKind.BITBUCKET_DATA_CENTER, forge.url, forge.name)
        case GitSettings():
            named = [each.repository for each in settings.pipelines.values()]
            for path in sorted({each.path for each in named if each.forge == forge.name}):
                yield CodeHost(HostKind.GIT, path, forge.name)
        case _:
            assert_never(forge)
