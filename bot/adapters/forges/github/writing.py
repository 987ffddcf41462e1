"""New commits on branches on GitHub: objects first, which nobody sees, and then one move.

A branch of our own begins anew on its base, from where it is known to stand; one of people's is never forced.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.blobs import blob_id
from bot.adapters.forges.github.api import GitHubApi
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.graphql import GitHubGraphQL
from bot.adapters.forges.github.objects import Made
from bot.adapters.forges.github.repositories import Repositories
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, NotFound, Refused, TagboatError, Unreachable
from bot.domain.pull_request.proposal import Proposal

_PLAIN, _NEW = "100644", ""
_FILES = {"100644", "100755"}
_HEADS = "refs/heads/"
_NOTHING = "0" * 40
"""What a branch is moved to that is to go."""
_LOST_RACE = ("already exists", "not a fast forward", "does not exist")
_RULE = re.compile(r"rule violation|protected branch|force[- ]push", re.IGNORECASE)
_REPLACE = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"


class Writer:
    """The part of the port `Forge` that moves branches."""

    def __init__(
        self,
        api: GitHubApi,
        graphql: GitHubGraphQL,
        repositories: Repositories,
        commits: Commits,
        identity: Identity,
    ) -> None:
        self._api = api
        self._graphql = graphql
        self._repositories = repositories
        self._commits = commits
        self._identity = identity

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Let the proposal's branch be one commit on the base, with its files; return it."""
        branch = proposal.branch
        made = Made(self._edited(repository, base, proposal), (base,))
        if expected is not None and self._is_made(repository, expected, made):
            if self._commits.head(repository, branch) != expected:
                raise _moved(repository, branch)
            return expected
        commit = self._commit(repository, made, proposal)
        if expected is None:
            self._create(repository, branch, commit)
        else:
            self._replace(repository, branch, expected, commit)
        return commit

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the proposal's files on `expected`, which a branch of somebody else's must still be at."""
        if self._commits.head(repository, branch) != expected:
            raise _moved(repository, branch)
        tree = self._edited(repository, expected, proposal)
        if tree == self._commits.made(repository, expected).tree:
            return expected
        commit = self._commit(repository, Made(tree, (expected,)), proposal)
        try:
            self._advance(repository, branch, commit)
        except Refused as error:
            raise Refused(
                f"branch {branch} of {repository} takes no commit without a pull request",
                why=error.why,
                fix="let Tagboat's login bypass the rules of the branch, or use `merge: auto`",
            ) from error
        return commit

    def delete(self, repository: str, branch: str, *, expected: str) -> None:
        """Delete a branch; one that is gone already, or that somebody moved, is left as it is."""
        refusal = self._leased(repository, branch, expected, _NOTHING)
        if refusal is None or self._commits.head(repository, branch) != expected:
            return
        if isinstance(refusal, Unreachable):
            raise refusal
        raise Refused(
            f"branch {branch} of {repository} may not be deleted",
            why=refusal.why,
            fix="let Tagboat's login bypass the rules of its branches, or let them allow deletions",
        ) from refusal

    def _is_made(self, repository: str, commit: str, made: Made) -> bool:
        """Whether a commit is made of just this; one that GitHub does not know any more is not."""
        try:
            return self._commits.made(repository, commit) == made
        except NotFound:
            return False

    def _edited(self, repository: str, base: str, proposal: Proposal) -> str:
        try:
            tree = self._commits.made(repository, base).tree
            is_copy = bool(proposal.modes) or any(data is None for _, data in proposal.files)
            if is_copy:
                entries = self._copied(repository, tree, proposal)
            else:
                entries = self._spliced(repository, base, tree, proposal)
        except NotFound as error:
            self._repositories.default_branch(
                repository
            )  # raises where the repository itself is out of sight
            raise Conflict(f"{base[:80]} is not in {repository} any more", fix="read it again") from error
        if not entries:
            return tree
        body = {"base_tree": tree, "tree": entries}
        return self._api.send("POST", repository, "/git/trees", body, lambda data: str(data["sha"]))

    def _spliced(
        self, repository: str, base: str, tree: str, proposal: Proposal
    ) -> Sequence[Mapping[str, str | None]]:
        """The entries of files that keep their modes: most were read already, as they were edited."""
        before = {path: self._commits.read(repository, base, path) for path, _ in proposal.files}
        return [
            self._entry(repository, path, data, self._mode(repository, tree, path, before[path]))
            for path, data in proposal.files
            if data is not None and before[path] != data
        ]

    def _copied(self, repository: str, tree: str, proposal: Proposal) -> Sequence[Mapping[str, str | None]]:
        """The entries of files that come and go: folders are read instead of each file."""
        modes = dict(proposal.modes)
        entries: list[Mapping[str, str | None]] = []
        for path, data in proposal.files:
            mode, blob = self._commits.standing(repository, tree, path) or (_NEW, "")
            if mode not in {_NEW, *_FILES}:
                raise Refused(f"{path} in {repository} is no plain file", fix="name a file")
            wanted = modes.get(path, mode or _PLAIN)
            if data is None and mode != _NEW:
                entries.append({"path": path, "mode": mode, "type": "blob", "sha": None})
            if data is not None and (wanted, blob_id(data)) != (mode, blob):
                entries.append(self._entry(repository, path, data, wanted))
        return entries

    def _mode(self, repository: str, tree: str, path: str, before: bytes | None) -> str:
        """The mode that a file keeps. GitHub tells modes only by more calls: spared for plain text."""
        if before is not None and not before.startswith(b"#!") and _is_text(before):
            return _PLAIN
        return (self._commits.standing(repository, tree, path) or (_PLAIN, ""))[0]

    def _entry(self, repository: str, path: str, data: bytes, mode: str) -> Mapping[str, str | None]:
        entry: dict[str, str | None] = {"path": path, "mode": mode, "type": "blob"}
        if _is_text(data):
            return entry | {"content": data.decode()}
        # JSON carries text only: such a file goes as a blob of its own.
        blob = {"content": base64.b64encode(data).decode(), "encoding": "base64"}
        return entry | {
            "sha": self._api.send("POST", repository, "/git/blobs", blob, lambda d: str(d["sha"]))
        }

    def _commit(self, repository: str, made: Made, proposal: Proposal) -> str:
        """Make a commit; what it holds need not be asked for."""
        message = signed(proposal.message, sign_off=self._identity if proposal.sign_off else None)
        body: dict[str, Any] = {"message": message, "tree": made.tree, "parents": made.parents}
        if not self._api.is_app:  # GitHub signs an App's commit only while nobody else is named
            body["author"] = {"name": self._identity.name, "email": self._identity.email}
        commit = self._api.send("POST", repository, "/git/commits", body, lambda data: str(data["sha"]))
        self._commits.tell_made(repository, commit, made)
        for path, data in proposal.files:
            if data is not None:
                self._commits.tell(repository, commit, path, data)
        return commit

    def _create(self, repository: str, branch: str, commit: str) -> None:
        reference = {"ref": f"{_HEADS}{branch}", "sha": commit}
        self._move(repository, branch, commit, "POST", "/git/refs", reference)

    def _advance(self, repository: str, branch: str, commit: str) -> None:
        change = {"sha": commit, "force": False}
        self._move(repository, branch, commit, "PATCH", f"/git/refs/heads/{quote(branch)}", change)

    def _move(
        self, repository: str, branch: str, commit: str, verb: str, path: str, change: Mapping[str, Any]
    ) -> None:
        """Point a branch to what contains where it stands, or to its first commit."""
        try:
            answer = self._api.attempt(verb, repository, path, change)
        except Unreachable:
            if self._commits.head(repository, branch) != commit:
                raise
            return
        if answer.status in {200, 201}:
            return
        if any(text in answer.message.lower() for text in _LOST_RACE):
            raise _moved(repository, branch, why=answer.message)
        raise self._api.failure(repository, answer)

    def _replace(self, repository: str, branch: str, expected: str, commit: str) -> None:
        """Point a branch from `expected` to a commit beside it: GitHub compares and moves in one step.

        https://docs.github.com/graphql/reference/git#updaterefs. GitHub's words for a comparison that failed
        are documented nowhere, and are said to be no more than that something went wrong: where the branch
        stands now tells what happened, also where no answer came.
        """
        refusal = self._leased(repository, branch, expected, commit)
        if refusal is None:
            return
        head = self._commits.head(repository, branch)
        if head == commit:
            return
        if head != expected:
            raise _moved(repository, branch, why=refusal.why) from refusal
        if _RULE.search(refusal.why):
            raise Refused(
                f"branch {branch} of {repository} may not begin anew on its base",
                why=refusal.why,
                fix="let Tagboat's login bypass the rules of its branches, or let them allow force pushes",
            ) from refusal
        raise refusal

    def _leased(self, repository: str, branch: str, expected: str, commit: str) -> TagboatError | None:
        """Why the branch was not moved from the one commit to the other; None where it was."""
        try:
            refusal = self._lease(repository, branch, expected, commit)
            if refusal is not None and self._is_made_anew(repository):
                refusal = self._lease(repository, branch, expected, commit)
        except Unreachable as error:
            return error
        return refusal

    def _lease(self, repository: str, branch: str, expected: str, commit: str) -> TagboatError | None:
        update = {"name": f"{_HEADS}{branch}", "beforeOid": expected, "afterOid": commit, "force": True}
        wish = {"repositoryId": self._repositories.node(repository), "refUpdates": [update]}
        return self._graphql.attempt(repository, _REPLACE, {"input": wish})

    def _is_made_anew(self, repository: str) -> bool:
        """Whether another repository has the name by now, so that the one which was asked about is gone."""
        known = self._repositories.node(repository)
        return self._repositories.node(repository, anew=True) != known


def _moved(repository: str, branch: str, *, why: str = "") -> Conflict:
    return Conflict(f"branch {branch} of {repository} was moved by somebody else", why=why)


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
