"""Argo CD's Application object, read into typed values: only what a verdict rests on, nothing judged.

The object is outside input. A field that is absent or null has its empty value, as in Argo CD's own Go
types; a field of another type is noted in `ApplicationObject.unreadable`, so that nobody takes it for empty.
Fields: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml and
https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.domain.harmless import shown
from bot.domain.image import ImageRef, parse_image_ref
from bot.domain.rollout.node import Node

_DEEPEST: Final = 40
_PHASES = frozenset({"Running", "Terminating", "Failed", "Error", "Succeeded"})


@dataclass(frozen=True, slots=True)
class Source:
    """Where an Application's manifests come from. `is_git` is False for charts and OCI artefacts."""

    url: str
    target: str
    is_git: bool = True


@dataclass(frozen=True, slots=True)
class Hydration:
    """The source hydrator: manifests are rendered from a dry commit into a commit on another branch."""

    dry_revision: str
    hydrated_revision: str
    phase: str
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """The last or current sync. `revisions` are what it applies, in the order of the sources.

    `is_full` is False for a dry run or a sync of chosen resources. `is_override`: a human gave the
    revision or the sources by hand, as a rollback does. `failures` names what could not be applied.
    """

    phase: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None
    revisions: tuple[str, ...]
    is_full: bool
    is_override: bool
    retries: int
    retry_limit: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """How the resources fare; `since` is None where Argo CD is too old to tell."""

    status: str
    message: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ApplicationObject:
    """One Application. `sources` and `revisions` are in the same order; a hydrated one has its dry source.

    `is_compared_to_spec`: the comparison was made with the sources that the spec names now.
    `only_leftovers`: all that differs from Git are resources that Git does not name any more.
    """

    sources: tuple[Source, ...]
    hydration: Hydration | None
    is_compared_to_spec: bool
    sync_status: str
    revisions: tuple[str, ...]
    reconciled_at: datetime | None
    health: Health
    operation: Operation | None
    is_queued: bool
    is_automated: bool
    is_deleting: bool
    conditions: tuple[tuple[str, str], ...]
    only_leftovers: bool
    images: tuple[str, ...]
    unreadable: tuple[str, ...]

    @property
    def running(self) -> tuple[ImageRef, ...]:
        """What its pods run; what is no image reference cannot be one that anybody asks for."""
        return tuple(_image_refs(self.images))

    def condition(self, *types: str) -> str | None:
        """The first condition of one of these types as `type: message`, or None."""
        return next((f"{kind}: {message}" for kind, message in self.conditions if kind in types), None)


def _image_refs(texts: tuple[str, ...]) -> Iterator[ImageRef]:
    for text in texts:
        try:
            yield parse_image_ref(text)
        except ValueError:
            continue


def read_application(value: object) -> ApplicationObject:
    """Read the object; never raises, whatever JSON it is."""
    unreadable: list[str] = []
    root = Node(value, "", unreadable)
    spec, status = root.node("spec"), root.node("status")
    sync, health = status.node("sync"), status.node("health")
    several = bool(spec.items("sources")) and not spec.has("sourceHydrator")
    automated = spec.node("syncPolicy").node("automated")
    sources, compared = _sources(spec)
    return ApplicationObject(
        sources=sources,
        hydration=_hydration(spec, status),
        is_compared_to_spec=_is_compared(sync.node("comparedTo"), compared, several),
        sync_status=sync.text("status"),
        revisions=_revisions(sync, several),
        reconciled_at=status.time("reconciledAt"),
        health=Health(
            health.text("status"), shown(health.text("message")), health.time("lastTransitionTime")
        ),
        operation=_operation(status.node("operationState"), several),
        is_queued=root.node("operation").is_there,
        is_automated=automated.is_there and automated.flag("enabled", default=True),
        is_deleting=root.node("metadata").has("deletionTimestamp"),
        conditions=tuple(
            (each.text("type"), shown(each.text("message"))) for each in status.nodes("conditions")
        ),
        only_leftovers=_only_leftovers(status),
        images=status.node("summary").texts("images"),
        unreadable=tuple(unreadable),
    )


def _sources(spec: Node) -> tuple[tuple[Source, ...], Any]:
    """The sources, and what `comparedTo` must repeat when the comparison was made with them."""
    hydrator = spec.node("sourceHydrator")
    if hydrator.is_there:
        dry, target = hydrator.node("drySource"), hydrator.node("syncSource")
        rendered = {
            "repoURL": dry.text("repoURL"),
            "path": target.text("path"),
            "targetRevision": target.text("targetBranch"),
        }
        return (_source(dry),), rendered
    if spec.items("sources"):
        return tuple(_source(node) for node in spec.nodes("sources")), spec.items("sources")
    return ((_source(spec.node("source")),) if spec.has("source") else ()), spec.fields.get("source")


def _source(node: Node) -> Source:
    url = node.text("repoURL")
    is_git = not node.text("chart") and not url.startswith("oci://")
    return Source(url=url, target=node.text("targetRevision"), is_git=is_git)


def _is_compared(compared_to: Node, wanted: object, several: bool) -> bool:
    compared = compared_to.fields.get("sources" if several else "source")
    return compared_to.is_there and _without_empty(compared) == _without_empty(wanted)


def _without_empty(value: Any, depth: int = _DEEPEST) -> Any:
    """Go leaves empty values out in one place and writes them in another: neither is a difference."""
    if depth == 0:
        return object()  # equal to nothing: what nests deeper than any real source is not compared
    if isinstance(value, Mapping):
        kept = {key: _without_empty(item, depth - 1) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", False, {}, [])} or None
    if isinstance(value, list):
        return [_without_empty(item, depth - 1) for item in value]
    return value


def _revisions(node: Node, several: bool) -> tuple[str, ...]:
    if several:
        return node.texts("revisions")
    return (node.text("revision"),) if node.text("revision") else ()


def _hydration(spec: Node, status: Node) -> Hydration | None:
    if not spec.node("sourceHydrator").is_there:
        return None
    hydrator = status.node("sourceHydrator")
    current, last = hydrator.node("currentOperation"), hydrator.node("lastSuccessfulOperation")
    return Hydration(
        dry_revision=last.text("drySHA"),
        hydrated_revision=last.text("hydratedSHA"),
        phase=current.text("phase"),
        message=shown(current.text("message")),
    )


def _operation(state: Node, several: bool) -> Operation | None:
    if not state.is_there:
        return None
    asked, result = state.node("operation"), state.node("syncResult")
    sync = asked.node("sync")
    given = bool(_revisions(sync, several) or sync.has("source") or sync.items("sources"))
    return Operation(
        phase=state.word("phase", _PHASES),
        message=shown(state.text("message")),
        started_at=state.time("startedAt"),
        finished_at=state.time("finishedAt"),
        revisions=_revisions(result, several) or _revisions(sync, several),
        is_full=not sync.items("resources") and not sync.flag("dryRun"),
        is_override=given and not asked.node("initiatedBy").flag("automated"),
        retries=state.number("retryCount"),
        retry_limit=asked.node("retry").number("limit"),
        failures=tuple(_failures(result)),
    )


def _failures(result: Node) -> Iterator[str]:
    for node in result.nodes("resources"):
        if node.text("status") == "SyncFailed" or node.text("hookPhase") in {"Failed", "Error"}:
            yield shown(f"{node.text('kind')}/{node.text('name')}: {node.text('message')}")


def _only_leftovers(status: Node) -> bool:
    differing = [node for node in status.nodes("resources") if node.text("status") == "OutOfSync"]
    return bool(differing) and all(node.flag("requiresPruning") for node in differing)
