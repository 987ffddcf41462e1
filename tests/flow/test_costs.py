"""What a pull request costs at the hosts' APIs: the calls from a look to the one that opens or updates it.

A look that finds nothing to do is counted too: it is what a quiet pipeline costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.adapters.argocd.memory import MemoryDeployments
from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.domain.pipeline import Application
from bot.domain.status import State
from bot.flow.world import World
from tests.fakes import github, gitlab
from tests.fakes.git_host import HostedRepository
from tests.fakes.http_host import Answer
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

ADDRESS = "https://forge.example/acme/infra.git"
DEV = "envs/dev/values.yaml"
BRANCH = "tagboat/shop/dev"


@dataclass
class Counted:
    """A bench over one fake host: what it was asked since the last count, and what of it was not free."""

    bench: Bench
    fake: github.FakeGitHub | gitlab.FakeGitLab
    hosted: HostedRepository
    connect: Callable[[], GitHubForge | GitLabForge]

    def __post_init__(self) -> None:
        self.forge = self.connect()
        self.use(self.bench.world)

    def use(self, world: World) -> None:
        """Let the bench have this world, over the fake host."""
        self.bench.world = replace(world, forges={"forge": self.forge})

    def forget(self) -> None:
        """Begin anew with empty caches, and count from here."""
        self.forge.disconnect()
        self.forge = self.connect()
        self.use(self.bench.world)
        self.fake.forget_requests()

    def calls(self, until: str = "") -> list[str]:
        """What was asked, up to the first call that begins so."""
        found: list[str] = []
        for exchange in self.fake.exchanges:
            path = exchange.request.call.replace("%2F", "/")
            path = path.partition(REPOSITORY)[2] if REPOSITORY in path else path
            is_free = exchange.response.status == 304
            found.append(f"{exchange.request.method} {path}{' free' if is_free else ''}")
            if until and found[-1].startswith(until):
                return found
        assert not until, found
        return found


@contextmanager
def counted(host: str, branch: str | None, folder: Path) -> Iterator[Counted]:
    """A pipeline of one environment on the host; a human merges."""
    bench = Bench((environment("dev"),))
    pipeline = replace(bench.pipeline, branch=branch)
    bench.world = replace(bench.world, pipelines={"shop": pipeline})
    fake = github.FakeGitHub(folder) if host == "github" else gitlab.FakeGitLab(folder)
    with fake:
        hosted = fake.host.create(REPOSITORY, {DEV: values("1.0.0")})

        def connect() -> GitHubForge | GitLabForge:
            if host == "github":
                login = TokenLogin(github.TOKEN)
                return GitHubForge(GitHubSettings(login, api_url=fake.url, seconds_between_writes=0))
            return GitLabForge(GitLabSettings(gitlab.TOKEN, url=fake.url))

        made = Counted(bench, fake, hosted, connect)
        yield made
        made.forge.disconnect()


HOSTS = ("github", "gitlab")
SURVEY = {"github": "POST /graphql query", "gitlab": "POST /api/graphql query"}
OPENED: Mapping[str, tuple[str, ...]] = {
    "github": ("POST /git/trees", "POST /git/commits", "POST /git/refs", "POST /pulls"),
    "gitlab": ("POST /repository/commits", "POST /merge_requests"),
}
ONE_BY_ONE: Mapping[str, tuple[str, ...]] = {
    "github": ("GET /pulls", "GET /branches/main", f"GET /contents/{DEV}"),
    "gitlab": ("GET /merge_requests", "GET /repository/branches", f"GET /repository/files/{DEV}"),
}
UPDATED = {"github": "PATCH /pulls", "gitlab": "PUT /merge_requests"}


@pytest.mark.parametrize(("host", "most"), [("github", 5), ("gitlab", 3)])
@pytest.mark.parametrize("branch", [None, "main"], ids=["the default branch", "a named branch"])
def test_the_very_first_pull_request_takes_one_question_and_what_makes_it(
    host: str, most: int, branch: str | None, tmp_path: Path
) -> None:
    with counted(host, branch, tmp_path) as world:
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        calls = world.calls(until=OPENED[host][-1])
    assert calls == [SURVEY[host], *OPENED[host]]
    assert len(calls) == most


@pytest.mark.parametrize(("host", "most"), [("github", 8), ("gitlab", 5)])
@pytest.mark.parametrize("branch", [None, "main"], ids=["the default branch", "a named branch"])
def test_asked_one_by_one_it_takes_at_most_eight_calls_at_github_and_five_at_gitlab(
    host: str, most: int, branch: str | None, tmp_path: Path
) -> None:
    with counted(host, branch, tmp_path) as world:
        world.fake.faults.add("POST", "/graphql query", Answer(502))
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        calls = world.calls(until=OPENED[host][-1])
    reads = list(ONE_BY_ONE[host])
    if host == "github" and branch is None:
        reads.insert(1, "GET ")
    assert calls == [*reads, *OPENED[host]]
    assert len(calls) <= most


@pytest.mark.parametrize("host", HOSTS)
def test_a_base_that_moved_costs_no_more(host: str, tmp_path: Path) -> None:
    with counted(host, None, tmp_path) as world:
        world.bench.settle()
        world.bench.registry.push(WEB, "1.1.0")
        world.hosted.commit("main", {"other": b"1"})
        world.forget()
        world.bench.look()
        assert len(world.calls(until=OPENED[host][-1])) <= 5


@pytest.mark.parametrize("branch", [None, "main"], ids=["the default branch", "a named branch"])
@pytest.mark.parametrize("has_moved", [True, False], ids=["the base moved", "the base stands"])
@pytest.mark.parametrize("is_known", [True, False], ids=["all is known", "nothing is known"])
def test_a_look_that_ends_in_an_update_takes_at_most_six_calls_at_github(
    *, branch: str | None, has_moved: bool, is_known: bool, tmp_path: Path
) -> None:
    with counted("github", branch, tmp_path) as world:
        _propose_again(world, has_moved=has_moved, is_known=is_known)
        calls = world.calls(until=UPDATED["github"])
    read = {(True, True): ["GET /branches/main", SURVEY["github"]], (True, False): []}
    write = ["POST /git/trees", "POST /git/commits", "POST /graphql mutation", "PATCH /pulls/1"]
    paid = [call for call in calls if not call.endswith(" free")]
    assert paid == [*read.get((is_known, has_moved), [SURVEY["github"]]), *write]
    assert len(paid) <= 6


@pytest.mark.parametrize("branch", [None, "main"], ids=["the default branch", "a named branch"])
@pytest.mark.parametrize("has_moved", [True, False], ids=["the base moved", "the base stands"])
@pytest.mark.parametrize("is_known", [True, False], ids=["all is known", "nothing is known"])
def test_a_look_that_ends_in_an_update_takes_four_calls_at_gitlab(
    *, branch: str | None, has_moved: bool, is_known: bool, tmp_path: Path
) -> None:
    with counted("gitlab", branch, tmp_path) as world:
        _propose_again(world, has_moved=has_moved, is_known=is_known)
        calls = world.calls(until=UPDATED["gitlab"])
    write = [f"GET /repository/branches/{BRANCH}", "POST /repository/commits", "PUT /merge_requests/1"]
    assert calls == [SURVEY["gitlab"], *write]


@pytest.mark.parametrize("host", HOSTS)
def test_a_branch_with_a_long_past_costs_no_more(host: str, tmp_path: Path) -> None:
    with counted(host, None, tmp_path) as world:
        hosted = world.hosted
        hosted.commit(BRANCH, {DEV: values("0.9.0")})
        for _ in range(110):
            hosted.close_pull(hosted.open_pull(hosted, BRANCH, "main", title="An older one").number)
        hosted.delete_branch(BRANCH)
        _propose_again(world, has_moved=True, is_known=True)
        calls = world.calls(until=UPDATED[host])
    paid = [call for call in calls if not call.endswith(" free")]
    assert len(paid) <= {"github": 6, "gitlab": 4}[host]


def _propose_again(world: Counted, *, has_moved: bool, is_known: bool) -> None:
    """Update a proposal, and count from the look that does."""
    world.bench.registry.push(WEB, "1.1.0")
    for _ in range(2):
        world.bench.look()
    world.bench.registry.push(WEB, "1.2.0")
    if has_moved:
        world.hosted.commit("main", {"other": b"1"})
    if is_known:
        world.fake.forget_requests()
    else:
        world.forget()
    world.bench.look()


def test_at_gitlab_a_look_that_finds_nothing_to_do_takes_one_call(tmp_path: Path) -> None:
    with counted("gitlab", None, tmp_path) as world:
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        world.bench.look()
        world.fake.forget_requests()
        world.bench.look()
        assert world.calls() == [SURVEY["gitlab"]]


def test_a_gitlab_that_does_not_know_the_question_is_asked_one_by_one_and_not_asked_again(
    tmp_path: Path,
) -> None:
    look = ["GET /merge_requests", "GET /repository/branches"]
    update = [f"GET /repository/branches/{BRANCH}", "POST /repository/commits", "PUT /merge_requests/1"]
    with counted("gitlab", None, tmp_path) as world:
        assert isinstance(world.fake, gitlab.FakeGitLab)
        world.fake.is_older = True
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        world.bench.look()
        world.fake.forget_requests()
        world.bench.look()
        assert world.calls() == look
        world.bench.registry.push(WEB, "1.2.0")
        world.fake.forget_requests()
        world.bench.look()
        assert world.calls() == [*look, *update, *look]


def test_a_look_at_an_open_pull_request_that_did_not_change_is_free_at_github(tmp_path: Path) -> None:
    with counted("github", "main", tmp_path) as world:
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        world.bench.look()
        world.fake.forget_requests()
        world.bench.look()
        calls = world.calls()
    assert calls
    assert [call for call in calls if not call.endswith(" free")] == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_branch_that_was_written_and_forgotten_is_found_again(host: str, tmp_path: Path) -> None:
    with counted(host, None, tmp_path) as world:
        world.hosted.commit(BRANCH, {DEV: values("0.9.0")})
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        shown = world.bench.status("dev")
    assert (shown.state, shown.pull_request) == (State.BLOCKED, None)
    assert "is not Tagboat's" in shown.reason


@pytest.mark.parametrize(("target", "asked"), [("HEAD", 1), ("main", 0)])
def test_a_named_branch_is_compared_with_the_default_one_where_an_application_names_none(
    target: str, asked: int, tmp_path: Path
) -> None:
    with counted("github", "main", tmp_path) as world:
        place, bench = Application("main", "shop-dev"), world.bench
        argocd = MemoryDeployments()
        argocd.put(place, {"spec": {"source": {"repoURL": ADDRESS, "targetRevision": target}}})
        followed = replace(bench.environments[0], applications=(place,))
        pipeline = replace(
            bench.pipeline, branch="main", environments=(followed,), repository_urls=(ADDRESS,)
        )
        world.use(replace(bench.world, pipelines={"shop": pipeline}, deployments={"main": argocd}))
        bench.look()
        assert world.calls().count("GET ") == asked
        (shown,) = bench.status("dev").applications
    assert shown.verdict != "NotTracking"


def test_a_branch_that_is_not_the_default_one_is_not_taken_for_it(tmp_path: Path) -> None:
    with counted("github", "release", tmp_path) as world:
        place, bench = Application("main", "shop-dev"), world.bench
        world.hosted.commit("release", {DEV: values("1.0.0")})
        argocd = MemoryDeployments()
        argocd.put(place, {"spec": {"source": {"repoURL": ADDRESS, "targetRevision": "HEAD"}}})
        followed = replace(bench.environments[0], applications=(place,))
        pipeline = replace(
            bench.pipeline, branch="release", environments=(followed,), repository_urls=(ADDRESS,)
        )
        world.use(replace(bench.world, pipelines={"shop": pipeline}, deployments={"main": argocd}))
        bench.look()
        (shown,) = bench.status("dev").applications
    assert shown.verdict == "NotTracking"
