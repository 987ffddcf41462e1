"""What the fake GitHub knows beside a pull request: reviews, check runs, auto-merge and merge queues.

    github.consent.review(infra, 1, "APPROVED", by="grace")
    github.consent.report(infra, head, "build", "success")       # None: it still runs
    github.consent.queues.add(infra.path)                        # merges go through a queue
    github.consent.drain(infra)                                  # the queue merges what it holds

What GitHub does by itself, it has done by the next request (`settle`).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import HUMAN, Pull
from tests.fakes.github_call import WEB, Call
from tests.fakes.github_json import Json, timestamp
from tests.fakes.host_call import Routes
from tests.fakes.http_host import Response

QUEUE = "github-merge-queue"
_READY = frozenset({"clean", "unstable"})


@dataclass(frozen=True, slots=True)
class Said:
    """One reviewer's last opinion, and the commit that it was given at."""

    by: str
    state: str
    commit: str
    may_push: bool = True


@dataclass(frozen=True, slots=True)
class Armed:
    """What GitHub was asked to merge by itself, how, and by whom."""

    method: str
    message: str
    by: str


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run of a check; without a conclusion it still runs."""

    id: int
    name: str
    conclusion: str | None
    app: str


@dataclass
class Standing:
    """One pull request's."""

    reviews: dict[str, Said] = field(default_factory=dict)
    armed: Armed | None = None
    events: list[Json] = field(default_factory=list)


class Consent:
    """All of a fake GitHub's."""

    def __init__(self, host: GitHost) -> None:
        self._host = host
        self.queues: set[str] = set()
        self.queued: list[tuple[HostedRepository, int]] = []
        self.allows_auto_merge = True
        self._standings: dict[tuple[str, int], Standing] = {}
        self._runs: dict[tuple[str, str], list[CheckRun]] = {}

    def of(self, repository: HostedRepository, number: int) -> Standing:
        """One pull request's."""
        return self._standings.setdefault((repository.path, number), Standing())

    def review(
        self,
        repository: HostedRepository,
        number: int,
        state: str,
        *,
        by: str = HUMAN,
        may_push: bool = True,
    ) -> None:
        """Say `APPROVED`, `CHANGES_REQUESTED` or, of an earlier word, `DISMISSED`."""
        said = Said(by, state, repository.pull(number).head, may_push)
        self.of(repository, number).reviews[by] = said
        if state == "APPROVED" and may_push:
            repository.approve(number, by=by)

    def report(
        self,
        repository: HostedRepository,
        commit: str,
        name: str,
        conclusion: str | None,
        *,
        app: str = "actions",
    ) -> None:
        """A check begins to run, or ends."""
        run = CheckRun(self._host.next_id(), name, conclusion, app)
        self._runs.setdefault((repository.path, commit), []).append(run)

    def runs(self, repository: HostedRepository, commit: str) -> Sequence[CheckRun]:
        """The check runs of a commit, each that there ever was."""
        return self._runs.get((repository.path, commit), [])

    def arm(self, repository: HostedRepository, number: int, armed: Armed) -> None:
        """Turn on auto-merge."""
        standing = self.of(repository, number)
        standing.armed = armed
        repository.pull(number).armed_by = armed.by
        self._happened(standing, "AutoMergeEnabledEvent", armed.by)

    def disarm(self, repository: HostedRepository, number: int, *, by: str = HUMAN, reason: str = "") -> None:
        """Turn off auto-merge."""
        standing = self.of(repository, number)
        standing.armed = None
        repository.pull(number).armed_by = ""
        self._happened(standing, "AutoMergeDisabledEvent", by, reason)

    def enqueue(self, repository: HostedRepository, number: int, *, by: str) -> None:
        """Put it at the end of the merge queue."""
        self.queued.append((repository, number))
        self._happened(self.of(repository, number), "AddedToMergeQueueEvent", by)

    def dequeue(
        self, repository: HostedRepository, number: int, *, by: str = QUEUE, reason: str = "FAILED_CHECKS"
    ) -> None:
        """Take it out of the merge queue."""
        self.queued.remove((repository, number))
        self._happened(self.of(repository, number), "RemovedFromMergeQueueEvent", by, reason)

    def place(self, repository: HostedRepository, number: int) -> int | None:
        """Its place in the queue, from 1."""
        return self.queued.index((repository, number)) + 1 if (repository, number) in self.queued else None

    def drain(self, repository: HostedRepository) -> None:
        """Let the queue merge all that it holds, as squashes."""
        for queued, number in [each for each in self.queued if each[0] is repository]:
            self.queued.remove((queued, number))
            queued.merge_pull(number, method="squash", message="By the queue", by=QUEUE, committer=WEB)

    def settle(self) -> None:
        """Merge, or put into the queue, what was armed and may be merged by now."""
        for (path, number), standing in list(self._standings.items()):
            armed, repository = standing.armed, self._host.repository(path)
            pull = repository.pull(number)
            if armed is None or pull.state != "open" or not self.is_ready(repository, pull):
                continue
            standing.armed, pull.armed_by = None, ""
            if path in self.queues:
                self.enqueue(repository, number, by=armed.by)
                continue
            repository.merge_pull(
                number, method=armed.method, message=armed.message, by=armed.by, committer=WEB
            )

    def is_ready(self, repository: HostedRepository, pull: Pull) -> bool:
        """Whether it may be merged at once."""
        return repository.mergeability(pull).state in _READY

    def _happened(self, standing: Standing, kind: str, by: str, reason: str = "") -> None:
        event: Json = {"__typename": kind, "createdAt": timestamp(self._host.now())}
        if kind in {"AutoMergeDisabledEvent", "RemovedFromMergeQueueEvent"}:
            event |= {"reason": reason or None, "actor": actor(by)}
        standing.events.append(event)


