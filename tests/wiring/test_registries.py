"""Each registry gets the login, the way and the mirrors that the configuration gives it."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import SecretStr

from bot.adapters.clock import SystemClock
from bot.adapters.registries.credentials import Anonymous, Configured, DockerCredentials
from bot.configuration.settings import (
    AcrLoginSettings,
    CloudLoginSettings,
    EcrLoginSettings,
    GarLoginSettings,
    PullSecretSettings,
    RegistrySettings,
)
from bot.domain.errors import Denied
from bot.domain.image import ImageName
from bot.wiring.registries import credentials, registries
from tests.adapters.registries.hostile import Call, Reply, Shelf, serving
from tests.configuration.files import SMALL, load_text
from tests.kit.images import build_image

_CANARY = "hunter2-canary"
_CLOUDS: list[tuple[CloudLoginSettings, str, str, str]] = [
    (EcrLoginSettings("eu-west-1"), "boto3", "ecr", "aws"),
    (GarLoginSettings(), "google.auth", "gar", "google"),
    (AcrLoginSettings(), "azure.identity", "acr", "azure"),
]


def _settings(**options: object) -> RegistrySettings:
    return RegistrySettings("r.example.com", "https://r.example.com", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        pytest.param(
            _settings(username="bot", password=SecretStr(_CANARY)), "of the configuration", id="password"
        ),
        pytest.param(_settings(login=EcrLoginSettings("eu-west-1")), "that AWS gave in eu-west-1", id="ecr"),
        pytest.param(_settings(login=GarLoginSettings()), "Google gave to the application default", id="gar"),
        pytest.param(_settings(login=GarLoginSettings(Path("/sa.json"))), "of /sa.json", id="gar by a key"),
        pytest.param(_settings(login=AcrLoginSettings("id", "tenant")), "that Azure gave", id="acr"),
        pytest.param(
            _settings(pull_secret=PullSecretSettings("cd", "pull")), "pull secret cd/pull", id="secret"
        ),
        pytest.param(_settings(docker_config=Path("/d.json")), "configuration /d.json", id="docker_config"),
        pytest.param(_settings(), "Docker's configuration", id="docker login"),
        pytest.param(_settings(docker_credentials=False), "no login", id="anonymous"),
    ],
)
def test_the_login_is_the_one_that_is_configured(settings: RegistrySettings, source: str) -> None:
    found = credentials(settings)
    assert source in found.source
    assert _CANARY not in f"{found!r} {found.source} {found.advice}"


def test_the_simple_logins_are_what_they_say() -> None:
    password = _settings(username="bot", password=SecretStr(_CANARY))
    assert credentials(password) == Configured("bot", _CANARY)
    assert credentials(_settings(docker_config=Path("/d"))) == DockerCredentials("r.example.com", Path("/d"))
    assert credentials(_settings(docker_credentials=False)) == Anonymous()


@pytest.mark.parametrize(("login", "library", "kind", "extra"), _CLOUDS, ids=[each[2] for each in _CLOUDS])
def test_a_missing_extra_is_one_sentence_with_the_command(
    login: CloudLoginSettings, library: str, kind: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"bot.adapters.registries.logins.{kind}", raising=False)
    absent: dict[str, ModuleType | None] = {library: None}
    for name, module in absent.items():
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(Denied) as caught:
        credentials(_settings(login=login))
    assert str(caught.value) == (
        f"login: {kind} for r.example.com cannot be used: {library} is not installed"
        f" (pip install 'tagboat[{extra}]')"
    )


def test_a_configuration_leads_to_a_registry_that_can_be_read(tmp_path: Path) -> None:
    """The mirror is asked with the login of its own host, and the registry with its own."""
    image = build_image()
    shelf = Shelf()
    digest = shelf.put("1.0.0", image)
    passwords = {"own": "own-password", "mirror": "mirror-password"}

    def behind(name: str) -> object:
        expected = "Basic " + base64.b64encode(f"bot:{passwords[name]}".encode()).decode()

        def answer(call: Call) -> Reply:
            if call.authorization == expected:
                return shelf(call)
            return Reply(401, b"", {"WWW-Authenticate": 'Basic realm="registry"'})

        return answer

    with serving(behind("own")) as own, serving(behind("mirror")) as mirror:  # type: ignore[arg-type]
        auth = base64.b64encode(b"bot:own-password").decode()
        config = {"auths": {own.host: {"auth": auth}}}
        (tmp_path / "docker.json").write_text(json.dumps(config))
        text = (
            f"{SMALL}registries:\n"
            f"  {own.host}: {{url: 'http://{own.host}', docker_config: docker.json,"
            f" mirrors: ['http://{mirror.host}'], rate: {{per_second: 100, burst: 100}}}}\n"
            f"  {mirror.host}: {{plain_http: true, username: bot, password: mirror-password}}\n"
        )
        found = registries(load_text(tmp_path, text), clock=SystemClock())
        name = ImageName(own.host, "acme/web")
        assert found[own.host].digest(name, "1.0.0") == digest
        assert found[own.host].details(name, digest, ()).digest == digest
        assert mirror.calls, "what a digest names is read at the mirror"
        shown = {call.authorization for call in mirror.calls} - {None}
        assert shown == {"Basic " + base64.b64encode(b"bot:mirror-password").decode()}
