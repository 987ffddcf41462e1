"""Which hosts are reached through a proxy, with its login, and never this machine itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

import pytest

from bot.adapters.registries.credentials import Configured
from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.pools import Network
from bot.adapters.registries.proxy import Proxies, Proxy
from bot.domain.errors import Malformed, Refused, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Call, Reply, Shelf, reply_json, serving
from tests.kit.images import build_image

_IMAGE = ImageName("registry.example.com", "acme/web")


@pytest.mark.parametrize(
    ("text", "url", "headers"),
    [
        ("http://proxy.example.com:3128", "http://proxy.example.com:3128", {}),
        ("proxy.example.com:3128", "http://proxy.example.com:3128", {}),
        ("https://proxy.example.com/", "https://proxy.example.com", {}),
        ("http://[::1]:3128", "http://[::1]:3128", {}),
        ("http://bot:p%40ss@proxy:1", "http://proxy:1", {"proxy-authorization": "Basic Ym90OnBAc3M="}),
    ],
)
def test_an_address_is_read_with_its_login(text: str, url: str, headers: Mapping[str, str]) -> None:
    assert Proxy.parse(text) == Proxy(url, headers)


@pytest.mark.parametrize(
    "text", ["", "socks5://h:1", "http://", "http://h:99999", "http://bot:canary@", "http://[x"]
)
def test_what_is_no_proxy_is_an_error_without_its_text(text: str) -> None:
    with pytest.raises(Malformed, match="proxy") as caught:
        Proxy.parse(text)
    assert "canary" not in str(caught.value)


def test_a_proxy_does_not_show_its_login() -> None:
    proxies = Proxies.single("http://bot:canary@proxy:1")
    assert "canary" not in repr(proxies)
    assert "Basic" not in repr(proxies)


_VARIABLES = {
    "HTTPS_PROXY": "http://secure:1",
    "http_proxy": "http://plain:1",
    "NO_PROXY": "example.org, .internal,10.0.0.0/8,host:5000,*.wild.net,junk/99,2001:db8::1",
}


@pytest.mark.parametrize(
    ("scheme", "host", "port", "proxy"),
    [
        ("https", "ghcr.io", 443, "http://secure:1"),
        ("http", "ghcr.io", 80, "http://plain:1"),
        ("https", "example.org", 443, None),
        ("https", "a.example.org", 443, None),
        ("https", "notexample.org", 443, "http://secure:1"),
        ("https", "registry.internal", 443, None),
        ("https", "10.1.2.3", 443, None),
        ("https", "11.1.2.3", 443, "http://secure:1"),
        ("https", "2001:db8::1", 443, None),
        ("https", "host", 5000, None),
        ("https", "host", 443, "http://secure:1"),
        ("https", "a.wild.net", 443, None),
        ("https", "localhost", 443, None),
        ("https", "registry.localhost", 443, None),
        ("https", "127.0.0.1", 443, None),
        ("https", "::1", 443, None),
    ],
)
def test_the_environment_says_who_is_reached_through_which(
    scheme: str, host: str, port: int, proxy: str | None
) -> None:
    found = Proxies.environment(_VARIABLES).of(scheme, host, port)
    assert (found.url if found else None) == proxy


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://from-a-header:1"}, None),
        ({"ALL_PROXY": "http://all:1"}, "http://all:1"),
        ({"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:1"}, "http://lower:1"),
        ({"https_proxy": " "}, None),
        ({"https_proxy": "http://p:1", "no_proxy": "*"}, None),
    ],
)
def test_variables_count_as_everywhere_else(variables: Mapping[str, str], proxy: str | None) -> None:
    found = Proxies.environment(variables).of("https", "ghcr.io", 443)
    assert (found.url if found else None) == proxy


def _behind(proxy: str, **options: object) -> DistributionRegistry:
    network = Network(proxies=Proxies.single(proxy))
    return DistributionRegistry(
        host="registry.example.com",
        network=network,
        **options,  # type: ignore[arg-type]
    )


def test_plain_http_goes_through_the_proxy_with_both_logins_where_they_belong() -> None:
    shelf = Shelf()
    shelf.put("1.0.0", build_image())

    def answer(call: Call) -> Reply:
        if call.authorization is None:
            return Reply(401, b"", {"WWW-Authenticate": "Basic realm=x"})
        return shelf(call)

    with serving(answer) as server:
        registry = _behind(
            f"http://bot:canary@{server.host}", plain_http=True, credentials=Configured("a", "b")
        )
        assert registry.listing(_IMAGE).tags == ("1.0.0",)
        registry.close()
        for call in server.calls:
            assert call.target.startswith("http://registry.example.com/v2/acme/web/")
            assert call.headers["proxy-authorization"] == "Basic Ym90OmNhbmFyeQ=="


def test_a_registry_on_this_machine_is_reached_without_it() -> None:
    shelf = Shelf()
    shelf.put("1.0.0", build_image())
    with serving(shelf) as server:
        network = Network(proxies=Proxies.single("http://127.0.0.1:1"))
        registry = DistributionRegistry(host=server.host, plain_http=True, network=network)
        assert registry.listing(_IMAGE).tags == ("1.0.0",)
        registry.close()


@contextmanager
def _tunnel(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that takes one CONNECT, answers, and hangs up."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join()


def test_https_goes_through_a_tunnel_whose_refusal_is_told_without_the_login() -> None:
    with _tunnel(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as (port, asked):
        registry = _behind(f"http://bot:canary@127.0.0.1:{port}")
        with pytest.raises(Unreachable, match="proxy") as caught:
            registry.listing(_IMAGE)
        registry.close()
    assert asked[0].startswith(b"CONNECT registry.example.com:443 ")
    assert b"Basic Ym90OmNhbmFyeQ==" in asked[0]
    assert "canary" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_named_as_the_fault() -> None:
    registry = _behind("http://127.0.0.1:1")
    with pytest.raises(Unreachable, match="the proxy before it"):
        registry.listing(_IMAGE)
    registry.close()


def test_a_proxy_is_no_way_around_forbidden_addresses() -> None:
    def answer(call: Call) -> Reply:
        return Reply(307, b"", {"Location": "http://169.254.169.254/latest/meta-data"})

    with serving(answer) as server:
        registry = _behind(f"http://{server.host}", plain_http=True)
        with pytest.raises(Refused, match="no place for a registry"):
            registry.listing(_IMAGE)
        assert len(server.calls) == 1
        registry.close()


def test_each_host_that_is_pointed_to_has_the_proxy_too() -> None:
    def answer(call: Call) -> Reply:
        if call.target.startswith("http://registry.example.com/"):
            return Reply(307, b"", {"Location": "http://storage.example.net/tags"})
        return reply_json({"tags": ["1.0.0"]})

    with serving(answer) as server:
        registry = _behind(f"http://{server.host}", plain_http=True)
        assert registry.listing(_IMAGE).tags == ("1.0.0",)
        assert server.calls[1].target == "http://storage.example.net/tags"
        registry.close()
