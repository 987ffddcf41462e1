"""A group: several pipelines, one pull request, and no leader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.deciding.action import Propose
from bot.domain.errors import Conflict, Refused, Unreachable
from bot.domain.image import ImageName
from bot.domain.people.command import Command, Place, Verb
from bot.domain.people.consent import CheckState
from bot.domain.pipeline import Environment, Merge, MergeRules, Pipeline, PipelineImage, Repository, Target
from bot.domain.place import HelmValues
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.policy import CommitPolicy, Pace, PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.pull_request.templates import Template
from bot.domain.status import EnvironmentStatus, State
from bot.domain.window import Window, WindowKind
from bot.flow.merge import close_by_human, merge_by_human
from bot.flow.reconcile import preview, reconcile
from bot.flow.tell import Teller, tell
from tests.flow.worlds import RELEASES, REPOSITORY, WEB, Bench

BRANCH = "tagboat/groups/live"
NAMES = ("api", "shop", "web")


def image(name: str) -> ImageName:
    return ImageName(WEB.registry, f"acme/{name}")


def place(name: str, **changes: object) -> Environment:
    target = Target(name, f"{name}.yaml", HelmValues(tag="image.tag"))
    made = Environment("prod", (target,), merge=Merge.AUTO, group="live")
    return replace(made, **changes)  # type: ignore[arg-type]


def content(tag: str) -> bytes:
    return f"image:\n  tag: {tag}\n".encode()


class Group(Bench):
    """Pipelines of one group; `places` says what differs in which."""

    def __init__(self, places: Mapping[str, Environment], files: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        start = files or {each.targets[0].file: content("1.0.0") for each in places.values()}
        self.forge.create(REPOSITORY, start)
        self.names = tuple(places)
        pipelines = {name: self._pipeline(name, each) for name, each in places.items()}
        self.world = replace(self.world, pipelines=pipelines)
        for name in places:
            self.push(name, "1.0.0")
        self.settle()

    @staticmethod
    def _pipeline(name: str, each: Environment) -> Pipeline:
        images = (PipelineImage(name, image(name), RELEASES),)
        return Pipeline(name, Repository("forge", REPOSITORY), images, (each,))

    def push(self, name: str, tag: str) -> None:
        self.registry.push(image(name), tag)

    def see(self, *names: str) -> None:
        """Wake these pipelines, in this order, and no other."""
        for name in names:
            self.store.wake([name], now=self.clock.now())
            reconcile(self.world, name)

    def shown(self, name: str) -> EnvironmentStatus:
        found = self.store.shown(name)
        assert found is not None
        return found.environments[0]

    def pulls(self) -> Sequence[PullRequest]:
        head = self.forge.pull_requests(REPOSITORY, BRANCH)
        return list(head)

    def pull(self) -> PullRequest:
        (pull,) = [each for each in self.pulls() if each.state is PullRequestState.OPEN]
        return pull

    def on_branch(self) -> dict[str, bytes]:
        return {path: file.data for path, file in self.forge.files(REPOSITORY, self.pull().head).items()}

    def subjects(self) -> list[str]:
        """The first lines of the commits that the pull request holds beyond its base."""
        pull, base = self.pull(), self.forge.head(REPOSITORY, "main") or ""
        held = self.forge.sources().compare(REPOSITORY, base, pull.head)
        return [each.subject for each in held.commits]

    def on_base(self) -> dict[str, bytes]:
        head = self.forge.head(REPOSITORY, "main")
        assert head is not None
        return {path: file.data for path, file in self.forge.files(REPOSITORY, head).items()}

    def change_by_hand(self, files: Mapping[str, bytes]) -> None:
        made = {path: File(data) for path, data in files.items()}
        self.forge.commit_by_human(REPOSITORY, "main", made)


def manual(*names: str) -> Group:
    return Group({name: place(name, merge=Merge.MANUAL) for name in names or NAMES})


def test_pushes_to_several_pipelines_end_up_in_one_pull_request_of_one_commit() -> None:
    group = manual()
    for name in NAMES:
        group.push(name, "1.1.0")
        group.see(name)
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
        for name in order:
            group.push(name, "1.1.0")
            group.see(name)
        bodies.append((group.pull().title, group.pull().body))
    assert len(set(bodies)) == 1


def test_a_newer_release_of_one_takes_the_others_along_and_says_what_it_supersedes() -> None:
    group = manual()
    for name, tag in (("api", "1.1.0"), ("web", "1.1.0"), ("api", "1.2.0"), ("api", "1.3.0")):
        group.push(name, tag)
        group.see(name)
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
    for name in ("web", "api"):
        group.push(name, "1.1.0")
        group.see(name)
    expected = listed.replace(b"1.0.0 # web", b"1.1.0 # web").replace(b"1.0.0 # api", b"1.1.0 # api")
    assert group.on_branch() == {"all.yaml": expected}
    group.change_by_hand({"all.yaml": listed + b"more: true\n"})
    group.push("shop", "1.1.0")
    group.see("shop")
    assert group.on_branch() == {"all.yaml": listed.replace(b"1.0.0", b"1.1.0") + b"more: true\n"}


def test_a_merge_by_a_human_brings_all_of_it() -> None:
    group = manual("api", "web")
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
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
    for name in places:
        group.push(name, "1.1.0")
        group.see(name)
    pull = group.pull()
    merged = merge_by_human(group.world, "web", "prod", number=pull.number, head=pull.head, who="ada")
    is_signed = ["Signed-off-by" in group.forge.message(REPOSITORY, each) for each in (pull.head, merged)]
    assert is_signed == [signer == "api"] * 2


def test_a_human_who_closes_it_says_no_to_each_release_in_it_and_to_no_other() -> None:
    group = manual()
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
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
    group.push("api", "1.2.0")
    group.see("api")
    assert group.on_branch()["api.yaml"] == content("1.2.0")
    assert group.on_branch()["web.yaml"] == content("1.0.0")


def test_one_whose_release_came_by_hand_leaves_and_the_last_one_closes() -> None:
    group = manual("api", "web")
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
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
    group.push("api", "1.1.0")
    group.see("api")
    group.change_by_hand({"api.yaml": content("1.1.5")})
    group.push("web", "1.1.0")
    group.see("web")
    assert group.on_branch() == {"api.yaml": content("1.1.5"), "web.yaml": content("1.1.0")}
    assert [mark.pipeline for mark in marks(group.pull().body)] == ["web"]


def test_a_foreign_commit_stops_all_and_is_commented_upon_once() -> None:
    group = manual("api", "web")
    group.push("api", "1.1.0")
    group.see("api")
    group.forge.commit_by_human(REPOSITORY, BRANCH, {"note": File(b"mine")})
    for tag in ("1.2.0", "1.3.0"):
        for name in ("api", "web"):
            group.push(name, tag)
            group.see(name)
    assert [group.shown(name).state for name in ("api", "web")] == [State.BLOCKED, State.BLOCKED]
    assert group.on_branch()["api.yaml"] == content("1.1.0")
    (comment,) = group.pull().comments
    assert "is not Tagboat's" in comment


def test_of_a_group_one_alone_comments_since_all_look_at_the_same_moment() -> None:
    group = manual("api", "web")
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
    group.forge.commit_by_human(REPOSITORY, BRANCH, {"note": File(b"mine")})
    for name in ("api", "web"):
        group.push(name, "1.2.0")
    group.see("web")
    assert (group.shown("web").state, group.pull().comments) == (State.BLOCKED, ())
    group.see("api")
    assert len(group.pull().comments) == 1


def test_what_everybody_wants_is_merged_by_tagboat_for_all() -> None:
    group = Group({name: place(name) for name in ("api", "web")})
    group.push("api", "1.1.0")
    group.see("api")
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
    group.push("web", "1.1.0")
    group.see("web")
    group.push("api", "1.1.0")
    group.see("api")
    assert group.shown("api").state is State.PROPOSED
    assert words in group.shown("api").reason
    assert group.on_base()["api.yaml"] == content("1.0.0")


def test_when_the_fellows_window_opens_all_is_merged_and_all_see_it() -> None:
    group = Group({"api": place("api"), "web": place("web", windows=SHUT)})
    for name in ("web", "api"):
        group.push(name, "1.1.0")
        group.see(name)
    group.clock.pass_by(timedelta(hours=3, minutes=1))
    group.see("api")
    group.settle()
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}
    assert [group.shown(name).state for name in ("api", "web")] == [State.LIVE, State.LIVE]


def test_a_check_that_fails_is_said_alike_by_all_and_none_hides_it_behind_a_fellow() -> None:
    checked = MergeRules(checks=("ci",))
    group = Group({name: place(name, merging=checked) for name in ("api", "web")})
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
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
    for name in ("web", "api"):
        group.push(name, "1.1.0")
        group.see(name)
    group.change_by_hand({"web.yaml": b"image: {}\n"})
    group.clock.pass_by(timedelta(hours=3, minutes=1))
    group.see("web")
    assert group.shown("web").state is State.BLOCKED
    group.see("api")
    assert group.on_base()["web.yaml"] == b"image: {}\n"
    assert group.on_base()["api.yaml"] == content("1.1.0")


def test_the_first_by_name_speaks_for_the_group() -> None:
    titled = PullRequestPolicy(Texts(title=Template("{{ group }}: {{ images|length }} images")))
    other = PullRequestPolicy(Texts(title=Template("never")))
    group = Group(
        {
            "api": place("api", merge=Merge.MANUAL, pull_request=titled),
            "web": place("web", merge=Merge.MANUAL, pull_request=other),
        }
    )
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
    assert group.pull().title == "live: 2 images"


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
    group.push("web", "1.1.0")
    group.see("web")
    merged = group.forge.head(REPOSITORY, BRANCH)
    group.forge.write(REPOSITORY, stale, base=begin, expected=merged)
    group.forge.open(REPOSITORY, stale, base_branch="main")
    assert group.on_branch()["web.yaml"] == content("1.0.0")
    group.see("api")
    assert group.on_base() == {"api.yaml": content("1.1.0"), "web.yaml": content("1.1.0")}


def test_the_pull_request_is_shown_to_whom_it_concerns() -> None:
    group = manual("api", "web")
    group.push("api", "1.1.0")
    group.see("api", "web")
    shown = group.shown("api").pull_request
    assert (shown and shown.number, group.shown("web").pull_request) == (group.pull().number, None)


def test_who_is_not_in_the_pull_request_does_not_close_it_under_the_others() -> None:
    group = manual("api", "web")
    group.push("api", "1.1.0")
    group.see("api")
    group.change_by_hand({"api.yaml": content("1.0.5")})
    group.see("web")
    assert group.pull().state is PullRequestState.OPEN
    group.see("api")
    assert group.on_branch()["api.yaml"] == content("1.1.0")
    assert group.shown("api").state is State.PROPOSED


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
    group.push("api", "1.1.0")
    group.see("api")
    group.clock.pass_by(timedelta(minutes=1))
    group.push("web", "1.1.0")
    group.see("web")
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
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
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
    group.push("api", "1.1.0")
    group.see("api")
    seen: list[str] = []

    def slow(repository: str, number: int, *, title: str, body: str) -> None:
        """The other looks after the branch was written, and before the pull request says so."""
        group.forge.revise = revises  # type: ignore[method-assign]
        group.push("api", "1.2.0")
        group.see("api")
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
    group.push("web", "1.1.0")
    group.see("web")
    assert list(group.queue.pipelines) == ["api"]
    group.queue.pipelines.clear()
    group.see("api", "web")
    assert list(group.queue.pipelines) == []


def test_a_hold_of_one_holds_the_merge_though_the_other_looks_first() -> None:
    checked = MergeRules(checks=("ci",))
    group = Group({"api": place("api", merging=checked), "web": place("web")})
    group.world = replace(group.world, orders=MemoryOrders())
    for name in ("web", "api"):
        group.push(name, "1.1.0")
        group.see(name)
    group.see("web")
    group.forge.report_by_check(REPOSITORY, group.pull().head, "ci", CheckState.SUCCEEDED)
    tell(group.world, Place("web", "prod"), Command(Verb.HOLD), Teller("1", "ada", group.clock.now()))
    group.see("api")
    assert group.on_base()["web.yaml"] == content("1.0.0")


def test_a_human_on_the_page_does_not_merge_what_is_held_for_a_fellow() -> None:
    group = manual("api", "web")
    group.world = replace(group.world, orders=MemoryOrders())
    for name in ("web", "api"):
        group.push(name, "1.1.0")
        group.see(name)
    tell(group.world, Place("web", "prod"), Command(Verb.HOLD), Teller("1", "ada", group.clock.now()))
    pull = group.pull()
    with pytest.raises(Refused, match="prod of web may not change now: it is held by ada"):
        merge_by_human(group.world, "api", "prod", number=pull.number, head=pull.head, who="ada")


@pytest.mark.parametrize("goes", ["out of the group", "out of the configuration"])
def test_what_somebody_left_behind_in_the_pull_request_is_not_merged(goes: str) -> None:
    group = Group({"api": place("api", merge=Merge.MANUAL), "web": place("web")})
    for name in ("api", "web"):
        group.push(name, "1.1.0")
        group.see(name)
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
