"""What goes on to the next environment, what it waits for, and what its proposal says of the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.deciding.action import Propose
from bot.domain.deciding.decision import Plan, decide
from bot.domain.image import ImageRef
from bot.domain.people.command import Verb
from bot.domain.people.order import Order, Standing
from bot.domain.pipeline import Application
from bot.domain.record import Deployment
from bot.domain.snapshot import ApplicationView, Problem, Snapshot
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from tests.domain.deciding.situations import (
    DEV,
    LONG,
    NOW,
    PROD,
    STAGING,
    chosen,
    deployment,
    digest,
    proposing,
    pull_request,
    release,
    snapshot,
    status,
    view,
    web,
)

PAGE = "https://argocd.example/applications/argocd/shop-staging"
STAGING_FIRST = replace(STAGING, after=())
FOLLOWED = Application("main", "shop-staging", url=PAGE)
UNSEEN = ApplicationView(FOLLOWED, None, problem=Problem("Argo CD is away"))
SOAKED = deployment("1.1.0", live_for=timedelta(hours=4))


def before_prod(
    *staging: Deployment, prod: str = "1.0.0", tag_digests: Mapping[ImageRef, str | Problem] | None = None
) -> Snapshot:
    """Staging has had these deployments, prod comes after it."""
    current = staging[-1].release.version
    return snapshot(
        STAGING_FIRST,
        PROD,
        choice=chosen(current),
        views={"staging": view(STAGING, current), "prod": view(PROD, prod)},
        deployed={"staging": staging, "prod": (deployment(prod, live_for=LONG),)},
        tag_digests=tag_digests,
    )


def _body(plan: Plan) -> str:
    (action,) = [each for each in plan.actions if isinstance(each, Propose)]
    return action.proposal.body


def before_prod_followed(application: ApplicationView, *staging: Deployment) -> Snapshot:
    """The same, and an Application is followed in staging."""
    running = before_prod(*staging)
    followed = replace(STAGING_FIRST, applications=(application.application,))
    shown = replace(running.environments["staging"], applications=(application,))
    return replace(
        running,
        pipeline=replace(running.pipeline, environments=(followed, PROD)),
        environments={**running.environments, "staging": shown},
    )


def test_the_next_environment_gets_the_release_that_is_live_upstream() -> None:
    seen = snapshot(
        DEV,
        STAGING,
        choice=chosen("1.2.0"),
        views={
            "dev": proposing(DEV, "1.1.0", pull_request("1.2.0"), "1.2.0"),
            "staging": view(STAGING, "1.0.0"),
        },
        deployed={
            "dev": (deployment("1.1.0", live_for=timedelta(minutes=1)),),
            "staging": (deployment("1.0.0", live_for=LONG),),
        },
    )
    plan = decide(seen, NOW)
    action = plan.actions[-1]
    assert isinstance(action, Propose)
    assert action.release == release("1.1.0")
    assert "Live in dev since" in action.proposal.message


def test_an_environment_waits_while_its_upstream_is_rolling_out() -> None:
    seen = snapshot(
        DEV,
        STAGING,
        choice=chosen("1.1.0"),
        views={"dev": view(DEV, "1.1.0"), "staging": view(STAGING, "1.0.0")},
        deployed={
            "dev": (deployment("1.1.0", degraded_since=NOW),),
            "staging": (deployment("1.0.0", live_for=LONG),),
        },
    )
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "staging").state is State.WAITING
    assert status(plan, "staging").reason == "waits for dev: 1.1.0 is not healthy there"


def test_soak_is_waited_for_to_the_minute() -> None:
    seen = before_prod(deployment("1.1.0", live_for=timedelta(minutes=30)))
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "prod").state is State.WAITING
    assert status(plan, "prod").reason == "1.1.0 soaks in staging until 2026-11-20 13:30 UTC"
    assert plan.wake_at == NOW + timedelta(minutes=90)
    (action,) = decide(seen, NOW + timedelta(minutes=90)).actions
    assert isinstance(action, Propose)


def test_a_release_that_soaked_is_promoted_while_a_newer_one_cooks() -> None:
    soaked = deployment("1.1.0", live_for=timedelta(hours=4), live_until=NOW - timedelta(minutes=30))
    seen = before_prod(soaked, deployment("1.2.0", live_for=timedelta(minutes=20)))
    plan = decide(seen, NOW)
    (action,) = plan.actions
    assert isinstance(action, Propose)
    assert action.release == release("1.1.0")


def test_the_proposal_says_how_long_it_soaked_and_what_is_shown_of_its_applications() -> None:
    body = _body(decide(before_prod_followed(ApplicationView(FOLLOWED, {}), SOAKED), NOW))
    assert "- `staging`: live since 2026-11-20 08:00 UTC, as cccc" in body
    assert "  - soaked for 2h of 2h by 2026-11-20 10:00 UTC" in body
    assert f"  - Argo CD: [`shop-staging`]({PAGE}) Refreshing (Argo CD's answer cannot be read at" in body


def test_what_soaked_waits_while_nobody_knows_whether_it_still_runs_there() -> None:
    plan = decide(before_prod_followed(UNSEEN, SOAKED), NOW)
    assert plan.actions == ()
    assert status(plan, "prod").state is State.WAITING
    assert "what runs there is not known now (Argo CD is away" in status(plan, "prod").reason


def test_what_soaked_waits_while_the_files_it_stood_in_cannot_be_read() -> None:
    seen = before_prod(SOAKED)
    gone = replace(seen.environments["staging"], files={STAGING.targets[0].file: None})
    plan = decide(replace(seen, environments={**seen.environments, "staging": gone}), NOW)
    assert plan.actions == ()
    assert status(plan, "prod").state is State.WAITING
    assert "what runs there is not known now" in status(plan, "prod").reason


def test_what_soaked_before_it_was_replaced_does_not_wait_for_what_runs_there_now() -> None:
    soaked = replace(SOAKED, live_until=NOW - timedelta(minutes=30))
    newer = deployment("1.2.0", live_for=timedelta(minutes=20))
    assert _body(decide(before_prod_followed(UNSEEN, soaked, newer), NOW))


def test_of_a_release_that_was_replaced_upstream_no_application_is_shown() -> None:
    soaked = deployment("1.1.0", live_for=timedelta(hours=4), live_until=NOW - timedelta(minutes=30))
    body = _body(decide(before_prod(soaked, deployment("1.2.0", live_for=timedelta(minutes=20))), NOW))
    assert "soaked for 3h30m of 2h" in body
    assert "Argo CD:" not in body


def test_the_proposal_of_a_promotion_that_was_ordered_says_who_wants_it() -> None:
    young = deployment("1.1.0", live_for=timedelta(minutes=30))
    order = Order(
        "1", "shop", "prod", Verb.PROMOTE, "ada", NOW, reason="urgent", release=release("1.1.0").key
    )
    seen = replace(before_prod(young), standings={"prod": Standing(promotion=order)})
    body = _body(decide(seen, NOW))
    assert body.startswith("**Promoted**, ordered by ada: urgent: its soak and a human are not waited for.")
    assert "  - not soaked for its 2h: somebody ordered it to go on" in body


def test_the_windows_of_the_moment_are_told_as_a_moment() -> None:
    shut = replace(PROD, windows=(Window(WindowKind.DENY, "0 0 * * *", timedelta(hours=18)),))
    seen = before_prod(deployment("1.1.0", live_for=timedelta(hours=4)))
    seen = replace(seen, pipeline=replace(seen.pipeline, environments=(STAGING_FIRST, shut)))
    assert "- not before 2026-11-20 18:00 UTC, as the windows stand" in _body(decide(seen, NOW))


def test_production_that_runs_something_newer_is_not_taken_back() -> None:
    seen = before_prod(deployment("1.1.0", live_for=LONG), prod="1.1.1")
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "prod").state is State.LIVE
    assert "newer than 1.1.0" in status(plan, "prod").reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param(digest("another"), "was moved since it was proved", id="moved"),
        pytest.param(Problem("tag 1.1.0 is gone"), "tag 1.1.0 is gone", id="gone"),
    ],
)
def test_a_tag_that_is_not_what_was_proved_is_not_promoted(now: str | Problem, reason: str) -> None:
    seen = before_prod(deployment("1.1.0", live_for=LONG), tag_digests={web("1.1.0", pinned=False): now})
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "prod").state is State.BLOCKED
    assert reason in status(plan, "prod").reason


def test_a_tag_that_was_not_asked_about_is_not_promoted_before_it_is() -> None:
    seen = before_prod(deployment("1.1.0", live_for=LONG), tag_digests={})
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "prod").state is State.WAITING
    assert plan.wake_at == NOW
