"""What stands beside a pull request on the fake GitHub: labels, assignees, reviewers, milestones.

As on GitHub, unknown labels are made, accounts that may not be assigned are left out without a word, and one
reviewer who cannot be asked spoils the whole request (https://docs.github.com/rest/pulls/review-requests).
"""

from __future__ import annotations

from tests.fakes.git_host_model import Pull
from tests.fakes.github_call import Call, refused
from tests.fakes.github_json import Json, timestamp
from tests.fakes.host_call import Routes
from tests.fakes.http_host import Response

COLLABORATORS = frozenset({"ada", "grace"})
TEAMS = frozenset({"platform"})


def post_labels(call: Call) -> Response:
    """POST …/issues/{number}/labels"""
    pull = call.pull
    pull.labels += [name for name in map(str, call.body["labels"]) if name not in pull.labels]
    return Response(200, [call.shapes.label(name) for name in pull.labels])


def post_assignees(call: Call) -> Response:
    """POST …/issues/{number}/assignees"""
    pull = call.pull
    pull.assignees |= COLLABORATORS.intersection(map(str, call.body["assignees"]))
    return Response(201, _issue(call, pull))


def post_reviewers(call: Call) -> Response:
    """POST …/pulls/{number}/requested_reviewers"""
    pull = call.pull
    people = {str(name) for name in call.body.get("reviewers", [])}
    teams = {str(name) for name in call.body.get("team_reviewers", [])}
    if pull.author in people:
        return refused(422, "Review cannot be requested from pull request author.")
    if not (people <= COLLABORATORS and teams <= TEAMS):
        return refused(422, "Reviews may only be requested from collaborators.")
    pull.reviewers |= people | teams
    return Response(201, call.shapes.pull(call.repository, pull))


def get_milestones(call: Call) -> Response:
    """GET …/milestones"""
    found = [_milestone(call, number) for number in range(1, len(call.repository.milestones) + 1)]
    return call.page(found)


def patch_issue(call: Call) -> Response:
    """PATCH …/issues/{number}: the milestone alone."""
    pull, number = call.pull, call.body["milestone"]
    if not 1 <= number <= len(call.repository.milestones):
        return refused(
            422, "Validation Failed", {"field": "milestone", "code": "invalid", "resource": "Issue"}
        )
    pull.milestone = call.repository.milestones[number - 1]
    return Response(200, _issue(call, pull))


PEOPLE_ROUTES: Routes[Call] = (
    ("POST", r"/issues/(?P<number>\d+)/labels", post_labels),
    ("POST", r"/issues/(?P<number>\d+)/assignees", post_assignees),
    ("POST", r"/pulls/(?P<number>\d+)/requested_reviewers", post_reviewers),
    ("GET", "/milestones", get_milestones),
    ("PATCH", r"/issues/(?P<number>\d+)", patch_issue),
)


def _milestone(call: Call, number: int) -> Json:
    url = f"{call.shapes.api}/repos/{call.repository.path}/milestones/{number}"
    now = timestamp(call.repository.host.now())
    return {
        "id": number,
        "node_id": f"MI_{number}",
        "number": number,
        "title": call.repository.milestones[number - 1],
        "url": url,
        "html_url": url,
        "labels_url": f"{url}/labels",
        "description": None,
        "creator": None,
        "state": "open",
        "open_issues": 0,
        "closed_issues": 0,
        "created_at": now,
        "updated_at": now,
        "closed_at": None,
        "due_on": None,
    }


def _issue(call: Call, pull: Pull) -> Json:
    shown = call.shapes.pull(call.repository, pull)
    url = f"{call.shapes.api}/repos/{call.repository.path}/issues/{pull.number}"
    keys = "id node_id number html_url state locked title user body created_at updated_at closed_at"
    return {
        **{key: shown[key] for key in keys.split()},
        "url": url,
        "repository_url": f"{call.shapes.api}/repos/{call.repository.path}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "comments": len(pull.comments),
        "labels": [call.shapes.label(name) for name in pull.labels],
        "assignee": None,
        "assignees": [call.shapes.user(name) for name in sorted(pull.assignees)],
        "milestone": None,
        "author_association": "CONTRIBUTOR",
    }
