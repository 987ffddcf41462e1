"""Sections to directories that are promoted, and who else writes there."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.configuration.pipeline_sections import EnvironmentSection
from bot.configuration.report import Report
from bot.configuration.trail import Trail
from bot.domain.directories.keep import DirectoryPromotion, Keep


@dataclass(frozen=True, slots=True)
class _Claim:
    repository: str
    promotion: DirectoryPromotion
    owner: str
    trail: Trail


@dataclass(slots=True)
class DirectoryClaims:
    """Which environment copies over which directory, over all pipelines: other writers' work would go."""

    report: Report
    _directories: list[_Claim] = field(default_factory=list)
    _files: list[tuple[str, str, str, Trail]] = field(default_factory=list)

    def claim(self, repository: str, promotion: DirectoryPromotion, *, owner: str, trail: Trail) -> None:
        """Claim a directory for an environment."""
        claim = _Claim(repository, promotion, owner, trail)
        for other in self._directories:
            if other.repository == repository and _overlap(other.promotion.to, promotion.to):
                what = f"{other.owner} copies over {other.promotion.to}/"
                self.report.add((*trail, "to"), what, "name another directory")
        for where, file, writer, _ in self._files:
            self._check(claim, where, file, writer, trail)
        self._directories.append(claim)

    def written(self, repository: str, file: str, *, owner: str, trail: Trail) -> None:
        """A file that an environment writes by itself."""
        for claim in self._directories:
            self._check(claim, repository, file, owner, trail)
        self._files.append((repository, file, owner, trail))

    def _check(self, claim: _Claim, repository: str, file: str, writer: str, trail: Trail) -> None:
        promotion = claim.promotion
        within = file.removeprefix(f"{promotion.to}/")
        if repository != claim.repository or within == file or writer == claim.owner:
            return
        if promotion.keeps(within) or promotion.keys(within):
            return
        what = f"{writer} writes {file}, which {claim.owner} copies over"
        self.report.add(trail, what, f"let it keep the file, or its keys: keep: [{within}]")


def directory_promotion(
    section: EnvironmentSection, trail: Trail, report: Report
) -> DirectoryPromotion | None:
    """The directory that an environment copies; None where there is none, or too little of it is right."""
    promote, trail = section.promote, (*trail, "promote")
    if promote is None or report.is_told(trail):
        return None
    if any(report.is_told((*trail, key)) for key in ("directory", "to", "keep")):
        return None
    if not section.after:
        fix = "name the environment that has it: after: …"
        report.add(trail, "there is nothing to copy from without `after`", fix)
        return None
    if section.group:
        report.add(trail, "a directory is never copied in the pull request of a group", "leave out `group`")
    if _overlap(promote.directory, promote.to):
        what = f"{promote.directory}/ and {promote.to}/ lie in each other"
        report.add((*trail, "to"), what, "name a directory beside it")
    return DirectoryPromotion(
        promote.directory, promote.to, tuple(map(Keep.parse, promote.keep)), promote.overwrite
    )


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
