"""Directories over memory twins: what is proved upstream is copied, and what is kept stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.adapters.forges.memory.forge import File
from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.directories.keep import DirectoryPromotion, Keep
from bot.domain.people.command import Command, Place, Verb
from bot.domain.pipeline import Environment, Merge, Target
from bot.domain.place import HelmValues
from bot.domain.status import State
from bot.flow.reconcile import preview
from bot.flow.tell import Teller, tell
from tests.flow.directories import (
    COPY,
    OWN_VALUES,
    PRODUCTION,
    STAGING,
    VALUES,
    commit,
    directory_bench,
    production,
)
from tests.flow.worlds import REPOSITORY, WEB


def test_a_new_image_comes_with_its_files_and_what_is_kept_stays() -> None:
    bench = directory_bench()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    files = production(bench)
    assert files["values.yaml"].data == b"image: {tag: 1.1.0}\nreplicas: 9\n"
    assert files["secrets/key"].data == b"ours\n"
    assert bench.status("production").state is State.LIVE
    assert bench.status("production").running["web"] == "1.1.0"


def test_files_that_were_added_changed_and_deleted_upstream_follow_without_a_new_image() -> None:
    bench = directory_bench()
    run = File(b"\0\xff#!", "100755")
    commit(bench, {"staging/app.yaml": b"a: 2\r\n", "staging/old.yaml": None, "staging/bin/run": run})
    bench.look()
    files = production(bench)
    assert files["app.yaml"] == File(b"a: 2\r\n")
    assert "old.yaml" not in files
    assert files["bin/run"] == run
    assert files["values.yaml"].data == OWN_VALUES
    assert bench.status("production").state is State.LIVE


def test_a_tag_that_moved_after_it_was_proved_is_not_copied_along() -> None:
    bench = directory_bench(replace(PRODUCTION, soak=timedelta(hours=1)))
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.registry.push(WEB, "1.1.0", content="rebuilt")
    bench.clock.pass_by(timedelta(hours=2))
    bench.settle()
    assert bench.status("production").state is State.BLOCKED
    assert "was moved since it was proved" in bench.status("production").reason
    assert production(bench)["values.yaml"].data == OWN_VALUES


def test_a_tag_that_moved_stops_no_copy_whose_files_keep_the_digest() -> None:
    place = HelmValues(tag="image.tag", digest="image.digest", creates=True)
    staging = replace(STAGING, targets=(Target("web", "staging/values.yaml", place),))
    bench = directory_bench(replace(PRODUCTION, soak=timedelta(hours=1)), staging=staging)
    proved = bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.registry.push(WEB, "1.1.0", content="rebuilt")
    bench.clock.pass_by(timedelta(hours=2))
    bench.settle()
    pull = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0]
    assert proved.encode() in (bench.forge.read(REPOSITORY, pull.head, "production/values.yaml") or b"")


def test_files_that_a_human_copied_have_to_prove_themselves_before_they_go_on() -> None:
    last = Environment(
        "last", (Target("web", "last/values.yaml", HelmValues(tag="image.tag")),), after=("production",)
    )
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL), replace(last, soak=timedelta(hours=1)))
    commit(bench, {"last/values.yaml": VALUES})
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.clock.pass_by(timedelta(hours=2))
    commit(bench, {"production/values.yaml": OWN_VALUES.replace(b"1.0.0", b"1.1.0")})
    bench.look()
    assert bench.status("production").running["web"] == "1.1.0"
    assert bench.status("last").running["web"] == "1.0.0"
    assert "soaks in production until 2026-11-20 12:00 UTC" in bench.status("last").reason


def test_a_mode_alone_is_copied_too() -> None:
    bench = directory_bench()
    commit(bench, {"staging/app.yaml": File(b"a: 1\n", "100755")})
    bench.look()
    assert production(bench)["app.yaml"] == File(b"a: 1\n", "100755")


def test_the_pull_request_lists_what_it_does() -> None:
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL))
    commit(bench, {"staging/app.yaml": b"a: 2\n", "staging/old.yaml": None, "staging/new.yaml": b"n\n"})
    bench.look()
    pull = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0]
    assert pull.title == "shop production: 3 files of staging/"
    assert "1 added, 1 changed, 1 deleted" in pull.body
    for line in ("- + `production/new.yaml`", "- ~ `production/app.yaml`", "- - `production/old.yaml`"):
        assert line in pull.body
    assert "**Keeps** `values.yaml:replicas`, `secrets/**`" in pull.body


def test_what_is_copied_is_the_commit_that_was_proved_and_not_the_branch() -> None:
    soaking = replace(PRODUCTION, soak=timedelta(hours=1))
    bench = directory_bench(soaking)
    bench.clock.pass_by(timedelta(hours=2))
    bench.look()
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    bench.clock.pass_by(timedelta(hours=2))
    commit(bench, {"staging/app.yaml": b"a: 3\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 2\n"
    assert "soaks in staging" in bench.status("production").reason


def test_a_new_file_with_a_kept_key_waits_for_a_human_who_sets_it() -> None:
    keep = (*COPY.keep, Keep.parse("new.yaml:host"))
    bench = directory_bench(replace(PRODUCTION, promote=replace(COPY, keep=keep)))
    commit(bench, {"staging/new.yaml": b"host: staging\n"})
    bench.look()
    assert "upstream's values come along at production/new.yaml: host" in bench.status("production").reason
    pull = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0]
    assert "**To be set by hand** `production/new.yaml: host`" in pull.body


def test_a_link_is_refused_with_its_path() -> None:
    bench = directory_bench()
    commit(bench, {"staging/link": File(b"app.yaml", "120000")})
    bench.look()
    status = bench.status("production")
    assert status.state is State.UNKNOWN
    assert "staging/link is not copied: it is a symbolic link" in status.reason
    assert "link" not in production(bench)


def test_a_copy_that_a_human_closed_is_declined_until_the_files_change() -> None:
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL))
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    pull = bench.status("production").pull_request
    assert pull is not None
    bench.forge.close_by_human(REPOSITORY, pull.number)
    bench.look()
    assert bench.status("production").state is State.DECLINED
    commit(bench, {"staging/app.yaml": b"a: 3\n"})
    bench.look()
    assert bench.status("production").state is State.PROPOSED


def test_an_open_pull_request_is_brought_up_to_date() -> None:
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL))
    for number in (2, 3):
        commit(bench, {"staging/app.yaml": b"a: %d\n" % number})
        bench.look()
    (pull,) = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")
    assert bench.forge.read(REPOSITORY, pull.head, "production/app.yaml") == b"a: 3\n"


def test_an_older_image_is_not_copied_where_no_target_reads_it() -> None:
    bench = directory_bench()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    commit(bench, {"staging/values.yaml": VALUES})
    bench.look()
    assert b"1.1.0" in production(bench)["values.yaml"].data
    assert "runs web 1.1.0, newer than 1.0.0" in bench.status("production").reason


def test_an_order_to_go_on_copies_files_that_have_not_soaked() -> None:
    bench = directory_bench(replace(PRODUCTION, soak=timedelta(days=1)))
    bench.world = replace(bench.world, orders=MemoryOrders())
    bench.clock.pass_by(timedelta(days=2))
    bench.look()
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    assert "soaks in staging" in bench.status("production").reason
    teller = Teller("1", "ada", bench.clock.now())
    tell(bench.world, Place("shop", "production"), Command(Verb.PROMOTE), teller)
    bench.settle()
    assert production(bench)["app.yaml"].data == b"a: 2\n"


def test_files_go_on_through_a_chain_of_directories() -> None:
    last = Environment(
        "last", (), after=("production",), merge=Merge.AUTO, promote=DirectoryPromotion("production", "last")
    )
    bench = directory_bench(PRODUCTION, last)
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    head = bench.forge.head(REPOSITORY, "main")
    assert head is not None
    files = bench.forge.files(REPOSITORY, head)
    assert files["last/app.yaml"].data == b"a: 2\n"
    assert files["last/values.yaml"].data == OWN_VALUES
    assert files["last/secrets/key"].data == b"ours\n"


def test_images_and_files_are_told_in_the_thread_of_their_image() -> None:
    bench = directory_bench()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert len(bench.notifier.headlines()) == 1
    assert {each.environment for each in bench.told()} == {"staging", "production"}


def test_the_plan_shows_what_would_be_written_and_deleted() -> None:
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL))
    commit(bench, {"staging/app.yaml": b"a: 2\n", "staging/old.yaml": None})
    bench.clock.pass_by(timedelta(minutes=1))
    bench.look()
    planned = preview(bench.world, bench.pipeline)
    files = planned.files["production"]
    assert (files["production/app.yaml"], files["production/old.yaml"]) == (b"a: 1\n", b"old\n")
