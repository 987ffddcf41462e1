"""A pull secret means what it means to a kubelet.

The tables follow Kubernetes' own: `pkg/credentialprovider/keyring_test.go` and `config_test.go`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.keyring import Keyring, NoKeyring, read_keyring

_SECRET = "hunter2-canary"


def _encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def _keyring(*keys: str) -> Keyring:
    """Each key with a login whose password is the key itself."""
    auths = {key: {"username": "bot", "password": key} for key in keys}
    return read_keyring({".dockerconfigjson": _encoded({"auths": auths})})


def _found(keyring: Keyring, host: str, path: str) -> list[str]:
    return [login.secret for login in keyring.logins(host, path)]


@pytest.mark.parametrize(
    ("key", "host", "path", "matches"),
    [
        pytest.param("ghcr.io", "ghcr.io", "acme/web", True, id="host"),
        pytest.param("https://ghcr.io", "ghcr.io", "acme/web", True, id="https"),
        pytest.param("http://ghcr.io/", "ghcr.io", "acme/web", True, id="http and slash"),
        pytest.param("ghcr.io/v1/", "ghcr.io", "acme/web", True, id="v1"),
        pytest.param("https://ghcr.io/v2/", "ghcr.io", "acme/web", True, id="v2"),
        pytest.param("ghcr.io/v2/acme", "ghcr.io", "acme/web", True, id="v2 and a path"),
        pytest.param("ghcr.io/acme", "ghcr.io", "acme/web", True, id="host and path"),
        pytest.param("ghcr.io/ac", "ghcr.io", "acme/web", True, id="a path by its first characters"),
        pytest.param("ghcr.io/acme/web", "ghcr.io", "acme/web", True, id="the whole path"),
        pytest.param("ghcr.io/acme/web/", "ghcr.io", "acme/web", False, id="a longer path"),
        pytest.param("ghcr.io/other", "ghcr.io", "acme/web", False, id="another path"),
        pytest.param("ghcr.io/v2", "ghcr.io", "acme/web", False, id="v2 without its slash is a path"),
        pytest.param("quay.io", "ghcr.io", "acme/web", False, id="another host"),
        pytest.param("*.example.com", "registry.example.com", "web", True, id="one label"),
        pytest.param("*.example.com", "a.b.example.com", "web", False, id="a star is one label only"),
        pytest.param("*.example.com", "example.com", "web", False, id="and not none"),
        pytest.param("*.*.example.com", "a.b.example.com", "web", True, id="two stars"),
        pytest.param("reg*y.example.com", "registry.example.com", "web", True, id="within a label"),
        pytest.param("prefix*.example.com", "registry.example.com", "web", False, id="another label"),
        pytest.param("r?gistry.example.com", "registry.example.com", "web", True, id="one character"),
        pytest.param("[p-r]egistry.io", "registry.io", "web", True, id="a range"),
        pytest.param("[^p-r]egistry.io", "registry.io", "web", False, id="all but a range"),
        pytest.param("*.kubernetes.io:5000", "r.kubernetes.io:5000", "web", True, id="with the port"),
        pytest.param("*.kubernetes.io", "r.kubernetes.io:5000", "web", False, id="without the port"),
        pytest.param("*.kubernetes.io:5000", "r.kubernetes.io:6000", "web", False, id="another port"),
        pytest.param("*.example.com/a/b", "r.example.com", "a/b/c", True, id="label and path"),
        pytest.param("[.example.com", "registry.example.com", "web", False, id="a broken glob"),
        pytest.param("*", "localhost", "web", True, id="a bare star and a bare host"),
        pytest.param("https://index.docker.io/v1/", "docker.io", "library/redis", True, id="Docker Hub"),
        pytest.param("index.docker.io", "docker.io", "acme/web", True, id="Docker Hub's bare key"),
        pytest.param("docker.io", "docker.io", "acme/web", True, id="Docker Hub by its short name"),
        pytest.param("docker.io/acme", "docker.io", "other/web", False, id="a namespace of Docker Hub"),
        pytest.param("index.docker.io", "ghcr.io", "acme/web", False, id="Docker Hub's is no default"),
    ],
)
def test_a_key_counts_for_what_kubelets_take_it_for(key: str, host: str, path: str, matches: bool) -> None:
    assert _found(_keyring(key), host, path) == ([key] if matches else [])


def test_the_more_specific_key_comes_first() -> None:
    keyring = _keyring("ghcr.io", "ghcr.io/acme/web", "*.io", "ghcr.io/acme", "quay.io")
    assert _found(keyring, "ghcr.io", "acme/web") == ["ghcr.io/acme/web", "ghcr.io/acme", "ghcr.io", "*.io"]
    assert _found(keyring, "ghcr.io", "other/web") == ["ghcr.io", "*.io"]


def test_where_a_host_has_keys_with_a_path_a_login_counts_for_one_repository() -> None:
    keyring = _keyring("ghcr.io", "ghcr.io/acme", "quay.io")
    assert [each.is_for_path for each in keyring.logins("ghcr.io", "other/web")] == [True]
    assert [each.is_for_path for each in keyring.logins("quay.io", "other/web")] == [False]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({"username": "bot", "password": "p"}, Login("bot", "p"), id="in two halves"),
        pytest.param({"auth": "Ym90OnA="}, Login("bot", "p"), id="in one"),
        pytest.param({"auth": "Ym90OnA"}, Login("bot", "p"), id="without padding"),
        pytest.param(
            {"auth": "Ym90OnA=", "username": "x", "password": "y", "email": "a@b"},
            Login("bot", "p"),
            id="one wins over the halves",
        ),
        pytest.param(
            {"auth": base64.b64encode(b'_json_key:{"a": "b:c"}').decode()},
            Login("_json_key", '{"a": "b:c"}'),
            id="colons in the password",
        ),
        pytest.param(
            {"auth": "MDowMA==", "identitytoken": "t"},
            Login("<token>", "t", is_identity_token=True),
            id="an identity token",
        ),
        pytest.param({"username": "bot"}, None, id="no password"),
        pytest.param({"auth": "Ym90"}, None, id="no colon"),
        pytest.param({}, None, id="nothing"),
    ],
)
@pytest.mark.parametrize("form", [".dockerconfigjson", ".dockercfg"])
def test_a_login_is_read_in_every_form(form: str, entry: dict[str, str], expected: Login | None) -> None:
    entries = {"ghcr.io": entry}
    content: Any = {"auths": entries} if form == ".dockerconfigjson" else entries
    found = read_keyring({form: _encoded(content)}).logins("ghcr.io", "acme/web")
    assert list(found) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"password": _encoded(_SECRET)}, id="another secret"),
        pytest.param({".dockerconfigjson": _SECRET}, id="no base64"),
        pytest.param({".dockerconfigjson": _encoded(_SECRET)}, id="a text"),
        pytest.param({".dockerconfigjson": _encoded([_SECRET])}, id="a list"),
        pytest.param({".dockerconfigjson": _encoded({"auths": {"ghcr.io": _SECRET}})}, id="no entry"),
        pytest.param({".dockercfg": _encoded({"ghcr.io": {"password": [_SECRET]}})}, id="no password"),
        pytest.param({".dockercfg": _encoded({"ghcr.io": {"auth": f"{_SECRET}!"}})}, id="broken auth"),
        pytest.param({".dockercfg": _encoded({str(n): {} for n in range(1001)})}, id="too many"),
        pytest.param({".dockercfg": base64.b64encode(b"[" * 100_000).decode()}, id="deep"),
    ],
)
def test_what_kubelets_could_not_read_is_an_error_that_quotes_nothing(data: dict[str, str]) -> None:
    with pytest.raises(NoKeyring) as caught:
        read_keyring(data)
    assert _SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_docker_configuration_without_logins_is_an_empty_keyring() -> None:
    assert read_keyring({".dockerconfigjson": _encoded({"credsStore": "desktop"})}) == Keyring()


@given(keys=st.lists(st.text(max_size=30), max_size=10), host=st.text(max_size=20), path=st.text(max_size=20))
def test_no_key_breaks_the_search(keys: list[str], host: str, path: str) -> None:
    assert set(_found(_keyring(*keys), host, path)) <= set(keys)
