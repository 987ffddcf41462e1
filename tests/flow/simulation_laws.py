"""The laws of the simulation: what Tagboat may do at the Git host, checked at the moment at which it does it.

A broken law is written down, not raised: Tagboat would take an exception of a port for a fault of its own.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.adapters.forges.memory.forge import MemoryForge
from bot.domain.people.consent import CheckState, Opinion
from bot.domain.people.order import Standing, standing
from bot.domain.pipeline import Environment, Merge, Pipeline
from bot.domain.pull_request.mark import Mark, marks
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.window import closed
from bot.ports import Clock, Orders
from tests.flow.simulation_shape import Shape, file_of
from tests.flow.simulation_truth import UNSEEN, Place, Refs, Truth, version_of
from tests.flow.worlds import REPOSITORY

_VALUE = re.compile(rb"(?m)^(  (?:tag|digest): )[^\s#]+")
_FIRST_COPY = "**Overwrites** whatever people changed by hand"
_ORDERED = "**Overwrites** what was changed by hand"
"""So is whoever merges told what a copy undoes; Tagboat merges by itself what was ordered alone."""

_FORGIVEN = timedelta(hours=2)


@dataclass
class Laws:
    """What was broken so far, and what humans said no to."""

    shape: Shape
    forge: MemoryForge
    truth: Truth
    orders: Orders
    clock: Clock
    broken: list[str] = field(default_factory=list)
    refused: dict[Place, dict[str, datetime]] = field(default_factory=lambda: defaultdict(dict))
    changes: Counter[str] = field(default_factory=Counter)
    reopened: set[int] = field(default_factory=set)
    is_by_human: bool = False
    troubled_at: datetime | None = None
    """When something went wrong last, so that Tagboat may have forgotten what it did."""

    @property
    def is_calm(self) -> bool:
        """Whether nothing went wrong for longer than pull requests are counted for."""
        return self.troubled_at is None or self.clock.now() - self.troubled_at > _FORGIVEN

    @contextmanager
    def by_human(self) -> Iterator[None]:
        """What happens at the Git host now, a human asked for on Tagboat's page."""
        self.is_by_human = True
        try:
            yield
        finally:
            self.is_by_human = False

    def says(self, law: str, detail: object) -> None:
        """A law is broken."""
        self.broken.append(f"{self.clock.now():%d %H:%M:%S} {law}: {detail}")

    def place(self, mark: Mark) -> tuple[Pipeline, Environment]:
        """Whom a mark is about."""
        found = {(pipeline.name, each.name): (pipeline, each) for pipeline, each in self.shape.places}
        return found[mark.pipeline, mark.environment]

    def standing(self, place: Place) -> Standing:
        """What people told of a place and counts now."""
        return standing(self.orders.of(place[0]), place[1], self.clock.now())

    # -- what is written ---------------------------------------------------------------------------------

    def written(self, proposal: Proposal, *, base: str, before: str | None, after: str) -> None:
        """A branch was written."""
        if before == after:
            self.changes["same"] += 1
        self._only_targets(base, after, marks(proposal.body))
        for mark in marks(proposal.body):
            place = (mark.pipeline, mark.environment)
            refs = self.truth.refs(after, place)
            if refs == self.truth.refs(before or base, place) or refs == self.truth.refs(base, place):
                continue
            undoes = _FIRST_COPY in proposal.body or _ORDERED in proposal.body
            self._proposed(mark, refs, "written", base, undoes=undoes)

    def _proposed(self, mark: Mark, refs: Refs, what: str, base: str, *, undoes: bool) -> None:
        """A release is proposed, or on its way to the base branch, by Tagboat's own will.

        `undoes` says that its words tell that it overwrites what people changed by hand.
        """
        pipeline, environment = self.place(mark)
        place, told = (pipeline.name, environment.name), self.standing((pipeline.name, environment.name))
        name = f"{place} {mark.version} {what}"
        if told.hold:
            self.says("a hold holds", name)
        is_promoted = told.promotion is not None and told.promotion.release == mark.key
        if self._is_refused(place, mark.key, told):
            self.says("a no stays no", name)
        if any(each.release == mark.key for each in told.skipped):
            self.says("what was skipped is not proposed", name)
        if told.rollback:
            if not self.truth.was_ever(place, refs):
                self.says("a rollback goes to what was there", name)
            return
        if not undoes:
            self._no_downgrade(place, refs, name, base)
        self._as_configured(pipeline, environment, refs, base)
        if not is_promoted and not undoes:
            self._not_taken_back(pipeline, place, refs, name)
        lack = self.truth.lack(pipeline, environment, refs, soaks=not is_promoted)
        if lack:
            self.says("only what is proved goes on", f"{name}: {lack}")
        for alias, ref in refs.items():
            if not environment.after or self.truth.refs(base, place).get(alias) == ref:
                continue
            image, first = pipeline.image(alias).name, (pipeline.name, environment.after[0])
            moved = self.truth.moved(image, ref, live_in=first)
            if moved:
                self.says("what goes on is what was proved", f"{name}: {moved}")

    def _is_refused(self, place: Place, key: str, told: Standing) -> bool:
        """Whether a human said no, and nobody ordered it since."""
        refused_at = self.refused[place].get(key)
        orders = [each for each in (told.promotion, told.rollback) if each and each.release == key]
        return refused_at is not None and not any(each.at >= refused_at for each in orders)

    def _no_downgrade(self, place: Place, refs: Refs, name: str, base: str) -> None:
        for alias, (tag, digest) in self.truth.refs(base, place).items():
            wanted = refs.get(alias, (tag, digest))
            old, new = version_of(tag), version_of(wanted[0])
            is_same = bool(digest) and digest == wanted[1]  # it runs already, under whatever tag
            policy = self.shape.pipeline(place[0]).image(alias).policy
            is_told = policy.allow_downgrade or self.pin(self.shape.pipeline(place[0]), alias) == wanted[0]
            if old and new and new < old and not is_same and not is_told:
                self.says("nothing older without an order", f"{name}: {alias} {tag} → {refs[alias][0]}")

    def pin(self, pipeline: Pipeline, alias: str) -> str | None:
        """The tag that the configuration pins an image to now, if it does."""
        pin, now = pipeline.image(alias).policy.pin, self.clock.now()
        return pin.tag if pin and (pin.until is None or now < pin.until) else None

    def _as_configured(self, pipeline: Pipeline, environment: Environment, refs: Refs, base: str) -> None:
        """A pin and a hold of the configuration count where nothing comes before."""
        if environment.after:
            return
        place, now = (pipeline.name, environment.name), self.clock.now()
        for alias, ref in self.truth.refs(base, place).items():
            pin, hold = self.pin(pipeline, alias), pipeline.image(alias).policy.hold
            new = refs.get(alias, ref)
            if pin is not None and new != ref and new[0] != pin:
                self.says("a pin pins", f"{place} {alias} {ref} → {new}, not {pin}")
            if hold and (hold.until is None or now < hold.until) and new != ref:
                self.says("a hold of the configuration holds", f"{place} {alias} {ref} → {new}")

    def _not_taken_back(self, pipeline: Pipeline, place: Place, refs: Refs, name: str) -> None:
        """What a human put something else in the place of, with Git, is not proposed again."""
        before, last = self.truth.spans(place)[:-1], self.truth.seen(place)
        if not last.is_by_hand or last.stood(self.clock.now()) < UNSEEN:
            return
        if any(self.truth.was_moved(pipeline.image(alias).name, tag) for alias, (tag, _) in refs.items()):
            return  # what the tag names now may be something new
        if any(each.refs == refs and each.stood(self.clock.now()) >= UNSEEN for each in before):
            self.says("what was taken back stays so", name)

    def _only_targets(self, before: str, after: str, places: Iterable[Mark]) -> None:
        old, new = self.forge.files(REPOSITORY, before), self.forge.files(REPOSITORY, after)
        known = [self.place(mark) for mark in places]
        files = {file_of(pipeline.name, each.name) for pipeline, each in known if each.targets}
        folders = tuple(f"{each.promote.to}/" for _, each in known if each.promote)
        for path in sorted(old.keys() | new.keys()):
            if old.get(path) == new.get(path) or (folders and path.startswith(folders)):
                continue
            if path not in files:
                self.says("files under no target never change", path)
            elif path not in old or path not in new or _rest(old[path].data) != _rest(new[path].data):
                self.says(
                    "bytes outside the targets never change", f"{path}: {old.get(path)} {new.get(path)}"
                )

    def not_foreign(self, branch: str, base: str, what: str, *, on_top_of: str = "") -> None:
        """A branch is about to be written, merged or closed.

        What stands below our own head, `on_top_of`, is no work on the branch: the base held it once. What was
        merged is on the base, also where a squash left the commits themselves behind.
        """
        foreign = self.forge.foreign_commit(REPOSITORY, branch=branch, base=base)
        pulls = self.forge.pull_requests(REPOSITORY, branch)
        if any(pull.state is PullRequestState.MERGED and pull.head == foreign for pull in pulls):
            return
        if foreign and on_top_of in {"", foreign}:
            self.says("foreign commits are left alone", f"{branch} {what} over {foreign[:8]}")

    # -- what is merged ----------------------------------------------------------------------------------

    def may_merge(self, pull: PullRequest, what: str) -> None:
        """Tagboat merges, or asks the host to, by its own will or for a human on its page."""
        needed, names = 0, set[str]()
        for mark in marks(pull.body):
            _, environment = self.place(mark)
            place, told = (mark.pipeline, mark.environment), self.standing((mark.pipeline, mark.environment))
            if told.hold:
                self.says("a hold holds", f"{place} {what} {pull.number}")
            if closed(environment.windows, self.clock.now()) and not self._is_forced(mark):
                self.says("windows are respected", f"{place} {what} {pull.number}")
            is_promoted = told.promotion is not None and told.promotion.release == mark.key
            if environment.merge is not Merge.AUTO and not is_promoted and not self.is_by_human:
                self.says("a human merges", f"{place} {what} {pull.number}")
            needed = max(needed, 0 if is_promoted else environment.merging.approvals)
            names |= set(environment.merging.checks)
        if not self.is_by_human:
            self.not_foreign(pull.branch, pull.base, what)
            self._has_consent(pull, needed, names, what)

    def _has_consent(self, pull: PullRequest, needed: int, names: set[str], what: str) -> None:
        given = [
            each
            for each in self.forge.reviews(REPOSITORY, pull.number)
            if each.may_write and each.opinion is Opinion.APPROVED and each.commit == pull.head
        ]
        if len(given) < needed:
            self.says("approvals are waited for", f"{pull.number} {what} with {len(given)} of {needed}")
        states = {each.name: each.state for each in self.forge.checks(REPOSITORY, pull.head)}
        if any(states.get(name) is not CheckState.SUCCEEDED for name in names):
            self.says("checks are waited for", f"{pull.number} {what} with {states}")

    def merged(self, pull: PullRequest, before: str, after: str) -> None:
        """A pull request was merged."""
        if self.is_by_human:
            return
        self._only_targets(before, after, marks(pull.body))
        for mark in marks(pull.body):
            place = (mark.pipeline, mark.environment)
            refs = self.truth.refs(after, place)
            if refs != self.truth.refs(before, place):
                is_ordered = _ORDERED in pull.body
                self._proposed(mark, refs, f"merged by {pull.number}", before, undoes=is_ordered)

    def committed(self, proposal: Proposal, before: str, after: str) -> None:
        """A commit was made on the base branch."""
        self._only_targets(before, after, marks(proposal.body))
        for mark in marks(proposal.body):
            _, environment = self.place(mark)
            if environment.merge is not Merge.DIRECT:
                self.says("only direct environments are committed to", mark)
            if closed(environment.windows, self.clock.now()) and not self._is_forced(mark):
                self.says("windows are respected", f"{mark.pipeline} {mark.environment} committed")
            refs = self.truth.refs(after, (mark.pipeline, mark.environment))
            self._proposed(mark, refs, "committed", before, undoes=_ORDERED in proposal.body)

    def _is_forced(self, mark: Mark) -> bool:
        told = self.standing((mark.pipeline, mark.environment)).promotion
        return told is not None and told.release == mark.key and told.is_forced

    def is_skipped(self, pull: PullRequest) -> bool:
        """Whether somebody told that this is not to be proposed."""
        told = [(mark, self.standing((mark.pipeline, mark.environment))) for mark in marks(pull.body)]
        return any(mark.key in {each.release for each in one.skipped} for mark, one in told)

    # -- what people do ----------------------------------------------------------------------------------

    def was_refused(self, pull: PullRequest) -> None:
        """A human closed a pull request."""
        for mark in marks(pull.body):
            self.refused[mark.pipeline, mark.environment][mark.key] = self.clock.now()

    def was_reopened(self, pull: PullRequest) -> None:
        """A human thought better of it."""
        self.reopened.add(pull.number)
        for mark in marks(pull.body):
            self.refused[mark.pipeline, mark.environment].pop(mark.key, None)


def _rest(content: bytes) -> bytes:
    return _VALUE.sub(rb"\1", content)
