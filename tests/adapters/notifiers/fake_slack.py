"""The part of Slack's API that Tagboat uses, with a script of faults, on a free port of the loopback.

Unlike the emulator it can break: before the work is done, or after it, when the answer is lost.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Json = dict[str, Any]

CHANNEL = "C0FAKE00001"


@dataclass(frozen=True)
class Answer:
    """An answer in place of the right one; `works` says whether the request is carried out all the same.

    A status of 0 cuts the connection without a word.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    works: bool = False


RIGHT = Answer(status=-1, works=True)
"""The right answer, for the calls before the one that breaks."""


def error(code: str) -> Answer:
    """Slack's way to say no."""
    return Answer(json.dumps({"ok": False, "error": code}).encode())


LOST = Answer(status=0, works=True)
"""The message is posted and the answer is lost."""


class FakeSlack:
    """One channel, `#deploys`, and what was said in it."""

    def __init__(self) -> None:
        self.messages: list[Json] = []
        self.calls: list[str] = []
        self.tokens: set[str] = set()
        self.redirected: list[str | None] = []
        self.url = ""
        self._script: list[tuple[str, Answer]] = []
        self._lock = threading.Lock()

    def will(self, method: str, *answers: Answer) -> None:
        """Answer the next calls of the method like this, one each."""
        self._script.extend((method, answer) for answer in answers)

    def will_at(self, method: str, call: int, answer: Answer) -> None:
        """Answer the call of this number (from 0) of the method like this, and the ones before it rightly."""
        self.will(method, *[RIGHT] * call, answer)

    def shown(self, message: str) -> list[str]:
        """The texts of a thread: the first message, then the replies."""
        ts = message.partition(":")[2]
        return [one["text"] for one in self.messages if ts in (one["ts"], one.get("thread_ts"))]

    def answer(self, method: str, arguments: Json) -> Answer:
        """What the server says to a call."""
        with self._lock:
            self.calls.append(method)
            scripted = next((entry for entry in self._script if entry[0] == method), None)
            if scripted is None:
                return _ok(self._methods()[method](arguments))
            self._script.remove(scripted)
            body = self._methods()[method](arguments) if scripted[1].works else {}
            return _ok(body) if scripted[1] == RIGHT else scripted[1]

    def _methods(self) -> Mapping[str, Callable[[Json], Json]]:
        return {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.getPermalink": self._permalink,
            "conversations.list": lambda arguments: _page([{"id": CHANNEL, "name": "deploys"}], "channels"),
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }

    def _post(self, arguments: Json) -> Json:
        if arguments["channel"] not in ("#deploys", "deploys", CHANNEL):
            return {"ok": False, "error": "channel_not_found"}
        ts = f"1700000000.{len(self.messages):06}"
        self.messages.append({"ts": ts, **arguments})
        return {"channel": CHANNEL, "ts": ts}

    def _update(self, arguments: Json) -> Json:
        found = [one for one in self.messages if one["ts"] == arguments["ts"]]
        if not found:
            return {"ok": False, "error": "message_not_found"}
        found[0].update(arguments)
        return {"channel": CHANNEL, "ts": arguments["ts"]}

    def _permalink(self, arguments: Json) -> Json:
        ts = arguments["message_ts"]
        if not any(one["ts"] == ts for one in self.messages):
            return {"ok": False, "error": "message_not_found"}
        address = f"https://acme.slack.com/archives/{CHANNEL}/p{ts.replace('.', '')}"
        return {"channel": CHANNEL, "permalink": address}

    def _history(self, arguments: Json) -> Json:
        roots = [one for one in self.messages if "thread_ts" not in one]
        return self._some(arguments, list(reversed(roots)))

    def _replies(self, arguments: Json) -> Json:
        ts = arguments["ts"]
        return self._some(
            arguments, [one for one in self.messages if ts in (one["ts"], one.get("thread_ts"))]
        )

    def _some(self, arguments: Json, messages: list[Json]) -> Json:
        if arguments.get("channel") != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        if arguments.get("include_all_metadata") != "1":
            messages = [{k: v for k, v in one.items() if k != "metadata"} for one in messages]
        start, size = int(arguments.get("cursor") or 0), int(arguments["limit"])
        following = str(start + size) if start + size < len(messages) else ""
        return _page(messages[start : start + size], "messages", following)


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """Run a fake on a free port until the block is left."""
    slack = FakeSlack()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            slack.tokens.add(self.headers["Authorization"])
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(
                slack.answer(self.path.rpartition("/")[2], _arguments(self.headers["Content-Type"], raw))
            )

        def do_GET(self) -> None:
            """The one method that is asked so, and where a redirect leads."""
            path, _, query = self.path.partition("?")
            if path != "/api/chat.getPermalink":
                slack.redirected.append(self.headers["Authorization"])
                self.send_error(404)
                return
            slack.tokens.add(self.headers["Authorization"])
            self._say(slack.answer(path.rpartition("/")[2], _arguments("", query)))

        def _say(self, answer: Answer) -> None:
            if answer.status == 0:
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack.url = f"http://127.0.0.1:{server.server_port}/api/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _arguments(content_type: str, raw: str) -> Json:
    if content_type.startswith("application/json"):
        arguments: Json = json.loads(raw)
        return arguments
    return {name: values[0] for name, values in parse_qs(raw).items()}


def _page(items: list[Json], name: str, cursor: str = "") -> Json:
    return {name: items, "response_metadata": {"next_cursor": cursor}}


def _ok(body: Json) -> Answer:
    return Answer(json.dumps({"ok": True, **body}).encode())
