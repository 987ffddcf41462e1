"""New commits on GitLab: one request makes the commit and moves the branch.

The Commits API (https://docs.gitlab.com/api/commits/) takes the commit to build upon (`start_sha`), and no
word on where the branch should stand. So each of three ways to write says what may come between:

- a branch that must not exist is made without `force`: GitLab refuses when it is there;
- a branch of ours begins anew on its base with `force`, right after it was seen to stand where it is
  expected: one question, one request. What somebody pushes to it between these two is off the branch then;
  the merge request still lists it as a version;
- onto a branch of somebody else's the commit is put on top: whoever pushed in between loses nothing, and
  `last_commit_id` guards the files.

The REST API has nothing that closes that moment for certain. Gitaly can compare where the branch stands
(`expected_old_oid` of `UserCommitFiles`), and the Commits API hands none on. Deleting the branch compares the
time of its commit at most (`If-Unmodified-Since`), and closes the merge request. A rebase of the merge
request compares, but a job does it later, and not where files conflict or no merge request is open.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.branches import Branches, Tip
from bot.adapters.forges.gitlab.commits import Commits, File
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
        """Let the proposal's branch be one commit on the base; return that commit."""
        branch = proposal.branch
        before, actions = self._change(repository, base, proposal)
        if expected is None and not actions:
            return self._copy(repository, branch, base)
        if expected is not None and self._is_done(repository, proposal, base, expected):
            return expected
        if not actions:
            raise Refused(f"branch {branch} would hold nothing that {repository} lacks at {base}")
        change = {"actions": actions, "start_sha": base, "force": expected is not None}
        made = self._made(
            repository, {**self._body(proposal, branch), **change}, parent=base, replaced=expected
        )
        self._remember(repository, made, before, proposal)
        return made

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Put a commit with the proposal's files on top of a branch of somebody else's.

        Where somebody pushes to other files in the moment after the branch was looked at, the commit stands
        on theirs: no file that it changes is another one than it was judged by.
        """
        before, actions = self._change(repository, expected, proposal, is_guarded=True)
        self._standing(repository, branch, expected)
        if not actions:
            return expected
        body = {**self._body(proposal, branch), "actions": actions}
        made = self._made(repository, body, parent=expected, replaced=expected)
        self._remember(repository, made, before, proposal)
        return made

    def delete(self, repository: str, branch: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        answer = self._api.attempt("delete", repository, f"/repository/branches/{quote(branch, safe='')}")
        if answer.status not in {204, 404}:
            raise self._api.failure(repository, answer)

    def _change(
        self, repository: str, commit: str, proposal: Proposal, *, is_guarded: bool = False
    ) -> tuple[Mapping[str, File | None], list[Mapping[str, Any]]]:
        """The files as they are at a commit, and what leads from there to what is proposed."""
        try:
            read = self._commits.guarded if is_guarded else self._commits.file
            before = {path: read(repository, commit, path) for path, _ in proposal.files}
            actions = _actions(before, dict(proposal.files), is_guarded=is_guarded)
            return before, actions + self._mode_actions(repository, commit, before, dict(proposal.modes))
        except NotFound as error:
            self._branches.default(repository)  # raises where the project itself is out of sight
            raise Conflict(f"{commit[:80]} is not in {repository} any more", fix="read it again") from error

    def _mode_actions(
        self, repository: str, commit: str, before: Mapping[str, File | None], modes: Mapping[str, str]
    ) -> list[Mapping[str, Any]]:
        """What makes files executable, or no more; they have their bytes by then."""
        return [
            {"action": "chmod", "file_path": path, "execute_filemode": mode == _EXECUTABLE}
            for path, mode in modes.items()
            if mode != (self._commits.mode(repository, commit, path) if before[path] else _PLAIN)
        ]

    def _standing(self, repository: str, branch: str, expected: str) -> Tip:
        """The branch as it stands at this moment, where it is expected."""
        tip = self._branches.tip(repository, branch)
        if tip is None or tip.commit != expected:
            raise Conflict(f"branch {branch} of {repository} is not at {expected[:12]} any more")
        return tip

    def _is_done(self, repository: str, proposal: Proposal, base: str, expected: str) -> bool:
        """Whether the branch is this very proposal on this base already; `Conflict` where it is elsewhere."""
        tip = self._standing(repository, proposal.branch, expected)
        if tip.parents != (base,) or self._change(repository, expected, proposal)[1]:
            return False
        beyond = self._commits.compare(repository, base=base, head=expected)
        return beyond.is_whole and dict(proposal.files).keys() >= set(beyond.paths)

    def _copy(self, repository: str, branch: str, base: str) -> str:
        """Let the branch be the base itself: GitLab makes no commit that changes nothing."""
        answer = self._api.attempt(
            "post", repository, "/repository/branches", {"branch": branch, "ref": base}
        )
        if answer.status != 201:
            raise self._refusal(repository, branch, answer)
        return self._api.read(repository, answer, lambda data: str(data["commit"]["id"]))

    def _remember(
        self, repository: str, commit: str, before: Mapping[str, File | None], proposal: Proposal
    ) -> None:
        """What was just written need not be read."""
        for path, data in proposal.files:
            old = before[path]
            if data is not None and (old is None or old.data != data):
                self._commits.keep(repository, commit, path, File(data, changed_by=commit))

    def _body(self, proposal: Proposal, branch: str) -> Mapping[str, Any]:
        signer = self._identity if proposal.sign_off else None
        return {
            "branch": branch,
            "commit_message": signed(proposal.message, sign_off=signer),
            "author_name": self._identity.name,
            "author_email": self._identity.email,
            "stats": False,
        }

    def _made(self, repository: str, body: Mapping[str, Any], *, parent: str, replaced: str | None) -> str:
        """The commit that was made; where no answer came, the one that stands there now and must be it."""
        branch = str(body["branch"])
        try:
            answer = self._api.attempt("post", repository, "/repository/commits", body)
        except Unreachable:
            tip = self._branches.tip(repository, branch)
            text = str(body["commit_message"]).strip()
            if tip is None or tip.commit == replaced:
                raise
            if tip.parents != (parent,) or tip.message.strip() != text:
                raise
            return tip.commit
        if answer.status != 201:
            raise self._refusal(repository, branch, answer)
        return self._api.read(repository, answer, lambda data: str(data["id"]))

    def _refusal(self, repository: str, branch: str, answer: Answer) -> TagboatError:
        if answer.status == 400 and any(text in answer.message.lower() for text in _LOST_RACE):
            return Conflict(f"branch {branch} of {repository} was moved by somebody else", why=answer.message)
        if answer.status in {400, 403} and "force push" in answer.message.lower():
            return Refused(
                f"branch {branch} of {repository} may not begin anew on its base",
                why=answer.message,
                fix="let the protected branches that match its name allow force pushes",
            )
        return self._api.failure(repository, answer)


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
