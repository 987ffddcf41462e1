"""Builds what listens to other people on Git hosts, and says where; the part of `bot.wiring` for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.adapters.forges.bitbucket.forge import BitbucketForge
from bot.adapters.forges.gitea.forge import GiteaForge
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.gitlab.forge import GitLabForge
from bot.configuration.settings import GitSettings, PeopleSettings, Settings
from bot.domain.pipeline import Pipeline
from bot.flow.world import Attended
from bot.ports import Community, Forge


def communities(settings: Settings, forges: Mapping[str, Forge]) -> Mapping[str, Community]:
    """Those forges on which people may give commands, or on which files are not theirs."""
    wanted = {name for name in forges if _people(settings, name) != PeopleSettings()}
    return {
        name: forge.community()
        for name, forge in forges.items()
        if name in wanted and isinstance(forge, GitHubForge | GitLabForge | GiteaForge | BitbucketForge)
    }


def attended(settings: Settings) -> Mapping[str, Attended]:
    """Every repository of such a forge that a pipeline writes to, by the name that it is woken by."""
    found: dict[str, Attended] = {}
    for pipeline in settings.pipelines.values():
        people = _people(settings, pipeline.repository.forge)
        if people != PeopleSettings():
            each = Attended(pipeline.repository, people.commands, people.protection)
            found[each.name] = each
    return found


def with_commands(pipeline: Pipeline, settings: Settings) -> Pipeline:
    """The pipeline; its pull requests tell what may be commanded where comments are listened to."""
    if not _people(settings, pipeline.repository.forge).commands:
        return pipeline
    environments = tuple(
        replace(each, pull_request=replace(each.pull_request, commands=True))
        for each in pipeline.environments
    )
    return replace(pipeline, environments=environments)


def _people(settings: Settings, forge: str) -> PeopleSettings:
    found = settings.forges[forge]
    return found.people if not isinstance(found, GitSettings) else PeopleSettings()
