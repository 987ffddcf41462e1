"""Listen: commands in comments on a Git host are taken or refused, and answered.

A webhook only says that there is something to read: what counts is the comment as its host shows it when it
is read, by somebody who may write to that repository then. Each comment is taken, or refused, once, and
answered by a comment; both stay as the record of who told what.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.domain.errors import NotFound, Permanent, Refused
from bot.domain.harmless import harmless
from bot.domain.people.command import Command, Misunderstood, Place, Remark, Verb, parse_command
from bot.domain.people.order import Order
from bot.domain.pipeline import Environment, Pipeline
from bot.flow.look import Looking
from bot.flow.tell import Teller, environment_at, orders_of, sentence_for, tell
from bot.flow.world import Attended, World
from bot.ports import Community

log = structlog.get_logger(__name__)

_OVERLAP = timedelta(minutes=2)
"""How far before the first look comments count: by so much may the host's clock differ from ours."""

_OWN = re.compile(r"<!-- tagboat comment=")
_MOST_NAMED = 10
_WHERE = "write for example `/tagboat hold homepage/prod 3d`"


def listen(world: World, attended: Attended) -> Sequence[Permanent]:
    """Take or refuse what was told in the comments of a repository since the last time, and answer.

    Returns what keeps single comments from being answered. What was said before the first time counts not.

    Raises:
        Transient: the host does not answer; the next time goes on from here.
        Permanent: its comments cannot be read at all.
    """
    orders, community = orders_of(world), world.communities[attended.repository.forge]
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


def _hear(world: World, attended: Attended, remark: Remark) -> None:
    if remark.is_by_bot or _OWN.search(remark.body):
        return
    command = parse_command(remark.body)
    if command is None:
        return
    community, path = world.communities[attended.repository.forge], attended.repository.path
    order = orders_of(world).find(_key(attended, remark))
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
            return orders_of(world).add(about)
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
    return orders_of(world).add(replace(order, refusal=refusal))


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
    pipeline, _ = environment_at(world, place)
    if pipeline.repository != attended.repository:
        raise Refused(
            f"{place} is not deployed from this repository", fix=f"comment in {pipeline.repository.path}"
        )


def _key(attended: Attended, remark: Remark) -> str:
    return f"{attended.repository}#{remark.number}/{remark.id}"
