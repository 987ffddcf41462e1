"""The lower rows of the verdict table: synced, and then how the resources fare and which images run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.image import parse_image_ref
from bot.domain.pipeline import Deadlines
from bot.domain.rollout import (
    VerdictWord,
    judge,
)
from tests.domain.rollout.rollout_world import (
    FOLLOWED,
    LATER,
    MERGED,
    NO_OPERATION,
    NOW,
    OUT_OF_SYNC,
    Row,
    at,
    check,
    health,
    verdict_on,
    view_of,
)

W = VerdictWord

HEALTH_ROWS = [
    Row("progressing", health("Progressing", 60, "1 of 2 updated"), W.PROGRESSING, "1 of 2 updated"),
    Row("no health yet", {"status.health": {}}, W.PROGRESSING, "not healthy yet"),
    Row(
        "progressing too long",
        health("Progressing", 60, "0 of 2 updated"),
        W.TIMED_OUT,
        "still Progressing after 16 min: 0 of 2 updated",
        failed=True,
        now=MERGED + timedelta(minutes=16),
    ),
    Row(
        "progressing again after live",
        health("Progressing", 60),
        W.PROGRESSING,
        followed={"was_live": True},
        now=MERGED + timedelta(hours=3),
    ),
    Row(
        "paused",
        health("Suspended", 60, "CanaryPauseStep"),
        W.PAUSED,
        "CanaryPauseStep",
        now=MERGED + timedelta(days=1),
    ),
    Row(
        "paused by intent",
        health("Suspended", 60),
        W.LIVE,
        is_final=True,
        followed={"accepts_suspended": True},
    ),
    Row("degraded for a moment", health("Degraded", 200), W.DEGRADED),
    Row("degraded", health("Degraded", 180, "CrashLoopBackOff"), W.DEGRADED, "CrashLoopBackOff", failed=True),
    Row("degraded after live", health("Degraded", 180), W.DEGRADED, failed=True, followed={"was_live": True}),
    Row(
        "degraded, Argo CD tells no time",
        {"status.health": {"status": "Degraded"}},
        W.DEGRADED,
        followed={"degraded_since": NOW - timedelta(seconds=59)},
    ),
    Row(
        "degraded long enough, Argo CD tells no time",
        {"status.health": {"status": "Degraded"}},
        W.DEGRADED,
        failed=True,
        followed={"degraded_since": NOW - timedelta(seconds=60)},
    ),
    Row(
        "degraded since long before",
        health("Degraded", -600),
        W.PRE_EXISTING_DEGRADED,
        "since before the merge",
    ),
    Row(
        "known to be degraded before",
        health("Degraded", 60),
        W.PRE_EXISTING_DEGRADED,
        followed={"degraded_before": True},
    ),
    Row("missing for a moment", health("Missing", 200), W.MISSING),
    Row("missing", health("Missing", 180), W.MISSING, "not in the cluster", failed=True),
    Row("health unknown", health("Unknown", 60), W.HEALTH_UNKNOWN, "health is Unknown"),
    Row("health of a later Argo CD", health("Odd", 60), W.HEALTH_UNKNOWN, "health is Odd"),
    Row(
        "health unknown too long",
        health("Unknown", 60),
        W.TIMED_OUT,
        "still HealthUnknown",
        failed=True,
        now=MERGED + timedelta(minutes=16),
    ),
    Row(
        "settling after the sync",
        {"status.operationState.finishedAt": at(58), **health("Healthy", 40)},
        W.PROGRESSING,
        "healthy for 14 of 15 s",
        now=MERGED + timedelta(seconds=72),
    ),
    Row(
        "settling after health",
        health("Healthy", 60),
        W.PROGRESSING,
        "healthy for 12 of 15 s",
        now=MERGED + timedelta(seconds=72),
    ),
    Row("settled", health("Healthy", 60), W.LIVE, is_final=True, now=MERGED + timedelta(seconds=75)),
    Row("health from a time to come", health("Healthy", 3600), W.PROGRESSING, "clock is ahead"),
    Row("no operation was needed", {**NO_OPERATION, **health("Healthy", -9000)}, W.LIVE, is_final=True),
    Row("live", {}, W.LIVE, "synced and healthy", is_final=True),
    Row("live with a message", health("Healthy", 60, "2 of 2"), W.LIVE, "2 of 2", is_final=True),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in HEALTH_ROWS])
def test_each_state_has_its_word(row: Row) -> None:
    check(row)


def test_an_overwritten_value_is_final_and_not_live() -> None:
    verdict = judge(view_of({"status.sync.revision": LATER}, overwritten_at=LATER), FOLLOWED, now=NOW)
    assert (verdict.word, verdict.is_final, verdict.is_live, verdict.failed) == (
        W.LIVE_BUT_OVERWRITTEN,
        True,
        False,
        False,
    )
    assert "bbbbbbbbbbbb" in verdict.reason


def test_deadlines_are_those_of_the_environment() -> None:
    slow = Deadlines(rollout=timedelta(hours=2))
    late = MERGED + timedelta(hours=1)
    assert verdict_on(health("Progressing", 60), now=late, deadlines=slow).word is W.PROGRESSING
    assert verdict_on(health("Progressing", 60), now=late).word is W.TIMED_OUT


def test_leftovers_are_remarked() -> None:
    leftovers = {**OUT_OF_SYNC, "status.resources": [{"status": "OutOfSync", "requiresPruning": True}]}
    assert verdict_on(leftovers).remark == "only leftovers wait to be pruned"


IMAGES = "status.summary.images"


DIGEST = f"sha256:{'1' * 64}"


OTHER_DIGEST = f"sha256:{'2' * 64}"


WEB, HUB = parse_image_ref("ghcr.io/acme/web:1.2.0"), parse_image_ref("acme/web:1.2.0")


API = parse_image_ref("ghcr.io/acme/api:3.0.0")


BY_DIGEST = parse_image_ref(f"ghcr.io/acme/web@{DIGEST}")


IMAGE_CASES = [
    pytest.param(["ghcr.io/acme/web:1.2.0"], [WEB], True, id="tag"),
    pytest.param([f"ghcr.io/acme/web@{DIGEST}"], [BY_DIGEST], True, id="digest"),
    pytest.param([f"ghcr.io/acme/web:1.2.0@{DIGEST}"], [WEB], True, id="tag wanted, both run"),
    pytest.param([f"ghcr.io/acme/web:other@{DIGEST}"], [BY_DIGEST], True, id="digest wanted, both run"),
    pytest.param([f"ghcr.io/acme/web:1.2.0@{OTHER_DIGEST}"], [BY_DIGEST], False, id="another digest"),
    pytest.param(["ghcr.io/acme/web:1.2.0"], [BY_DIGEST], False, id="digest wanted, tag runs"),
    pytest.param(["ghcr.io/acme/web:1.1.0"], [WEB], False, id="old tag"),
    pytest.param(["ghcr.io/acme/web:1.1.0", "ghcr.io/acme/web:1.2.0"], [WEB], True, id="old beside new"),
    pytest.param(["acme/web:1.2.0"], [HUB], True, id="Docker Hub without host"),
    pytest.param(["docker.io/acme/web:1.2.0"], [HUB], True, id="Docker Hub with host"),
    pytest.param(["index.docker.io/acme/web:1.2.0"], [HUB], True, id="Docker Hub by its alias"),
    pytest.param(["nginx"], [parse_image_ref("docker.io/library/nginx:1")], False, id="no tag at all"),
    pytest.param([], [WEB], False, id="no pods"),
    pytest.param([], [], True, id="nothing wanted"),
    pytest.param(["not an image", "ghcr.io/acme/web:1.2.0"], [WEB], True, id="junk beside"),
    pytest.param(["ghcr.io/acme/web:1.2.0"], [WEB, API], True, id="one of two images"),
    pytest.param(
        ["ghcr.io/acme/web:1.2.0", "ghcr.io/acme/api:2.9"], [WEB, API], False, id="the other is old"
    ),
]


@pytest.mark.parametrize(("running", "wanted", "is_live"), IMAGE_CASES)
def test_the_images_must_run(running: list[str], wanted: list[Any], is_live: bool) -> None:
    verdict = verdict_on({IMAGES: running}, images=tuple(wanted))
    assert verdict.is_live == is_live, str(verdict)
    assert verdict.word is (W.LIVE if is_live else W.SYNCED_NOT_OBSERVED)


def test_an_old_version_that_runs_beside_is_remarked() -> None:
    verdict = verdict_on({IMAGES: ["ghcr.io/acme/web:1.1.0", "ghcr.io/acme/web:1.2.0"]})
    assert verdict.remark == "1.1.0 still runs beside it"


def test_no_pod_is_accepted_only_when_said_and_never_an_old_version() -> None:
    accepted = verdict_on({IMAGES: []}, accepts_unseen=True)
    assert (accepted.word, accepted.is_live, accepted.is_final) == (W.SYNCED_NOT_OBSERVED, True, True)
    assert not verdict_on({IMAGES: ["ghcr.io/acme/web:1.1.0"]}, accepts_unseen=True).is_live


def test_an_image_that_never_shows_up_is_told_at_the_deadline() -> None:
    verdict = verdict_on({IMAGES: ["ghcr.io/acme/web:1.1.0"]}, now=MERGED + timedelta(minutes=16))
    assert (verdict.word, verdict.failed) == (W.TIMED_OUT, True)
    assert "what runs is ghcr.io/acme/web:1.1.0" in verdict.reason
