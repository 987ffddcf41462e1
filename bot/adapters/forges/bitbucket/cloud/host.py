"""Pull requests on Bitbucket Cloud: the seam `Host` over its REST API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.forges.bitbucket.api import Parameters
from bot.adapters.forges.bitbucket.cloud.api import CloudApi
from bot.adapters.forges.bitbucket.cloud.writers import Writers
from bot.adapters.forges.bitbucket.host import Found
from bot.adapters.forges.bitbucket.texts import fitting_body, fitting_title, hidden, shown
from bot.adapters.forges.bitbucket.transport import Answer
from bot.domain.errors import Denied, NotFound, Refused, TagboatError
from bot.domain.people.consent import Check, CheckState, Opinion, Review
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState

_PAGE = 50
_MOST_PAGES = 20
_LONGEST_PAGE = 100
_ID = re.compile(r"\{[0-9a-f-]{36}\}|[0-9]+:[0-9a-f-]{36}|[0-9a-f]{24}")
"""UUIDs, and the ids of Atlassian accounts: https://developer.atlassian.com/cloud/bitbucket/bitbucket-api-changes-gdpr/"""
_STATES = ("OPEN", "MERGED", "DECLINED", "SUPERSEDED")
_OPINIONS = {"approved": Opinion.APPROVED, "changes_requested": Opinion.CHANGES_REQUESTED}
_CHECKS = {
    "SUCCESSFUL": CheckState.SUCCEEDED,
    "FAILED": CheckState.FAILED,
    "STOPPED": CheckState.FAILED,
}