def actor(login: str) -> Json:
    """An account as the GraphQL API names it: without the suffix that the REST API gives to bots."""
    name = login.removesuffix("[bot]")
    return {"__typename": "Bot" if login != name or name == QUEUE else "User", "login": name}


def check_routes(consent: Consent) -> Routes[Call]:
    """The addresses of the REST API that tell of checks."""

    def get_runs(call: Call) -> Response:
        """GET …/commits/{ref}/check-runs: of each App and name the latest, as by `filter=latest`."""
        latest = {(run.app, run.name): run for run in consent.runs(call.repository, call["commit"])}
        page = call.page([_run(call, run) for run in latest.values()])
        return Response(200, {"total_count": len(latest), "check_runs": page.data})

    def get_status(call: Call) -> Response:
        """GET …/commits/{ref}/status: of each context the latest."""
        statuses = call.repository.statuses.get(call["commit"], {})
        page = call.page([_status(call, at, *each) for at, each in enumerate(sorted(statuses.items()))])
        url = f"{call.shapes.api}/repos/{call.repository.path}/commits/{call['commit']}"
        return Response(
            200,
            {
                "state": "success" if set(statuses.values()) <= {"success"} else "pending",
                "statuses": page.data,
                "sha": call["commit"],
                "total_count": len(statuses),
                "repository": call.shapes.repository(call.repository),
                "commit_url": url,
                "url": f"{url}/status",
            },
        )

    return (
        ("GET", r"/commits/(?P<commit>[0-9a-f]{40})/check-runs", get_runs),
        ("GET", r"/commits/(?P<commit>[0-9a-f]{40})/status", get_status),
    )


def _run(call: Call, run: CheckRun) -> Json:
    url = f"{call.shapes.api}/repos/{call.repository.path}/check-runs/{run.id}"
    return {
        "id": run.id,
        "node_id": f"CR_{run.id}",
        "head_sha": call["commit"],
        "external_id": "",
        "url": url,
        "html_url": url,
        "details_url": url,
        "status": "completed" if run.conclusion else "in_progress",
        "conclusion": run.conclusion,
        "started_at": "2026-01-01T00:00:00Z",
        "completed_at": "2026-01-01T00:00:00Z" if run.conclusion else None,
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "name": run.name,
        "check_suite": {"id": 1},
        "app": _app(call, run.app),
        "pull_requests": [],
    }


def _app(call: Call, slug: str) -> Json:
    url = f"{call.shapes.html}/apps/{slug}"
    return {
        "id": zlib.crc32(slug.encode()),
        "slug": slug,
        "node_id": f"A_{slug}",
        "owner": call.shapes.user(slug),
        "name": slug,
        "description": None,
        "external_url": url,
        "html_url": url,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": {"checks": "write"},
        "events": [],
    }


def _status(call: Call, at: int, context: str, state: str) -> Json:
    url = f"{call.shapes.api}/repos/{call.repository.path}/statuses/{call['commit']}"
    return {
        "id": at + 1,
        "node_id": f"SC_{at + 1}",
        "url": url,
        "avatar_url": None,
        "state": state,
        "description": None,
        "target_url": None,
        "context": context,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
