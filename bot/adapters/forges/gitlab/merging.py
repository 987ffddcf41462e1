"""Merging on GitLab: at once, or by GitLab itself once its rules allow (auto-merge).

A merge request is looked at before it is merged: right after it was opened or changed, GitLab refuses for no
reason that holds (https://gitlab.com/gitlab-org/gitlab/-/issues/353984), and merges at once what has no
pipeline yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.lookup import MergeRequests
from bot.adapters.forges.gitlab.merge_requests import UNDECIDED, Found
from bot.adapters.forges.gitlab.transport import Answer
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, Denied, Refused, TagboatError, Transient, Unreachable
from bot.domain.people.consent import Arming
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequestState

_SOON = timedelta(seconds=10)
_LISTED = 100
_ENABLED = re.compile(r"enabled an automatic merge when .*?(?P<commit>[0-9a-f]{40,64})")
_ENDED = re.compile(r"(?:canceled|aborted) the automatic merge(?P<why>.*)", re.DOTALL)


class Merger:
    """The part of the port `Forge` that merges. `squash` is for when nobody names a method."""

    def __init__(self, api: GitLabApi, requests: MergeRequests, *, identity: Identity, squash: bool) -> None:
        self._api = api
        self._requests = requests
        self._identity = identity
        self._squash = squash

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer."""
        seen = self._requests.one(repository, number)
        if seen.pull_request.merge_commit is not None:
            return seen.pull_request.merge_commit
        refusal = _moved(repository, seen, options.expected_head) or _blocked(repository, seen)
        if refusal is not None:
            raise refusal
        answer = self._attempt(repository, number, self._body(options))
        if answer is not None and answer.status == 200:
            again = self._requests.read(repository, answer)
        else:
            again = self._requests.one(repository, number)
        if again.pull_request.merge_commit is not None:
            return again.pull_request.merge_commit
        if answer is None:
            raise Unreachable(f"GitLab at {self._api.host} did not say whether it merged", fix="asked again")
        raise _moved(repository, again, options.expected_head) or self._not_merged(repository, again, answer)

    def arming(self, repository: str, number: int) -> Arming:
        """Whether GitLab was asked to merge by itself."""
        seen = self._requests.one(repository, number)
        if seen.pull_request.state is not PullRequestState.OPEN:
            return Arming()
        if seen.pull_request.is_armed:
            return Arming(waits=seen.pull_request.blocked_reason or "GitLab's auto-merge")
        return Arming(refusal=self._taken_back(repository, number, seen.pull_request.head))

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Ask GitLab to merge as soon as its rules allow; what may be merged now is merged."""
        seen = self._requests.one(repository, number)
        if seen.pull_request.merge_commit is not None:
            return
        refusal = _moved(repository, seen, options.expected_head)
        if refusal is not None:
            raise refusal
        if seen.pull_request.is_armed:
            return
        # The older name too: a GitLab before 17.11 knows the newer one not, and would merge at once.
        when = {"auto_merge": True, "merge_when_pipeline_succeeds": True}
        is_ready = seen.status == "mergeable"
        body = {**self._body(options), **({} if is_ready else when)}
        answer = self._attempt(repository, number, body)
        if answer is not None and answer.status == 200:
            return
        again = self._requests.one(repository, number)
        if again.pull_request.is_armed or again.pull_request.merge_commit is not None:
            return
        if answer is None:
            raise Unreachable(f"GitLab at {self._api.host} did not say whether it merges", fix="asked again")
        raise _moved(repository, again, options.expected_head) or self._not_merged(repository, again, answer)

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where GitLab was not asked, or has merged."""
        path = f"/merge_requests/{number}/cancel_merge_when_pipeline_succeeds"
        answer = self._api.attempt("post", repository, path)
        if answer.status not in {200, 201, 405, 406}:
            raise self._api.failure(repository, answer)

    def _body(self, options: MergeOptions) -> Mapping[str, Any]:
        """A squash is asked for; the rest is the project's setting, which may squash unasked."""
        text = signed(options.message, sign_off=self._identity if options.sign_off else None)
        is_squashed = options.method is MergeMethod.SQUASH or (options.method is None and self._squash)
        texts = {"merge_commit_message": text, "squash_commit_message": text}
        return {"sha": options.expected_head, **texts, **({"squash": True} if is_squashed else {})}

    def _attempt(self, repository: str, number: int, body: Mapping[str, Any]) -> Answer | None:
        """Ask once; None where no answer came, and one has to look."""
        try:
            return self._api.attempt("put", repository, f"/merge_requests/{number}/merge", body)
        except Unreachable:
            return None

    def _taken_back(self, repository: str, number: int, head: str) -> str:
        """Why GitLab does not merge this head by itself any more, in its own words; empty where it never did.

        GitLab keeps that in notes of its own: who asked for which commit, and who took it back.
        """
        notes = self._api.get(
            repository,
            f"/merge_requests/{number}/notes",
            lambda data: [
                (str(each["body"]), str(each["author"]["username"])) for each in data if each["system"]
            ],
            parameters={"order_by": "created_at", "sort": "desc", "per_page": _LISTED},
        )
        ended, by = "", ""
        for body, author in notes:
            enabled, gone = _ENABLED.search(body), _ENDED.search(body)
            if enabled:
                is_ours = by == author  # who asked took it back
                return "" if is_ours or enabled["commit"] != head else ended
            if gone and not ended:
                ended, by = " ".join(gone[0].split())[:200], author
        return ""

    def _not_merged(self, repository: str, seen: Found, answer: Answer) -> TagboatError:
        what = f"merge request {seen.pull_request.number} of {repository}"
        refusal = _blocked(repository, seen)
        if refusal is not None:
            return refusal
        if answer.status == 200:
            return Transient(f"{what} is not merged yet", why="GitLab took it for later", retry_after=_SOON)
        if answer.status == 401:  # GitLab's word for a user whose token is fine, and who may not merge there
            fix = "let its role merge to the target branch, which may be protected"
            return Denied(f"the access token may not merge {what}", why=answer.message, fix=fix)
        if answer.status == 409:
            return Conflict(f"{what} moved after it was judged", why=answer.message)
        if answer.status in {405, 406, 422}:
            return Refused(f"GitLab does not merge {what}", why=answer.message)
        return self._api.failure(repository, answer)


def _moved(repository: str, seen: Found, expected_head: str) -> TagboatError | None:
    """Why this is not the merge request that was judged, or None."""
    pull = seen.pull_request
    what = f"merge request {pull.number} of {repository}"
    if pull.state is PullRequestState.CLOSED:
        return Refused(f"{what} is closed", fix="open a new one")
    if pull.head != expected_head:
        return Conflict(f"{what} moved after it was judged")
    if seen.status in UNDECIDED:
        why = f"its merge status is {seen.status}"
        return Transient(f"GitLab does not know yet whether {what} may be merged", why=why, retry_after=_SOON)
    return None


def _blocked(repository: str, seen: Found) -> TagboatError | None:
    """Why it may not be merged at this moment, or None."""
    pull = seen.pull_request
    what = f"merge request {pull.number} of {repository}"
    if pull.mergeable is False:
        return Refused(f"GitLab does not merge {what}", why=f"its merge status is {seen.status}")
    if pull.blocked_reason:
        return Refused(f"GitLab does not merge {what}", why=pull.blocked_reason)
    return None