class CloudHost:
    """Pull requests, comments, opinions and build statuses. Safe between threads."""

    def __init__(self, api: CloudApi) -> None:
        self._api = api
        self._writers = Writers(api)

    def close(self) -> None:
        """Close every connection."""
        self._api.close()

    def one(self, repository: str, number: int) -> Found:
        """One as it is now; `NotFound` when there is none of that number."""
        return self.found(repository, self._whole(repository, number))

    def of_branch(self, repository: str, branch: str) -> Sequence[Found]:
        """All from that branch of this very repository, newest first."""
        name = branch.replace('"', '\\"')
        query: Parameters = {
            "q": f'source.branch.name = "{name}"',
            "state": _STATES,
            "pagelen": _PAGE,
            "sort": "-created_on",
        }
        listed, _ = self._api.listed(
            repository, "/pullrequests", lambda data: data, parameters=query, most=_MOST_PAGES
        )
        every = [self.found(repository, each) for each in listed]
        own = [each for each in every if each.is_own and each.pull_request.branch == branch]
        return sorted(own, key=lambda each: each.pull_request.number, reverse=True)

    def found(self, repository: str, data: Any) -> Found:
        """Read one from an answer; of a closed one the commits are named in full, where they are there."""
        told = self._api.read(repository, Answer(200, data), _told)
        pull = told.found.pull_request
        if pull.state is PullRequestState.OPEN:
            return told.found
        head = self._api.commit(repository, pull.head) if pull.head else None
        merged = self._api.commit(repository, told.merged_as) if told.merged_as else None
        whole = replace(
            pull,
            head=head.id if head else pull.head,
            merge_commit=merged.id if merged else None,
            merged_at=merged.at if merged else None,
        )
        return replace(told.found, pull_request=whole)

    def create(self, repository: str, proposal: Proposal, base_branch: str) -> Answer:
        """Open one with the default reviewers, whom the API does not add by itself."""
        body = {
            "title": fitting_title(proposal.title),
            "description": hidden(fitting_body(proposal.body)),
            "source": {"branch": {"name": proposal.branch}},
            "destination": {"branch": {"name": base_branch}},
            "reviewers": self.reviewer_lists(self._default_reviewers(repository)),
            "draft": proposal.metadata.draft,
            "close_source_branch": False,
        }
        return self._api.attempt("POST", f"{self._api.of(repository)}/pullrequests", body)

    def change(self, repository: str, found: Found, change: Mapping[str, Any]) -> Answer:
        """Change it; reviewers that a change does not name would go."""
        pull = found.pull_request
        body = {"title": pull.title, "reviewers": self.reviewer_lists(found.reviewers), **change}
        return self._api.attempt("PUT", f"{self._path(repository, pull.number)}", body)

    def decline(self, repository: str, found: Found) -> None:
        """Close without a merge."""
        self._api.send("POST", repository, f"/pullrequests/{found.pull_request.number}/decline", {})

    def commit(self, repository: str, name: str) -> str:
        """The full id of a commit that is told by its first digits; these where it is gone."""
        found = self._api.commit(repository, name) if name else None
        return found.id if found else name

    def failure(self, repository: str, answer: Answer) -> TagboatError:
        """What an answer that is no success means."""
        return self._api.failure(repository, answer)

    def veto(self, repository: str, number: int) -> str:  # noqa: ARG002 - Cloud tells administrators alone
        """Nothing: what a merge lacks is not told."""
        return ""

    def comments(self, repository: str, number: int) -> Sequence[str]:
        """Every comment, by its text."""
        found, is_whole = self._api.listed(
            repository,
            f"/pullrequests/{number}/comments",
            lambda data: shown(str((data.get("content") or {}).get("raw") or "")),
            parameters={"pagelen": _LONGEST_PAGE},
            most=_MOST_PAGES,
        )
        if not is_whole:
            raise Refused(f"pull request {number} of {repository} has too many comments to read")
        return found

    def say(self, repository: str, number: int, body: str) -> None:
        """Say something below it, once."""
        content = {"content": {"raw": hidden(body)}}
        self._api.send("POST", repository, f"/pullrequests/{number}/comments", content)

    def reviewer(self, repository: str, name: str) -> str | None:
        """The UUID of a member by nickname, where one alone has it; an id is taken as it is."""
        if _ID.fullmatch(name):
            return name
        members, _ = self._api.listed(
            repository,
            "/members",
            lambda data: (str(data["user"].get("nickname") or ""), uuid_of(data["user"])),
            root=self._api.workspace(repository),
            parameters={"pagelen": _LONGEST_PAGE},
            most=_MOST_PAGES,
        )
        named = [uuid for nickname, uuid in members if nickname == name]
        return named[0] if len(named) == 1 else None

    def reviewer_lists(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Reviewers as the API takes them."""
        return [{"uuid" if each.startswith("{") else "account_id": each} for each in ids]

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """What participants say; whether they may write is asked only where somebody says something."""
        answer = Answer(200, self._whole(repository, number))
        author = self._api.read(repository, answer, lambda data: uuid_of(data.get("author")))
        told = self._api.read(repository, answer, _opinions)
        writers = self._writers.of(repository) if told else frozenset()
        return tuple(
            Review(by, opinion, is_human=is_human, may_write=uuid in writers, is_author=uuid == author)
            for uuid, by, opinion, is_human in told
        )

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """Every build status, by the name that people see."""
        found, is_whole = self._api.listed(
            repository,
            f"/commit/{commit}/statuses",
            lambda data: Check(
                str(data.get("name") or data["key"]), _CHECKS.get(str(data["state"]), CheckState.RUNNING)
            ),
            parameters={"pagelen": _LONGEST_PAGE},
            most=_MOST_PAGES,
        )
        if not is_whole:
            what = f"commit {commit[:12]} of {repository} has more than {len(found)} checks"
            raise Refused(what, why="a part of them would look like all")
        return tuple(found)

    def _whole(self, repository: str, number: int) -> Any:
        """The answer about one: participants are told there alone."""
        answer = self._api.attempt("GET", self._path(repository, number))
        if answer.status == 404:
            self._api.get(repository, "", lambda data: data["uuid"])  # raises where it is out of sight
            raise NotFound(f"{repository} has no pull request {number}")
        return self._api.good(repository, answer).data

    def _path(self, repository: str, number: int) -> str:
        return f"{self._api.of(repository)}/pullrequests/{number}"

    def _default_reviewers(self, repository: str) -> Sequence[str]:
        """Those of the repository and its project, but Tagboat itself; none where they may not be asked."""
        answer = self._api.attempt(
            "GET",
            f"{self._api.of(repository)}/effective-default-reviewers",
            parameters={"pagelen": _LONGEST_PAGE},
        )
        if answer.status in {403, 404}:
            return ()
        listed = self._api.read(
            repository,
            self._api.good(repository, answer),
            lambda data: [uuid_of(each["user"]) for each in data["values"]],
        )
        if not listed:
            return ()
        try:
            me = self._api.account()
        except Denied:  # an access token is no person, whom anybody could have named
            return listed
        return [each for each in listed if each != me]


@dataclass(frozen=True, slots=True)
class _Told:
    """A pull request as it is told; `merged_as` is the commit of its merge, cut short."""

    found: Found
    merged_as: str


def _told(data: Any) -> _Told:
    state = _state(data)
    is_draft = bool(data.get("draft"))
    pull = PullRequest(
        number=int(data["id"]),
        url=str(data["links"]["html"]["href"]),
        title=str(data["title"]),
        body=shown(str(data.get("description") or (data.get("summary") or {}).get("raw") or "")),
        branch=str(data["source"]["branch"]["name"]),
        base=str(data["destination"]["branch"]["name"]),
        head=str((data["source"].get("commit") or {}).get("hash") or ""),
        state=state,
        is_draft=is_draft,
    )
    found = Found(
        pull,
        is_own=_is_own(data),
        author=uuid_of(data.get("author")),
        reviewers=tuple(uuid_of(each) for each in data.get("reviewers") or ()),
    )
    merge = data.get("merge_commit") if state is PullRequestState.MERGED else None
    return _Told(found, str(merge["hash"]) if merge else "")


def _state(data: Any) -> PullRequestState:
    if data["state"] == "MERGED":
        return PullRequestState.MERGED
    return PullRequestState.OPEN if data["state"] == "OPEN" else PullRequestState.CLOSED


def _is_own(data: Any) -> bool:
    """Whether it comes from no fork, which may be gone by now."""
    source = data["source"].get("repository") or {}
    return bool(source.get("uuid")) and source["uuid"] == data["destination"]["repository"]["uuid"]


def uuid_of(account: Any) -> str:
    """The account's UUID; empty where the account was deleted."""
    return str((account or {}).get("uuid") or "")


def _opinions(data: Any) -> Sequence[tuple[str, str, Opinion, bool]]:
    """UUID, name and opinion of each participant who has one, and whether it is a person."""
    return [
        (
            uuid_of(each["user"]),
            str(each["user"].get("nickname") or each["user"].get("display_name") or ""),
            _OPINIONS[str(each["state"])],
            each["user"].get("type", "user") == "user",
        )
        for each in data["participants"]
        if each.get("state") in _OPINIONS and each.get("user")
    ]
