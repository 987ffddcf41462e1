"""The connection to an Argo CD: where the token may go, and how much an answer may be."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.argocd import connection as module
from bot.adapters.argocd.connection import Connection
from bot.domain.errors import Malformed, Refused, Unreachable
from tests.adapters.argocd.raw_server import answer, raw_server

TOKEN = "canary-token"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("argocd.example.com", id="no scheme"),
        pytest.param("ftp://argocd.example.com", id="other scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("https://", id="no host"),
        pytest.param("https://[::1", id="broken host"),
        pytest.param("https://argocd.example.com:99999", id="broken port"),
        pytest.param("https://user:canary-token@argocd.example.com", id="user in it"),
        pytest.param("https://argocd.example.com/?token=canary-token", id="query"),
        pytest.param("https://argocd.example.com/#x", id="fragment"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_secrets(url: str) -> None:
    with pytest.raises(Refused, match="url") as caught:
        Connection(url, token=TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://argocd.example.com", "http://10.0.0.1", "http://localhost.example.com"]
)
def test_plain_http_is_refused_unless_said(url: str) -> None:
    with pytest.raises(Refused, match="plain http"):
        Connection(url, token=TOKEN)
    assert url in repr(Connection(url, token=TOKEN, plain_http=True))


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:80"]
)
def test_plain_http_is_for_loopback(url: str) -> None:
    assert url in repr(Connection(url, token=TOKEN))


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "café", "\x00"], ids=repr)
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(Refused, match="token") as caught:
        Connection("https://argocd.example.com", token=token)
    assert not token.strip() or token not in str(caught.value)


def test_white_space_around_a_token_from_a_file_does_not_count() -> None:
    with raw_server(answer("200 OK", b"{}")) as server:
        Connection(server.url, token=f"{TOKEN}\n").get("/x")
    assert f"Authorization: Bearer {TOKEN}\r\n" in server.requests[0]


def test_a_ca_bundle_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for path in (junk, tmp_path / "absent.pem"):
        with pytest.raises(Refused, match="CA bundle"):
            Connection("https://argocd.example.com", token=TOKEN, ca_bundle=str(path))


def test_what_speaks_no_tls_is_unreachable_and_the_ca_bundle_is_named() -> None:
    with raw_server(answer("200 OK")) as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(Unreachable, match="TLS") as caught:
            Connection(url, token=TOKEN).get("/x")
    assert "ca_bundle" in caught.value.fix
    assert all(TOKEN not in request for request in server.requests)


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_a_redirect_is_never_followed(status: str) -> None:
    with raw_server(answer("200 OK", b"{}")) as thief:
        moved = answer(status, b"", f"Location: {thief.url}/argo-cd/api?secret=1")
        with raw_server(moved) as server, pytest.raises(Refused) as caught:
            Connection(server.url, token=TOKEN).get("/api")
    assert thief.requests == []
    assert caught.value.what.endswith("redirects to http://127.0.0.1/argo-cd/api")


def test_a_redirect_to_nowhere_is_still_a_sentence() -> None:
    broken = answer("302 Found", b"", "Location: http://[broken")
    with raw_server(broken) as server, pytest.raises(Refused, match="an address that cannot be read"):
        Connection(server.url, token=TOKEN).get("/api")


def test_an_answer_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 1 << 20)
    endless = [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 1000]
    with raw_server(*endless) as server, pytest.raises(Malformed, match="more than 1 MiB"):
        Connection(server.url, token=TOKEN).get("/x")


def test_an_answer_that_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WHOLE", 0.0)
    with raw_server(answer("200 OK", b"{}")) as server, pytest.raises(Unreachable, match="took more than"):
        Connection(server.url, token=TOKEN).get("/x")


def test_an_answer_cut_short_is_unreachable() -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"
    with raw_server(short) as server, pytest.raises(Unreachable, match="broke off"):
        Connection(server.url, token=TOKEN).get("/x")


def test_silence_is_unreachable() -> None:
    with raw_server(silent=True) as server, pytest.raises(Unreachable, match="no answer in time"):
        Connection(server.url, token=TOKEN).get("/x", read_timeout=0.05)


def test_an_unknown_host_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: Any, **settings: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="the host name is not known"):
        Connection("https://argocd.example.com", token=TOKEN).get("/x")


def test_the_body_is_left_alone_when_only_the_status_matters() -> None:
    with raw_server(answer("200 OK", b"x" * 100)) as server:
        assert Connection(server.url, token=TOKEN).get("/x", with_body=False).body == b""
    with raw_server(answer("500 Oops", b'{"message": "why"}')) as server:
        assert Connection(server.url, token=TOKEN).get("/x", with_body=False).error == {"message": "why"}
