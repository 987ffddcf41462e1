"""What people do on the fake GitHub: comments on issues too, edits, roles, labels, and checks' words.

github.community.say(infra, 7, "/tagboat help", by="ada")     # 7 may be an issue
github.community.label(infra, 1, "tagboat-override", by="ada")
github.community.roles["grace"] = "read"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import HUMAN, Comment, MissingError
from tests.fakes.github_accounts import Account
from tests.fakes.github_call import Call, refused
from tests.fakes.github_consent import Consent, check_routes
from tests.fakes.github_json import Json, Shapes, timestamp
from tests.fakes.host_call import FileChange, Routes, file_changes, route_among
from tests.fakes.http_host import Response
from tests.fakes.issue_comments import IssueComments

_PAST = "2026-01-01T00:00:00Z"
_COUNTS = ("public_repos", "public_gists", "followers", "following")
_UNSAID = ("name", "company", "blog", "location", "email", "hireable", "bio")


class Community(IssueComments):
    """All of a fake GitHub's; `roles` are the permissions of accounts that exist."""

    def __init__(self, host: GitHost) -> None:
        super().__init__(host)
        self.roles = {HUMAN: "admin", "grace": "write", "mallory": "read"}
        self.events: dict[tuple[str, int], list[Json]] = {}
        self.words: dict[tuple[str, str], str] = {}
        """The summaries and descriptions of checks, by commit and name."""

    def label(self, repository: HostedRepository, number: int, name: str, *, by: str = HUMAN) -> None:
        """Set a label on a pull request."""
        repository.pull(number).labels.append(name)
        self._happened(repository, number, "labeled", name, by)

    def unlabel(self, repository: HostedRepository, number: int, name: str, *, by: str = HUMAN) -> None:
        """Take a label off a pull request."""
        repository.pull(number).labels.remove(name)
        self._happened(repository, number, "unlabeled", name, by)

    def comments(self, repository: HostedRepository, shapes: Shapes) -> Sequence[Json]:
        """Every comment of a repository, as GitHub shows it."""
        return [
            self.shown(repository, shapes, number, comment)
            for number, comments in self.places(repository).items()
            for comment in comments
        ]

    def of(self, repository: HostedRepository, number: int) -> list[Comment]:
        """The comments of one pull request or issue."""
        found = self.places(repository)
        if number not in found:
            raise MissingError(f"issue {number}")
        return found[number]

    def shown(self, repository: HostedRepository, shapes: Shapes, number: int, comment: Comment) -> Json:
        """One comment."""
        data = shapes.comment(repository, number, comment)
        return data | {"updated_at": timestamp(self.changed_at(comment))}

    def _happened(self, repository: HostedRepository, number: int, event: str, label: str, by: str) -> None:
        self.events.setdefault((repository.path, number), []).append(
            {"event": event, "label": label, "by": by, "at": timestamp(self._host.now())}
        )


def user_of(shapes: Shapes, account: Account) -> Response:
    """GET /user"""
    if account.is_app:
        return refused(403, "Resource not accessible by integration")
    data = {**shapes.user(account.login), **dict.fromkeys(_COUNTS, 0), **dict.fromkeys(_UNSAID)}
    return Response(200, data | {"created_at": _PAST, "updated_at": _PAST, "user_view_type": "public"})


def app_of(shapes: Shapes, slug: str) -> Response:
    """GET /app"""
    url = f"{shapes.html}/apps/{slug}"
    data = {"id": 1, "slug": slug, "node_id": f"A_{slug}", "owner": shapes.user("acme"), "name": slug}
    links = {"external_url": url, "html_url": url, "created_at": _PAST, "updated_at": _PAST}
    return Response(200, {**data, **links, "description": None, "permissions": {}, "events": []})


def community_routes(community: Community, consent: Consent) -> Routes[Call]:
    """The addresses of comments, events, rights, changed files and checks as people see them."""
    return (*_of_people(community), *_of_checks(community, consent))


def _of_people(community: Community) -> Routes[Call]:
    def get_all_comments(call: Call) -> Response:
        """GET …/issues/comments: those changed at `since` or later, by the order that is asked for."""
        since = call.request.query.get("since", "")
        comments = [
            each for each in community.comments(call.repository, call.shapes) if each["updated_at"] >= since
        ]
        by = f"{call.request.query.get('sort', 'created')}_at"
        is_reversed = call.request.query.get("direction") == "desc"
        return call.page(sorted(comments, key=lambda each: str(each[by]), reverse=is_reversed))

    def get_comments(call: Call) -> Response:
        """GET …/issues/{number}/comments"""
        number, repository = int(call["number"]), call.repository
        found = community.of(repository, number)
        return call.page([community.shown(repository, call.shapes, number, each) for each in found])

    def post_comment(call: Call) -> Response:
        """POST …/issues/{number}/comments"""
        number, repository = int(call["number"]), call.repository
        community.of(repository, number)
        community.say(repository, number, str(call.body["body"]), by=call.account.login)
        comment = community.of(repository, number)[-1]
        return Response(201, community.shown(repository, call.shapes, number, comment))

    def get_permission(call: Call) -> Response:
        """GET …/collaborators/{username}/permission: who is no account is not there."""
        login = call["login"]
        if login not in community.roles:
            return refused(404, f"{login} is not a user")
        role = community.roles[login]
        user = {**call.shapes.user(login), "role_name": role}
        return Response(200, {"permission": role, "role_name": role, "user": user})

    def get_events(call: Call) -> Response:
        """GET …/issues/{number}/events, the oldest first."""
        found = community.events.get((call.repository.path, int(call["number"])), [])
        return call.page([_event(call, number, each) for number, each in enumerate(found, start=1)])

    return (
        ("GET", "/issues/comments", get_all_comments),
        ("GET", r"/issues/(?P<number>\d+)/comments", get_comments),
        ("POST", r"/issues/(?P<number>\d+)/comments", post_comment),
        ("GET", "/collaborators/(?P<login>[^/]+)/permission", get_permission),
        ("GET", r"/issues/(?P<number>\d+)/events", get_events),
        ("GET", r"/pulls/(?P<number>\d+)/files", _get_files),
    )


