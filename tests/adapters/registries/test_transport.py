"""One exchange: redirects lose the login, sizes and times end, faults become errors."""

from __future__ import annotations

import gzip
import ssl
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bot.adapters.registries.credentials import Configured
from bot.adapters.registries.pools import Network
from bot.adapters.registries.transport import Request, Transport, origin
from bot.domain.errors import Denied, Malformed, Refused, Unreachable
from bot.domain.image import ImageName
from tests.adapters.registries.hostile import Answers, Call, Reply, Shelf, missing, reading, serving
from tests.kit.images import build_image

_IMAGE = ImageName("registry.example.com", "acme/web")
_LOGIN = Configured("bot", "hunter2-canary")
_STORAGE = "http://localhost:{port}/storage/{hop}?sig=s3cret"


def _with_storage(*, hops: int, target: str = _STORAGE) -> Answers:
    """A registry behind a login that hands blobs to another host, after so many redirects."""
    shelf, image = Shelf(), build_image()
    shelf.put("1.0.0", image)

    def answer(call: Call) -> Reply:
        hop = int(call.path.rpartition("/")[2]) if call.path.startswith("/storage/") else 0
        if not hop and call.authorization is None:
            return Reply(401, b"", {"WWW-Authenticate": "Basic realm=x"})
        if not hop and "/blobs/" not in call.path:
            return shelf(call)
        if hop == hops:
            return Reply(200, image.blobs[-1].body)
        port = call.headers["Host"].rpartition(":")[2]
        return Reply(307, b"", {"Location": target.format(port=port, hop=hop + 1)})

    return answer


class TestRedirects:
    @pytest.mark.parametrize("hops", [1, 3])
    @pytest.mark.parametrize("target", [_STORAGE, "/storage/{hop}"], ids=["other host", "same host"])
    def test_a_blob_is_fetched_from_storage_without_the_login(self, hops: int, target: str) -> None:
        with reading(_with_storage(hops=hops, target=target), credentials=_LOGIN) as (registry, server):
            assert registry.details(_IMAGE, "1.0.0", ()).platforms == ("linux/amd64",)
            stored = [call for call in server.calls if call.path.startswith("/storage/")]
            assert len(stored) == hops
            assert [call.authorization for call in stored] == [None] * hops

    def test_they_end_after_three(self) -> None:
        with (
            reading(_with_storage(hops=4), credentials=_LOGIN) as (registry, _),
            pytest.raises(Refused, match="more than 3 times"),
        ):
            registry.details(_IMAGE, "1.0.0", ())

    @pytest.mark.parametrize(
        "target",
        [
            pytest.param("http://169.254.169.254/latest/meta-data", id="metadata"),
            pytest.param("http://[fe80::1]/x", id="link-local"),
            pytest.param("http://[fd00:ec2::254]/x", id="metadata over IPv6"),
            pytest.param("http://[64:ff9b::a9fe:a9fe]/x", id="metadata through NAT64"),
            pytest.param("file:///etc/passwd", id="a file"),
            pytest.param("ftp://localhost/x", id="another protocol"),
            pytest.param("http://[broken/", id="no URL"),
            pytest.param("http://localhost:99999/", id="no port"),
            pytest.param("http://user:pw@localhost:{port}/storage/1", id="a login in it"),
        ],
    )
    def test_they_lead_nowhere_dangerous(self, target: str) -> None:
        with reading(_with_storage(hops=1, target=target), credentials=_LOGIN) as (registry, server):
            with pytest.raises(Refused):
                registry.details(_IMAGE, "1.0.0", ())
            assert not [call for call in server.calls if call.path.startswith("/storage/")]

    def test_one_without_a_target_is_refused(self) -> None:
        """An empty Location means the same page again: it ends like every other circle."""
        with reading(lambda call: Reply(302)) as (registry, server):
            with pytest.raises(Refused, match="redirects"):
                registry.listing(_IMAGE)
            assert len(server.calls) == 4

    def test_a_storage_that_wants_a_login_gets_none(self) -> None:
        def answer(call: Call) -> Reply:
            port = call.headers["Host"].rpartition(":")[2]
            if call.path == "/storage":
                return Reply(401, b"", {"WWW-Authenticate": "Basic realm=x"})
            return Reply(307, b"", {"Location": f"http://localhost:{port}/storage"})

        with reading(answer, credentials=_LOGIN) as (registry, server):
            with pytest.raises(Denied):
                registry.listing(_IMAGE)
            assert [call.authorization for call in server.calls] == [None, None]

    def test_a_whole_repository_may_be_served_by_another_host(self) -> None:
        """registry.k8s.io answers everything by a redirect."""
        shelf = Shelf()
        digest = shelf.put("1.0.0", build_image())

        def answer(call: Call) -> Reply:
            host = call.headers["Host"]
            if host.startswith("localhost"):
                return shelf(call)
            return Reply(307, b"", {"Location": f"http://localhost:{host.rpartition(':')[2]}{call.target}"})

        with reading(answer) as (registry, server):
            assert list(registry.listing(_IMAGE).tags) == ["1.0.0"]
            assert registry.digest(_IMAGE, "1.0.0") == digest
            assert [call.method for call in server.calls] == ["GET", "GET", "HEAD", "HEAD"]

    def test_a_registry_elsewhere_does_not_lead_to_this_machine(self) -> None:
        with serving(missing) as server:
            transport = Transport(base="https://registry.example.com")
            with pytest.raises(Refused, match="leads to"):
                transport.ask_other(Request(f"http://{server.other_host}/", 100))
            assert server.calls == []
            transport.close()

    def test_from_https_they_do_not_lead_to_http(self, tls_server: tuple[str, Path]) -> None:
        base, ca_file = tls_server
        transport = Transport(base=base, network=Network(ca_file=ca_file))
        with pytest.raises(Refused, match="without TLS"):
            transport.ask(Request(f"{base}/to-http", 100))
        transport.close()


