"""Proposing: what is written for one environment, alone or with its group, and what is said beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.deciding.action import Comment, Describe, Propose, Revise
from bot.domain.deciding.group import reluctant, shown_proofs, taken_along, with_fellows
from bot.domain.deciding.promotion import Proof
from bot.domain.deciding.situation import Situation, Wanted, copy_for, edited
from bot.domain.directories.copying import described, hesitation, source_of, summary
from bot.domain.harmless import code
from bot.domain.image import ImageName, ImageRef, Release
from bot.domain.pull_request.change import Change, CopyNote, new_mark
from bot.domain.pull_request.letter import letter
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.proposal import BRANCH_PREFIX, Proposal, PullRequest
from bot.domain.pull_request.thread import with_threads
from bot.domain.rollout.argocd_object import read_application
from bot.domain.window import closed

_FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal ready to be written, and the changes that it holds; `release` is the environment's own."""

    proposal: Proposal
    release: Release
    changes: tuple[Change, ...]

    @property
    def sought(self) -> tuple[tuple[ImageRef, ImageRef], ...]:
        """The steps of images of whose source its words should tell."""
        return _sought(self.changes)

    @property
    def threads(self) -> tuple[str, ...]:
        """The threads to which its words should lead."""
        return _threads(self.changes)


def draft(situation: Situation, found: Release, wanted: Wanted) -> Draft:
    """The proposal of what is wanted, with what the group's fellows propose.

    Raises:
        TagboatError: a file cannot be edited, or a template cannot be used.
    """
    own = _change(situation, found, wanted)
    fellows = taken_along(situation)
    files = composed(situation, fellows, wanted.release)
    changes = _informed(situation, (own, *fellows))
    copy = copy_for(situation, wanted.release)
    modes = copy.modes if copy else ()
    return Draft(replace(letter(changes[0], changes, files), modes=modes), wanted.release, changes)


def without(situation: Situation, release: Release, fellows: Sequence[Change]) -> Propose:
    """What leaves the group's pull request to the fellows, and speaks of them: `release` is there already.

    Raises:
        TagboatError: a file cannot be edited, or a template cannot be used.
    """
    view = situation.view
    changes = _informed(situation, fellows)
    proposal = letter(changes[0], changes, composed(situation, fellows, None))
    pull = view.open_pull_request
    number = pull.number if pull else None
    sought, threads = _sought(changes), _threads(changes)
    return Propose(situation.environment.name, proposal, release, number, view.branch_head, sought, threads)


def composed(
    situation: Situation, fellows: Sequence[Change], release: Release | None
) -> tuple[tuple[str, bytes | None], ...]:
    """The files as they differ from the base branch, with what the fellows and the release change.

    None is a file that goes.

    Raises:
        TagboatError: a file cannot be edited.
    """
    before = situation.view.files
    contents = dict(with_fellows(before, situation.view, fellows))
    own = dict(edited(situation, contents, release)) if release is not None else {}
    copy = copy_for(situation, release) if release is not None else None
    copied = own.keys() & copy.files.keys() if copy else set()
    return tuple(
        (path, content)
        for path, content in sorted((contents | own).items())
        if path in copied or (content is not None and content != before.get(path))
    )


def is_somebody_elses(situation: Situation, release: Release, branch: str) -> bool:
    """Whether a branch of that name was there before Tagboat: none of our own marks, and not our content.

    Names below Tagboat's own prefix need no such proof.
    """
    view = situation.view
    if view.branch_head is None or branch.startswith(BRANCH_PREFIX):
        return False
    if any(pull.mark for pull in view.pull_requests if pull.branch == branch):
        return False
    return bool(edited(situation, view.proposed_files, release, on_branch=True))


def description(pull: PullRequest, proposal: Proposal, described: str, environment: str) -> Describe | None:
    """What is still to be said beside the pull request, or None."""
    metadata = proposal.metadata
    is_open_anyway = metadata.draft and not pull.is_draft
    key = f"{pull.number}/{hashlib.sha256(repr(metadata).encode()).hexdigest()[:12]}"
    if described == key or (metadata.is_empty and not is_open_anyway):
        return None
    unsaid = (
        ("the draft: the host opened it as any other",) if _is_first(pull, described, is_open_anyway) else ()
    )
    return Describe(environment, pull.number, metadata, key, unsaid)


