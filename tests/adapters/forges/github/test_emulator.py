"""The GitHub forge against a GitHub that somebody else wrote (`tests.kit.emulate` lists its departures)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.snapshot import Relation
from tests.adapters.forges.host_world import BRANCH, PROPOSAL
from tests.kit.emulate import emulator

pytestmark = pytest.mark.servers

REPOSITORY = "octo/infra"
README = "README.md"
CHANGE = replace(PROPOSAL, files=((README, "# Infra ☕\r\n".encode()), ("envs/dev/values.yaml", b"tag: 2\n")))
SEED = {
    "tokens": {"ghp_emulated": {"login": "octo", "scopes": ["repo"]}},
    "github": {
        "users": [{"login": "octo"}],
        "repos": [{"owner": "octo", "name": "infra", "auto_init": True}],
    },
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with emulator(["github"], SEED) as addresses:
        yield addresses["github"]


@pytest.fixture
def forge(address: str) -> Iterator[GitHubForge]:
    made = GitHubForge(GitHubSettings(TokenLogin("ghp_emulated"), api_url=address, seconds_between_writes=0))
    yield made
    made.disconnect()


def test_a_release_goes_from_proposal_to_merge(forge: GitHubForge) -> None:
    branch = forge.default_branch(REPOSITORY)
    base = forge.head(REPOSITORY, branch)
    assert base is not None
    assert (forge.read(REPOSITORY, base, README) or b"").startswith(b"# infra")
    assert forge.read(REPOSITORY, base, "envs/dev/values.yaml") is None
    assert forge.head(REPOSITORY, BRANCH) is None

    head = forge.write(REPOSITORY, CHANGE, base=base, expected=None)
    assert forge.head(REPOSITORY, BRANCH) == head
    assert forge.relation(REPOSITORY, commit=base, revision=head) is Relation.CONTAINED
    for path, content in CHANGE.files:
        assert forge.read(REPOSITORY, head, path) == content
    assert forge.foreign_commit(REPOSITORY, branch=BRANCH, base=branch) is None
    with pytest.raises(Conflict):
        forge.write(REPOSITORY, replace(CHANGE, files=((README, b"x"),)), base=base, expected=None)

    opened = forge.open(REPOSITORY, CHANGE, base_branch=branch)
    assert (opened.head, opened.state, opened.title) == (head, PullRequestState.OPEN, CHANGE.title)
    assert forge.open(REPOSITORY, CHANGE, base_branch=branch).number == opened.number
    forge.revise(REPOSITORY, opened.number, title="Other", body=CHANGE.body)
    assert [pull.title for pull in forge.pull_requests(REPOSITORY, BRANCH)] == ["Other"]

    commit = forge.merge(REPOSITORY, opened.number, MergeOptions(expected_head=head, message="Merge it"))
    assert forge.head(REPOSITORY, branch) == commit
    assert forge.relation(REPOSITORY, commit=head, revision=commit) is Relation.CONTAINED
    merged = forge.pull_request(REPOSITORY, opened.number)
    assert (merged.state, merged.merge_commit) == (PullRequestState.MERGED, commit)
    assert (
        forge.merge(REPOSITORY, opened.number, MergeOptions(expected_head=head, message="Merge it")) == commit
    )


def test_without_graphql_a_branch_stays_and_its_pull_request_is_closed(forge: GitHubForge) -> None:
    proposal = replace(CHANGE, branch="tagboat/homepage/prod", files=(("prod.yaml", b"tag: 1\n"),))
    base = forge.head(REPOSITORY, "main")
    assert base is not None
    first = forge.write(REPOSITORY, proposal, base=base, expected=None)
    number = forge.open(REPOSITORY, proposal, base_branch="main").number
    newer = replace(proposal, files=(("prod.yaml", b"tag: 2\n"),))
    with pytest.raises(Refused, match=r"does not know what Tagboat asks .* Enterprise Server 3\.17"):
        forge.write(REPOSITORY, newer, base=base, expected=first)
    assert forge.head(REPOSITORY, proposal.branch) == first
    with pytest.raises(Refused, match=r"Enterprise Server 3\.17"):
        forge.close(REPOSITORY, number, comment="superseded")
    assert forge.pull_request(REPOSITORY, number).state is PullRequestState.CLOSED
    assert forge.head(REPOSITORY, proposal.branch) == first


def test_what_is_not_there_is_told_apart(forge: GitHubForge) -> None:
    with pytest.raises(NotFound):
        forge.head("octo/elsewhere", "main")
    with pytest.raises(NotFound):
        forge.pull_request(REPOSITORY, 4711)
    assert forge.relation(REPOSITORY, commit="a" * 40, revision="b" * 40) is Relation.UNKNOWN
