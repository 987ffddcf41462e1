"""How a Kubernetes cluster is reached: from inside, or as kubectl would."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from kubernetes import client, config
from kubernetes.config import ConfigException

from bot.domain.errors import Denied

_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"


def cluster(*, kubeconfig: Path | None, context: str, purpose: str) -> client.Configuration:
    """Address and identity of a cluster; built anew each time, as tokens are renewed in their files.

    Without a kubeconfig it is the cluster that this process runs in, or else what kubectl uses
    (`$KUBECONFIG`, `~/.kube/config`). `purpose` begins the sentence when none can be reached.

    Raises:
        Denied: the kubeconfig leads to no cluster.
    """
    found = client.Configuration()
    found.retries = 1
    try:
        if kubeconfig is None and not context and os.environ.get(_IN_CLUSTER):
            config.load_incluster_config(client_configuration=found)
        else:
            config.load_kube_config(
                config_file=str(kubeconfig) if kubeconfig else None,
                context=context or None,
                client_configuration=found,
                persist_config=False,
            )
    except (
        *(ConfigException, OSError, yaml.YAMLError),
        # What the library stumbles over in a file of another shape.
        *(ValueError, TypeError, KeyError, AttributeError),
    ) as error:
        # Not chained: the error could quote a token of the file, or of a program that it runs.
        raise Denied(
            purpose,
            why=f"{kubeconfig or 'the kubeconfig'} leads to no cluster ({type(error).__name__})",
            fix="run in the cluster, or correct kubeconfig and context",
        ) from None
    return found
