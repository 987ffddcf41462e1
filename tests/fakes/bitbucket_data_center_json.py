"""The shapes of Data Center's answers: https://developer.atlassian.com/server/bitbucket/rest/."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

from tests.fakes.bitbucket_state import State, is_bot
from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Comment, Pull
from tests.fakes.host_call import Json

_STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Answers with addresses of one server."""

    url: str
    state: State

    def user(self, name: str) -> Json:
        """A user."""
        return {
            "id": zlib.crc32(name.encode()),
            "name": name,
            "slug": name,
            "displayName": name.title(),
            "emailAddress": f"{name}@example.com",
            "active": True,
            "type": "SERVICE" if is_bot(name) else "NORMAL",
        }

    def repository(self, repository: HostedRepository) -> Json:
        """A repository."""
        key, _, slug = repository.path.partition("/")
        return {
            "id": repository.id,
            "slug": slug,
            "name": slug,
            "scmId": "git",
            "state": "AVAILABLE",
            "public": repository.is_public,
            "archived": repository.is_archived,
            "project": {"key": key, "id": zlib.crc32(key.encode()), "name": key, "type": "NORMAL"},
            "links": {"self": [{"href": f"{self.url}/projects/{key}/repos/{slug}/browse"}]},
        }

    def pull(self, repository: HostedRepository, pull: Pull) -> Json:
        """A pull request; the same shape everywhere."""
        key, _, slug = repository.path.partition("/")
        is_by_host = pull.number in self.state.merged_by_host.get(repository.path, ())
        merge = {"mergeCommit": {"id": pull.merge_commit, "displayId": ""}} if is_by_host else {}
        closed = {"closedDate": milliseconds(pull.closed_at)} if pull.closed_at else {}
        return {
            "id": pull.number,
            "version": self.state.version(repository, pull),
            "title": pull.title,
            "description": pull.body,
            "state": _STATES[pull.state],
            "open": pull.state == "open",
            "closed": pull.state != "open",
            "draft": pull.is_draft,
            "createdDate": milliseconds(pull.created_at),
            "updatedDate": milliseconds(pull.updated_at),
            **closed,
            "fromRef": self._end(pull.source, pull.branch, pull.head),
            "toRef": self._end(repository, pull.base, repository.git.branch(pull.base) or ""),
            "locked": False,
            "author": self._participant(repository, pull, pull.author, "AUTHOR"),
            "reviewers": [
                self._participant(repository, pull, name, "REVIEWER") for name in sorted(pull.reviewers)
            ],
            "participants": [
                self._participant(repository, pull, name, "PARTICIPANT")
                for name in sorted(self.state.opinions_on(repository, pull).keys() - pull.reviewers)
            ],
            "properties": {"commentCount": len(pull.comments), "openTaskCount": 0, **merge},
            "links": {
                "self": [{"href": f"{self.url}/projects/{key}/repos/{slug}/pull-requests/{pull.number}"}]
            },
        }

    def comment(self, comment: Comment) -> Json:
        """A comment without replies."""
        return {
            "id": comment.id,
            "version": int(comment.id in self.state.edited),
            "text": comment.body,
            "author": self.user(comment.author),
            "createdDate": milliseconds(comment.when),
            "updatedDate": milliseconds(self.state.changed_at(comment)),
            "comments": [],
            "severity": "NORMAL",
            "state": "OPEN",
        }

    def _participant(self, repository: HostedRepository, pull: Pull, name: str, role: str) -> Json:
        status = self.state.opinions_on(repository, pull).get(name, "UNAPPROVED")
        commit = self.state.reviewed.get((repository.path, pull.number, name))
        seen = {"lastReviewedCommit": commit} if commit else {}
        user = self.user(name)
        return {"user": user, "role": role, "approved": status == "APPROVED", "status": status, **seen}

    def _end(self, repository: HostedRepository, branch: str, commit: str) -> Json:
        return {
            "id": f"refs/heads/{branch}",
            "displayId": branch,
            "latestCommit": commit,
            "repository": self.repository(repository),
        }


def milliseconds(when: datetime) -> int:
    """Data Center's way to write a moment."""
    return round(when.timestamp() * 1000)
