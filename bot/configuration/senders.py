"""The senders of webhooks that can be configured, and which keys each has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.domain.proof import Proof


class Sender(StrEnum):
    """Who sends; each has its reader in `bot.webhooks`."""

    ACR = "acr"
    ALIBABA_ACR = "alibaba_acr"
    ARGOCD = "argocd"
    ARTIFACTORY = "artifactory"
    BITBUCKET = "bitbucket"
    CLOUDEVENTS = "cloudevents"
    DISTRIBUTION = "distribution"
    DOCKERHUB = "dockerhub"
    ECR = "ecr"
    FORGEJO = "forgejo"
    GAR = "gar"
    GHCR = "ghcr"
    GITEA = "gitea"
    GITHUB = "github"
    GITLAB = "gitlab"
    HARBOR = "harbor"
    NEXUS = "nexus"
    QUAY = "quay"
    SLACK = "slack"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class SenderKeys:
    """The keys of one sender's endpoints.

    One of `proofs` must be there with all its keys, and no second one: there is no falling back to a weaker
    proof. `others` may be there; of `needs` at least one must, where there are any.
    """

    proofs: Mapping[Proof, tuple[str, ...]]
    others: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """Every key that an endpoint of this sender may have."""
        return frozenset({*(key for keys in self.proofs.values() for key in keys), *self.others, *self.needs})


_SIGNED = {Proof.SIGNATURE: ("secret",)}
_IN_ADDRESS = {Proof.ADDRESS: ("secret",)}
_BY_HEADER = {Proof.TOKEN: ("authorization",)}
_STANDARD = {Proof.STANDARD: ("signing_secret",)}

SENDERS: Mapping[Sender, SenderKeys] = {
    Sender.ACR: SenderKeys({**_BY_HEADER, **_IN_ADDRESS}, ("header", "registry")),
    Sender.ALIBABA_ACR: SenderKeys(_IN_ADDRESS, ("registry",)),
    Sender.ARGOCD: SenderKeys(_BY_HEADER, ("header",)),
    Sender.ARTIFACTORY: SenderKeys({**_SIGNED, **_BY_HEADER}, ("registry", "prefixes")),
    Sender.BITBUCKET: SenderKeys(_SIGNED),
    Sender.CLOUDEVENTS: SenderKeys({**_STANDARD, **_BY_HEADER}, ("header",)),
    Sender.DISTRIBUTION: SenderKeys(_BY_HEADER, ("header", "registry")),
    Sender.DOCKERHUB: SenderKeys(_IN_ADDRESS),
    Sender.ECR: SenderKeys({**_BY_HEADER, **_IN_ADDRESS}, ("header",)),
    Sender.FORGEJO: SenderKeys(_SIGNED),
    Sender.GAR: SenderKeys({Proof.IDENTITY: ("audience", "email")}),
    Sender.GHCR: SenderKeys(_SIGNED),
    Sender.GITEA: SenderKeys(_SIGNED),
    Sender.GITHUB: SenderKeys(_SIGNED),
    Sender.GITLAB: SenderKeys({Proof.TOKEN: ("secret",), **_STANDARD}, ("registry",)),
    Sender.HARBOR: SenderKeys(_BY_HEADER, ("registry",)),
    Sender.NEXUS: SenderKeys(_SIGNED, needs=("registry", "prefixes")),
    Sender.QUAY: SenderKeys(_IN_ADDRESS, ("registry",)),
    Sender.SLACK: SenderKeys(_SIGNED),
    Sender.STANDARD: SenderKeys(_STANDARD),
}

PROOF_KEYS = ("secret", "authorization", "signing_secret", "audience", "email")
"""The keys that prove a sender, whichever it is."""
KEYS = (*PROOF_KEYS, "header", "registry", "prefixes")
"""Every key beside `sender`."""


def rules() -> dict[str, Any]:
    """The table as rules of a JSON schema."""
    return {"allOf": [_rule(sender, keys) for sender, keys in SENDERS.items()]}


def _rule(sender: Sender, keys: SenderKeys) -> dict[str, Any]:
    said = {"properties": {"sender": {"const": sender.value}}, "required": ["sender"]}
    needed: dict[str, Any] = {"anyOf": [{"required": [key]} for key in keys.needs]} if keys.needs else {}
    then = {
        "properties": {key: False for key in KEYS if key not in keys.all},
        "oneOf": [{"required": list(proof)} for proof in keys.proofs.values()],
        **needed,
    }
    return {"if": said, "then": then}
