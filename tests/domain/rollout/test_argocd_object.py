"""How the fields of an Application are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.rollout.argocd_object import Source, read_application
from tests.domain.rollout.rollout_world import REPOSITORY, at, changed, live


def test_an_empty_object_reads_as_empty_values() -> None:
    app = read_application({})
    assert (app.sources, app.revisions, app.images, app.operation, app.unreadable) == ((), (), (), None, ())
    assert not any((app.is_deleting, app.is_queued, app.is_automated, app.is_compared_to_spec))


def test_null_is_absent() -> None:
    app = read_application(changed({"status.operationState": None, "status.conditions": None}))
    assert (app.operation, app.conditions, app.unreadable) == (None, (), ())


@pytest.mark.parametrize("value", [None, 7, "text", [], True])
def test_what_is_no_object_has_nothing_to_read(value: object) -> None:
    app = read_application(value)
    assert app.sources == ()
    assert app.unreadable == (() if value is None else ("the object",))


def test_fields_of_the_wrong_type_are_named() -> None:
    app = read_application(changed({"status.sync.revision": 7, "status.conditions": ["odd"]}))
    assert app.unreadable == ("status.sync.revision", "status.conditions[0]")


def test_no_more_than_a_few_unreadable_fields_are_named() -> None:
    app = read_application(changed({"status.conditions": list(range(1000))}))
    assert len(app.unreadable) == 5


def test_several_sources_win_over_one() -> None:
    other = {"repoURL": "https://git.corp/x", "targetRevision": "v1"}
    app = read_application(changed({"spec.sources": [other]}))
    assert app.sources == (Source("https://git.corp/x", "v1"),)


@pytest.mark.parametrize(
    "source",
    [
        {"repoURL": "https://charts.corp", "chart": "web"},
        {"repoURL": "oci://ghcr.io/acme/charts", "path": "."},
    ],
    ids=["chart", "OCI artefact"],
)
def test_charts_and_artefacts_are_no_git_sources(source: dict[str, Any]) -> None:
    assert not read_application(changed({"spec.source": source})).sources[0].is_git


@pytest.mark.parametrize(
    ("compared", "expected"),
    [
        pytest.param({"repoURL": REPOSITORY, "path": "envs/dev", "targetRevision": "HEAD"}, True, id="same"),
        pytest.param(
            {"repoURL": REPOSITORY, "path": "envs/dev", "targetRevision": "HEAD", "helm": {}, "ref": ""},
            True,
            id="empty values beside",
        ),
        pytest.param({"repoURL": REPOSITORY, "path": "envs/dev"}, False, id="other target"),
        pytest.param(None, False, id="absent"),
    ],
)
def test_the_comparison_must_be_with_the_sources_of_now(compared: Any, expected: bool) -> None:
    app = read_application(changed({"status.sync.comparedTo.source": compared}))
    assert app.is_compared_to_spec is expected


@pytest.mark.parametrize(
    ("automated", "expected"),
    [
        (None, False),
        ({}, True),
        ({"enabled": True}, True),
        ({"enabled": False}, False),
        ({"prune": True}, True),
    ],
)
def test_auto_sync_is_on_unless_absent_or_switched_off(automated: Any, expected: bool) -> None:
    assert read_application(changed({"spec.syncPolicy.automated": automated})).is_automated is expected


@pytest.mark.parametrize(
    ("sync", "username", "expected"),
    [
        pytest.param({"revision": "a" * 40}, "ann", True, id="revision by hand"),
        pytest.param({"source": {"repoURL": REPOSITORY}}, "ann", True, id="source by hand"),
        pytest.param({}, "ann", False, id="sync by hand to the branch"),
        pytest.param({"revision": "a" * 40}, None, False, id="auto-sync"),
    ],
)
def test_a_revision_given_by_hand_is_an_override(sync: Any, username: str | None, expected: bool) -> None:
    by = {"username": username} if username else {"automated": True}
    app = read_application(changed({"status.operationState.operation": {"sync": sync, "initiatedBy": by}}))
    assert app.operation is not None
    assert app.operation.is_override is expected


def test_an_operation_without_a_result_has_the_revision_that_was_asked_for() -> None:
    app = read_application(changed({"status.operationState.syncResult": None}))
    assert app.operation is not None
    assert app.operation.revisions == ("a" * 40,)


def test_failures_name_resources_and_hooks() -> None:
    resources = [
        {"kind": "Service", "name": "web", "status": "Synced"},
        {"kind": "Deployment", "name": "web", "status": "SyncFailed", "message": "immutable"},
        {"kind": "Job", "name": "migrate", "hookPhase": "Failed", "message": "exit 1"},
    ]
    app = read_application(changed({"status.operationState.syncResult.resources": resources}))
    assert app.operation is not None
    assert app.operation.failures == ("Deployment/web: immutable", "Job/migrate: exit 1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(at(60), datetime(2026, 9, 1, 12, 1, tzinfo=UTC), id="whole seconds"),
        pytest.param(
            "2026-09-01T12:00:00.123456789Z", datetime(2026, 9, 1, 12, 0, 0, 123456, UTC), id="nanoseconds"
        ),
        pytest.param("2026-09-01T14:00:00+02:00", datetime(2026, 9, 1, 12, tzinfo=UTC), id="another zone"),
    ],
)
def test_times_are_read_as_utc(text: str, expected: datetime) -> None:
    moment = read_application(changed({"status.reconciledAt": text})).reconciled_at
    assert moment == expected
    assert moment is not None
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-09-01T12:00:00", "0001-01-01T00:00:00+14:00", "9999-99-99"]
)
def test_what_is_no_time_is_unreadable(text: str) -> None:
    app = read_application(changed({"status.reconciledAt": text}))
    assert (app.reconciled_at, app.unreadable) == (None, ("status.reconciledAt",))


def test_conditions_are_found_by_their_type() -> None:
    conditions = [{"type": "OrphanedResourceWarning"}, {"type": "SyncError", "message": "no"}]
    app = read_application(changed({"status.conditions": conditions}))
    assert app.condition("ComparisonError", "SyncError") == "SyncError: no"
    assert app.condition("ComparisonError") is None


def test_the_object_is_left_as_it_was() -> None:
    seen = live()
    read_application(seen)
    assert seen == live()
