"""The shapes of GitHub's answers, built from the state of a fake host.

Every required field of the official description is there; `github_description` holds them against it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Comment, Pull
from tests.fakes.git_repository import Commit, Entry, Person

Json = dict[str, Any]

LARGEST_INLINE = 1024 * 1024
"""Bytes up to which the contents API gives a file's content."""

_REPOSITORY_URLS = """
archive assignees blobs branches collaborators comments commits compare contents contributors deployments
downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels
languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags
teams trees
"""
_USER_URLS = "events followers following gists organizations received_events repos starred subscriptions"


@dataclass(frozen=True, slots=True)
class Shapes:
    """Answers with addresses of one server: `api` is the API's base, `html` the pages'."""

    api: str
    html: str

    def user(self, login: str) -> Json:
        """An account; `name[bot]` is an App's."""
        url = f"{self.api}/users/{login}"
        return {
            "login": login,
            "id": account_id(login),
            "node_id": f"U_{login}",
            "avatar_url": f"{self.html}/{login}.png",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.html}/{login}",
            "type": "Bot" if login.endswith("[bot]") else "User",
            "site_admin": False,
            **{f"{name}_url": f"{url}/{name}" for name in _USER_URLS.split()},
        }

    def repository(self, repository: HostedRepository) -> Json:
        """A repository; the same shape everywhere, with all that the fullest has."""
        owner, _, name = repository.path.partition("/")
        url, html = f"{self.api}/repos/{repository.path}", f"{self.html}/{repository.path}"
        counts = ("forks", "open_issues", "stargazers", "watchers")
        return {
            "id": repository.id,
            "node_id": f"R_{repository.id}",
            "name": name,
            "full_name": repository.path,
            "owner": self.user(owner),
            "private": not repository.is_public,
            "html_url": html,
            "description": None,
            "fork": False,
            "url": url,
            **{f"{key}_url": f"{url}/{key.replace('_', '/')}" for key in _REPOSITORY_URLS.split()},
            **{f"{key}_count": 0 for key in (*counts, "network", "subscribers")},
            **dict.fromkeys(("forks", "open_issues", "watchers", "size"), 0),
            "clone_url": f"{html}.git",
            "git_url": f"{html}.git",
            "ssh_url": f"{html}.git",
            "svn_url": html,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "has_issues": True,
            "has_projects": False,
            "has_wiki": False,
            "has_pages": False,
            "has_downloads": False,
            "has_discussions": False,
            "archived": repository.is_archived,
            "disabled": False,
            "default_branch": repository.default_branch,
            "pushed_at": "2026-01-01T00:00:00Z",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "allow_merge_commit": "merge" in repository.merge_methods,
            "allow_squash_merge": "squash" in repository.merge_methods,
            "allow_rebase_merge": "rebase" in repository.merge_methods,
        }

    def branch(self, repository: HostedRepository, name: str, commit: str) -> Json:
        """A branch with the commit that it points to."""
        url = f"{self.api}/repos/{repository.path}/branches/{name}"
        return {
            "name": name,
            "commit": self.commit(repository, repository.git.commit(commit)),
            "_links": {"self": url, "html": f"{self.html}/{repository.path}/tree/{name}"},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{url}/protection",
        }

    def commit(self, repository: HostedRepository, commit: Commit) -> Json:
        """A commit as the repository's API shows it."""
        url = f"{self.api}/repos/{repository.path}/commits/{commit.sha}"
        git = self.git_commit(repository, commit, is_verified=False)
        inner = {key: git[key] for key in ("author", "committer", "message", "tree", "verification")}
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": url,
            "html_url": git["html_url"],
            "comments_url": f"{url}/comments",
            "commit": {**inner, "url": git["url"], "comment_count": 0},
            "author": None,
            "committer": None,
            "parents": git["parents"],
        }

    def git_commit(self, repository: HostedRepository, commit: Commit, *, is_verified: bool) -> Json:
        """A commit as the Git data API shows it."""
        api, html = f"{self.api}/repos/{repository.path}/git", f"{self.html}/{repository.path}/commit"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{api}/commits/{commit.sha}",
            "html_url": f"{html}/{commit.sha}",
            "author": _person(commit.author, commit.when),
            "committer": _person(commit.committer, commit.when),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{api}/trees/{commit.tree}"},
            "parents": [
                {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{html}/{sha}"}
                for sha in commit.parents
            ],
            "verification": {
                "verified": is_verified,
                "reason": "valid" if is_verified else "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        }

    def tree(self, repository: HostedRepository, sha: str, entries: Sequence[Entry]) -> Json:
        """A tree with what it holds."""
        url = f"{self.api}/repos/{repository.path}/git"
        kinds = {"blob": "blobs", "tree": "trees", "commit": "commits"}
        listed = [
            {
                "path": e.path,
                "mode": e.mode,
                "type": e.kind,
                "sha": e.sha,
                "url": f"{url}/{kinds[e.kind]}/{e.sha}",
            }
            | ({"size": e.size} if e.size is not None else {})
            for e in entries
        ]
        return {"sha": sha, "url": f"{url}/trees/{sha}", "tree": listed, "truncated": False}

    def blob(self, repository: HostedRepository, sha: str, content: bytes) -> Json:
        """A blob with its content."""
        url = f"{self.api}/repos/{repository.path}/git/blobs/{sha}"
        facts = {"sha": sha, "node_id": f"B_{sha}", "size": len(content), "url": url}
        return facts | {"content": base64.encodebytes(content).decode(), "encoding": "base64"}

    def reference(self, repository: HostedRepository, branch: str, commit: str) -> Json:
        """A branch as a Git reference."""
        url = f"{self.api}/repos/{repository.path}/git"
        target = {"type": "commit", "sha": commit, "url": f"{url}/commits/{commit}"}
        name = f"refs/heads/{branch}"
        return {"ref": name, "node_id": f"REF_{branch}", "url": f"{url}/{name}", "object": target}

    def content(
        self, repository: HostedRepository, ref: str, entry: Entry, details: Mapping[str, object]
    ) -> Json:
        """An entry of the contents API; `details` are what its kind adds."""
        url = f"{self.api}/repos/{repository.path}"
        links = {
            "self": f"{url}/contents/{entry.path}?ref={ref}",
            "git": f"{url}/git/blobs/{entry.sha}",
            "html": f"{self.html}/{repository.path}/blob/{ref}/{entry.path}",
        }
        return {
            "name": entry.path.rpartition("/")[2],
            "path": entry.path,
            "sha": entry.sha,
            "size": entry.size or 0,
            "url": links["self"],
            "html_url": links["html"],
            "git_url": links["git"],
            "download_url": f"{self.html}/{repository.path}/raw/{ref}/{entry.path}",
            "_links": links,
            **details,
        }

    def pull(self, repository: HostedRepository, pull: Pull) -> Json:
        """A pull request as it stands in a list."""
        number, source = pull.number, pull.source
        url = f"{self.api}/repos/{repository.path}/pulls/{number}"
        issue = f"{self.api}/repos/{repository.path}/issues/{number}"
        html = f"{self.html}/{repository.path}/pull/{number}"
        tip = repository.git.branch(pull.base) or pull.head
        urls = {
            "commits_url": f"{url}/commits",
            "review_comments_url": f"{url}/comments",
            "review_comment_url": f"{self.api}/repos/{repository.path}/pulls/comments{{/number}}",
            "comments_url": f"{issue}/comments",
            "statuses_url": f"{self.api}/repos/{repository.path}/statuses/{pull.head}",
        }
        return {
            "id": number * 1000,
            "node_id": f"PR_{repository.id}_{number}",
            "number": number,
            "url": url,
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "issue_url": issue,
            **urls,
            "state": "open" if pull.state == "open" else "closed",
            "locked": False,
            "title": pull.title,
            "user": self.user(pull.author),
            "body": pull.body or None,
            "labels": [self.label(name) for name in pull.labels],
            "milestone": None,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "author_association": "CONTRIBUTOR",
            "auto_merge": self._armed(pull),
            "draft": pull.is_draft,
            "created_at": timestamp(pull.created_at),
            "updated_at": timestamp(pull.updated_at),
            "closed_at": timestamp(pull.closed_at),
            "merged_at": timestamp(pull.merged_at),
            "merge_commit_sha": pull.merge_commit or "f" * 40,  # of an open one: a trial merge
            "head": self._end(source, pull.branch, pull.head),
            "base": self._end(repository, pull.base, tip),
            "_links": {
                "self": {"href": url},
                "html": {"href": html},
                "issue": {"href": issue},
                "commits": {"href": urls["commits_url"]},
                "comments": {"href": urls["comments_url"]},
                "statuses": {"href": urls["statuses_url"]},
                "review_comments": {"href": urls["review_comments_url"]},
                "review_comment": {"href": urls["review_comment_url"]},
            },
        }

    def _armed(self, pull: Pull) -> Json | None:
        if not pull.armed_by:
            return None
        asked = {"merge_method": "merge", "commit_title": "", "commit_message": ""}
        return {"enabled_by": self.user(pull.armed_by), **asked}

    def whole_pull(
        self, repository: HostedRepository, pull: Pull, *, mergeable: bool | None, state: str
    ) -> Json:
        """A pull request by itself: a list says less."""
        return {
            **self.pull(repository, pull),
            "merged": pull.state == "merged",
            "mergeable": mergeable,
            "rebaseable": mergeable,
            "mergeable_state": state,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": len(pull.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": 1,
            "additions": 1,
            "deletions": 1,
            "changed_files": 1,
        }

    def label(self, name: str) -> Json:
        """A label."""
        facts = {"id": len(name), "node_id": f"LA_{name}", "url": f"{self.api}/labels/{name}", "name": name}
        return facts | {"description": "", "color": "ededed", "default": False}

    def comment(self, repository: HostedRepository, number: int, comment: Comment) -> Json:
        """What somebody wrote below a pull request."""
        issue = f"{self.api}/repos/{repository.path}/issues"
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{issue}/comments/{comment.id}",
            "html_url": f"{self.html}/{repository.path}/pull/{number}#issuecomment-{comment.id}",
            "issue_url": f"{issue}/{number}",
            "user": self.user(comment.author),
            "body": comment.body,
            "created_at": timestamp(comment.when),
            "updated_at": timestamp(comment.when),
            "author_association": "CONTRIBUTOR",
        }

    def _end(self, repository: HostedRepository, branch: str, commit: str) -> Json:
        owner = repository.path.partition("/")[0]
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": commit,
            "user": self.user(owner),
            "repo": self.repository(repository),
        }


def account_id(login: str) -> int:
    """The number of an account: always the same for the same name."""
    return zlib.crc32(login.encode())


def timestamp(when: datetime | None) -> str | None:
    """A time as GitHub writes it: UTC, whole seconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def _person(person: Person, when: datetime) -> Json:
    return {"name": person.name, "email": person.email, "date": timestamp(when)}
