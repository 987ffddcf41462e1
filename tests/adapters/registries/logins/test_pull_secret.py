"""A pull secret is read from the cluster by the least right, and again when it changed."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.kept import Issued
from bot.adapters.registries.logins.keyring import Keyring
from bot.adapters.registries.logins.pull_secret import PullSecretCredentials, SecretReader
from bot.domain.errors import Denied, Limited, Malformed, NotFound, TagboatError, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Shelf, reading
from tests.adapters.registries.logins.cluster import TOKEN, Cluster, cluster
from tests.kit.images import build_image

_LOGIN = {"username": "bot", "password": "hunter2-canary"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as found:
        found.put("cd/pull", {"ghcr.io": _LOGIN})
        yield found


def _reader(here: Cluster, name: str = "pull") -> SecretReader:
    return SecretReader("cd", name, kubeconfig=here.kubeconfig())


def _secrets(found: Issued[Keyring], host: str = "ghcr.io", path: str = "acme/web") -> list[str]:
    return [login.secret for login in found.value.logins(host, path)]


@pytest.mark.parametrize("old", [False, True], ids=["dockerconfigjson", "dockercfg"])
def test_a_secret_of_either_type_is_read_by_one_request(old: bool, here: Cluster) -> None:
    here.put("cd/pull", {"ghcr.io": _LOGIN}, old=old)
    assert _secrets(_reader(here)()) == ["hunter2-canary"]
    assert [(call.method, call.path) for call in here.server.calls] == [
        ("GET", "/api/v1/namespaces/cd/secrets/pull")
    ]


def test_no_line_that_the_library_logs_holds_a_secret(
    here: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """Libraries are logged from INFO on, whatever Tagboat's own level is."""
    caplog.set_level(logging.INFO)
    found = _reader(here)()
    assert not [
        each for each in ("hunter2-canary", TOKEN) if each in f"{caplog.text} {found!r} {found.value!r}"
    ]


def test_in_the_cluster_the_service_account_reads_it(
    here: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    host, port = here.server.host.split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    module = "kubernetes.config.incluster_config"
    monkeypatch.setattr(f"{module}.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(f"{module}.SERVICE_CERT_FILENAME", str(tmp_path / "ca.pem"))
    reader = SecretReader("cd", "pull")
    assert _secrets(reader()) == ["hunter2-canary"]
    here.token = "renewed"
    (tmp_path / "token").write_text("renewed")
    assert _secrets(reader()) == ["hunter2-canary"], "the kubelet writes a new token every hour"


def test_elsewhere_it_is_the_cluster_that_kubectl_uses(
    here: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(here.kubeconfig()))
    assert _secrets(SecretReader("cd", "pull")()) == ["hunter2-canary"]


def test_a_context_is_chosen_by_name(here: Cluster) -> None:
    reader = SecretReader("cd", "pull", kubeconfig=here.kubeconfig(), context="nowhere")
    with pytest.raises(Unreachable, match="cd/pull"):
        reader()
    assert here.server.calls == []


def test_a_secret_that_is_not_there_is_named(here: Cluster) -> None:
    here.allowed.add("cd/other")
    with pytest.raises(NotFound, match="no secret other in the namespace cd"):
        _reader(here, "other")()


def test_without_the_right_the_error_says_which(here: Cluster) -> None:
    with pytest.raises(Denied, match=r"cd/other cannot be read: HTTP 403 \(allow get on the secret other"):
        _reader(here, "other")()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(401), Denied, id="401"),
        pytest.param(Reply(429), Limited, id="429"),
        pytest.param(Reply(503), Unreachable, id="503"),
        pytest.param(Reply(200, b"<html>hunter2-canary"), Malformed, id="a web page"),
        pytest.param(Reply(200, b'{"data": {".dockercfg": ["hunter2-canary"]}}'), Malformed, id="a list"),
        pytest.param(Reply(200, b'{"data": {"password": "hunter2-canary"}}'), Malformed, id="opaque"),
        pytest.param(Reply(200, b'{"kind": "Secret"}'), Malformed, id="no data"),
        pytest.param(Reply(200, b" " * (2 * 1024 * 1024 + 1)), Malformed, id="large"),
    ],
)
def test_an_answer_that_holds_no_login_is_an_error_that_quotes_nothing(
    reply: Reply, error: type[TagboatError], here: Cluster
) -> None:
    here.reply = reply
    with pytest.raises(error, match="cd/pull") as caught:
        _reader(here)()
    assert "hunter2-canary" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


