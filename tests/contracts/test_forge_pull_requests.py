"""What every forge promises of a pull request from its opening to its closing: the truth told back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import NotFound, Refused
from bot.domain.pull_request.proposal import Metadata, PullRequestState, withdrawn
from tests.contracts.forge_steps import (
    BRANCH,
    EVERY_WORLD,
    KEY,
    PROPOSAL,
    base_of,
    merge_in,
    open_in,
    with_file,
    write_in,
)
from tests.contracts.forge_worlds import DEV, PROD, ForgeWorld


@EVERY_WORLD
class TestOpen:
    def test_it_says_what_was_proposed(self, world: ForgeWorld) -> None:
        head = write_in(world)
        opened = world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert (opened.branch, opened.base, opened.head) == (BRANCH, "main", head)
        assert (opened.title, opened.release_key) == (PROPOSAL.title, KEY)
        assert opened.state is PullRequestState.OPEN
        assert opened.merge_commit is None
        assert opened.merged_at is None

    def test_it_is_found_by_branch_and_by_number(self, world: ForgeWorld) -> None:
        opened = open_in(world)
        assert [p.number for p in world.forge.pull_requests(world.repository, BRANCH)] == [opened.number]
        assert world.forge.pull_request(world.repository, opened.number).branch == BRANCH
        assert not world.forge.pull_requests(world.repository, "tagboat/homepage/prod")

    def test_opening_twice_opens_one(self, world: ForgeWorld) -> None:
        opened = open_in(world)
        again = world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert again.number == opened.number
        assert len(world.forge.pull_requests(world.repository, BRANCH)) == 1

    def test_the_head_is_where_the_branch_is_now(self, world: ForgeWorld) -> None:
        opened = open_in(world)
        moved = write_in(world, with_file(DEV, b"tag: 2\n"))
        assert world.forge.pull_request(world.repository, opened.number).head == moved

    def test_each_branch_has_its_own(self, world: ForgeWorld) -> None:
        dev = open_in(world)
        prod = open_in(world, with_file(PROD, b"tag: 2\n", branch="tagboat/homepage/prod"))
        assert dev.number != prod.number
        found = world.forge.pull_requests(world.repository, "tagboat/homepage/prod")
        assert [pull.number for pull in found] == [prod.number]

    def test_an_unknown_number_is_not_found(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.pull_request(world.repository, 4711)

    def test_title_and_body_can_be_revised(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.forge.revise(world.repository, number, title="Other", body=withdrawn(PROPOSAL.body))
        pull = world.forge.pull_request(world.repository, number)
        assert (pull.title, pull.release_key, pull.is_withdrawn) == ("Other", KEY, True)

    def test_it_is_described_once_however_often_it_is_said(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        said = world.known(Metadata(labels=("prod", "tagboat"), reviewers=("ada",), assignees=("grace",)))
        for _ in range(2):
            assert list(world.forge.describe(world.repository, number, said)) == []
        assert world.described(number) == said

    def test_what_is_described_later_is_added(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.forge.describe(world.repository, number, Metadata(labels=("one",), reviewers=("grace",)))
        world.forge.describe(world.repository, number, Metadata(labels=("two",), reviewers=("ada",)))
        both = Metadata(labels=("one", "two"), reviewers=("ada", "grace"))
        described = world.described(number)
        assert replace(described, reviewers=tuple(sorted(described.reviewers))) == world.known(both)

    def test_a_comment_is_made_once_by_its_key(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        for body in ("Somebody else's commit.", "In other words."):
            world.forge.comment(world.repository, number, body, key="foreign")
        world.forge.comment(world.repository, number, "Another.", key="another")
        said = [text.partition("<!--")[0].strip() for text in world.comments(number)]
        assert said == ["Somebody else's commit.", "Another."]

    @pytest.mark.parametrize("key", ["", "--> <b>", "a key", "Ä"])
    def test_a_key_that_could_not_be_hidden_is_no_key(self, world: ForgeWorld, key: str) -> None:
        with pytest.raises(ValueError, match="key of a comment"):
            world.forge.comment(world.repository, open_in(world).number, "text", key=key)

    def test_nobody_comments_on_what_is_not_there(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.comment(world.repository, 4711, "text", key="any")

    def test_a_draft_is_said_to_be_one(self, world: ForgeWorld) -> None:
        draft = open_in(world, replace(PROPOSAL, metadata=Metadata(draft=True)))
        assert draft.is_draft
        assert world.forge.pull_request(world.repository, draft.number).is_draft

    def test_a_branch_without_anything_new_is_refused(self, world: ForgeWorld) -> None:
        world.reset(BRANCH, base_of(world))
        with pytest.raises(Refused):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")


@EVERY_WORLD
class TestClose:
    def test_it_is_closed_and_the_branch_is_gone(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.forge.close(world.repository, number, comment="superseded by 1.4.3")
        pull = world.forge.pull_request(world.repository, number)
        assert pull.state is PullRequestState.CLOSED
        assert pull.release_key == KEY
        assert world.head(BRANCH) is None

    def test_closing_again_changes_nothing(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.forge.close(world.repository, number, comment="superseded")
        closed = world.forge.pull_request(world.repository, number)
        world.forge.close(world.repository, number, comment="superseded")
        assert world.forge.pull_request(world.repository, number) == closed

    def test_a_later_one_from_the_same_branch_comes_first(self, world: ForgeWorld) -> None:
        first = open_in(world).number
        world.forge.close(world.repository, first, comment="superseded")
        second = open_in(world, with_file(DEV, b"tag: 3\n")).number
        pulls = world.forge.pull_requests(world.repository, BRANCH)
        assert [pull.number for pull in pulls] == [second, first]
        assert [pull.state for pull in pulls] == [PullRequestState.OPEN, PullRequestState.CLOSED]

    def test_a_humans_no_is_seen(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.close(number)
        pull = world.forge.pull_request(world.repository, number)
        assert pull.state is PullRequestState.CLOSED
        assert pull.release_key == KEY
        assert not pull.is_withdrawn

    def test_a_deleted_branch_closes_it(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.delete(BRANCH)
        assert world.forge.pull_request(world.repository, number).state is PullRequestState.CLOSED

    def test_a_merged_one_stays_merged(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        merge_in(world, pull)
        world.forge.close(world.repository, pull.number, comment="late")
        assert world.forge.pull_request(world.repository, pull.number).state is PullRequestState.MERGED
