"""The laws of rest: what must hold of pull requests, statuses and stories once nothing is due."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from bot.domain.notice import Event, Notice
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.status import EnvironmentStatus, State
from tests.flow.simulation_laws import Laws
from tests.flow.worlds import REPOSITORY

_TIMED = re.compile(r"soaks|window is open|outside the allow window|gathers|waits for room|until 20")
_STORY = (Event.OPENED, Event.MERGED, Event.SYNCED, Event.HEALTHY)


def at_rest(laws: Laws, pulls: Sequence[PullRequest], shown: Sequence[tuple[str, EnvironmentStatus]]) -> None:
    """Nothing is due any more."""
    _one_pull_request(laws, pulls)
    now = laws.clock.now()
    for name in sorted({pipeline for pipeline, _ in shown}):
        if any(each.who == "mallory" and not each.refusal for each in laws.orders.told(name, limit=99)):
            laws.says("strangers give no orders", name)
    for pipeline, status in shown:
        if status.state is not State.LIVE and not status.reason.strip():
            laws.says("every stop has a sentence", f"{pipeline} {status}")
        if _TIMED.search(status.reason) and (status.wake_at is None or status.wake_at <= now):
            laws.says("what waits for a time is woken then", f"{pipeline} {status}")
        if status.state in (State.ROLLING_OUT, State.UNKNOWN) and status.wake_at is None:
            laws.says("what goes on is looked at again", f"{pipeline} {status}")


def _one_pull_request(laws: Laws, pulls: Sequence[PullRequest]) -> None:
    is_open = [each for each in pulls if each.state is PullRequestState.OPEN]
    for branch, count in Counter(each.branch for each in is_open).items():
        if count > 1:
            laws.says("one open pull request for a branch", branch)
    ours = [
        each
        for each in is_open
        if not laws.forge.foreign_commit(REPOSITORY, branch=each.branch, base=each.base)
    ]
    for pipeline, environment in laws.shape.places:
        found = [
            each.number
            for each in ours
            if any((m.pipeline, m.environment) == (pipeline.name, environment.name) for m in marks(each.body))
            and (environment.group or not each.branch.startswith("tagboat/groups/"))
        ]
        if len(found) > 1 and not laws.standing((pipeline.name, environment.name)).hold:
            laws.says("one open pull request for a place", f"{pipeline.name} {environment.name} {found}")


def told(laws: Laws, threads: Sequence[str], notices: Sequence[Notice]) -> None:
    """What people have been told so far."""
    for thread, count in Counter(threads).items():
        if count > 1:
            laws.says("one thread for a release", thread)
    for key, count in Counter(each.key for each in notices).items():
        if count > 1:
            laws.says("nothing is told twice", key)
    seen: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for each in notices:
        if each.event in _STORY[1:]:
            mark = each.key.rpartition("/")[2]
            seen[each.thread, each.environment, mark].append(_STORY.index(each.event))
    for place, order in seen.items():
        if order != sorted(order):
            laws.says("the story has an order", f"{place} {order}")