def test_a_cluster_with_another_authority_is_not_trusted(here: Cluster) -> None:
    reader = SecretReader("cd", "pull", kubeconfig=here.kubeconfig(authority=False))
    with pytest.raises(TagboatError, match="cd/pull"):
        reader()
    assert here.server.calls == []


@pytest.mark.parametrize("content", [None, "", "[", "hunter2-canary", "users: hunter2-canary"])
def test_a_kubeconfig_that_leads_nowhere_is_denied_and_not_quoted(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Denied, match=r"kubeconfig\.yaml leads to no cluster") as caught:
        SecretReader("cd", "pull", kubeconfig=path)()
    assert caught.value.__cause__ is None
    assert "hunter2-canary" not in f"{caught.value!r} {caught.value}"


def test_the_role_that_is_delivered_allows_one_get_of_one_secret() -> None:
    file = Path(__file__).parents[4] / "config/pull-secret-role.yaml"
    role, binding = yaml.safe_load_all(file.read_text(encoding="utf-8"))
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["registry-login"],
            "verbs": ["get"],
        }
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["metadata"]["namespace"] == role["metadata"]["namespace"]


class _Registry:
    """Takes one password a repository, over basic authentication."""

    def __init__(self, **passwords: str) -> None:
        self.passwords = passwords
        self.shelves = {team: Shelf(f"{team}/web") for team in passwords}
        for shelf in self.shelves.values():
            shelf.put("1.0.0", build_image())

    def __call__(self, call: Call) -> Reply:
        team = call.path.split("/")[2]
        expected = base64.b64encode(f"bot:{self.passwords[team]}".encode()).decode()
        if call.authorization == f"Basic {expected}":
            return self.shelves[team](call)
        return Reply(401, b"", {"WWW-Authenticate": 'Basic realm="registry"'})


def _credentials(here: Cluster, host: str) -> PullSecretCredentials:
    return PullSecretCredentials(host, _reader(here), secret="cd/pull")


def test_teams_of_one_registry_have_their_own_logins(here: Cluster) -> None:
    registry = _Registry(red="r", blue="b", other="o")
    passwords = {"r.example.com/red": "r", "r.example.com/blue/web": "b", "*.example.com": "o"}
    here.put("cd/pull", {key: {"username": "bot", "password": each} for key, each in passwords.items()})
    with reading(registry, credentials=_credentials(here, "r.example.com")) as (reader, _):
        for team in ("red", "blue", "other", "red"):
            assert reader.digest(ImageName("r.example.com", f"{team}/web"), "1.0.0")
    assert len(here.server.calls) == 1, "the secret is kept"


def test_of_two_logins_that_match_the_second_is_tried_after_the_first(here: Cluster) -> None:
    here.put(
        "cd/pull",
        {"r.io/red": {"username": "bot", "password": "old"}, "r.io": {"username": "bot", "password": "r"}},
    )
    credentials = _credentials(here, "r.io")
    first = credentials.login("red/web")
    assert first == Login("bot", "old", is_for_path=True)
    second = credentials.login("red/web", refused=first)
    assert second == Login("bot", "r", is_for_path=True)
    assert credentials.login("red/web", refused=second) == second, "there is no third"


def test_a_password_that_was_changed_is_found_when_the_old_one_is_refused(
    here: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.registries.logins.kept._PAUSE", 0.0)
    registry = _Registry(red="old")
    here.put("cd/pull", {"r.io": {"username": "bot", "password": "old"}})
    with reading(registry, credentials=_credentials(here, "r.io")) as (reader, _):
        image = ImageName("r.io", "red/web")
        assert reader.digest(image, "1.0.0")
        registry.passwords["red"] = "new"
        here.put("cd/pull", {"r.io": {"username": "bot", "password": "new"}})
        assert reader.digest(image, "1.0.0")


def test_a_secret_without_a_login_for_the_host_is_no_login_and_the_error_says_where_to_look(
    here: Cluster,
) -> None:
    credentials = _credentials(here, "quay.io")
    assert credentials.login("acme/web") is None
    assert (credentials.source, credentials.advice) == (
        "the pull secret cd/pull",
        "check what the secret cd/pull holds for quay.io",
    )
