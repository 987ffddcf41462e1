"""Sections to settings: what Tagboat connects to, each with the checks that take more than one key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.configuration.addresses import Addresses
from bot.configuration.report import Report
from bot.configuration.sections import (
    ArgoCDSection,
    LogSection,
    SimulatedSection,
    SlackSection,
    WebSection,
)
from bot.configuration.settings import (
    ArgoCDSettings,
    LogNotifierSettings,
    SimulatedArgoCDSettings,
    SlackSettings,
    WebSettings,
)


class Connections:
    """Builds settings of single sections; relative files are relative to `base`."""

    def __init__(self, base: Path, report: Report) -> None:
        self._addresses = Addresses(base, report)
        self._report = report

    def argocd(
        self, name: str, section: ArgoCDSection | SimulatedSection
    ) -> ArgoCDSettings | SimulatedArgoCDSettings:
        """An Argo CD instance."""
        if isinstance(section, SimulatedSection):
            return SimulatedArgoCDSettings(name, section.rollout)
        trail = ("argocd", name)
        if not self._report.is_told((*trail, "plain_http")):
            self._addresses.check_private((*trail, "url"), section.url, plain_http=section.plain_http)
        return ArgoCDSettings(
            name=name,
            url=section.url,
            token=section.token,
            ca_file=self._addresses.file((*trail, "ca_file"), section.ca_file),
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
                self._addresses.check_url((*trail, "url"), section.url)
                found[name] = SlackSettings(name, section.token, section.channel, f"{section.url}/")
            else:
                found[name] = LogNotifierSettings(name)
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
