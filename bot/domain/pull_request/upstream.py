"""The part of a pull request's text that says what was proved in the environments before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.domain.deciding.promotion import Proof
from bot.domain.harmless import code, harmless
from bot.domain.pull_request.body import link
from bot.domain.pull_request.change import Change
from bot.domain.pull_request.moment import minute, span
from bot.domain.rollout.verdict import VerdictWord
from bot.domain.status import ApplicationStatus

_MOST_APPLICATIONS = 20
_MOST_LINES = 100


def upstream_text(changes: Sequence[Change]) -> str:
    """Since when it was live where, how long it soaked, and what Argo CD said of it, in Markdown.

    A group is told alike whoever wrote last: without the commits, of which each knows its own.
    """
    lines = [line for change in changes for line in _of_change(change, is_alone=len(changes) == 1)]
    return "\n".join(["**Proved upstream**", "", *lines[:_MOST_LINES]]) if lines else ""


def _of_change(change: Change, *, is_alone: bool) -> Iterator[str]:
    pipeline = "" if is_alone else f" of {code(change.pipeline.name)}"
    for proof in change.proofs:
        # A whole commit id is a link to it on every host, and is shown in short.
        commit = f", as {proof.commit}" if is_alone and proof.commit else ""
        yield f"- {code(proof.environment)}{pipeline}: live {_span(proof)}{commit}"
        yield from _details(proof, change.environment.soak)


def _span(proof: Proof) -> str:
    until = f" until {minute(proof.live_until)}, when a newer one came" if proof.live_until else ""
    return f"since {minute(proof.live_since)}{until}"


def _details(proof: Proof, soak: timedelta) -> Iterator[str]:
    if soak:
        yield f"  - {_soaked(proof, soak)}"
    if proof.applications:
        shown = ", ".join(map(_application, proof.applications[:_MOST_APPLICATIONS]))
        rest = len(proof.applications) - _MOST_APPLICATIONS
        yield f"  - Argo CD: {shown}{f' and {rest} more' if rest > 0 else ''}"


def _soaked(proof: Proof, soak: timedelta) -> str:
    if proof.soaked_at is None:
        return f"not soaked for its {span(soak)}: somebody ordered it to go on"
    if proof.live_until:
        return f"soaked for {span(proof.live_until - proof.live_since)} of {span(soak)}"
    return f"soaked for {span(soak)} of {span(soak)} by {minute(proof.soaked_at)}"


def _application(each: ApplicationStatus) -> str:
    reason = f" ({harmless(each.reason)})" if each.reason and each.verdict != VerdictWord.LIVE else ""
    return f"{link(code(each.name), each.url)} {harmless(each.verdict)}{reason}"
