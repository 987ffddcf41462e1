"""What an environment should have: the tags that policies chose, or the release that was proved upstream."""

from __future__ import annotations

from bot.domain.choosing.selection import is_downgrade
from bot.domain.deciding.promotion import NotYet, Proved, carried, proved
from bot.domain.deciding.situation import Situation, Step, Wanted, edited
from bot.domain.errors import TagboatError
from bot.domain.image import ImageRef, Release
from bot.domain.pipeline import Pipeline
from bot.domain.snapshot import ImageChoice, Problem
from bot.domain.status import State


def wanted(situation: Situation, found: Release) -> Wanted | Step:
    if not situation.environment.after:
        return _chosen(situation, found)
    hurried = situation.standing.hurried
    answer = proved(situation.environment, situation.upstream, situation.now, hurried=hurried)
    if isinstance(answer, NotYet):
        return _waiting(situation, answer)
    release = carried(situation.environment, answer.release)
    doubt = "" if release.key == hurried else _doubt(situation, answer)
    if doubt:
        return _waiting(situation, NotYet(doubt, answer.release))
    current = situation.record.current
    # What comes with copied files is read nowhere, but remembered.
    running = found if situation.environment.targets or current is None else current.release
    for alias, ref in release.only([alias for alias, _ in running.images]):
        policy = situation.pipeline.image(alias).policy
        if not policy.allow_downgrade and is_downgrade(
            policy, current=running[alias], wanted=ref, now=situation.now
        ):
            reason = (
                f"runs {alias} {running[alias].version}, newer than {ref.version} that is proved upstream"
            )
            return Step(None, reason)
    if answer.newer is None:
        return Wanted(release, answer.proofs)
    newer = answer.newer
    return Wanted(release, answer.proofs, newer.reason, newer.release, newer.until)


def _doubt(situation: Situation, answer: Proved) -> str:
    """Why it is not known whether the release still runs where it was proved; empty where it is known."""
    for proof in answer.proofs:
        doubt = "" if proof.live_until else situation.doubts.get(proof.environment, "")
        if doubt:
            return f"waits for {proof.environment}: what runs there is not known now ({doubt})"
    return ""


def _waiting(situation: Situation, answer: NotYet) -> Step:
    """The wait for what is to be proved; nothing is said of a release that is here already."""
    if answer.release is None:
        return Step(None, answer.reason, until=answer.until)
    if not _is_held(situation, answer.release):
        return Step(State.WAITING, answer.reason, until=answer.until, release=answer.release)
    reason = answer.reason if situation.view.open_pull_request else ""
    return Step(None, reason, until=answer.until)


def _chosen(situation: Situation, found: Release) -> Wanted | Step:
    choices = situation.snapshot.choices[situation.environment.name]
    refs: dict[str, ImageRef] = {}
    notes: list[str] = []
    for alias, current in found:
        answer = choices[alias]
        if isinstance(answer, Problem):
            state = State.WAITING if answer.is_transient else State.BLOCKED
            return Step(state, f"image {alias}: {answer}", until=situation.again(answer))
        if answer.choice.is_waiting:
            reason = f"image {alias}: {answer.choice.reason}"
            return Step(State.WAITING, reason, until=answer.choice.wake_at or situation.again())
        said = (answer.choice.reason if answer.choice.tag is None else "", answer.note)
        notes += [f"image {alias}: {each}" for each in said if each]
        refs[alias] = _chosen_ref(situation.pipeline, alias, answer, current)
    return Wanted(Release.of(refs), note="; ".join(notes))


def _chosen_ref(pipeline: Pipeline, alias: str, answer: ImageChoice, current: ImageRef) -> ImageRef:
    if answer.choice.tag is None:
        return current
    return ImageRef(pipeline.image(alias).name, answer.choice.tag, answer.digest)


def _is_held(situation: Situation, release: Release) -> bool:
    part, current = carried(situation.environment, release), situation.record.current
    if situation.environment.promote:  # its files are only read when they may be copied
        return current is not None and current.release == part
    try:
        return not edited(situation, situation.view.files, part)
    except TagboatError:
        return False
