"""Merging on Gitea, at once or by Gitea itself, and what people and checks say of it before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from bot.adapters.forges.gitea.api import Answer, GiteaApi
from bot.adapters.forges.gitea.listing import PullRequests
from bot.adapters.forges.gitea.pulls import Found
from bot.adapters.forges.identity import Identity, signed
from bot.adapters.forges.paging import gathered
from bot.domain.errors import Conflict, Denied, Refused, TagboatError, Transient, Unreachable
from bot.domain.people.consent import Arming, Check, CheckState, Opinion, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequestState

T = TypeVar("T")

_SOON = timedelta(seconds=10)
_MOST_PAGES = 20
_LATER = "try again later"
_SCHEDULED, _CANCELLED, _PUSHED = "pull_scheduled_merge", "pull_cancel_scheduled_merge", "pull_push"
_OPINIONS = {"APPROVED": Opinion.APPROVED, "REQUEST_CHANGES": Opinion.CHANGES_REQUESTED}
_CHECKS = {
    "success": CheckState.SUCCEEDED,
    "warning": CheckState.SUCCEEDED,
    "skipped": CheckState.SUCCEEDED,
    "failure": CheckState.FAILED,
    "error": CheckState.FAILED,
}


class Merger:
    """The part of the port `Forge` about merging; `method` is for when nobody names one."""

    def __init__(
        self, api: GiteaApi, pulls: PullRequests, *, identity: Identity, method: MergeMethod
    ) -> None:
        self._api = api
        self._pulls = pulls
        self._identity = identity
        self._method = method

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer."""
        seen = self._pulls.one(repository, number)
        if seen.pull_request.merge_commit is not None:
            return seen.pull_request.merge_commit
        refusal = _moved(repository, seen, options.expected_head)
        if refusal is not None:
            raise refusal
        answer = self._attempt(repository, number, self._body(options))
        again = self._pulls.one(repository, number)
        if again.pull_request.merge_commit is not None:
            return again.pull_request.merge_commit
        raise self._not_merged(repository, again, options.expected_head, answer)

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Ask the host to merge as soon as its checks succeed; what may be merged now is merged."""
        seen = self._pulls.one(repository, number)
        if seen.pull_request.merge_commit is not None or self.arming(repository, number).is_armed:
            return
        refusal = _moved(repository, seen, options.expected_head)
        if refusal is not None:
            raise refusal
        body = {**self._body(options), "merge_when_checks_succeed": True}
        answer = self._attempt(repository, number, body)
        if answer is not None and answer.status in {200, 201}:
            return
        again = self._pulls.one(repository, number)
        if again.pull_request.merge_commit is None and not self.arming(repository, number).is_armed:
            raise self._not_merged(repository, again, options.expected_head, answer)

    def arming(self, repository: str, number: int) -> Arming:
        """Whether the host was asked to merge by itself, which only its list of events tells."""
        seen = self._pulls.one(repository, number)
        if seen.pull_request.state is not PullRequestState.OPEN:
            return Arming()
        events, is_whole = self._whole(repository, f"/issues/{number}/timeline", list)
        if not is_whole:
            raise Refused(f"pull request {number} of {repository} has too many events to read")
        asked_by = ""
        refusal = ""
        for event in events:
            kind, who = str(event["type"]), str((event["user"] or {}).get("login", ""))
            if kind == _SCHEDULED:
                asked_by, refusal = who, ""
            elif kind == _CANCELLED and asked_by:
                refusal = "" if who == asked_by else f"{who} took the automatic merge back"
                asked_by = ""
            elif kind == _PUSHED:
                refusal = ""
        return Arming(waits="checks must succeed first") if asked_by else Arming(refusal=refusal)

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where the host was not asked, or has merged."""
        answer = self._api.attempt("DELETE", repository, f"/pulls/{number}/merge")
        if answer.status not in {200, 204, 404}:
            raise self._api.failure(repository, answer)

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer; one who could not write is no official one."""
        author = self._pulls.one(repository, number).author
        listed, is_whole = self._whole(repository, f"/pulls/{number}/reviews", list)
        if not is_whole:
            raise Refused(f"pull request {number} of {repository} has too many reviews to read")
        last = {
            str(each["user"]["login"]): each for each in listed if each["state"] in _OPINIONS and each["user"]
        }
        return tuple(
            Review(
                by,
                _OPINIONS[str(each["state"])],
                commit=str(each["commit_id"]) or None,
                may_write=bool(each["official"]),
                is_author=by == author,
            )
            for by, each in last.items()
            if not each["dismissed"]
        )

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every commit status."""
        found, is_whole = self._whole(repository, f"/commits/{commit}/status", _checks)
        if is_whole:
            return tuple(found)
        raise Refused(
            f"commit {commit[:12]} of {repository} has more than {len(found)} checks",
            why="a part of them would look like all",
        )

    def _whole(
        self, repository: str, path: str, read: Callable[[Any], Sequence[T]]
    ) -> tuple[Sequence[T], bool]:
        """The items of a list, and whether they are all."""
        return gathered(self._api.pages(repository, path, read, most=_MOST_PAGES))

    def _body(self, options: MergeOptions) -> Mapping[str, Any]:
        text = signed(options.message, sign_off=self._identity if options.sign_off else None)
        title, _, rest = text.partition("\n")
        return {
            "Do": str(options.method or self._method),
            "head_commit_id": options.expected_head,
            "MergeTitleField": title,
            "MergeMessageField": rest.strip(),
            "delete_branch_after_merge": False,
        }

    def _attempt(self, repository: str, number: int, body: Mapping[str, Any]) -> Answer | None:
        """Ask once; None where no answer came, and one has to look."""
        try:
            return self._api.attempt("POST", repository, f"/pulls/{number}/merge", body)
        except Unreachable:
            return None

    def _not_merged(
        self, repository: str, seen: Found, expected_head: str, answer: Answer | None
    ) -> TagboatError:
        what = f"pull request {seen.pull_request.number} of {repository}"
        if answer is None:
            return Unreachable(f"{self._api.host} did not say whether it merged {what}", fix="asked again")
        moved = _moved(repository, seen, expected_head)
        if moved is not None:
            return moved
        if _LATER in answer.message.lower():
            return Transient(f"{what} is still looked at", why=answer.message, retry_after=_SOON)
        if answer.status == 403:
            fix = "let its user merge to the base branch, which may be protected"
            return Denied(f"the access token may not merge {what}", why=answer.message, fix=fix)
        if answer.status == 409 and seen.pull_request.mergeable is not False:
            return Conflict(f"{what} moved after it was judged", why=answer.message)
        if answer.status in {200, 201}:
            return Transient(f"{what} is not merged yet", why=answer.message, retry_after=_SOON)
        if answer.status in {405, 409, 422}:
            return Refused(f"{self._api.host} does not merge {what}", why=answer.message)
        return self._api.failure(repository, answer)


def _checks(data: Any) -> Sequence[Check]:
    return [
        Check(str(each["context"]), _CHECKS.get(str(each["status"]), CheckState.RUNNING))
        for each in data["statuses"] or ()
    ]


def _moved(repository: str, seen: Found, expected_head: str) -> TagboatError | None:
    """Why this is not the pull request that was judged, or None."""
    pull = seen.pull_request
    what = f"pull request {pull.number} of {repository}"
    if pull.state is PullRequestState.CLOSED:
        return Refused(f"{what} is closed", fix="open a new one")
    if pull.head != expected_head:
        return Conflict(f"{what} moved after it was judged")
    return None
