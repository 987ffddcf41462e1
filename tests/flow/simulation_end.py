"""The end of a simulation: every hindrance is taken away, and then all must come to rest at the newest."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from bot.adapters.forges.memory.forge import File
from bot.domain.errors import TagboatError
from bot.domain.image import ImageName
from bot.domain.people.command import Command, Place, Verb
from bot.domain.people.consent import CheckState, Opinion
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.status import State
from bot.flow.tell import Teller, tell
from tests.flow.simulation import Simulation
from tests.flow.simulation_configuring import set_free
from tests.flow.simulation_shape import FIRST, file_of, folder_of
from tests.flow.simulation_truth import refs_in
from tests.flow.worlds import REPOSITORY

_ROUNDS = 260
"""Hours until all must have come to rest: soaks of a day one after another, and windows between them."""


def finish(sim: Simulation) -> str:
    """Take every hindrance away and let time go by; return what did not come to rest, empty where all did."""
    sim.world = sim.alive
    sim.wake()
    sim.pass_by(timedelta(minutes=10))
    _mend(sim)
    newest = {_push(sim, image) for image in sim.images}
    for _ in range(_ROUNDS):
        for pull in sim.open_pulls:
            _consent(sim, pull)
        for span in (timedelta(seconds=10), timedelta(minutes=60)):
            sim.clock.pass_by(span)
            sim.wake()
            sim.settle()
        rest = _rest(sim, newest)
        if not rest or sim.laws.broken:
            return ""
    return rest


def _mend(sim: Simulation) -> None:
    for _, environment in sim.shape.places:
        for application in environment.applications:
            with suppress(KeyError):
                sim.argocd.play(application, "healthy")
    is_group_empty = not any(environment.group for _, environment in sim.shape.places)
    for pull in sim.open_pulls:
        is_left = is_group_empty and pull.branch.startswith("tagboat/groups/")
        if is_left or sim.forge.foreign_commit(REPOSITORY, branch=pull.branch, base=pull.base):
            sim.forge.close_by_human(REPOSITORY, pull.number)
    for pull in sim.pulls:
        head = sim.forge.head(REPOSITORY, pull.branch)
        if head and sim.forge.foreign_commit(REPOSITORY, branch=pull.branch, base="main"):
            sim.forge.delete_by_human(REPOSITORY, pull.branch)
    sim.commit(_mended(sim))
    set_free(sim)
    for pipeline, environment in sim.shape.places:
        place = Place(pipeline.name, environment.name)
        told = sim.laws.standing((place.pipeline, place.environment))
        if told.hold or told.rollback:
            tell(sim.world, place, Command(Verb.RESUME), Teller(f"end-{place}", "ada", sim.clock.now()))


def _mended(sim: Simulation) -> dict[str, File | None]:
    """Files that are there and can be read; what is copied is alike."""
    files = sim.forge.files(REPOSITORY, sim.truth.base())
    digests = {image: sim.registry.push_silently(image, FIRST, content=FIRST) for image in sim.images}
    whole, mended = sim.shape.files(digests), dict[str, File | None]()
    for pipeline, environment in sim.shape.places:
        path, folder = file_of(pipeline.name, environment.name), folder_of(pipeline.name, environment.name)
        old = files.get(path) or files.get(f"{path}.old") or File(whole[path])
        is_readable = refs_in(old.data).keys() == {image.alias for image in pipeline.images}
        mended[path] = old if is_readable else File(whole[path])
        mended[f"{path}.old"] = None
        if environment.promote:
            mended |= _copied(sim, (pipeline.name, environment.name), folder)
    return mended


def _copied(sim: Simulation, place: tuple[str, str], folder: str) -> dict[str, File | None]:
    """A directory as it was copied last: no change of somebody's stands in the way of the next copy."""
    current = sim.store.load(place[0]).environment(place[1]).current
    if current is None or not current.copied_at:
        return {}
    now, then = sim.forge.files(REPOSITORY, sim.truth.base()), sim.forge.files(REPOSITORY, current.copied_at)
    return {path: then.get(path) for path in now.keys() | then.keys() if path.startswith(f"{folder}/")}


def _push(sim: Simulation, image: ImageName) -> str:
    tag = sim.next_tag(image)
    sim.push(image, tag, told=True)
    return f"{image}:{tag}"


def _consent(sim: Simulation, pull: PullRequest) -> None:
    for by in ("ada", "bob"):
        sim.forge.review_by_human(REPOSITORY, pull.number, Opinion.APPROVED, by=by)
    sim.forge.report_by_check(REPOSITORY, pull.head, "ci", CheckState.SUCCEEDED)
    if sim.forge.arming(REPOSITORY, pull.number).is_armed:
        with suppress(TagboatError):
            sim.forge.merge_by_host(REPOSITORY, pull.number)
        return
    shown = [
        each for _, each in sim.statuses if each.pull_request and each.pull_request.number == pull.number
    ]
    if any("human" in each.reason for each in shown) and pull.mergeable:
        sim.forge.merge_by_human(REPOSITORY, pull.number)


def _rest(sim: Simulation, newest: set[str]) -> str:
    """What is not at rest at the newest, with the reason that is shown."""
    base, found = sim.truth.base(), [f"{each.number} is open" for each in sim.open_pulls]
    for pipeline, environment in sim.shape.places:
        refs = sim.truth.refs(base, (pipeline.name, environment.name))
        shown = sim.shown((pipeline.name, environment.name))
        is_newest = all(f"{pipeline.image(alias).name}:{tag}" in newest for alias, (tag, _) in refs.items())
        if shown is None or shown.state is not State.LIVE or not is_newest:
            found.append(f"{pipeline.name}/{environment.name} {dict(refs)}: {shown}")
    return "\n".join(found)
