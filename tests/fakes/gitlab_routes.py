"""What the addresses of projects and merge requests do on the fake, with GitLab's statuses and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import ExistsError, HeadMovedError, MissingError, NotMergeableError, Pull
from tests.fakes.git_repository import Person
from tests.fakes.gitlab_consent import Consent
from tests.fakes.gitlab_json import Json, Noted, Shapes, account_id
from tests.fakes.host_call import HostCall, Route, Routes, route_among
from tests.fakes.http_host import Response

MEMBERS = frozenset({"ada", "grace"})
STRANGERS = frozenset({"mallory"})
_PER_PAGE, _MOST_PER_PAGE = 20, 100


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is."""

    name: str
    can_write: bool = True

    @property
    def person(self) -> Person:
        """The name in commits that this account makes."""
        return Person(self.name, f"{self.name}@users.noreply.gitlab.example.com")


@dataclass
class Ways:
    """How the project merges (`merge` or `ff`), what was squashed, and whose status is not known at first."""

    method: str = "merge"
    squashed: set[tuple[str, int]] | None = None
    late: set[tuple[int, str]] | None = None
    protected: set[str] = field(default_factory=set)
    """Branches that nobody commits to without a merge request."""

    def has_squashed(self, repository: HostedRepository, pull: Pull) -> bool:
        """Whether its commits became one."""
        return (repository.path, pull.number) in (self.squashed or set())

    def is_unjudged(self, pull: Pull) -> bool:
        """Whether the status of its head is late, and nobody asked for it yet."""
        return pull.state == "open" and self.late is not None and (pull.number, pull.head) not in self.late

    def judge(self, pull: Pull) -> None:
        """Let the status of its head be known from now on."""
        assert self.late is not None
        self.late.add((pull.number, pull.head))


