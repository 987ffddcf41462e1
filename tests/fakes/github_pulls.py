"""Pull requests in the REST API of the fake GitHub, with GitHub's statuses and words.

Sources of the refusals: https://docs.github.com/rest, and answers recorded by other clients' tests.
"""

from __future__ import annotations

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import (
    ExistsError,
    HeadMovedError,
    MissingError,
    NoCommitsError,
    NotMergeableError,
    Pull,
)
from tests.fakes.github_call import WEB, Call, refused
from tests.fakes.github_json import Json
from tests.fakes.host_call import Routes
from tests.fakes.http_host import Response


def get_pulls(call: Call) -> Response:
    """GET …/pulls: `head` matches the owner's name and the branch's, whichever repository it is in."""
    query = call.request.query
    owner, _, branch = query.get("head", ":").partition(":")
    state = query.get("state", "open")
    found = [
        pull
        for pull in sorted(call.repository.pulls.values(), key=lambda pull: -pull.number)
        if (not branch or (pull.branch == branch and _owner(pull.source) == owner.lower()))
        and (state == "all" or (pull.state == "open") == (state == "open"))
    ]
    if query.get("direction", "desc") == "asc":
        found.reverse()
    return call.page([call.shapes.pull(call.repository, pull) for pull in found])


def post_pull(call: Call) -> Response:
    """POST …/pulls"""
    body = call.body
    head, base = str(body["head"]), str(body["base"])
    if body.get("draft") and not call.repository.has_drafts:
        return refused(422, "Draft pull requests are not supported in this repository.")
    if call.repository.git.branch(head) is None:
        return _invalid({"field": "head", "code": "invalid"})
    try:
        pull = call.repository.open_pull(
            call.repository,
            head,
            base,
            title=str(body["title"]),
            body=str(body.get("body") or ""),
            by=call.account.login,
        )
    except MissingError:
        return _invalid({"field": "base", "code": "invalid"})
    except ExistsError:
        label = f"{call.repository.path.partition('/')[0]}:{head}"
        return _invalid({"code": "custom", "message": f"A pull request already exists for {label}."})
    except NoCommitsError:
        return _invalid({"code": "custom", "message": f"No commits between {base} and {head}"})
    pull.is_draft = bool(body.get("draft"))
    return Response(201, _whole(call, pull))


def get_pull(call: Call) -> Response:
    """GET …/pulls/{number}"""
    return Response(200, _whole(call, call.pull))


def patch_pull(call: Call) -> Response:
    """PATCH …/pulls/{number}"""
    number, body, by = call.pull.number, call.body, call.account.login
    if {"title", "body"} & body.keys():
        call.repository.edit_pull(number, title=body.get("title"), body=body.get("body"), by=by)
    if body.get("state") == "closed":
        call.repository.close_pull(number, by=by)
    if body.get("state") == "open":
        call.repository.reopen_pull(number, by=by)
    return Response(200, _whole(call, call.pull))


def merge_pull(call: Call) -> Response:
    """PUT …/pulls/{number}/merge"""
    pull, body = call.pull, call.body
    title = body.get("commit_title") or f"Merge pull request #{pull.number} from {pull.branch}"
    message = f"{title}\n\n{body.get('commit_message') or pull.title}"
    try:
        commit = call.repository.merge_pull(
            pull.number,
            method=str(body.get("merge_method", "merge")),
            message=message,
            expected_head=body.get("sha"),
            by=call.account.login,
            committer=WEB,
        )
    except HeadMovedError:
        return refused(409, "Head branch was modified. Review and try the merge again.")
    except NotMergeableError as error:
        return refused(405, str(error))
    return Response(200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


PULL_ROUTES: Routes[Call] = (
    ("GET", "/pulls", get_pulls),
    ("POST", "/pulls", post_pull),
    ("GET", r"/pulls/(?P<number>\d+)", get_pull),
    ("PATCH", r"/pulls/(?P<number>\d+)", patch_pull),
    ("PUT", r"/pulls/(?P<number>\d+)/merge", merge_pull),
)


def told_mergeability(
    repository: HostedRepository, pull: Pull, late: set[tuple[int, str]] | None
) -> tuple[bool | None, str]:
    """Whether it is told to be mergeable, and how that stands; of a head in `late` it is known by now."""
    key = (pull.number, pull.head)
    if late is not None and key not in late:
        late.add(key)
        return None, "unknown"
    if pull.state != "open":
        return None, "unknown"
    verdict = repository.mergeability(pull)
    is_draft = pull.is_draft and verdict.state in {"clean", "unstable"}
    return verdict.state != "dirty", "draft" if is_draft else verdict.state


def _whole(call: Call, pull: Pull) -> Json:
    mergeable, state = told_mergeability(call.repository, pull, call.late_mergeable)
    return call.shapes.whole_pull(call.repository, pull, mergeable=mergeable, state=state)


def _owner(repository: HostedRepository) -> str:
    return repository.path.partition("/")[0].lower()


def _invalid(error: Json) -> Response:
    return refused(422, "Validation Failed", {"resource": "PullRequest", **error})
