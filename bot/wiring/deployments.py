"""Builds the Argo CD instances that the settings name, and the pages of Applications in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import RestDeployments
from bot.adapters.argocd.simulated import Pace, SimulatedDeployments, SimulatedSource
from bot.configuration.settings import (
    ArgoCDSettings,
    Settings,
    SimulatedArgoCDSettings,
)
from bot.domain.pipeline import Application, Pipeline
from bot.domain.rollout.deployment import written
from bot.ports import Clock, Deployments, Forge


def deployments(
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


def with_pages(pipeline: Pipeline, settings: Settings) -> Pipeline:
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
