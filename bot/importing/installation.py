"""How Argo CD Image Updater itself is set up: its ConfigMap, and the names of what its Secret holds.

https://argocd-image-updater.readthedocs.io/en/stable/install/reference/. Nothing of a Secret is carried over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import yaml
from yaml import CSafeLoader

from bot.domain.image import DOCKER_HUB, parse_image_name
from bot.importing.logins import login
from bot.importing.objects import YAML_FAULTS, mapping, mappings, text

_CONFIG = "argocd-image-updater-config"
_SECRET = "argocd-image-updater-secret"  # noqa: S105 - a name, and no secret
_REASONS = {
    "git.commit-message-template": "write one under pull_request, as message",
    "git.commit-sign-off": "write {commit: {sign_off: true}} under pull_request",
    "git.commit-signing-key": "the host signs what Tagboat commits there by an App",
    "git.commit-signing-method": "the host signs what Tagboat commits there by an App",
    "interval": "webhooks wake Tagboat; poll says how long it may go without one",
}
_OF_PROCESS = "it is about the Image Updater's own process"
_REGISTRY_REASONS = {
    "insecure": "certificates are always checked: name the authority by ca_file",
    "credsexpire": "logins are read again when they change",
    "tagsortmode": "tags are put in order by the strategy",
    "default": "an image without a host is on Docker Hub: write the host in the image",
    "defaultns": "write the namespace in the image",
}
_REGISTRY_KEYS = ("name", "prefix", "api_url", "ping", "credentials", "limit")


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings for the whole, registries by host, and what could not be carried over."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    registries: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


def installation(objects: Sequence[Mapping[str, Any]]) -> Installation:
    """What the ConfigMap of the Image Updater says, if it is among the objects."""
    lost: list[str] = []
    settings: dict[str, Any] = {}
    registries: dict[str, dict[str, Any]] = {}
    for each in objects:
        metadata, kind = mapping(each, "metadata"), each.get("kind")
        if kind == "Secret" and metadata.get("name") == _SECRET:
            held = sorted({*mapping(each, "data"), *mapping(each, "stringData")})
            lost += (f"Secret {_SECRET}: {key}: {_for_secret(key)}" for key in held)
        if kind != "ConfigMap" or metadata.get("name") != _CONFIG:
            continue
        data = mapping(each, "data")
        settings |= _author(data)
        registries |= _registries(text(data.get("registries.conf")), text(metadata.get("namespace")), lost)
        lost += (f"ConfigMap {_CONFIG}: {line}" for line in _told(data))
    return Installation(settings, registries, tuple(lost))


def _for_secret(key: str) -> str:
    if key.startswith("webhook."):
        return "write it as the secret of an endpoint under webhooks"
    return "write a token of Argo CD's under argocd" if key == "argocd.token" else _OF_PROCESS


def _author(data: Mapping[str, Any]) -> dict[str, Any]:
    said = {"name": text(data.get("git.user")), "email": text(data.get("git.email"))}
    author = {key: value for key, value in said.items() if value}
    return {"author": author} if author else {}


def _told(data: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(set(data) - {"git.user", "git.email", "registries.conf"}):
        yield f"{key}: {_REASONS.get(key, _OF_PROCESS)}"


def _registries(conf: str, namespace: str, lost: list[str]) -> dict[str, dict[str, Any]]:
    where = f"ConfigMap {_CONFIG}: registries.conf"
    try:
        read = yaml.load(conf, Loader=CSafeLoader)
    except YAML_FAULTS:
        lost.append(f"{where}: it is no YAML")
        return {}
    sections: dict[str, dict[str, Any]] = {}
    for each in mappings(mapping(read).get("registries")):
        host = _host(each)
        if not host:
            lost.append(f"{where}: {text(each.get('name'))[:80]}: nothing says its host")
            continue
        section, told = _section(each, host, namespace)
        lost += (f"{where}: {host}: {line}" for line in told)
        sections |= {host: section} if section else {}
    return sections


def _host(each: Mapping[str, Any]) -> str:
    """The host in names of images, as the configuration spells it."""
    prefix = text(each.get("prefix")) or (urlsplit(text(each.get("api_url"))).hostname or "")
    try:
        return parse_image_name(f"{prefix}/image").registry if prefix else ""
    except ValueError:
        return ""


def _section(each: Mapping[str, Any], host: str, namespace: str) -> tuple[dict[str, Any], list[str]]:
    section: dict[str, Any] = {}
    told = [
        f"{key}: {_REGISTRY_REASONS[key]}"
        for key in _REGISTRY_REASONS
        if each.get(key) not in (None, False, "none")
    ]
    told += (f"{key}: it is no setting that is known here" for key in sorted(_unknown(each)))
    url = text(each.get("api_url"))
    if url and host != DOCKER_HUB and urlsplit(url).hostname != host:
        section["url"] = url
    if text(each.get("credentials")):
        made, why = login(host, text(each["credentials"]), namespace)
        section |= made
        told += [f"credentials: {why}"] if why else []
    limit = each.get("limit")
    if isinstance(limit, int) and limit > 0:
        section["rate"] = {"per_second": limit, "burst": limit}
    return section, told


def _unknown(each: Mapping[str, Any]) -> set[str]:
    return {str(key) for key in each} - set(_REGISTRY_KEYS) - set(_REGISTRY_REASONS)
