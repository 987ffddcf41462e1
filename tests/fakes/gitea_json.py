"""The shapes of Gitea's answers, built from the state of a fake host (`modules/structs` of its source)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Comment, Pull

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Answers with addresses of one server."""

    url: str

    def user(self, name: str) -> Json:
        """An account."""
        return {"id": zlib.crc32(name.encode()), "login": name, "full_name": name.title(), "is_admin": False}

    def repository(self, repository: HostedRepository) -> Json:
        """A repository."""
        owner, _, name = repository.path.partition("/")
        return {
            "id": repository.id,
            "owner": self.user(owner),
            "name": name,
            "full_name": repository.path,
            "private": not repository.is_public,
            "archived": repository.is_archived,
            "default_branch": repository.default_branch,
            "clone_url": f"{self.url}/{repository.path}.git",
            "html_url": f"{self.url}/{repository.path}",
        }

    def pull(self, repository: HostedRepository, pull: Pull, *, mergeable: bool) -> Json:
        """A pull request; the same shape everywhere."""
        url = f"{self.url}/{repository.path}/pulls/{pull.number}"
        is_draft = pull.title.startswith("WIP:")
        return {
            "id": repository.id * 1000 + pull.number,
            "url": url,
            "number": pull.number,
            "user": self.user(pull.author),
            "title": pull.title,
            "body": pull.body,
            "labels": [{"id": zlib.crc32(name.encode()), "name": name} for name in pull.labels],
            "milestone": None,
            "assignee": None,
            "assignees": [self.user(name) for name in sorted(pull.assignees)] or None,
            "requested_reviewers": [self.user(name) for name in sorted(pull.reviewers)],
            "state": "open" if pull.state == "open" else "closed",
            "draft": is_draft,
            "comments": len(pull.comments),
            "html_url": url,
            "mergeable": mergeable and not is_draft,
            "merged": pull.state == "merged",
            "merged_at": timestamp(pull.merged_at),
            "merge_commit_sha": pull.merge_commit,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "base": self._end(repository, pull.base, repository.git.branch(pull.base) or ""),
            "head": self._end(pull.source, pull.branch, pull.head),
            "merge_base": repository.git.merge_base(pull.head, repository.default_branch) or "",
            "created_at": timestamp(pull.created_at),
            "updated_at": timestamp(pull.updated_at),
            "closed_at": timestamp(pull.closed_at),
        }

    def comment(self, comment: Comment) -> Json:
        """A comment."""
        when = timestamp(comment.when)
        user = self.user(comment.author)
        return {"id": comment.id, "user": user, "body": comment.body, "created_at": when, "updated_at": when}

    def _end(self, repository: HostedRepository, branch: str, commit: str) -> Json:
        return {
            "label": branch,
            "ref": branch,
            "sha": commit,
            "repo_id": repository.id,
            "repo": self.repository(repository),
        }


def timestamp(when: datetime | None) -> str | None:
    """Gitea's way to write a moment."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
