"""Which cloud runs a registry, as far as its host's name says: for a login that fits, and for advice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

# The hosts that the kubelet's own provider for ECR knows:
# https://github.com/kubernetes/cloud-provider-aws/blob/master/cmd/ecr-credential-provider/main.go
_ECR = re.compile(
    r"[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9][a-z0-9-]{1,60})\."
    r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)"
    r"|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)
_ECR_PUBLIC = frozenset({"public.ecr.aws", "ecr-public.aws.com"})
# https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html: from this region only.
_ECR_PUBLIC_REGION = "us-east-1"
_GAR = re.compile(r"(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev|docker\.pkg\.dev")
_ACR = re.compile(r"[a-z0-9-]{1,80}\.azurecr\.(?:io|cn|us)")


@dataclass(frozen=True, slots=True)
class CloudRegistry:
    """A cloud's registry: the word of the configuration for its login, its name, and for AWS its region."""

    login: Literal["ecr", "gar", "acr"]
    name: str
    region: str = ""
    is_public: bool = False


def cloud_registry(host: str) -> CloudRegistry | None:
    """The cloud whose registry answers at this host; None when the name tells nothing."""
    if host in _ECR_PUBLIC:
        return CloudRegistry("ecr", "Amazon ECR Public", _ECR_PUBLIC_REGION, is_public=True)
    if found := _ECR.fullmatch(host):
        return CloudRegistry("ecr", "Amazon ECR", found["region"])
    if _GAR.fullmatch(host):
        return CloudRegistry("gar", "Google Artifact Registry")
    if _ACR.fullmatch(host):
        return CloudRegistry("acr", "Azure Container Registry")
    return None


def login_advice(host: str) -> str:
    """What to write for a registry of a cloud, as the fix of an error; empty for all others."""
    cloud = cloud_registry(host)
    return f"this is {cloud.name}: write login: {cloud.login} for it under registries" if cloud else ""
