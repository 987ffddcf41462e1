"""Whatever JSON Argo CD answers, there is a verdict, and what cannot be read is never live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.rollout import (
    RolloutVerdict,
    VerdictWord,
    asks_sync_window,
    environment_verdict,
    judge,
    revisions_to_relate,
)
from bot.domain.snapshot import ApplicationView, Relation
from tests.domain.rollout.rollout_world import APPLICATION, FOLLOWED, NOW, changed, live, verdict_on, view_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def paths(node: Any, prefix: str = "") -> list[str]:
    """Every dotted path to a field of the object."""
    if not isinstance(node, Mapping):
        return []
    here = [f"{prefix}{key}" for key in node]
    return here + [path for key, value in node.items() for path in paths(value, f"{prefix}{key}.")]


PATHS = sorted(paths(live()))


def deep(levels: int) -> Any:
    node: Any = "bottom"
    for _ in range(levels):
        node = {"x": [node]}
    return node


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_object_gets_a_verdict_that_is_not_live(value: dict[str, Any]) -> None:
    revisions_to_relate(value, FOLLOWED)
    asks_sync_window(value)
    assert not judge(ApplicationView(APPLICATION, value), FOLLOWED, now=NOW).is_live


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(PATHS), JSON, min_size=1, max_size=3))
def test_any_json_in_any_field_gets_a_verdict(changes: dict[str, Any]) -> None:
    ordered = dict(sorted(changes.items(), key=lambda item: -item[0].count(".")))
    verdict = judge(view_of(ordered), FOLLOWED, now=NOW)
    assert verdict.reason
    assert verdict.is_final or not verdict.is_live


DECISIVE = [
    "spec",
    "spec.source",
    "spec.source.repoURL",
    "spec.source.targetRevision",
    "status",
    "status.sync",
    "status.sync.status",
    "status.sync.revision",
    "status.sync.comparedTo",
    "status.sync.comparedTo.source",
    "status.reconciledAt",
    "status.health",
    "status.health.status",
    "status.health.lastTransitionTime",
    "status.operationState",
    "status.operationState.phase",
    "status.operationState.finishedAt",
    "status.operationState.syncResult",
    "status.conditions",
    "status.resources",
    "status.summary",
    "status.summary.images",
    "operation",
]


WRONG: list[Any] = [7, True, "text", ["list"], {"an": "object"}, [[]]]
RIGHT = [("spec.source.targetRevision", "text"), ("status.operationState.syncResult", {"an": "object"})]
"""A branch name, and a sync that applied nothing that we know: other fields decide."""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(path, value, id=f"{path}={value!r}")
        for path in DECISIVE
        for value in WRONG
        if (path, value) not in RIGHT
    ],
)
def test_a_field_of_the_wrong_type_is_never_live(path: str, value: Any) -> None:
    assert not verdict_on({path: value}).is_live


@pytest.mark.parametrize(
    "path", ["spec.source.helm", "status.sync.comparedTo.source.helm", "metadata", "status.operationState"]
)
def test_deep_nesting_is_bounded(path: str) -> None:
    assert verdict_on({path: deep(400)}).reason


def test_a_source_nested_too_deeply_is_never_taken_for_the_compared_one() -> None:
    twice = {"spec.source.helm": deep(400), "status.sync.comparedTo.source.helm": deep(400)}
    assert verdict_on(twice).word is VerdictWord.REFRESHING


@pytest.mark.parametrize("relation", [Relation.UNKNOWN, Relation.BEHIND, Relation.DIVERGED])
@given(revision=st.text(alphabet="0123456789abcdef", min_size=40, max_size=40))
def test_only_a_contained_commit_can_be_live(relation: Relation, revision: str) -> None:
    view = ApplicationView(APPLICATION, changed({"status.sync.revision": revision}), {revision: relation})
    assert not judge(view, FOLLOWED, now=NOW).is_live or revision == FOLLOWED.commit


def test_a_revision_that_nobody_related_is_not_live() -> None:
    view = ApplicationView(APPLICATION, changed({"status.sync.revision": "9" * 40}))
    assert judge(view, FOLLOWED, now=NOW).word is VerdictWord.PENDING


def test_messages_are_shown_without_credentials_or_control_characters() -> None:
    message = "failed:\n\x1b[31mhttps://bot:hunter2@git.corp/x\x1b[0m \u202eabc" + "x" * 5000
    conditions = [{"type": "ComparisonError", "message": message}]
    reason = verdict_on({"status.conditions": conditions}).reason
    assert "hunter2" not in reason
    assert reason.isprintable()
    assert len(reason) < 400


@given(st.lists(st.sampled_from(VerdictWord), min_size=1), st.booleans())
def test_an_environment_is_live_only_when_every_application_is(words: list[VerdictWord], live: bool) -> None:
    verdicts = [RolloutVerdict(word, "why", is_live=word is VerdictWord.LIVE or live) for word in words]
    worst = environment_verdict(verdicts)
    assert worst is not None
    assert worst.is_live == all(verdict.is_live for verdict in verdicts)


@given(st.datetimes(), st.datetimes())
def test_any_time_gets_a_verdict(reconciled: Any, changed_at: Any) -> None:
    changes = {
        "status.reconciledAt": reconciled.isoformat() + "+14:00",
        "status.health.lastTransitionTime": changed_at.isoformat() + "Z",
    }
    verdict = judge(view_of(changes), replace(FOLLOWED), now=NOW)
    assert verdict.word in {VerdictWord.REFRESHING, VerdictWord.LIVE, VerdictWord.PROGRESSING}
