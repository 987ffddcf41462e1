"""Logins to Google's registries come from Google by its own library."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.cloud import gar_credentials
from bot.adapters.registries.logins.gar import GarTokens
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Server, Shelf, reading, reply_json, serving
from tests.kit.images import build_image

_HOST = "europe-docker.pkg.dev"
_EMAIL = "tagboat@acme.iam.gserviceaccount.com"
_SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform.read-only "
    "https://www.googleapis.com/auth/devstorage.read_only"
)
# The library signs for Google's own token server, wherever the key file says that it is.
_AUDIENCE = "https://oauth2.googleapis.com/token"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Google:
    """The token server of service accounts (RFC 7523): takes assertions that `_KEY` signed for it."""

    server: Server
    reply: Reply | None = None
    claims: list[dict[str, object]] = field(default_factory=list)

    @property
    def token_uri(self) -> str:
        return f"http://{self.server.host}/token"

    def __call__(self, call: Call) -> Reply:
        if self.reply:
            return self.reply
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return reply_json({"error": "unsupported_grant_type"}, status=400)
        try:
            claims = jwt.decode(
                form["assertion"], _KEY.public_key(), algorithms=["RS256"], audience=_AUDIENCE
            )
        except jwt.InvalidTokenError:
            return reply_json({"error": "invalid_grant", "error_description": "Bad JWT"}, status=400)
        self.claims.append(claims)
        token = f"ya29.{len(self.claims)}"
        return reply_json({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


@pytest.fixture
def google() -> Iterator[Google]:
    holder: list[Google] = []
    with serving(lambda call: holder[0](call)) as server:
        holder.append(Google(server))
        yield holder[0]


def _key_file(folder: Path, google: Google, key: rsa.RSAPrivateKey = _KEY) -> Path:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    content = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": _EMAIL,
        "client_id": "1",
        "token_uri": google.token_uri,
    }
    path = folder / "key.json"
    path.write_text(json.dumps(content))
    return path


def test_a_service_accounts_key_gives_a_login_that_only_reads(google: Google, tmp_path: Path) -> None:
    issued = GarTokens(_HOST, key_file=_key_file(tmp_path, google))()
    assert issued.value == Login("oauth2accesstoken", "ya29.1")
    assert 3500 < issued.life <= 3600
    (claims,) = google.claims
    assert (claims["iss"], claims["scope"]) == (_EMAIL, _SCOPES)


def test_no_line_that_the_library_logs_holds_a_secret(
    google: Google, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Libraries are logged from INFO on, whatever Tagboat's own level is."""
    caplog.set_level(logging.INFO)
    issued = GarTokens(_HOST, key_file=_key_file(tmp_path, google))()
    assert issued.value.secret not in f"{caplog.text} {issued!r}"


def test_the_key_file_may_be_named_by_the_environment(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(_key_file(tmp_path, google)))
    assert GarTokens(_HOST)().value == Login("oauth2accesstoken", "ya29.1")
    assert google.claims[0]["scope"] == _SCOPES


def test_a_key_that_was_deleted_is_denied(google: Google, tmp_path: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(Denied, match="not accepted"):
        GarTokens(_HOST, key_file=_key_file(tmp_path, google, other))()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(reply_json({"error": "invalid_grant"}, status=401), Denied, id="refused"),
        pytest.param(reply_json({"error": "internal_failure"}, status=400), Unreachable, id="their fault"),
        pytest.param(reply_json({"expires_in": 3599}), Denied, id="no token"),
        pytest.param(Reply(200, b"<html>"), Malformed, id="a web page"),
    ],
)
def test_an_answer_that_is_no_login_is_an_error(
    reply: Reply, error: type[TagboatError], google: Google, tmp_path: Path
) -> None:
    google.reply = reply
    with pytest.raises(error, match=_HOST):
        GarTokens(_HOST, key_file=_key_file(tmp_path, google))()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "hunter2-canary",
        json.dumps({"type": "service_account", "private_key": "hunter2-canary"}),
    ],
    ids=["empty", "object", "list", "text", "broken key"],
)
def test_a_file_that_is_no_key_is_an_error_that_names_it_and_no_secret(content: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(Malformed, match=r"key\.json cannot be used") as caught:
        GarTokens(_HOST, key_file=path)()
    assert caught.value.__cause__ is None
    assert "hunter2-canary" not in f"{caught.value!r} {caught.value}"


def test_a_key_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="No such file"):
        GarTokens(_HOST, key_file=tmp_path / "nothing.json")()


