"""Sections to settings: what Tagboat connects to, each with the checks that take more than one key."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.configuration.report import Report
from bot.configuration.sections import (
    ArgoCDSection,
    DistributionSection,
    EndpointSection,
    GitHubSection,
    GitSection,
    LayoutSection,
    LogSection,
    SimulatedSection,
    SlackSection,
    WebSection,
)
from bot.configuration.settings import (
    ArgoCDSettings,
    EndpointSettings,
    GitHubSettings,
    GitSettings,
    LayoutSettings,
    LogNotifierSettings,
    RegistrySettings,
    SimulatedArgoCDSettings,
    SlackSettings,
    WebSettings,
)
from bot.configuration.trail import Trail
from bot.configuration.urls import is_private
from bot.domain.image import DOCKER_HUB

_DOCKER_HUB_API = "https://registry-1.docker.io"


class Connections:
    """Builds settings of single sections; relative files are relative to `base`."""

    def __init__(self, base: Path, report: Report) -> None:
        self._base = base
        self._report = report

    def registry(
        self, host: str, section: DistributionSection | LayoutSection
    ) -> RegistrySettings | LayoutSettings:
        """A registry by the host that image names begin with."""
        trail = ("registries", host)
        if isinstance(section, LayoutSection):
            return LayoutSettings(host, self._base / section.path)
        url = section.url or _registry_url(host, plain_http=section.plain_http)
        self._check_login_pair(trail, section)
        if section.url is not None and not self._report.is_told((*trail, "url")):
            self._check_registry_url(trail, section, section.url)
        return RegistrySettings(
            host=host,
            url=url,
            username=section.username or "",
            password=section.password,
            docker_credentials=section.docker_credentials,
            plain_http=url.startswith("http://"),
            ca_file=self._file((*trail, "ca_file"), section.ca_file),
            token_hosts=section.token_hosts,
        )

    def forge(self, name: str, section: GitHubSection | GitSection) -> GitHubSettings | GitSettings:
        """A forge."""
        if isinstance(section, GitSection):
            return GitSettings(name, section.username or "", section.token, section.allow_http)
        trail = ("forges", name)
        self._check_url((*trail, "url"), section.url)
        self._check_login(trail, section)
        app = section.app
        return GitHubSettings(
            name=name,
            url=section.url,
            token=section.token,
            app_id=app.id if app else None,
            private_key=app.private_key if app else None,
            installation_id=app.installation_id if app else None,
            webhook_secrets=section.webhook_secret or (),
            merge_method=section.merge_method,
            ca_file=self._file((*trail, "ca_file"), section.ca_file),
        )

    def argocd(
        self, name: str, section: ArgoCDSection | SimulatedSection
    ) -> ArgoCDSettings | SimulatedArgoCDSettings:
        """An Argo CD instance."""
        if isinstance(section, SimulatedSection):
            return SimulatedArgoCDSettings(name, section.rollout)
        trail = ("argocd", name)
        self._check_privacy(trail, section.url, plain_http=section.plain_http)
        return ArgoCDSettings(
            name=name,
            url=section.url,
            token=section.token,
            ca_file=self._file((*trail, "ca_file"), section.ca_file),
            plain_http=section.plain_http,
        )

    def notifiers(
        self, sections: Iterable[SlackSection | LogSection]
    ) -> Mapping[str, SlackSettings | LogNotifierSettings]:
        """The notifiers by name; two of a kind need names."""
        found: dict[str, SlackSettings | LogNotifierSettings] = {}
        for position, section in enumerate(sections):
            trail = ("notify", position)
            if self._report.is_told((*trail, "kind")):
                continue
            name = section.name or section.kind
            if name in found:
                self._report.add((*trail, "name"), "another notifier has the same name", "give each its own")
            if isinstance(section, SlackSection):
                self._check_url((*trail, "url"), section.url)
                found[name] = SlackSettings(name, section.token, section.channel, f"{section.url}/")
            else:
                found[name] = LogNotifierSettings(name)
        return found

    def endpoints(
        self, sections: Mapping[str, EndpointSection], forges: Iterable[GitHubSettings | GitSettings]
    ) -> Mapping[str, EndpointSettings]:
        """The webhook endpoints by name: one for every GitHub with a secret, then the others."""
        found = {
            forge.name: EndpointSettings(forge.name, "github", forge.webhook_secrets)
            for forge in forges
            if isinstance(forge, GitHubSettings) and forge.webhook_secrets
        }
        for name, section in sections.items():
            if name in found:
                what = f"the forge {name} has its webhooks at /webhooks/{name} already"
                self._report.add(("webhooks", name), what, "choose another name")
            found[name] = self._endpoint(name, section)
        return found

    def web(self, section: WebSection) -> WebSettings:
        """Where to listen."""
        host, colon, port = section.listen.rpartition(":")
        is_port = port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536
        if not colon or not host or not is_port or " " in host:
            what = f"{section.listen[:80]!r} is not an address with a port"
            self._report.add_value(("web", "listen"), what, "write 127.0.0.1:8080, or 0.0.0.0:8080 for all")
            return WebSettings()
        return WebSettings(host.strip("[]"), int(port), section.url or "")

    def _endpoint(self, name: str, section: EndpointSection) -> EndpointSettings:
        self._check_proof(("webhooks", name), section)
        secrets = section.authorization if section.sender == "distribution" else section.secret
        return EndpointSettings(name, section.sender, secrets or (), section.registry or "")

    def _check_proof(self, trail: Trail, section: EndpointSection) -> None:
        if self._report.is_told((*trail, "sender")):
            return  # The sender decides which keys belong there.
        is_distribution = section.sender == "distribution"
        wanted, other = ("authorization", "secret") if is_distribution else ("secret", "authorization")
        if getattr(section, other) is not None:
            what = f"{section.sender} does not send it"
            self._report.add((*trail, other), what, f"write {wanted} in its place")
        elif getattr(section, wanted) is None:
            fix = (
                "without it anybody could send" if is_distribution else "write the secret that the sender has"
            )
            self._report.add((*trail, wanted), "the key is missing", fix)
        if section.registry and not is_distribution:
            what = f"{section.sender} names the registry by itself"
            self._report.add((*trail, "registry"), what, "leave it out")

    def _check_login_pair(self, trail: Trail, section: DistributionSection) -> None:
        if (section.username is None) != (section.password is None):
            missing = "password" if section.password is None else "username"
            self._report.add((*trail, missing), "the key is missing", "username and password go together")

    def _check_registry_url(self, trail: Trail, section: DistributionSection, url: str) -> None:
        if urlsplit(url).path:
            self._report.add((*trail, "url"), "the URL has a path", "write scheme, host and port only")
        if section.plain_http and not url.startswith("http://"):
            self._report.add((*trail, "plain_http"), "the URL is not http://", "leave plain_http out")
        self._check_privacy(trail, url, plain_http=section.plain_http)

    def _check_privacy(self, trail: Trail, url: str, *, plain_http: bool) -> None:
        if not plain_http and not self._report.is_told((*trail, "plain_http")):
            fix = "write https://, or plain_http: true where the network is trusted"
            self._check_url((*trail, "url"), url, fix)

    def _check_login(self, trail: Trail, section: GitHubSection) -> None:
        if section.token is not None and section.app is not None:
            self._report.add((*trail, "app"), "there is a token as well", "keep the token or the app")
        elif section.token is None and section.app is None:
            self._report.add(trail, "there is no login", 'add token: "${GITHUB_TOKEN}", or an app')
        elif section.app and "PRIVATE KEY-----" not in section.app.private_key.get_secret_value():
            fix = "give the whole PEM file: ${file:/run/secrets/app.pem}"
            self._report.add((*trail, "app", "private_key"), "this is not a private key", fix)

    def _check_url(self, trail: Trail, url: str, fix: str = "write https://") -> None:
        if not is_private(url):
            self._report.add(trail, "the URL is plain http, which others can read and change", fix)

    def _file(self, trail: Trail, name: str | None) -> Path | None:
        if name is None:
            return None
        path = self._base / name
        if not os.path.isfile(path):
            self._report.add_value(trail, f"there is no file {str(path)[:200]!r}", "correct the path")
        return path


def unlisted(host: str) -> RegistrySettings:
    """A registry that the configuration says nothing of."""
    return RegistrySettings(host, _registry_url(host, plain_http=False))


def _registry_url(host: str, *, plain_http: bool) -> str:
    if host == DOCKER_HUB and not plain_http:
        return _DOCKER_HUB_API
    return f"{'http' if plain_http else 'https'}://{host}"
