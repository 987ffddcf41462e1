"""Merge sections to rules, with the checks that take more than one key."""

from __future__ import annotations

from bot.configuration.merge_sections import MergeSection
from bot.configuration.report import Report
from bot.configuration.settings import ForgeSettings, GitSettings
from bot.configuration.trail import Trail
from bot.domain.pipeline import Merge, MergeMethod, MergeRules

_ONLY_AUTO = ("approvals", "checks", "platform")
_ONLY_PULL_REQUESTS = (*_ONLY_AUTO, "method", "delete_branch")


def merge_rules(section: MergeSection) -> MergeRules:
    """The rules that a section says."""
    return MergeRules(
        approvals=section.approvals or 0,
        checks=tuple(dict.fromkeys(section.checks)),
        method=section.method,
        platform=section.platform,
        delete_branch=section.delete_branch,
    )


def check_merge(trail: Trail, section: MergeSection, *, group: str | None, report: Report) -> None:
    """Report keys that would do nothing in this mode: who wrote them relies on them."""
    if report.is_told((*trail, "mode")):
        return
    idle = {Merge.MANUAL: _ONLY_AUTO, Merge.DIRECT: _ONLY_PULL_REQUESTS}.get(section.mode, ())
    for key in idle:
        if getattr(section, key):
            what = f"`{key}` says nothing where the mode is {section.mode}"
            report.add((*trail, key), what, "write mode: auto, or leave it out")
    if section.mode is Merge.DIRECT and group:
        what = "a group shares a pull request, and there is none where the mode is direct"
        report.add(trail, what, "leave `group` out, or write auto or manual")


def check_host(trail: Trail, section: MergeSection, forge: ForgeSettings, report: Report) -> None:
    """Report what the forge could never give: it would be waited for without end."""
    if not isinstance(forge, GitSettings):
        return
    for key in _ONLY_AUTO:
        if getattr(section, key):
            what = f"`{key}` is never there on plain Git, which knows no reviews and no checks"
            report.add((*trail, key), what, "leave it out, or use a forge with an API")
    if section.method is MergeMethod.REBASE:
        what = "plain Git is merged by Tagboat itself, which does not rebase"
        report.add((*trail, "method"), what, "write merge or squash")
