"""Argo CD's notifications: what its operator's templates say of an Application.

https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/
There is no fixed body. Three are understood: the template in config/README.md; the documented
commit status, whose commit stands in the address (`…/statuses/<commit>`); and a whole Application as
`{{toJson .app}}` prints it. All are hints: what counts is read back from Argo CD.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.domain.fact import RolloutChanged
from bot.webhooks.auth import static_header
from bot.webhooks.body import Json, decode
from bot.webhooks.fields import clean, clean_text, items, optional_clean_text, optional_mapping, optional_text
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Unreadable, attempt, refuse_bounds

_CONTENT_TYPES = frozenset({"application/json", "text/plain"})
_PROVIDER = "argocd"
_MOST_IMAGES = 200
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_COMMIT = re.compile(r"(?:^|/)statuses/([0-9a-f]{40}|[0-9a-f]{64})$")
_STATUS_STATES = {"success": "success", "failure": "failure", "error": "failure", "pending": "pending"}
_PHASES = {"Failed": "failure", "Error": "failure", "Running": "pending", "Terminating": "pending"}


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one notification."""
    return (
        static_header(request, endpoint.header, endpoint.secrets)
        or refuse_bounds(request, endpoint, _CONTENT_TYPES)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:  # noqa: ARG001 - any endpoint reads alike
    body = decode(request.body)
    commit = _COMMIT.search(request.path.rstrip("/"))
    fact = _commit_status(body, commit[1] if commit else None) if "context" in body else _state(body)
    return Reading(_delivery_key(request, commit[1] if commit else ""), (fact,))


def _delivery_key(request: Request, commit: str) -> str:
    """Body, address and minute: Argo CD tries again within seconds, and a state can come back later."""
    minute = int(request.received_at.timestamp() // 60) if request.received_at else 0
    return f"{request.body_hash}:{commit}:{minute}"


def _commit_status(body: Json, revision: str | None) -> RolloutChanged:
    """The documented template: the Application is named last in its context and in its page's address."""
    page = urlsplit(optional_text(body, "target_url") or "").path
    named = page if "/applications/" in page else clean_text(body, "context")
    return RolloutChanged(
        provider=_PROVIDER,
        application=_application(named.rstrip("/").rpartition("/")[2]),
        state=_STATUS_STATES.get(clean_text(body, "state"), "pending"),
        revision=revision,
    )


def _state(body: Json) -> RolloutChanged:
    """Tagboat's template, or a whole Application, alone or below `app`."""
    whole = optional_mapping(body, "app") or (body if "metadata" in body else {})
    found = _flat(whole) if whole else body
    sync, health, phase = (
        optional_clean_text(found, key) for key in ("sync_status", "health_status", "operation_phase")
    )
    return RolloutChanged(
        provider=_PROVIDER,
        application=_application(clean_text(found, "application")),
        state=_outcome(sync, health, phase),
        revision=optional_clean_text(found, "revision"),
        images=_images(found),
        sync_status=sync,
        health_status=health,
        operation_phase=phase,
    )


def _flat(application: Json) -> Json:
    paths = {
        "application": "metadata.name",
        "revision": "status.sync.revision",
        "sync_status": "status.sync.status",
        "health_status": "status.health.status",
        "operation_phase": "status.operationState.phase",
    }
    images = optional_mapping(application, "status.summary").get("images")
    return {key: optional_text(application, path) for key, path in paths.items()} | {"images": images}


def _application(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Unreadable("application is not the name of one")
    return name


def _images(body: Json) -> tuple[str, ...] | None:
    """The images that run; None where the template leaves them out, as it does before the first look."""
    if body.get("images") is None:
        return None
    found = items(body, "images")[:_MOST_IMAGES]
    if not all(isinstance(image, str) for image in found):
        raise Unreadable("an image is not text")
    return tuple(clean(image) for image in found)


def _outcome(sync: str | None, health: str | None, phase: str | None) -> str:
    """Success is a sync that ended in a healthy Application; a health that is not known yet is no failure."""
    if phase in _PHASES:
        return _PHASES[phase]
    if health == "Degraded":
        return "failure"
    return "success" if sync == "Synced" and health == "Healthy" else "pending"
