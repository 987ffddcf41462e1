"""The sections of registries, as they are written. Each text below a key is its help in editors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict

from bot.configuration.fields import (
    Count,
    Duration,
    Flag,
    PerSecond,
    ProxyText,
    Secret,
    SecretName,
    Text,
    Url,
)
from bot.configuration.pipeline_sections import Section
from bot.configuration.shorthand import Short

LOGIN_KEYS = {
    "region": "ecr",
    "profile": "ecr",
    "role": "ecr",
    "key_file": "gar",
    "client_id": "acr",
    "tenant": "acr",
}
"""Which kind of login each key belongs to."""


def _keys_of_others(kind: str) -> dict[str, Any]:
    others = {key: False for key, owner in LOGIN_KEYS.items() if owner != kind}
    return {"if": {"properties": {"kind": {"const": kind}}}, "then": {"properties": others}}


class LoginSection(Section):
    """A login that a cloud gives to the identity that Tagboat runs as. In short: the kind alone."""

    model_config = ConfigDict(
        json_schema_extra={"allOf": [_keys_of_others(kind) for kind in ("ecr", "gar", "acr")]}
    )

    kind: Literal["ecr", "gar", "acr"]
    """ecr: Amazon ECR; gar: Google Artifact Registry and gcr.io; acr: Azure Container Registry. Each needs an
    extra: tagboat[aws], tagboat[google] or tagboat[azure]."""
    region: Text | None = None
    """For ecr: the AWS region, where the registry's host does not say it."""
    profile: Text | None = None
    """For ecr: the profile of AWS's own configuration. Default: what every AWS program finds by itself."""
    role: Text | None = None
    """For ecr: the ARN of a role to assume, such as one of the account that owns the registry."""
    key_file: Text | None = None
    """For gar: the JSON key file of a service account. Default: application default credentials."""
    client_id: Text | None = None
    """For acr: the client id of the managed or workload identity to use. Default: the only one there is."""
    tenant: Text | None = None
    """For acr: the tenant (directory) id of a workload identity. Default: what the environment says."""


class PullSecretSection(Section):
    """A Kubernetes secret that kubelets pull with. In short: namespace/name."""

    secret: SecretName
    """Namespace and name of a secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg."""
    kubeconfig: Text | None = None
    """The kubeconfig file to reach the cluster by. Default: the cluster that Tagboat runs in, or else what
    kubectl uses."""
    context: Text | None = None
    """The context of the kubeconfig. Default: its current one."""


class RateSection(Section):
    """How often a registry may be asked, by all workers together. What is more waits."""

    per_second: PerSecond
    """Requests a second in the long run; 0.5 is one in two seconds."""
    burst: Count
    """Requests at once after a rest."""


class DistributionSection(Section):
    """A registry of the OCI distribution API, as nearly all are.

    The login is one of username and password, login, pull_secret and docker_config; without any it is what
    docker_credentials finds.
    """

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"username": ["password"], "password": ["username"]}}
    )

    kind: Literal["distribution"] = "distribution"
    """A registry that is reached over HTTP."""
    url: Url | None = None
    """Where it answers, where that is not https:// and the host. A path is what stands before /v2/, as
    Artifactory and Nexus may have it."""
    username: Text | None = None
    """The user to log in as; together with password."""
    password: Secret | None = None
    """The password or access token of the user."""
    login: Annotated[LoginSection, Short("kind")] | None = None
    """The login of a cloud, renewed by itself: ecr, gar or acr."""
    pull_secret: Annotated[PullSecretSection, Short("secret")] | None = None
    """The Kubernetes secret that holds the login, as namespace/name; it is read again when it changes."""
    docker_config: Text | None = None
    """A file of Docker's form (config.json) that holds the login."""
    docker_credentials: Flag = True
    """Whether Docker's own store and helpers (`docker login`) are asked where no other login is given."""
    plain_http: Flag = False
    """Whether it speaks HTTP without TLS. A password then travels in the clear."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed its certificate, in addition to the system's."""
    token_hosts: tuple[Text, ...] = ()
    """Further hosts that may be shown the login in exchange for a token, when the registry asks for that."""
    mirrors: tuple[Url, ...] = ()
    """Addresses that hold the same images and are asked first, in this order. A mirror's login is that of its
    own host under registries, never this one."""
    proxy: ProxyText | None = None
    """The HTTP proxy to go through, as http://host:port, or environment for what HTTPS_PROXY and NO_PROXY
    say. Default: none."""
    poll: Duration | None = None
    """How long its lists of tags may go unasked where no webhook comes. Default: the poll of the whole."""
    rate: RateSection | None = None
    """How often it may be asked, by all workers together. Default: what the host is known to bear."""
    connections: Count = 16
    """How many requests of one process it may be asked at a time."""
    hub_api: Flag = False
    """For docker.io: whether tags are listed by Docker Hub's own API, which tells when each was pushed."""


class LayoutSection(Section):
    """A folder of OCI image layouts that stands in for a registry, for trials and air-gapped places."""

    kind: Literal["oci-layout"]
    """Image layouts on disk."""
    path: Text
    """The folder that holds them: the image acme/web is in `<path>/acme/web`."""
