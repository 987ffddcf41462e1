"""GitHub's GraphQL API on the fake: queries are read, checked and answered by GitHub's own schema.

`github_schema.graphql` is a part of the official schema; what a query asks for beyond it is refused.
The refusals are in the words that other clients' issues quote. Of an `updateRefs` that fails, clients report
that something went wrong and no more; what rules say of a forced move is what they say of a push.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.git_host_model import MissingError, Pull
from tests.fakes.github_accounts import Account
from tests.fakes.github_consent import Armed, Consent, Said, actor
from tests.fakes.github_git_graphql import fields, listed, node_id, pull_fields
from tests.fakes.github_json import Json, timestamp
from tests.fakes.http_host import Request, Response

_HEADS = "refs/heads/"
_NOTHING = "0" * 40
_WENT_WRONG = (
    "Something went wrong while executing your query. Please include `0F5A:1D3C` when reporting this issue."
)
_FILE = Path(__file__).with_name("github_schema.graphql")


class _Refusal(Exception):
    """A refusal of GitHub's, with its type."""

    def __init__(self, message: str, kind: str = "UNPROCESSABLE") -> None:
        super().__init__(message)
        self.kind = kind


def answer(
    host: GitHost,
    consent: Consent,
    account: Account,
    request: Request,
    *,
    html: str,
    late_mergeable: set[tuple[int, str]] | None,
) -> Response:
    """The answer to `POST /graphql`, from the same state as the REST API's; `html` is where the pages are."""
    root = _Root(host, consent, account)
    root.html, root.late = html, late_mergeable
    body = request.data
    result = graphql_sync(_schema(), body["query"], root, variable_values=body.get("variables"))
    data: Json = {"data": result.data}
    if result.errors:
        data["errors"] = [_written(error) for error in result.errors]
    return Response(200, data)


