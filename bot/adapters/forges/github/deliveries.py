"""GitHub's own list of webhook deliveries, and the request to make one again.

https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
A token sees the webhooks of its repositories, where it has the right "Webhooks: read and write"; an App has
one webhook of its own for all repositories. GitHub keeps deliveries, and repeats them, for three days.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.login import AppCredential, TokenCredential
from bot.adapters.forges.github.transport import Answer, Transport
from bot.domain.errors import Denied, NotFound
from bot.ports import Attempt

_LISTED = 100
_MOST_PAGES = 20
_MOST_HOOKS = 512
_APP_HOOK = "app"
_HOOK = re.compile(r"(?P<repository>[^/\s]+/[^/\s]+)#(?P<number>\d+)")
_NEXT = re.compile(r'<([^<>]+)>;\s*rel="next"')


@dataclass(frozen=True, slots=True)
class _Page:
    etag: str
    attempts: tuple[Attempt, ...]
    cursor: str | None


class GitHubDeliveries:
    """Port `Redeliveries` over GitHub. `leads_here` tells whether an address is that of our endpoint.

    The first page of each list is asked for with the ETag that was seen last, so that a quiet list costs
    nothing. Meant for one thread at a time.
    """

    def __init__(
        self,
        api: GitHubApi,
        transport: Transport,
        credential: TokenCredential | AppCredential,
        *,
        leads_here: Callable[[str], bool],
    ) -> None:
        self._api = api
        self._transport = transport
        self._credential = credential
        self._leads_here = leads_here
        self._first: OrderedDict[str, _Page] = OrderedDict()

    def hooks(self, repository: str) -> Sequence[str]:
        """The active webhooks of the repository that lead here; for an App, its own."""
        if isinstance(self._credential, AppCredential):
            return (_APP_HOOK,)
        with self._right(repository):
            numbers = self._api.look(repository, "/hooks", self._ours, parameters={"per_page": _LISTED})
        return [f"{repository}#{number}" for number in numbers]

    def attempts(self, hook: str, *, since: datetime) -> Sequence[Attempt]:
        """The tries that were made at `since` or later, newest first; at most some thousands."""
        page = self._first_page(hook)
        found = list(page.attempts)
        for _ in range(_MOST_PAGES - 1):
            if page.cursor is None or not found or found[-1].at < since:
                break
            page = self._page(hook, {"cursor": page.cursor})
            found += page.attempts
        return [attempt for attempt in found if attempt.at >= since]

    def send_again(self, hook: str, attempt: Attempt) -> None:
        """Ask for one more try."""
        repository, path = _place(hook)
        where = f"{path}/deliveries/{attempt.number}/attempts"
        if isinstance(self._credential, AppCredential):
            answer = self._transport.send(self._credential.own, "POST", where)
        else:
            with self._right(repository):
                answer = self._api.attempt("POST", repository, where)
        if answer.status >= 300:
            raise self._api.failure(repository, answer)

    @contextmanager
    def _right(self, repository: str) -> Iterator[None]:
        """Say which right is missing: to who lacks it, GitHub hides webhooks or refuses them."""
        try:
            yield
        except (Denied, NotFound) as error:
            raise Denied(
                f"{self._credential.name} may not look at the webhooks of {repository}",
                why=error.why,
                fix="give it the right Webhooks: read and write, to have lost deliveries sent again",
            ) from error

    def _ours(self, hooks: Any) -> Sequence[int]:
        return [
            int(hook["id"])
            for hook in hooks
            if hook["active"] and self._leads_here(str(hook["config"]["url"]))
        ]

    def _first_page(self, hook: str) -> _Page:
        known = self._first.get(hook)
        page = self._page(hook, {}, known)
        self._first[hook] = page
        self._first.move_to_end(hook)
        while len(self._first) > _MOST_HOOKS:
            self._first.popitem(last=False)
        return page

    def _page(self, hook: str, parameters: Mapping[str, str], known: _Page | None = None) -> _Page:
        repository, path = _place(hook)
        details: dict[str, Any] = {
            "parameters": {"per_page": _LISTED, **parameters},
            "headers": {"If-None-Match": known.etag} if known and known.etag else {},
        }
        if isinstance(self._credential, AppCredential):
            answer = self._transport.send(self._credential.own, "GET", f"{path}/deliveries", **details)
        else:
            with self._right(repository):
                answer = self._api.page(repository, f"{path}/deliveries", **details)
        if answer.status == 304 and known:
            return known
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        attempts = self._api.read(repository, answer, lambda data: tuple(map(_attempt, data)))
        return _Page(answer.headers.get("etag", ""), attempts, _cursor(answer))


def _place(hook: str) -> tuple[str, str]:
    """The repository, or what stands for it in a sentence, and the path of the webhook."""
    if hook == _APP_HOOK:
        return "the App's webhook", "/app/hook"
    named = _HOOK.fullmatch(hook)
    if named is None:
        raise ValueError(f"{hook!r} is not the name of a webhook")
    return named["repository"], f"/hooks/{named['number']}"


def _attempt(item: Mapping[str, Any]) -> Attempt:
    return Attempt(
        number=int(item["id"]),
        delivery=str(item["guid"]),
        at=datetime.fromisoformat(str(item["delivered_at"])),
        succeeded=200 <= int(item["status_code"]) < 300,
    )


def _cursor(answer: Answer) -> str | None:
    """Where the next page begins, as the Link header has it."""
    following = _NEXT.search(answer.headers.get("link", ""))
    if following is None:
        return None
    return next(iter(parse_qs(urlsplit(following[1]).query).get("cursor", ())), None)
