"""However much a Git host answers, and however slowly, a bounded part is read, by every client."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest
import urllib3
from github.Auth import Token

from bot.adapters.forges import bounded as module
from bot.adapters.forges.bounded import bounded, reads_again
from bot.adapters.forges.github.transport import Transport as GitHubTransport
from bot.adapters.forges.gitlab.transport import Transport as GitLabTransport
from bot.adapters.forges.pool import Pool
from bot.domain.errors import Refused, Unreachable
from tests.adapters.registries.hostile import Answers, Reply, Server, serving

Ask = Callable[[], object]
SMALL = 1000


def _github(server: Server) -> tuple[Ask, Ask]:
    transport = GitHubTransport(
        f"http://{server.host}", ca_bundle=None, timeout_seconds=5, seconds_between_writes=0
    )
    auth = Token("of-nobody")
    return lambda: transport.send(auth, "GET", "/x"), transport.close


def _gitlab(server: Server) -> tuple[Ask, Ask]:
    transport = GitLabTransport(f"http://{server.host}", "of-nobody", ca_bundle=None, timeout_seconds=5)
    return lambda: transport.send("GET", "/x"), transport.close


def _pool(server: Server) -> tuple[Ask, Ask]:
    pool = Pool("the host", f"http://{server.host}", headers={}, ca_bundle=None, timeout_seconds=5)
    return lambda: pool.send("GET", "/x"), pool.close


CLIENTS = {"github": _github, "gitlab": _gitlab, "urllib3 alone": _pool}


Asking = Callable[[Answers], tuple[Ask, Server]]


@pytest.fixture(params=list(CLIENTS))
def asking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    """Starts a server that gives answers, and one of the clients of it."""
    monkeypatch.setattr(module, "LARGEST_ANSWER", SMALL)
    with ExitStack() as stack:

        def start(answers: Answers) -> tuple[Ask, Server]:
            server = stack.enter_context(serving(answers))
            ask, close = CLIENTS[request.param](server)
            stack.callback(close)
            return ask, server

        yield start


@pytest.mark.parametrize("status", [200, 404])
def test_a_larger_answer_is_refused(asking: Asking, status: int) -> None:
    ask, _ = asking(lambda call: Reply(status, b" " * (SMALL + 1)))
    with pytest.raises(Refused, match=f"more than {SMALL} bytes .*small file"):
        ask()


def test_an_answer_of_the_very_size_is_read(asking: Asking) -> None:
    ask, _ = asking(lambda call: Reply(200, b"1".rjust(SMALL)))
    ask()


def test_an_answer_that_breaks_off_is_none(asking: Asking) -> None:
    ask, _ = asking(lambda call: Reply(200, b'{"a": 1}', announced=100))
    with pytest.raises(Unreachable):
        ask()


def test_one_connection_serves_answers_of_every_kind(asking: Asking) -> None:
    replies = [Reply(200, b"[1]"), Reply(404, b"{}"), Reply(304), Reply(204), Reply(200, b"")] * 3
    remaining = iter(replies)
    ask, server = asking(lambda call: next(remaining))
    for _ in replies:
        ask()
    assert len(server.calls) == len(replies)
    assert len(server.connections) == 1


def test_not_ready_yet_is_not_waited_for() -> None:
    """PyGithub would sleep, and ask again for as long as it is told so."""
    with serving(lambda call: Reply(202, b"{}")) as server:
        ask, close = _github(server)
        with pytest.raises(Unreachable, match="no answer yet"):
            ask()
        close()
        assert len(server.calls) == 1


def _response(body: bytes, **headers: str) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False)


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_ANSWER", SMALL)
    packed = gzip.compress(b" " * 100_000)
    assert len(packed) < SMALL
    with pytest.raises(Refused):
        bounded(_response(packed, **{"content-encoding": "gzip"}), "host")


def test_a_packed_answer_is_unpacked() -> None:
    assert bounded(_response(gzip.compress(b"[1]"), **{"content-encoding": "gzip"}), "host") == b"[1]"


def test_an_answer_that_comes_in_drops_is_not_waited_for() -> None:
    minutes = count(0, 45)
    response = _response(b" " * 200_000)
    with pytest.raises(Unreachable, match=r"host is too slow: one answer took over 60 s"):
        bounded(response, "host", monotonic=lambda: next(minutes))
    assert response.closed


def test_a_failed_read_is_not_read_to_its_end_before_the_next() -> None:
    response = _response(b" " * 200_000)
    reads_again().increment("GET", "/x", response=response)
    assert response.closed
