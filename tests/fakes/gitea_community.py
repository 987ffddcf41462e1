"""What people do on the fake Gitea: comments on issues too, edits, roles, labels, and the words of statuses.

Gitea lists comments in the order in which they were written, whatever was changed since.
"""

from __future__ import annotations

from datetime import datetime

from tests.fakes.git_host import GitHost
from tests.fakes.git_host_model import HUMAN, Comment, MissingError
from tests.fakes.gitea_json import Json, timestamp
from tests.fakes.gitea_routes import Call, refused
from tests.fakes.gitea_routes import route as other_route
from tests.fakes.host_call import FileChange, Route, Routes, file_changes, route_among
from tests.fakes.http_host import Response
from tests.fakes.issue_comments import IssueComments


class Community(IssueComments):
    """All of a fake Gitea's; `roles` are the permissions of accounts that exist."""

    def __init__(self, host: GitHost) -> None:
        super().__init__(host)
        self.roles = {HUMAN: "owner", "grace": "write", "mallory": "read"}
        self.words: dict[tuple[str, str], str] = {}

    def shown(self, call: Call, number: int, comment: Comment) -> Json:
        """One comment."""
        kind = "pulls" if number in call.repository.pulls else "issues"
        url = f"{call.shapes.url}/{call.repository.path}/{kind}/{number}"
        key = "pull_request_url" if kind == "pulls" else "issue_url"
        places = {
            "pull_request_url": "",
            "issue_url": "",
            key: url,
            "html_url": f"{url}#issuecomment-{comment.id}",
        }
        at = timestamp(self.changed_at(comment))
        return {**call.shapes.comment(comment), **places, "updated_at": at}


def route(community: Community, method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows `/repos/{owner}/{repo}`, where the plain fake would do another thing."""
    return route_among((*_of_people(community), *_of_changes(community)), method, path)


def _of_people(community: Community) -> Routes[Call]:
    def get_all_comments(call: Call) -> Response:
        """GET …/issues/comments: those changed at `since` or later, in the order they were written in."""
        since = datetime.fromisoformat(call.request.query["since"])
        every = [(n, each) for n, kept in community.places(call.repository).items() for each in kept]
        found = [community.shown(call, n, each) for n, each in sorted(every, key=lambda pair: pair[1].id)]
        news = [each for each in found if datetime.fromisoformat(each["updated_at"]) >= since]
        return Response(200, call.part(news))

    def get_comments(call: Call) -> Response:
        """GET …/issues/{index}/comments: all of them."""
        return Response(200, [community.shown(call, int(call["index"]), each) for each in _of(call)])

    def post_comment(call: Call) -> Response:
        """POST …/issues/{index}/comments"""
        number = int(call["index"])
        _of(call)
        community.say(call.repository, number, str(call.body["body"]), by=call.account.name)
        return Response(201, community.shown(call, number, _of(call)[-1]))

    def _of(call: Call) -> list[Comment]:
        places = community.places(call.repository)
        if int(call["index"]) not in places:
            raise MissingError(call["index"])
        return places[int(call["index"])]

    def get_permission(call: Call) -> Response:
        """GET …/collaborators/{collaborator}/permission"""
        login = call["login"]
        if login not in community.roles:
            return refused(404, f"user does not exist [uid: 0, name: {login}]")
        role = community.roles[login]
        return Response(200, {"permission": role, "role_name": role, "user": call.shapes.user(login)})

    return (
        ("GET", "/issues/comments", get_all_comments),
        ("GET", r"/issues/(?P<index>\d+)/comments", get_comments),
        ("POST", r"/issues/(?P<index>\d+)/comments", post_comment),
        ("GET", "/collaborators/(?P<login>[^/]+)/permission", get_permission),
    )


def _of_changes(community: Community) -> Routes[Call]:
    def get_pulls(call: Call) -> Response:
        """GET …/pulls, of those that are open where that is asked for."""
        if call.request.query.get("state") != "open":
            return _asked(call, "/pulls")
        found = [pull for pull in call.repository.pulls.values() if pull.state == "open"]
        newest = sorted(found, key=lambda pull: -pull.number)
        return Response(
            200, call.part([call.shapes.pull(call.repository, p, mergeable=True) for p in newest])
        )

    def get_status(call: Call) -> Response:
        """GET …/commits/{ref}/status, with `status` and the descriptions."""
        data = _asked(call, f"/commits/{call['ref']}/status").data
        for each in data["statuses"] or ():
            each["description"] = community.words.get((call["ref"], each["context"]), "")
        return Response(200, data)

    def post_status(call: Call) -> Response:
        """POST …/statuses/{sha}"""
        commit, name = call["sha"], str(call.body["context"])
        call.repository.set_status(commit, name, str(call.body["state"]))
        community.words[commit, name] = str(call.body["description"])
        return Response(201, {"id": 1, "context": name, "status": call.body["state"]})

    return (
        ("GET", "/pulls", get_pulls),
        ("GET", r"/pulls/(?P<index>\d+)/files", _get_files),
        ("GET", "/commits/(?P<ref>[^/]+)/status", get_status),
        ("POST", "/statuses/(?P<sha>[^/]+)", post_status),
    )


def _asked(call: Call, path: str) -> Response:
    """What the fake's own address answers."""
    found = other_route("GET", path)
    assert found is not None
    return found[0](call)


def _get_files(call: Call) -> Response:
    """GET …/pulls/{index}/files: what the head changes since it left its base, moved files as one."""
    pull, git = call.pull, call.repository.git
    tip = git.branch(pull.base)
    changes = file_changes(git, git.merge_base(tip, pull.head) if tip else None, pull.head)
    return Response(200, call.part([_file(each) for each in changes]))


def _file(change: FileChange) -> Json:
    words = {"modified": "changed", "removed": "deleted"}
    shown: Json = {"filename": change.new or change.old, "status": words.get(change.kind, change.kind)}
    return shown | ({"previous_filename": change.old} if change.kind == "renamed" else {})
