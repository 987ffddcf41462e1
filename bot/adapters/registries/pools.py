"""Connections: kept for reuse, bounded in number and time, through a proxy or not, and to allowed addresses.

Every connection is checked by the address that it really reached, after name resolution, so that a name
cannot lead to a cloud's metadata service. Through a proxy that is for the proxy to see to; only hosts that
are addresses themselves are checked here.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from bot.adapters.registries.hosts import is_forbidden
from bot.adapters.registries.proxy import Proxies, Proxy
from bot.adapters.tls import system_tls
from bot.domain.errors import Malformed, Refused

CONNECT_SECONDS = 5.0
"""How long a connection may take to be made."""
READ_SECONDS = 30.0
"""How long nothing at all may come."""
# How long a thread waits for one of the pool's connections while others use them all.
_LONGEST_QUEUE_SECONDS = 60
# What `retries=False` means, made once: urllib3 would build it anew for each request.
_NO_RETRIES = urllib3.Retry(False, redirect=False)


@dataclass(frozen=True, slots=True)
class Network:
    """How hosts are reached: further authorities, proxies, and the most connections to one host.

    16 connections are Renovate's limit for one registry; more threads than that wait for a free one.
    """

    ca_file: Path | None = None
    proxies: Proxies = field(default_factory=Proxies)
    connections: int = 16


class Pools:
    """The connections of one transport; `loopback` says whether they may lead to this very machine.

    Raises when built:
        Malformed: the CA file cannot be read as certificates.
    """

    def __init__(self, network: Network, *, loopback: bool) -> None:
        self._network = network
        self._loopback = loopback
        self._options: dict[str, Any] = {
            "maxsize": network.connections,
            "block": True,
            "timeout": urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            "ssl_context": _ssl_context(network.ca_file),
        }
        self._direct = urllib3.PoolManager(**self._options)
        self._direct.pool_classes_by_scheme = (
            {"http": _OwnHTTPPool, "https": _OwnHTTPSPool}
            if loopback
            else {"http": _OtherHTTPPool, "https": _OtherHTTPSPool}
        )
        self._proxied: dict[str, urllib3.ProxyManager] = {}

    def clear(self) -> None:
        """Close all connections that wait for use."""
        self._direct.clear()
        for manager in self._proxied.values():
            manager.clear()

    def pool(self, origin: tuple[str, str, int]) -> urllib3.HTTPConnectionPool | None:
        """The one pool of this scheme, host and port, to be used with `send`; None behind a proxy."""
        scheme, host, port = origin
        if self._network.proxies.of(scheme, host, port) is not None:
            return None
        return self._direct.connection_from_host(host, port, scheme)

    def open(
        self,
        method: str,
        url: str,
        origin: tuple[str, str, int],
        headers: Mapping[str, str],
        body: str | None,
    ) -> urllib3.BaseHTTPResponse:
        """Send to an absolute URL, whose parts are `origin`, and return before the answer's body is read."""
        scheme, host, port = origin
        proxy = self._network.proxies.of(scheme, host, port)
        if proxy is None:
            return send(self._direct, method, url, headers, body)
        _check(host, host, loopback=self._loopback)
        return send(self._manager(proxy), method, url, headers, body)

    def _manager(self, proxy: Proxy) -> urllib3.ProxyManager:
        # Two threads may both build one at first; the one that is kept serves from then on.
        found = self._proxied.get(proxy.url)
        if found is None:
            found = urllib3.ProxyManager(proxy.url, proxy_headers=dict(proxy.headers), **self._options)
            self._proxied[proxy.url] = found
        return found


def send(
    opener: urllib3.HTTPConnectionPool | urllib3.PoolManager,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: str | None,
) -> urllib3.BaseHTTPResponse:
    """What `Pools.open` does with a pool at hand, which takes a path for `url`."""
    return opener.urlopen(
        method,
        url,
        body=body,
        headers=headers,
        retries=_NO_RETRIES,
        redirect=False,
        preload_content=False,
        decode_content=False,
        pool_timeout=_LONGEST_QUEUE_SECONDS,
    )


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, and those of the file."""
    if ca_file is None:
        return system_tls()
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:
        raise Malformed(
            f"the CA file {ca_file} cannot be used",
            why=error.strerror or "it holds no certificates",
            fix="name a readable file with PEM certificates",
        ) from error
    return context


def _check(host: str, address: str, *, loopback: bool) -> None:
    """Raise `Refused` for a forbidden address; a name is none, and passes."""
    try:
        ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return
    if is_forbidden(address, loopback=loopback):
        raise Refused(
            f"nothing is sent to {host}",
            why=f"it leads to {address}, which is no place for a registry",
            fix="correct the host in the configuration, or ask the registry's owner why it names this one",
        )


def _check_peer(connection: HTTPConnection, *, loopback: bool) -> None:
    """After it is made and before anything is sent: only now it is certain where a name led."""
    if connection.sock is None:
        return
    try:
        _check(connection.host, connection.sock.getpeername()[0], loopback=loopback)
    except Refused:
        connection.close()
        raise


class _OwnHTTP(HTTPConnection):
    def connect(self) -> None:
        _check(self.host, self.host, loopback=True)
        super().connect()
        _check_peer(self, loopback=True)


class _OwnHTTPS(HTTPSConnection):
    def connect(self) -> None:
        _check(self.host, self.host, loopback=True)
        super().connect()
        _check_peer(self, loopback=True)


class _OtherHTTP(HTTPConnection):
    def connect(self) -> None:
        _check(self.host, self.host, loopback=False)
        super().connect()
        _check_peer(self, loopback=False)


class _OtherHTTPS(HTTPSConnection):
    def connect(self) -> None:
        _check(self.host, self.host, loopback=False)
        super().connect()
        _check_peer(self, loopback=False)


class _OwnHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _OwnHTTP


class _OwnHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _OwnHTTPS


class _OtherHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _OtherHTTP


class _OtherHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _OtherHTTPS
