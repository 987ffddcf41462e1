"""Pull requests on Bitbucket Data Center: the seam `Host` over its REST API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.adapters.forges.bitbucket.api import Parameters
from bot.adapters.forges.bitbucket.data_center.api import ROOT, DataCenterApi
from bot.adapters.forges.bitbucket.data_center.writers import Writers
from bot.adapters.forges.bitbucket.host import Found
from bot.adapters.forges.bitbucket.texts import fitting_body, fitting_title, hidden, shown
from bot.adapters.forges.bitbucket.transport import Answer
from bot.domain.errors import NotFound, Refused, TagboatError
from bot.domain.people.consent import Check, CheckState, Opinion, Review
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState

_PAGE = 100
_MOST_PAGES = 20
_MOST_VETOES = 5
_DEEPEST = 50
_HEADS = "refs/heads/"
_OPINIONS = {"APPROVED": Opinion.APPROVED, "NEEDS_WORK": Opinion.CHANGES_REQUESTED}
_CHECKS = {
    "SUCCESSFUL": CheckState.SUCCEEDED,
    "FAILED": CheckState.FAILED,
    "CANCELLED": CheckState.FAILED,
}


class DataCenterHost:
    """Pull requests, comments, opinions and build statuses. Safe between threads."""

    def __init__(self, api: DataCenterApi) -> None:
        self._api = api
        self._writers = Writers(api)

    def close(self) -> None:
        """Close every connection."""
        self._api.close()

    def one(self, repository: str, number: int) -> Found:
        """One as it is now; `NotFound` when there is none of that number."""
        answer = self._api.attempt("GET", self._path(repository, number))
        if answer.status == 404:
            self._api.get(repository, "", lambda data: data["id"])  # raises where it is out of sight
            raise NotFound(f"{repository} has no pull request {number}")
        return self.found(repository, self._api.good(repository, answer).data)

    def of_branch(self, repository: str, branch: str) -> Sequence[Found]:
        """All from that branch of this very repository, newest first."""
        query: Parameters = {
            "at": f"{_HEADS}{branch}",
            "direction": "OUTGOING",
            "state": "ALL",
            "order": "NEWEST",
            "limit": _PAGE,
        }
        listed, _ = self._api.listed(repository, "/pull-requests", _found, parameters=query, most=_MOST_PAGES)
        own = [each for each in listed if each.is_own and each.pull_request.branch == branch]
        return sorted(own, key=lambda each: each.pull_request.number, reverse=True)

    def found(self, repository: str, data: Any) -> Found:
        """Read one from an answer."""
        return self._api.read(repository, Answer(200, data), _found)

    def create(self, repository: str, proposal: Proposal, base_branch: str) -> Answer:
        """Open one with the default reviewers, whom the API does not add by itself."""
        body = {
            "title": fitting_title(proposal.title),
            "description": hidden(fitting_body(proposal.body)),
            "fromRef": {"id": f"{_HEADS}{proposal.branch}"},
            "toRef": {"id": f"{_HEADS}{base_branch}"},
            "reviewers": self.reviewer_lists(
                self._default_reviewers(repository, proposal.branch, base_branch)
            ),
            "draft": proposal.metadata.draft,
        }
        return self._api.attempt("POST", f"{self._api.of(repository)}/pull-requests", body)

    def change(self, repository: str, found: Found, change: Mapping[str, Any]) -> Answer:
        """Change it; reviewers and texts that a change does not name would go."""
        pull = found.pull_request
        body = {
            "version": found.version,
            "title": pull.title,
            "description": hidden(pull.body),
            "reviewers": self.reviewer_lists(found.reviewers),
            **change,
        }
        return self._api.attempt("PUT", self._path(repository, pull.number), body)

    def decline(self, repository: str, found: Found) -> None:
        """Close without a merge."""
        path = f"{self._path(repository, found.pull_request.number)}/decline"
        answer = self._api.attempt("POST", path, {}, parameters={"version": found.version})
        self._api.good(repository, answer)

    def merge(self, repository: str, found: Found, message: str, strategy: str) -> Answer:
        """Merge what this version of the pull request holds; another version is refused (409)."""
        path = f"{self._path(repository, found.pull_request.number)}/merge"
        body = {"message": message, "strategyId": strategy, "autoSubject": False, "version": found.version}
        return self._api.attempt("POST", path, body, parameters={"version": found.version})

    def commit(self, repository: str, name: str) -> str:  # noqa: ARG002 - the seam's
        """The commit: the ids here are whole."""
        return name

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        return self._api.failure(repository, answer)

    def veto(self, repository: str, number: int) -> str:
        """What the merge checks say against it."""
        answer = self._api.attempt("GET", f"{self._path(repository, number)}/merge")
        if answer.status == 409:  # it is not open any more
            return ""
        return self._api.read(repository, self._api.good(repository, answer), _veto)

    def comments(self, repository: str, number: int) -> Sequence[str]:
        """Every comment and reply, by its text."""
        told, is_whole = self.said(repository, number)
        if not is_whole:
            raise Refused(f"pull request {number} of {repository} has too many comments to read")
        return [shown(str(each["text"])) for each in told]

    def said(self, repository: str, number: int) -> tuple[Sequence[Any], bool]:
        """Comments and replies as they are told, the newest first, and whether these are all."""
        found, is_whole = self._api.listed(
            repository,
            f"/pull-requests/{number}/activities",
            lambda data: list(_thread(data["comment"], 0)) if _is_comment(data) else [],
            parameters={"limit": _PAGE},
            most=_MOST_PAGES,
        )
        return [comment for thread in found for comment in thread], is_whole

    def say(self, repository: str, number: int, body: str) -> None:
        """Say something below it, once."""
        self._api.send("POST", repository, f"/pull-requests/{number}/comments", {"text": hidden(body)})

    def reviewer(self, repository: str, name: str) -> str | None:
        """The name itself, where a user has it."""
        query: Parameters = {"filter": name, "limit": _PAGE}
        users, _ = self._api.listed(
            repository, "/users", lambda data: str(data["name"]), root=ROOT, parameters=query, most=1
        )
        return name if name in users else None

    def reviewer_lists(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Reviewers as the API takes them."""
        return [{"user": {"name": each}} for each in ids]

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """What reviewers say; whether they may write is asked only of those who say something."""
        told = self._api.get(repository, f"/pull-requests/{number}", _opinions)
        return tuple(
            Review(by, opinion, commit=commit, is_human=is_human, may_write=self._writers.has(repository, by))
            for by, opinion, commit, is_human in told
        )

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """Every build status, by the name that people see."""
        found, is_whole = self._api.listed(
            repository,
            f"/commits/{commit}",
            lambda data: Check(
                str(data.get("name") or data["key"]), _CHECKS.get(str(data["state"]), CheckState.RUNNING)
            ),
            root="/rest/build-status/latest",
            parameters={"limit": _PAGE},
            most=_MOST_PAGES,
        )
        if not is_whole or len(found) >= _PAGE:  # it tells the 100 newest, and not that there are more
            what = f"commit {commit[:12]} of {repository} has {len(found)} checks or more"
            raise Refused(what, why="a part of them would look like all")
        return tuple(found)

    def _path(self, repository: str, number: int) -> str:
        return f"{self._api.of(repository)}/pull-requests/{number}"

    def _default_reviewers(self, repository: str, branch: str, base: str) -> Sequence[str]:
        """Those whom the repository asks for such a pull request, but Tagboat itself."""
        id_ = self._api.get(repository, "", lambda data: int(data["id"]))
        path = f"{self._api.below(repository, '/rest/default-reviewers/latest')}/reviewers"
        query: Parameters = {
            "sourceRepoId": id_,
            "targetRepoId": id_,
            "sourceRefId": f"{_HEADS}{branch}",
            "targetRefId": f"{_HEADS}{base}",
        }
        answer = self._api.attempt("GET", path, parameters=query)
        if answer.status == 404:  # an administrator may switch the whole feature off
            return ()
        names = self._api.read(
            repository, self._api.good(repository, answer), lambda data: [str(each["name"]) for each in data]
        )
        me = self._api.account(repository) if names else ""
        return [name for name in names if name != me]


