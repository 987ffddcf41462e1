"""Every route: what it answers to whom, with which headers, and that no secret is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.routing import Mount, Route

from bot.web.shield import SECURITY_HEADERS
from tests.web.site import SECRET, Site, every_state, show, shown

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

ROUTES = {
    "/": {"GET", "HEAD"},
    "/events": {"GET", "HEAD"},
    "/pipelines/{pipeline}/environments/{environment}/merge": {"POST"},
    "/webhooks/{name}": {"POST"},
    "/webhooks/{name}/{rest:path}": {"POST"},
    "/api/status": {"GET", "HEAD"},
    "/healthz": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"},
    "/metrics": {"GET", "HEAD"},
    "/static": {"GET", "HEAD"},
}
"""Every path and who may use which method on it: everybody who reaches the page may read, and what changes
anything proves itself (`test_ingress`, `test_merging`)."""


def site() -> Site:
    """A site with a full board."""
    made = Site()
    show(made.bench.store, shown(*every_state()))
    return made


def _address(path: str) -> str:
    plain = path.replace("{rest:path}", "repos/acme/infra")
    filled = plain.format(pipeline="shop", environment="qa", name="registry") if "{" in plain else plain
    return f"{filled}/board.css" if path == "/static" else filled


def _requests() -> Iterator[tuple[str, str]]:
    for path in (*ROUTES, "/nothing", "/static/../app.py", "/static/%2e%2e/app.py", "/webhooks/none"):
        for method in METHODS:
            if (method, path) != ("GET", "/events"):
                yield method, _address(path)


def test_the_table_holds_every_route() -> None:
    found = {
        route.path: set(route.methods or ()) if isinstance(route, Route) else {"GET", "HEAD"}
        for route in site().app.routes
        if isinstance(route, Route | Mount)
    }
    assert found == ROUTES


@pytest.mark.parametrize("path", ROUTES)
def test_methods_that_are_not_in_the_table_are_refused(path: str) -> None:
    client = site().client()
    for method in METHODS:
        status = (
            client.request(method, _address(path)).status_code
            if (method, path) != ("GET", "/events")
            else 200
        )
        assert (status == 405) is (method not in ROUTES[path]), (method, status)


def test_what_is_not_there_is_said_in_a_page_to_people_and_in_json_to_machines() -> None:
    client = site().client()
    assert client.get("/a/b").json() == {"error": "there is nothing at this address"}
    text = client.get("/a/b", headers={"Accept": "text/html"}).text
    assert "there is nothing at this address" in text
    assert '<a href="../">' in text


def test_every_answer_has_the_security_headers_and_no_secret() -> None:
    client = site().client()
    for method, address in _requests():
        answer = client.request(method, address, headers={"Accept": "text/html"})
        assert answer.status_code < 500, (method, address)
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert SECRET not in answer.text + repr(answer.headers)
        assert "server" not in answer.headers


def test_nothing_is_kept_by_caches_but_what_is_the_same_for_all() -> None:
    client = site().client()
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert client.get("/api/status").headers["Cache-Control"] == "no-store"
    assert client.get("/static/board.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"]
)
def test_no_file_outside_the_static_folder_is_served(path: str) -> None:
    assert site().client().get(path).status_code == 404
