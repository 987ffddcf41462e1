"""Logins of registries, as Argo CD Image Updater names them: by a pull secret, a variable or a script.

Its kinds: https://argocd-image-updater.readthedocs.io/en/stable/basics/authentication/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from bot.configuration.fields import name_like
from bot.domain.cloud import cloud_registry
from bot.domain.image import parse_image_name
from bot.importing.updater import Watched

_PULL_SECRET = re.compile(r"pullsecret:(?:(?P<namespace>[a-z0-9.-]+)/)?(?P<name>[a-z0-9.-]+)")
_SHOWN = 80
LOGIN_KEYS = ("pull_secret", "login", "username", "password")
"""The keys of a registry that say how to log in there."""


def logins(watched: Iterable[Watched], lost: list[str]) -> dict[str, dict[str, Any]]:
    """The registries that need a login, by host; `lost` takes what a human must add."""
    sections: dict[str, dict[str, Any]] = {}
    for each in watched:
        for image in each.images:
            try:
                host = parse_image_name(image.name).registry if image.pull_secret else ""
            except ValueError:
                continue  # The image itself was told as lost.
            if not host:
                continue
            section, why = login(host, image.pull_secret, each.secrets)
            where = f"Application {each.application.name}: the pull secret {image.pull_secret[:_SHOWN]}"
            if sections.setdefault(host, section) != section:
                lost.append(f"{where}: registries.{host} has another login already, which is used for both")
            elif why and f"{where}: {why}" not in lost:
                lost.append(f"{where}: {why}")
    return sections


def login(host: str, secret: str, namespace: str) -> tuple[dict[str, Any], str]:
    """The section of a registry, and what a human must do about it."""
    pull_secret = _PULL_SECRET.fullmatch(secret)
    if pull_secret and (pull_secret["namespace"] or namespace):
        return {"pull_secret": f"{pull_secret['namespace'] or namespace}/{pull_secret['name']}"}, ""
    cloud = cloud_registry(host)
    kind = secret.partition(":")[0]
    if kind == "ext" and cloud:
        return {"login": cloud.login}, f"a script; to {cloud.name} Tagboat logs in by its own identity"
    variable = name_like(host).upper().replace("-", "_")
    section = {"username": f"${{{variable}_USERNAME}}", "password": f"${{{variable}_PASSWORD}}"}
    return section, f"set {variable}_USERNAME and {variable}_PASSWORD to what it holds"
