"""Logins come from where Docker keeps them, and are shown nowhere."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from bot.adapters.registries.credentials import Anonymous, Configured, DockerCredentials, Login
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable

_SECRET = "hunter2-canary"
_AUTH = base64.b64encode(f"bot:{_SECRET}".encode()).decode()
_PASSWORD = Login("bot", _SECRET)


def _config(folder: Path, content: object) -> Path:
    path = folder / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def _helper(programs: Path, script: str, name: str = "test") -> None:
    program = programs / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _answering(username: str, secret: str) -> str:
    return f"read -r server; echo '{json.dumps({'Username': username, 'Secret': secret})}'"


@pytest.mark.parametrize(
    ("host", "content", "expected"),
    [
        pytest.param("ghcr.io", {"auths": {"ghcr.io": {"auth": _AUTH}}}, _PASSWORD, id="by host"),
        pytest.param(
            "r:5000", {"auths": {"https://r:5000/v1/": {"auth": _AUTH}}}, _PASSWORD, id="by address"
        ),
        pytest.param(
            "docker.io",
            {"auths": {"https://index.docker.io/v1/": {"auth": _AUTH}}},
            _PASSWORD,
            id="Docker Hub's old address",
        ),
        pytest.param(
            "ghcr.io",
            {"auths": {"ghcr.io": {"auth": "", "identitytoken": _SECRET}}},
            Login("<token>", _SECRET, is_identity_token=True),
            id="identity token",
        ),
        pytest.param("quay.io", {"auths": {"ghcr.io": {"auth": _AUTH}}}, None, id="another host's"),
        pytest.param("ghcr.io", {"auths": {"ghcr.io": {}}}, None, id="empty entry"),
        pytest.param("ghcr.io", {"auths": {}}, None, id="no entries"),
        pytest.param("ghcr.io", {"HttpHeaders": {"x": "y"}}, None, id="no logins at all"),
        pytest.param("ghcr.io", {}, None, id="empty file"),
    ],
)
def test_dockers_file_is_read(host: str, content: object, expected: Login | None, tmp_path: Path) -> None:
    assert DockerCredentials(host, _config(tmp_path, content)).login() == expected


def test_the_file_is_found_where_docker_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nowhere"))
    assert DockerCredentials("ghcr.io").login() is None
    assert "no file found" in DockerCredentials("ghcr.io").source
    _config(tmp_path, {"auths": {"ghcr.io": {"auth": _AUTH}}})
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert DockerCredentials("ghcr.io").login() == _PASSWORD
    assert str(tmp_path / "config.json") in DockerCredentials("ghcr.io").source


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    credentials = DockerCredentials("ghcr.io", _config(tmp_path, {}))
    assert credentials.login() is None
    _config(tmp_path, {"auths": {"ghcr.io": {"auth": _AUTH}}})
    assert credentials.login() == _PASSWORD


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "[" * 100_000,
        " " * 2_000_000,
        {"auths": {"ghcr.io": _SECRET}},
        {"auths": {"ghcr.io": {"auth": _SECRET}}},
        {"auths": {"ghcr.io": {"auth": 7}}},
        {"auths": [_SECRET]},
        {"credHelpers": [_SECRET], "auths": {}},
    ],
    ids=["cut", "list", "deep", "large", "text entry", "no base64", "number", "auths list", "helpers list"],
)
def test_a_broken_file_is_an_error_that_names_it_and_no_secret(content: object, tmp_path: Path) -> None:
    path = _config(tmp_path, content)
    with pytest.raises(Malformed, match="docker login") as caught:
        DockerCredentials("ghcr.io", path).login()
    assert str(path) in str(caught.value)
    assert _SECRET not in f"{caught.value}{caught.value!r}"
    assert caught.value.__cause__ is None


def test_a_file_that_is_named_but_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"nothing\.json.*No such file"):
        DockerCredentials("ghcr.io", tmp_path / "nothing.json").login()


class TestHelpers:
    @pytest.mark.parametrize(
        ("content", "host", "server"),
        [
            pytest.param({"credsStore": "test"}, "ghcr.io", "ghcr.io", id="for all hosts"),
            pytest.param({"credHelpers": {"ghcr.io": "test"}}, "ghcr.io", "ghcr.io", id="for one host"),
            pytest.param({"credsStore": "test"}, "docker.io", "https://index.docker.io/v1/", id="Docker Hub"),
        ],
    )
    def test_the_helper_is_asked_for_the_host(
        self, content: object, host: str, server: str, programs: Path, tmp_path: Path
    ) -> None:
        asked = tmp_path / "asked"
        _helper(programs, f'cat > {asked}; echo " $1" >> {asked}; {_answering("bot", _SECRET)} </dev/null')
        assert DockerCredentials(host, _config(tmp_path, content)).login() == _PASSWORD
        assert asked.read_text() == f"{server} get\n"

    def test_another_hosts_helper_is_not_asked(self, tmp_path: Path) -> None:
        path = _config(tmp_path, {"credHelpers": {"ghcr.io": "missing"}})
        assert DockerCredentials("quay.io", path).login() is None

    def test_an_identity_token_is_marked_by_its_user_name(self, programs: Path, tmp_path: Path) -> None:
        _helper(programs, _answering("<token>", _SECRET))
        login = DockerCredentials("ghcr.io", _config(tmp_path, {"credsStore": "test"})).login()
        assert login == Login("<token>", _SECRET, is_identity_token=True)

    @pytest.mark.parametrize(
        "script",
        ["cat >/dev/null; echo 'credentials not found in native keychain'; exit 1", _answering("", "")],
        ids=["as most say it", "as pass says it"],
    )
    def test_one_that_knows_nothing_leaves_the_word_to_the_file(
        self, script: str, programs: Path, tmp_path: Path
    ) -> None:
        _helper(programs, script)
        entry = {"credsStore": "test", "auths": {"ghcr.io": {"auth": _AUTH}}}
        assert DockerCredentials("ghcr.io", _config(tmp_path, entry)).login() == _PASSWORD
        assert DockerCredentials("quay.io", _config(tmp_path, entry)).login() is None

    @pytest.mark.parametrize(
        ("script", "error", "words"),
        [
            pytest.param(f"echo {_SECRET}; exit 3", Denied, "code 3", id="fails"),
            pytest.param(f"echo {_SECRET}", Malformed, "no login", id="no JSON"),
            pytest.param(f"echo '[\"{_SECRET}\"]'", Malformed, "no login", id="another shape"),
            pytest.param(f'echo \'{{"Secret": "{_SECRET}"}}\'', Malformed, "no login", id="no user"),
            pytest.param(
                f'echo \'{{"Username": 1, "Secret": ["{_SECRET}"]}}\'', Malformed, "no login", id="types"
            ),
            pytest.param("exec sleep 60", Unreachable, "no answer", id="hangs"),
        ],
    )
    def test_one_that_fails_is_an_error_without_its_output(
        self,
        script: str,
        error: type[TagboatError],
        words: str,
        programs: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("bot.adapters.registries.credentials._HELPER_SECONDS", 0.5)
        _helper(programs, script)
        with pytest.raises(error, match=words) as caught:
            DockerCredentials("ghcr.io", _config(tmp_path, {"credsStore": "test"})).login()
        assert _SECRET not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}"

    @pytest.mark.parametrize("name", ["../evil", "/bin/sh", "a b", "a;b", "", "x" * 65, "missing", "a\n"])
    def test_only_a_plain_and_installed_program_is_run(
        self, name: str, programs: Path, tmp_path: Path
    ) -> None:
        path = _config(tmp_path, {"credHelpers": {"ghcr.io": name}})
        if name:
            with pytest.raises(Denied, match="not installed"):
                DockerCredentials("ghcr.io", path).login()
        else:
            assert DockerCredentials("ghcr.io", path).login() is None


def test_a_secret_is_in_no_representation() -> None:
    shown = [repr(Login("bot", _SECRET)), repr(Configured("bot", _SECRET)), str(Configured("bot", _SECRET))]
    assert not [text for text in shown if _SECRET in text]


def test_configured_and_anonymous_logins_are_what_they_say() -> None:
    assert Configured("bot", _SECRET).login() == _PASSWORD
    assert Anonymous().login() is None
