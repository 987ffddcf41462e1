"""Facts: what a registry, a Git host or Argo CD says has happened.

A fact is a hint that names what to look at again; the truth is read back from its source. Everything in a
fact has passed the grammar of its kind or was made harmless (no NUL, no lone surrogate, cut to a length),
so that it can be stored and shown. No fact ever carries a secret.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any, ClassVar, Final, Literal, TypeAlias

from bot.domain.chat_fact import Challenged, CommandGiven, Interacted
from bot.domain.image import ImageName

# Left out of the plain form while it is None: the sender does not say it.
_LEFT_OUT = {"left_out": True}


class Unsaid(Enum):
    """In place of a value that a sender never tells, where None means "there is none"."""

    UNSAID = "unsaid"


UNSAID: Final[Literal[Unsaid.UNSAID]] = Unsaid.UNSAID
"""Left out of the plain form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePushed:
    """A tag of a repository was pushed.

    `digest` is None when the sender names none; what it names in a form that is no digest is kept in
    `malformed_digest`. `source_commit` and `source_repository` say what the image was built from.
    `repository_name` is what the registry calls the one of its repositories that holds the image, where that
    is no part of the image's name.
    """

    kind: ClassVar[str] = "image_pushed"
    image: ImageName
    tag: str
    digest: str | None = None
    media_type: str | None = field(default=None, metadata=_LEFT_OUT)
    malformed_digest: str | None = field(default=None, metadata=_LEFT_OUT)
    source_commit: str | None = field(default=None, metadata=_LEFT_OUT)
    source_repository: str | None = field(default=None, metadata=_LEFT_OUT)
    platforms: tuple[str, ...] | None = field(default=None, metadata=_LEFT_OUT)
    repository_name: str | None = field(default=None, metadata=_LEFT_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchMoved:
    """A branch or tag was created, moved or deleted.

    `before` is None when it was created, `after` when it was deleted; where a sender says of a deletion
    only that it was, both are. `repository` is the path that the host knows (`acme/infra`). `changed_paths`
    is sorted; it can lack paths unless `changed_paths_complete`.
    """

    kind: ClassVar[str] = "git_push"
    provider: str
    repository: str
    clone_url: str
    ref: str
    before: str | None
    after: str | None
    created: bool
    deleted: bool
    forced: bool | None
    commits: int
    changed_paths: tuple[str, ...]
    changed_paths_complete: bool | None = field(default=None, metadata=_LEFT_OUT)
    is_default_branch: bool

    @property
    def ref_type(self) -> str:
        """`branch` or `tag`."""
        return _ref_type(self.ref)

    @property
    def ref_name(self) -> str:
        """The name without `refs/heads/` or `refs/tags/`."""
        return _ref_name(self.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefCreated:
    """A branch or tag was created; `sha` is what it points to, None where the sender does not say."""

    kind: ClassVar[str] = "git_ref_created"
    provider: str
    repository: str
    clone_url: str
    ref: str
    sha: str | None

    @property
    def ref_type(self) -> str:
        """`branch` or `tag`."""
        return _ref_type(self.ref)

    @property
    def ref_name(self) -> str:
        """The name without `refs/heads/` or `refs/tags/`."""
        return _ref_name(self.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestChanged:
    """A pull request was opened, updated (new commits), edited (metadata only), merged or closed.

    `action` is one of these words, `raw_action` the sender's. `merge_commit_sha` is set only when merged.
    `head_repository` is None when the fork is gone.
    """

    kind: ClassVar[str] = "pull_request"
    provider: str
    action: str
    raw_action: str
    repository: str
    number: int
    state: str
    merged: bool
    draft: bool
    base_ref: str
    base_sha: str | Unsaid | None
    head_ref: str
    head_sha: str | None
    head_repository: str | None
    merge_commit_sha: str | None
    title: str
    url: str | None
    old_head_sha: str | Unsaid | None = UNSAID
    edited_fields: tuple[str, ...] | None = field(default=None, metadata=_LEFT_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSuiteChanged:
    """All checks of one app on one commit moved on; `conclusion` is None until `status` is `completed`."""

    kind: ClassVar[str] = "check_suite"
    provider: str
    repository: str
    sha: str
    head_branch: str | None
    app: str | None
    status: str | None
    conclusion: str | None
    pull_requests: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRunChanged:
    """One check on one commit moved on; `conclusion` is None until `status` is `completed`."""

    kind: ClassVar[str] = "check_run"
    provider: str
    repository: str
    sha: str
    name: str
    status: str | None
    conclusion: str | None
    pull_requests: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitStatusChanged:
    """A status was set on exactly the commit `sha`, whatever branches contain it."""

    kind: ClassVar[str] = "commit_status"
    provider: str
    repository: str
    sha: str
    context: str
    state: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CiPipelineChanged:
    """A CI pipeline of the Git host moved on; `ref` is short.

    A pipeline of a merge request may run on the merged result, so `sha` need not be any branch's head.
    """

    kind: ClassVar[str] = "pipeline"
    provider: str
    repository: str
    id: int
    sha: str
    ref: str
    ref_type: str
    status: str
    source: str | None
    merge_request: int | None


ChecksChanged: TypeAlias = CheckSuiteChanged | CheckRunChanged | CommitStatusChanged | CiPipelineChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented:
    """Somebody wrote a comment; `on` is the sender's word for what it is on, `number` that thing's."""

    kind: ClassVar[str] = "comment"
    provider: str
    repository: str
    on: str
    number: int | None
    body: str
    author: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """Somebody reviewed a pull request, changed a review, or took it back.

    `action` and `state` are the sender's words; `sha` is the commit that was reviewed, None where it is not
    said.
    """

    kind: ClassVar[str] = "review"
    provider: str
    repository: str
    number: int
    action: str
    state: str
    sha: str | None
    author: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeQueueMoved:
    """The host's merge queue made or dropped the commit `sha` that it tries; `reason` says why it went.

    `number` is the pull request's that it ends with, where the sender's name for it tells.
    """

    kind: ClassVar[str] = "merge_queue"
    provider: str
    repository: str
    action: str
    reason: str | None
    base_ref: str
    sha: str
    number: int | None


GitFact: TypeAlias = (
    BranchMoved | RefCreated | PullRequestChanged | ChecksChanged | Commented | Reviewed | MergeQueueMoved
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutChanged:
    """Argo CD says how an Application is; `state` is `pending`, `success` or `failure`.

    The other words are Argo CD's own, left out where its message does not have them.
    """

    kind: ClassVar[str] = "deployment_status"
    provider: str
    application: str
    state: str
    revision: str | None
    images: tuple[str, ...] | None = field(default=None, metadata=_LEFT_OUT)
    sync_status: str | None = field(default=None, metadata=_LEFT_OUT)
    health_status: str | None = field(default=None, metadata=_LEFT_OUT)
    operation_phase: str | None = field(default=None, metadata=_LEFT_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinged:
    """The sender tried whether the endpoint answers."""

    kind: ClassVar[str] = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Understood and of no concern; `reason` says why. `image` and `digest` say what it was about."""

    kind: ClassVar[str] = "ignored"
    reason: str
    image: ImageName | None = field(default=None, metadata=_LEFT_OUT)
    digest: str | None = field(default=None, metadata=_LEFT_OUT)


ChatFact: TypeAlias = CommandGiven | Interacted | Challenged
Fact: TypeAlias = ImagePushed | GitFact | RolloutChanged | ChatFact | Pinged | Ignored


def to_plain(fact: Fact) -> dict[str, Any]:
    """The fact as JSON-able values, for storage; `kind` tells which fact it is."""
    plain: dict[str, Any] = {"kind": fact.kind}
    for each in fields(fact):
        value = getattr(fact, each.name)
        if value is UNSAID or (value is None and each.metadata.get("left_out")):
            continue
        if isinstance(value, ImageName):
            plain |= {"registry": value.registry, "repository": value.path}
            continue
        plain[each.name] = [_plain(item) for item in value] if isinstance(value, tuple) else value
    if isinstance(fact, BranchMoved | RefCreated):
        plain |= {"ref_type": fact.ref_type, "ref_name": fact.ref_name}
    return plain


def identity(fact: Fact) -> str | None:
    """What makes two announcements of one change the same, or None when the fact does not say enough.

    Neither repository nor tag is left out: a promotion pushes the same digest elsewhere. Without a digest
    two pushes of one tag look alike and yet are two.
    """
    if isinstance(fact, ImagePushed) and fact.digest:
        return f"{fact.kind} {fact.image}:{fact.tag}@{fact.digest}"
    if isinstance(fact, BranchMoved):
        return f"{fact.kind} {fact.provider} {fact.repository} {fact.ref} {fact.before}..{fact.after}"
    return None


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _ref_type(ref: str) -> str:
    return "tag" if ref.startswith("refs/tags/") else "branch"


def _ref_name(ref: str) -> str:
    return ref.split("/", 2)[-1]
