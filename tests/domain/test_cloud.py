"""A cloud's registry is known by its host, and strangers' hosts that only look like one are not."""

from __future__ import annotations

import pytest

from bot.domain.cloud import CloudRegistry, cloud_registry, login_advice


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.us-west-2.on.aws", "us-west-2"),
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ],
)
def test_amazons_host_says_the_region(host: str, region: str) -> None:
    assert cloud_registry(host) == CloudRegistry("ecr", "Amazon ECR", region)


def test_amazons_public_registry_gives_logins_in_one_region() -> None:
    assert cloud_registry("public.ecr.aws") == CloudRegistry(
        "ecr", "Amazon ECR Public", "us-east-1", is_public=True
    )


@pytest.mark.parametrize("host", ["gcr.io", "eu.gcr.io", "europe-docker.pkg.dev", "us-west1-docker.pkg.dev"])
def test_googles_hosts_are_known(host: str) -> None:
    assert login_advice(host) == (
        "this is Google Artifact Registry: write login: gar for it under registries"
    )


@pytest.mark.parametrize("host", ["acme.azurecr.io", "acme-a1b2c3.azurecr.io", "acme.azurecr.cn"])
def test_azures_hosts_are_known(host: str) -> None:
    assert login_advice(host).endswith("write login: acr for it under registries")


@pytest.mark.parametrize(
    "host",
    [
        "docker.io",
        "ghcr.io",
        "registry.local:5000",
        "azurecr.io",
        "acme.azurecr.io.evil.example",
        "acme.azurecr.io:5000",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
        "12345.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "evil-gcr.io",
        "gcr.io.evil.example",
        "europe-npm.pkg.dev",
    ],
)
def test_other_hosts_are_no_clouds(host: str) -> None:
    assert cloud_registry(host) is None
    assert login_advice(host) == ""
