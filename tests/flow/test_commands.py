"""Commands in comments: who may give them, on what, and which comments are heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.community import MemoryCommunity
from bot.domain.errors import Denied, Unreachable
from bot.domain.fact import Commented
from bot.domain.people.command import Verb
from bot.domain.pipeline import Repository
from bot.flow.attend import attend
from bot.flow.receive import receive
from bot.flow.world import Attended
from bot.ports import Delivery
from tests.flow.people import ISSUE, PLACE, People
from tests.flow.worlds import REPOSITORY

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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
