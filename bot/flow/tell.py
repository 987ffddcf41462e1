"""Tell: what somebody tells Tagboat, in a comment or on the command line, becomes an order.

An order says what was meant when it was told: which release, and until when. Where it means nothing, it is
refused, and why is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import structlog

from bot.domain.deciding.obeying import before
from bot.domain.deciding.promotion import carried
from bot.domain.errors import NotFound, Refused, TagboatError, Unreachable
from bot.domain.harmless import code, harmless
from bot.domain.image import Release
from bot.domain.people.command import HELP, Command, Place, Verb
from bot.domain.people.order import Order, standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import Problem
from bot.flow.look import Looking, pull_requests
from bot.flow.receive import wake
from bot.flow.world import World
from bot.ports import Orders

log = structlog.get_logger(__name__)

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells something, when, and where; `key` makes it count once."""

    key: str
    who: str
    at: datetime
    where: str = ""


def tell(world: World, place: Place, command: Command, teller: Teller) -> Order:
    """Take an order, by the same rules for every way in, and wake its pipeline; return it as it is kept.

    Raises:
        NotFound: no such pipeline or environment.
        Refused: it means nothing there now; why says it.
    """
    pipeline, environment = environment_at(world, place)
    order = _ordered(world, pipeline, environment, command, teller)
    kept = orders_of(world).add(order)
    log.info(
        "order_taken",
        pipeline=kept.pipeline,
        environment=kept.environment,
        verb=str(kept.verb),
        who=kept.who,
        order=kept.key,
    )
    world.store.wake([pipeline.name], now=world.clock.now())
    wake(world, [pipeline.name])
    return kept


def sentence_for(order: Order, *, resume: str = "/tagboat resume") -> str:
    """What an order that was taken does, in one Markdown sentence or two; `resume` is what would end it."""
    place = code(f"{order.pipeline}/{order.environment}")
    end = f"{code(resume)} ends it."
    match order.verb:
        case Verb.HOLD:
            until = f"until {order.until:%Y-%m-%d %H:%M} UTC" if order.until else "until somebody resumes"
            return f"{place} is held {until}: nothing is proposed or merged there. {end}"
        case Verb.RESUME:
            return f"{place} goes on."
        case Verb.REBASE:
            return f"The branch for {place} is built anew."
        case Verb.SKIP:
            after = "the next release is (`promote` brings this one back)"
            return f"{code(order.version)} is not proposed to {place} again; {after}."
        case Verb.PROMOTE:
            gates = "soaking, its windows" if order.is_forced else "soaking"
            return (
                f"{code(order.version)} goes on to {place} without waiting for {gates} or a human; "
                f"health and checks still count{'' if order.is_forced else ', and so do its windows'}."
            )
        case Verb.ROLLBACK:
            return f"{place} goes back to {code(order.version)}, and stays there. {end}"
        case Verb.OVERWRITE:
            return (
                f"The next copy to {place} may undo what was changed there by hand up to now; "
                "a later change stops it again."
            )
        case Verb.HELP:
            return HELP
        case _:
            assert_never(order.verb)


def environment_at(world: World, place: Place) -> tuple[Pipeline, Environment]:
    """What a name that somebody told stands for.

    Raises:
        NotFound: no such pipeline or environment.
    """
    pipeline = world.pipelines.get(place.pipeline)
    if pipeline is None:
        raise NotFound(f"there is no pipeline {harmless(place.pipeline)}", fix="see `tagboat status`")
    names = [each.name for each in pipeline.environments]
    if place.environment not in names:
        raise NotFound(
            f"{pipeline.name} has no environment {harmless(place.environment)}",
            fix=f"one of {', '.join(names[:_MOST_NAMED])}",
        )
    return pipeline, pipeline.environment(place.environment)


def orders_of(world: World) -> Orders:
    """Where orders are kept.

    Raises:
        Refused: nowhere, since no store is open.
    """
    if world.orders is None:
        raise Refused("orders cannot be kept here", fix="open the store")
    return world.orders


def _ordered(
    world: World, pipeline: Pipeline, environment: Environment, command: Command, teller: Teller
) -> Order:
    """The order with what it means now: which release, and until when."""
    order = Order(
        key=teller.key,
        pipeline=pipeline.name,
        environment=environment.name,
        verb=command.verb,
        who=teller.who,
        at=teller.at,
        reason=command.reason,
        is_forced=command.is_forced,
        where=teller.where,
    )
    match command.verb:
        case Verb.HOLD:
            return replace(order, until=teller.at + command.length if command.length else None)
        case Verb.RESUME:
            return _resumed(world, order)
        case Verb.REBASE | Verb.SKIP:
            return _about_proposal(world, pipeline, environment, order)
        case Verb.PROMOTE:
            return _promoted(world, pipeline, environment, order)
        case Verb.ROLLBACK:
            return _back(world, environment, order)
        case Verb.OVERWRITE:
            return _overwriting(world, environment, order)
        case Verb.HELP:
            raise Refused("help is no order")
        case _:
            assert_never(command.verb)


