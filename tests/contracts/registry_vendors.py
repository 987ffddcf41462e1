"""How the registries that people use differ on the wire, as their documents and users tell: one row each.

Every row is served by a small fake that keeps the row's word: it wants the login in the vendor's way, cuts
lists as the vendor does, and names the next page as the vendor does.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.adapters.registries.hostile import Call, Reply, Shelf, missing, reply_json

USER, PASSWORD = "robot$acme", "canary-of-the-vendor"
_BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_TOKEN = "granted-by-the-token-server"

Link = Callable[[str, str, int], str]
"""Target of the next page, by host, last tag and page size."""


@dataclass(frozen=True)
class Vendor:
    """One registry product. `path` is the repository, `base` what its API's path begins with."""

    name: str
    path: str = "acme/web"
    base: str = ""
    realm: str = ""
    """Where tokens are given; empty: HTTP basic."""
    most: int | None = None
    """Tags on a page; None: all of them, whatever was asked for."""
    refuses_over: int | None = None
    """The page size over which a request is refused, with status 400 unless `refusal` says otherwise."""
    refusal: int = 400
    link: Link | None = None
    repeats_last_page: bool = False
    tells_digests: bool = False
    etag: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def _relative(path: str, rest: str = "") -> Link:
    return lambda host, last, size: f"/v2/{path}/tags/list?last={quote(last)}&n={size}{rest}"


def _absolute(path: str) -> Link:
    return lambda host, last, size: f"http://{host}/v2/{path}/tags/list?n={size}&last={quote(last)}"


_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}

VENDORS: Sequence[Vendor] = (
    # Ignores `n` and has no next page: distribution 2.8 and before.
    Vendor("distribution-2.8", headers=_VERSION),
    # https://distribution.github.io/distribution/about/configuration/#tags: more than maxtags is refused.
    Vendor("distribution-3", most=2, refuses_over=100, link=_relative("acme/web"), headers=_VERSION),
    Vendor("ghcr", realm="/token", most=2, link=_relative("acme/web")),
    # ListImages takes 1,000 at most; more is refused with 405, as Renovate's users found.
    Vendor(
        "ecr",
        most=2,
        refuses_over=1000,
        refusal=405,
        link=lambda host, last, size: f"http://{host}/v2/acme/web/tags/list?n={size}&last={quote(last)}",
    ),
    Vendor(
        "quay",
        realm="/v2/auth",
        most=2,
        repeats_last_page=True,
        link=lambda host, last, size: f"/v2/acme/web/tags/list?n={size}&next_page={quote(last)}",
    ),
    Vendor("harbor", realm="/service/token", most=2, link=_relative("acme/web"), headers=_VERSION),
    Vendor(
        "gitlab", path="group/project/web", realm="/jwt/auth", most=2, link=_relative("group/project/web")
    ),
    Vendor("gitea", realm="/v2/token", most=2, link=_relative("acme/web"), headers=_VERSION),
    # Everything at once, with what each manifest is.
    Vendor("gar", path="project/repository/web", realm="/v2/token", tells_digests=True),
    # https://learn.microsoft.com/rest/api/containerregistry: `orderby` stands empty in its links.
    Vendor("acr", realm="/oauth2/token", most=2, link=_relative("acme/web", "&orderby=")),
    # RTFACT-18971: the link leaves out the repository that the path begins with.
    Vendor(
        "artifactory",
        path="docker-virtual/acme/web",
        most=2,
        link=_relative("acme/web"),
        headers={"X-JFrog-Version": "Artifactory/7.46.11", **_VERSION},
    ),
    Vendor(
        "artifactory-api",
        base="/artifactory/api/docker/docker-local",
        most=2,
        link=_relative("acme/web"),
        headers={"X-JFrog-Version": "Artifactory/7.46.11"},
    ),
    Vendor("nexus", base="/repository/docker-hosted"),
    # https://github.com/sonatype/nexus-public/issues/1011: a connector names a path that it does not serve.
    Vendor(
        "nexus-connector",
        most=2,
        link=lambda host, last, size: (
            f"http://{host}/repository/docker-proxy/v2/acme/web/tags/list?n={size}&last={quote(last)}"
        ),
    ),
    # A group cuts the list and says nothing of it: https://github.com/sonatype/nexus-public/issues/117.
    Vendor("nexus-group", most=1000),
    # Nobody in particular: lists that carry a validator.
    Vendor("with-etag", etag=True),
)


class VendorHost:
    """The fake of one vendor."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.shelf = Shelf(vendor.path)

    def __call__(self, call: Call) -> Reply:
        vendor, host = self.vendor, call.headers["Host"]
        if vendor.realm and call.path == vendor.realm:
            return self._token(call)
        if call.authorization != (f"Bearer {_TOKEN}" if vendor.realm else _BASIC):
            scope = f"repository:{vendor.path}:pull"
            challenge = (
                f'Bearer realm="http://{host}{vendor.realm}",service="{vendor.name}",scope="{scope}"'
                if vendor.realm
                else f'Basic realm="{vendor.name}"'
            )
            return reply_json({"errors": [{"code": "UNAUTHORIZED"}]}, status=401, Www_Authenticate=challenge)
        if not call.path.startswith(f"{vendor.base}/v2/"):
            return missing()
        inner = Call(call.method, call.target.removeprefix(vendor.base), call.headers)
        reply = self._answer(inner)
        return Reply(reply.status, reply.body, {**reply.headers, **vendor.headers})

    def _answer(self, call: Call) -> Reply:
        if call.path != f"/v2/{self.vendor.path}/tags/list" or not self.shelf.tags:
            return self.shelf(call)
        query = dict(call.query)
        asked = int(query.get("n", "0")) or None
        if asked and self.vendor.refuses_over and asked > self.vendor.refuses_over:
            return reply_json({"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]}, status=self.vendor.refusal)
        return self._page(call, query, asked)

    def _page(self, call: Call, query: Mapping[str, str], asked: int | None) -> Reply:
        vendor = self.vendor
        tags = sorted(self.shelf.tags)
        last = query.get("last") or query.get("next_page") or ""
        size = min(asked or len(tags), vendor.most or len(tags))
        left = [tag for tag in tags if tag > last] if vendor.most else tags
        page, rest = left[:size], left[size:]
        if vendor.repeats_last_page and not page:
            page = tags[-size:]
        # Quay names a next page even on the last one, which then holds the same once more.
        goes_on = rest or (vendor.repeats_last_page and left)
        headers: dict[str, str] = {}
        if vendor.link and goes_on:
            headers["Link"] = f'<{vendor.link(call.headers["Host"], page[-1], size)}>; rel="next"'
        if vendor.etag:
            headers["Etag"] = f'"{"-".join(tags)}"'
            if call.headers.get("If-None-Match") == headers["Etag"]:
                return Reply(304, b"", headers)
        right = reply_json({"name": vendor.path, "tags": page} | self._manifests())
        return Reply(200, right.body, {**right.headers, **headers})

    def _manifests(self) -> dict[str, object]:
        if not self.vendor.tells_digests:
            return {}
        told: dict[str, dict[str, object]] = {}
        for tag, digest in self.shelf.tags.items():
            entry = told.setdefault(digest, {"mediaType": "", "timeUploadedMs": "1767225600000", "tag": []})
            names = entry["tag"]
            assert isinstance(names, list)
            names.append(tag)
        return {"child": [], "manifest": told}

    def _token(self, call: Call) -> Reply:
        if call.authorization != _BASIC:
            return reply_json({"errors": [{"code": "DENIED"}]}, status=401)
        return reply_json({"token": _TOKEN, "expires_in": 300})
