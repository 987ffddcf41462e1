"""How often a registry is asked where the configuration says nothing: below what each is known to bear.

A host of one's own is asked as fast as its connections allow, until it says by itself that it is too much.
"""

from __future__ import annotations

from bot.ports import Rate

UNBOUND = Rate(per_second=10_000.0, burst=10_000)
"""No limit that could be felt."""

# https://docs.docker.com/docker-hub/usage/ has a limit per address that is not named, next to that on pulls,
#   which its answers tell.
# https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html: ten a second with a login.
# https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom: 500 a minute and address without a login.
# GitHub and Quay name no figure; theirs is modest.
_BY_HOST = {
    "docker.io": Rate(10.0, 300),
    "registry-1.docker.io": Rate(10.0, 300),
    "hub.docker.com": Rate(2.0, 100),
    "public.ecr.aws": Rate(5.0, 50),
    "gcr.io": Rate(50.0, 1000),
    "ghcr.io": Rate(25.0, 500),
    "quay.io": Rate(10.0, 200),
    "registry.gitlab.com": Rate(8.0, 200),
}
# https://learn.microsoft.com/azure/container-registry/container-registry-skus: 1,000 reads a minute at least.
# https://cloud.google.com/artifact-registry/quotas: 60,000 a minute; gcr.io: 50,000 in ten minutes.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html: thousands a second.
_BY_SUFFIX = {
    ".azurecr.io": Rate(16.0, 300),
    ".pkg.dev": Rate(100.0, 2000),
    ".gcr.io": Rate(50.0, 1000),
    ".amazonaws.com": Rate(50.0, 1000),
    ".amazonaws.com.cn": Rate(50.0, 1000),
}


def default_rate(host: str) -> Rate:
    """How often a registry of this name may be asked by all workers together."""
    if host in _BY_HOST:
        return _BY_HOST[host]
    return next((rate for suffix, rate in _BY_SUFFIX.items() if host.endswith(suffix)), UNBOUND)
