"""The shapes of Bitbucket Cloud's answers: https://developer.atlassian.com/cloud/bitbucket/rest/."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.fakes.bitbucket_state import State, is_bot, uuid_of
from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Comment, Pull
from tests.fakes.host_call import Json

_STATES = {"open": "OPEN", "merged": "MERGED", "closed": "DECLINED"}
_SHORT = 12
"""Digits of a commit's id that pull requests tell."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Answers with addresses of one server."""

    url: str
    state: State

    def user(self, name: str) -> Json:
        """An account: everybody chooses display name and nickname."""
        kind = "app_user" if is_bot(name) else "user"
        return {
            "type": kind,
            "uuid": uuid_of(name),
            "account_id": f"557058:{uuid_of(name)[1:-1]}",
            "display_name": name.title(),
            "nickname": name,
        }

    def repository(self, repository: HostedRepository) -> Json:
        """A repository, in short."""
        return {
            "type": "repository",
            "full_name": repository.path,
            "name": repository.path.partition("/")[2],
            "uuid": uuid_of(repository.path),
            "is_private": not repository.is_public,
            "links": {"html": {"href": f"{self.url}/{repository.path}"}},
        }

    def pull(self, repository: HostedRepository, pull: Pull, *, is_whole: bool) -> Json:
        """A pull request; a list tells no people but the author."""
        merge = {"type": "commit", "hash": pull.merge_commit[:_SHORT]} if pull.merge_commit else None
        told: Json = {
            "type": "pullrequest",
            "id": pull.number,
            "title": pull.title,
            "description": pull.body,
            "summary": {"type": "rendered", "raw": pull.body, "markup": "markdown", "html": ""},
            "state": _STATES[pull.state],
            "draft": pull.is_draft,
            "author": self.user(pull.author),
            "source": self._end(pull.source, pull.branch, pull.head),
            "destination": self._end(repository, pull.base, repository.git.branch(pull.base) or ""),
            "merge_commit": merge,
            "comment_count": len(pull.comments),
            "close_source_branch": False,
            "created_on": timestamp(pull.created_at),
            "updated_on": timestamp(pull.updated_at),
            "links": {"html": {"href": f"{self.url}/{repository.path}/pull-requests/{pull.number}"}},
        }
        return {**told, **self._people(repository, pull)} if is_whole else told

    def comment(self, repository: HostedRepository, pull: Pull, comment: Comment) -> Json:
        """A comment."""
        page = f"{self.url}/{repository.path}/pull-requests/{pull.number}"
        return {
            "type": "pullrequest_comment",
            "id": comment.id,
            "content": {"type": "rendered", "raw": comment.body, "markup": "markdown", "html": ""},
            "user": self.user(comment.author),
            "created_on": timestamp(comment.when),
            "updated_on": timestamp(self.state.changed_at(comment)),
            "deleted": False,
            "pending": False,
            "pullrequest": {"type": "pullrequest", "id": pull.number, "title": pull.title},
            "links": {"html": {"href": f"{page}/_/diff#comment-{comment.id}"}},
        }

    def _people(self, repository: HostedRepository, pull: Pull) -> Json:
        opinions = self.state.opinions_on(repository, pull)
        everybody = sorted(pull.reviewers | opinions.keys())
        return {
            "reviewers": [self.user(name) for name in sorted(pull.reviewers)],
            "participants": [
                {
                    "type": "participant",
                    "user": self.user(name),
                    "role": "REVIEWER" if name in pull.reviewers else "PARTICIPANT",
                    "approved": opinions.get(name) == "approved",
                    "state": opinions.get(name),
                }
                for name in everybody
            ],
        }

    def _end(self, repository: HostedRepository, branch: str, commit: str) -> Json:
        return {
            "branch": {"name": branch},
            "commit": {"type": "commit", "hash": commit[:_SHORT]},
            "repository": self.repository(repository),
        }


def timestamp(when: datetime) -> str:
    """Cloud's way to write a moment."""
    return when.isoformat(timespec="microseconds")
