"""What Git says of a pull request that Tagboat keeps itself, and how such a one is begun and merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.forges.history import History
from bot.adapters.forges.identity import Identity, sign_offs, signed
from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, Proposal, PullRequest, PullRequestState

_ATTEMPTS = 4
_LONGEST_LOG = 200


def new_pull_request(history: History, repository: str, proposal: Proposal, base_branch: str) -> PullRequest:
    """What the ledger is given; raises unless there is something to merge, and a branch to merge it into."""
    head, base = history.head(proposal.branch), history.head(base_branch)
    if base is None:
        raise NotFound(f"branch {base_branch!r} is not in {repository}")
    if head is None:
        raise Conflict(f"branch {proposal.branch} of {repository} is gone", fix="write it again")
    if history.contains(head, revision=base):
        raise Refused(f"branch {proposal.branch} holds nothing that {base_branch} of {repository} lacks")
    return PullRequest(
        number=0,
        url="",
        title=proposal.title,
        body=proposal.body,
        branch=proposal.branch,
        base=base_branch,
        head=head,
        state=PullRequestState.OPEN,
        is_draft=proposal.metadata.draft,
    )


def together(kept: Metadata | None, added: Metadata) -> Metadata:
    """What is shown beside a pull request, with what is added to it."""
    if kept is None:
        return added
    return Metadata(
        labels=tuple(dict.fromkeys((*kept.labels, *added.labels))),
        reviewers=tuple(dict.fromkeys((*kept.reviewers, *added.reviewers))),
        team_reviewers=tuple(dict.fromkeys((*kept.team_reviewers, *added.team_reviewers))),
        assignees=tuple(dict.fromkeys((*kept.assignees, *added.assignees))),
        milestone=added.milestone or kept.milestone,
        draft=kept.draft,
    )


def observed(history: History, kept: PullRequest, *, head: str | None, base: str | None) -> PullRequest:
    """What Git says of a pull request that the ledger calls open, when its two branches stand there."""
    merged = _merged(history, kept, head, base) if base is not None else None
    if merged is not None:
        return merged
    if head is None or (base is not None and history.contains(head, revision=base)):
        return replace(kept, state=PullRequestState.CLOSED)
    return replace(kept, head=head)


def _merged(history: History, kept: PullRequest, head: str | None, base: str) -> PullRequest | None:
    """The pull request with what merged it; None where nothing did."""
    brought = None
    if history.has(kept.head):
        is_there = history.contains(kept.head, revision=base)
        brought = history.arrival(kept.head, revision=base) if is_there else squashed(history, kept, base)
    if brought is None and head is not None and history.contains(head, revision=base):
        brought, kept = _side(history, head, kept, base), replace(kept, head=head)
    if brought is None:
        return None
    when = history.committed_at(brought)
    return replace(kept, state=PullRequestState.MERGED, merge_commit=brought, merged_at=when)


def _side(history: History, head: str, kept: PullRequest, base: str) -> str | None:
    """The merge that brought a head which the ledger was never told of: a crash came after it was written.

    A branch that was emptied stands on the base's own line, or on what the base had before.
    """
    arrival = history.arrival(head, revision=base)
    is_older = history.has(kept.head) and history.contains(arrival, revision=kept.head)
    return None if arrival == head or is_older else arrival


def squashed(history: History, kept: PullRequest, base: str) -> str | None:
    """The commit that brought all that the branch holds to the base without its commits: a squash, a rebase.

    It says so itself, by the branch, its head or the title of the pull request; and nothing is left to merge,
    neither at that commit nor at the base as it stands. A commit of the same content that does not name the
    pull request is somebody's own.
    """
    marks = (kept.head, kept.branch, kept.title)
    later = history.log(base, base=kept.head, limit=_LONGEST_LOG)
    naming = [each.id for each in later if any(mark in each.message for mark in marks if mark)]
    if not naming or not _holds(history, base, kept.head):
        return None
    return next((each for each in reversed(naming) if _holds(history, each, kept.head)), None)


def _holds(history: History, revision: str, head: str) -> bool:
    """Whether merging `head` into the revision would change nothing."""
    merged = history.merge(revision, head)
    return not merged.conflicts and merged.tree == history.tree(revision)


def judged(history: History, pull: PullRequest, base: str | None) -> PullRequest:
    """An open pull request with the answer to "would it merge"."""
    if base is None:
        return replace(pull, mergeable=False, blocked_reason=f"branch {pull.base} is gone")
    conflicts = history.merge(base, pull.head).conflicts
    if conflicts:
        return replace(pull, mergeable=False, blocked_reason=_conflict(pull, conflicts))
    return replace(pull, mergeable=True)


def _conflict(pull: PullRequest, files: Sequence[str]) -> str:
    return f"it conflicts with {pull.base} in {', '.join(files[:5])}"


def merge(history: History, pull: PullRequest, options: MergeOptions, identity: Identity) -> None:
    """Move the base branch to a merge of both, again when somebody else moved it in between.

    A squash is one commit that names the branch and its head, by which it is known again, and keeps the
    sign-offs of what it squashes. Unless a method is named it is a merge commit.
    """
    if options.method is MergeMethod.REBASE:
        raise Refused(
            f"pull request {pull.number} is not merged by rebase",
            why="a repository without an API is merged by Tagboat itself, which does not rebase",
            fix="use merge or squash as method",
        )
    is_squash = options.method is MergeMethod.SQUASH
    for _ in range(_ATTEMPTS):
        base = history.head(pull.base)
        if base is None:
            raise NotFound(f"branch {pull.base!r}, which pull request {pull.number} is for, is gone")
        if history.contains(pull.head, revision=base) or squashed(history, pull, base):
            return
        merged = history.merge(base, pull.head)
        if merged.conflicts:
            raise Refused(
                f"pull request {pull.number} cannot be merged", why=_conflict(pull, merged.conflicts)
            )
        parents = (base,) if is_squash else (base, pull.head)
        text = _text(history, pull, base, options, identity)
        commit = history.commit(merged.tree, parents=parents, message=text)
        try:
            history.move(pull.base, commit, expected=base, holding=(pull.branch, pull.head))
        except Conflict:
            if history.head(pull.branch) != pull.head:
                raise
        else:
            return
    raise Conflict(f"branch {pull.base} moves faster than pull request {pull.number} can be merged")


def _text(history: History, pull: PullRequest, base: str, options: MergeOptions, identity: Identity) -> str:
    signer = identity if options.sign_off else None
    if options.method is not MergeMethod.SQUASH:
        return signed(options.message, sign_off=signer)
    squashes = history.log(pull.head, base=base, limit=_LONGEST_LOG)
    kept = [line for commit in reversed(squashes) for line in sign_offs(commit.message)]
    message = f"{options.message.rstrip()}\n\nSquashes {pull.branch} at {pull.head}."
    return signed(message, sign_off=signer, sign_offs=kept)
