"""Other people on GitHub and GitLab: what only one of them does, and what is refused or cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.errors import Denied, NotFound
from bot.domain.protection import CHECK, Ruling
from tests.contracts.community_worlds import (
    REPOSITORY,
    START,
    GitHubCommunityWorld,
    GitLabCommunityWorld,
    github_community,
    gitlab_community,
)
from tests.fakes.http_host import Answer

NO = Ruling(passes=False, reason="Only Tagboat may change envs/dev.yaml.")


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubCommunityWorld]:
    """GitHub by token, with pull request 1."""
    with github_community(tmp_path, is_app=False) as world:
        world.offer("feature", {"docs.md": b"more\n"})
        yield world


@pytest.fixture
def app(tmp_path: Path) -> Iterator[GitHubCommunityWorld]:
    """GitHub as an App, with pull request 1."""
    with github_community(tmp_path, is_app=True) as world:
        world.offer("feature", {"docs.md": b"more\n"})
        yield world


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[GitLabCommunityWorld]:
    """GitLab, with merge request 1."""
    with gitlab_community(tmp_path) as world:
        world.offer("feature", {"docs.md": b"more\n"})
        yield world


def test_a_comment_on_an_issue_of_github_is_heard_and_answered(github: GitHubCommunityWorld) -> None:
    github.say(70, "/tagboat hold shop/prod")
    (remark,) = github.community.remarks(REPOSITORY, since=START).remarks
    assert remark.number == 70
    assert remark.url.endswith(f"#issuecomment-{remark.id}")
    github.community.answer(REPOSITORY, 70, "Held.", key="command/1")
    assert "Held." in [each.body for each in github.github.community.of(github.hosted, 70)][-1]


def test_listening_where_nothing_was_said_costs_one_conditional_request(github: GitHubCommunityWorld) -> None:
    github.say(1, "Hello")
    github.community.remarks(REPOSITORY, since=START)
    github.github.forget_requests()
    github.community.remarks(REPOSITORY, since=START)
    (exchange,) = github.github.exchanges
    assert exchange.response.status == 304


def test_a_renamed_file_is_told_by_both_names(github: GitHubCommunityWorld) -> None:
    number = github.offer("move", {"envs/dev.yaml": None, "elsewhere.yaml": b"tag: 1\n"})
    touched = github.community.touched(REPOSITORY, number)
    assert set(touched.paths) == {"envs/dev.yaml", "elsewhere.yaml"}


def test_too_many_files_are_not_read_to_their_end(github: GitHubCommunityWorld) -> None:
    number = github.offer("huge", {f"f{index}": str(index).encode() for index in range(1001)})
    touched = github.community.touched(REPOSITORY, number)
    assert (len(touched.paths), touched.is_complete) == (1000, False)


def test_a_fork_is_nobodys_own(app: GitHubCommunityWorld) -> None:
    fork = app.github.host.fork(app.hosted, "mallory/infra")
    fork.commit("tagboat/shop/dev", {"envs/dev.yaml": b"tag: 9\n"})
    pull = app.hosted.open_pull(fork, "tagboat/shop/dev", "main", title="Mine", by=app.me)
    newest = app.community.offers(REPOSITORY)[0]
    assert (newest.number, newest.is_ours) == (pull.number, False)


def test_a_check_run_of_another_app_is_not_taken_for_tagboats(app: GitHubCommunityWorld) -> None:
    app.github.consent.report(app.hosted, app.head(1), CHECK, "success", app="another")
    assert app.community.ruling(REPOSITORY, app.head(1), CHECK) is None
    app.community.rule(REPOSITORY, app.head(1), CHECK, NO)
    assert app.community.ruling(REPOSITORY, app.head(1), CHECK) == NO


@pytest.mark.parametrize("role", ["read", "none"])
def test_a_role_that_was_taken_away_counts_no_more(github: GitHubCommunityWorld, role: str) -> None:
    assert github.community.may_write(REPOSITORY, "ada")
    github.github.community.roles["ada"] = role
    assert not github.community.may_write(REPOSITORY, "ada")


def test_a_label_that_was_set_again_is_its_last_setters(github: GitHubCommunityWorld) -> None:
    github.label(1, "tagboat-override", by="mallory")
    github.github.community.unlabel(github.hosted, 1, "tagboat-override", by="mallory")
    github.label(1, "tagboat-override", by="ada")
    assert github.community.labelled_by(REPOSITORY, 1, "tagboat-override") == "ada"


def test_a_login_without_the_right_is_told_which(github: GitHubCommunityWorld) -> None:
    github.github.faults.add("POST", "/statuses/", Answer(403, {"message": "Resource not accessible"}))
    with pytest.raises(Denied, match="commit statuses, read and write"):
        github.community.rule(REPOSITORY, github.head(1), CHECK, NO)


def test_a_login_that_is_no_user_is_told(github: GitHubCommunityWorld) -> None:
    github.github.faults.add("GET", "/user$", Answer(403, {"message": "Resource not accessible"}))
    with pytest.raises(Denied, match="use the token of a user, or an App"):
        github.community.offers(REPOSITORY)


@pytest.mark.parametrize("commit", ["main", "../x", ""])
def test_a_check_is_for_a_commit(
    github: GitHubCommunityWorld, gitlab: GitLabCommunityWorld, commit: str
) -> None:
    for community in (github.community, gitlab.community):
        with pytest.raises(NotFound, match="is no commit"):
            community.ruling(REPOSITORY, commit, CHECK)
        with pytest.raises(NotFound, match="is no commit"):
            community.rule(REPOSITORY, commit, CHECK, NO)


@pytest.mark.parametrize(("level", "may"), [(30, True), (20, False)], ids=["developer", "reporter"])
def test_a_developer_may_write_on_gitlab(gitlab: GitLabCommunityWorld, level: int, may: bool) -> None:
    gitlab.gitlab.community.roles["ada"] = level
    assert gitlab.community.may_write(REPOSITORY, "ada") is may


def test_a_blocked_member_may_not_write(gitlab: GitLabCommunityWorld) -> None:
    gitlab.gitlab.community.blocked.add("ada")
    assert not gitlab.community.may_write(REPOSITORY, "ada")


def test_files_that_gitlab_leaves_out_are_not_forgotten(gitlab: GitLabCommunityWorld) -> None:
    assert gitlab.community.touched(REPOSITORY, 1).is_complete
    gitlab.gitlab.community.hidden_files = 3
    assert not gitlab.community.touched(REPOSITORY, 1).is_complete


def test_gitlabs_own_notes_are_not_heard(gitlab: GitLabCommunityWorld) -> None:
    pull = gitlab.hosted.pull(1)
    gitlab.gitlab.consent.arm(gitlab.hosted, pull, by="ada")
    gitlab.say(1, "/tagboat help")
    (remark,) = gitlab.community.remarks(REPOSITORY, since=START).remarks
    assert remark.body == "/tagboat help"


def test_a_merge_request_without_news_is_not_read_again(gitlab: GitLabCommunityWorld) -> None:
    gitlab.say(1, "Hello")
    gitlab.offer("later", {"x.md": b"x"})
    until = gitlab.community.remarks(REPOSITORY, since=START).until
    gitlab.gitlab.forget_requests()
    assert gitlab.community.remarks(REPOSITORY, since=until).remarks == ()
    assert [request.path for request in gitlab.gitlab.asked("GET", "merge_requests/1/notes")] == []