class TestTls:
    def test_a_private_authority_is_trusted_when_it_is_given(self, tls_server: tuple[str, Path]) -> None:
        base, ca_file = tls_server
        transport = Transport(base=base, network=Network(ca_file=ca_file))
        assert transport.ask(Request(f"{base}/", 100)).body == b"over TLS"
        transport.close()

    def test_and_not_otherwise_with_the_way_out(self, tls_server: tuple[str, Path]) -> None:
        base, _ = tls_server
        transport = Transport(base=base)
        with pytest.raises(Unreachable, match=r"certificate is not trusted.*ca_file"):
            transport.ask(Request(f"{base}/", 100))
        transport.close()

    @pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "junk"])
    def test_a_file_that_holds_no_authority_is_an_error(self, content: str | None, tmp_path: Path) -> None:
        ca_file = tmp_path / "ca.pem"
        if content is not None:
            ca_file.write_text(content)
        with pytest.raises(Malformed, match=r"ca\.pem"):
            Transport(base="https://registry.example.com", network=Network(ca_file=ca_file))


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with a certificate of its own for `localhost`: its base URL and the certificate."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def answer(call: Call) -> Reply:
        if call.path == "/to-http":
            return Reply(307, b"", {"Location": f"http://{call.headers['Host']}/"})
        return Reply(200, b"over TLS")

    with serving(answer, tls=context) as server:
        yield f"https://{server.other_host}", certificate


class TestLimits:
    def test_a_connection_is_used_again_after_every_kind_of_answer(self) -> None:
        replies = [Reply(200, b"x"), Reply(404, b"y" * 1000), Reply(200), Reply(401, b"z")]
        with serving(lambda call: replies[len(server.calls) - 1]) as server:
            transport = Transport(base=f"http://{server.host}")
            for _ in replies:
                transport.ask(Request(f"http://{server.host}/", 10))
            assert len(server.connections) == 1
            transport.close()

    def test_a_packed_body_is_refused(self) -> None:
        bomb = gzip.compress(bytes(1_000_000))
        with reading(lambda call: Reply(200, bomb, {"Content-Encoding": "gzip"})) as (registry, server):
            with pytest.raises(Malformed, match="packed"):
                registry.listing(_IMAGE)
            assert server.calls[0].headers["Accept-Encoding"] == "identity"

    def test_a_body_that_drips_is_given_up(self) -> None:
        clock = count(step=40)
        with serving(lambda call: Reply(200, bytes(1_000_000))) as server:
            transport = Transport(base=f"http://{server.host}", monotonic=lambda: float(next(clock)))
            with pytest.raises(Unreachable, match="over 60 s"):
                transport.ask(Request(f"http://{server.host}/", 2_000_000))
            transport.close()

    def test_a_large_error_page_is_not_kept(self) -> None:
        with serving(lambda call: Reply(404, bytes(1_000_000))) as server:
            transport = Transport(base=f"http://{server.host}")
            answer = transport.ask(Request(f"http://{server.host}/", 10))
            assert (answer.status, answer.body) == (404, b"")
            transport.close()

    def test_a_post_is_sent_once_even_when_the_server_fails(self) -> None:
        with serving(lambda call: Reply(503)) as server:
            transport = Transport(base=f"http://{server.host}")
            with pytest.raises(Unreachable):
                transport.ask_other(Request(f"http://{server.host}/", 10, "POST", form={"a": "b"}))
            assert [call.body for call in server.calls] == [b"a=b"]
            transport.close()

    def test_a_read_is_tried_three_times(self) -> None:
        with serving(lambda call: Reply(503)) as server:
            transport = Transport(base=f"http://{server.host}")
            with pytest.raises(Unreachable, match="HTTP 503"):
                transport.ask(Request(f"http://{server.host}/", 10))
            assert len(server.calls) == 3
            transport.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Registry.Example.com/v2", ("https", "registry.example.com", 443)),
        ("http://h:5000", ("http", "h", 5000)),
        ("https://[::1]:5000/x?y", ("https", "::1", 5000)),
    ],
)
def test_origins_are_compared_in_one_form(url: str, expected: tuple[str, str, int]) -> None:
    assert origin(url) == expected
