"""Which hosts are spoken to, and which of them may see a login.

A registry's answers name other hosts: where tokens are given, where blobs are stored, where the next page
is. None of them is trusted for being named. Every connection is checked by the address that it really
reached, after name resolution, so that a name cannot lead to a cloud's metadata service.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import Path

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from bot.domain.errors import Malformed, Refused

# Metadata services outside the link-local ranges: AWS over IPv6, Alibaba, Azure, Oracle.
_METADATA = frozenset(
    ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
# Suffixes under which strangers get names, so that sharing them means nothing. The list is short on
# purpose: it only narrows a convenience, and `token_hosts` is there for all other cases.
_SHARED_SUFFIXES = frozenset(
    (
        *("amazonaws.com", "amazonaws.com.cn", "azurecr.io", "azurewebsites.net", "cloudapp.net"),
        *(
            "cloudfront.net",
            "fly.dev",
            "github.io",
            "gitlab.io",
            "googleapis.com",
            "herokuapp.com",
            "jfrog.io",
        ),
        *("netlify.app", "ngrok.io", "pages.dev", "pkg.dev", "run.app", "vercel.app", "windows.net"),
        "workers.dev",
    )
)
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
# Renovate's limit for one registry host; more threads than that wait for a free connection.
_CONNECTIONS = 16


def is_forbidden(address: str, *, loopback: bool) -> bool:
    """Tell whether an IP address is closed to us: link-local, metadata, or loopback unless allowed."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or (ip_address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)
    return ip.is_link_local or ip in _METADATA or (ip.is_loopback and not loopback)


def is_loopback_name(host: str) -> bool:
    """Tell whether the host names this very machine: `localhost`, or a loopback address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def may_see_login(host: str, *, registry: str, token_hosts: Collection[str]) -> bool:
    """Tell whether the token server `host` may be given the login of `registry` (names without ports).

    It may when it is the registry's own host, is listed in `token_hosts`, or has the same registrable
    parent domain (`auth.docker.io` for `docker.io`, `gitlab.com` for `registry.gitlab.com`).
    """
    if host == registry or host in token_hosts:
        return True
    parent = _registrable(registry)
    return parent is not None and parent == _registrable(host)


def _registrable(host: str) -> str | None:
    """`example.com` of `auth.example.com`; None for addresses, bare names and shared suffixes."""
    labels = host.split(".")
    if len(labels) < 2 or ":" in host or labels[-1].isdigit():
        return None
    # `co.uk` and its like: under a country's domain, a short second label is a suffix too.
    is_country = len(labels[-1]) == 2 and len(labels[-2]) <= 3
    parent = ".".join(labels[-3:] if is_country and len(labels) > 2 else labels[-2:])
    return None if parent in _SHARED_SUFFIXES else parent


def pool_manager(*, loopback: bool, ca_file: Path | None) -> urllib3.PoolManager:
    """A pool whose connections refuse forbidden addresses; `ca_file` adds to the system's authorities.

    Raises:
        Malformed: the file cannot be read as certificates.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise Malformed(
                f"the CA file {ca_file} cannot be used",
                why=error.strerror or "it holds no certificates",
                fix="name a readable file with PEM certificates",
            ) from error
    pools = urllib3.PoolManager(
        maxsize=_CONNECTIONS,
        block=True,
        timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        ssl_context=context,
    )
    pools.pool_classes_by_scheme = (
        {"http": _OwnHTTPPool, "https": _OwnHTTPSPool}
        if loopback
        else {"http": _OtherHTTPPool, "https": _OtherHTTPSPool}
    )
    return pools


def _check(connection: HTTPConnection, address: str, *, loopback: bool) -> None:
    if not is_forbidden(address, loopback=loopback):
        return
    connection.close()
    raise Refused(
        f"nothing is sent to {connection.host}",
        why=f"it leads to {address}, which is no place for a registry",
        fix="correct the host in the configuration, or ask the registry's owner why it names this one",
    )


def _check_name(connection: HTTPConnection, *, loopback: bool) -> None:
    """Before the connection is made, as far as the host is an address itself."""
    try:
        ip_address(connection.host.strip("[]").partition("%")[0])
    except ValueError:
        return
    _check(connection, connection.host.strip("[]"), loopback=loopback)


def _check_peer(connection: HTTPConnection, *, loopback: bool) -> None:
    """After it is made and before anything is sent: only now it is certain where a name led."""
    if connection.sock is not None:
        _check(connection, connection.sock.getpeername()[0], loopback=loopback)


class _OwnHTTP(HTTPConnection):
    def connect(self) -> None:
        _check_name(self, loopback=True)
        super().connect()
        _check_peer(self, loopback=True)


class _OwnHTTPS(HTTPSConnection):
    def connect(self) -> None:
        _check_name(self, loopback=True)
        super().connect()
        _check_peer(self, loopback=True)


class _OtherHTTP(HTTPConnection):
    def connect(self) -> None:
        _check_name(self, loopback=False)
        super().connect()
        _check_peer(self, loopback=False)


class _OtherHTTPS(HTTPSConnection):
    def connect(self) -> None:
        _check_name(self, loopback=False)
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
