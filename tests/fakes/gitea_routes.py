"""What each address of Gitea's REST API does on the fake, with Gitea's statuses and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fakes.git_host_model import ExistsError, HeadMovedError, MissingError, NotMergeableError, Pull
from tests.fakes.git_repository import Person
from tests.fakes.gitea_json import Json, Shapes, timestamp
from tests.fakes.host_call import HostCall, Route, Routes, route_among
from tests.fakes.http_host import Response

MEMBERS = frozenset({"ada", "grace"})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is."""

    name: str
    can_write: bool = True


@dataclass
class Book:
    """What Gitea keeps beside the pull requests: reviews, events, and whose merge is scheduled."""

    reviews: dict[int, list[Json]] = field(default_factory=dict)
    events: dict[int, list[Json]] = field(default_factory=dict)
    scheduled: dict[int, Json] = field(default_factory=dict)
    is_checking: bool = False
    """Whether Gitea still looks for conflicts: a merge is then refused for now."""
    per_page: int = 50
    """The most entries of a page, by the operator's wish (`MAX_RESPONSE_ITEMS`)."""

    def event(self, pull: Pull, kind: str, by: Json) -> None:
        """Note what happened."""
        self.events.setdefault(pull.number, []).append({"type": kind, "user": by})


@dataclass(frozen=True, slots=True)
class Call(HostCall):
    """With who asks, what the fake keeps, and how it shows it."""

    account: Account
    shapes: Shapes
    book: Book

    @property
    def pull(self) -> Pull:
        """The pull request that the address names."""
        return self.repository.pull(int(self["index"]))

    @property
    def me(self) -> Json:
        """Who asks."""
        return self.shapes.user(self.account.name)

    def part(self, items: Sequence[Json]) -> list[Json]:
        """The page of a list that was asked for."""
        size = min(int(self.request.query.get("limit", self.book.per_page)), self.book.per_page)
        begin = (int(self.request.query.get("page", 1)) - 1) * size
        return list(items[begin : begin + size])


def refused(status: int, message: str) -> Response:
    """An error as Gitea writes it."""
    return Response(status, {"message": message, "url": "https://docs.gitea.com/api"})


NOT_FOUND = refused(404, "The target couldn't be found.")


def get_repository(call: Call) -> Response:
    """GET /repos/{owner}/{repo}"""
    return Response(200, call.shapes.repository(call.repository))


def get_pulls(call: Call) -> Response:
    """GET …/pulls"""
    pulls = sorted(
        call.repository.pulls.values(), key=lambda pull: (pull.updated_at, pull.number), reverse=True
    )
    return Response(200, call.part([shown(call, pull) for pull in pulls]))


def post_pull(call: Call) -> Response:
    """POST …/pulls: Gitea takes one that holds nothing."""
    body = call.body
    try:
        pull = call.repository.open_pull(
            call.repository,
            str(body["head"]),
            str(body["base"]),
            title=str(body["title"]),
            body=str(body.get("body") or ""),
            by=call.account.name,
            may_be_empty=True,
        )
    except MissingError:
        return NOT_FOUND
    except ExistsError:
        return refused(409, "pull request already exists for these targets")
    return Response(201, shown(call, pull))


def get_pull(call: Call) -> Response:
    """GET …/pulls/{index}"""
    return Response(200, shown(call, call.pull))


def patch_pull(call: Call) -> Response:
    """PATCH …/pulls/{index}"""
    number, body, by = call.pull.number, call.body, call.account.name
    if {"title", "body"} & body.keys():
        call.repository.edit_pull(number, title=body.get("title"), body=body.get("body"), by=by)
    if body.get("state") == "closed":
        call.repository.close_pull(number, by=by)
    return Response(201, shown(call, call.pull))


def merge(call: Call) -> Response:
    """POST …/pulls/{index}/merge"""
    pull, body = call.pull, call.body
    if pull.state != "open":
        return NOT_FOUND
    if call.book.is_checking:
        return refused(405, "Please try again later")
    if pull.title.startswith("WIP:"):
        return refused(405, "Work in progress PRs cannot be merged")
    verdict = call.repository.mergeability(pull)
    if verdict.state == "blocked" and body.get("merge_when_checks_succeed"):
        if pull.number in call.book.scheduled:
            return refused(409, "pull request is already scheduled to auto merge")
        call.book.scheduled[pull.number] = {"body": body, "head": pull.head}
        call.book.event(pull, "pull_scheduled_merge", call.me)
        return Response(201)
    if verdict.state in {"blocked", "behind"}:
        return refused(405, verdict.reason)
    return _merged(call, pull)


def message_of(body: Json) -> str:
    """The message of the commit that a request to merge asks for, now or later."""
    return f"{body['MergeTitleField']}\n\n{body['MergeMessageField']}"


def _merged(call: Call, pull: Pull) -> Response:
    body = call.body
    try:
        call.repository.merge_pull(
            pull.number,
            method=str(body["Do"]),
            message=message_of(body),
            expected_head=body.get("head_commit_id") or None,
            by=call.account.name,
            committer=Person(call.account.name, f"{call.account.name}@noreply.example.com"),
        )
    except HeadMovedError:
        return refused(409, "head target has changed: sha does not match")
    except NotMergeableError as error:
        return refused(405 if "allowed" in str(error) else 409, str(error))
    return Response(200)


