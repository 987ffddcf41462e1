"""Other people on GitHub and GitLab: what only one of them does, and what is refused or cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.forges.github import community as github_module
from bot.domain.errors import Denied, Limited, Malformed, NotFound, TagboatError, Unreachable
from bot.domain.people.protection import CHECK, Ruling
from tests.contracts.community_worlds import (
    REPOSITORY,
    START,
    GiteaCommunityWorld,
    GitHubCommunityWorld,
    GitLabCommunityWorld,
    gitea_community,
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


@pytest.fixture
def gitea(tmp_path: Path) -> Iterator[GiteaCommunityWorld]:
    """Gitea, with pull request 1."""
    with gitea_community(tmp_path) as world:
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


def test_too_many_files_are_not_read_to_their_end(
    github: GitHubCommunityWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_module, "_MOST_FILES", 1)
    number = github.offer("huge", {f"f{index}": str(index).encode() for index in range(101)})
    touched = github.community.touched(REPOSITORY, number)
    assert (len(touched.paths), touched.is_complete) == (100, False)


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


def test_who_may_not_ask_for_rights_on_gitea_is_told(gitea: GiteaCommunityWorld) -> None:
    gitea.gitea.faults.add("GET", "/permission$", Answer(403, {"message": "Only admins can query"}))
    with pytest.raises(Denied, match="the token of somebody who administers the repository"):
        gitea.community.may_write(REPOSITORY, "ada")


def test_a_token_of_gitea_without_the_scope_is_told_which(gitea: GiteaCommunityWorld) -> None:
    gitea.gitea.faults.add("GET", "/user$", Answer(403, {"message": "required scope(s): [read:user]"}))
    with pytest.raises(Denied, match="give it the scope read:user"):
        gitea.community.offers(REPOSITORY)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(401, {"message": "user does not exist"}), Denied, "does not accept the access token"),
        (Answer(502, None), Unreachable, "failed: HTTP 502"),
        (Answer(429, None, {"Retry-After": "7"}), Limited, "asked to slow down"),
        (Answer(200, {"surprise": 1}), Malformed, "cannot be understood"),
    ],
    ids=["revoked", "down", "limited", "junk"],
)
def test_gitea_fails_for_its_own_reason_when_asked_whose_the_token_is(
    gitea: GiteaCommunityWorld, answer: Answer, error: type[TagboatError], words: str
) -> None:
    gitea.gitea.faults.add("GET", "/user$", answer, times=3)
    with pytest.raises(error, match=words):
        gitea.community.offers(REPOSITORY)


def test_a_revoked_token_of_github_is_told_as_such(github: GitHubCommunityWorld) -> None:
    github.github.faults.add("GET", "/user$", Answer(401, {"message": "Bad credentials"}))
    with pytest.raises(Denied, match="does not accept the access token"):
        github.community.offers(REPOSITORY)


def test_of_very_many_comments_on_gitea_none_is_passed_over(gitea: GiteaCommunityWorld) -> None:
    """They are told by when they were written: an early one that was changed late comes in its time."""
    first = gitea.say(1, "the first")
    for number in range(1_005):
        gitea.say(1, str(number))
    gitea.edit(first, "changed")
    bodies: list[str] = []
    since = START
    for _ in range(3):
        told = gitea.community.remarks(REPOSITORY, since=since)
        bodies += [remark.body for remark in told.remarks if remark.body not in bodies]
        since = told.until
    assert sorted(bodies) == sorted(["changed", *map(str, range(1_005))])