class _Root:
    """The queries and the mutations, by their names in the schema."""

    html = ""
    late: set[tuple[int, str]] | None = None

    def __init__(self, host: GitHost, consent: Consent, account: Account) -> None:
        self._host = host
        self._consent = consent
        self._account = account

    def repository(self, _: Any, owner: str, name: str, **__: Any) -> Any:
        """Query.repository"""
        try:
            repository = self._host.repository(f"{owner}/{name}")
        except MissingError as error:
            text = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise _Refusal(text, "NOT_FOUND") from error

        def pulls(_: Any, first: int, **by: Any) -> Json:
            found = [self._pull(repository, number) for number in sorted(repository.pulls)]
            return listed(by.get("headRefName"), first, found)

        return {
            **fields(repository),
            "pullRequest": lambda _info, number: self._pull(repository, number),
            "pullRequests": pulls,
        }

    def updateRefs(self, _: Any, input: Json) -> Json:
        """Mutation.updateRefs: all of them, or none."""
        if not self._account.can_write:
            raise _Refusal("Resource not accessible by personal access token", "FORBIDDEN")
        node, updates = input["repositoryId"], input["refUpdates"]
        repository = next((each for each in self._host.repositories if node_id(each) == node), None)
        if repository is None:
            raise _Refusal(f"Could not resolve to a node with the global id of '{node}'", "NOT_FOUND")
        for update in updates:
            _require_update(repository, update)
        for update in updates:
            branch, by = update["name"].removeprefix(_HEADS), self._account.login
            if update["afterOid"] == _NOTHING:
                repository.delete_branch(branch, by=by)
            else:
                repository.move_branch(branch, update["afterOid"], force=update["force"], by=by)
        return {"clientMutationId": None}

    def enablePullRequestAutoMerge(self, _: Any, input: Json) -> Json:
        """Mutation.enablePullRequestAutoMerge"""
        repository, pull = self._writable(input["pullRequestId"])
        state = repository.mergeability(pull).state
        if not self._consent.allows_auto_merge:
            raise _Refusal("Pull request Auto merge is not allowed for this repository")
        self._require_head(pull, input)
        if state in {"clean", "unstable", "dirty"}:
            raise _Refusal(f"Pull request Pull request is in {state} status")
        title = input.get("commitHeadline", "")
        message = f"{title}\n\n{input.get('commitBody', '')}"
        armed = Armed(str(input.get("mergeMethod", "MERGE")).lower(), message, self._account.login)
        self._consent.arm(repository, pull.number, armed)
        return {"pullRequest": self._pull(repository, pull.number)}

    def disablePullRequestAutoMerge(self, _: Any, input: Json) -> Json:
        """Mutation.disablePullRequestAutoMerge"""
        repository, pull = self._writable(input["pullRequestId"])
        if self._consent.of(repository, pull.number).armed is None:
            raise _Refusal("Can't disable auto-merge for this pull request.")
        self._consent.disarm(repository, pull.number, by=self._account.login)
        return {"pullRequest": self._pull(repository, pull.number)}

    def enqueuePullRequest(self, _: Any, input: Json) -> Json:
        """Mutation.enqueuePullRequest"""
        repository, pull = self._writable(input["pullRequestId"])
        self._require_head(pull, input)
        if repository.path not in self._consent.queues:
            raise _Refusal("No merge queue found for branch 'main'")
        if not self._consent.is_ready(repository, pull):
            raise _Refusal("Pull request is not mergeable")
        self._consent.enqueue(repository, pull.number, by=self._account.login)
        return {"mergeQueueEntry": self._entry(repository, pull)}

    def dequeuePullRequest(self, _: Any, input: Json) -> Json:
        """Mutation.dequeuePullRequest"""
        repository, pull = self._writable(input["id"])
        entry = self._entry(repository, pull)
        self._consent.dequeue(repository, pull.number, by=self._account.login, reason="MANUAL")
        return {"mergeQueueEntry": entry}

    def _writable(self, node: str) -> tuple[HostedRepository, Pull]:
        if not self._account.can_write:
            raise _Refusal("Resource not accessible by personal access token", "FORBIDDEN")
        path, _, number = node.removeprefix("PR_").rpartition("#")
        repository = self._host.repository(path)
        return repository, repository.pull(int(number))

    def _require_head(self, pull: Pull, wish: Json) -> None:
        if wish.get("expectedHeadOid") not in {None, pull.head}:
            raise _Refusal("Pull request Head sha was changed")

    def _pull(self, repository: HostedRepository, number: int) -> Json:
        if number not in repository.pulls:
            text = f"Could not resolve to a PullRequest with the number of {number}."
            raise _Refusal(text, "NOT_FOUND")
        pull, standing = repository.pull(number), self._consent.of(repository, number)
        committed = repository.git.commit(pull.head).when
        return {
            "id": f"PR_{repository.path}#{number}",
            **pull_fields(repository, pull, self.html, self.late),
            "state": pull.state.upper(),
            "headRefOid": pull.head,
            "author": actor(pull.author),
            "mergeQueue": {"id": "MQ_1"} if repository.path in self._consent.queues else None,
            "mergeQueueEntry": self._entry(repository, pull),
            "commits": {"nodes": [{"commit": {"committedDate": timestamp(committed)}}]},
            "timelineItems": {"nodes": standing.events[-20:]},
            "latestOpinionatedReviews": {
                "nodes": [_review(said) for said in list(standing.reviews.values())[:100]],
                "pageInfo": {"hasNextPage": len(standing.reviews) > 100},
            },
        }

    def _entry(self, repository: HostedRepository, pull: Pull) -> Json | None:
        place = self._consent.place(repository, pull.number)
        return {"id": f"MQE_{pull.number}", "position": place} if place else None


def _require_update(repository: HostedRepository, update: Json) -> None:
    """Refuse to move a branch that stands elsewhere, or that a rule keeps from losing commits."""
    branch, new = update["name"].removeprefix(_HEADS), update["afterOid"]
    before = repository.git.branch(branch)
    is_expected = update.get("beforeOid") in {None, before}
    if before is None or not is_expected:
        raise _Refusal(_WENT_WRONG, "")
    if new == _NOTHING:
        return
    if repository.git.kind(new) != "commit":
        raise _Refusal(_WENT_WRONG, "")
    if repository.git.contains(new, before):
        return
    if repository.protection.forbids_force:
        raise _Refusal("Repository rule violations found\n\nCannot force-push to this branch\n\n")
    if not update["force"]:
        raise _Refusal(_WENT_WRONG, "")


def _review(said: Said) -> Json:
    return {
        "state": said.state,
        "authorCanPushToRepository": said.may_push,
        "author": actor(said.by) if said.by else None,
        "commit": {"oid": said.commit},
    }


def _written(error: GraphQLError) -> Json:
    cause = error.original_error
    if isinstance(cause, _Refusal):
        kind = {"type": cause.kind} if cause.kind else {}
        return {**kind, "path": error.path, "message": error.message}
    if cause is not None:
        raise cause  # a fault of the fake itself
    return {"message": error.message, "extensions": {"code": "undefinedField"}}


@cache
def _schema() -> GraphQLSchema:
    return build_schema(_FILE.read_text())