def _found(data: Any) -> Found:
    state = _STATES.get(str(data["state"]), PullRequestState.CLOSED)
    is_merged = state is PullRequestState.MERGED
    merge = (data.get("properties") or {}).get("mergeCommit") if is_merged else None
    pull = PullRequest(
        number=int(data["id"]),
        url=str(data["links"]["self"][0]["href"]),
        title=str(data["title"]),
        body=shown(str(data.get("description") or "")),
        branch=str(data["fromRef"]["id"]).removeprefix(_HEADS),
        base=str(data["toRef"]["id"]).removeprefix(_HEADS),
        head=str(data["fromRef"]["latestCommit"]),
        state=state,
        merge_commit=str(merge["id"]) if merge else None,
        merged_at=moment(data["closedDate"]) if is_merged else None,
        is_draft=bool(data.get("draft")),
    )
    return Found(
        pull,
        is_own=data["fromRef"]["repository"]["id"] == data["toRef"]["repository"]["id"],
        author=str(data["author"]["user"]["name"]),
        reviewers=tuple(str(each["user"]["name"]) for each in data.get("reviewers") or ()),
        version=int(data["version"]),
    )


_STATES = {"OPEN": PullRequestState.OPEN, "MERGED": PullRequestState.MERGED}


def moment(milliseconds: Any) -> datetime:
    """A moment as Data Center writes it: milliseconds since 1970. Raises ValueError where it is none."""
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("a moment that no calendar has") from error


def _veto(data: Any) -> str:
    if data.get("conflicted"):
        return "it conflicts with its base"
    told = [str(each["summaryMessage"]) for each in (data.get("vetoes") or ())[:_MOST_VETOES]]
    return " ".join("; ".join(told).split())[:300]


def _is_comment(data: Any) -> bool:
    return bool(data["action"] == "COMMENTED" and data.get("commentAction") == "ADDED")


def _thread(comment: Any, depth: int) -> Iterator[Any]:
    """A comment and the replies to it, whose replies are told within them."""
    yield comment
    if depth < _DEEPEST:
        for reply in comment.get("comments") or ():
            yield from _thread(reply, depth + 1)


def _opinions(data: Any) -> Sequence[tuple[str, Opinion, str | None, bool]]:
    """Name, opinion, the commit it was given for, and whether it is a person."""
    return [
        (
            str(each["user"]["name"]),
            _OPINIONS[str(each["status"])],
            str(each["lastReviewedCommit"]) if each.get("lastReviewedCommit") else None,
            each["user"].get("type", "NORMAL") == "NORMAL",
        )
        for each in [*(data.get("reviewers") or ()), *(data.get("participants") or ())]
        if each.get("status") in _OPINIONS
    ]
