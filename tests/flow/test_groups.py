"""A group: several pipelines, one pull request, and no leader."""

from __future__ import annotations

from bot.adapters.forges.memory.forge import File
from bot.domain.pipeline import Merge, Target
from bot.domain.place import HelmValues
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.policy import PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.pull_request.templates import Template
from bot.domain.status import State
from tests.flow.groups import BRANCH, NAMES, Group, content, manual, place
from tests.flow.worlds import REPOSITORY


def test_pushes_to_several_pipelines_end_up_in_one_pull_request_of_one_commit() -> None:
    group = manual()
    group.release(*NAMES)
    pull = group.pull()
    assert [each.number for each in group.pulls()] == [pull.number]
    assert pull.branch == BRANCH
    assert group.on_branch() == {f"{name}.yaml": content("1.1.0") for name in NAMES}
    assert {(each.pipeline, each.environment) for each in marks(pull.body)} == {
        (name, "prod") for name in NAMES
    }
    assert pull.title == "group live: api 1.0.0 → 1.1.0, shop 1.0.0 → 1.1.0, web 1.0.0 → 1.1.0"
    assert group.forge.parents(REPOSITORY, pull.head) == (group.forge.head(REPOSITORY, "main"),)
    assert group.subjects() == [pull.title]
    assert {group.shown(name).group for name in NAMES} == {"live"}


def test_the_text_does_not_depend_on_who_wrote_last() -> None:
    bodies = []
    for order in (("api", "shop", "web"), ("web", "api", "shop"), ("shop", "web", "api")):
        group = manual()
        group.release(*order)
        bodies.append((group.pull().title, group.pull().body))
    assert len(set(bodies)) == 1


def test_a_newer_release_of_one_takes_the_others_along_and_says_what_it_supersedes() -> None:
    group = manual()
    for name, tag in (("api", "1.1.0"), ("web", "1.1.0"), ("api", "1.2.0"), ("api", "1.3.0")):
        group.release(name, tag=tag)
    assert group.on_branch() == {
        "api.yaml": content("1.3.0"),
        "shop.yaml": content("1.0.0"),
        "web.yaml": content("1.1.0"),
    }
    assert "**Supersedes** `1.1.0`, `1.2.0` in prod of api." in group.pull().body


def test_looking_again_changes_nothing() -> None:
    group = manual()
    for name in NAMES:
        group.push(name, "1.1.0")
    group.see(*NAMES, *NAMES)
    before = (group.pull(), group.store.revision())
    group.see(*NAMES, *NAMES)
    assert (group.pull(), group.store.revision()) == before


def test_one_file_that_lists_all_applications_is_written_by_each() -> None:
    listed = "".join(f"{name}:\n  tag: 1.0.0 # {name}\n" for name in NAMES).encode()
    places = {
        name: place(
            name, merge=Merge.MANUAL, targets=(Target(name, "all.yaml", HelmValues(tag=f"{name}.tag")),)
        )
        for name in NAMES
    }
    group = Group(places, {"all.yaml": listed})
    group.release("web", "api")
    expected = listed.replace(b"1.0.0 # web", b"1.1.0 # web").replace(b"1.0.0 # api", b"1.1.0 # api")
    assert group.on_branch() == {"all.yaml": expected}
    group.change_by_hand({"all.yaml": listed + b"more: true\n"})
    group.release("shop")
    assert group.on_branch() == {"all.yaml": listed.replace(b"1.0.0", b"1.1.0") + b"more: true\n"}


def test_one_whose_release_came_by_hand_leaves_and_the_last_one_closes() -> None:
    group = manual("api", "web")
    group.release("api", "web")
    number = group.pull().number
    group.change_by_hand({"api.yaml": content("1.1.0")})
    group.see("api")
    assert [each.pipeline for each in marks(group.pull().body)] == ["web"]
    assert group.subjects() == ["web prod: web 1.0.0 → 1.1.0"]
    group.change_by_hand({"web.yaml": content("1.1.0")})
    group.see("web")
    (pull,) = group.pulls()
    assert (pull.number, pull.state) == (number, PullRequestState.CLOSED)
    assert all(mark.is_withdrawn for mark in marks(pull.body))


def test_what_a_fellow_changed_on_the_base_branch_is_not_taken_back_by_others() -> None:
    group = manual("api", "web")
    group.release("api")
    group.change_by_hand({"api.yaml": content("1.1.5")})
    group.release("web")
    assert group.on_branch() == {"api.yaml": content("1.1.5"), "web.yaml": content("1.1.0")}
    assert [mark.pipeline for mark in marks(group.pull().body)] == ["web"]


def test_a_foreign_commit_stops_all_and_is_commented_upon_once() -> None:
    group = manual("api", "web")
    group.release("api")
    group.forge.commit_by_human(REPOSITORY, BRANCH, {"note": File(b"mine")})
    for tag in ("1.2.0", "1.3.0"):
        group.release("api", "web", tag=tag)
    assert [group.shown(name).state for name in ("api", "web")] == [State.BLOCKED, State.BLOCKED]
    assert group.on_branch()["api.yaml"] == content("1.1.0")
    (comment,) = group.pull().comments
    assert "is not Tagboat's" in comment


def test_of_a_group_one_alone_comments_since_all_look_at_the_same_moment() -> None:
    group = manual("api", "web")
    group.release("api", "web")
    group.forge.commit_by_human(REPOSITORY, BRANCH, {"note": File(b"mine")})
    for name in ("api", "web"):
        group.push(name, "1.2.0")
    group.see("web")
    assert (group.shown("web").state, group.pull().comments) == (State.BLOCKED, ())
    group.see("api")
    assert len(group.pull().comments) == 1


def test_the_first_by_name_speaks_for_the_group() -> None:
    titled = PullRequestPolicy(Texts(title=Template("{{ group }}: {{ images|length }} images")))
    other = PullRequestPolicy(Texts(title=Template("never")))
    group = Group(
        {
            "api": place("api", merge=Merge.MANUAL, pull_request=titled),
            "web": place("web", merge=Merge.MANUAL, pull_request=other),
        }
    )
    group.release("api", "web")
    assert group.pull().title == "live: 2 images"


def test_the_pull_request_is_shown_to_whom_it_concerns() -> None:
    group = manual("api", "web")
    group.push("api", "1.1.0")
    group.see("api", "web")
    shown = group.shown("api").pull_request
    assert (shown and shown.number, group.shown("web").pull_request) == (group.pull().number, None)


def test_who_is_not_in_the_pull_request_does_not_close_it_under_the_others() -> None:
    group = manual("api", "web")
    group.release("api")
    group.change_by_hand({"api.yaml": content("1.0.5")})
    group.see("web")
    assert group.pull().state is PullRequestState.OPEN
    group.see("api")
    assert group.on_branch()["api.yaml"] == content("1.1.0")
    assert group.shown("api").state is State.PROPOSED
