"""What each command does to the pipeline: hold, skip, promote, roll back, rebase."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.domain.deciding.obeying import AFTER_NO
from bot.domain.errors import Refused
from bot.domain.people.command import Verb
from bot.domain.pipeline import Merge, MergeRules
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from tests.flow.people import People
from tests.flow.worlds import REPOSITORY, environment, values

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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


def test_what_is_held_is_not_promoted(people: People) -> None:
    people.say("/tagboat hold shop/prod")
    answer = people.say("/tagboat promote shop/prod")
    assert answer == "Not done: prod is held by ada (resume it first)."


def test_resuming_what_nobody_holds_is_refused(people: People) -> None:
    assert people.say("/tagboat resume shop/dev") == "Not done: nothing is held in shop/dev."


def test_what_is_refused_is_kept_where_it_was_meant(people: People) -> None:
    people.push("1.1.0")
    people.say("/tagboat resume", on=people.number("prod"))
    (refused,) = people.orders.told("shop", limit=5)
    assert (refused.environment, refused.verb, refused.refusal) == (
        "prod",
        Verb.RESUME,
        "nothing is held in shop/prod",
    )


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


def test_a_rollback_is_ended_and_not_skipped(people: People) -> None:
    people.push("1.1.0")
    people.merge("prod")
    people.settle()
    people.say("/tagboat rollback shop/prod loses sessions")
    answer = people.say("/tagboat skip", on=people.number("prod"))
    assert answer == "Not done: prod goes back to 1.0.0 by ada: loses sessions (resume it)."
    assert people.status("prod").next == {"web": "1.0.0"}


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
