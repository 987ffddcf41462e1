"""What somebody changed by hand in a directory that is copied to: it stops the copy until it is let go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.errors import Refused
from bot.domain.people.command import Command, Place, Verb
from bot.domain.pipeline import Merge
from bot.domain.status import State
from bot.flow.tell import Teller, sentence_for, tell
from tests.flow.directories import COPY, PRODUCTION, STAGING, commit, directory_bench, production
from tests.flow.worlds import REPOSITORY, Bench


def test_a_hot_fix_that_the_copy_would_undo_stops_it_with_its_path() -> None:
    bench = directory_bench()
    commit(bench, {"production/app.yaml": b"a: hot\n"})
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    status = bench.status("production")
    assert status.state is State.BLOCKED
    assert "production/app.yaml changed since staging/ was last copied" in status.reason
    assert production(bench)["app.yaml"].data == b"a: hot\n"


def test_a_hot_fix_is_seen_even_before_anything_new_comes() -> None:
    bench = directory_bench()
    commit(bench, {"production/extra.yaml": b"by hand\n"})
    bench.look()
    assert "production/extra.yaml" in bench.status("production").reason


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"production/values.yaml": b"image: {tag: 1.0.0}\nreplicas: 12\n"}, id="a kept key"),
        pytest.param({"production/secrets/key": b"rotated\n"}, id="a kept file"),
        pytest.param({"production/secrets/more": b"new\n"}, id="a new file that is kept"),
        pytest.param({"production/app.yaml": b"a: 2\n"}, id="the same as upstream"),
    ],
)
def test_what_a_copy_does_not_undo_is_no_hot_fix(change: Mapping[str, bytes]) -> None:
    bench = directory_bench()
    commit(bench, change)
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    assert bench.status("production").state is State.LIVE
    files = production(bench)
    assert files["app.yaml"].data == b"a: 2\n"
    for path, data in change.items():
        assert files[path.removeprefix("production/")].data == data


def test_a_hot_fix_that_was_made_upstream_too_lets_the_copy_go_on() -> None:
    bench = directory_bench()
    commit(bench, {"production/app.yaml": b"a: hot\n"})
    bench.look()
    assert bench.status("production").state is State.BLOCKED
    commit(bench, {"staging/app.yaml": b"a: hot\n", "staging/new.yaml": b"n\n"})
    bench.look()
    assert bench.status("production").state is State.LIVE
    assert production(bench)["new.yaml"].data == b"n\n"


def test_overwrite_lets_a_hot_fix_go() -> None:
    bench = directory_bench(replace(PRODUCTION, promote=replace(COPY, overwrite=True)))
    commit(bench, {"production/app.yaml": b"a: hot\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 1\n"


def let_overwrite(bench: Bench, reason: str = "") -> str:
    """Somebody lets the next copy undo what was changed in production; gives the answer."""
    orders = bench.world.orders or MemoryOrders()
    bench.world = replace(bench.world, orders=orders)
    teller = Teller(uuid.uuid4().hex, "ada", bench.clock.now())
    order = tell(bench.world, Place("shop", "production"), Command(Verb.OVERWRITE, reason=reason), teller)
    bench.settle()
    return sentence_for(order)


def test_somebody_may_let_one_copy_undo_a_hot_fix() -> None:
    bench = directory_bench()
    commit(bench, {"production/app.yaml": b"a: hot\n"})
    bench.look()
    assert "or tell `/tagboat overwrite`" in bench.status("production").reason
    assert "may undo what was changed there by hand" in let_overwrite(bench, "fixed in the image")
    assert production(bench)["app.yaml"].data == b"a: 1\n"
    (pull,) = bench.forge.pull_requests(REPOSITORY, "tagboat/shop/production")
    said = "**Overwrites** what was changed by hand in `production/app.yaml`, ordered by ada: fixed in"
    assert pull.body.startswith(said)
    bench.clock.pass_by(timedelta(minutes=1))
    commit(bench, {"production/app.yaml": b"a: hot again\n"})
    bench.look()
    assert bench.status("production").state is State.BLOCKED


@pytest.mark.parametrize(
    "later",
    [
        pytest.param({"production/app.yaml": b"a: hotter\n"}, id="the same file"),
        pytest.param({"production/extra.yaml": b"by hand\n"}, id="another file"),
        pytest.param({"production/old.yaml": None}, id="a file that went"),
    ],
)
def test_what_was_changed_after_somebody_let_a_hot_fix_go_stops_the_copy_again(
    later: Mapping[str, bytes | None],
) -> None:
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL))
    commit(bench, {"production/app.yaml": b"a: hot\n"})
    bench.look()
    let_overwrite(bench)
    assert bench.status("production").state is State.PROPOSED
    commit(bench, later)
    bench.look()
    status = bench.status("production")
    assert status.state is State.BLOCKED
    assert all(path in status.reason for path in later)
    let_overwrite(bench)
    assert bench.status("production").state is State.PROPOSED


def test_nothing_can_be_let_go_before_it_was_seen() -> None:
    bench = directory_bench()
    with pytest.raises(Refused, match="no change by hand keeps shop/production from being copied to"):
        let_overwrite(bench)
    commit(bench, {"production/app.yaml": b"a: hot\n"})
    bench.look()
    commit(bench, {"production/app.yaml": b"a: 1\n"})
    bench.look()
    with pytest.raises(Refused, match="no change by hand keeps shop/production from being copied to"):
        let_overwrite(bench)


def test_what_copies_no_directory_overwrites_nothing() -> None:
    bench = directory_bench(replace(PRODUCTION, promote=None, targets=STAGING.targets))
    with pytest.raises(Refused, match="takes over no directory"):
        let_overwrite(bench)
