"""GitHub's list of deliveries: what a quiet hour costs, whose webhook it is, and the right that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.forges.github.deliveries import GitHubDeliveries
from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from bot.domain.errors import Denied, Malformed, Unreachable
from tests.adapters.forges.github.github_world import REPOSITORY
from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.github_hooks import Hooks
from tests.fakes.http_host import Answer

ADMIN = "ghp_admin"
NOWHERE = "http://127.0.0.1:1/webhooks/github"
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path) as fake:
        fake.accounts.add_token(ADMIN, "admin", can_see_hooks=True)
        fake.host.create(REPOSITORY, {"a": b"0"})
        yield fake


@pytest.fixture
def hooks(github: FakeGitHub) -> Hooks:
    """One webhook that leads nowhere, with one delivery that failed."""
    made = github.add_hook(NOWHERE, "s3cret")
    github.host.repository(REPOSITORY).commit("main", {"a": b"1"})
    made.settle()
    return made


@pytest.fixture
def forge(github: FakeGitHub) -> Iterator[GitHubForge]:
    made = GitHubForge(GitHubSettings(TokenLogin(ADMIN), api_url=github.url, seconds_between_writes=0))
    yield made
    made.disconnect()


@pytest.fixture
def deliveries(forge: GitHubForge) -> GitHubDeliveries:
    return forge.deliveries(lambda url: url == NOWHERE)


def test_a_quiet_list_costs_one_request_that_github_does_not_count(
    github: FakeGitHub, hooks: Hooks, deliveries: GitHubDeliveries
) -> None:
    (hook,) = deliveries.hooks(REPOSITORY)
    first = deliveries.attempts(hook, since=EVER)
    github.forget_requests()
    assert deliveries.attempts(hook, since=EVER) == first
    assert [each.response.status for each in github.exchanges] == [304]


def test_pages_before_the_time_that_matters_are_not_read(
    github: FakeGitHub, hooks: Hooks, deliveries: GitHubDeliveries
) -> None:
    for _ in range(150):
        hooks.redeliver(hooks.sent[0])
    hooks.settle()
    (hook,) = deliveries.hooks(REPOSITORY)
    github.forget_requests()
    assert deliveries.attempts(hook, since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(github.asked("GET", "/deliveries$")) == 1
    assert len(deliveries.attempts(hook, since=EVER)) == 151


def test_only_active_webhooks_that_lead_here_are_ours(github: FakeGitHub, forge: GitHubForge) -> None:
    github.add_hook("https://else.example.com/webhooks/github", "s")
    ours = github.add_hook(NOWHERE, "s")
    assert forge.deliveries(lambda url: url == NOWHERE).hooks(REPOSITORY) == [f"{REPOSITORY}#{ours.number}"]


@pytest.mark.usefixtures("hooks")
def test_a_token_without_the_right_is_told_which_one(github: FakeGitHub) -> None:
    forge = GitHubForge(GitHubSettings(TokenLogin(TOKEN), api_url=github.url))
    with pytest.raises(Denied, match="may not look at the webhooks of acme/infra") as caught:
        forge.deliveries(lambda url: True).hooks(REPOSITORY)
    assert "Webhooks: read and write" in str(caught.value)
    assert TOKEN not in f"{caught.value!r} {caught.value}"
    forge.disconnect()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(403, {"message": "Resource not accessible"}), Denied, id="refused"),
        pytest.param(Answer(200, {"not": "a list"}), Malformed, id="another shape"),
        pytest.param(Answer(200, [{"id": 1}]), Malformed, id="a try without its time"),
        pytest.param(Answer(502), Unreachable, id="a fault of its own"),
    ],
)
@pytest.mark.usefixtures("hooks")
def test_what_goes_wrong_is_an_error_of_ours(
    github: FakeGitHub, deliveries: GitHubDeliveries, answer: Answer, error: type[Exception]
) -> None:
    (hook,) = deliveries.hooks(REPOSITORY)
    github.faults.add("GET", "/deliveries$", answer, times=3)
    with pytest.raises(error):
        deliveries.attempts(hook, since=EVER)


def test_a_name_that_is_no_webhook_is_a_mistake_of_ours(deliveries: GitHubDeliveries) -> None:
    with pytest.raises(ValueError, match="no-hook"):
        deliveries.attempts("no-hook", since=EVER)
