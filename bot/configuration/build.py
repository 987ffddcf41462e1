"""The configuration as a whole: a file or a folder becomes `Settings`, or a list of all its problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.configuration.connections import Connections
from bot.configuration.document import folder_of, read_document
from bot.configuration.endpoints import check_registries, webhook_endpoints
from bot.configuration.environments import Known
from bot.configuration.forges import Forges
from bot.configuration.outline import Outline
from bot.configuration.pipelines import Pipelines
from bot.configuration.problems import ConfigurationError
from bot.configuration.proposals import check_proposals
from bot.configuration.registries import Registries, unlisted
from bot.configuration.report import Report
from bot.configuration.schema import schema
from bot.configuration.sections import ConfigurationSection
from bot.configuration.settings import AuthorSettings, Settings
from bot.configuration.validation import validated
from bot.domain.image import parse_image_name

_POLL = (timedelta(seconds=1), timedelta(days=1))
_SQLITE = "sqlite:///"
_STORES = "write sqlite:///tagboat.db, or postgresql://user:password@host/database"
_BROKERS = "write memory://, redis://host:6379/0, rediss://… or sentinel://…"
_BROKER_SCHEMES = frozenset({"memory", "redis", "rediss", "sentinel"})


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read a configuration: a YAML file, or a folder of them. Relative paths in it are relative to it.

    `environ` is what `${NAME}` stands for.

    Raises:
        ConfigurationError: something is wrong with it; every problem is named, and no secret.
    """
    outline = _outline()
    report = Report(path, outline)
    document = read_document(path, environ, report)
    settings = _settings(path, document, report, outline) if document is not None else None
    if settings is None or report.problems:
        raise ConfigurationError(path, report.problems)
    return settings


@cache
def _outline() -> Outline:
    return Outline(schema())


def _settings(path: Path, document: dict[str, Any], report: Report, outline: Outline) -> Settings | None:
    known = _known(document)
    section = validated(document, report, outline)
    if section is None:
        return None
    base = folder_of(path).absolute()
    connections = Connections(base, report)
    hosts_of_git = Forges(base, report)
    forges = {name: hosts_of_git.forge(name, each) for name, each in section.forges.items()}
    builder = Pipelines(base, known, forges, report)
    built = {name: builder.pipeline(name, each) for name, each in section.pipelines.items()}
    pipelines = {name: each for name, each in built.items() if each is not None}
    check_proposals(pipelines, section.pipelines, report)
    listed = Registries(base, report)
    registries = {host: listed.registry(host, each) for host, each in section.registries.items()}
    hosts = sorted({image.name.registry for each in pipelines.values() for image in each.images})
    endpoints = webhook_endpoints(section.webhooks, forges.values(), report)
    _check_poll(section, report)
    _check_webhook_registries(section, known.registries, report)
    return Settings(
        store=_store(section, base, report),
        broker=_broker(section, report),
        cache=base / section.cache,
        poll=section.poll,
        web=connections.web(section.web),
        registries={host: unlisted(host) for host in hosts} | registries,
        forges=forges,
        argocd={name: connections.argocd(name, each) for name, each in section.argocd.items()},
        notifiers=connections.notifiers(section.notify),
        endpoints=endpoints,
        pipelines=pipelines,
        author=_author(section, report),
    )


def _known(document: Mapping[str, Any]) -> Known:
    return Known(
        forges=_names(document, "forges"),
        argocd=_names(document, "argocd"),
        registries=_names(document, "registries"),
    )


def _names(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document.get(key)
    return tuple(value) if isinstance(value, dict) else ()


def _store(section: ConfigurationSection, base: Path, report: Report) -> SecretStr:
    """The store's URL; a relative SQLite file is beside the configuration."""
    if section.store is None:
        return SecretStr(f"{_SQLITE}{base / 'tagboat.db'}")
    url = section.store.get_secret_value()
    file, mark, query = url.removeprefix(_SQLITE).partition("?")
    if url.startswith(_SQLITE) and file and file != ":memory:":
        return SecretStr(f"{_SQLITE}{base / file}{mark}{query}")
    if not url.startswith(("postgresql://", "postgres://")):
        report.add(("store",), "this is not the URL of a database that Tagboat can use", _STORES)
    return section.store


def _broker(section: ConfigurationSection, report: Report) -> SecretStr:
    if section.broker is None:
        return SecretStr("memory://")
    # Sentinels are several URLs in one: https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
    parts = section.broker.get_secret_value().split(";")
    if any(part.partition("://")[0] not in _BROKER_SCHEMES or "://" not in part for part in parts):
        report.add(("broker",), "this is not the URL of a queue that Tagboat can use", _BROKERS)
    return section.broker


def _author(section: ConfigurationSection, report: Report) -> AuthorSettings:
    """Who commits, in words that Git can write down (https://git-scm.com/docs/git-commit-tree)."""
    for key, text in (("name", section.author.name), ("email", section.author.email)):
        if not text.strip() or not text.isprintable() or any(mark in text for mark in "<>"):
            report.add(
                ("author", key), "Git cannot write this into a commit", "use plain text without < and >"
            )
    return AuthorSettings(section.author.name, section.author.email)


def _check_poll(section: ConfigurationSection, report: Report) -> None:
    if not _POLL[0] <= section.poll <= _POLL[1]:
        report.add(("poll",), "it is out of bounds", "write a time between 1s and 1d")


def _check_webhook_registries(
    section: ConfigurationSection, registries: Iterable[str], report: Report
) -> None:
    images = {
        ("pipelines", name, "images", alias, "image"): image.image
        for name, each in section.pipelines.items()
        for alias, image in each.images.items()
    }
    entries = [("registries", host) for host in registries]
    if any(map(report.is_told, [*images, ("registries",)])) or any(map(report.is_key_told, entries)):
        return  # A host that could not be read may be the one.
    hosts = {*registries, *(parse_image_name(image).registry for image in images.values())}
    check_registries(section.webhooks, hosts, report)