def cancel(call: Call) -> Response:
    """DELETE …/pulls/{index}/merge"""
    if call.book.scheduled.pop(call.pull.number, None) is None:
        return NOT_FOUND
    call.book.event(call.pull, "pull_cancel_scheduled_merge", call.me)
    return Response(204)


def get_reviews(call: Call) -> Response:
    """GET …/pulls/{index}/reviews"""
    return Response(200, call.part(call.book.reviews.get(call.pull.number, [])))


def post_reviewers(call: Call) -> Response:
    """POST …/pulls/{index}/requested_reviewers"""
    people = {str(name) for name in [*call.body.get("reviewers", []), *call.body.get("team_reviewers", [])]}
    if not people <= MEMBERS:
        return refused(404, f"user does not exist [name: {sorted(people - MEMBERS)[0]}]")
    call.pull.reviewers |= people
    return Response(201, [])


def get_timeline(call: Call) -> Response:
    """GET …/issues/{index}/timeline"""
    return Response(200, call.part(call.book.events.get(call.pull.number, [])))


def get_comments(call: Call) -> Response:
    """GET …/issues/{index}/comments: all of them."""
    return Response(200, [call.shapes.comment(comment) for comment in call.pull.comments])


def post_comment(call: Call) -> Response:
    """POST …/issues/{index}/comments"""
    comment = call.repository.comment(call.pull.number, str(call.body["body"]), by=call.account.name)
    return Response(201, call.shapes.comment(comment))


def post_labels(call: Call) -> Response:
    """POST …/issues/{index}/labels"""
    names = map(str, call.body["labels"])
    call.pull.labels += [name for name in names if name not in call.pull.labels]
    return Response(200, [{"name": name} for name in call.pull.labels])


def patch_issue(call: Call) -> Response:
    """PATCH …/issues/{index}: the assignees that are named are all that there are."""
    if "assignees" in call.body:
        people = {str(name) for name in call.body["assignees"]}
        if not people <= MEMBERS:
            return refused(422, f"Assignee does not exist: [name: {sorted(people - MEMBERS)[0]}]")
        call.pull.assignees = people
    if "milestone" in call.body:
        call.pull.milestone = call.repository.milestones[int(call.body["milestone"]) - 1]
    return Response(201, {"number": call.pull.number})


def get_milestones(call: Call) -> Response:
    """GET …/milestones"""
    titles = enumerate(call.repository.milestones, 1)
    return Response(200, call.part([{"id": number, "title": title} for number, title in titles]))


def get_status(call: Call) -> Response:
    """GET …/commits/{ref}/status"""
    statuses = call.repository.statuses.get(call["ref"], {})
    now = timestamp(call.repository.host.now())
    found = [
        {"id": number, "context": name, "status": state, "created_at": now}
        for number, (name, state) in enumerate(statuses.items(), 1)
    ]
    return Response(
        200, {"sha": call["ref"], "statuses": call.part(found) or None, "total_count": len(found)}
    )


def get_comparison(call: Call) -> Response:
    """GET …/compare/{basehead}: the newest commit first."""
    git = call.repository.git
    one, other = git.resolve(call["base"]), git.resolve(call["head"])
    if one is None or other is None:
        return NOT_FOUND
    commits = [{"sha": each.sha, "commit": {"message": each.message}} for each in git.log(other, without=one)]
    return Response(200, {"total_commits": len(commits), "commits": commits[::-1]})


def get_release(call: Call) -> Response:
    """GET …/releases/tags/{tag}"""
    text = call.repository.releases.get(call["tag"])
    if text is None:
        return NOT_FOUND
    return Response(200, {"id": 1, "tag_name": call["tag"], "body": text, "draft": False})


_ROUTES: Routes[Call] = (
    ("GET", "", get_repository),
    ("GET", "/pulls", get_pulls),
    ("POST", "/pulls", post_pull),
    ("GET", r"/pulls/(?P<index>\d+)", get_pull),
    ("PATCH", r"/pulls/(?P<index>\d+)", patch_pull),
    ("POST", r"/pulls/(?P<index>\d+)/merge", merge),
    ("DELETE", r"/pulls/(?P<index>\d+)/merge", cancel),
    ("GET", r"/pulls/(?P<index>\d+)/reviews", get_reviews),
    ("POST", r"/pulls/(?P<index>\d+)/requested_reviewers", post_reviewers),
    ("GET", r"/issues/(?P<index>\d+)/timeline", get_timeline),
    ("GET", r"/issues/(?P<index>\d+)/comments", get_comments),
    ("POST", r"/issues/(?P<index>\d+)/comments", post_comment),
    ("POST", r"/issues/(?P<index>\d+)/labels", post_labels),
    ("PATCH", r"/issues/(?P<index>\d+)", patch_issue),
    ("GET", "/milestones", get_milestones),
    ("GET", "/commits/(?P<ref>[^/]+)/status", get_status),
    ("GET", r"/compare/(?P<base>[^/]*?)\.\.\.(?P<head>[^/]*)", get_comparison),
    ("GET", "/releases/tags/(?P<tag>[^/]+)", get_release),
)


def route(method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows `/repos/{owner}/{repo}`, and the parts of the address."""
    return route_among(_ROUTES, method, path)


def shown(call: Call, pull: Pull) -> Json:
    """A pull request as it is shown; while Gitea looks for conflicts, none can be merged."""
    is_mergeable = pull.state == "open" and call.repository.mergeability(pull).state != "dirty"
    return call.shapes.pull(call.repository, pull, mergeable=is_mergeable and not call.book.is_checking)
