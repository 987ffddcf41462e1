"""Sync windows, judged for auto-sync."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.argocd.sync_windows import window_state
from bot.domain.errors import Malformed

DENY = {"kind": "deny", "schedule": "0 16 * * 5", "duration": "64h"}
DENY_BY_HAND = {**DENY, "manualSync": True}
ALLOW = {"kind": "allow", "schedule": "0 8 * * *", "duration": "2h"}


@pytest.mark.parametrize(
    ("active", "assigned", "can_sync", "expected", "reason"),
    [
        pytest.param(None, None, True, True, "", id="no windows"),
        pytest.param([], [DENY], True, True, "", id="deny, not active"),
        pytest.param([DENY], [DENY], False, False, "deny window '0 16 * * 5' for 64h is open", id="deny"),
        pytest.param(
            [DENY_BY_HAND], [DENY_BY_HAND], True, False, "deny window", id="deny, by hand is allowed"
        ),
        pytest.param([ALLOW], [ALLOW], True, True, "", id="allow"),
        pytest.param(
            [], [ALLOW], False, False, "outside the allow window '0 8 * * *' for 2h", id="outside allow"
        ),
        pytest.param(
            [], [{**ALLOW, "manualSync": True}], True, False, "outside", id="outside, by hand is allowed"
        ),
        pytest.param([ALLOW, DENY], [ALLOW, DENY], False, False, "deny window", id="deny beats allow"),
        pytest.param(None, None, False, False, "forbids the sync", id="no by itself"),
    ],
)
def test_windows_follow_argo_cds_rule_for_auto_sync(
    active: Any, assigned: Any, can_sync: bool, expected: bool, reason: str
) -> None:
    state = window_state({"activeWindows": active, "assignedWindows": assigned, "canSync": can_sync})
    assert state.can_sync is expected
    assert reason in state.reason
    assert bool(state.reason) is not expected


def test_nothing_said_is_no() -> None:
    """The API leaves `canSync` out when it is false, as Go does with empty values."""
    assert not window_state({}).can_sync


@pytest.mark.parametrize(
    "answer",
    [
        {"canSync": "yes"},
        {"canSync": 1},
        {"activeWindows": "x"},
        {"assignedWindows": [1]},
        {"activeWindows": {"a": 1}},
    ],
    ids=repr,
)
def test_junk_is_malformed(answer: Any) -> None:
    with pytest.raises(Malformed, match="sync windows"):
        window_state(answer)


def test_text_of_windows_is_made_fit_to_be_shown() -> None:
    state = window_state({"activeWindows": [{**DENY, "schedule": "x\n" * 500}], "canSync": False})
    assert len(state.reason) < 400
    assert state.reason.isprintable()
