"""The ledger in SQL: pull requests of the plain `git` forge, numbered per repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from bot.adapters.stores import codec
from bot.adapters.stores.database import Database
from bot.adapters.stores.schema import pull_requests
from bot.domain.errors import Conflict, NotFound
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

_TRIES = 10


class SqlLedger:
    """The part of the store that keeps the pull requests of hosts that know none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, repository: str, pull_request: PullRequest, *, now: datetime) -> PullRequest:
        """Keep it under the next number, or return the open one of its branch."""
        with self._database.writing() as connection:
            for _ in range(_TRIES):
                found = self._open(connection, repository, pull_request.branch)
                added = found or self._insert(connection, repository, pull_request, now)
                if added:
                    return added
        raise Conflict(f"{repository} has no free pull request number", why="others open some all the time")

    def change(self, repository: str, pull_request: PullRequest) -> None:
        """Write it over the one of the same number; raises `NotFound` when there is none."""
        is_this = and_(
            pull_requests.c.repository == repository, pull_requests.c.number == pull_request.number
        )
        with self._database.writing() as connection:
            if connection.execute(update(pull_requests).where(is_this).values(_row(pull_request))).rowcount:
                return
        raise NotFound(f"{repository} has no pull request {pull_request.number}")

    def of_branch(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """All from this branch, newest first."""
        return self._all(and_(pull_requests.c.repository == repository, pull_requests.c.branch == branch))

    def of_repository(self, repository: str) -> Sequence[PullRequest]:
        """All of the repository, newest first."""
        return self._all(pull_requests.c.repository == repository)

    def _all(self, which: ColumnElement[bool]) -> Sequence[PullRequest]:
        query = select(pull_requests.c.pull_request).where(which).order_by(pull_requests.c.number.desc())
        with self._database.reading() as connection:
            return [codec.decode(text, PullRequest) for text in connection.scalars(query)]

    def _open(self, connection: Connection, repository: str, branch: str) -> PullRequest | None:
        query = select(pull_requests.c.pull_request).where(
            pull_requests.c.repository == repository,
            pull_requests.c.branch == branch,
            pull_requests.c.state == PullRequestState.OPEN.value,
        )
        text = connection.scalar(query)
        return codec.decode(text, PullRequest) if text else None

    def _insert(
        self, connection: Connection, repository: str, pull_request: PullRequest, now: datetime
    ) -> PullRequest | None:
        """Insert under the next number; None when another transaction took number or branch just now."""
        highest = select(func.max(pull_requests.c.number)).where(pull_requests.c.repository == repository)
        numbered = replace(pull_request, number=(connection.scalar(highest) or 0) + 1)
        row = {"repository": repository, "number": numbered.number, "opened_at": now, **_row(numbered)}
        return numbered if self._database.add(connection, pull_requests, row) else None


def _row(pull_request: PullRequest) -> dict[str, str]:
    return {
        "branch": pull_request.branch,
        "state": pull_request.state.value,
        "pull_request": codec.encode(pull_request),
    }
