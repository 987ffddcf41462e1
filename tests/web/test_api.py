"""What machines read: status, health, readiness and numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.adapters.stores.memory import MemoryStore
from bot.domain.errors import Unreachable
from bot.domain.status import PipelineStatus, State
from bot.flow.status import board, status_json
from bot.web.app import application
from tests.flow.worlds import START
from tests.kit.process import free_port
from tests.web.site import SECRET, Site, environment, every_state, settings, show, shown


class LostStore(MemoryStore):
    """A store that does not answer."""

    def board(self) -> list[PipelineStatus]:
        """Fail."""
        raise Unreachable("the store does not answer", fix="start the database")

    def revision(self) -> int:
        """Fail."""
        raise Unreachable("the store does not answer", fix="start the database")


def test_the_status_is_what_the_command_line_prints() -> None:
    site = Site()
    show(site.bench.store, shown(*every_state()))
    assert site.client().get("/api/status").json() == status_json(board(site.world))


def test_a_process_that_answers_is_alive_whatever_its_store_does() -> None:
    assert Site(store=LostStore()).client().get("/healthz").json() == {"alive": True}


def test_a_process_is_ready_while_its_store_answers() -> None:
    answer = Site().client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "store": "ok"})


def test_a_process_is_not_ready_without_its_store_and_says_why() -> None:
    answer = Site(store=LostStore()).client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "store": "the store does not answer (start the database)"}


def test_a_lost_broker_is_told_of_and_keeps_nothing_from_being_stored() -> None:
    site = Site()
    broker = SecretStr(f"redis://:{SECRET}@127.0.0.1:{free_port()}/0")
    app = application(site.world, replace(settings(site.bench), broker=broker))
    site.app = app
    answer = site.client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["broker"].startswith("cannot be reached")
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", ["/", "/api/status"])
def test_a_lost_store_is_said_and_asked_for_again(path: str) -> None:
    answer = Site(store=LostStore()).client().get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json() == {"error": "the store does not answer (start the database)"}


def _numbers(site: Site) -> dict[str, float]:
    lines = site.client().get("/metrics").text.splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def test_the_numbers_of_the_board_hold_every_state() -> None:
    site = Site()
    show(
        site.bench.store,
        shown(environment("a"), environment("b"), environment("c", State.BLOCKED), problem="no"),
    )
    numbers = _numbers(site)
    states = {state: numbers[f'tagboat_environments{{state="{state}"}}'] for state in State}
    assert {state: count for state, count in states.items() if count} == {State.LIVE: 2, State.BLOCKED: 1}
    assert numbers["tagboat_pipelines"] == numbers["tagboat_pipelines_with_problem"] == 1
    assert numbers["tagboat_oldest_look_timestamp_seconds"] == START.timestamp()
    assert numbers["tagboat_store_up"] == 1


def test_the_numbers_of_the_process_are_there_without_the_store() -> None:
    numbers = _numbers(Site(store=LostStore()))
    assert numbers["tagboat_store_up"] == 0
    assert "tagboat_pipelines" not in numbers
    assert "tagboat_page_watchers" in numbers
