"""A registry of one repository that wants a login, with a script of faults."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.adapters.registries.hostile import Call, Reply, Shelf, reply_json, serving
from tests.kit.images import build_image

USER = "tagboat"
PASSWORD = "canary-of-the-registry"
_BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_CHALLENGE = {"Www_Authenticate": 'Basic realm="registry"'}

Change = Callable[[Reply], Reply]


def cut(right: Reply) -> Reply:
    """End the connection without an answer."""
    raise ConnectionError("cut by the script")


def cut_short(right: Reply) -> Reply:
    """Announce more than is sent."""
    return Reply(right.status, right.body, right.headers, announced=len(right.body) + 100)


def without_digest(right: Reply) -> Reply:
    """Leave the digest header out, as some proxies do."""
    kept = {name: text for name, text in right.headers.items() if name != "Docker-Content-Digest"}
    return Reply(right.status, right.body, kept, right.announced)


def instead(reply: Reply) -> Change:
    """Answer this, whatever would be right."""
    return lambda right: reply


@dataclass
class Rule:
    """Which answers are changed, how, and how many of them are left."""

    method: str
    path: str
    change: Change
    left: int


class RegistryHost:
    """`acme/web` and what is wrong with it."""

    path = "acme/web"

    def __init__(self) -> None:
        self.host = ""
        self.calls: Sequence[Call] = ()
        self._shelf = Shelf(self.path)
        self.rules: list[Rule] = []

    def push(self, tag: str) -> str:
        """Push an image of its own under the tag, and return its digest."""
        return self._shelf.put(tag, build_image(labels={"org.opencontainers.image.version": tag}))

    def delete(self, tag: str) -> None:
        """Take the tag away."""
        del self._shelf.tags[tag]

    def breaks(self, method: str, path: str, change: Change, *, times: int = 1) -> None:
        """Let the next answers to such requests be changed; `path` is looked for in the path."""
        self.rules.append(Rule(method, path, change, times))

    def recovers(self) -> None:
        """Forget what is left of the script."""
        self.rules.clear()

    def answer(self, call: Call) -> Reply:
        """What the server says."""
        if call.authorization != _BASIC:
            return reply_json({"errors": [{"code": "UNAUTHORIZED"}]}, status=401, **_CHALLENGE)
        right = self._shelf(call)
        for rule in self.rules:
            if rule.left and rule.method == call.method and re.search(rule.path, call.path):
                rule.left -= 1
                return rule.change(right)
        return right


@contextmanager
def registry_host() -> Iterator[RegistryHost]:
    """Serve one on a free port."""
    host = RegistryHost()
    with serving(host.answer) as server:
        host.host, host.calls = server.host, server.calls
        yield host