def _of_checks(community: Community, consent: Consent) -> Routes[Call]:
    def get_runs(call: Call) -> Response:
        """GET …/commits/{ref}/check-runs, of one name where it is asked for, with their summaries."""
        data = _asked(consent, call)
        name = call.request.query.get("check_name")
        runs = [run for run in data["check_runs"] if name in {None, run["name"]}]
        for run in runs:
            run["output"]["summary"] = community.words.get((call["commit"], run["name"]))
        return Response(200, data | {"check_runs": runs, "total_count": len(runs)})

    def get_status(call: Call) -> Response:
        """GET …/commits/{ref}/status, with their descriptions."""
        data = _asked(consent, call)
        for each in data["statuses"]:
            each["description"] = community.words.get((call["commit"], each["context"]))
        return Response(200, data)

    def post_run(call: Call) -> Response:
        """POST …/check-runs: for Apps alone."""
        if not call.account.is_app:
            return refused(403, "You must authenticate via a GitHub App.")
        commit, name = str(call.body["head_sha"]), str(call.body["name"])
        app = call.account.login.removesuffix("[bot]")
        consent.report(call.repository, commit, name, str(call.body["conclusion"]), app=app)
        community.words[commit, name] = str(call.body["output"]["summary"])
        runs = get_runs(replace(call, parts={"commit": commit})).data["check_runs"]
        return Response(201, next(run for run in runs if run["app"]["slug"] == app and run["name"] == name))

    def post_status(call: Call) -> Response:
        """POST …/statuses/{sha}"""
        commit, name, text = call["commit"], str(call.body["context"]), str(call.body["description"])
        if len(text) > 140:
            return refused(
                422, "Validation Failed", {"field": "description", "code": "custom", "resource": "Status"}
            )
        call.repository.set_status(commit, name, str(call.body["state"]))
        community.words[commit, name] = text
        found = [each for each in get_status(call).data["statuses"] if each["context"] == name]
        return Response(201, found[0] | {"creator": call.shapes.user(call.account.login)})

    return (
        ("GET", r"/commits/(?P<commit>[0-9a-f]{40})/check-runs", get_runs),
        ("GET", r"/commits/(?P<commit>[0-9a-f]{40})/status", get_status),
        ("POST", "/check-runs", post_run),
        ("POST", r"/statuses/(?P<commit>[0-9a-f]{40})", post_status),
    )


def _asked(consent: Consent, call: Call) -> Json:
    """What the checks' own address answers."""
    kind = "check-runs" if "/check-runs" in call.request.path else "status"
    found = route_among(check_routes(consent), "GET", f"/commits/{call['commit']}/{kind}")
    assert found is not None
    data: Json = found[0](call).data
    return data


def _get_files(call: Call) -> Response:
    """GET …/pulls/{number}/files: what the head changes since it left its base, moved files as one."""
    pull, git = call.pull, call.repository.git
    tip = git.branch(pull.base)
    changes = file_changes(git, git.merge_base(tip, pull.head) if tip else None, pull.head)
    return call.page([_file(call, change) for change in changes])


def _file(call: Call, change: FileChange) -> Json:
    path = change.new or change.old
    url = f"{call.shapes.html}/{call.repository.path}/blob/{path}"
    before = {"previous_filename": change.old} if change.kind == "renamed" else {}
    return {
        "sha": change.sha,
        "filename": path,
        "status": change.kind,
        "additions": 1,
        "deletions": 1,
        "changes": 2,
        "blob_url": url,
        "raw_url": url,
        "contents_url": url,
        **before,
    }


def _event(call: Call, number: int, event: Json) -> Json:
    return {
        "id": number,
        "node_id": f"LE_{number}",
        "url": f"{call.shapes.api}/repos/{call.repository.path}/issues/events/{number}",
        "actor": call.shapes.user(event["by"]),
        "event": event["event"],
        "commit_id": None,
        "commit_url": None,
        "created_at": event["at"],
        "performed_via_github_app": None,
        "label": {"name": event["label"], "color": "ededed"},
    }
