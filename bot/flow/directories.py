"""Directories: what must be read so that one can be copied, and what stands in those that others copy.

Trees are asked for by commit and bytes by their ids, so that adapters keep both for ever: a directory that
did not move costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.deciding.promotion import Proved, carried, proved
from bot.domain.directories.copying import source_of, with_merged, with_tree
from bot.domain.directories.directory import MOST_BYTES, DirectoryView, Tree, needed, tree_id
from bot.domain.directories.keep import DirectoryPromotion
from bot.domain.errors import NotFound, Refused
from bot.domain.people.order import NOTHING_TOLD, Standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.record import EnvironmentRecord
from bot.domain.snapshot import EnvironmentView
from bot.ports import Forge


@dataclass(frozen=True, slots=True)
class Directories:
    """The directories of one pipeline, with the base branch at one commit, and what people told."""

    forge: Forge
    pipeline: Pipeline
    base: str
    now: datetime
    standings: Mapping[str, Standing] = field(default_factory=dict)

    def brought(
        self, environment: Environment, view: EnvironmentView, records: Mapping[str, EnvironmentRecord]
    ) -> EnvironmentRecord:
        """The environment's memory with what a merged pull request copied to it.

        Raises:
            TagboatError: the forge cannot be read.
        """
        record = records.get(environment.name, EnvironmentRecord())
        if environment.promote is None:
            return record
        first = records.get(environment.after[0], EnvironmentRecord())
        known = [carried(environment, each.passed_on) for each in reversed(first.deployments)]
        return with_merged(record, view.pull_requests, known)

    def remembered(self, environment: Environment, record: EnvironmentRecord) -> EnvironmentRecord:
        """The environment's memory with what others copy from it.

        Raises:
            TagboatError: the forge cannot be read.
        """
        directories, current = self.pipeline.sources(environment.name), record.current
        if not directories or current is None:
            return record
        standing = self._standing(directories, self.base)
        deployed = current.tree or self._deployed(directories, current.commit, standing)
        return with_tree(record, deployed, standing, base=self.base, now=self.now)

    def view(
        self, environment: Environment, view: EnvironmentView, records: Mapping[str, EnvironmentRecord]
    ) -> DirectoryView | None:
        """What a copy to the environment needs; None while there is nothing to copy.

        Raises:
            TagboatError: the forge cannot be read, or the directory cannot be copied.
        """
        promotion, upstream = environment.promote, {name: records.get(name) for name in environment.after}
        known = {name: each for name, each in upstream.items() if each and each.deployments}
        if promotion is None or len(known) < len(upstream):
            return None
        told = self.standings.get(environment.name, NOTHING_TOLD)
        answer = proved(environment, known, self.now, hurried=told.hurried)
        if not isinstance(answer, Proved):
            return None
        commit = source_of(environment, known, carried(environment, answer.release))
        if commit is None:
            return None
        target = self._tree(self.base, promotion.to)
        source = self._source(environment.after[0], promotion, commit)
        record = records.get(environment.name, EnvironmentRecord())
        last, current = self._last(promotion, record), record.current
        deployed = self._target(promotion, current.commit) if current else None
        proposed = self._tree(view.branch_head, promotion.to) if view.branch_head else None
        ids = needed(source, target, promotion)
        ids |= needed(source, proposed, promotion) if proposed is not None else frozenset()
        ids |= needed(last, target, promotion) if last is not None else frozenset()
        return DirectoryView({commit: source}, target, last, deployed, proposed, self._blobs(promotion, ids))

    def _source(self, before: str, promotion: DirectoryPromotion, commit: str) -> Tree:
        """The directory as it was proved in `before`; the repository itself was just seen."""
        try:
            return self._tree(commit, promotion.directory)
        except NotFound as error:
            raise NotFound(
                f"the files that were proved in {before} cannot be copied",
                why=f"commit {commit[:12]} is gone since the branch was rewritten",
                fix=f"let {before} deploy something newer, or copy them by hand",
            ) from error

    def _last(self, promotion: DirectoryPromotion, record: EnvironmentRecord) -> Tree | None:
        """The target as it was when it was known to be a copy; None where nobody knows, any more."""
        copied_at = record.current.copied_at if record.current else ""
        return self._target(promotion, copied_at) if copied_at else None

    def _target(self, promotion: DirectoryPromotion, commit: str) -> Tree | None:
        try:
            return self._tree(commit, promotion.to)
        except NotFound:  # the branch was forced elsewhere
            return None

    def _deployed(self, directories: tuple[str, ...], commit: str, standing: str) -> str:
        """What the directories held at a deployment; what they hold now, where its commit is gone."""
        try:
            return self._standing(directories, commit)
        except NotFound:
            return standing

    def _standing(self, directories: tuple[str, ...], commit: str) -> str:
        trees = {
            f"{directory}/{path}": entry
            for directory in directories
            for path, entry in self._tree(commit, directory).items()
        }
        return tree_id(trees)

    def _tree(self, commit: str, directory: str) -> Tree:
        return self.forge.tree(self.pipeline.repository.path, commit, directory)

    def _blobs(self, promotion: DirectoryPromotion, ids: frozenset[str]) -> Mapping[str, bytes]:
        blobs = self.forge.blobs(self.pipeline.repository.path, ids) if ids else {}
        if sum(map(len, blobs.values())) > 3 * MOST_BYTES:  # where the forge's trees tell no sizes
            raise Refused(
                f"the files of {promotion.to}/ that would change are too large",
                fix="copy them once by hand, or name what stays by `keep`",
            )
        return blobs
