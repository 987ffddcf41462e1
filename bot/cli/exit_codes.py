"""What the exit codes of `tagboat` mean, and which one the state of environments asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.domain.pipeline import Environment, Merge, Pipeline
from bot.domain.rollout.verdict import VerdictWord
from bot.domain.status import EnvironmentStatus, PipelineStatus, State
from bot.domain.window import closed

OK = 0
"""Done."""

FAILED = 1
"""Something went wrong at run time; one sentence on standard error says what, why and the next step."""

MISUSED = 2
"""The command line or the configuration is wrong."""

WAITS = 3
"""With `--exit-code`: something waits for a human."""

_NEEDS_A_HUMAN = frozenset({VerdictWord.MANUAL_SYNC_NEEDED, VerdictWord.PAUSED})


def code_for(shown: Iterable[PipelineStatus], pipelines: Iterable[Pipeline], *, now: datetime) -> int:
    """`WAITS` where something waits for a human, else `FAILED` where something is unknown, else `OK`.

    Unknown is not fine: a script must not go on because nobody could look.
    """
    by_name = {each.name: each for each in shown}
    codes = [_code(by_name.get(pipeline.name), pipeline, now) for pipeline in pipelines]
    return WAITS if WAITS in codes else max(codes, default=OK)


def _code(status: PipelineStatus | None, pipeline: Pipeline, now: datetime) -> int:
    if status is None:
        return FAILED
    known = {each.name: each for each in pipeline.environments}
    shown = [each for each in status.environments if each.name in known]
    if any(waits_for_human(each, known[each.name], now=now) for each in shown):
        return WAITS
    is_unknown = bool(status.problem) or any(each.state is State.UNKNOWN for each in shown)
    return FAILED if is_unknown or len(shown) < len(known) else OK


def waits_for_human(status: EnvironmentStatus, environment: Environment, *, now: datetime) -> bool:
    """Whether nothing goes on here before a human does something.

    A blocked or degraded environment, a pull request that a human merges and whose windows are open, and a
    rollout that waits for somebody to press sync or resume.
    """
    if status.state in {State.BLOCKED, State.DEGRADED}:
        return True
    if any(each.verdict in _NEEDS_A_HUMAN for each in status.applications):
        return True
    is_offered = status.state is State.PROPOSED and status.pull_request is not None
    return is_offered and environment.merge is Merge.MANUAL and closed(environment.windows, now) is None