@dataclass(frozen=True, slots=True)
class Call(HostCall):
    """With who asks, what the fake keeps, and how it shows it."""

    account: Account
    shapes: Shapes
    ways: Ways
    consent: Consent

    @property
    def pull(self) -> Pull:
        """The merge request that the address names."""
        try:
            return self.repository.pull(int(self["iid"]))
        except MissingError as error:
            raise MissingError("404 Not found") from error

    def page(self, items: Sequence[Json]) -> Response:
        """The page of a list that was asked for, and which one is next."""
        size = min(int(self.request.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
        number = int(self.request.query.get("page", 1))
        begin = (number - 1) * size
        following = str(number + 1) if begin + size < len(items) else ""
        return Response(200, list(items[begin : begin + size]), {"X-Next-Page": following})


def refused(status: int, message: object) -> Response:
    """An error as GitLab writes it."""
    return Response(status, {"message": message})


def get_project(call: Call) -> Response:
    """GET /projects/:id"""
    return Response(200, call.shapes.project(call.repository))


def get_merge_requests(call: Call) -> Response:
    """GET …/merge_requests: a fork's branch of the same name counts too."""
    query = call.request.query
    state = query.get("state", "all")
    found = [
        pull
        for pull in sorted(call.repository.pulls.values(), key=lambda pull: -pull.number)
        if query.get("source_branch", pull.branch) == pull.branch
        and state in {"all", {"open": "opened"}.get(pull.state, pull.state)}
    ]
    return call.page([_shown(call, pull) for pull in found])


def post_merge_request(call: Call) -> Response:
    """POST …/merge_requests: GitLab takes one that holds nothing."""
    body = call.body
    source, target = str(body["source_branch"]), str(body["target_branch"])
    title, text = str(body["title"]), str(body.get("description") or "")
    try:
        pull = call.repository.open_pull(
            call.repository, source, target, title=title, body=text, by=call.account.name, may_be_empty=True
        )
    except MissingError as error:
        return refused(422, {"base": [f"{error} does not exist"]})
    except ExistsError:
        number = next(
            p.number for p in call.repository.pulls_of(call.repository, source) if p.state == "open"
        )
        return refused(409, [f"Another open merge request already exists for this source branch: !{number}"])
    pull.is_draft = title.startswith("Draft:")
    return Response(201, _shown(call, pull))


def get_merge_request(call: Call) -> Response:
    """GET …/merge_requests/:iid"""
    return Response(200, _shown(call, call.pull))


def put_merge_request(call: Call) -> Response:
    """PUT …/merge_requests/:iid"""
    number, body, by = call.pull.number, call.body, call.account.name
    if {"title", "description"} & body.keys():
        call.repository.edit_pull(number, title=body.get("title"), body=body.get("description"), by=by)
    if body.get("state_event") == "close":
        call.repository.close_pull(number, by=by)
    _describe(call.repository, call.pull, body)
    return Response(200, _shown(call, call.repository.pull(number)))


def _describe(repository: HostedRepository, pull: Pull, body: Json) -> None:
    """Lists of people replace what was there; those without access are left out in silence."""
    people = {account_id(name): name for name in MEMBERS}
    if "add_labels" in body:
        pull.labels += [name for name in map(str, body["add_labels"]) if name not in pull.labels]
    if "assignee_ids" in body:
        pull.assignees = {people[number] for number in body["assignee_ids"] if number in people}
    if "reviewer_ids" in body:
        pull.reviewers = {people[number] for number in body["reviewer_ids"] if number in people}
    if "milestone_id" in body:
        pull.milestone = repository.milestones[int(body["milestone_id"]) - 100]


def get_milestones(call: Call) -> Response:
    """GET …/milestones"""
    query = call.request.query
    found = [
        {"id": 100 + place, "iid": place + 1, "title": title}
        for place, title in enumerate(call.repository.milestones)
    ]
    wanted = (query.get("title"), query.get("iids[]"))
    return call.page([each for each in found if each["title"] == wanted[0] or str(each["iid"]) == wanted[1]])


def merge(call: Call) -> Response:
    """PUT …/merge_requests/:iid/merge"""
    pull, body = call.pull, call.body
    status = _status(call, pull)
    if body.get("sha") not in (None, pull.head):
        return refused(409, f"SHA does not match HEAD of source branch: {pull.head}")
    if body.get("auto_merge") and status in {"ci_must_pass", "ci_still_running", "not_approved"}:
        call.consent.arm(call.repository, pull, by=call.account.name)
        return Response(200, _shown(call, pull))
    if pull.state != "open" or status in {"checking", "ci_must_pass", "not_approved", "requested_changes"}:
        return refused(405, "405 Method Not Allowed")
    squash = bool(body.get("squash"))
    message = str(body.get("squash_commit_message" if squash else "merge_commit_message") or "")
    try:
        call.repository.merge_pull(
            pull.number,
            method="squash" if squash else call.ways.method,
            message=message or f"Merge branch '{pull.branch}' into '{pull.base}'",
            expected_head=body.get("sha"),
            by=call.account.name,
            committer=call.account.person,
        )
    except (HeadMovedError, NotMergeableError):
        return refused(422, "Branch cannot be merged")
    if squash:
        call.ways.squashed = (call.ways.squashed or set()) | {(call.repository.path, pull.number)}
    return Response(200, _shown(call, pull))


def cancel_merge(call: Call) -> Response:
    """POST …/merge_requests/:iid/cancel_merge_when_pipeline_succeeds"""
    if call.pull.state != "open":
        return refused(405, "405 Method Not Allowed")
    if not call.consent.disarm(call.repository, call.pull, by=call.account.name):
        return refused(406, "406 Not Acceptable")
    return Response(201, {"status": "success"})


def get_approvals(call: Call) -> Response:
    """GET …/merge_requests/:iid/approvals"""
    return Response(200, call.consent.approvals(call.shapes, call.pull))


def get_reviewers(call: Call) -> Response:
    """GET …/merge_requests/:iid/reviewers"""
    return Response(200, call.consent.reviewers(call.shapes, call.repository, call.pull))


def get_statuses(call: Call) -> Response:
    """GET …/repository/commits/:sha/statuses"""
    if call.repository.git.kind(call["sha"]) != "commit":
        return refused(404, "404 Commit Not Found")
    return call.page(call.consent.statuses(call.shapes, call.repository, call["sha"]))


def get_notes(call: Call) -> Response:
    """GET …/merge_requests/:iid/notes"""
    system = call.consent.notes.get((call.repository.path, call.pull.number), [])
    every: list[Noted] = [*call.pull.comments, *system]
    notes = sorted(every, key=lambda each: each.id)
    if call.request.query.get("sort", "desc") == "desc":
        notes.reverse()
    return call.page(
        [call.shapes.note(call.repository, call.pull, each, is_system=each in system) for each in notes]
    )


def post_note(call: Call) -> Response:
    """POST …/merge_requests/:iid/notes"""
    comment = call.repository.comment(call.pull.number, str(call.body["body"]), by=call.account.name)
    return Response(201, call.shapes.note(call.repository, call.pull, comment))


def get_release(call: Call) -> Response:
    """GET …/releases/:tag_name"""
    text = call.repository.releases.get(call["tag"])
    if text is None:
        return refused(404, "404 Not Found")
    return Response(200, {"tag_name": call["tag"], "name": call["tag"], "description": text or None})


_ROUTES: Routes[Call] = (
    ("GET", "", get_project),
    ("GET", "/repository/commits/(?P<sha>[^/]+)/statuses", get_statuses),
    ("GET", "/milestones", get_milestones),
    ("GET", "/releases/(?P<tag>[^/]+)", get_release),
    ("GET", "/merge_requests", get_merge_requests),
    ("POST", "/merge_requests", post_merge_request),
    ("GET", r"/merge_requests/(?P<iid>\d+)", get_merge_request),
    ("PUT", r"/merge_requests/(?P<iid>\d+)", put_merge_request),
    ("PUT", r"/merge_requests/(?P<iid>\d+)/merge", merge),
    ("POST", r"/merge_requests/(?P<iid>\d+)/cancel_merge_when_pipeline_succeeds", cancel_merge),
    ("GET", r"/merge_requests/(?P<iid>\d+)/approvals", get_approvals),
    ("GET", r"/merge_requests/(?P<iid>\d+)/reviewers", get_reviewers),
    ("GET", r"/merge_requests/(?P<iid>\d+)/notes", get_notes),
    ("POST", r"/merge_requests/(?P<iid>\d+)/notes", post_note),
)


def route(method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows `/projects/:id`, and the parts of the address."""
    return route_among(_ROUTES, method, path)


def judged(repository: HostedRepository, pull: Pull, ways: Ways, consent: Consent) -> str:
    """GitLab's detailed merge status (https://docs.gitlab.com/api/merge_requests/#merge-status)."""
    if pull.state != "open":
        return "not_open"
    if consent.asks_for_changes.get((repository.path, pull.number)):
        return "requested_changes"
    verdict = repository.mergeability(pull)
    tip = repository.git.branch(pull.base) or ""
    if verdict.state == "blocked":
        return "not_approved" if "review" in verdict.reason else "ci_must_pass"
    if verdict.state == "clean" and ways.method == "ff":
        return "mergeable" if repository.git.contains(pull.head, tip) else "need_rebase"
    return {"dirty": "conflict", "behind": "need_rebase"}.get(verdict.state, "mergeable")


def _shown(call: Call, pull: Pull) -> Json:
    return call.shapes.merge_request(
        call.repository,
        pull,
        _status(call, pull),
        squashed=call.ways.has_squashed(call.repository, pull),
        is_armed=(call.repository.path, pull.number) in call.consent.armed,
    )


def _status(call: Call, pull: Pull) -> str:
    """To be asked lets GitLab begin to think about it."""
    if call.ways.is_unjudged(pull):
        call.ways.judge(pull)
        return "checking"
    return judged(call.repository, pull, call.ways, call.consent)
