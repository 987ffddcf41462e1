"""GitLab's Commits API on the fake: one request makes a commit and moves a branch.

The rules are those of https://docs.gitlab.com/api/commits/#create-a-commit and of GitLab's own services
behind it (`Commits::CreateService`, Gitaly's `UserCommitFiles`).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from tests.fakes.git_host import HostedRepository
from tests.fakes.git_repository import BadObjectError, Person
from tests.fakes.gitlab_json import Json


class CommitError(Exception):
    """GitLab refuses with 400; the text says why."""


def commit(repository: HostedRepository, body: Json, *, by: str, committer: Person) -> str:
    """Make the commit that a request describes; return its id."""
    branch = str(body["branch"])
    head = repository.git.branch(branch)
    parent = _parent(repository, body, branch, head)
    changes: list[tuple[str, str, str | None]] = []
    for action in body["actions"]:
        if action["action"] == "chmod":
            changes.append(_made_executable(repository, parent, action, changes))
        else:
            changes += _changes(repository, parent, action)
    git = repository.git
    try:
        tree = git.write_tree(git.tree(parent), changes)
    except BadObjectError as error:
        raise CommitError(str(error)) from error
    author = Person(body.get("author_name") or committer.name, body.get("author_email") or committer.email)
    made = git.write_commit(tree, [parent], str(body["commit_message"]), author=author, committer=committer)
    if head is None:
        repository.make_branch(branch, made, by=by)
    else:
        repository.move_branch(branch, made, force=bool(body.get("force")), by=by)
    return made


def _parent(repository: HostedRepository, body: Json, branch: str, head: str | None) -> str:
    start = body.get("start_sha")
    if start is None:
        if head is None:
            raise CommitError("You can only create or edit files when you are on a branch")
        return head
    if repository.git.kind(str(start)) != "commit":
        raise CommitError(f"Cannot find start_sha '{start}'")
    if head is not None and not body.get("force"):
        raise CommitError(
            f"A branch called '{branch}' already exists. Switch to that branch in order to make changes"
        )
    return str(start)


def _changes(
    repository: HostedRepository, parent: str, action: Json
) -> Sequence[tuple[str, str, str | None]]:
    git, path = repository.git, str(action["file_path"])
    entry = git.entry(parent, path)
    is_there = entry is not None and entry.kind == "blob"
    if action["action"] == "create":
        if entry is not None or any(
            git.entry(parent, each) for each in _files_above(repository, parent, path)
        ):
            raise CommitError(
                "A file with this name already exists" if is_there else f"{path} cannot be made"
            )
        return [(path, "100644", git.write_blob(_content(action)))]
    if not is_there or entry is None:
        raise CommitError("A file with this name doesn't exist")
    _check_unchanged(repository, parent, path, action)
    if action["action"] == "delete":
        return [(path, entry.mode, None)]
    return [(path, entry.mode, git.write_blob(_content(action)))]


def _made_executable(
    repository: HostedRepository,
    parent: str,
    action: Json,
    done: Sequence[tuple[str, str, str | None]],
) -> tuple[str, str, str | None]:
    """What `chmod` makes of a file as the actions before it left it."""
    path = str(action["file_path"])
    entry = repository.git.entry(parent, path)
    sha = next((sha for each, _, sha in reversed(done) if each == path), entry.sha if entry else None)
    if sha is None:
        raise CommitError("A file with this name doesn't exist")
    return path, "100755" if action["execute_filemode"] else "100644", sha


def _check_unchanged(repository: HostedRepository, parent: str, path: str, action: Json) -> None:
    known = action.get("last_commit_id")
    if known is not None and last_commit(repository, parent, path) != known:
        raise CommitError(f"The file has changed since you started editing it: {path}")


def last_commit(repository: HostedRepository, commit: str, path: str) -> str:
    """The last commit that changed the path."""
    for each in reversed(repository.git.log(commit)):
        parent = each.parents[0] if each.parents else None
        if any(changed == path for _, changed in repository.git.changed(parent, each.sha)):
            return each.sha
    return commit


def _files_above(repository: HostedRepository, commit: str, path: str) -> Sequence[str]:
    parts = path.split("/")[:-1]
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return [each for each in above if (found := repository.git.entry(commit, each)) and found.kind == "blob"]


def _content(action: Json) -> bytes:
    text = str(action.get("content", ""))
    return base64.b64decode(text) if action.get("encoding") == "base64" else text.encode()
