"""What people do on the fake GitLab: notes that are edited, roles, labels, and the words of statuses.

gitlab.community.label(infra, 1, "tagboat-override", by="ada")
gitlab.community.roles["grace"] = 20
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import HUMAN, Pull
from tests.fakes.gitlab_json import Json, account_id, timestamp
from tests.fakes.gitlab_routes import Call, refused
from tests.fakes.gitlab_routes import route as other_route
from tests.fakes.host_call import Route, Routes, route_among
from tests.fakes.http_host import Response


class Community:
    """All of a fake GitLab's; `roles` are the access levels of members, who are active unless `blocked`."""

    def __init__(self) -> None:
        self.roles = {HUMAN: 40, "grace": 30, "mallory": 20}
        self.blocked: set[str] = set()
        self.hidden_files = 0
        """Files of a merge request that GitLab counts, and leaves out of the list."""
        self.labels: dict[tuple[str, int], list[Json]] = {}
        self.words: dict[tuple[str, str], str] = {}
        self._edited: dict[int, datetime] = {}
        self._updated: dict[tuple[str, int], datetime] = {}

    def say(self, repository: HostedRepository, number: int, body: str, *, by: str = HUMAN) -> int:
        """Comment on a merge request."""
        comment = repository.comment(number, body, by=by)
        self._updated[repository.path, number] = comment.when
        return comment.id

    def edit(self, repository: HostedRepository, id_: int, body: str, *, at: datetime) -> None:
        """Change a comment."""
        for number, pull in repository.pulls.items():
            if any(each.id == id_ for each in pull.comments):
                pull.comments[:] = [replace(e, body=body) if e.id == id_ else e for e in pull.comments]
                self._edited[id_] = self._updated[repository.path, number] = at

    def label(self, repository: HostedRepository, number: int, name: str, *, by: str = HUMAN) -> None:
        """Set a label on a merge request."""
        repository.pull(number).labels.append(name)
        event = {"user": by, "action": "add", "label": name}
        self.labels.setdefault((repository.path, number), []).append(event)

    def updated_at(self, repository: HostedRepository, pull: Pull) -> datetime:
        """When somebody did something with a merge request last."""
        spoken = [each.when for each in pull.comments]
        return max(
            [pull.updated_at, *spoken, self._updated.get((repository.path, pull.number), pull.updated_at)]
        )

    def changed(self, note: Json) -> Json:
        """A note with when it was changed last."""
        edited = self._edited.get(note["id"])
        return note | {"updated_at": timestamp(edited)} if edited else note


def route(community: Community, method: str, path: str) -> tuple[Route[Call], dict[str, str]] | None:
    """The route for what follows `/projects/:id`, and the parts of the address."""
    return route_among((*_of_people(community), *_of_changes(community)), method, path)


def _of_people(community: Community) -> Routes[Call]:
    def get_notes(call: Call) -> Response:
        """GET …/merge_requests/:iid/notes, by the order that is asked for."""
        notes = [community.changed(note) for note in _all(call, "notes", {})]
        by = call.request.query.get("order_by", "created_at")
        notes.sort(key=lambda note: (str(note[by]), note["id"]))
        if call.request.query.get("sort", "desc") == "desc":
            notes.reverse()
        return call.page(notes)

    def get_member(call: Call) -> Response:
        """GET …/members/all/:user_id"""
        found = {str(account_id(name)): name for name in community.roles}.get(call["id"])
        if found is None:
            return refused(404, "404 Not found")
        state = "blocked" if found in community.blocked else "active"
        member = {**call.shapes.user(found), "access_level": community.roles[found], "state": state}
        return Response(200, member)

    def get_label_events(call: Call) -> Response:
        """GET …/merge_requests/:iid/resource_label_events, the oldest first."""
        events = community.labels.get((call.repository.path, call.pull.number), [])
        return call.page(
            [
                {
                    "id": number,
                    "user": call.shapes.user(each["user"]),
                    "action": each["action"],
                    "label": {"id": 1, "name": each["label"]},
                }
                for number, each in enumerate(events, start=1)
            ]
        )

    return (
        ("GET", r"/merge_requests/(?P<iid>\d+)/notes", get_notes),
        ("GET", r"/members/all/(?P<id>\d+)", get_member),
        ("GET", r"/merge_requests/(?P<iid>\d+)/resource_label_events", get_label_events),
    )


