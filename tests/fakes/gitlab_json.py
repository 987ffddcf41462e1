"""The shapes of GitLab's answers, built from the state of a fake host (https://docs.gitlab.com/api/)."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Pull
from tests.fakes.git_repository import Commit, Entry

Json = dict[str, Any]


class Noted(Protocol):
    """What stands below a merge request."""

    @property
    def id(self) -> int: ...
    @property
    def author(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def when(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Shapes:
    """Answers with addresses of one server."""

    url: str

    def user(self, name: str) -> Json:
        """An account as others see it."""
        return {
            "id": account_id(name),
            "username": name,
            "name": name.title(),
            "state": "active",
            "locked": False,
            "avatar_url": None,
            "web_url": f"{self.url}/{name}",
        }

    def project(self, repository: HostedRepository) -> Json:
        """A project."""
        return {
            "id": repository.id,
            "description": None,
            "name": repository.path.rpartition("/")[2],
            "path": repository.path.rpartition("/")[2],
            "path_with_namespace": repository.path,
            "created_at": "2026-01-01T00:00:00.000Z",
            "default_branch": repository.default_branch,
            "http_url_to_repo": f"{self.url}/{repository.path}.git",
            "web_url": f"{self.url}/{repository.path}",
            "archived": repository.is_archived,
            "visibility": "public" if repository.is_public else "private",
            "merge_method": "merge",
            "squash_option": "default_off",
        }

    def branch(self, repository: HostedRepository, name: str, commit: str) -> Json:
        """A branch with the commit that it points to."""
        is_default = name == repository.default_branch
        return {
            "name": name,
            "commit": self.commit(repository, repository.git.commit(commit)),
            "merged": False,
            "protected": is_default,
            "developers_can_push": False,
            "developers_can_merge": False,
            "can_push": True,
            "default": is_default,
            "web_url": f"{self.url}/{repository.path}/-/tree/{name}",
        }

    def commit(self, repository: HostedRepository, commit: Commit) -> Json:
        """A commit of a list."""
        when = timestamp(commit.when)
        return {
            "id": commit.sha,
            "short_id": commit.sha[:8],
            "created_at": when,
            "parent_ids": list(commit.parents),
            "title": commit.message.partition("\n")[0],
            "message": commit.message,
            "author_name": commit.author.name,
            "author_email": commit.author.email,
            "authored_date": when,
            "committer_name": commit.committer.name,
            "committer_email": commit.committer.email,
            "committed_date": when,
            "trailers": {},
            "extended_trailers": {},
            "web_url": f"{self.url}/{repository.path}/-/commit/{commit.sha}",
        }

    def commit_detail(self, repository: HostedRepository, commit: Commit) -> Json:
        """A commit by itself."""
        details = {"status": None, "project_id": repository.id, "last_pipeline": None}
        return {**self.commit(repository, commit), **details}

    def file(self, ref: str, commit: str, entry: Entry, content: bytes, last_commit: str) -> Json:
        """A file; a link is shown as a file that holds where it leads."""
        return {
            "file_name": entry.path.rpartition("/")[2],
            "file_path": entry.path,
            "size": len(content),
            "encoding": "base64",
            "content": base64.b64encode(content).decode(),
            "content_sha256": hashlib.sha256(content).hexdigest(),
            "ref": ref,
            "blob_id": entry.sha,
            "commit_id": commit,
            "last_commit_id": last_commit,
            "execute_filemode": entry.mode == "100755",
        }

    def tree_entry(self, folder: str, entry: Entry) -> Json:
        """One entry of a folder."""
        name = entry.path
        path = f"{folder}/{name}" if folder else name
        return {"id": entry.sha, "name": name, "type": entry.kind, "path": path, "mode": entry.mode}

    def comparison(
        self, repository: HostedRepository, commits: Sequence[Commit], changed: Sequence[tuple[str, str]]
    ) -> Json:
        """What one revision holds beyond another, oldest commit first."""
        shown = [self.commit(repository, commit) for commit in commits]
        return {
            "commit": shown[-1] if shown else None,
            "commits": shown,
            "diffs": [_diff(letter, path) for letter, path in changed],
            "compare_timeout": False,
            "compare_same_ref": not shown,
            "web_url": f"{self.url}/{repository.path}/-/compare/a...b",
        }

    def merge_request(
        self, repository: HostedRepository, pull: Pull, status: str, *, squashed: bool, is_armed: bool
    ) -> Json:
        """A merge request; the same shape everywhere."""
        states = {"open": "opened", "merged": "merged", "closed": "closed"}
        is_forwarded = pull.merge_commit == pull.head
        return {
            "id": repository.id * 1000 + pull.number,
            "iid": pull.number,
            "project_id": repository.id,
            "title": pull.title,
            "description": pull.body or None,
            "state": states[pull.state],
            "created_at": timestamp(pull.created_at),
            "updated_at": timestamp(pull.updated_at),
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "merge_user": self.user(pull.merged_by) if pull.merged_by else None,
            "merged_at": timestamp(pull.merged_at),
            "closed_by": None,
            "closed_at": timestamp(pull.closed_at) if pull.state == "closed" else None,
            "target_branch": pull.base,
            "source_branch": pull.branch,
            "user_notes_count": len(pull.comments),
            "author": self.user(pull.author),
            "assignees": [self.user(name) for name in sorted(pull.assignees)],
            "assignee": None,
            "reviewers": [self.user(name) for name in sorted(pull.reviewers)],
            "source_project_id": pull.source.id,
            "target_project_id": repository.id,
            "labels": list(pull.labels),
            "draft": pull.title.startswith("Draft:"),
            "milestone": None,
            "merge_when_pipeline_succeeds": is_armed,
            "merge_status": "can_be_merged" if status == "mergeable" else "cannot_be_merged",
            "detailed_merge_status": status,
            "sha": pull.head,
            "merge_commit_sha": None if is_forwarded or squashed else pull.merge_commit,
            "squash_commit_sha": pull.merge_commit if squashed else None,
            "should_remove_source_branch": None,
            "web_url": f"{self.url}/{repository.path}/-/merge_requests/{pull.number}",
            "squash": False,
            "has_conflicts": status == "conflict",
            "blocking_discussions_resolved": True,
        }

    def note(
        self, repository: HostedRepository, pull: Pull, comment: Noted, *, is_system: bool = False
    ) -> Json:
        """A comment, or what GitLab itself wrote."""
        return {
            "id": comment.id,
            "type": None,
            "body": comment.body,
            "author": self.user(comment.author),
            "created_at": timestamp(comment.when),
            "updated_at": timestamp(comment.when),
            "system": is_system,
            "noteable_id": repository.id * 1000 + pull.number,
            "noteable_type": "MergeRequest",
            "project_id": repository.id,
            "resolvable": False,
            "confidential": False,
            "internal": False,
            "noteable_iid": pull.number,
            "commands_changes": {},
        }


def account_id(name: str) -> int:
    """A number for an account, always the same."""
    return zlib.crc32(name.encode())


def timestamp(when: datetime | None) -> str | None:
    """GitLab's way to write a moment."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.000Z") if when else None


def _diff(letter: str, path: str) -> Json:
    return {
        "diff": "",
        "collapsed": False,
        "too_large": False,
        "new_path": path,
        "old_path": path,
        "a_mode": "0" if letter == "A" else "100644",
        "b_mode": "0" if letter == "D" else "100644",
        "new_file": letter == "A",
        "renamed_file": False,
        "deleted_file": letter == "D",
        "generated_file": False,
    }
