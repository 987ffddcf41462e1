"""The table of senders: which reader reads whose webhooks."""

from __future__ import annotations

from collections.abc import Mapping

from bot.webhooks import (
    acr,
    alibaba_acr,
    argocd,
    artifactory,
    bitbucket,
    cloudevents,
    distribution,
    dockerhub,
    ecr,
    forgejo,
    gar,
    gitea,
    github,
    gitlab,
    harbor,
    nexus,
    quay,
    slack,
    standard,
)
from bot.webhooks.reader import Endpoint, Reader, Reading, Rejected, Request

SENDERS: Mapping[str, Reader] = {
    "acr": acr.read,
    "alibaba_acr": alibaba_acr.read,
    "argocd": argocd.read,
    "artifactory": artifactory.read,
    "bitbucket": bitbucket.read,
    "cloudevents": cloudevents.read,
    "distribution": distribution.read,
    "dockerhub": dockerhub.read,
    "ecr": ecr.read,
    "forgejo": forgejo.read,
    "gar": gar.read,
    "ghcr": github.read,
    "gitea": gitea.read,
    "github": github.read,
    "gitlab": gitlab.read,
    "harbor": harbor.read,
    "nexus": nexus.read,
    "quay": quay.read,
    "slack": slack.read,
    "standard": standard.read,
}

REPEATING = frozenset({"distribution", "gar"})
"""Senders that send whatever is refused again, without an end: from them, refuse only who they are."""


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read a request with the reader of the endpoint's sender; raises KeyError for a sender that is none."""
    return SENDERS[endpoint.sender](request, endpoint)
