"""By which names Tagboat is reached, and from which origins a form may come.

A page that answers to any name can be read by a hostile site that points its own name at this machine (DNS
rebinding), so unknown names are refused. An IP address as the name is safe: there is no name to rebind.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.configuration.settings import WebSettings

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FOR_MACHINES = ("/webhooks/", "/healthz", "/readyz", "/metrics")
"""For callers that prove themselves or learn nothing of worth; a cluster has names of its own for them."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The names and the public origin that the configuration gives; `public_origin` is empty for none."""

    names: frozenset[str]
    public_origin: str = ""

    @classmethod
    def of(cls, web: WebSettings) -> Addresses:
        """Loopback, where Tagboat listens, and its public URL."""
        public = _hostname(web.public_url.partition("://")[2])
        return cls(frozenset({"localhost", web.host.lower(), public}) - {""}, _origin(web.public_url))

    def knows(self, host: str) -> bool:
        """Whether a `Host` header names Tagboat."""
        name = _hostname(host)
        return name in self.names or _is_address(name)

    def is_own(self, origin: str, *, host: str) -> bool:
        """Whether an `Origin` header is this very site: its public URL, or the host that was asked."""
        given = _origin(origin)
        return given != "" and given in {self.public_origin, _origin(f"http://{host}")}

    def is_secure(self, host: str) -> bool:
        """Whether people who ask this host came over TLS, so that cookies may insist on it."""
        return self.public_origin.startswith("https:") and _origin(f"https://{host}") == self.public_origin


class KnownHosts:
    """Refuses requests to unknown names with 421, but for the paths of machines."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        is_page = scope["type"] == "http" and not scope["path"].startswith(_FOR_MACHINES)
        if not is_page or self._addresses.knows(_host(scope)):
            await self._app(scope, receive, send)
            return
        sentence = "Tagboat is not known by this host name (set web.url to the address that people use)"
        await JSONResponse({"error": sentence}, 421)(scope, receive, send)


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _origin(url: str) -> str:
    """Scheme, host and port as browsers write them; empty for what is no address of HTTP."""
    try:
        parts = urlsplit(url.lower())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
