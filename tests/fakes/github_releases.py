"""Releases on the fake GitHub, by the tags that they are published for (https://docs.github.com/rest/releases)."""

from __future__ import annotations

from tests.fakes.github_call import NOT_FOUND, Call
from tests.fakes.github_json import Json
from tests.fakes.host_call import Routes
from tests.fakes.http_host import Response

_WHEN = "2026-01-01T00:00:00Z"


def get_release(call: Call) -> Response:
    """GET …/releases/tags/{tag}"""
    tag = call["tag"]
    text = call.repository.releases.get(tag)
    return NOT_FOUND if text is None else Response(200, _release(call, tag, text))


RELEASE_ROUTES: Routes[Call] = (("GET", "/releases/tags/(?P<tag>[^/]+)", get_release),)


def _release(call: Call, tag: str, text: str) -> Json:
    url = f"{call.shapes.api}/repos/{call.repository.path}/releases/1"
    html = f"{call.shapes.html}/{call.repository.path}/releases"
    return {
        "url": url,
        "html_url": f"{html}/tag/{tag}",
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "tarball_url": None,
        "zipball_url": None,
        "id": 1,
        "node_id": "RE_1",
        "tag_name": tag,
        "target_commitish": call.repository.default_branch,
        "name": tag,
        "body": text or None,
        "draft": False,
        "prerelease": False,
        "immutable": False,
        "created_at": _WHEN,
        "published_at": _WHEN,
        "author": call.shapes.user("ada"),
        "assets": [],
    }
