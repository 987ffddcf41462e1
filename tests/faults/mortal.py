"""Ports that count their calls, and one call at which the process dies, hears no answer, or is overtaken."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from bot.domain.errors import Unreachable
from bot.flow.world import World

_Port = TypeVar("_Port")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


@dataclass
class Fate:
    """What happens right after the nth call of a port (of one of its methods): the process dies.

    Calls of the methods in `passing` do not count.
    """

    nth: int
    port: str
    method: str | None = None
    calls: int = 0
    passing: frozenset[str] = frozenset()

    @property
    def is_met(self) -> bool:
        """Whether it has happened."""
        return self.calls >= self.nth

    def before(self, port: str, method: str) -> None:
        """Called before every call: the dead do nothing."""
        if self.is_met:
            raise Killed

    def after(self, port: str, method: str) -> None:
        """Called after every call."""
        if self.counts(port, method):
            raise Killed

    def counts(self, port: str, method: str) -> bool:
        """Count the call; whether it is the nth that matters."""
        if port != self.port or self.method not in (None, method) or method in self.passing:
            return False
        self.calls += 1
        return self.calls == self.nth


class LostAnswer(Fate):
    """The nth call does its work, and a fault comes back; the process lives on."""

    def before(self, port: str, method: str) -> None:
        """Nothing stands in the way."""

    def after(self, port: str, method: str) -> None:
        """The fault."""
        if self.counts(port, method):
            raise Unreachable(f"the answer of {port}.{method} was lost")


class Unheard(LostAnswer):
    """The nth call does nothing but fail; the process lives on."""

    def before(self, port: str, method: str) -> None:
        """The fault."""
        super().after(port, method)

    def after(self, port: str, method: str) -> None:
        """All is done."""


@dataclass
class Meanwhile(Fate):
    """Somebody else does something right after the nth call, and the process lives on."""

    deed: Callable[[], object] = object

    def before(self, port: str, method: str) -> None:
        """Nothing stands in the way."""

    def after(self, port: str, method: str) -> None:
        """The deed."""
        if self.counts(port, method):
            self.deed()


def mortal(world: World, fate: Fate) -> World:
    """The same world, for a process that meets its fate."""
    return replace(
        world,
        registries=_all("registry", world.registries, fate),
        forges=_all("forge", world.forges, fate),
        deployments=_all("deployments", world.deployments, fate),
        notifiers=_all("notifier", world.notifiers, fate),
        store=_one("store", world.store, fate),
        catalog=_one("catalog", world.catalog, fate),
        queue=_one("queue", world.queue, fate),
        orders=_one("orders", world.orders, fate) if world.orders else None,
        communities=_all("community", world.communities, fate),
    )


def _all(name: str, ports: Mapping[str, _Port], fate: Fate) -> Mapping[str, _Port]:
    return {key: _one(name, port, fate) for key, port in ports.items()}


def _one(name: str, port: _Port, fate: Fate) -> _Port:
    return cast(_Port, _Mortal(name, port, fate))


class _Mortal:
    """One port that counts its calls."""

    def __init__(self, name: str, port: object, fate: Fate) -> None:
        self._name, self._port, self._fate = name, port, fate

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        return functools.partial(self._call, method, found) if callable(found) else found

    def _call(self, method: str, function: Any, /, *arguments: Any, **named: Any) -> Any:
        self._fate.before(self._name, method)
        answer = function(*arguments, **named)
        self._fate.after(self._name, method)
        return answer
