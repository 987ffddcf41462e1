"""Webhooks and their deliveries in the REST API of the fake GitHub.

https://docs.github.com/rest/repos/webhooks: newest first, in pages by a cursor, and sent again on request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.fakes.github_call import NOT_FOUND, refused
from tests.fakes.github_hooks import Hooks, Try
from tests.fakes.github_json import Json, account_id, timestamp
from tests.fakes.http_host import Request, Response

_PER_PAGE, _MOST_PER_PAGE = 30, 100
_PATH = re.compile(r"(?:/hooks/(?P<hook>\d+))?/deliveries(?:/(?P<number>\d+)/attempts)?")


def answer_of_repository(
    hooks: Sequence[Hooks], request: Request, api: str, repository: str, rest: str
) -> Response:
    """What `/repos/OWNER/NAME/hooks…` answers; every webhook of the fake is one of every repository."""
    if request.method == "GET" and rest == "/hooks":
        return Response(200, [_hook(each, api, repository) for each in hooks])
    asked = _PATH.fullmatch(rest)
    hook = next((each for each in hooks if asked and str(each.number) == asked["hook"]), None)
    if asked is None or hook is None:
        return NOT_FOUND
    tries = [each for each in hook.tries if each.sent.repository == repository]
    return _deliveries(hook, tries, request, api, asked["number"])


def answer_of_app(hooks: Sequence[Hooks], request: Request, api: str, rest: str) -> Response:
    """What `/app/hook/deliveries…` answers: an App has one webhook, for all its repositories."""
    asked = _PATH.fullmatch(rest)
    if asked is None or asked["hook"] or not hooks:
        return NOT_FOUND
    return _deliveries(hooks[0], hooks[0].tries, request, api, asked["number"])


def _deliveries(
    hook: Hooks, tries: Sequence[Try], request: Request, api: str, number: str | None
) -> Response:
    if request.method == "GET" and number is None:
        return _page(tries, request, api)
    known = next((each for each in tries if str(each.number) == number), None)
    if request.method != "POST":
        return NOT_FOUND
    if known is None:
        return refused(422, "Validation Failed")
    hook.redeliver(known.sent)
    return Response(202, {})


def _page(tries: Sequence[Try], request: Request, api: str) -> Response:
    size = min(int(request.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
    newest_first = sorted(tries, key=lambda each: -each.number)
    begin = 0
    if cursor := request.query.get("cursor"):
        found = [index for index, each in enumerate(newest_first) if f"v1_{each.number}" == cursor]
        if not found:
            return refused(422, "Invalid cursor")
        begin = found[0]
    page, rest = newest_first[begin : begin + size], newest_first[begin + size :]
    link = f'<{api}{request.path}?per_page={size}&cursor=v1_{rest[0].number}>; rel="next"' if rest else ""
    return Response(200, [_item(each) for each in page], {"Link": link} if link else {})


def _item(each: Try) -> Json:
    return {
        "id": each.number,
        "guid": each.sent.id,
        "delivered_at": timestamp(each.at),
        "redelivery": each.is_redelivery,
        "duration": 0.03,
        "status": "OK" if 200 <= each.status < 300 else "failed to connect",
        "status_code": each.status,
        "event": each.sent.event,
        "action": None,
        "installation_id": None,
        "repository_id": account_id(each.sent.repository),
        "throttled_at": None,
    }


def _hook(hook: Hooks, api: str, repository: str) -> Json:
    url = f"{api}/repos/{repository}/hooks/{hook.number}"
    return {
        "type": "Repository",
        "id": hook.number,
        "name": "web",
        "active": True,
        "events": ["*"],
        "config": {"url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"},
        "updated_at": "2026-01-01T00:00:00Z",
        "created_at": "2026-01-01T00:00:00Z",
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }
