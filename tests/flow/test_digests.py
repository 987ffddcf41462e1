"""What people committed by a tag alone is promoted by the digest that the tag named when it was seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.domain.errors import Unreachable
from bot.domain.pipeline import Merge
from bot.domain.status import State
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

HOUR = timedelta(hours=1)
FILE = "envs/dev/values.yaml"


@pytest.fixture
def bench() -> Bench:
    """Dev at 1.2.0, which is the newest; prod follows after an hour. 1.2.1-fix is no release."""
    made = Bench(
        (
            environment("dev", merge=Merge.AUTO),
            environment("prod", after=("dev",), merge=Merge.AUTO, soak=HOUR),
        )
    )
    made.settle()
    made.registry.push(WEB, "1.2.0")
    made.registry.push(WEB, "1.2.1-fix")
    made.look()
    made.clock.pass_by(HOUR)
    made.look()
    assert made.file("prod") == values("1.2.0")
    return made


def commit(bench: Bench) -> None:
    """Somebody puts a tag into dev by hand that no policy would choose."""
    bench.forge.commit_by_human(REPOSITORY, "main", {FILE: File(values("1.2.1-fix"))})
    bench.look()


def soak(bench: Bench) -> None:
    """An hour goes by."""
    bench.clock.pass_by(HOUR)
    bench.look()


def test_a_tag_that_somebody_committed_goes_on_once_it_has_soaked(bench: Bench) -> None:
    commit(bench)
    soak(bench)
    assert bench.file("prod") == values("1.2.1-fix")


def test_a_tag_that_was_moved_after_somebody_committed_it_does_not_go_on(bench: Bench) -> None:
    commit(bench)
    bench.registry.push(WEB, "1.2.1-fix", content="other")
    soak(bench)
    assert bench.file("prod") == values("1.2.0")
    assert "tag 1.2.1-fix of registry.example:5000/acme/web was moved" in bench.status("prod").reason


def test_a_tag_that_no_registry_has_does_not_go_on(bench: Bench) -> None:
    bench.registry.delete(WEB, "1.2.1-fix")
    commit(bench)
    soak(bench)
    assert bench.file("prod") == values("1.2.0")
    assert bench.status("prod").state is State.WAITING
    assert (
        "nobody knows which image registry.example:5000/acme/web:1.2.1-fix is" in bench.status("prod").reason
    )


def test_a_registry_that_did_not_answer_is_asked_again(bench: Bench) -> None:
    bench.registry.fail(Unreachable("no answer"), image=WEB, tag="1.2.1-fix")
    commit(bench)
    assert bench.status("prod").state is State.WAITING
    bench.registry.recover()
    bench.clock.pass_by(timedelta(minutes=5))
    soak(bench)
    assert bench.file("prod") == values("1.2.1-fix")
