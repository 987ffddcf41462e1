"""The pull request of a group is merged or closed for all of it, and only as every fellow allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.errors import Refused
from bot.domain.people.command import Command, Place, Verb
from bot.domain.people.consent import CheckState
from bot.domain.pipeline import Environment, Merge, MergeRules
from bot.domain.pull_request.policy import CommitPolicy, PullRequestPolicy
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from bot.flow.merge import close_by_human, merge_by_human
from bot.flow.tell import Teller, tell
from tests.flow.groups import NAMES, Group, content, manual, place
from tests.flow.worlds import REPOSITORY


def test_a_merge_by_a_human_brings_all_of_it() -> None:
    group = manual("api", "web")
    group.release("api", "web")
    pull = group.pull()
    merge_by_human(group.world, "web", "prod", number=pull.number, head=pull.head, who="ada")
    group.see("api", "web")
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}
    assert [group.shown(name).state for name in ("api", "web")] == [State.LIVE, State.LIVE]
    assert [each.state for each in group.pulls()] == [PullRequestState.MERGED]


@pytest.mark.parametrize("signer", ["api", "web"])
def test_a_merge_by_a_human_is_signed_off_as_the_commit_of_the_group_is(signer: str) -> None:
    places = {
        name: place(
            name,
            merge=Merge.MANUAL,
            pull_request=PullRequestPolicy(commit=CommitPolicy(sign_off=name == signer)),
        )
        for name in ("api", "web")
    }
    group = Group(places)
    group.release(*places)
    pull = group.pull()
    merged = merge_by_human(group.world, "web", "prod", number=pull.number, head=pull.head, who="ada")
    is_signed = ["Signed-off-by" in group.forge.message(REPOSITORY, each) for each in (pull.head, merged)]
    assert is_signed == [signer == "api"] * 2


def test_a_human_who_closes_it_says_no_to_each_release_in_it_and_to_no_other() -> None:
    group = manual()
    group.release("api", "web")
    close_by_human(group.world, "api", "prod", number=group.pull().number, who="ada")
    group.see(*NAMES)
    assert [group.shown(name).state for name in NAMES] == [State.DECLINED, State.LIVE, State.DECLINED]
    group.push("shop", "1.1.0")
    group.see("shop", "api", "web")
    assert group.on_branch() == {
        "api.yaml": content("1.0.0"),
        "shop.yaml": content("1.1.0"),
        "web.yaml": content("1.0.0"),
    }
    group.release("api", tag="1.2.0")
    assert group.on_branch()["api.yaml"] == content("1.2.0")
    assert group.on_branch()["web.yaml"] == content("1.0.0")


def test_what_everybody_wants_is_merged_by_tagboat_for_all() -> None:
    group = Group({name: place(name) for name in ("api", "web")})
    group.release("api")
    assert group.on_base()["api.yaml"] == content("1.1.0")
    assert group.shown("api").state is State.LIVE


SHUT = (Window(WindowKind.DENY, "0 8 * * *", timedelta(hours=4), reason="morning"),)


@pytest.mark.parametrize(
    ("fellow", "words"),
    [
        pytest.param(
            place("web", windows=SHUT), "'morning' is open for prod of web", id="its window is shut"
        ),
        pytest.param(
            place("web", merge=Merge.MANUAL), "a human merges prod of web", id="it is merged by hand"
        ),
    ],
)
def test_tagboat_merges_only_when_every_fellow_may_be_merged(fellow: Environment, words: str) -> None:
    group = Group({"api": place("api", pull_request=PullRequestPolicy()), "web": fellow})
    group.release("web")
    group.release("api")
    assert group.shown("api").state is State.PROPOSED
    assert words in group.shown("api").reason
    assert group.on_base()["api.yaml"] == content("1.0.0")


def test_when_the_fellows_window_opens_all_is_merged_and_all_see_it() -> None:
    group = Group({"api": place("api"), "web": place("web", windows=SHUT)})
    group.release("web", "api")
    group.clock.pass_by(timedelta(hours=3, minutes=1))
    group.see("api")
    group.settle()
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}
    assert [group.shown(name).state for name in ("api", "web")] == [State.LIVE, State.LIVE]


def test_a_check_that_fails_is_said_alike_by_all_and_none_hides_it_behind_a_fellow() -> None:
    checked = MergeRules(checks=("ci",))
    group = Group({name: place(name, merging=checked) for name in ("api", "web")})
    group.release("api", "web")
    head = group.pull().head
    group.forge.report_by_check(REPOSITORY, head, "ci", CheckState.FAILED)
    group.see("api", "web", "api", "web")
    reasons = {group.shown(name).reason for name in ("api", "web")}
    assert reasons == {f"pull request {group.pull().number} is held back: check `ci` failed"}
    group.forge.report_by_check(REPOSITORY, head, "ci", CheckState.SUCCEEDED)
    group.see("api", "web", "api")
    assert group.on_base()["web.yaml"] == content("1.1.0")


def test_a_fellow_that_cannot_be_looked_at_holds_the_merge() -> None:
    group = Group({"api": place("api"), "web": place("web", windows=SHUT)})
    group.release("web", "api")
    group.change_by_hand({"web.yaml": b"image: {}\n"})
    group.clock.pass_by(timedelta(hours=3, minutes=1))
    group.see("web")
    assert group.shown("web").state is State.BLOCKED
    group.see("api")
    assert group.on_base()["web.yaml"] == b"image: {}\n"
    assert group.on_base()["api.yaml"] == content("1.1.0")


def test_a_hold_of_one_holds_the_merge_though_the_other_looks_first() -> None:
    checked = MergeRules(checks=("ci",))
    group = Group({"api": place("api", merging=checked), "web": place("web")})
    group.world = replace(group.world, orders=MemoryOrders())
    group.release("web", "api")
    group.see("web")
    group.forge.report_by_check(REPOSITORY, group.pull().head, "ci", CheckState.SUCCEEDED)
    tell(group.world, Place("web", "prod"), Command(Verb.HOLD), Teller("1", "ada", group.clock.now()))
    group.see("api")
    assert group.on_base()["web.yaml"] == content("1.0.0")


def test_a_human_on_the_page_does_not_merge_what_is_held_for_a_fellow() -> None:
    group = manual("api", "web")
    group.world = replace(group.world, orders=MemoryOrders())
    group.release("web", "api")
    tell(group.world, Place("web", "prod"), Command(Verb.HOLD), Teller("1", "ada", group.clock.now()))
    pull = group.pull()
    with pytest.raises(Refused, match="prod of web may not change now: it is held by ada"):
        merge_by_human(group.world, "api", "prod", number=pull.number, head=pull.head, who="ada")


@pytest.mark.parametrize("goes", ["out of the group", "out of the configuration"])
def test_what_somebody_left_behind_in_the_pull_request_is_not_merged(goes: str) -> None:
    group = Group({"api": place("api", merge=Merge.MANUAL), "web": place("web")})
    group.release("api", "web")
    pipelines = {"api": replace(group.world.pipelines["api"]), "web": group.world.pipelines["web"]}
    pipelines["api"] = replace(pipelines["api"], environments=(place("api", merge=Merge.MANUAL, group=""),))
    if goes == "out of the configuration":
        del pipelines["api"]
    group.world = replace(group.world, pipelines=pipelines)
    group.see("web", "web")
    assert group.on_base() == {"api.yaml": content("1.0.0"), "web.yaml": content("1.1.0")}
    if goes == "out of the group":
        group.see("api")
        (pull,) = group.forge.pull_requests(REPOSITORY, "tagboat/api/prod")
        assert pull.state is PullRequestState.OPEN
