"""Everything that touches the world, on one page.

Each port is a contract with its values; adapters (`bot.adapters`) translate, and nothing else. All calls
are synchronous, bounded by timeouts of the adapter, and raise only `bot.domain.errors`: `Transient` is
tried again later, `Permanent` stops and tells a human. Every port has a memory twin that ships with the
product and passes the same contract suite (`tests/contracts/`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.domain.command import Heard
from bot.domain.consent import Arming, Check, Review
from bot.domain.directory import Tree
from bot.domain.evidence import Bundle, Evidence, SimpleSigning
from bot.domain.image import ImageName
from bot.domain.listing import Listing
from bot.domain.notice import Notice
from bot.domain.order import Order
from bot.domain.pipeline import Application, MergeMethod
from bot.domain.proposal import Metadata, Proposal, PullRequest
from bot.domain.protection import Offer, Ruling, Touched
from bot.domain.selection import TagDetails
from bot.domain.signature import SignaturePolicy
from bot.domain.snapshot import PipelineStatus, Record, Relation, SyncWindowState
from bot.domain.source import Comparison, ReleaseNotes


class Clock(Protocol):
    """The time, so that nobody else has to ask for it."""

    def now(self) -> datetime:
        """Now, in UTC, with its zone."""
        ...


class Registry(Protocol):
    """One registry host: what it holds. Reads only."""

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag of the repository, complete or not at all; an unknown repository is `NotFound`.

        `known` is an earlier answer: where the host says that nothing changed, it is the answer again.
        """
        ...

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest that the tag names now (one HEAD), or None when there is no such tag."""
        ...

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Digest, created time, platforms and labels of a tag or digest.

        `created` is the latest among the platforms asked for (all, when none are named).
        """
        ...

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What the repository holds as signatures of the digest; read one by one, as it is asked for.

        None is an empty answer, and no error. Nothing of it is believed yet.
        """
        ...


class Identities(Protocol):
    """What proves who signed without a key: certificates of Sigstore, and its log."""

    def refusal(self, evidence: SimpleSigning | Bundle, digest: str, policy: SignaturePolicy) -> str:
        """Why the evidence does not prove that one of the policy's identities signed the digest.

        Empty when it does. `Transient` when the authorities' own keys cannot be fetched now.
        """
        ...


class Forge(Protocol):
    """One Git host. `repository` is the path that the host knows (`acme/infra`).

    Commits are named by their full hexadecimal id. What is addressed by a commit never changes and may be
    cached for ever.
    """

    def default_branch(self, repository: str) -> str:
        """The branch that a clone checks out."""
        ...

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None when there is no such branch."""
        ...

    def read(self, repository: str, commit: str, path: str) -> bytes | None:
        """The file's bytes at that commit; None when it is not there. Links and folders are `Refused`."""
        ...

    def tree(self, repository: str, commit: str, directory: str) -> Tree:
        """Every file below the directory at that commit, links and submodules too; empty where there is none.

        A directory that is something else, or holds more than `MOST_FILES`, is `Refused`.
        """
        ...

    def blobs(self, repository: str, ids: Collection[str]) -> Mapping[str, bytes]:
        """The bytes of files, by the ids that `tree` tells; `NotFound` when one of them is gone."""
        ...

    def relation(self, repository: str, *, commit: str, revision: str) -> Relation:
        """How `commit` stands to `revision`: contained in it, ahead of it, or neither."""
        ...

    def foreign_commit(self, repository: str, *, branch: str, base: str) -> str | None:
        """The newest commit on `branch` and not on `base` that Tagboat did not make, or None."""
        ...

    def write(self, repository: str, proposal: Proposal, *, base: str, expected: str | None) -> str:
        """Make `proposal.branch` hold the base commit's tree with the proposal's files; return its commit.

        One commit, one ref move. `expected` is where the branch must stand (None: must not exist);
        otherwise `Conflict` is raised and nothing is changed. The new commit descends from `expected`
        and from `base`, so no move is ever forced; but a host that lets nobody make a commit of two parents
        lets the branch begin anew on a base that moved.
        """
        ...

    def pull_requests(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """Every pull request ever opened from `branch` of this very repository, newest first."""
        ...

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """One pull request as it is now; `NotFound` when there is none of that number."""
        ...

    def open(self, repository: str, proposal: Proposal, *, base_branch: str) -> PullRequest:
        """Open a pull request from the proposal's branch, or return the one that is open already.

        A host that knows no drafts opens it as any other (`is_draft` of the answer).
        """
        ...

    def revise(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Change title and body of an open pull request."""
        ...

    def describe(self, repository: str, number: int, metadata: Metadata) -> Sequence[str]:
        """Add labels, reviewers, assignees and the milestone; return what the host did not take, and why.

        Nothing is taken away, and doing it again changes nothing. What the host does not know, or what the
        login may not do, is one sentence each of the answer and no error. Whether it is a draft is not for
        here: `open` says it.
        """
        ...

    def comment(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: a comment with this key (hidden in it) that stands there already is left alone."""
        ...

    def close(self, repository: str, number: int, *, comment: str) -> None:
        """Comment and close without a merge; a closed one stays closed. Deletes the branch."""
        ...

    def merge(
        self,
        repository: str,
        number: int,
        *,
        expected_head: str,
        message: str,
        method: MergeMethod | None = None,
    ) -> str:
        """Merge and return the commit on the base branch. Merged already: the same answer, no error.

        `method` None is the forge's own. A host that leaves no choice of methods takes its one.

        Raises:
            Conflict: the head is not `expected_head` any more, or the base moved in between.
            Transient: the host does not know yet whether it may be merged.
            Refused: the host says that it may not be merged (checks, reviews, conflicts, a method that is not
                allowed); why says it.
        """
        ...

    def reviews(self, repository: str, number: int) -> Sequence[Review]:
        """The last opinion of each reviewer that the host lets stand; comments and dismissed ones are none.

        A host that knows no reviews answers with none. Raises `Refused` where there are too many to read.
        """
        ...

    def checks(self, repository: str, commit: str) -> Sequence[Check]:
        """The latest word of every check of this very commit: check runs and commit statuses alike.

        Two of the same name, by different makers, are two. A host that knows no checks answers with none.
        Raises `Refused` where there are too many to read: a part of them would look like all.
        """
        ...

    def arming(self, repository: str, number: int) -> Arming:
        """Whether the host was asked to merge an open pull request by itself, and what it waits for.

        An asking that Tagboat took back is none. `Refused` by a host that never merges by itself.
        """
        ...

    def arm(
        self,
        repository: str,
        number: int,
        *,
        expected_head: str,
        message: str,
        method: MergeMethod | None = None,
    ) -> None:
        """Ask the host to merge as soon as its rules allow: by its auto-merge, or by its merge queue.

        What may be merged at once is merged. Asked already, or merged: no error.

        Raises:
            Conflict: the head is not `expected_head` any more.
            Refused: the host does not do so here; why says it.
        """
        ...

    def disarm(self, repository: str, number: int) -> None:
        """Take that back; harmless where the host was not asked, or has merged."""
        ...

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        """Commit the proposal's files to `branch`, which is not one of ours, and return the commit.

        One commit on `expected`, one ref move, never forced; `proposal.branch` is not touched. Only for
        environments that do without pull requests.

        Raises:
            Conflict: the branch is not at `expected` any more; nothing is changed.
            Refused: the host protects the branch.
        """
        ...

    def delete_branch(self, repository: str, number: int) -> None:
        """Delete the branch of a merged pull request, where it still stands at the head that was merged.

        Harmless where it is gone, moved, or serves an open pull request.

        Raises:
            Refused: the branch is not Tagboat's.
        """
        ...


class Community(Protocol):
    """Other people on one Git host: what they say, and what they propose. `repository` as for `Forge`."""

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments on its pull requests, and issues where it can, written or changed at `since` or later.

        Of very many, the first ones: the rest comes when it is asked again from where these end.
        """
        ...

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody, by their login, may write to the repository now."""
        ...

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once on a pull request or issue: a comment with this key is left alone."""
        ...

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, whoever opened it, the newest first; of very many, the newest."""
        ...

    def touched(self, repository: str, number: int) -> Touched:
        """What a pull request changes; `is_complete` says whether it could be read to its end."""
        ...

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:
        """Who set a label that a pull request has, by their login; None where the host does not say it."""
        ...

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """What Tagboat's check of that name says of the commit, or None when it was not set.

        A host may have cut the reason: then it ends with an ellipsis.
        """
        ...

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Let the check of that name say this of the commit."""
        ...


class Deployments(Protocol):
    """One Argo CD instance."""

    def application(self, application: Application) -> Mapping[str, Any] | None:
        """The whole Application object as JSON, or None when Argo CD says that it is absent."""
        ...

    def refresh(self, application: Application, *, hard: bool) -> None:
        """Ask for a comparison with Git; returns without waiting for its end."""
        ...

    def sync_window(self, application: Application) -> SyncWindowState:
        """Whether a sync window lets the Application sync now."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a Git host to deliver a webhook; every try of one event has the same `delivery`."""

    number: int
    delivery: str
    at: datetime
    succeeded: bool


class Redeliveries(Protocol):
    """A Git host that remembers its webhook deliveries for some days, and sends them again when asked."""

    def hooks(self, repository: str) -> Sequence[str]:
        """The webhooks that bring the repository's events here, as names for the other calls.

        Raises:
            Denied, NotFound: the login may not look at webhooks.
        """
        ...

    def attempts(self, hook: str, *, since: datetime) -> Sequence[Attempt]:
        """The tries that were made at `since` or later, newest first; of very many, the newest."""
        ...

    def send_again(self, hook: str, attempt: Attempt) -> None:
        """Ask for one more try; returns without waiting for it."""
        ...


class Sources(Protocol):
    """A Git host as the place where images are built from. Reads only; `repository` as in `Forge`."""

    def is_public(self, repository: str) -> bool:
        """Whether anybody may read the repository, without a login."""
        ...

    def compare(self, repository: str, old: str, new: str) -> Comparison:
        """What commit `new` has and commit `old` has not: the newest commits, and how many in all.

        Raises:
            NotFound: one of them is not there, or not to be seen.
        """
        ...

    def release_notes(self, repository: str, tag: str) -> ReleaseNotes | None:
        """What the release of a tag says of itself; None where there is no such release."""
        ...


class Notifier(Protocol):
    """One place where people read, in threads: a chat."""

    def find(self, notice: Notice) -> str | None:
        """The message id of the thread of this notice if it was begun, looked up at the other side."""
        ...

    def begin(self, notice: Notice) -> str:
        """Post the thread's first message (`notice.headline`) and return its id."""
        ...

    def has_reply(self, thread: str, notice: Notice) -> bool:
        """Whether the other side already shows this very notice in the thread."""
        ...

    def reply(self, thread: str, notice: Notice) -> None:
        """Add the notice to the thread."""
        ...

    def revise(self, thread: str, notice: Notice) -> None:
        """Change the thread's first message to `notice.headline`."""
        ...


class Queue(Protocol):
    """What wakes workers. Losing every message loses nothing: the store knows what is due."""

    def reconcile(self, pipeline: str) -> None:
        """Ask for a reconcile of the pipeline, soon."""
        ...

    def announce(self) -> None:
        """Ask for the outbox to be emptied, soon."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authenticated webhook delivery, as it is remembered: `key` makes a repeat recognisable."""

    sender: str
    key: str
    facts: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to reconcile one pipeline until `until`; `fence` grows with every lease given."""

    pipeline: str
    owner: str
    fence: int
    until: datetime
    seen_wake: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reconcile leaves behind: memory, what is shown, what is told, when to look next.

    `record` None leaves what is remembered as it is: nothing was learned, or it could not even be read.
    """

    record: Record | None
    status: PipelineStatus
    notices: Sequence[Notice] = ()
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A notice that waits for one notifier; `attempts` counts the failures so far."""

    notifier: str
    notice: Notice
    attempts: int
    thread: str | None
    begun: bool
    """Whether a post was tried before, so that it may stand there already: look before posting again."""


class Store(Protocol):
    """The truth between two reconciles. Every method is one transaction."""

    def receive(self, delivery: Delivery, *, pipelines: Sequence[str], now: datetime) -> bool:
        """Remember the delivery and mark the pipelines as woken; False when it was seen before."""
        ...

    def wake(self, pipelines: Sequence[str], *, now: datetime) -> None:
        """Mark pipelines as woken."""
        ...

    def due(self, pipelines: Sequence[str], *, now: datetime, every: timedelta) -> Sequence[str]:
        """Of these, which were woken, whose time has come, or that nobody looked at for `every`.

        Pipelines that are leased now are left out.
        """
        ...

    def enqueue(self, pipelines: Sequence[str], *, now: datetime, again: timedelta) -> Sequence[str]:
        """Of these, which have no message on the queue; from now on they have one.

        It counts until somebody asks for the lease, or for `again`, after which it may be lost.
        """
        ...

    def lease(self, pipeline: str, *, owner: str, now: datetime, ttl: timedelta) -> Lease | None:
        """Take the pipeline, or None while somebody else holds it."""
        ...

    def renew(self, lease: Lease, *, now: datetime, ttl: timedelta) -> Lease:
        """Hold it longer; raises `Conflict` when it was lost."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the pipeline back; harmless when the lease was lost."""
        ...

    def load(self, pipeline: str) -> Record:
        """What is remembered; an empty record for a pipeline never seen."""
        ...

    def save(self, lease: Lease, outcome: Outcome, *, notifiers: Sequence[str], now: datetime) -> int:
        """Write the outcome and put its new notices into the outbox of each notifier; return how many.

        A notice whose key is known is not told again. Raises `Conflict` when the lease was lost.
        """
        ...

    def board(self) -> Sequence[PipelineStatus]:
        """What people are shown, by pipeline name."""
        ...

    def shown(self, pipeline: str) -> PipelineStatus | None:
        """What people are shown of one pipeline; None before the first look."""
        ...

    def revision(self) -> int:
        """A number that grows whenever the board changes."""
        ...

    def outbox(self, *, now: datetime, limit: int) -> Sequence[Pending]:
        """Notices that are due, oldest first; a thread's notices come in order, and only its first ones."""
        ...

    def begin_send(self, pending: Pending, *, now: datetime) -> bool:
        """Claim a notice before posting it; False when another worker has it."""
        ...

    def thread_begun(self, notifier: str, thread: str, message: str, *, now: datetime) -> None:
        """Remember the first message of a thread before anything else is posted."""
        ...

    def sent(self, pending: Pending, *, now: datetime) -> None:
        """The notice was told."""
        ...

    def failed(self, pending: Pending, *, error: str, retry_at: datetime | None) -> None:
        """The notice was not told; None means: never try again."""
        ...

    def tidy(self, *, now: datetime) -> int:
        """Forget deliveries and notices too old to matter; return how many rows went."""
        ...


class Orders(Protocol):
    """What people told, and how far they were listened to. Orders are added, and never changed."""

    def add(self, order: Order) -> Order:
        """Keep the order and return it; where one of the same key is kept, return that one."""
        ...

    def find(self, key: str) -> Order | None:
        """The order of that key, or None."""
        ...

    def of(self, pipeline: str) -> Sequence[Order]:
        """Those that may still count (`bot.domain.order.that_count`), the oldest first."""
        ...

    def told(self, pipeline: str, *, limit: int) -> Sequence[Order]:
        """All that was told of a pipeline, refused or not, the newest first."""
        ...

    def heard(self, place: str) -> datetime | None:
        """How far comments were listened to in a place, by its host's clock; None before the first time."""
        ...

    def hear(self, place: str, *, until: datetime) -> None:
        """Remember how far comments were listened to; an earlier moment changes nothing."""
        ...

    def tidy(self, *, now: datetime) -> int:
        """Forget what was told over a year ago and counts no more; return how many rows went."""
        ...


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """What is known of one image's tags: the list that is trusted, and what makes one doubt it.

    `listed_at` is when the host last confirmed `listing`. `doubtful` is a later answer that lacks so much
    that it is taken for a fault, since `doubtful_since`. `announced` are the tags that senders said were
    pushed and that nobody has asked for since, the earliest first.
    """

    listing: Listing
    listed_at: datetime
    doubtful: Listing | None = None
    doubtful_since: datetime | None = None
    announced: tuple[str, ...] = ()
    heard: int = 0
    """How many announcements there had been when the entry was read: carry it over with `replace`, so that
    `keep` can tell those that came later. 0 in an entry made anew: it knows of none."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a tag pointed when its host was asked last; `digest` None: there was no such tag."""

    digest: str | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Unusable:
    """What a digest names is no image that could run: remembered, as it never changes."""

    reason: str


class Catalog(Protocol):
    """What registries were seen to hold, shared by all pipelines and workers.

    It saves requests, and it remembers when a digest was seen first. Every method is one transaction. What
    cannot be read, as another version wrote it, counts as never seen.
    """

    def entry(self, image: ImageName) -> ImageEntry | None:
        """What is known of the image's tags; None before the first list."""
        ...

    def claim(self, image: ImageName, *, now: datetime, ttl: timedelta) -> bool:
        """Take the right to ask for the image's tags until `keep`, or for `ttl`; False while it is taken.

        It spares the host a second question and protects nothing: the last `keep` wins.
        """
        ...

    def keep(self, image: ImageName, entry: ImageEntry) -> None:
        """Keep what is known of the tags and give the claim back.

        Of the announcements that the entry `heard`, those stay that it names in `announced`; later ones,
        repeats of a tag too, all stay.
        """
        ...

    def announce(self, pushes: Mapping[ImageName, Sequence[str]], *, now: datetime) -> None:
        """Remember that senders said these tags were pushed; also for images never listed.

        Only the last thousand of an image are remembered: the next list finds what was forgotten.
        """
        ...

    def pointers(self, image: ImageName, tags: Sequence[str]) -> Mapping[str, Pointer]:
        """Where these tags pointed when they were asked for last; those never asked for are left out."""
        ...

    def point(self, image: ImageName, pointers: Mapping[str, Pointer]) -> Mapping[str, datetime]:
        """Keep where tags point, and return when each of these digests was first seen for this image.

        A digest that was never seen before is first seen at its pointer's `asked_at`.
        """
        ...

    def first_seen(self, image: ImageName, digests: Sequence[str]) -> Mapping[str, datetime]:
        """When each of these digests was first seen for this image; those never seen are left out."""
        ...

    def contents(
        self, image: ImageName, digests: Sequence[str], platforms: Sequence[str]
    ) -> Mapping[str, TagDetails | Unusable]:
        """What these digests name, as read for these platforms; those never read are left out."""
        ...

    def keep_contents(
        self, image: ImageName, platforms: Sequence[str], contents: Mapping[str, TagDetails | Unusable]
    ) -> None:
        """Keep what digests name: it never changes."""
        ...

    def tidy(self, *, now: datetime) -> int:
        """Forget what cannot matter any more; return how many rows went.

        An image goes with all that is known of it when nobody asked its host for 30 days, an announcement
        after a week. A digest, and when it was first seen, stays while a tag points to it, and a pointer
        while its tag is listed; else both go when nobody met them for 90 days.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a host may be asked: `burst` requests at once, refilled by `per_second`; both above 0."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for a rate that would never grant anything."""
        if not self.per_second > 0 or self.burst < 1:
            raise ValueError(f"{self} would never grant a request")


@dataclass(frozen=True, slots=True)
class Grant:
    """How many requests may be made now; where it is none, `again_at` says when to ask anew."""

    requests: int
    again_at: datetime | None = None


class Budget(Protocol):
    """How often hosts may be asked: one token bucket for each, shared by all workers."""

    def draw(self, host: str, *, want: int, rate: Rate, now: datetime) -> Grant:
        """Take up to `want` requests out of the host's bucket; a host never asked has a full one."""
        ...

    def pause(self, host: str, *, until: datetime) -> None:
        """Grant nothing before `until`: the host asked for it. An earlier moment changes nothing."""
        ...


class SigningKeys(Protocol):
    """The public keys that an identity provider signs tokens with; they change over time."""

    def key(self, key_id: str) -> Mapping[str, str] | None:
        """The key of that id as a JSON Web Key, or None when the provider has none of that id.

        Raises:
            Unreachable: the provider does not answer, and nothing is known of its keys from before.
        """
        ...


class Ledger(Protocol):
    """Where the plain `git` forge keeps its pull requests."""

    def add(self, repository: str, pull_request: PullRequest, *, now: datetime) -> PullRequest:
        """Give it the next number of its repository and keep it.

        An open one from the same branch is returned instead: one open pull request per branch.
        """
        ...

    def change(self, repository: str, pull_request: PullRequest) -> None:
        """Write it over the one of the same number."""
        ...

    def of_branch(self, repository: str, branch: str) -> Sequence[PullRequest]:
        """All from this branch, newest first."""
        ...

    def of_repository(self, repository: str) -> Sequence[PullRequest]:
        """All of the repository, newest first."""
        ...
