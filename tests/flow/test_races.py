"""Somebody does one thing between two requests of a look that ends in an update, and then all comes to rest.

Whatever it is and whenever it comes, nobody's work on the base branch is undone, nobody's commit on ours is
lost, and people see one pull request with the right content, or the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.status import State
from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Pull
from tests.fakes.http_host import Request, Response
from tests.flow.test_costs import BRANCH, DEV, OPENED, SURVEY, UPDATED, Counted, counted
from tests.flow.worlds import WEB, values

OTHER = "other"
BY_HAND = b"# by hand\n"

Thing = Callable[[HostedRepository], object]


def push(hosted: HostedRepository) -> str:
    """Change our file and another one on our branch; the commit."""
    return hosted.commit(BRANCH, {DEV: BY_HAND + _file(hosted, BRANCH), "note": b"by hand"})


def force_back(hosted: HostedRepository) -> None:
    """Let our branch be the base again."""
    hosted.move_branch(BRANCH, hosted.git.branch("main") or "", force=True)


def delete(hosted: HostedRepository) -> None:
    """Delete our branch, which closes what is open from it."""
    hosted.delete_branch(BRANCH)


def change_file(hosted: HostedRepository) -> None:
    """Change our file on the base, beside the value."""
    hosted.commit("main", {DEV: BY_HAND + _file(hosted, "main")})


def change_other(hosted: HostedRepository) -> None:
    """Change another file on the base."""
    hosted.commit("main", {OTHER: b"2"})


def take_back(hosted: HostedRepository) -> None:
    """Take the last commit off the base, by force."""
    (parent,) = hosted.git.commit(hosted.git.branch("main") or "").parents
    hosted.move_branch("main", parent, force=True)


def merge(hosted: HostedRepository) -> None:
    """Merge ours as it stands."""
    hosted.merge_pull(_open(hosted).number)


def close(hosted: HostedRepository) -> None:
    """Close ours."""
    hosted.close_pull(_open(hosted).number)


def reopen(hosted: HostedRepository) -> None:
    """Reopen an older one of our branch, to another base."""
    hosted.reopen_pull(1)


def open_second(hosted: HostedRepository) -> None:
    """Open a second one from our branch, to another base."""
    hosted.open_pull(hosted, BRANCH, "trial", title="Try it")


def rename(hosted: HostedRepository) -> None:
    """Give ours another title."""
    hosted.edit_pull(_open(hosted).number, title="By hand")


@dataclass(frozen=True)
class Moment:
    """Before which request of the look; `is_seen` says that GitLab's branch was looked at by then."""

    host: str
    name: str
    request: str
    is_seen: bool = False


MOMENTS = (
    Moment("github", "before it writes", OPENED["github"][0]),
    Moment("github", "before the branch moves", "POST /graphql mutation"),
    Moment("github", "before the words", UPDATED["github"]),
    Moment("github", "when it looks again", "GET /branches/main"),
    Moment("gitlab", "before it writes", f"GET /repository/branches/{BRANCH}"),
    Moment("gitlab", "before the branch moves", OPENED["gitlab"][0], is_seen=True),
    Moment("gitlab", "before the words", UPDATED["gitlab"]),
    Moment("gitlab", "when it looks again", SURVEY["gitlab"]),
)
THINGS: dict[Thing, frozenset[State]] = {
    push: frozenset({State.BLOCKED}),
    force_back: frozenset({State.PROPOSED}),
    delete: frozenset({State.PROPOSED, State.DECLINED}),
    change_file: frozenset({State.PROPOSED}),
    change_other: frozenset({State.PROPOSED}),
    take_back: frozenset({State.PROPOSED}),
    merge: frozenset({State.PROPOSED, State.LIVE}),
    close: frozenset({State.DECLINED}),
    reopen: frozenset({State.PROPOSED}),
    open_second: frozenset({State.PROPOSED}),
    rename: frozenset({State.PROPOSED}),
}
"""What somebody does, and how it may end; a pull request that was merged or closed stays so."""


