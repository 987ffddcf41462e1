"""HTTP to one GitLab through python-gitlab: login, connections, retries and limits.

Only python-gitlab's `http_request` is used, not its objects: those ask for more than was said, and show no
headers. It may neither wait for a limit nor repeat a request; reads are repeated below it, within seconds.
What an answer means is said in `api`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import gitlab
import requests

from bot.adapters.forges.bounded import BoundedAdapter
from bot.adapters.forges.rest import (
    UNNAMED_WAIT,
    Slowdown,
    decoded,
    named_wait,
    own_words,
    private_host,
    require_unbroken,
)

PUBLIC_URL = "https://gitlab.com"

_USER_AGENT = "Tagboat"


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitLab answered: `data` is decoded JSON, None where there was none.

    `next_page` is what GitLab says of a list: the number of its next page, empty on the last; None where it
    says nothing.
    """

    status: int
    data: Any
    next_page: str | None = None

    @property
    def message(self) -> str:
        """GitLab's own words on what went wrong, on one line."""
        data = self.data if isinstance(self.data, dict) else {}
        texts = [*_texts(data.get("message")), *_texts(data.get("error"))]
        said = "; ".join(text.strip().rstrip(".") for text in texts[:5] if text.strip())
        return " ".join(said.split())[:300] or f"HTTP {self.status}"


class Transport:
    """Requests to the GitLab at `url`, which may have a path; safe to share between threads.

    Raises:
        Refused: the address is no HTTPS address; a token never travels in the clear.
    """

    def __init__(self, url: str, token: str, *, ca_bundle: str | None, timeout_seconds: int) -> None:
        self.host = private_host(url, what="a GitLab", example=f"{PUBLIC_URL} or https://HOST")
        self._who = f"GitLab at {self.host}"
        self._graphql = f"{url.rstrip('/')}/api/graphql"
        self._token = token
        self._options: dict[str, Any] = {
            "url": url.rstrip("/"),
            "ssl_verify": ca_bundle or True,
            "timeout": timeout_seconds,
            "user_agent": _USER_AGENT,
            "retry_transient_errors": False,
        }
        self._own = threading.local()
        self._sessions: WeakSet[_Session] = WeakSet()
        self._lock = threading.Lock()
        self._slowdown = Slowdown(self._who)

    def send(
        self,
        verb: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask once and give the answer, refusals too; only reads are asked again when the other side fails.

        Raises:
            Unreachable: no answer came, or a fault of GitLab's own (5xx).
            Limited: GitLab asked to slow down, now or a moment ago.
            Refused: the answer is larger than Tagboat reads.
        """
        self._slowdown.require_over()
        with own_words(self._who):
            response = self._response(verb, path, dict(parameters or {}), dict(body) if body else None)
        require_unbroken(self._who, response.status_code)
        if response.status_code == 429:
            # https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
            raise self._slowdown.begin(named_wait(response.headers) or UNNAMED_WAIT)
        return Answer(
            response.status_code, decoded(response.content), next_page=response.headers.get("x-next-page")
        )

    def ask_graphql(self, query: str, variables: Mapping[str, object]) -> Answer:
        """Put a question to the GraphQL API, once; raises what `send` does."""
        return self.send("post", self._graphql, body={"query": query, "variables": dict(variables)})

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def _response(
        self, verb: str, path: str, parameters: dict[str, Any], body: dict[str, Any] | None
    ) -> requests.Response:
        client, session = self._client()
        try:
            return client.http_request(
                verb, path, query_data=parameters, post_data=body, obey_rate_limit=False, max_retries=0
            )
        except gitlab.exceptions.GitlabError:
            # The vendor's error lacks the headers; what came is kept by the session.
            if session.received is None:
                raise
            return session.received

    def _client(self) -> tuple[gitlab.Gitlab, _Session]:
        """This thread's own client: a session of requests is not made for several."""
        own: tuple[gitlab.Gitlab, _Session] | None = getattr(self._own, "client", None)
        if own is None:
            session = _Session(self._who)
            client = gitlab.Gitlab(private_token=self._token, session=session, **self._options)
            own = self._own.client = (client, session)
            with self._lock:
                self._sessions.add(session)
        return own


class _Session(requests.Session):
    """One thread's connections; `received` is the last answer, whole.

    Redirects are not followed: requests would show a token in `PRIVATE-TOKEN` to whatever host they name.
    """

    def __init__(self, host: str) -> None:
        super().__init__()
        self.received: requests.Response | None = None
        for scheme in ("https://", "http://"):
            self.mount(scheme, BoundedAdapter(host))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - requests calls it so
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.received = None
        self.received = response = super().send(request, **kwargs)
        return response


def _texts(said: Any) -> list[str]:
    """GitLab says what is wrong as a text, as a list, or by field."""
    if isinstance(said, str):
        return [said]
    if isinstance(said, list):
        return [str(each) for each in said[:5] if isinstance(each, str | int)]
    if isinstance(said, dict):
        return [f"{key} {text}" for key, value in list(said.items())[:5] for text in _texts(value)]
    return []
