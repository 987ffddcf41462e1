"""Logins reach the registry and its own token server, once, and nobody else."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.adapters.registries.credentials import Configured, Credentials, Login
from bot.domain.errors import Denied, Limited, Malformed, Refused, TagboatError, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Shelf, reading, reply_json
from tests.kit.images import build_image, push
from tests.kit.registry import docker_registry

_SECRET = "hunter2-canary"
_LOGIN = Configured("bot", _SECRET)
_BASIC = "Basic " + base64.b64encode(f"bot:{_SECRET}".encode()).decode()
_IMAGE = ImageName("registry.example.com", "acme/web")
_PULL = "repository:acme/web:pull"
# bcrypt of "hunter2-canary", cost 4.
_HTPASSWD = "bot:$2b$04$abcdefghijklmnopqrstuueDgTPARBGtTsYrBJNzof.Gi/.G0Y41q\n"


def _shelf() -> Shelf:
    shelf = Shelf()
    shelf.put("1.0.0", build_image())
    return shelf


@dataclass
class Wall:
    """Answers like the shelf to who shows a token of ours; `/token` gives `token-1`, `token-2`, …"""

    realm: str = "http://{host}/token"
    scope: Callable[[Call], str] = lambda call: _PULL
    token: Callable[[str], Reply] = lambda text: reply_json({"token": text, "expires_in": 300})
    takes: Callable[[str, Call], bool] = lambda text, call: text.startswith("Bearer token-")
    shelf: Shelf = field(default_factory=_shelf)
    given: int = 0

    def __call__(self, call: Call) -> Reply:
        if call.path.endswith("/token"):
            self.given += 1
            return self.token(f"token-{self.given}")
        if self.takes(call.authorization or "", call):
            return self.shelf(call)
        realm = self.realm.format(host=call.headers["Host"], port=call.headers["Host"].rpartition(":")[2])
        challenge = f'Bearer realm="{realm}",service="registry.example.com",scope="{self.scope(call)}"'
        return reply_json({"errors": [{"code": "UNAUTHORIZED"}]}, status=401, WWW_Authenticate=challenge)


def _tokens(calls: Sequence[Call]) -> list[Call]:
    return [call for call in calls if call.path.endswith("/token")]


class TestBearer:
    def test_one_token_serves_every_read_of_a_repository(self) -> None:
        with reading(Wall()) as (registry, server):
            registry.listing(_IMAGE)
            registry.digest(_IMAGE, "1.0.0")
            registry.details(_IMAGE, "1.0.0", ())
            (asked,) = _tokens(server.calls)
            assert asked.query == [("service", "registry.example.com"), ("scope", _PULL)]
            assert asked.authorization is None
            others = [call.authorization for call in server.calls if call is not asked]
            assert others == [None] + ["Bearer token-1"] * 5

    def test_another_repository_needs_its_own_token(self) -> None:
        wall = Wall(scope=lambda call: f"repository:{call.path.split('/')[2]}/web:pull")
        with reading(wall) as (registry, server):
            registry.digest(_IMAGE, "1.0.0")
            registry.digest(ImageName(_IMAGE.registry, "other/web"), "1.0.0")
            assert [dict(call.query)["scope"] for call in _tokens(server.calls)] == [
                "repository:acme/web:pull",
                "repository:other/web:pull",
            ]

    def test_a_login_is_shown_to_the_token_server_and_not_to_the_registry(self) -> None:
        with reading(Wall(), credentials=_LOGIN) as (registry, server):
            registry.listing(_IMAGE)
            assert [call.authorization for call in server.calls] == [None, _BASIC, "Bearer token-1"]

    def test_a_realm_keeps_its_own_parameters(self) -> None:
        with reading(Wall(realm="http://{host}/token?account=acme&service=x#y")) as (registry, server):
            registry.listing(_IMAGE)
            (asked,) = _tokens(server.calls)
            assert asked.query[:2] == [("account", "acme"), ("service", "x")]

    def test_an_identity_token_is_exchanged_by_post_and_never_in_an_address(self) -> None:
        class Identity:
            source = "a helper"
            advice = ""

            def login(self, path: str = "", *, refused: Login | None = None) -> Login:
                return Login("<token>", _SECRET, is_identity_token=True)

        wall = Wall(token=lambda text: reply_json({"access_token": text}))
        with reading(wall, credentials=Identity()) as (registry, server):
            registry.listing(_IMAGE)
            (asked,) = _tokens(server.calls)
            form = parse_qs(asked.body.decode())
            assert (asked.method, asked.query, asked.authorization) == ("POST", [], None)
            assert form["grant_type"] == ["refresh_token"]
            assert form["refresh_token"] == [_SECRET]
            assert form["scope"] == [_PULL]

    def test_a_token_is_renewed_shortly_before_it_ends(self) -> None:
        now = [1000.0]
        with reading(Wall(), monotonic=lambda: now[0]) as (registry, server):
            registry.listing(_IMAGE)
            now[0] += 289
            registry.listing(_IMAGE)
            assert len(_tokens(server.calls)) == 1
            now[0] += 2
            registry.listing(_IMAGE)
            assert len(_tokens(server.calls)) == 2

    @pytest.mark.parametrize("life", [None, 0, -5, 1], ids=["unsaid", "zero", "negative", "tiny"])
    def test_a_token_lives_for_a_minute_at_least(self, life: int | None) -> None:
        now = [1000.0]
        wall = Wall(token=lambda text: reply_json({"token": text, "expires_in": life}))
        with reading(wall, monotonic=lambda: now[0]) as (registry, server):
            registry.listing(_IMAGE)
            now[0] += 45
            registry.listing(_IMAGE)
            assert len(_tokens(server.calls)) == 1

    def test_a_token_that_was_revoked_early_is_replaced_once(self) -> None:
        wall = Wall(takes=lambda text, call: text == f"Bearer token-{accepted[0]}")
        accepted = [1]
        with reading(wall) as (registry, server):
            registry.listing(_IMAGE)
            accepted[0] = 2
            registry.listing(_IMAGE)
            assert len(_tokens(server.calls)) == 2

    def test_a_fresh_token_that_is_not_taken_ends_the_matter(self) -> None:
        wall = Wall(takes=lambda text, call: False)
        with reading(wall, credentials=_LOGIN) as (registry, server):
            with pytest.raises(
                Denied, match=r"acme/web.*user name and password of the configuration"
            ) as caught:
                registry.listing(_IMAGE)
            assert len(server.calls) == 3, "the read, one token, the read again"
            assert server.host in str(caught.value)
            assert _SECRET not in f"{caught.value!r} {caught.value}"

    def test_scopes_add_up_when_reads_of_one_repository_want_different_ones(self) -> None:
        """Azure wants `metadata_read` for the list of tags, and `pull` for manifests."""

        def scope(call: Call) -> str:
            return "repository:acme/web:" + ("metadata_read" if "tags" in call.path else "pull")

        scopes: list[set[str]] = []

        def takes(text: str, call: Call) -> bool:
            return text == f"Bearer token-{len(scopes)}" and scope(call) in scopes[-1]

        wall = Wall(scope=scope, takes=takes)

        def answer(call: Call) -> Reply:
            if call.path == "/token":
                scopes.append({value for name, value in call.query if name == "scope"})
            return wall(call)

        with reading(answer) as (registry, server):
            for _ in range(3):
                registry.listing(_IMAGE)
                registry.digest(_IMAGE, "1.0.0")
            assert len(_tokens(server.calls)) == 2

    @pytest.mark.parametrize(
        "scope",
        ["repository:acme/web:pull,push", "repository:acme/web:*", "registry:catalog:*", "", "x" * 5000],
    )
    def test_a_right_to_write_is_never_asked_for(self, scope: str) -> None:
        with reading(Wall(scope=lambda call: scope)) as (registry, server):
            registry.listing(_IMAGE)
            (asked,) = _tokens(server.calls)
            assert dict(asked.query)["scope"] == _PULL

    def test_threads_that_start_together_ask_for_one_token(self) -> None:
        with reading(Wall()) as (registry, server), ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: registry.digest(_IMAGE, "1.0.0"), range(32)))
            assert len(set(found)) == 1
            assert len(_tokens(server.calls)) == 1


class TestForeignTokenServer:
    _FOREIGN = "http://localhost:{port}/token"

    def test_it_is_not_shown_the_login_nor_asked_at_all(self) -> None:
        with reading(Wall(realm=self._FOREIGN), credentials=_LOGIN) as (registry, server):
            with pytest.raises(Refused, match=r"not sent to localhost.*token_hosts"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 1

    def test_it_is_asked_without_a_login_when_there_is_none(self) -> None:
        with reading(Wall(realm=self._FOREIGN)) as (registry, server):
            assert registry.listing(_IMAGE).tags
            assert _tokens(server.calls)[0].authorization is None

    def test_it_is_shown_the_login_when_it_is_listed(self) -> None:
        options: dict[str, Any] = {"credentials": _LOGIN, "token_hosts": ["localhost"]}
        with reading(Wall(realm=self._FOREIGN), **options) as (registry, server):
            assert registry.listing(_IMAGE).tags
            assert _tokens(server.calls)[0].authorization == _BASIC

    @pytest.mark.parametrize(
        ("realm", "error"),
        [
            pytest.param("ftp://{host}/token", Malformed, id="another protocol"),
            pytest.param("file:///etc/passwd", Malformed, id="a file"),
            pytest.param("/token", Malformed, id="a path"),
            pytest.param("", Malformed, id="nothing"),
            pytest.param("http://u:p@{host}/token", Malformed, id="with a login"),
            pytest.param("http://169.254.169.254/latest", Refused, id="the metadata service"),
            pytest.param("http://[fe80::1]/token", Refused, id="link-local"),
            pytest.param("http://[::ffff:169.254.169.254]/token", Refused, id="metadata in disguise"),
        ],
    )
    def test_an_address_that_is_no_token_server_is_not_asked(
        self, realm: str, error: type[TagboatError]
    ) -> None:
        with reading(Wall(realm=realm)) as (registry, server):
            with pytest.raises(error):
                registry.listing(_IMAGE)
            assert len(server.calls) == 1

    def test_a_redirect_of_the_token_server_is_not_followed(self) -> None:
        wall = Wall(token=lambda text: Reply(307, b"", {"Location": "/elsewhere/token"}))
        with reading(wall, credentials=_LOGIN) as (registry, server):
            with pytest.raises(Refused, match="gives no token"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(401), Denied, id="401"),
        pytest.param(Reply(403), Denied, id="403"),
        pytest.param(Reply(404), Refused, id="404"),
        pytest.param(Reply(429, b"", {"Retry-After": "7"}), Limited, id="429"),
        pytest.param(Reply(500), Unreachable, id="500"),
        pytest.param(Reply(200, b"<html>"), Malformed, id="a web page"),
        pytest.param(reply_json([]), Malformed, id="a list"),
        pytest.param(reply_json({"token": 7}), Malformed, id="a number"),
        pytest.param(reply_json({"token": ""}), Malformed, id="empty"),
        pytest.param(reply_json({"token": "a\r\nX-Evil: 1"}), Malformed, id="a header smuggled in"),
        pytest.param(reply_json({"token": "x" * 20_000}), Malformed, id="a long one"),
        pytest.param(reply_json({"token": "é"}), Malformed, id="not ASCII"),
        pytest.param(Reply(200, b" " * 300_000), Malformed, id="a large answer"),
    ],
)
def test_a_token_server_that_gives_no_token_is_an_error_without_the_secret(
    reply: Reply, error: type[TagboatError]
) -> None:
    with (
        reading(Wall(token=lambda text: reply), credentials=_LOGIN) as (registry, _),
        pytest.raises(error) as caught,
    ):
        registry.listing(_IMAGE)
    assert _SECRET not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


class _Rotating:
    """Gives another password each time, as a helper with short-lived ones does."""

    source = "a helper"
    advice = "look into the helper"

    def __init__(self) -> None:
        self._numbers = count(1)

    def login(self, path: str = "", *, refused: Login | None = None) -> Login:
        return Login("bot", f"pw{next(self._numbers)}")


class TestBasic:
    @staticmethod
    def _wall(*accepted: str) -> Callable[[Call], Reply]:
        shelf = _shelf()
        known = {"Basic " + base64.b64encode(pair.encode()).decode() for pair in accepted}

        def answer(call: Call) -> Reply:
            if call.authorization in known:
                return shelf(call)
            return Reply(401, b"", {"WWW-Authenticate": 'Basic realm="registry"'})

        return answer

    def test_it_is_shown_after_a_challenge_and_then_at_once_for_every_repository(self) -> None:
        with reading(self._wall(f"bot:{_SECRET}"), credentials=_LOGIN) as (registry, server):
            registry.listing(_IMAGE)
            registry.digest(_IMAGE, "1.0.0")
            registry.digest(ImageName(_IMAGE.registry, "acme/other"), "1.0.0")
            assert [call.authorization for call in server.calls] == [None, _BASIC, _BASIC, _BASIC]

    def test_a_wrong_one_is_tried_once(self) -> None:
        with reading(self._wall("bot:other"), credentials=_LOGIN) as (registry, server):
            with pytest.raises(Denied, match="configuration"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 2

    def test_a_login_that_changed_meanwhile_is_read_again(self) -> None:
        accepted = ["bot:pw1"]
        with reading(lambda call: self._wall(*accepted)(call), credentials=_Rotating()) as (registry, server):
            registry.listing(_IMAGE)
            accepted[0] = "bot:pw2"
            registry.listing(_IMAGE)
            assert len(server.calls) == 4

    def test_without_a_login_it_is_denied_with_the_way_out(self) -> None:
        with reading(self._wall("bot:x")) as (registry, server):
            with pytest.raises(Denied, match="give a login"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 1


@pytest.mark.parametrize("scheme", ["Negotiate", "Digest realm=x", ""])
def test_a_scheme_that_is_not_known_is_denied(scheme: str) -> None:
    credentials: Credentials = _LOGIN
    with reading(lambda call: Reply(401, b"", {"WWW-Authenticate": scheme}), credentials=credentials) as (
        registry,
        server,
    ):
        with pytest.raises(Denied):
            registry.listing(_IMAGE)
        assert len(server.calls) == 1


@pytest.mark.servers
def test_docker_registry_takes_the_login_and_refuses_others() -> None:
    with docker_registry(htpasswd=_HTPASSWD) as host:
        digest = push(host, "acme/web", "1.0.0", build_image(), authorization=_BASIC)
        options: dict[str, Any] = {"host": host}
        with reading(_shelf(), **options, credentials=_LOGIN) as (registry, _):
            assert registry.digest(_IMAGE, "1.0.0") == digest
        with (
            reading(_shelf(), **options, credentials=Configured("bot", "wrong")) as (registry, _),
            pytest.raises(Denied, match=host),
        ):
            registry.digest(_IMAGE, "1.0.0")
