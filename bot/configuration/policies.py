"""The part of an image's section that says how its tag is chosen, to the policy of the domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.configuration.pipeline_sections import ImageSection
from bot.configuration.report import Report
from bot.configuration.signatures import signature_policy
from bot.configuration.trail import Trail
from bot.domain.choosing.policy import PolicyFault, StrategyFault
from bot.domain.choosing.selection import Hold, MovedTags, Pin, SelectionPolicy, Strategy

_NEEDS = {"extract": "pattern", "pin": "hold"}
"""Keys that are judged by another one too: of which nothing can be said while that one is wrong."""
_SECTIONS = frozenset({"hold", "pin"})
"""Keys that hold no single value."""


def selection_policy(section: ImageSection, trail: Trail, base: Path, report: Report) -> SelectionPolicy:
    """The policy; what is wrong is reported at its key, and a default stands in for it."""
    _check_moved_tags(section, trail, report)
    terms = _terms(section)
    terms["verify"] = signature_policy(section.verify, (*trail, "verify"), base, report)
    while True:
        try:
            return SelectionPolicy(**terms)
        except PolicyFault as fault:
            _tell(fault, trail, report)
            if fault.key not in terms:
                return SelectionPolicy()
            del terms[fault.key]


def _tell(fault: PolicyFault, trail: Trail, report: Report) -> None:
    other = "strategy" if isinstance(fault, StrategyFault) else _NEEDS.get(fault.key)
    if other and report.is_told((*trail, other)):
        return
    if fault.key in _SECTIONS:
        report.add((*trail, fault.key), str(fault))
    else:
        report.add_value((*trail, fault.key), str(fault))


def _terms(section: ImageSection) -> dict[str, Any]:
    hold, pin = section.hold, section.pin
    terms = {
        "strategy": section.strategy,
        "constraint": section.constraint,
        "allow_tags": section.allow_tags,
        "ignore_tags": section.ignore_tags,
        "platforms": section.platforms,
        "allow_downgrade": section.allow_downgrade,
        "pattern": section.pattern,
        "extract": section.extract,
        "order": section.order,
        "format": section.format,
        "match_prerelease": section.match_prerelease,
        "max_jump": section.max_jump,
        "min_age": section.min_age,
        "moved_tags": section.moved_tags,
        "hold": hold and Hold(hold.reason, hold.until),
        "pin": pin and Pin(pin.tag, pin.reason, pin.until),
    }
    return {key: value for key, value in terms.items() if value is not None}


def _check_moved_tags(section: ImageSection, trail: Trail, report: Report) -> None:
    is_written = "moved_tags" in section.model_fields_set
    is_contrary = section.strategy is Strategy.DIGEST and section.moved_tags is MovedTags.IGNORE
    if is_written and is_contrary and not report.is_told((*trail, "strategy")):
        what = "moved_tags: ignore means nothing to digest, which follows its tag as it moves"
        report.add((*trail, "moved_tags"), what, "leave it out")
