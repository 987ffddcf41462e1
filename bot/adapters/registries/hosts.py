"""Which hosts are spoken to, and which of them may see a login.

A registry's answers name other hosts: where tokens are given, where blobs are stored, where the next page
is. None of them is trusted for being named; `pools` holds every connection against these rules by the address
that it really reached.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv6Address, IPv6Network, ip_address

from bot.domain.loopback import is_loopback

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


def is_forbidden(address: str, *, loopback: bool) -> bool:
    """Tell whether an IP address is closed to us: link-local, metadata, or loopback unless allowed."""
    ip = ip_address(address.partition("%")[0].strip("[]"))
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or (ip_address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)
    return ip.is_link_local or ip in _METADATA or (ip.is_loopback and not loopback)


def is_loopback_name(host: str) -> bool:
    """Tell whether the host names this very machine: `localhost`, or a loopback address."""
    return host.endswith(".localhost") or is_loopback(host.strip("[]"))


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
