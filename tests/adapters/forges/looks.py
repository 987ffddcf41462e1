"""All that a look asks of a host, and what it may meet there: a survey tells what is told one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.domain.errors import TagboatError
from bot.ports import Forge, Look
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL, HostWorld

OTHER = "envs/dev/more.yaml"
ODD = 'envs/"it\'s" 100%25 #1?/wert ü+é.yaml'
LOOK = Look(None, {BRANCH: (DEV, OTHER)})

AnyWorld = HostWorld[Any, Any]


def told(ask: Callable[[], object]) -> object:
    """The answer, or the sentence that says why there is none."""
    try:
        return ask()
    except TagboatError as error:
        return str(error)


def look_at(forge: Forge, repository: str, look: Look = LOOK) -> Mapping[str, object]:
    """All that a look asks, in its order."""
    pulls = forge.pull_requests(repository, BRANCH)
    base = look.base or forge.default_branch(repository)
    heads = {"base": forge.head(repository, base), "branch": forge.head(repository, BRANCH)}
    files = {
        f"{path} at {end}": told(lambda head=head, path=path: forge.read(repository, head, path))  # type: ignore[misc]
        for end, head in heads.items()
        if head is not None
        for path in look.files[BRANCH]
    }
    is_judged = heads["base"] and heads["branch"]
    foreign = forge.foreign_commit(repository, branch=BRANCH, base=base) if is_judged else None
    return {"pulls": list(pulls), "default": base, **heads, **files, "foreign": foreign}


def nothing(world: AnyWorld) -> None:
    """One file on `main`."""


def opened(world: AnyWorld) -> None:
    """One pull request."""
    world.open()


def drafted(world: AnyWorld) -> None:
    """One that is a draft."""
    world.open(replace(PROPOSAL, metadata=replace(PROPOSAL.metadata, draft=True)))


def closed(world: AnyWorld) -> None:
    """One that was closed; its branch stands."""
    world.open()
    world.hosted.close_pull(1)


def merged(world: AnyWorld) -> None:
    """One that was merged; its branch stands."""
    world.open()
    world.hosted.merge_pull(1)


def opened_again(world: AnyWorld) -> None:
    """Another one after one that was merged."""
    merged(world)
    world.open(replace(PROPOSAL, files=((DEV, b"3\n"),)))


def conflicting(world: AnyWorld) -> None:
    """Somebody changed the same line on `main`."""
    world.open()
    world.hosted.commit("main", {DEV: b"by hand\n"})


def odd(world: AnyWorld) -> None:
    """A path of odd characters."""
    world.hosted.commit("main", {ODD: b"a: 1\n"})
    world.open()


def forked(world: AnyWorld) -> None:
    """A fork's pull request from a branch of the same name."""
    fork = world.hosted.host.fork(world.hosted, "stranger/infra")
    fork.commit(BRANCH, {DEV: b"tag: evil\n"})
    world.hosted.open_pull(fork, BRANCH, "main", title="Trust me", body=PROPOSAL.body)


def touched(world: AnyWorld) -> None:
    """A commit of somebody else's on our branch."""
    world.open()
    world.hosted.commit(BRANCH, {"note": b"by hand"})


def renamed(world: AnyWorld) -> None:
    """Another default branch."""
    world.hosted.make_branch("trunk", world.hosted.git.branch("main") or "")
    world.hosted.default_branch = "trunk"


def holding(data: bytes, mode: str = "100644") -> Callable[[AnyWorld], None]:
    """One pull request, and one more file on `main`."""

    def commit(world: AnyWorld) -> None:
        world.hosted.commit("main", {OTHER: data}, mode=mode)
        world.open()

    return commit
