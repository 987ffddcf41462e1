"""Whose commits a branch on GitLab holds, asked as seldom as commits allow."""

from __future__ import annotations

import re

from bot.adapters.cache import Cache
from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.commits import Commit, Commits, Comparison
from bot.adapters.forges.identity import TRAILER, Identity, first_foreign
from bot.adapters.forges.rules import is_commit
from bot.domain.errors import Refused
from bot.domain.snapshot import Relation

_HEADS = 8192
_LONGEST_LOG = 1000
# https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects: no human has
# such an address, and a token that is replaced comes with a new one.
_BOT = re.compile(r"(?:project|group)_\d+_bot(?:_?[0-9a-z]+)?@noreply\.\S+", re.IGNORECASE)


class Authors:
    """Tells Tagboat's commits from everybody else's."""

    def __init__(self, api: GitLabApi, commits: Commits, identity: Identity) -> None:
        self._api = api
        self._commits = commits
        self._identity = identity
        self._account = ""
        self._alone: Cache[tuple[str, str], str] = Cache(_HEADS)
        """The parents of heads that are one commit of ours."""
        self._foreign: Cache[tuple[str, str, str], str] = Cache(_HEADS)

    def tell_account(self, address: str) -> None:
        """Say which address GitLab puts down as committer of what the token's user writes."""
        self._account = address

    def tell(self, repository: str, head: Commit) -> None:
        """Say what a head is; whose it is can be told where the account is known."""
        if self._account and len(head.parents) == 1 and self._is_own(head):
            self.learn(repository, head.sha, parent=head.parents[0])

    def learn(self, repository: str, commit: str, *, parent: str) -> None:
        """Remember that a commit of ours has this parent alone."""
        self._alone.put((repository, commit), parent)

    def foreign(self, repository: str, *, head: str, base: str) -> str | None:
        """The newest commit that `head` holds and `base` does not, and that is not ours.

        A commit's parent never changes, nor whether a commit of the base holds it: each is asked once. What
        is taken back from the base is found so at the base's next commit, and is foreign then.
        """
        if self._is_ours(repository, head, base):
            return None
        known = self._foreign.get((repository, head, base))
        if known is not None:
            return known
        found = self._commits.compare(repository, base=base, head=head)
        if len(found.commits) >= _LONGEST_LOG:
            raise Refused(
                f"branch {head[:80]} of {repository} holds too many commits", fix="delete the branch"
            )
        foreign = first_foreign((each.sha, self._is_own(each)) for each in found.commits)
        if foreign is None:
            self._learn_from(repository, found, head, base)
        elif is_commit(head) and is_commit(base):
            self._foreign.put((repository, head, base), foreign)
        return foreign

    def _is_ours(self, repository: str, head: str, base: str) -> bool:
        """Whether it is known that the base holds the head, or all of it but one commit of ours."""
        parent = self._alone.get((repository, head))
        held = {each for each in (head, parent) if each}
        return base in held or any(
            self._commits.relations.known(repository, commit=each, revision=base) is Relation.CONTAINED
            for each in held
        )

    def _learn_from(self, repository: str, found: Comparison, head: str, base: str) -> None:
        """Remember what a comparison without anything foreign tells of commits."""
        inside = head
        if found.commits:
            own, *more = found.commits
            if more or len(own.parents) != 1:
                return
            inside = own.parents[0]
            self.learn(repository, own.sha, parent=inside)
        self._commits.relations.keep(repository, commit=inside, revision=base, relation=Relation.CONTAINED)

    def _is_own(self, commit: Commit) -> bool:
        """Whether Tagboat made it. GitLab puts the token's user down as committer, whoever the author is."""
        if TRAILER not in commit.message.splitlines():
            return False
        if commit.author.casefold() != self._identity.email.casefold():
            return False
        if commit.committer == commit.author or _BOT.fullmatch(commit.committer):
            return True
        if not self._account:
            self._account = self._api.account(lambda data: str(data.get("commit_email") or data["email"]))
        return commit.committer.casefold() == self._account.casefold()
