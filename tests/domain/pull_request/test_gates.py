"""What a pull request says must still hold before the merge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.pipeline import Merge, MergeRules
from bot.domain.pull_request.change import Change, CopyNote, new_mark
from bot.domain.pull_request.gates import gates_text
from bot.domain.window import Closed, Window, WindowKind
from tests.domain.deciding.situations import NOW, environment, pipeline, release

WEEKEND = Window(WindowKind.DENY, "0 16 * * 5", timedelta(hours=64), "UTC", "weekend")
MORNING = Window(WindowKind.ALLOW, "0 8 * * 1", timedelta(hours=8), "Europe/Paris")
AUTO = {"merge": Merge.AUTO}


def change(name: str = "shop", /, **place: object) -> Change:
    owner, where = replace(pipeline(), name=name), environment("prod", **place)
    old, new = release("1.0.0"), release("1.1.0")
    return Change(owner, where, old, new, new_mark(owner, where, before=old, after=new))


def lines(*changes: Change) -> list[str]:
    """The gates, after the heading."""
    text = gates_text(changes).split("\n")
    assert text[:2] in ([""], ["**Before the merge**", ""])
    return [line.removeprefix("- ") for line in text[2:]]


@pytest.mark.parametrize(
    ("place", "gates"),
    [
        (AUTO, []),
        ({"merge": Merge.MANUAL, "merging": MergeRules(approvals=2, checks=("ci",))}, []),
        (
            {**AUTO, "merging": MergeRules(approvals=1)},
            ["1 approval of the newest commit (0 of 1 when this was written)"],
        ),
        (
            {**AUTO, "merging": MergeRules(approvals=2, checks=("ci/*", "lint"))},
            [
                "2 approvals of the newest commit (0 of 2 when this was written)",
                "checks passed on the newest commit: `ci/*`, `lint`",
            ],
        ),
        (
            {**AUTO, "merging": MergeRules(platform=True)},
            ["what the host itself asks for: Tagboat leaves the merge to it"],
        ),
        ({"windows": (WEEKEND,)}, ["outside the window `0 16 * * 5` for 2d16h, UTC, weekend"]),
        ({"windows": (MORNING,)}, ["inside the window `0 8 * * 1` for 8h, Europe/Paris"]),
    ],
    ids=["none", "a human judges", "an approval", "approvals and checks", "the host", "deny", "allow"],
)
def test_what_must_hold_is_listed(place: dict[str, object], gates: list[str]) -> None:
    assert lines(change(**place)) == gates


def test_a_copy_that_needs_a_humans_look_says_why() -> None:
    copy = CopyNote("3 files of staging/", "", "no copy to prod/ before this one is known")
    doubted = replace(change(**AUTO), copy=copy)
    assert lines(doubted) == ["a human's look: no copy to prod/ before this one is known"]
    assert (doubted.is_merged_by_tagboat, change(**AUTO).is_merged_by_tagboat) == (False, True)


@pytest.mark.parametrize(
    ("shut", "line"),
    [
        (Closed("deny window weekend is open", NOW), "not before 2026-11-20 12:00 UTC, as the windows stand"),
        (Closed("no allow window ever opens", None), "another configuration: no allow window ever opens"),
    ],
    ids=["until a moment", "for ever"],
)
def test_windows_that_are_shut_say_until_when(shut: Closed, line: str) -> None:
    assert lines(replace(change(windows=(WEEKEND,)), shut=shut))[1:] == [line]


def test_in_a_group_the_strictest_rule_counts_for_all() -> None:
    strict, mild = (
        change(name, group="g", **AUTO, merging=MergeRules(approvals=count, checks=(f"ci/{name}",)))
        for name, count in (("api", 2), ("shop", 1))
    )
    assert lines(strict, mild) == [
        "2 approvals of the newest commit (0 of 2 when this was written)",
        "checks passed on the newest commit: `ci/api`, `ci/shop`",
    ]


def test_a_fellow_who_hesitates_is_named_with_its_reason() -> None:
    held = replace(change("cart"), reluctance="held until 2026-11-22 09:00 UTC by ada: @all <b>")
    (line,) = lines(change(), held)
    assert line == "`prod` of `cart`: held until 2026-11-22 09:00 UTC by ada: @\u200ball ‹b›"
