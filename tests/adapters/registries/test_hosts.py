"""Who may be spoken to, and who may see a login."""

from __future__ import annotations

import pytest

from bot.adapters.registries.hosts import is_forbidden, is_loopback_name, may_see_login


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200"),
        *("168.63.129.16", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "192.0.0.192"),
    ],
)
@pytest.mark.parametrize("loopback", [True, False])
def test_link_local_and_metadata_addresses_are_always_forbidden(address: str, loopback: bool) -> None:
    assert is_forbidden(address, loopback=loopback)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_forbidden_unless_it_is_asked_for(address: str) -> None:
    assert is_forbidden(address, loopback=False)
    assert not is_forbidden(address, loopback=True)


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.1", "140.82.112.33", "2606:50c0::1", "fd12::1"])
def test_public_and_private_addresses_are_allowed(address: str) -> None:
    assert not is_forbidden(address, loopback=False)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(
            ("localhost", True),
            ("registry.localhost", True),
            ("127.0.0.1", True),
            ("[::1]", True),
            ("::1", True),
        ),
        *(("localhost.example.com", False), ("10.0.0.1", False), ("registry", False)),
    ],
)
def test_names_of_this_machine_are_known(host: str, expected: bool) -> None:
    assert is_loopback_name(host) is expected


@pytest.mark.parametrize(
    ("host", "registry", "expected"),
    [
        pytest.param("ghcr.io", "ghcr.io", True, id="the registry itself"),
        pytest.param("auth.docker.io", "docker.io", True, id="Docker Hub"),
        pytest.param("gitlab.com", "registry.gitlab.com", True, id="GitLab"),
        pytest.param("auth.corp.example.com", "registry.example.com", True, id="one company"),
        pytest.param("auth.example.co.uk", "registry.example.co.uk", True, id="one company in a country"),
        pytest.param("evil.co.uk", "registry.example.co.uk", False, id="two companies in a country"),
        pytest.param("evil.com", "ghcr.io", False, id="another host"),
        pytest.param("ghcr.io.evil.com", "ghcr.io", False, id="the name in front"),
        pytest.param("evilghcr.io", "ghcr.io", False, id="the name at the end"),
        pytest.param("evil.azurecr.io", "acme.azurecr.io", False, id="two customers of one cloud"),
        pytest.param("x.s3.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com", False, id="cloud storage"),
        pytest.param("10.0.0.2", "10.1.0.2", False, id="addresses"),
        pytest.param("registry", "auth", False, id="bare names"),
        pytest.param("auth.partner.org", "ghcr.io", True, id="listed"),
    ],
)
def test_a_login_is_shown_to_the_registrys_own_people_only(host: str, registry: str, expected: bool) -> None:
    assert may_see_login(host, registry=registry, token_hosts={"auth.partner.org"}) is expected
