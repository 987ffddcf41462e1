"""Through which proxy a host is reached, if any.

The variables and the grammar of `NO_PROXY` are those that curl and Go share:
https://about.gitlab.com/blog/we-need-to-talk-no-proxy/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3

from bot.adapters.registries.hosts import is_loopback_name
from bot.domain.errors import Malformed


@dataclass(frozen=True, slots=True)
class Proxy:
    """One HTTP proxy: its URL without the login, and the headers that log in to it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read `http://user:password@proxy.example.com:3128`; a bare `host:port` is taken for http.

        Raises:
            Malformed: it is no address of a proxy. The text is not repeated, as it may hold a login.
        """
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            is_proxy = parts.scheme in {"http", "https"} and bool(parts.hostname)
            netloc = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
            netloc += f":{parts.port}" if parts.port else ""
        except ValueError:
            is_proxy = False
        if not is_proxy:
            raise Malformed("the proxy has a wrong address", fix="write http://HOST:PORT")
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        headers = urllib3.make_headers(proxy_basic_auth=pair) if pair else {}
        return cls(urlunsplit((parts.scheme, netloc, "", "", "")), headers)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy for http and that for https, and the hosts that are reached without one."""

    http: Proxy | None = None
    https: Proxy | None = None
    exempt: tuple[str, ...] = ()

    @classmethod
    def single(cls, url: str) -> Proxies:
        """One proxy for everything; raises `Malformed`."""
        proxy = Proxy.parse(url)
        return cls(proxy, proxy)

    @classmethod
    def environment(cls, variables: Mapping[str, str]) -> Proxies:
        """What `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY` say; raises `Malformed`."""

        def value(*names: str) -> str:
            return next((text for name in names if (text := variables.get(name, "").strip())), "")

        # HTTP_PROXY in capitals is left out: in a CGI program the client sets it (httpoxy).
        http = value("http_proxy", "all_proxy", "ALL_PROXY")
        https = value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exempt = (entry.strip().lower() for entry in value("no_proxy", "NO_PROXY").split(","))
        return cls(
            Proxy.parse(http) if http else None,
            Proxy.parse(https) if https else None,
            tuple(entry for entry in exempt if entry),
        )

    def of(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy to this host. This very machine is never reached through one."""
        proxy = self.https if scheme == "https" else self.http
        if proxy is None or is_loopback_name(host):
            return None
        return None if any(_is_meant(entry, host, port) for entry in self.exempt) else proxy


def _is_meant(entry: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` means this host: a name with all below it, an address, a net, `*`."""
    address = _address(host)
    if address is not None and "/" in entry:
        try:
            return address in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdecimal() and "]" not in wanted and _address(entry) is None:
        if int(wanted[:6]) != port:
            return False
        entry = name
    if entry == "*" or entry.strip("[]") == host:
        return True
    return address is None and host.endswith(f".{entry.removeprefix('*').removeprefix('.')}")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
