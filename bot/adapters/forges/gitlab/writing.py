"""New commits on branches of our own on GitLab: one request makes the commit and moves the branch.

The Commits API (https://docs.gitlab.com/api/commits/) makes commits of one parent, and takes no word on where
the branch should stand. So there are three ways to write, and each says what may come between:

- a branch that must not exist is made by `start_sha` without `force`: GitLab refuses when it is there;
- onto a branch that holds the base already, the commit is put on top: whoever pushed in between loses
  nothing, `last_commit_id` guards the files, and the answer's parent tells, so that it counts as a conflict;
- a base that moved, and that the branch does not hold, cannot be merged in: the branch begins anew on it, by
  `start_sha` with `force`, right after it was seen to stand where it is expected. What somebody pushes to the
  branch between these two requests is off the branch then (the merge request still lists it as a version).

The REST API has nothing that closes that moment for certain. Gitaly can compare where the branch stands
(`expected_old_oid` of `UserCommitFiles`), and the Commits API hands none on. Deleting the branch compares the
time of its commit at most (`If-Unmodified-Since`), and closes the merge request. A rebase of the merge
request compares, but a job does it later, not where files conflict or no merge request is open, and each
update would leave one commit more behind.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.branches import Branches
from bot.adapters.forges.gitlab.commits import Commits, Comparison, File
from bot.adapters.forges.gitlab.transport import Answer
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, NotFound, Refused, TagboatError, Unreachable
from bot.domain.pull_request.proposal import Proposal

_PLAIN, _EXECUTABLE = "100644", "100755"
_LOST_RACE = (
    "already exists",
    "has changed since",
    "doesn't exist",
    "could not update",
    "on a branch",
    "cannot find start_sha",
    "not a fast forward",
)


class Writer:
    """The part of the port `Forge` that moves branches."""

    def __init__(self, api: GitLabApi, branches: Branches, commits: Commits, identity: Identity) -> None:
        self._api = api
        self._branches = branches
        self._commits = commits
        self._identity = identity

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Let the proposal's branch hold the base commit's tree with its files; return its commit."""
        try:
            before = {path: self._commits.file(repository, base, path) for path, _ in proposal.files}
        except NotFound as error:
            self._branches.default(repository)  # raises where the project itself is out of sight
            raise Conflict(f"{base[:80]} is not in {repository} any more", fix="read it again") from error
        self._branches.forget(repository, proposal.branch)
        if expected is None:
            return self._make(
                repository, proposal, base, self._all_actions(repository, base, before, proposal)
            )
        beyond = self._beyond(repository, proposal.branch, base, expected)
        if beyond.is_whole and _holds(beyond, base, expected):
            return self._append(repository, proposal, base, expected, beyond)
        actions = self._all_actions(repository, base, before, proposal)
        return self._begin_anew(repository, proposal, base, actions)

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Put a commit with the proposal's files on top of a branch of somebody else's.

        Where somebody pushes to other files in the moment after the branch was looked at, the commit stands
        on theirs: no file that it changes is another one than it was judged by.
        """
        try:
            before = {path: self._commits.file(repository, expected, path) for path, _ in proposal.files}
            actions = _actions(before, dict(proposal.files), is_guarded=True)
            actions += self._mode_actions(repository, expected, before, dict(proposal.modes))
        except NotFound as error:
            self._branches.default(repository)  # raises where the project itself is out of sight
            raise Conflict(f"{expected[:80]} is not in {repository} any more", fix="read it again") from error
        self._branches.forget(repository, branch)
        tip = self._branches.tip(repository, branch)
        if tip is None or tip.commit != expected:
            raise Conflict(f"branch {branch} of {repository} is not at {expected[:12]} any more")
        if not actions:
            return expected
        body = {**self._body(proposal, branch), "actions": actions}
        return self._made(repository, branch, body, parent=expected)[0]

    def delete(self, repository: str, branch: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        self._branches.forget(repository, branch)
        answer = self._api.attempt("delete", repository, f"/repository/branches/{quote(branch, safe='')}")
        if answer.status not in {204, 404}:
            raise self._api.failure(repository, answer)

    def _beyond(self, repository: str, branch: str, base: str, expected: str) -> Comparison:
        """What the branch holds beyond the base, when it stands where it should: one question for both."""
        try:
            beyond = self._commits.compare(repository, base=base, head=branch)
        except NotFound as error:
            if self._branches.tip(repository, branch) is None:
                raise Conflict(f"branch {branch} of {repository} is gone", fix="read it again") from error
            raise
        if beyond.commits:
            head = beyond.commits[0].sha
        else:
            tip = self._branches.tip(repository, branch)
            head = tip.commit if tip else ""
        if head != expected:
            raise Conflict(f"branch {branch} of {repository} was moved by somebody else")
        return beyond

    def _make(self, repository: str, proposal: Proposal, base: str, actions: list[Mapping[str, Any]]) -> str:
        if actions:
            return self._commit(repository, proposal, {"actions": actions, "start_sha": base}, parent=base)
        body = {"branch": proposal.branch, "ref": base}
        answer = self._api.attempt("post", repository, "/repository/branches", body)
        if answer.status != 201:
            raise self._refusal(repository, proposal.branch, answer)
        return self._api.read(repository, answer, lambda data: str(data["commit"]["id"]))

    def _append(
        self, repository: str, proposal: Proposal, base: str, expected: str, beyond: Comparison
    ) -> str:
        """Put a commit on top; what earlier proposals changed and this one does not goes back."""
        wanted, modes = dict(proposal.files), dict(proposal.modes)
        for path in set(beyond.paths) - wanted.keys():
            kept = self._commits.file(repository, base, path)
            wanted[path] = kept.data if kept else None
            if kept:
                modes[path] = self._commits.mode(repository, base, path)
        before = {path: self._commits.file(repository, expected, path) for path in wanted}
        actions = _actions(before, wanted, is_guarded=True)
        actions += self._mode_actions(repository, expected, before, modes)
        if not actions:
            return expected
        return self._commit(repository, proposal, {"actions": actions}, parent=expected)

    def _all_actions(
        self, repository: str, base: str, before: Mapping[str, File | None], proposal: Proposal
    ) -> list[Mapping[str, Any]]:
        """What leads from the base to what is proposed."""
        modes = self._mode_actions(repository, base, before, dict(proposal.modes))
        return _actions(before, dict(proposal.files)) + modes

    def _mode_actions(
        self, repository: str, commit: str, before: Mapping[str, File | None], modes: Mapping[str, str]
    ) -> list[Mapping[str, Any]]:
        """What makes files executable, or no more; they have their bytes by then."""
        return [
            {"action": "chmod", "file_path": path, "execute_filemode": mode == _EXECUTABLE}
            for path, mode in modes.items()
            if mode != (self._commits.mode(repository, commit, path) if before[path] else _PLAIN)
        ]

    def _begin_anew(
        self, repository: str, proposal: Proposal, base: str, actions: list[Mapping[str, Any]]
    ) -> str:
        if not actions:
            raise Refused(f"branch {proposal.branch} would hold nothing that {repository} lacks at {base}")
        change = {"actions": actions, "start_sha": base, "force": True}
        return self._commit(repository, proposal, change, parent=base)

    def _commit(self, repository: str, proposal: Proposal, change: Mapping[str, Any], *, parent: str) -> str:
        """Make the commit on our branch; one that does not stand on its parent counts as a conflict."""
        branch = proposal.branch
        body = {**self._body(proposal, branch), **change}
        made, parents = self._made(repository, branch, body, parent=parent)
        if parents != (parent,):
            raise Conflict(f"branch {branch} of {repository} was moved at the same moment")
        return made

    def _body(self, proposal: Proposal, branch: str) -> Mapping[str, Any]:
        signer = self._identity if proposal.sign_off else None
        return {
            "branch": branch,
            "commit_message": signed(proposal.message, sign_off=signer),
            "author_name": self._identity.name,
            "author_email": self._identity.email,
            "stats": False,
        }

    def _made(
        self, repository: str, branch: str, body: Mapping[str, Any], *, parent: str
    ) -> tuple[str, tuple[str, ...]]:
        """The commit that was made, and its parents; where no answer came, one that was found to be it."""
        try:
            answer = self._api.attempt("post", repository, "/repository/commits", body)
        except Unreachable:
            tip = self._branches.tip(repository, branch)
            text = str(body["commit_message"]).strip()
            if tip is None or tip.parents != (parent,) or tip.message.strip() != text:
                raise
            return tip.commit, tip.parents
        if answer.status != 201:
            raise self._refusal(repository, branch, answer)
        return self._api.read(
            repository, answer, lambda data: (str(data["id"]), tuple(map(str, data["parent_ids"])))
        )

    def _refusal(self, repository: str, branch: str, answer: Answer) -> TagboatError:
        if answer.status == 400 and any(text in answer.message.lower() for text in _LOST_RACE):
            return Conflict(f"branch {branch} of {repository} was moved by somebody else", why=answer.message)
        return self._api.failure(repository, answer)


def _holds(beyond: Comparison, base: str, head: str) -> bool:
    """Whether the branch contains the base: then a commit beyond it has it for a parent."""
    return head == base or any(base in commit.parents for commit in beyond.commits)


def _actions(
    before: Mapping[str, File | None], wanted: Mapping[str, bytes | None], *, is_guarded: bool = False
) -> list[Mapping[str, Any]]:
    """What leads from one state of the files to another; None is a file that is not there."""
    actions: list[Mapping[str, Any]] = []
    for path, data in wanted.items():
        old = before[path]
        if (old.data if old else None) == data:
            continue
        guard = {"last_commit_id": old.changed_by} if old and is_guarded else {}
        if data is None:
            actions.append({"action": "delete", "file_path": path, **guard})
            continue
        # Base64 keeps every byte, whatever GitLab takes the text for.
        content = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        actions.append({"action": "update" if old else "create", "file_path": path, **content, **guard})
    return actions
