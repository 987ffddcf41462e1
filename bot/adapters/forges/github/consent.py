"""What reviewers and checks say on GitHub, in our words.

Reviews come from the GraphQL API: it alone says of each who wrote it, whether that person may push, and
which one is the last that counts. https://docs.github.com/graphql/reference/objects#pullrequest
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.graphql import GitHubGraphQL
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import Denied, NotFound, Refused
from bot.domain.people.consent import Check, CheckState, Opinion, Review

_LISTED = 100
_MOST_PAGES = 10
_REVIEWS = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      author { login }
      latestOpinionatedReviews(first: 100) {
        nodes { state authorCanPushToRepository author { __typename login } commit { oid } }
        pageInfo { hasNextPage }
      }
    }
  }
}
"""
_OPINIONS = {"APPROVED": Opinion.APPROVED, "CHANGES_REQUESTED": Opinion.CHANGES_REQUESTED}
# What a required check may end with: https://docs.github.com/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
_PASSED = frozenset({"success", "neutral", "skipped"})
_STATUSES = {"success": CheckState.SUCCEEDED, "pending": CheckState.RUNNING}


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of check runs or statuses: who made it and under which name, which one is newer, its state."""

    items: Sequence[tuple[tuple[str, str], int, CheckState]]
    length: int


class Consents:
    """The part of the port `Forge` that reads what others say of a pull request."""

    def __init__(self, api: GitHubApi, graphql: GitHubGraphQL) -> None:
        self._api = api
        self._graphql = graphql

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that was not dismissed, with the commit that it was given at."""
        return self._graphql.ask(repository, _REVIEWS, named(repository, number), _reviews)

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest check run of each name and App, and the latest status of each context."""
        if not is_commit(commit):
            raise NotFound(f"{commit[:80]!r} is no commit of {repository}")
        return (
            *self._listed(repository, f"/commits/{commit}/check-runs", _runs),
            *self._listed(repository, f"/commits/{commit}/status", _statuses),
        )

    def _listed(self, repository: str, path: str, read: Callable[[Any], _Page]) -> Iterator[Check]:
        newest: dict[tuple[str, str], tuple[int, CheckState]] = {}
        for page in range(1, _MOST_PAGES + 1):
            part = self._page(repository, path, read, page)
            for key, age, state in part.items:
                newest[key] = max(newest.get(key, (-1, state)), (age, state), key=lambda each: each[0])
            if part.length < _LISTED:
                return iter([Check(name, state) for (_, name), (_, state) in newest.items()])
        raise Refused(
            f"a commit of {repository} has more than {_MOST_PAGES * _LISTED} checks",
            why="a part of them would look like all",
            fix="merge by hand, or let fewer checks report",
        )

    def _page(self, repository: str, path: str, read: Callable[[Any], _Page], page: int) -> _Page:
        pages = {"per_page": _LISTED, "page": page}
        try:
            return self._api.look(repository, path, read, parameters=pages)
        except Denied as error:
            raise Denied(
                f"the checks of {repository} may not be read",
                why=error.why,
                fix="give the login checks and commit statuses, read-only, or leave `checks` out",
            ) from error


def named(repository: str, number: int) -> Mapping[str, Any]:
    """The variables that name a pull request in a query."""
    owner, _, name = repository.partition("/")
    return {"owner": owner, "name": name, "number": number}


def _reviews(data: Any) -> Sequence[Review]:
    pull = data["repository"]["pullRequest"]
    found = pull["latestOpinionatedReviews"]
    if found["pageInfo"]["hasNextPage"]:
        raise Refused("a pull request has more than 100 reviewers", fix="merge it by hand")
    author = _login(pull["author"])
    return tuple(_review(each, author) for each in found["nodes"] if each["state"] in _OPINIONS)


def _review(data: Any, author: str) -> Review:
    by = _login(data["author"])  # null once the account is gone: nobody, who does not count
    return Review(
        by=by,
        opinion=_OPINIONS[data["state"]],
        commit=str(data["commit"]["oid"]) if data["commit"] else "",
        is_human=bool(by) and data["author"]["__typename"] == "User",
        may_write=bool(data["authorCanPushToRepository"]),
        is_author=by == author,
    )


def _login(actor: Any) -> str:
    return str(actor["login"]) if actor else ""


def _runs(data: Any) -> _Page:
    items = [
        ((str((each["app"] or {}).get("id")), str(each["name"])), int(each["id"]), _run_state(each))
        for each in data["check_runs"]
    ]
    return _Page(items, len(items))


def _run_state(run: Any) -> CheckState:
    if run["status"] != "completed":
        return CheckState.RUNNING
    return CheckState.SUCCEEDED if run["conclusion"] in _PASSED else CheckState.FAILED


def _statuses(data: Any) -> _Page:
    items = [
        (("", str(each["context"])), int(each["id"]), _STATUSES.get(each["state"], CheckState.FAILED))
        for each in data["statuses"]
    ]
    return _Page(items, len(items))
