"""The thread of a release: told from what is seen, each line once, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.deciding.story import Chapter, Story, tell
from bot.domain.notice import Event, Link, Notice
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.record import Deployment
from bot.domain.rollout.progress import Progress
from bot.domain.snapshot import EnvironmentView
from bot.domain.status import ApplicationStatus, EnvironmentStatus, State
from tests.domain.deciding.situations import NOW, deployment, pull_request, release


def story(
    *,
    state: State = State.LIVE,
    reason: str = "",
    current: Deployment | None = None,
    tag: str | None = None,
    progress: State = State.LIVE,
    is_synced: bool = True,
) -> Story:
    status = EnvironmentStatus("prod", state, reason)
    shown = Progress(current, progress, reason, is_synced)
    return Story("shop", {"prod": Chapter(status, current, release(tag) if tag else None, shown)})


def told(one: Story, *pulls: PullRequest) -> list[Notice]:
    return list(tell(one, "prod", EnvironmentView({}, pull_requests=pulls)))


def merged(**changes: object) -> Deployment:
    made = deployment("1.1.0", live_for=timedelta(hours=1), pull_request=7, pull_request_url="https://f/7")
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_live_deployment_has_its_whole_story_in_order() -> None:
    lines = told(story(current=merged()))
    assert [each.event for each in lines] == [Event.OPENED, Event.MERGED, Event.SYNCED, Event.HEALTHY]
    assert {each.thread for each in lines} == {f"shop/{release('1.1.0').key}"}
    assert lines[0].link == Link("pull request", "https://f/7")
    assert [each.text for each in lines] == [
        "prod: pull request 7 proposes 1.1.0",
        "prod: 1.1.0 merged as cccccccccccc",
        "prod: Argo CD has synced 1.1.0",
        "prod: 1.1.0 is live",
    ]


def test_what_runs_links_to_argo_cd_and_what_is_broken_to_the_application_that_is() -> None:
    well = ApplicationStatus("eu", "Live", "", "https://argocd.example/applications/argocd/eu")
    ill = ApplicationStatus("us", "Degraded", "", "https://argocd.example/applications/argocd/us")
    one = story(current=merged(degraded_since=NOW))
    chapter = one.chapters["prod"]
    assert chapter.progress is not None
    progress = replace(chapter.progress, applications=(well, ill))
    lines = told(Story("shop", {"prod": replace(chapter, progress=progress)}))
    assert lines[-1].event is Event.DEGRADED
    assert lines[-1].link == Link("us in Argo CD", ill.url)


def test_a_deployment_that_is_not_live_yet_ends_where_it_is() -> None:
    rolling = story(current=merged(live_since=None), progress=State.ROLLING_OUT, is_synced=False)
    assert [each.event for each in told(rolling)] == [Event.OPENED, Event.MERGED]


def test_what_was_there_before_tagboat_is_told_only_when_it_breaks() -> None:
    before = deployment("1.0.0", live_for=timedelta(hours=1), is_initial=True)
    assert told(story(current=before)) == []
    broken = story(current=replace(before, degraded_since=NOW), reason="CrashLoopBackOff")
    assert [each.event for each in told(broken)] == [Event.DEGRADED]


def test_a_commit_by_hand_is_told_as_one() -> None:
    by_hand = story(current=merged(pull_request=None, pull_request_url=""))
    assert "was committed by hand" in told(by_hand)[0].text


def test_each_time_of_being_degraded_is_a_line_of_its_own() -> None:
    first = told(story(current=merged(degraded_since=NOW)))[-1]
    again = told(story(current=merged(degraded_since=NOW)))[-1]
    later = told(story(current=merged(degraded_since=NOW + timedelta(hours=1))))[-1]
    assert first.key == again.key
    assert first.key != later.key


def test_an_open_pull_request_says_what_it_proposes_and_what_it_waits_for() -> None:
    waiting = story(state=State.PROPOSED, reason="pull request 7 waits for a human to merge it", tag="1.1.0")
    (line,) = told(waiting, pull_request("1.1.0"))
    assert line.text == "prod: pull request 7 proposes 1.1.0 and waits for a human to merge it"


def test_a_pull_request_that_still_proposes_an_older_release_is_not_told_as_the_new_one() -> None:
    assert told(story(state=State.PROPOSED, tag="1.2.0"), pull_request("1.1.0")) == []


def test_the_line_of_an_opened_pull_request_has_one_key_before_and_after_the_merge() -> None:
    (opened,) = told(story(state=State.PROPOSED, tag="1.1.0"), pull_request("1.1.0"))
    assert opened.key == told(story(current=merged()))[0].key


def test_what_needs_a_human_has_a_thread_of_its_own_and_is_told_once() -> None:
    blocked = story(state=State.BLOCKED, reason="envs/prod/values.yaml is not in acme/infra")
    (line,) = told(blocked)
    assert (line.event, line.headline) == (Event.BLOCKED, "shop prod needs a human")
    assert told(blocked)[0].key == line.key
    other = story(state=State.BLOCKED, reason="image.tag is not in envs/prod/values.yaml")
    assert told(other)[0].key != line.key


def test_the_headline_says_where_the_release_is() -> None:
    one = Story(
        "shop",
        {
            "dev": Chapter(
                EnvironmentStatus("dev", State.LIVE, ""), merged(), None, Progress(None, State.LIVE)
            ),
            "prod": Chapter(EnvironmentStatus("prod", State.PROPOSED, ""), None, release("1.1.0"), None),
            "far": Chapter(EnvironmentStatus("far", State.LIVE, ""), deployment("1.0.0"), None, None),
        },
    )
    assert one.headline(release("1.1.0")) == "shop 1.1.0 — dev: live · prod: proposed · far: not yet"
