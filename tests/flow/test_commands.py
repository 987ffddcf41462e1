"""Commands in comments: who may give them, on what, and what they do to the pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.community import MemoryCommunity
from bot.adapters.forges.memory.forge import File
from bot.domain.deciding.obeying import AFTER_NO
from bot.domain.errors import Denied, Refused, Unreachable
from bot.domain.fact import Commented
from bot.domain.people.command import Verb
from bot.domain.pipeline import Merge, MergeRules, Repository
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from bot.flow.attend import attend
from bot.flow.receive import receive
from bot.flow.world import Attended
from bot.ports import Delivery
from tests.flow.people import ISSUE, PLACE, People
from tests.flow.worlds import REPOSITORY, environment, values

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def people() -> People:
    """dev and staging merge by themselves, prod by a human; 1.0.0 is everywhere."""
    return People()


def test_a_hold_keeps_what_runs_until_it_ends(people: People) -> None:
    answer = people.say("/tagboat hold shop/dev 3h the migration runs")
    assert answer.startswith("`shop/dev` is held until 2026-11-20 12:05 UTC: nothing is proposed")
    people.push("1.1.0")
    status = people.status("dev")
    assert (status.state, status.running) == ("waiting", {"web": "1.0.0"})
    assert status.next == {"web": "1.1.0"}
    assert status.reason == "held until 2026-11-20 12:05 UTC by ada: the migration runs"
    assert status.wake_at is not None
    people.clock.pass_by(3 * HOUR)
    people.look()
    assert people.status("dev").running == {"web": "1.1.0"}


def test_a_hold_on_an_open_pull_request_neither_merges_nor_updates_it() -> None:
    people = People((environment("dev", merge=Merge.MANUAL),))
    people.push("1.1.0")
    number = people.number("dev")
    head = people.forge.pull_request(REPOSITORY, number).head
    people.say("/tagboat hold", on=number)
    people.push("1.2.0")
    assert people.status("dev").reason == f"pull request {number} waits: held until somebody resumes by ada"
    assert people.forge.pull_request(REPOSITORY, number).head == head
    assert people.status("dev").next == {"web": "1.1.0"}
    assert people.say("/tagboat resume", on=number) == "`shop/dev` goes on."
    assert people.status("dev").next == {"web": "1.2.0"}


def test_a_human_on_the_page_does_not_merge_what_is_held(people: People) -> None:
    people.push("1.1.0")
    people.say("/tagboat hold shop/prod freeze")
    with pytest.raises(
        Refused, match=r"it is held by ada: freeze \(resume it first: `tagboat resume shop prod`"
    ):
        people.merge("prod")
    assert people.status("prod").running == {"web": "1.0.0"}


def test_resuming_what_nobody_holds_is_refused(people: People) -> None:
    assert people.say("/tagboat resume shop/dev") == "Not done: nothing is held in shop/dev."


def test_a_skip_is_a_no_to_this_release_alone(people: People) -> None:
    people.push("1.1.0")
    number = people.number("prod")
    answer = people.say("/tagboat skip breaks the login", on=number)
    assert answer == (
        "`1.1.0` is not proposed to `shop/prod` again; the next release is (`promote` brings this one back)."
    )
    status = people.status("prod")
    assert status.state == "declined"
    assert status.reason.startswith("1.1.0 was skipped by ada: breaks the login")
    closed = people.forge.pull_request(REPOSITORY, number)
    assert closed.state == "closed"
    assert closed.body.endswith(f"1.1.0 was skipped by ada: breaks the login{AFTER_NO}.")
    people.push("1.2.0")
    assert people.status("prod").next == {"web": "1.2.0"}


def test_a_skip_needs_something_that_is_proposed(people: People) -> None:
    answer = people.say("/tagboat skip shop/prod")
    assert answer == "Not done: no pull request of Tagboat's is open for prod of shop."


def test_a_rollback_is_ended_and_not_skipped(people: People) -> None:
    people.push("1.1.0")
    people.merge("prod")
    people.settle()
    people.say("/tagboat rollback shop/prod loses sessions")
    answer = people.say("/tagboat skip", on=people.number("prod"))
    assert answer == "Not done: prod goes back to 1.0.0 by ada: loses sessions (resume it)."
    assert people.status("prod").next == {"web": "1.0.0"}


def test_what_is_refused_is_kept_where_it_was_meant(people: People) -> None:
    people.push("1.1.0")
    people.say("/tagboat resume", on=people.number("prod"))
    (refused,) = people.orders.told("shop", limit=5)
    assert (refused.environment, refused.verb, refused.refusal) == (
        "prod",
        Verb.RESUME,
        "nothing is held in shop/prod",
    )


def test_a_promotion_merges_in_place_of_a_human(people: People) -> None:
    people.push("1.1.0")
    people.say("/tagboat promote", on=people.number("prod"))
    assert people.status("prod").running == {"web": "1.1.0"}
    people.push("1.2.0")
    assert people.status("prod").state == "proposed", "it was for one release"


def test_a_promotion_opens_the_gate_of_soaking() -> None:
    people = People((environment("dev", merge=Merge.AUTO), environment("prod", after=("dev",), soak=DAY)))
    people.push("1.1.0")
    assert people.status("prod").pull_request is None
    answer = people.say("/tagboat promote shop/prod urgent")
    assert answer.startswith("`1.1.0` goes on to `shop/prod` without waiting for soaking or a human")
    assert people.status("prod").running == {"web": "1.1.0"}
    people.push("1.2.0")
    assert people.status("prod").pull_request is None, "the next release soaks again"


@pytest.mark.parametrize(("words", "version"), [("promote", "1.0.0"), ("promote force", "1.1.0")])
def test_windows_stay_shut_unless_they_are_forced(words: str, version: str) -> None:
    never = Window(WindowKind.DENY, "0 0 * * *", DAY)
    people = People((environment("dev", merge=Merge.MANUAL, windows=(never,)),))
    people.push("1.1.0")
    people.say(f"/tagboat {words}", on=people.number("dev"))
    assert people.status("dev").running == {"web": version}


def test_a_promotion_of_what_a_human_closed_proposes_it_again(people: People) -> None:
    people.push("1.1.0")
    number = people.number("prod")
    people.forge.close_by_human(REPOSITORY, number)
    people.look()
    assert people.status("prod").reason == (
        f"pull request {number} for 1.1.0 was closed without a merge{AFTER_NO}"
    )
    people.say("/tagboat promote shop/prod")
    assert people.status("prod").running == {"web": "1.1.0"}


def test_a_no_to_what_a_rollback_asks_for_ends_with_it(people: People) -> None:
    people.push("1.1.0")
    people.merge("prod")
    people.settle()
    people.say("/tagboat rollback shop/prod loses sessions")
    number = people.number("prod")
    people.forge.close_by_human(REPOSITORY, number)
    people.look()
    assert people.status("prod").reason == (
        f"pull request {number} for 1.0.0 was closed without a merge (resume to end the rollback)"
    )


def test_a_promotion_of_what_was_taken_back_by_hand_brings_it_again(people: People) -> None:
    people.push("1.1.0")
    people.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(values("1.0.0"))})
    people.look()
    assert people.status("dev").reason.startswith("1.1.0 was taken back by hand")
    answer = people.say("/tagboat promote shop/dev it was not the cause")
    assert answer.startswith("`1.1.0` goes on to `shop/dev`")
    assert people.status("dev").running == {"web": "1.1.0"}


def test_a_no_that_comes_after_the_order_to_go_on_counts() -> None:
    checked = environment("dev", merge=Merge.MANUAL, merging=MergeRules(checks=("ci",)))
    people = People((checked,))
    people.push("1.1.0")
    people.say("/tagboat promote", on=people.number("dev"))
    people.look()
    people.forge.close_by_human(REPOSITORY, 1)
    people.look()
    assert people.status("dev").state is State.DECLINED
    assert [each.number for each in people.ledger.of_repository(REPOSITORY)] == [1]
    people.clock.pass_by(MINUTE)
    people.say("/tagboat promote shop/dev")
    assert people.number("dev") == 2


def test_a_rollback_takes_back_what_somebody_committed_by_hand(people: People) -> None:
    people.push("1.1.0")
    fix = {"envs/dev/values.yaml": File(values("1.0.9-fix"))}
    people.forge.commit_by_human(REPOSITORY, "main", fix)
    people.look()
    people.say("/tagboat rollback shop/dev broken")
    assert people.status("dev").running == {"web": "1.1.0"}


def test_a_rollback_to_what_was_skipped_takes_the_no_back() -> None:
    people = People((environment("dev", merge=Merge.MANUAL),))
    people.push("1.1.0")
    people.merge("dev")
    people.settle()
    people.push("1.2.0")
    people.say("/tagboat skip", on=people.number("dev"))
    people.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(values("1.2.0"))})
    people.look()
    people.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(values("1.3.0"))})
    people.look()
    people.say("/tagboat rollback shop/dev")
    assert people.status("dev").next == {"web": "1.2.0"}


def test_what_is_held_is_not_promoted(people: People) -> None:
    people.say("/tagboat hold shop/prod")
    answer = people.say("/tagboat promote shop/prod")
    assert answer == "Not done: prod is held by ada (resume it first)."


def test_nothing_waits_where_everything_runs(people: People) -> None:
    answer = people.say("/tagboat promote shop/prod")
    assert answer == "Not done: no release waits to go to prod of shop."


def test_a_rollback_proposes_the_release_before_and_holds_it(people: People) -> None:
    people.push("1.1.0")
    answer = people.say("/tagboat rollback shop/dev loses sessions")
    assert answer.startswith("`shop/dev` goes back to `1.0.0`, and stays there.")
    status = people.status("dev")
    assert status.running == {"web": "1.0.0"}
    assert "rolled back by ada: loses sessions; stays until somebody resumes" in status.reason
    newest = people.forge.pull_requests(REPOSITORY, "tagboat/shop/dev")[0]
    assert newest.title == "shop dev: web 1.1.0 → 1.0.0 (rollback)"
    assert newest.body.startswith("**Rollback**, ordered by ada: loses sessions.")
    people.push("1.2.0")
    assert people.status("dev").running == {"web": "1.0.0"}
    people.say("/tagboat resume shop/dev")
    assert people.status("dev").running == {"web": "1.2.0"}


def test_a_rollback_waits_for_a_human_where_every_merge_does(people: People) -> None:
    people.push("1.1.0")
    people.merge("prod")
    people.settle()
    people.say("/tagboat rollback shop/prod")
    status = people.status("prod")
    assert (status.state, status.next) == ("proposed", {"web": "1.0.0"})


def test_without_an_earlier_release_there_is_no_way_back(people: People) -> None:
    answer = people.say("/tagboat rollback shop/dev")
    assert answer == "Not done: no release that was live in dev before is remembered."


def test_a_rebase_builds_the_branch_upon_its_base_once(people: People) -> None:
    people.push("1.1.0")
    number = people.number("prod")
    before = people.forge.pull_request(REPOSITORY, number).head
    base = people.forge.commit_by_human(REPOSITORY, "main", {})
    people.look()
    assert people.forge.pull_request(REPOSITORY, number).head == before
    assert people.say("/tagboat rebase", on=number) == "The branch for `shop/prod` is built anew."
    after = people.forge.pull_request(REPOSITORY, number).head
    assert people.forge.relation(REPOSITORY, commit=base, revision=after) == "contained"
    people.forge.commit_by_human(REPOSITORY, "main", {})
    people.look()
    assert people.forge.pull_request(REPOSITORY, number).head == after


@pytest.mark.parametrize("verb", ["hold shop/dev", "skip shop/dev", "help", "nonsense"])
def test_who_may_not_write_is_refused(people: People, verb: str) -> None:
    answer = people.say(f"/tagboat {verb}", by="mallory")
    assert answer == "Not done: mallory may not write to acme/infra (ask somebody who may)."
    assert people.orders.of("shop") == []


def test_a_right_that_came_later_does_not_bring_a_refused_command_back(people: People) -> None:
    people.say("/tagboat hold shop/dev", by="mallory")
    people.community.writers.add("mallory")
    people.attend()
    assert people.orders.of("shop") == []
    (refused,) = people.orders.told(PLACE.name, limit=5)
    assert (refused.who, refused.refusal[:17]) == ("mallory", "mallory may not w")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("/tagboat hodl", "there is no command `hodl`"),
        ("/tagboat hold", "it is not said which environment is meant (write for example"),
        ("/tagboat hold shopp/dev", "there is no pipeline shopp"),
        ("/tagboat hold shop/prd", "shop has no environment prd (one of dev, staging, prod)"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_way(people: People, body: str, said: str) -> None:
    assert people.say(body).startswith(f"Not done: {said}")


def test_help_is_answered_with_every_command(people: People) -> None:
    assert "`/tagboat rollback [reason]`" in people.say("/tagboat help")


def test_a_pull_request_of_somebody_else_needs_a_name(people: People) -> None:
    people.push("1.1.0")
    people.forge.commit_by_human(REPOSITORY, "feature", {})
    number = people.number("prod")
    pull = replace(people.forge.pull_request(REPOSITORY, number), branch="feature")
    people.ledger.change(REPOSITORY, pull)
    answer = people.say("/tagboat hold", on=number)
    assert answer.startswith("Not done: this pull request is not Tagboat's, and names no environment")


def test_a_pipeline_of_another_repository_is_out_of_reach() -> None:
    other = Attended(Repository("forge", "acme/site"), commands=True)
    people = People(attended=other)
    people.community.say("acme/site", 1, "/tagboat hold shop/prod", by="ada")
    people.attend()
    (answer,) = people.community.answers("acme/site", 1)
    assert "shop/prod is not deployed from this repository (comment in acme/infra)" in answer
    assert people.orders.of("shop") == []


def test_an_edited_comment_does_not_count(people: People) -> None:
    id_ = people.community.say(REPOSITORY, ISSUE, "/tagboat hodl shop/dev", by="ada")
    people.community.edit(REPOSITORY, id_, "/tagboat hold shop/dev")
    people.attend()
    (answer,) = people.community.answers(REPOSITORY, ISSUE)
    assert "a comment that was edited does not count" in answer
    assert people.orders.of("shop") == []


def test_editing_a_comment_that_was_obeyed_changes_nothing(people: People) -> None:
    people.say("/tagboat hold shop/dev")
    (order,) = people.orders.of("shop")
    people.clock.pass_by(MINUTE)
    people.community.edit(REPOSITORY, order.key.rpartition("/")[2], "/tagboat hold shop/prod")
    people.attend()
    assert people.orders.of("shop") == [order]
    assert len(people.community.answers(REPOSITORY, ISSUE)) == 1


def test_a_deleted_comment_does_not_count(people: People) -> None:
    id_ = people.community.say(REPOSITORY, ISSUE, "/tagboat hold shop/dev", by="ada")
    people.community.delete(REPOSITORY, id_)
    people.attend()
    assert people.orders.of("shop") == []


@pytest.mark.parametrize("author", ["renovate[bot]", "ada"], ids=["a bot", "Tagboat under a human's name"])
def test_bots_and_own_comments_are_not_heard(people: People, author: str) -> None:
    is_bot = author.endswith("[bot]")
    body = "/tagboat hold shop/dev" + ("" if is_bot else "\n\n<!-- tagboat comment=command/7 -->")
    people.community.writers.add(author)
    people.community.say(REPOSITORY, ISSUE, body, by=author, is_bot=is_bot)
    people.attend()
    assert people.orders.of("shop") == []
    assert people.orders.told(PLACE.name, limit=5) == []


def test_what_was_said_before_the_first_look_does_not_count() -> None:
    people = People()
    fresh = MemoryCommunity(people.clock, writers=["ada"])
    fresh.say(REPOSITORY, ISSUE, "/tagboat hold shop/dev", by="ada")
    people.clock.pass_by(HOUR)
    orders = type(people.orders)()
    people.world = replace(people.world, communities={"forge": fresh}, orders=orders)
    people.attend()
    people.attend()
    assert orders.of("shop") == []


def test_what_was_said_while_tagboat_was_away_counts(people: People) -> None:
    people.community.say(REPOSITORY, ISSUE, "/tagboat hold shop/dev", by="ada")
    people.clock.pass_by(9 * DAY)
    people.settle()
    assert [order.verb for order in people.orders.of("shop")] == [Verb.HOLD]


def test_an_order_that_was_not_answered_before_a_crash_is_answered_once(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: object, **named: object) -> None:
        raise Unreachable("the host did not answer")

    people.community.say(REPOSITORY, ISSUE, "/tagboat hold shop/dev", by="ada")
    with monkeypatch.context() as patched:
        patched.setattr(people.community, "answer", dies)
        people.attend()
    assert len(people.orders.of("shop")) == 1
    for _ in range(3):
        people.attend()
    assert len(people.community.answers(REPOSITORY, ISSUE)) == 1
    assert len(people.orders.of("shop")) == 1


def test_a_right_that_cannot_be_asked_for_is_no_right(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*args: object) -> bool:
        raise Denied("the access token may not ask who may write")

    monkeypatch.setattr(people.community, "may_write", denied)
    answer = people.say("/tagboat hold shop/dev")
    assert answer == "Not done: the access token may not ask who may write."
    assert people.orders.of("shop") == []


def test_a_host_that_refuses_to_be_read_is_told_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object, **named: object) -> None:
        raise Denied("the access token may not read comments", fix="give it the right")

    monkeypatch.setattr(people.community, "remarks", denied)
    for _ in range(3):
        people.clock.pass_by(10 * MINUTE)
        people.attend()
    told = [notice for notice in people.told() if notice.event == "blocked"]
    assert [notice.text.partition(": ")[2] for notice in told] == [
        "the access token may not read comments (give it the right)"
    ]


def test_a_webhook_wakes_the_repository_it_speaks_of(people: People) -> None:
    people.settle()
    fact = Commented(
        provider="github",
        repository="Acme/Infra",
        on="PullRequest",
        number=1,
        body="/tagboat hold shop/dev",
        author="mallory",
        url=None,
    )
    names = receive(people.world, Delivery("forge", "1"), [fact], forge="forge")
    assert names is not None
    assert PLACE.name in names
    elsewhere = receive(people.world, Delivery("other", "2"), [fact], forge="other")
    assert elsewhere == []


def test_two_workers_do_not_attend_at_once(people: People) -> None:
    lease = people.store.lease(PLACE.name, owner="another", now=people.clock.now(), ttl=HOUR)
    assert lease is not None
    people.community.say(REPOSITORY, ISSUE, "/tagboat hold shop/dev", by="ada")
    assert attend(people.world, PLACE.name) is False
    assert people.orders.of("shop") == []
