"""A fake Argo CD: its REST API over HTTP on loopback.

An unknown Application answers 403 unless its project is given, as Argo CD does, so that nobody can probe for
names. Faults are scripted by `host.faults`.

    with FakeArgoCD() as argocd:
        app = argocd.app("web-dev", repo_url="…", branch="main", path="envs/dev", head=read_head,
                         images=read_images)
        ...  # argocd.url and argocd.token go into the configuration
        app.set_health("Degraded", "CrashLoopBackOff")
        argocd.host.faults.add("GET", "web-dev", Answer(503), times=2)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from tests.fakes.argocd_app import FakeApp, Images
from tests.fakes.http_host import HttpHost, Request, Response

_APPLICATIONS = "/api/v1/applications"


class FakeArgoCD:
    """The server and its Applications. `now` is the controller's clock; `root_path` is where the API lies."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, root_path: str = "") -> None:
        self.token = "fake-argocd-token"
        self.host = HttpHost(self._answer)
        self.apps: dict[str, FakeApp] = {}
        self._now = now or (lambda: datetime.now(UTC))
        self._root = root_path

    @property
    def url(self) -> str:
        """The base URL, root path included."""
        return f"{self.host.url}{self._root}"

    def app(
        self,
        name: str,
        *,
        repo_url: str,
        branch: str = "HEAD",
        path: str = ".",
        head: Callable[[], str],
        images: Images = lambda commit: (),
        **settings: Any,
    ) -> FakeApp:
        """Add an Application that is deployed at the head already; `settings` are fields of `FakeApp`."""
        app = FakeApp(name, repo_url, branch, path, head, images, self._now, **settings)
        self.apps[name] = app
        return app

    def delete(self, name: str) -> None:
        """Remove the Application for good."""
        del self.apps[name]

    def __enter__(self) -> FakeArgoCD:
        self.host.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.host.stop()

    def _answer(self, request: Request) -> Response:
        if not request.path.startswith(f"{self._root}/"):
            return Response(404, "404 page not found")
        path = request.path.removeprefix(self._root)
        if path == "/api/version":
            return Response(200, {"Version": "v3.5.1+fake"})
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _fail(401, 16, "no session information")
        if path == _APPLICATIONS:
            return Response(200, {"items": [app.shown() for app in self.apps.values()]})
        name, _, rest = path.removeprefix(f"{_APPLICATIONS}/").partition("/")
        if not path.startswith(f"{_APPLICATIONS}/") or rest not in ("", "syncwindows"):
            return _fail(404, 5, "Not Found")
        return self._application(name, rest, request.query)

    def _application(self, name: str, rest: str, query: Mapping[str, str]) -> Response:
        app = self.apps.get(name)
        project = query.get("project", "")
        if app is not None and app.namespace != query.get("appNamespace", "argocd"):
            app = None
        if app is None and not project:
            return _fail(403, 7, "permission denied")
        if app is None or project not in ("", app.project):
            return _fail(404, 5, f'applications.argoproj.io "{name}" not found')
        if rest:
            return Response(200, app.shown_windows())
        if "refresh" in query:
            app.request_refresh("hard" if query["refresh"] == "hard" else "normal")
        return Response(200, app.shown())


def _fail(status: int, code: int, message: str) -> Response:
    return Response(status, {"error": message, "code": code, "message": message})
