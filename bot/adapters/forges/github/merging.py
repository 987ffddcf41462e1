"""Merging on GitHub: at once, by its auto-merge, or by its merge queue; always at the head that was judged.

What was asked for is read back: GitHub has its own mind on which of the ways is open.
https://docs.github.com/graphql/reference/mutations#enablepullrequestautomerge
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.consent import named
from bot.adapters.forges.github.graphql import GitHubGraphQL
from bot.adapters.forges.github.transport import Answer
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, Refused, TagboatError, Transient, Unreachable
from bot.domain.people.consent import Arming
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_SOON = timedelta(seconds=10)
_OVERTAKEN = ("try the merge again", "already in progress")
_ARMED = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id state headRefOid
      author { login }
      autoMergeRequest { enabledAt }
      mergeQueue { id }
      mergeQueueEntry { position }
      commits(last: 1) { nodes { commit { committedDate } } }
      timelineItems(last: 20, itemTypes: [AUTO_MERGE_ENABLED_EVENT, AUTO_MERGE_DISABLED_EVENT,
                                          ADDED_TO_MERGE_QUEUE_EVENT, REMOVED_FROM_MERGE_QUEUE_EVENT]) {
        nodes {
          __typename
          ... on AutoMergeEnabledEvent { createdAt }
          ... on AutoMergeDisabledEvent { createdAt reason actor { login } }
          ... on AddedToMergeQueueEvent { createdAt }
          ... on RemovedFromMergeQueueEvent { createdAt reason actor { login } }
        }
      }
    }
  }
}
"""
_ENABLE = """
mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { pullRequest { id } }
}
"""
_DISABLE = """
mutation($input: DisablePullRequestAutoMergeInput!) {
  disablePullRequestAutoMerge(input: $input) { pullRequest { id } }
}
"""
_ENQUEUE = """
mutation($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { mergeQueueEntry { id } } }
"""
_DEQUEUE = """
mutation($input: DequeuePullRequestInput!) { dequeuePullRequest(input: $input) { mergeQueueEntry { id } } }
"""
_ASKED = frozenset({"AutoMergeEnabledEvent", "AddedToMergeQueueEvent"})
_TAKEN_BACK = {
    "AutoMergeDisabledEvent": "GitHub's auto-merge was turned off",
    "RemovedFromMergeQueueEvent": "it was taken out of GitHub's merge queue",
}
# Why a queue drops a pull request by itself: https://docs.github.com/webhooks/webhook-events-and-payloads?actionType=dequeued#pull_request
_FAILED = re.compile(
    r"CONFLICT|FAILURE|FAILED|TIMEOUT|TIMED_OUT|ROLL_BACK|BRANCH_PROTECTION|INVALID", re.IGNORECASE
)
# GitHub arms only what it could not merge at once.
_READY = re.compile(r"(?:clean|unstable|has_hooks) status|branch rules not configured", re.IGNORECASE)
_SWITCHED_OFF = re.compile(r"auto[- ]merge is not allowed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A pull request as the GraphQL API tells it, as far as merging by GitHub itself goes."""

    id: str
    state: PullRequestState
    head: str
    has_queue: bool
    is_enabled: bool
    place: int | None
    refusal: str

    @property
    def is_asked(self) -> bool:
        """Whether GitHub merges it by itself."""
        return self.is_enabled or self.place is not None


class Merger:
    """The part of the port `Forge` that merges. `method` is for when nobody names one."""

    def __init__(
        self,
        api: GitHubApi,
        graphql: GitHubGraphQL,
        find: Callable[[str, int], PullRequest],
        *,
        identity: Identity,
        method: MergeMethod,
    ) -> None:
        self._api = api
        self._graphql = graphql
        self._find = find
        self._identity = identity
        self._method = method

    def merge(self, repository: str, number: int, options: MergeOptions) -> str:
        """Merge and return the commit on the base branch; merged already: the same answer."""
        title, text = self._parts(options)
        body = {
            "sha": options.expected_head,
            "merge_method": str(options.method or self._method),
            "commit_title": title,
            "commit_message": text,
        }
        try:
            answer = self._api.attempt("PUT", repository, f"/pulls/{number}/merge", body)
        except Unreachable:
            merged = self._find(repository, number).merge_commit
            if merged is None:
                raise
            return merged
        if answer.status == 200:
            return self._api.read(repository, answer, lambda data: str(data["sha"]))
        pull = self._find(repository, number)
        if pull.merge_commit is None:
            raise self._not_merged(repository, pull, options.expected_head, answer)
        return pull.merge_commit

    def arming(self, repository: str, number: int) -> Arming:
        """Whether GitHub was asked to merge by itself, and who took that back for the head as it stands."""
        seen = self._seen(repository, number)
        if seen.state is not PullRequestState.OPEN:
            return Arming()
        if seen.place is not None:
            return Arming(waits=f"it has place {seen.place} in GitHub's merge queue")
        if seen.is_enabled:
            return Arming(waits="GitHub merges it once its rules allow")
        return Arming(refusal=seen.refusal)

    def arm(self, repository: str, number: int, options: MergeOptions) -> None:
        """Let GitHub merge it once it may; what may be merged already is merged, or put into the queue."""
        seen = self._seen(repository, number)
        self._require(repository, number, seen, options.expected_head)
        if seen.is_asked or seen.state is PullRequestState.MERGED:
            return
        error = self._enable(repository, seen, options)
        if error and _READY.search(error):
            if not seen.has_queue:
                self.merge(repository, number, options)
                return
            queued = {"pullRequestId": seen.id, "expectedHeadOid": options.expected_head}
            error = self._graphql.change(repository, _ENQUEUE, {"input": queued})
        after = self._seen(repository, number)
        self._require(repository, number, after, options.expected_head)
        if not after.is_asked and after.state is PullRequestState.OPEN:
            raise _not_armed(repository, number, error)

    def disarm(self, repository: str, number: int) -> None:
        """Take back whatever GitHub was asked."""
        seen = self._seen(repository, number)
        error = ""
        if seen.is_enabled:
            error = self._graphql.change(repository, _DISABLE, {"input": {"pullRequestId": seen.id}})
        if seen.place is not None:
            error = self._graphql.change(repository, _DEQUEUE, {"input": {"id": seen.id}}) or error
        if error and self._seen(repository, number).is_asked:
            raise Unreachable(
                f"GitHub goes on to merge pull request {number} of {repository}", why=error, fix="tried again"
            )

    def _seen(self, repository: str, number: int) -> _Seen:
        return self._graphql.ask(repository, _ARMED, named(repository, number), _seen)

    def _enable(self, repository: str, seen: _Seen, options: MergeOptions) -> str:
        title, text = self._parts(options)
        wish = {
            "pullRequestId": seen.id,
            "expectedHeadOid": options.expected_head,
            "mergeMethod": str(options.method or self._method).upper(),
            "commitHeadline": title,
            "commitBody": text,
        }
        return self._graphql.change(repository, _ENABLE, {"input": wish})

    def _parts(self, options: MergeOptions) -> tuple[str, str]:
        """The title and the text of the commit that GitHub makes."""
        message = signed(options.message, sign_off=self._identity if options.sign_off else None)
        title, _, rest = message.partition("\n")
        return title, rest.strip()

    def _require(self, repository: str, number: int, seen: _Seen, expected_head: str) -> None:
        what = f"pull request {number} of {repository}"
        if seen.state is PullRequestState.CLOSED:
            raise Refused(f"{what} is closed", fix="open a new one")
        if seen.head != expected_head:
            raise Conflict(f"{what} moved after it was judged")

    def _not_merged(
        self, repository: str, pull: PullRequest, expected_head: str, answer: Answer
    ) -> TagboatError:
        what = f"pull request {pull.number} of {repository}"
        said = answer.message.lower()
        if pull.state is PullRequestState.CLOSED:
            return Refused(f"{what} is closed", fix="open a new one")
        if pull.head != expected_head or any(text in said for text in _OVERTAKEN):
            return Conflict(f"{what} moved after it was judged", why=answer.message)
        if answer.status not in {405, 422}:
            return self._api.failure(repository, answer)
        if pull.mergeable is None:
            return Transient(
                f"GitHub does not know yet whether {what} may be merged",
                why=answer.message,
                retry_after=_SOON,
            )
        why = f"{answer.message}; {pull.blocked_reason}" if pull.blocked_reason else answer.message
        return Refused(f"GitHub does not merge {what}", why=why, fix=_remedy(said))


def _remedy(said: str) -> str:
    if "merge queue" in said:
        return "let the queue merge it: `merge: {mode: auto, platform: true}`"
    if "not allowed on this repository" in said:
        return "name a `method` that the repository allows, in the environment's `merge`"
    return ""


def _not_armed(repository: str, number: int, error: str) -> TagboatError:
    what = f"pull request {number} of {repository}"
    if not error:
        return Unreachable(f"GitHub does not show yet that it will merge {what}", fix="looked at again soon")
    fix = "merge it by hand, or leave `platform` out"
    if _SWITCHED_OFF.search(error):
        fix = "allow auto-merge in the settings of the repository, or leave `platform` out"
    return Refused(f"GitHub does not take over {what}", why=error, fix=fix)


def _seen(data: Any) -> _Seen:
    pull = data["repository"]["pullRequest"]
    entry = pull["mergeQueueEntry"]
    written = datetime.fromisoformat(pull["commits"]["nodes"][-1]["commit"]["committedDate"])
    author = pull["author"]["login"] if pull["author"] else None
    return _Seen(
        id=str(pull["id"]),
        state=PullRequestState(str(pull["state"]).lower()),
        head=str(pull["headRefOid"]),
        has_queue=pull["mergeQueue"] is not None,
        is_enabled=pull["autoMergeRequest"] is not None,
        place=int(entry["position"]) if entry else None,
        refusal=_refusal(pull["timelineItems"]["nodes"], written, author),
    )


def _refusal(events: Sequence[Mapping[str, Any]], written: datetime, author: str | None) -> str:
    """Why GitHub, or a human, took back what was asked for the commit that was written then.

    What Tagboat itself took back is none: it opened the pull request, and is its author.
    """
    asked = [each for each in events if each["__typename"] in _ASKED and _at(each) >= written]
    last = events[-1] if events else {}
    said = _TAKEN_BACK.get(str(last.get("__typename")))
    if said is None or not asked:
        return ""
    by, reason = (last["actor"] or {}).get("login"), str(last["reason"] or "")
    if by == author and not _FAILED.search(reason):
        return ""
    who = f" by {by}" if by and by != author else ""
    return f"{said}{who}: {reason}" if reason else f"{said}{who}"


def _at(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(event["createdAt"])