@pytest.mark.parametrize("thing", THINGS, ids=[each.__name__ for each in THINGS])
@pytest.mark.parametrize("moment", MOMENTS, ids=[f"{each.host} {each.name}" for each in MOMENTS])
def test_what_somebody_does_meanwhile_is_neither_undone_nor_lost(
    moment: Moment, thing: Thing, tmp_path: Path
) -> None:
    with proposed(moment.host, tmp_path) as world:
        hosted = world.hosted
        made, base = doing(world, moment, thing)
        come_to_rest(world)
        state = world.bench.status("dev").state
        assert hosted.git.branch("main") == base
        if thing is push and not moment.is_seen:
            assert hosted.git.contains(hosted.git.branch(BRANCH) or "", str(made))
        assert state in (THINGS[thing] if thing is not push or not moment.is_seen else {State.PROPOSED})
        people_see_what_there_is(world)
        if state is State.PROPOSED:
            holds_what_is_new_alone(hosted)


@contextmanager
def proposed(host: str, folder: Path) -> Iterator[Counted]:
    """One of ours is open and a newer release was pushed; an older one to another base was closed."""
    with counted(host, None, folder) as world:
        hosted = world.hosted
        begin = hosted.commit("main", {OTHER: b"0"})
        for name in ("release", "trial"):
            hosted.make_branch(name, begin)
        hosted.commit(BRANCH, {"old": b""})
        hosted.close_pull(hosted.open_pull(hosted, BRANCH, "release", title="An older one").number)
        hosted.delete_branch(BRANCH)
        hosted.commit("main", {OTHER: b"1"})
        world.bench.registry.push(WEB, "1.1.0")
        world.bench.look()
        assert _open(hosted).number == 2
        world.bench.registry.push(WEB, "1.2.0")
        world.forget()
        yield world


def doing(world: Counted, moment: Moment, thing: Thing) -> tuple[object, str | None]:
    """Look, and let the thing be done at that moment; what came of it, and where the base stood then."""
    http, hosted = world.fake._http, world.hosted
    answer, done = http.handle, list[tuple[object, str | None]]()
    method, path = moment.request.split(" ", 1)

    def handle(request: Request) -> Response:
        called = f"{request.method} {request.call.replace('%2F', '/')}"
        is_begun = len(world.fake.exchanges) > 0
        if not done and is_begun and called.startswith(method) and path in called:
            with hosted.host.lock:
                done.append((thing(hosted), hosted.git.branch("main")))
        return answer(request)

    http.handle = handle
    world.bench.look()
    (found,) = done
    return found


def come_to_rest(world: Counted) -> None:
    """Look again and again: the last look changes nothing."""
    for _ in range(2):
        world.bench.clock.pass_by(timedelta(minutes=1))
        world.fake.forget_requests()
        world.bench.look()
    calls = world.calls()
    assert [call for call in calls if not call.startswith(("GET ", SURVEY["github"], SURVEY["gitlab"]))] == []


def people_see_what_there_is(world: Counted) -> None:
    """One pull request at most, and it is shown; where there is none, all is done or there is a reason."""
    shown, numbers = world.bench.status("dev"), [each.number for each in _all_open(world.hosted)]
    assert numbers == ([shown.pull_request.number] if shown.pull_request else [])
    if not numbers:
        assert shown.reason or _file(world.hosted, "main") == values("1.2.0")


def holds_what_is_new_alone(hosted: HostedRepository) -> None:
    """It is one commit that changes our value and nothing else, and merging it loses nothing."""
    git, pull = hosted.git, _open(hosted)
    (own,) = git.log(pull.head, without=git.branch("main"))
    (parent,) = own.parents
    assert git.branch(BRANCH) == own.sha
    assert git.changed(parent, own.sha) == [("M", DEV)]
    assert _file(hosted, own.sha) == _raised(_file(hosted, parent))
    assert "1.2.0" in pull.body
    wanted, other = _raised(_file(hosted, "main")), _file(hosted, "main", OTHER)
    hosted.merge_pull(pull.number)
    assert (_file(hosted, "main"), _file(hosted, "main", OTHER)) == (wanted, other)


def _raised(content: bytes) -> bytes:
    """The file with the newest tag."""
    before, _, _ = content.rpartition(b"tag: ")
    return before + b"tag: 1.2.0\n"


def _all_open(hosted: HostedRepository) -> list[Pull]:
    pulls = hosted.pulls_of(hosted, BRANCH)
    return [each for each in pulls if each.base == "main" and each.state == "open"]


def _open(hosted: HostedRepository) -> Pull:
    (pull,) = _all_open(hosted)
    return pull


def _file(hosted: HostedRepository, revision: str, path: str = DEV) -> bytes:
    entry = hosted.git.entry(hosted.git.branch(revision) or revision, path)
    assert entry is not None
    return hosted.git.blob(entry.sha) or b""
