"""Commands: what people tell Tagboat, in comments on a Git host or on the command line, becomes orders.

A webhook only says that there is something to read: what counts is the comment as its host shows it when it
is read, by somebody who may write to that repository then. Each comment is taken, or refused, once, and
answered by a comment; both stay as the record of who told what.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bot.domain.deciding.obeying import before
from bot.domain.deciding.promotion import carried
from bot.domain.errors import NotFound, Permanent, Refused, TagboatError, Unreachable
from bot.domain.harmless import code, harmless
from bot.domain.image import Release
from bot.domain.people.command import HELP, Command, Misunderstood, Place, Remark, Verb, parse_command
from bot.domain.people.order import Order, standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import Problem
from bot.flow.look import Looking, pull_requests
from bot.flow.receive import wake
from bot.flow.world import Attended, World
from bot.ports import Community, Orders

log = structlog.get_logger(__name__)

_OVERLAP = timedelta(minutes=2)
"""How far before the first look comments count: by so much may the host's clock differ from ours."""

_OWN = re.compile(r"<!-- tagboat comment=")
_MOST_NAMED = 10
_WHERE = "write for example `/tagboat hold homepage/prod 3d`"


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells something, when, and where; `key` makes it count once."""

    key: str
    who: str
    at: datetime
    where: str = ""


def listen(world: World, attended: Attended) -> Sequence[Permanent]:
    """Take or refuse what was told in the comments of a repository since the last time, and answer.

    Returns what keeps single comments from being answered. What was said before the first time counts not.

    Raises:
        Transient: the host does not answer; the next time goes on from here.
        Permanent: its comments cannot be read at all.
    """
    orders, community = _orders(world), world.communities[attended.repository.forge]
    heard = orders.heard(attended.name)
    if heard is None:
        orders.hear(attended.name, until=world.clock.now() - _OVERLAP)
        return ()
    faults: list[Permanent] = []
    said = community.remarks(attended.repository.path, since=heard)
    for remark in said.remarks:
        try:
            _hear(world, attended, remark)
        except Permanent as error:  # one comment that cannot be answered must not keep back the others
            log.warning("comment_not_answered", repository=str(attended.repository), reason=str(error))
            faults.append(error)
        orders.hear(attended.name, until=remark.at)
    orders.hear(attended.name, until=said.until)
    return faults


def tell(world: World, place: Place, command: Command, teller: Teller) -> Order:
    """Take an order, by the same rules for every way in, and wake its pipeline; return it as it is kept.

    Raises:
        NotFound: no such pipeline or environment.
        Refused: it means nothing there now; why says it.
    """
    pipeline, environment = _environment(world, place)
    order = _ordered(world, pipeline, environment, command, teller)
    kept = _orders(world).add(order)
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


def sentence_for(order: Order) -> str:
    """What an order that was taken does, in one Markdown sentence or two."""
    place = code(f"{order.pipeline}/{order.environment}")
    end = f"{code('/tagboat resume')} ends it."
    match order.verb:
        case Verb.HOLD:
            until = f"until {order.until:%Y-%m-%d %H:%M} UTC" if order.until else "until somebody resumes"
            return f"{place} is held {until}: nothing is proposed or merged there. {end}"
        case Verb.RESUME:
            return f"{place} goes on."
        case Verb.REBASE:
            return f"The branch for {place} is built anew."
        case Verb.SKIP:
            return f"{code(order.version)} is not proposed to {place} again; the next release is."
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


def _hear(world: World, attended: Attended, remark: Remark) -> None:
    if remark.is_by_bot or _OWN.search(remark.body):
        return
    command = parse_command(remark.body)
    if command is None:
        return
    community, path = world.communities[attended.repository.forge], attended.repository.path
    order = _orders(world).find(_key(attended, remark))
    if order is None and remark.is_edited:
        command = Misunderstood("a comment that was edited does not count (write the command in a new one)")
    if order is None:
        order = _taken(world, attended, remark, command)
    said = f"Not done: {order.refusal}." if order.refusal else sentence_for(order)
    community.answer(path, remark.number, said, key=f"command/{remark.id}")


def _taken(world: World, attended: Attended, remark: Remark, command: Command | Misunderstood) -> Order:
    """The order that a comment gives, or the record that it was refused."""
    teller = Teller(_key(attended, remark), remark.author, world.clock.now(), remark.url)
    about = _order(Place("", ""), Verb.HELP, teller, attended)
    try:
        _require_writer(world.communities[attended.repository.forge], attended, remark)
        if isinstance(command, Misunderstood):
            return _refused(world, about, command.reason)
        if command.verb is Verb.HELP:
            return _orders(world).add(about)
        place = command.place or _place_of(world, attended, remark.number)
        _require_here(world, attended, place)
        about = _order(place, command.verb, teller, attended)
        return tell(world, place, command, teller)
    except Permanent as error:
        return _refused(world, about, str(error))


def _require_writer(community: Community, attended: Attended, remark: Remark) -> None:
    path = attended.repository.path
    if not community.may_write(path, remark.author):
        raise Refused(f"{harmless(remark.author)} may not write to {path}", fix="ask somebody who may")


def _refused(world: World, order: Order, refusal: str) -> Order:
    log.info("order_refused", pipeline=order.pipeline, who=order.who, reason=refusal)
    return _orders(world).add(replace(order, refusal=refusal))


def _order(place: Place, verb: Verb, teller: Teller, attended: Attended) -> Order:
    """An order that is about no environment is kept under the repository's own name."""
    name = place.pipeline or attended.name
    return Order(teller.key, name, place.environment, verb, teller.who, teller.at, where=teller.where)


