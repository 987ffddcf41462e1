"""A login to Azure's registries is an Entra token, exchanged at the registry itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs

import jwt
import pytest

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.acr import AcrTokens, identity
from bot.adapters.registries.logins.cloud import acr_credentials
from bot.adapters.registries.transport import Transport
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Server, Shelf, reading, reply_json, serving
from tests.kit.images import build_image

_HOST = "acme.azurecr.io"
_END = 1_800_000_000
_REFRESH = jwt.encode({"exp": _END, "jti": "x"}, "k" * 32, algorithm="HS256")
_AUDIENCE = "https://containerregistry.azure.net"


@dataclass
class Azure:
    """A managed identity's endpoint as App Service has it, and a registry that exchanges its tokens.

    https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    """

    server: Server
    clients: tuple[str | None, ...] = (None, "client-1")
    refresh_token: object = _REFRESH
    exchange: Reply | None = None
    identity: Reply | None = None
    shelf: Shelf = field(default_factory=Shelf)

    def __call__(self, call: Call) -> Reply:
        match call.path:
            case "/msi/token":
                return self.identity or self._token(call)
            case "/oauth2/exchange":
                return self.exchange or self._exchanged(call)
            case "/oauth2/token":
                return self._access(call)
        scope = f"repository:acme/web:{'metadata_read' if 'tags' in call.path else 'pull'}"
        if scope in (call.authorization or "").removeprefix("Bearer ").split("+"):
            return self.shelf(call)
        realm = f'Bearer realm="http://{call.headers["Host"]}/oauth2/token",service="{_HOST}"'
        return Reply(
            401,
            b"",
            {"WWW-Authenticate": f'{realm},scope="{scope}",error="invalid_token"'},
        )

    def _token(self, call: Call) -> Reply:
        query = dict(call.query)
        is_known = query.get("client_id") in self.clients and query["resource"] == _AUDIENCE
        if call.headers.get("X-IDENTITY-HEADER") != "header-secret" or not is_known:
            return reply_json({"statusCode": 400, "message": "no such identity"}, status=400)
        token = f"entra-{query.get('client_id', 'only')}"
        return reply_json(
            {"access_token": token, "expires_on": "4000000000", "resource": _AUDIENCE, "token_type": "Bearer"}
        )

    def _exchanged(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        is_right = form.get("grant_type") == "access_token" and form.get("service") == _HOST
        if not is_right or not form.get("access_token", "").startswith("entra-"):
            return reply_json({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        return reply_json({"refresh_token": self.refresh_token})

    def _access(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if call.method != "POST" or form.get("refresh_token") != self.refresh_token:
            return reply_json({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        return reply_json({"access_token": form["scope"].replace(" ", "+")})


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    holder: list[Azure] = []
    with serving(lambda call: holder[0](call)) as server:
        holder.append(Azure(server))
        for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://{server.host}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header-secret")
        yield holder[0]


def _tokens(azure: Azure, client_id: str = "") -> AcrTokens:
    transport = Transport(base=f"http://{azure.server.host}")
    return AcrTokens(_HOST, transport=transport, identity=identity(_HOST, client_id))


def test_a_managed_identity_gives_an_identity_token_of_the_registry(azure: Azure) -> None:
    issued = _tokens(azure)()
    assert issued.value == Login("00000000-0000-0000-0000-000000000000", _REFRESH, is_identity_token=True)
    assert [call.path for call in azure.server.calls] == ["/msi/token", "/oauth2/exchange"]


def test_no_line_that_the_library_logs_holds_a_secret(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    """Libraries are logged from INFO on, whatever Tagboat's own level is; Azure's log every request there."""
    caplog.set_level(logging.INFO)
    issued = _tokens(azure)()
    assert "/msi/token" in caplog.text
    assert not [
        each for each in ("header-secret", "entra-only", _REFRESH) if each in f"{caplog.text} {issued!r}"
    ]


def test_it_lasts_as_long_as_it_says_itself(azure: Azure) -> None:
    transport = Transport(base=f"http://{azure.server.host}")
    now = datetime.fromtimestamp(_END - 10_800, UTC)
    tokens = AcrTokens(_HOST, transport=transport, identity=identity(_HOST), now=lambda: now)
    assert tokens().life == 10_800


@pytest.mark.parametrize("token", ["opaque", jwt.encode({"exp": True}, "k" * 32, algorithm="HS256")])
def test_a_token_that_does_not_say_how_long_is_renewed_soon(token: str, azure: Azure) -> None:
    azure.refresh_token = token
    assert _tokens(azure)().life == 600


def test_one_of_several_identities_is_named(azure: Azure) -> None:
    azure.clients = ("client-1",)
    assert _tokens(azure, "client-1")().value.secret == _REFRESH
    with pytest.raises(Denied, match="no identity here"):
        _tokens(azure)()


def test_no_identity_is_denied_with_the_ways_to_have_one(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(Denied, match="AZURE_CLIENT_ID"):
        _tokens(azure)()
    assert azure.server.calls == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(401), Denied, id="401"),
        pytest.param(Reply(403), Denied, id="403"),
        pytest.param(Reply(500), Unreachable, id="500"),
        pytest.param(Reply(200, b"<html>"), Malformed, id="a web page"),
        pytest.param(reply_json({"refresh_token": ""}), Malformed, id="empty"),
        pytest.param(reply_json({"refresh_token": ["hunter2-canary"]}), Malformed, id="a list"),
        pytest.param(reply_json({"refresh_token": "a b"}), Malformed, id="no token"),
        pytest.param(reply_json({"access_token": "hunter2-canary"}), Malformed, id="another token"),
    ],
)
def test_a_registry_that_exchanges_nothing_is_an_error(
    reply: Reply, error: type[TagboatError], azure: Azure
) -> None:
    azure.exchange = reply
    with pytest.raises(error) as caught:
        _tokens(azure)()
    assert "hunter2-canary" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


def test_every_read_goes_by_the_exchanged_token(azure: Azure) -> None:
    digest = azure.shelf.put("1.0.0", build_image())
    transport = Transport(base=f"http://{azure.server.host}")
    credentials = acr_credentials(_HOST, transport=transport)
    options = {"host": azure.server.host, "credentials": credentials}
    with reading(azure, **options) as (reader, other):
        image = ImageName(_HOST, "acme/web")
        assert reader.digest(image, "1.0.0") == digest
        assert reader.listing(image).tags == ("1.0.0",)
        assert reader.digest(image, "1.0.0") == digest
    assert other.calls == []
    paths = [call.path for call in azure.server.calls]
    assert paths.count("/oauth2/exchange") == 1
    assert paths.count("/oauth2/token") == 2, "one for pulling, and one more for the tags"


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("acme.azurecr.io", "login.microsoftonline.com"),
        ("acme.azurecr.cn", "login.chinacloudapi.cn"),
        ("acme.azurecr.us", "login.microsoftonline.us"),
    ],
)
def test_each_of_azures_clouds_has_its_own_authority(
    host: str, authority: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_TOKEN_CREDENTIALS", raising=False)
    monkeypatch.setenv("AZURE_CLIENT_ID", "c")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "s")
    monkeypatch.setenv("AZURE_TENANT_ID", "t")
    seen: list[str] = []
    monkeypatch.setattr(
        "azure.identity._credentials.default.EnvironmentCredential",
        lambda **options: seen.append(options["authority"]),
    )
    identity(host)
    assert seen == [f"https://{authority}"]