def _of_changes(community: Community) -> Routes[Call]:
    def get_merge_requests(call: Call) -> Response:
        """GET …/merge_requests, of those updated after a moment where that is asked for, in either order."""
        query = call.request.query
        found = _all(call, "requests", query)
        for each in found:
            pull = call.repository.pull(each["iid"])
            each["updated_at"] = timestamp(community.updated_at(call.repository, pull))
        after = query.get("updated_after")
        if after:
            moment = datetime.fromisoformat(after)
            found = [each for each in found if datetime.fromisoformat(each["updated_at"]) >= moment]
        by = query.get("order_by", "created_at")
        found.sort(key=lambda each: (str(each[by]), each["iid"]), reverse=query.get("sort", "desc") == "desc")
        return call.page(found)

    def get_merge_request(call: Call) -> Response:
        """GET …/merge_requests/:iid, with the count of its files."""
        data = _asked(call, "itself").data
        count = len(_diffs(call)) + community.hidden_files
        return Response(200, data | {"changes_count": str(count)})

    def get_diffs(call: Call) -> Response:
        """GET …/merge_requests/:iid/diffs"""
        return call.page(_diffs(call))

    def get_statuses(call: Call) -> Response:
        """GET …/repository/commits/:sha/statuses, of one name where that is asked for."""
        if call.repository.git.kind(call["sha"]) != "commit":
            return _asked(call, "statuses")
        name = call.request.query.get("name")
        found = [
            each | {"description": community.words.get((call["sha"], each["name"]))}
            for each in _all(call, "statuses", {})
            if name in {None, each["name"]}
        ]
        return call.page(found)

    def post_status(call: Call) -> Response:
        """POST …/statuses/:sha"""
        name, text = str(call.body["name"]), str(call.body["description"])
        if len(text) > 255:
            return refused(400, {"description": ["is too long (maximum is 255 characters)"]})
        state = {"failed": "failure"}.get(str(call.body["state"]), str(call.body["state"]))
        call.repository.set_status(call["sha"], name, state)
        community.words[call["sha"], name] = text
        (status,) = get_statuses(replace(call, request=replace(call.request, query={"name": name}))).data
        return Response(201, status)

    return (
        ("GET", "/merge_requests", get_merge_requests),
        ("GET", r"/merge_requests/(?P<iid>\d+)", get_merge_request),
        ("GET", r"/merge_requests/(?P<iid>\d+)/diffs", get_diffs),
        ("GET", "/repository/commits/(?P<sha>[^/]+)/statuses", get_statuses),
        ("POST", "/statuses/(?P<sha>[^/]+)", post_status),
    )


def _asked(call: Call, what: str) -> Response:
    """What the fake's own address answers."""
    paths = {
        "requests": "/merge_requests",
        "itself": f"/merge_requests/{call.parts.get('iid')}",
        "notes": f"/merge_requests/{call.parts.get('iid')}/notes",
        "statuses": f"/repository/commits/{call.parts.get('sha')}/statuses",
    }
    found = other_route("GET", paths[what])
    assert found is not None
    return found[0](call)


def _all(call: Call, what: str, query: Mapping[str, str]) -> list[Json]:
    """Every item of the list at the fake's own address."""
    found: list[Json] = []
    while True:
        page = str(len(found) // 100 + 1)
        asked = replace(call.request, query={**query, "per_page": "100", "page": page})
        part = _asked(replace(call, request=asked), what).data
        found += part
        if len(part) < 100:
            return found


def _diffs(call: Call) -> list[Json]:
    pull, git = call.pull, call.repository.git
    tip = git.branch(pull.base)
    fork = git.merge_base(tip, pull.head) if tip else None
    old, new = _blobs(call, fork), _blobs(call, pull.head)
    return [
        {
            "diff": "",
            "collapsed": False,
            "too_large": False,
            "new_path": path,
            "old_path": path,
            "a_mode": "100644" if path in old else "0",
            "b_mode": "100644" if path in new else "0",
            "new_file": path not in old,
            "renamed_file": False,
            "deleted_file": path not in new,
            "generated_file": False,
        }
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def _blobs(call: Call, commit: str | None) -> dict[str, str]:
    entries = call.repository.git.entries(commit, recursive=True) if commit else ()
    return {each.path: each.sha for each in entries if each.kind == "blob"}
