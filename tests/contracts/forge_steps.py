"""What the contract tests of the forges propose, over which worlds, and the steps that they share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest
from tests.contracts.forge_worlds import DEV, GIT_AS_ANOTHER, START, WORLDS, ForgeWorld

BRANCH = "tagboat/homepage/dev"
KEY = "0123456789ab"
NEW_DEV = START[DEV].replace(b"1.0.0", b"1.4.2")
PROPOSAL = Proposal(
    branch=BRANCH,
    files=((DEV, NEW_DEV),),
    message="homepage: 1.0.0 → 1.4.2 in dev",
    title="homepage 1.4.2 in dev",
    body=f"Moves homepage to 1.4.2.\n\n{Mark(KEY).text}",
)
NOBODYS_COMMIT = "0123456789abcdef0123456789abcdef01234567"

EVERY_WORLD = pytest.mark.parametrize("world", list(WORLDS), indirect=True)
GIT_ALONE = pytest.mark.parametrize(
    "world", [name for name in WORLDS if name not in GIT_AS_ANOTHER], indirect=True
)
"""What Git alone answers, once for those that share the code for it."""


def base_of(world: ForgeWorld) -> str:
    """Where `main` stands."""
    head = world.head("main")
    assert head is not None
    return head


def write_in(world: ForgeWorld, proposal: Proposal = PROPOSAL) -> str:
    """Write onto the branch as it stands, from `main` as it stands."""
    expected = world.forge.head(world.repository, proposal.branch)
    return world.forge.write(world.repository, proposal, base=base_of(world), expected=expected)


def open_in(world: ForgeWorld, proposal: Proposal = PROPOSAL) -> PullRequest:
    """Write, and open a pull request from the branch."""
    write_in(world, proposal)
    return world.forge.open(world.repository, proposal, base_branch="main")


def as_seen(pull: PullRequest, method: MergeMethod | None = None, *, sign_off: bool = False) -> MergeOptions:
    """A merge of the head that was seen."""
    return MergeOptions(expected_head=pull.head, message="Merge it", method=method, sign_off=sign_off)


def merge_in(
    world: ForgeWorld, pull: PullRequest, method: MergeMethod | None = None, *, sign_off: bool = False
) -> str:
    """Merge at the head that was seen."""
    return world.forge.merge(world.repository, pull.number, as_seen(pull, method, sign_off=sign_off))


def with_file(path: str, data: bytes, *, branch: str = BRANCH) -> Proposal:
    """The proposal with another file in place of its own."""
    return replace(PROPOSAL, branch=branch, files=((path, data),))
