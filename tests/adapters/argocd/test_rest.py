"""Argo CD over REST: what each answer becomes, and what is never believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.rest import RestDeployments
from bot.domain.errors import Denied, Limited, Malformed, NotFound, Refused, TagboatError, Unreachable
from bot.domain.pipeline import Application
from bot.domain.snapshot import SyncWindowState
from tests.adapters.argocd.raw_server import answer, raw_server
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.http_host import Answer, Cut

APPLICATION = Application("main", "web-dev")
IN_PROJECT = Application("main", "web-dev", project="default")
COMMIT = "1" * 40


@pytest.fixture
def argocd() -> Iterator[FakeArgoCD]:
    with FakeArgoCD() as fake:
        fake.app("web-dev", repo_url="https://git.example.com/acme/infra", head=lambda: COMMIT)
        yield fake


@pytest.fixture
def deployments(argocd: FakeArgoCD) -> RestDeployments:
    return _client(argocd.url, argocd.token)


def _client(url: str, token: str = "canary-token") -> RestDeployments:
    return RestDeployments(Connection(url, token=token))


def test_the_application_is_asked_for_by_project_and_namespace(
    argocd: FakeArgoCD, deployments: RestDeployments
) -> None:
    deployments.application(Application("main", "web-dev", "argocd", "default"))
    request = argocd.host.requests[-1]
    assert request.path == "/api/v1/applications/web-dev"
    assert request.query == {"project": "default", "appNamespace": "argocd"}


@pytest.mark.parametrize(("hard", "kind"), [(False, "normal"), (True, "hard")])
def test_a_refresh_asks_for_its_kind(
    argocd: FakeArgoCD, deployments: RestDeployments, hard: bool, kind: str
) -> None:
    deployments.refresh(APPLICATION, hard=hard)
    assert argocd.apps["web-dev"].refreshes == [kind]


def test_a_refresh_that_takes_its_time_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.argocd.rest._REFRESH_READ", 0.05)
    with raw_server(silent=True) as server:
        _client(server.url).refresh(APPLICATION, hard=False)
    assert server.requests[0].startswith("GET /api/v1/applications/web-dev?refresh=normal ")


def test_a_refresh_that_reaches_nobody_is_a_failure() -> None:
    with raw_server() as gone:
        url = gone.url
    with pytest.raises(Unreachable, match=r"no connection \("):
        _client(url).refresh(APPLICATION, hard=False)


def test_an_absent_application_is_looked_for_twice(argocd: FakeArgoCD, deployments: RestDeployments) -> None:
    not_found = {"error": "not found", "code": 5, "message": "not found"}
    argocd.host.faults.add("GET", "web-dev", Answer(404, not_found))
    assert deployments.application(IN_PROJECT) is not None
    argocd.delete("web-dev")
    assert deployments.application(IN_PROJECT) is None


def test_without_a_project_an_absent_application_is_denied_and_explained(
    argocd: FakeArgoCD, deployments: RestDeployments
) -> None:
    argocd.delete("web-dev")
    with pytest.raises(Denied, match="does not exist") as caught:
        deployments.application(APPLICATION)
    assert "project" in caught.value.fix


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        pytest.param(400, Refused, "400 why", id="400"),
        pytest.param(401, Denied, r"^Argo CD refused to show .*expired or revoked", id="401"),
        pytest.param(
            403, Denied, r"^Argo CD refused to show .*the right `applications, get`.*grant `p, ", id="403"
        ),
        pytest.param(405, Refused, "405 why", id="405"),
        pytest.param(408, Unreachable, "does not answer.*408 why", id="408"),
        pytest.param(429, Limited, "too many requests", id="429"),
        pytest.param(500, Unreachable, "500 why", id="500"),
        pytest.param(503, Unreachable, "503 why", id="503"),
    ],
)
def test_each_status_has_its_error(
    argocd: FakeArgoCD, deployments: RestDeployments, status: int, kind: type[TagboatError], text: str
) -> None:
    argocd.host.faults.add("GET", ".", Answer(status, {"message": "why", "code": 3}), times=3)
    calls: list[Any] = [
        lambda: deployments.application(APPLICATION),
        lambda: deployments.refresh(APPLICATION, hard=False),
        lambda: deployments.sync_window(APPLICATION),
    ]
    for call in calls:
        with pytest.raises(kind, match=text) as caught:
            call()
        assert type(caught.value) is kind
        assert ("not answer" in str(caught.value)) is (kind is Unreachable)
        assert f"main/web-dev at {argocd.host.url.removeprefix('http://')}" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "pause"),
    [("7", timedelta(seconds=7)), ("999999", timedelta(hours=1)), ("soon", None), ("-3", None), ("٣", None)],
)
def test_a_limit_says_how_long_to_wait(header: str, pause: timedelta | None) -> None:
    with (
        raw_server(
            answer("429 Too Many Requests", b"", f"Retry-After: {header}".encode().decode("latin-1"))
        ) as server,
        pytest.raises(Limited) as caught,
    ):
        _client(server.url).application(APPLICATION)
    assert caught.value.retry_after == pause


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param("404 Not Found", b"<html>nginx</html>", id="proxy"),
        pytest.param("404 Not Found", b'{"code": 12, "message": "unimplemented"}', id="another code"),
        pytest.param("404 Not Found", b"[5]", id="junk"),
    ],
)
def test_a_404_that_is_not_argo_cds_is_a_wrong_address_and_no_absent_application(
    status: str, body: bytes
) -> None:
    with raw_server(answer(status, body)) as server, pytest.raises(NotFound, match="root path"):
        _client(server.url).application(APPLICATION)


def test_a_wrong_root_path_is_told() -> None:
    with FakeArgoCD(root_path="/argo-cd") as fake:
        fake.app("web-dev", repo_url="https://git.example.com/x/y", head=lambda: COMMIT)
        assert _client(f"{fake.url}/", fake.token).application(APPLICATION) is not None
        with pytest.raises(NotFound, match="root path"):
            _client(fake.host.url, fake.token).application(APPLICATION)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>login</html>",
        b"[]",
        b'"text"',
        b"null",
        b'{"metadata": ',
        b"[" * 100_000,
        b"\xff\xfe",
        b"NaN",
    ],
    ids=["empty", "html", "list", "text", "null", "cut", "deep", "no UTF-8", "NaN"],
)
def test_junk_is_malformed(body: bytes) -> None:
    with raw_server(answer("200 OK", body)) as server, pytest.raises(Malformed):
        _client(server.url).application(APPLICATION)


@pytest.mark.parametrize(
    ("asked", "seen", "part"),
    [
        pytest.param(APPLICATION, {"metadata": {"name": "other"}}, "metadata.name", id="name"),
        pytest.param(APPLICATION, {"metadata": "web-dev"}, "metadata.name", id="no metadata"),
        pytest.param(APPLICATION, {"metadata": {"name": ["web-dev"]}}, "metadata.name", id="name is a list"),
        pytest.param(
            Application("main", "web-dev", namespace="team-a"),
            {"metadata": {"name": "web-dev", "namespace": "team-b"}},
            "metadata.namespace",
            id="namespace",
        ),
        pytest.param(
            IN_PROJECT,
            {"metadata": {"name": "web-dev"}, "spec": {"project": "x"}},
            "spec.project",
            id="project",
        ),
    ],
)
def test_another_applications_object_is_not_believed(asked: Application, seen: Any, part: str) -> None:
    body = answer("200 OK", json.dumps(seen).encode())
    with raw_server(body) as server, pytest.raises(Malformed, match=part):
        _client(server.url).application(asked)


@pytest.mark.parametrize("name", ["", "../version", "Web", "a/b", "a?x=1", "a b", "-a", "x" * 254, "é"])
def test_a_name_that_kubernetes_does_not_allow_is_never_sent(name: str) -> None:
    with raw_server() as server, pytest.raises(Refused, match="name"):
        _client(server.url).application(Application("main", name))
    assert server.requests == []


def test_a_connection_that_is_cut_is_unreachable(argocd: FakeArgoCD, deployments: RestDeployments) -> None:
    argocd.host.faults.add("GET", "web-dev", Cut())
    with pytest.raises(Unreachable):
        deployments.application(APPLICATION)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from([200, 201, 301, 400, 403, 404, 429, 500]),
    data=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["metadata", "name", "code", "message", "canSync", "error"]), inner
            )
        ),
        max_leaves=8,
    ),
)
def test_whatever_is_answered_only_our_errors_come_out(
    argocd: FakeArgoCD, deployments: RestDeployments, status: int, data: Any
) -> None:
    argocd.host.faults.clear()
    argocd.host.faults.add("GET", ".", Answer(status, data), times=4)
    calls: list[Any] = [deployments.application, deployments.sync_window]
    for call in calls:
        with suppress(TagboatError):
            answered = call(IN_PROJECT)
            assert answered is None or isinstance(answered, SyncWindowState)


def test_no_error_and_no_repr_holds_the_token() -> None:
    bodies = [
        answer("401 Unauthorized", b"{}"),
        answer("302 Found", b"", "Location: https://x/?token=canary-token"),
    ]
    for body in bodies:
        with raw_server(body) as server:
            client = _client(server.url)
            with pytest.raises(TagboatError) as caught:
                client.application(APPLICATION)
        assert "Bearer canary-token" in server.requests[0]
        assert "canary" not in f"{caught.value} {caught.value!r} {client!r}"