def _place_of(world: World, attended: Attended, number: int) -> Place:
    """The environment whose pull request was commented on."""
    try:
        pull = world.forges[attended.repository.forge].pull_request(attended.repository.path, number)
    except NotFound as error:
        raise Refused("it is not said which environment is meant", fix=_WHERE) from error
    found = [
        Place(pipeline.name, environment.name)
        for pipeline in world.pipelines.values()
        if pipeline.repository == attended.repository
        for environment in pipeline.environments
        if pull.branch in _branches(world, pipeline, environment)
    ]
    if not found:
        raise Refused("this pull request is not Tagboat's, and names no environment", fix=_WHERE)
    if len(found) > 1:
        names = ", ".join(map(str, found[:_MOST_NAMED]))
        raise Refused("this pull request is for several environments", fix=f"name one of {names}")
    return found[0]


def _branches(world: World, pipeline: Pipeline, environment: Environment) -> Sequence[str]:
    record = world.store.load(pipeline.name).environment(environment.name)
    try:
        return Looking(world, pipeline, environment, record).branches
    except Refused:  # the environment's own status says what is wrong with its template
        return ()


def _require_here(world: World, attended: Attended, place: Place) -> None:
    """The right to write was asked of this repository, so it is for its own pipelines alone."""
    pipeline, _ = _environment(world, place)
    if pipeline.repository != attended.repository:
        raise Refused(
            f"{place} is not deployed from this repository", fix=f"comment in {pipeline.repository.path}"
        )


def _environment(world: World, place: Place) -> tuple[Pipeline, Environment]:
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
    told = standing(_orders(world).of(order.pipeline), order.environment, order.at)
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
    back = standing(_orders(world).of(pipeline.name), environment.name, order.at).rollback
    if order.verb is Verb.SKIP and back and back.release == pull.mark.key:
        raise Refused(f"{environment.name} goes back to {back.version} {back.because}", fix="resume it")
    return replace(order, release=pull.mark.key, version=pull.mark.version)


def _promoted(world: World, pipeline: Pipeline, environment: Environment, order: Order) -> Order:
    told = standing(_orders(world).of(pipeline.name), environment.name, order.at)
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


def _key(attended: Attended, remark: Remark) -> str:
    return f"{attended.repository}#{remark.number}/{remark.id}"


def _orders(world: World) -> Orders:
    if world.orders is None:
        raise Refused("orders cannot be kept here", fix="open the store")
    return world.orders