def _resumed(world: World, order: Order) -> Order:
    told = standing(orders_of(world).of(order.pipeline), order.environment, order.at)
    if told.hold is None and told.rollback is None:
        raise Refused(f"nothing is held in {order.pipeline}/{order.environment}")
    return order


def _about_proposal(world: World, pipeline: Pipeline, environment: Environment, order: Order) -> Order:
    pull = _open(_pulls(world, pipeline, environment))
    if pull is None or pull.mark is None:
        raise Refused(f"no pull request of Tagboat's is open for {environment.name} of {pipeline.name}")
    if order.verb is Verb.SKIP and environment.group:
        what = f"the pull request is for the whole group {environment.group}"
        raise Refused(what, fix=f"hold {order.pipeline}/{environment.name}, or close the pull request")
    back = standing(orders_of(world).of(pipeline.name), environment.name, order.at).rollback
    if order.verb is Verb.SKIP and back and back.release == pull.mark.key:
        raise Refused(f"{environment.name} goes back to {back.version} {back.because}", fix="resume it")
    return replace(order, release=pull.mark.key, version=pull.mark.version)


def _promoted(world: World, pipeline: Pipeline, environment: Environment, order: Order) -> Order:
    told = standing(orders_of(world).of(pipeline.name), environment.name, order.at)
    stop = told.hold or told.rollback
    if stop:
        raise Refused(f"{environment.name} is held {stop.because}", fix="resume it first")
    pulls = _pulls(world, pipeline, environment)
    pull = _open(pulls)
    if pull and pull.mark:
        return replace(order, release=pull.mark.key, version=pull.mark.version)
    waiting = _upstream(world, pipeline, environment)
    if waiting is not None:
        return replace(order, release=waiting.key, version=waiting.version)
    newest = next(iter(pulls), None)
    if newest and newest.mark and newest.state is PullRequestState.CLOSED and not newest.is_withdrawn:
        return replace(order, release=newest.mark.key, version=newest.mark.version)
    record = world.store.load(pipeline.name).environment(environment.name)
    before, here = record.proposed, record.current
    if before and (here is None or here.release != before):  # it was skipped, or taken back by hand
        return replace(order, release=before.key, version=before.version)
    raise Refused(f"no release waits to go to {environment.name} of {pipeline.name}")


def _upstream(world: World, pipeline: Pipeline, environment: Environment) -> Release | None:
    """The newest release before the environment, where it is not there yet."""
    record = world.store.load(pipeline.name)
    current = record.environment(next(iter(environment.after), "")).current
    if current is None:
        return None
    release = carried(environment, current.passed_on if environment.promote else current.release)
    here = record.environment(environment.name).current
    return None if here and carried(environment, here.release) == release else release


def _overwriting(world: World, environment: Environment, order: Order) -> Order:
    """The order for what was seen last: who lets it go says nothing of what is changed later."""
    place = f"{order.pipeline}/{environment.name}"
    if environment.promote is None:
        raise Refused(f"{place} takes over no directory, so nothing is overwritten")
    seen = world.store.load(order.pipeline).environment(environment.name).hot_fix
    if not seen:
        raise Refused(f"no change by hand keeps {place} from being copied to", fix="see `tagboat status`")
    return replace(order, release=seen)


def _back(world: World, environment: Environment, order: Order) -> Order:
    if environment.promote:
        what = f"{environment.name} takes over whole directories, whose old files are not remembered"
        raise Refused(what, fix="revert its last pull request by hand, and hold it")
    release = before(world.store.load(order.pipeline).environment(environment.name))
    if release is None:
        raise Refused(f"no release that was live in {environment.name} before is remembered")
    return replace(order, release=release.key, version=release.version)


def _pulls(world: World, pipeline: Pipeline, environment: Environment) -> Sequence[PullRequest]:
    record = world.store.load(pipeline.name).environment(environment.name)
    found = pull_requests(Looking(world, pipeline, environment, record))
    if isinstance(found, Problem):
        fault: type[TagboatError] = Unreachable if found.is_transient else Refused
        raise fault(found.what, why=found.why, fix=found.fix)
    return found


def _open(pulls: Sequence[PullRequest]) -> PullRequest | None:
    return next((each for each in pulls if each.state is PullRequestState.OPEN), None)
