"""Pipelines of a group that look at different moments: who is waited for, and who overtakes whom."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.deciding.action import Propose
from bot.domain.errors import Conflict, Unreachable
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.policy import Pace, PullRequestPolicy
from bot.domain.pull_request.proposal import Proposal
from bot.flow.reconcile import preview
from tests.flow.groups import BRANCH, Group, content, manual, place
from tests.flow.worlds import REPOSITORY


def test_two_who_race_for_the_branch_both_end_up_in_it() -> None:
    group = manual("api", "web")
    for name in ("api", "web"):
        group.push(name, "1.1.0")
    stale = group.forge.head

    def head(repository: str, branch: str) -> str | None:
        """Once, the branch is seen as it was before the other wrote."""
        group.forge.head = stale  # type: ignore[method-assign]
        return None if branch == BRANCH else stale(repository, branch)

    group.see("web")
    group.forge.head = head  # type: ignore[method-assign]
    group.see("api")
    assert group.on_branch() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}


def proposed(group: Group, name: str) -> Proposal:
    """What a pipeline would propose now, all by itself."""
    (action,) = preview(group.world, group.world.pipelines[name]).plan.actions
    assert isinstance(action, Propose)
    return action.proposal


def test_a_branch_that_takes_back_what_a_fellow_merged_is_written_anew_before_it_is_merged() -> None:
    group = Group({name: place(name) for name in ("api", "web")})
    group.push("api", "1.1.0")
    stale, begin = proposed(group, "api"), group.forge.head(REPOSITORY, "main")
    assert begin is not None
    group.release("web")
    merged = group.forge.head(REPOSITORY, BRANCH)
    group.forge.write(REPOSITORY, stale, base=begin, expected=merged)
    group.forge.open(REPOSITORY, stale, base_branch="main")
    assert group.on_branch()["web.yaml"] == content("1.0.0")
    group.see("api")
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}


def test_tagboat_does_not_merge_before_a_fellow_who_is_about_to_join() -> None:
    group = Group({name: place(name) for name in ("api", "web")})
    writes = group.forge.write

    def slow(*_: object, **__: object) -> str:
        raise Unreachable("the host does not answer")

    for name in ("api", "web"):
        group.push(name, "1.1.0")
    group.forge.write = slow  # type: ignore[method-assign]
    group.see("web")
    group.forge.write = writes  # type: ignore[method-assign]
    group.see("api")
    assert group.shown("api").reason == "pull request 1 waits: prod of web is about to join"
    group.see("web")
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}
    assert [each.number for each in group.pulls()] == [1]


def test_what_a_group_gathers_is_merged_together() -> None:
    gathering = PullRequestPolicy(pace=Pace(debounce=timedelta(minutes=2)))
    group = Group({name: place(name, pull_request=gathering) for name in ("api", "web")})
    group.release("api")
    group.clock.pass_by(timedelta(minutes=1))
    group.release("web")
    group.clock.pass_by(timedelta(minutes=1))
    group.see("api")
    assert group.on_base()["api.yaml"] == content("1.0.0")
    group.clock.pass_by(timedelta(minutes=1))
    group.see("web", "api")
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}
    assert [each.number for each in group.pulls()] == [1]


def gathered() -> Group:
    """api and web were pushed at once, and their debounce is over."""
    gathering = PullRequestPolicy(pace=Pace(debounce=timedelta(minutes=2)))
    group = Group({name: place(name, pull_request=gathering) for name in ("api", "web")})
    group.release("api", "web")
    group.clock.pass_by(timedelta(minutes=2))
    return group


def test_who_is_looked_at_a_moment_late_at_the_end_of_a_debounce_is_waited_for() -> None:
    group = gathered()
    group.see("api")
    assert group.shown("api").reason == "pull request 1 waits: prod of web is about to join"
    group.see("web")
    assert [each.number for each in group.pulls()] == [1]
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}


def test_who_is_not_looked_at_after_its_debounce_is_not_waited_for_for_ever() -> None:
    group = gathered()
    group.clock.pass_by(timedelta(minutes=1))
    group.see("api")
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.0.0")}


def test_who_had_to_wait_for_a_fellow_does_not_gather_anew() -> None:
    group = gathered()
    writes = group.forge.write

    def overtaken(*_: object, **__: object) -> str:
        raise Conflict("the branch moved")

    group.forge.write = overtaken  # type: ignore[method-assign]
    group.see("web")
    group.forge.write = writes  # type: ignore[method-assign]
    group.see("web")
    assert [each.number for each in group.pulls()] == [1]


def test_two_who_look_while_the_other_writes_do_not_leave_each_other_out_for_ever() -> None:
    group = manual("api", "web")
    revises = group.forge.revise
    group.release("api")
    seen: list[str] = []

    def slow(repository: str, number: int, *, title: str, body: str) -> None:
        """The other looks after the branch was written, and before the pull request says so."""
        group.forge.revise = revises  # type: ignore[method-assign]
        group.release("api", tag="1.2.0")
        seen.append(group.shown("api").reason)
        revises(repository, number, title=title, body=body)

    group.push("web", "1.1.0")
    group.forge.revise = slow  # type: ignore[method-assign]
    group.see("web")
    assert seen == ["looks again: another pipeline of the group changes its pull request now"]
    group.see("api")
    assert group.on_branch() == {"api.yaml": content("1.2.0"), "web.yaml": content("1.1.0")}
    versions = {each.pipeline: each.version for each in marks(group.pull().body)}
    assert versions == {"api": "1.2.0", "web": "1.1.0"}


def test_who_shares_a_pull_request_looks_when_a_fellows_state_changes_and_only_then() -> None:
    group = manual("api", "web")
    group.release("web")
    assert list(group.queue.pipelines) == ["api"]
    group.queue.pipelines.clear()
    group.see("api", "web")
    assert list(group.queue.pipelines) == []
