"""Webhooks of the fake GitHub: signed deliveries of what happened, in order, once each.

GitHub does not try again by itself; `redeliver` is the button for it, and keeps the delivery's id
(https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import BranchMoved, Event, PullChanged, StatusSet
from tests.fakes.git_repository import NOTHING, Commit
from tests.fakes.github_json import Json, Shapes, timestamp

_DELIVERY_SECONDS = 10
_LISTED_COMMITS = 20
_TRIES = 1_000_000
"""Room for the numbers of one webhook's tries, which no other webhook's have."""


@dataclass
class Sent:
    """One delivery: `status` is the last answer, 0 when there was none."""

    event: str
    body: bytes
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: int = 0
    repository: str = ""


@dataclass(frozen=True)
class Try:
    """One try to make a delivery, as GitHub remembers it."""

    number: int
    sent: Sent
    at: datetime
    status: int
    is_redelivery: bool


class Hooks:
    """Delivers to `url`, signed with `secret`, from a thread of its own."""

    def __init__(
        self, shapes: Shapes, url: str, secret: str, *, number: int, clock: Callable[[], datetime]
    ) -> None:
        self.url = url
        self.number = number
        self.sent: list[Sent] = []
        self.tries: list[Try] = []
        self._shapes = shapes
        self._clock = clock
        self._secret = secret.encode()
        self._queue: queue.Queue[Sent | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver_all, daemon=True)
        self._thread.start()

    def notice(self, repository: HostedRepository, event: Event) -> None:
        """Take an event of the host; it is delivered soon."""
        name, payload = self._payload(repository, event)
        self._send(repository, name, payload)

    def comment(self, repository: HostedRepository, number: int, body: str, *, by: str) -> None:
        """Tell that somebody commented on a pull request or an issue."""
        issue = {"number": number, **({"pull_request": {}} if number in repository.pulls else {})}
        comment = {"body": body, "user": self._shapes.user(by)}
        self._tell(repository, "issue_comment", {"action": "created", "issue": issue, "comment": comment}, by)

    def review(self, repository: HostedRepository, number: int, state: str, *, by: str) -> None:
        """Tell that somebody reviewed a pull request."""
        pull = repository.pull(number)
        shown = self._shapes.whole_pull(repository, pull, mergeable=None, state="unknown")
        said = {"state": state.lower(), "user": self._shapes.user(by), "commit_id": pull.head}
        payload = {"action": "submitted", "review": said, "pull_request": shown}
        self._tell(repository, "pull_request_review", payload, by)

    def _tell(self, repository: HostedRepository, name: str, payload: Json, by: str) -> None:
        common = {"repository": self._shapes.repository(repository), "sender": self._shapes.user(by)}
        self._send(repository, name, payload | common)

    def _send(self, repository: HostedRepository, name: str, payload: Json) -> None:
        delivery = Sent(name, json.dumps(payload).encode(), repository=repository.path)
        self.sent.append(delivery)
        self._queue.put(delivery)

    def redeliver(self, delivery: Sent) -> None:
        """Send a delivery again, with the same id and bytes."""
        self._queue.put(delivery)

    def settle(self) -> None:
        """Wait until everything so far was delivered."""
        self._queue.join()

    def stop(self) -> None:
        """Deliver what waits, then end."""
        self._queue.put(None)
        self._thread.join()

    def _deliver_all(self) -> None:
        while (delivery := self._queue.get()) is not None:
            delivery.status = self._deliver(delivery)
            is_again = any(each.sent is delivery for each in self.tries)
            number = self.number * _TRIES + len(self.tries) + 1
            self.tries.append(Try(number, delivery, self._clock(), delivery.status, is_again))
            self._queue.task_done()

    def _deliver(self, delivery: Sent) -> int:
        digest = hmac.new(self._secret, delivery.body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/fake",
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Delivery": delivery.id,
            "X-Hub-Signature-256": f"sha256={digest}",
        }
        request = urllib.request.Request(self.url, delivery.body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_DELIVERY_SECONDS) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def _payload(self, repository: HostedRepository, event: Event) -> tuple[str, Json]:
        common = {"repository": self._shapes.repository(repository)}
        match event:
            case BranchMoved():
                return "push", self._push(repository, event) | common
            case PullChanged():
                return "pull_request", self._pull(repository, event) | common
            case StatusSet():
                status = {"sha": event.commit, "context": event.context, "state": event.state}
                return "status", status | common | {"sender": self._shapes.user("ci")}

    def _push(self, repository: HostedRepository, event: BranchMoved) -> Json:
        git = repository.git
        is_new, is_gone = event.before == NOTHING, event.after == NOTHING
        commits: list[Json] = []
        if not is_gone:
            without = None if is_new else event.before
            commits = [
                self._commit(repository, c) for c in git.log(event.after, without=without)[-_LISTED_COMMITS:]
            ]
        is_forced = not (is_new or is_gone) and not git.contains(event.after, event.before)
        user = self._shapes.user(event.by)
        compare = f"{self._shapes.html}/{repository.path}/compare/{event.before[:12]}...{event.after[:12]}"
        return {
            "ref": f"refs/heads/{event.branch}",
            "before": event.before,
            "after": event.after,
            "created": is_new,
            "deleted": is_gone,
            "forced": is_forced,
            "base_ref": None,
            "compare": compare,
            "commits": commits,
            "head_commit": commits[-1] if commits else None,
            "pusher": {"name": event.by, "email": f"{event.by}@example.com"},
            "sender": user,
        }

    def _commit(self, repository: HostedRepository, commit: Commit) -> Json:
        first = commit.parents[0] if commit.parents else None
        changed = repository.git.changed(first, commit.sha)
        author = {"name": commit.author.name, "email": commit.author.email}
        return {
            "id": commit.sha,
            "tree_id": commit.tree,
            "distinct": True,
            "message": commit.message,
            "timestamp": timestamp(commit.when),
            "url": f"{self._shapes.html}/{repository.path}/commit/{commit.sha}",
            "author": author,
            "committer": {"name": commit.committer.name, "email": commit.committer.email},
            "added": [path for letter, path in changed if letter == "A"],
            "removed": [path for letter, path in changed if letter == "D"],
            "modified": [path for letter, path in changed if letter not in "AD"],
        }

    def _pull(self, repository: HostedRepository, event: PullChanged) -> Json:
        pull = self._shapes.whole_pull(repository, event.pull, mergeable=None, state="unknown")
        moved = {"before": event.before, "after": event.pull.head} if event.action == "synchronize" else {}
        sender = self._shapes.user(event.by)
        return {
            "action": event.action,
            "number": event.pull.number,
            "pull_request": pull,
            "sender": sender,
        } | moved
