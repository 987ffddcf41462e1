"""All that an Argo CD instance or its cluster holds, read once: for taking over what another tool does."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import urllib3
from kubernetes import client
from kubernetes.client import exceptions as faults

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import answered
from bot.adapters.cluster import cluster
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable

_TIMEOUTS = (5, 60)
_LARGEST = 64 * 1024 * 1024
_KINDS = (
    ("argoproj.io", "v1alpha1", "applications"),
    ("argoproj.io", "v1alpha1", "applicationsets"),
    ("argocd-image-updater.argoproj.io", "v1alpha1", "imageupdaters"),
)
_WHAT = "the Applications of the cluster cannot be read"


def by_api(connection: Connection) -> Mapping[str, Any]:
    """Every Application that Argo CD's API shows to this token, as a list object.

    Raises:
        TagboatError: Argo CD does not answer, or refuses.
    """
    return answered("all Applications", connection.get("/api/v1/applications", read_timeout=60))


def by_cluster(*, kubeconfig: Path | None, context: str) -> list[Mapping[str, Any]]:
    """The Applications, ApplicationSets and ImageUpdaters of a cluster, a list object each.

    A kind that the cluster does not know is left out.

    Raises:
        Denied: the cluster cannot be reached by this identity, or it may not list them.
        Unreachable: the cluster does not answer now.
        Malformed: an answer cannot be understood.
    """
    found = cluster(kubeconfig=kubeconfig, context=context, purpose=_WHAT)
    with client.ApiClient(found) as api:
        lists = [_listed(client.CustomObjectsApi(api), kind) for kind in _KINDS]
    return [each for each in lists if each is not None]


def _listed(api: client.CustomObjectsApi, kind: tuple[str, str, str]) -> Mapping[str, Any] | None:
    try:
        answer: Any = api.list_cluster_custom_object(
            *kind, _preload_content=False, _request_timeout=_TIMEOUTS
        )
        body: bytes = answer.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            raise Malformed(_WHAT, why=f"the answer is larger than {_LARGEST >> 20} MB")
        value = msgspec.json.decode(body)
    except faults.ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise _refusal(error, kind[2]) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(_WHAT, why=f"the cluster does not answer ({type(error).__name__})") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(_WHAT, why="the answer is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed(_WHAT, why="the answer is no list")
    return value


def _refusal(error: faults.ApiException, kind: str) -> TagboatError:
    if error.status and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(_WHAT, why=f"HTTP {error.status}")
    why = f"HTTP {error.status}" if error.status else "its certificate is not trusted"
    return Denied(_WHAT, why=why, fix=f"use an identity that may list {kind} in all namespaces")