def with_thread(situation: Situation, pull: PullRequest) -> Revise | None:
    """The pull request's text with the links to threads that were begun since it was written."""
    body = with_threads(pull.body, situation.snapshot.threads)
    if body == pull.body:
        return None
    return Revise(situation.environment.name, pull.number, pull.title, body)


def foreign_comment(situation: Situation, pull: PullRequest) -> Comment | None:
    """What is said below a pull request that somebody else committed to; None where it was said."""
    if situation.record.commented == f"{_FOREIGN}/{pull.number}":
        return None
    body = (
        f"Commit {str(situation.view.foreign_commit)[:12]} on {code(pull.branch)} is not Tagboat's, so the "
        "branch is left alone: no newer release is written over it, and Tagboat does not merge it.\n\n"
        "Merge or close this pull request, or remove the commit from the branch."
    )
    return Comment(situation.environment.name, pull.number, body, _FOREIGN)


def commented(action: Comment) -> str:
    """How it is remembered that the comment was made."""
    return f"{action.key}/{action.number}"


def own_mark(situation: Situation) -> Mark | None:
    """The environment's own mark in its open pull request."""
    pull = situation.view.open_pull_request
    if pull is None or pull.mark is None:
        return None
    is_shared = bool(situation.environment.group) and not pull.mark.pipeline
    return None if is_shared else pull.mark


def _change(situation: Situation, found: Release, wanted: Wanted) -> Change:
    pipeline, environment = situation.pipeline, situation.environment
    current = situation.record.current
    if not environment.targets and current:  # its images come with its files, which nobody reads
        found = current.release
    older: Mapping[int, PullRequest] = {each.number: each for each in situation.view.older}
    before = own_mark(situation) or (older[max(older)].mark if older else None)
    mark = new_mark(pipeline, environment, before=found, after=wanted.release).after(before)
    note = _copy_note(situation, wanted)
    proofs = tuple(_shown(situation, proof) for proof in wanted.proofs)
    running = _running(situation)
    return Change(pipeline, environment, found, wanted.release, mark, proofs, note, running=running)


def _running(situation: Situation) -> tuple[ImageRef, ...] | None:
    """Each image of which all Applications run one version; None where a copy replaces no file."""
    read = situation.view.directory
    if situation.environment.promote is None or read is None or not read.target:
        return None
    found: dict[ImageName, set[ImageRef]] = {}
    for view in situation.view.applications:
        for ref in read_application(view.object).running:
            found.setdefault(ref.name, set()).add(ref)
    return tuple(ref for refs in found.values() if len(refs) == 1 for ref in refs)


def _shown(situation: Situation, proof: Proof) -> Proof:
    """The proof with what is shown of the Applications, where the very deployment still runs."""
    current = situation.upstream[proof.environment].current
    if current is None or current.commit != proof.commit or proof.live_until:
        return proof
    return replace(proof, applications=situation.applications.get(proof.environment, ()))


def _informed(situation: Situation, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes with what is known around them: sources, threads, windows, and what fellows say."""
    snapshot, unwilling = situation.snapshot, list(reluctant(situation.view, changes))
    reasons = {each.place: each.shown.reason if each.shown else "not looked at yet" for each in unwilling}
    return tuple(
        replace(
            change,
            origins=snapshot.record.origins,
            links=tuple(snapshot.threads.get(change.thread, ())),
            shut=closed(change.environment.windows, situation.now),
            reluctance=reasons.get(change.place, ""),
            proofs=change.proofs or shown_proofs(situation.view, change, situation.now),
        )
        for change in changes
    )


def _sought(changes: Sequence[Change]) -> tuple[tuple[ImageRef, ImageRef], ...]:
    return tuple(dict.fromkeys(step for change in changes for step in change.sought))


def _threads(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.thread for change in changes))


def _copy_note(situation: Situation, wanted: Wanted) -> CopyNote | None:
    promotion, copy = situation.environment.promote, copy_for(situation, wanted.release)
    if promotion is None or copy is None:
        return None
    source = source_of(situation.environment, situation.upstream, wanted.release)
    read = situation.view.directory
    doubt, text = hesitation(promotion, read, copy), described(promotion, read, copy, source or "")
    return CopyNote(summary(promotion, copy), text, doubt)


def _is_first(pull: PullRequest, described: str, is_open_anyway: bool) -> bool:
    """A human may make it ready later: only what is seen at first says what the host can do."""
    return is_open_anyway and not described.startswith(f"{pull.number}/")
