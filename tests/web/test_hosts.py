"""The names and origins by which Tagboat is reached, and those that are refused."""

from __future__ import annotations

import pytest

from bot.configuration.settings import WebSettings
from bot.web.hosts import Addresses
from tests.web.site import Site

PUBLIC = Addresses.of(WebSettings(host="tagboat.lan", public_url="https://Deploys.example.com:443/board"))
PLAIN = Addresses.of(WebSettings())


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("10.0.0.5:8080", True),
        ("tagboat.lan", True),
        ("deploys.example.com", True),
        ("deploys.example.com:8443", True),
        ("evil.example", False),
        ("deploys.example.com.evil.example", False),
        ("evil.example@deploys.example.org", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_only_own_names_and_addresses_are_known(host: str, is_known: bool) -> None:
    assert PUBLIC.knows(host) is is_known


@pytest.mark.parametrize(
    ("addresses", "origin", "host", "is_own"),
    [
        pytest.param(PLAIN, "http://127.0.0.1:8080", "127.0.0.1:8080", True, id="the page itself"),
        pytest.param(PLAIN, "http://localhost", "localhost:80", True, id="the default port is left out"),
        pytest.param(PLAIN, "http://127.0.0.1:9999", "127.0.0.1:8080", False, id="another local program"),
        pytest.param(
            PLAIN, "http://localhost:8080", "127.0.0.1:8080", False, id="another name of the machine"
        ),
        pytest.param(PLAIN, "https://127.0.0.1:8080", "127.0.0.1:8080", False, id="another scheme"),
        pytest.param(PLAIN, "null", "127.0.0.1:8080", False, id="a page in a sandbox"),
        pytest.param(PLAIN, "", "127.0.0.1:8080", False, id="no origin"),
        pytest.param(PLAIN, "", "", False, id="nothing at all"),
        pytest.param(PLAIN, "http://127.0.0.1:x", "127.0.0.1:x", False, id="no port at all"),
        pytest.param(PUBLIC, "https://deploys.example.com", "10.0.0.5:8080", True, id="through the proxy"),
        pytest.param(PUBLIC, "http://deploys.example.com", "10.0.0.5:8080", False, id="around TLS"),
        pytest.param(PUBLIC, "https://evil.example", "deploys.example.com", False, id="another site"),
    ],
)
def test_forms_come_from_this_very_site(addresses: Addresses, origin: str, host: str, is_own: bool) -> None:
    assert addresses.is_own(origin, host=host) is is_own


def test_cookies_insist_on_tls_only_where_people_come_over_tls() -> None:
    assert PUBLIC.is_secure("deploys.example.com")
    assert not PUBLIC.is_secure("127.0.0.1:8080")
    assert not PLAIN.is_secure("127.0.0.1:8080")


@pytest.mark.parametrize("path", ["/", "/events", "/api/status", "/static/board.css"])
def test_a_foreign_name_sees_no_page(path: str) -> None:
    answer = Site().client().get(path, headers={"Host": "rebound.evil.example"})
    assert answer.status_code == 421
    assert "web.url" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_machines_may_use_names_of_their_own(path: str) -> None:
    assert Site().client().get(path, headers={"Host": "tagboat.deploy.svc:8080"}).status_code == 200


def test_senders_may_use_names_of_their_own() -> None:
    answer = Site().client().post("/webhooks/registry", headers={"Host": "tagboat.deploy.svc:8080"})
    assert answer.status_code == 401