def test_without_any_credentials_it_is_denied_with_the_ways_to_have_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", True, raising=False)
    with pytest.raises(Denied, match=r"no application default credentials.*key_file"):
        GarTokens(_HOST)()


_ON_A_MACHINE = """
from bot.adapters.registries.logins.gar import GarTokens
issued = GarTokens("europe-docker.pkg.dev")()
print(issued.value.username, issued.value.secret, 3400 < issued.life <= 3600)
"""


def test_googles_machines_have_an_identity_by_their_metadata_server(tmp_path: Path) -> None:
    """In a process of its own: the library reads where that server is when it is imported."""

    def metadata(call: Call) -> Reply:
        headers = {"Metadata-Flavor": "Google", "Content-Type": "application/json"}
        flavours = [text for name, text in call.headers.items() if name.lower() == "metadata-flavor"]
        if flavours != ["Google"]:
            return Reply(403, b"", headers)
        account = {"email": _EMAIL, "scopes": ["x"], "aliases": ["default"]}
        answers = {
            "/": {},
            "/computeMetadata/v1/project/project-id": "acme",
            "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
            "/computeMetadata/v1/instance/service-accounts/default/": account,
            f"/computeMetadata/v1/instance/service-accounts/{_EMAIL}/": account,
        }
        if call.path.endswith("/token"):
            token = {"access_token": "ya29.metadata", "expires_in": 3500, "token_type": "Bearer"}
            return Reply(200, json.dumps(token).encode(), headers)
        if call.path not in answers:
            return Reply(404, b"", headers)
        body = answers[call.path]
        if isinstance(body, str):
            return Reply(200, body.encode(), {**headers, "Content-Type": "application/text"})
        return Reply(200, json.dumps(body).encode(), headers)

    with serving(metadata) as server:
        run = subprocess.run(
            [sys.executable, "-c", _ON_A_MACHINE],
            env={
                "GCE_METADATA_HOST": server.host,
                "GCE_METADATA_IP": server.host,
                "HOME": str(tmp_path),
                "CLOUDSDK_CONFIG": str(tmp_path),
                "PATH": "",
                "PYTHONPATH": str(Path(__file__).parents[4]),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.stdout == "oauth2accesstoken ya29.metadata True\n", run.stderr[-2000:]
    (asked,) = [call for call in server.calls if call.path.endswith("/token")]
    assert dict(asked.query)["scopes"] == _SCOPES.replace(" ", ",")


def test_the_registrys_token_server_takes_the_login(google: Google, tmp_path: Path) -> None:
    shelf = Shelf("acme/images/web")
    digest = shelf.put("1.0.0", build_image())

    def registry(call: Call) -> Reply:
        if call.path == "/v2/token":
            expected = base64.b64encode(b"oauth2accesstoken:ya29.1").decode()
            if call.authorization != f"Basic {expected}":
                return Reply(403)
            return reply_json({"token": "pulling", "expires_in": 3600, "issued_at": "2026-11-20T00:00:00Z"})
        if call.authorization == "Bearer pulling":
            return shelf(call)
        realm = f'Bearer realm="http://{call.headers["Host"]}/v2/token",service="{_HOST}"'
        scope = 'scope="repository:acme/images/web:pull"'
        return Reply(401, b"", {"WWW-Authenticate": f"{realm},{scope}"})

    credentials = gar_credentials(_HOST, key_file=_key_file(tmp_path, google))
    with reading(registry, credentials=credentials) as (reader, _):
        assert reader.digest(ImageName(_HOST, "acme/images/web"), "1.0.0") == digest
        assert len(google.claims) == 1
