"""The part of a pull request's text that says what must still hold before the merge.

It is written with a new commit and left as it is until the next one: what passes with time is said as a
moment, never as a length from now, so that it stays true while nobody writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.domain.harmless import code, harmless
from bot.domain.pipeline import Environment, Merge
from bot.domain.pull_request.change import Change
from bot.domain.pull_request.moment import minute, span
from bot.domain.window import Window, WindowKind

_MOST_LINES = 50
_LONGEST_REASON = 300


def gates_text(changes: Sequence[Change]) -> str:
    """Doubts, approvals, checks, windows and hesitant fellows, in Markdown; nothing where a human decides."""
    by_itself = [change.environment for change in changes if change.environment.merge is Merge.AUTO]
    lines = [
        *(line for change in changes for line in _doubt(change)),
        *_approvals(by_itself),
        *_checks(by_itself),
        *(line for change in changes for line in _windows(change)),
        *(line for change in changes for line in _reluctance(change)),
    ]
    gates = list(dict.fromkeys(lines))[:_MOST_LINES]
    return "\n".join(["**Before the merge**", "", *(f"- {gate}" for gate in gates)]) if gates else ""


def _approvals(environments: Sequence[Environment]) -> Iterator[str]:
    """The strictest rule counts for all. A commit that was just made has no approval yet."""
    count = max((each.merging.approvals for each in environments), default=0)
    if count:
        word = "approval" if count == 1 else "approvals"
        yield f"{count} {word} of the newest commit (0 of {count} when this was written)"


def _checks(environments: Sequence[Environment]) -> Iterator[str]:
    names = dict.fromkeys(name for each in environments for name in each.merging.checks)
    if names:
        word = "check" if len(names) == 1 else "checks"
        yield f"{word} passed on the newest commit: {', '.join(map(code, names))}"
    if any(each.merging.platform for each in environments):
        yield "what the host itself asks for: Tagboat leaves the merge to it"


def _windows(change: Change) -> Iterator[str]:
    for window in change.environment.windows:
        yield _window(window)
    if change.shut and change.shut.until:
        yield f"not before {minute(change.shut.until)}, as the windows stand"
    elif change.shut:
        yield "another configuration: no allow window ever opens"


def _window(window: Window) -> str:
    word = "inside" if window.kind is WindowKind.ALLOW else "outside"
    reason = f", {harmless(window.reason)}" if window.reason else ""
    return f"{word} the window `{window.schedule}` for {span(window.duration)}, {window.time_zone}{reason}"


def _doubt(change: Change) -> Iterator[str]:
    if change.copy and change.copy.doubt and change.environment.merge is Merge.AUTO:
        yield f"a human's look: {harmless(change.copy.doubt, longest=_LONGEST_REASON)}"


def _reluctance(change: Change) -> Iterator[str]:
    if change.reluctance:
        place = f"{code(change.environment.name)} of {code(change.pipeline.name)}"
        yield f"{place}: {harmless(change.reluctance, longest=_LONGEST_REASON)}"
