"""slack_sdk's client, bounded: how much of an answer is read, for how long, and where the token goes."""

from __future__ import annotations

import time
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import BaseHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from slack_sdk import WebClient

from bot.domain.errors import Unreachable

_LARGEST: Final = 8 * 1024 * 1024
_LONGEST_SECONDS: Final = 60.0
_CHUNK: Final = 64 * 1024


class BoundedClient(WebClient):
    """The SDK's client, which by itself reads what comes, for as long as something comes.

    A redirect never takes the token along to another host.
    """

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """One exchange in the form that the SDK wants; the proxy is the one that it found.

        Raises:
            Unreachable: the answer is larger than 8 MiB, or takes more than a minute.
        """
        del url
        if token := req.headers.pop("Authorization", None):
            req.add_unredirected_header("Authorization", token)
        handlers: list[BaseHandler] = [HTTPSHandler(context=self.ssl)]
        if self.proxy:
            handlers.append(ProxyHandler({"http": self.proxy, "https": self.proxy}))
        try:
            answer = build_opener(*handlers).open(req, timeout=self.timeout)
        except HTTPError as error:  # an answer too: the SDK tells them by their status
            answer = error
        with answer:
            return {"status": answer.code, "headers": answer.headers, "body": _bounded(answer).decode()}


def _bounded(answer: Any) -> bytes:
    deadline = time.monotonic() + _LONGEST_SECONDS
    body = bytearray()
    # `read1` gives what is there; `read` would wait for a whole chunk, drop by drop.
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > _LARGEST:
            raise Unreachable(
                "Slack has a fault of its own", why=f"it answers with more than {_LARGEST} bytes"
            )
        if time.monotonic() > deadline:
            raise Unreachable("Slack is too slow", why=f"one answer took over {_LONGEST_SECONDS:.0f} s")
    return bytes(body)
