"""Sections of registries to settings, with the checks that take more than one key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.configuration.addresses import Addresses
from bot.configuration.fields import PROXY_OF_ENVIRONMENT
from bot.configuration.registry_sections import (
    LOGIN_KEYS,
    DistributionSection,
    LayoutSection,
    LoginSection,
    PullSecretSection,
)
from bot.configuration.report import Report
from bot.configuration.settings import (
    AcrLoginSettings,
    CloudLoginSettings,
    EcrLoginSettings,
    GarLoginSettings,
    LayoutSettings,
    PullSecretSettings,
    RegistrySettings,
)
from bot.configuration.trail import Trail
from bot.domain.cloud import cloud_registry
from bot.domain.image import DOCKER_HUB
from bot.ports import Rate

_DOCKER_HUB_API = "https://registry-1.docker.io"
_LOGINS = ("password", "login", "pull_secret", "docker_config")
_POLL = (timedelta(seconds=1), timedelta(days=1))


class Registries:
    """Builds settings of registries; relative files are relative to `base`."""

    def __init__(self, base: Path, report: Report) -> None:
        self._base = base
        self._report = report
        self._addresses = Addresses(base, report)

    def registry(
        self, host: str, section: DistributionSection | LayoutSection
    ) -> RegistrySettings | LayoutSettings:
        """A registry by the host that image names begin with."""
        if isinstance(section, LayoutSection):
            return LayoutSettings(host, self._base / section.path)
        trail = ("registries", host)
        self._check(trail, host, section)
        url = section.url or _registry_url(host, plain_http=section.plain_http)
        return RegistrySettings(
            host=host,
            url=url,
            username=section.username or "",
            password=section.password,
            docker_credentials=section.docker_credentials,
            plain_http=url.startswith("http://"),
            ca_file=self._addresses.file((*trail, "ca_file"), section.ca_file),
            token_hosts=section.token_hosts,
            login=self._login((*trail, "login"), host, section.login),
            pull_secret=self._pull_secret((*trail, "pull_secret"), section.pull_secret),
            docker_config=self._base / section.docker_config if section.docker_config else None,
            mirrors=section.mirrors,
            proxy=_proxy(section.proxy),
            poll=section.poll,
            rate=Rate(section.rate.per_second, section.rate.burst) if section.rate else None,
            connections=section.connections,
            hub_api=section.hub_api,
        )

    def _check(self, trail: Trail, host: str, section: DistributionSection) -> None:
        self._check_one_login(trail, section)
        if section.url is not None and not self._report.is_told((*trail, "url")):
            self._check_url(trail, section, section.url)
        for position, mirror in enumerate(section.mirrors):
            self._addresses.check_private(
                (*trail, "mirrors", position), mirror, plain_http=section.plain_http
            )
        if section.poll is not None and not _POLL[0] <= section.poll <= _POLL[1]:
            self._report.add((*trail, "poll"), "it is out of bounds", "write a time between 1s and 1d")
        if section.hub_api and host != DOCKER_HUB:
            what = "only Docker Hub has that API"
            self._report.add((*trail, "hub_api"), what, f"leave it out, or write it for {DOCKER_HUB}")

    def _check_one_login(self, trail: Trail, section: DistributionSection) -> None:
        if (section.username is None) != (section.password is None):
            missing = "password" if section.password is None else "username"
            self._report.add((*trail, missing), "the key is missing", "username and password go together")
        first, *others = [key for key in _LOGINS if getattr(section, key) is not None] or [""]
        for key in others:
            self._report.add((*trail, key), f"there is {first} as well", "keep one of them")

    def _check_url(self, trail: Trail, section: DistributionSection, url: str) -> None:
        if urlsplit(url).path.endswith("/v2"):
            self._report.add((*trail, "url"), "the URL ends with /v2", "leave /v2 out: it is added")
        if section.plain_http and not url.startswith("http://"):
            self._report.add((*trail, "plain_http"), "the URL is not http://", "leave plain_http out")
        if not self._report.is_told((*trail, "plain_http")):
            self._addresses.check_private((*trail, "url"), url, plain_http=section.plain_http)

    def _login(self, trail: Trail, host: str, section: LoginSection | None) -> CloudLoginSettings | None:
        if section is None or self._report.is_told((*trail, "kind")):
            return None
        for key, kind in LOGIN_KEYS.items():
            if getattr(section, key) is not None and kind != section.kind:
                self._report.add(
                    (*trail, key), f"a login of kind {section.kind} has no such key", "leave it out"
                )
        match section.kind:
            case "ecr":
                return self._ecr(trail, host, section)
            case "gar":
                return GarLoginSettings(self._addresses.file((*trail, "key_file"), section.key_file))
            case "acr":
                return AcrLoginSettings(section.client_id or "", section.tenant or "")

    def _ecr(self, trail: Trail, host: str, section: LoginSection) -> EcrLoginSettings:
        cloud = cloud_registry(host)
        is_public = cloud is not None and cloud.is_public
        region = section.region or (cloud.region if cloud else "")
        if is_public and cloud and section.region not in {None, cloud.region}:
            what = f"logins for {host} are given in {cloud.region} only"
            self._report.add((*trail, "region"), what, "leave it out")
        if not region:
            self._report.add(
                (*trail, "region"),
                f"the key is missing, and {host} does not say the region",
                "write the region that the registry is in: {kind: ecr, region: eu-central-1}",
            )
        return EcrLoginSettings(region, is_public, section.profile or "", section.role or "")

    def _pull_secret(self, trail: Trail, section: PullSecretSection | None) -> PullSecretSettings | None:
        if section is None:
            return None
        namespace, _, name = section.secret.partition("/")
        kubeconfig = self._addresses.file((*trail, "kubeconfig"), section.kubeconfig)
        return PullSecretSettings(namespace, name, kubeconfig, section.context or "")


def unlisted(host: str) -> RegistrySettings:
    """A registry that the configuration says nothing of."""
    return RegistrySettings(host, _registry_url(host, plain_http=False))


def _registry_url(host: str, *, plain_http: bool) -> str:
    if host == DOCKER_HUB and not plain_http:
        return _DOCKER_HUB_API
    return f"{'http' if plain_http else 'https'}://{host}"


def _proxy(written: SecretStr | None) -> SecretStr | Literal["environment"] | None:
    if written is not None and written.get_secret_value() == PROXY_OF_ENVIRONMENT:
        return PROXY_OF_ENVIRONMENT
    return written
