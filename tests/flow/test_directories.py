"""Directories over memory twins: what is proved upstream is copied, what is kept stays, hot-fixes stop it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.adapters.argocd.memory import MemoryDeployments
from bot.adapters.forges.memory.forge import File
from bot.adapters.stores.memory_orders import MemoryOrders
from bot.domain.directories.directory import Tree
from bot.domain.directories.keep import DirectoryPromotion, Keep
from bot.domain.errors import NotFound, Refused
from bot.domain.people.command import Command, Place, Verb
from bot.domain.pipeline import Application, Environment, Merge, Target
from bot.domain.place import HelmValues
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.status import State
from bot.flow.reconcile import preview
from bot.flow.tell import Teller, sentence_for, tell
from bot.ports import Forge
from tests.flow.worlds import REPOSITORY, WEB, Bench

VALUES = b"image: {tag: 1.0.0}\nreplicas: 1\n"
OWN_VALUES = b"image: {tag: 1.0.0}\nreplicas: 9\n"
COPY = DirectoryPromotion(
    "staging", "production", tuple(map(Keep.parse, ["values.yaml:replicas", "secrets/**"]))
)
STAGING = Environment(
    "staging", (Target("web", "staging/values.yaml", HelmValues(tag="image.tag")),), merge=Merge.AUTO
)
PRODUCTION = Environment("production", (), after=("staging",), merge=Merge.AUTO, promote=COPY)


def directory_bench(production: Environment = PRODUCTION, *more: Environment) -> Bench:
    """A world in which production was copied from staging before, but for what it keeps."""
    bench = Bench((STAGING, production, *more))
    commit(
        bench,
        {
            "staging/values.yaml": VALUES,
            "staging/app.yaml": b"a: 1\n",
            "staging/old.yaml": b"old\n",
            "staging/secrets/key": b"staging's\n",
            "production/values.yaml": OWN_VALUES,
            "production/app.yaml": b"a: 1\n",
            "production/old.yaml": b"old\n",
            "production/secrets/key": b"ours\n",
        },
    )
    bench.settle()
    return bench


def forgotten_bench() -> Bench:
    """A world with a copy whose commit was cleared away after somebody rewrote the base branch."""
    bench = directory_bench()
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    bench.forge.begin_anew_by_human(REPOSITORY, "main")
    forge, copied_at = (
        bench.forge,
        bench.store.load("shop").environment("production").deployments[-1].copied_at,
    )

    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            return getattr(forge, name)

        def tree(self, repository: str, commit: str, directory: str) -> Tree:
            if commit == copied_at:
                raise NotFound(f"{repository} has no commit {commit}")
            return forge.tree(repository, commit, directory)

    bench.world = replace(bench.world, forges={"forge": cast(Forge, Forgetful())})
    return bench


def commit(bench: Bench, files: Mapping[str, bytes | File | None]) -> str:
    """A human commits to the base branch."""
    made = {path: File(data) if isinstance(data, bytes) else data for path, data in files.items()}
    return bench.forge.commit_by_human(REPOSITORY, "main", made)


def production(bench: Bench) -> Mapping[str, File]:
    """What stands in production on the base branch."""
    head = bench.forge.head(REPOSITORY, "main")
    assert head is not None
    files = bench.forge.files(REPOSITORY, head)
    return {
        path.removeprefix("production/"): file
        for path, file in files.items()
        if path.startswith("production/")
    }


def test_a_copy_that_stands_already_is_known_as_the_release_that_it_holds() -> None:
    bench = directory_bench()
    bench.look()
    status = bench.status("production")
    assert status.state is State.LIVE
    assert status.running["web"] == "1.0.0"
    assert len(status.running["files"]) == 7
    assert bench.told() == []


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


def test_the_first_copy_over_other_files_waits_for_a_human() -> None:
    bench = Bench((STAGING, PRODUCTION))
    commit(
        bench,
        {"staging/values.yaml": VALUES, "staging/app.yaml": b"a: 1\n", "production/app.yaml": b"a: 0\n"},
    )
    bench.settle()
    status = bench.status("production")
    assert status.state is State.PROPOSED
    assert "no copy to production/ before this one is known" in status.reason
    body = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0].body
    assert "a human's look: no copy to production/ before this one is known" in body
    assert "**Next** A human merges this" in body
    bench.merge("production")
    bench.settle()
    assert production(bench)["app.yaml"].data == b"a: 1\n"
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 2\n"


def test_a_copy_over_one_that_is_not_known_any_more_waits_for_a_human() -> None:
    bench = forgotten_bench()
    commit(bench, {"production/app.yaml": b"a: mine\n", "staging/app.yaml": b"a: 3\n"})
    bench.look()
    reason = bench.status("production").reason
    assert reason.endswith("waits for a human to merge it: no copy to production/ before this one is known")
    assert production(bench)["app.yaml"].data == b"a: mine\n"
    bench.merge("production")
    commit(bench, {"staging/app.yaml": b"a: 4\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 4\n"


def test_files_that_are_alike_are_a_copy_that_is_known_again() -> None:
    bench = forgotten_bench()
    bench.look()
    commit(bench, {"staging/app.yaml": b"a: 3\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 3\n"


def test_the_first_copy_says_to_whoever_merges_by_hand_what_it_overwrites() -> None:
    bench = Bench((STAGING, replace(PRODUCTION, merge=Merge.MANUAL)))
    ours = {"production/app.yaml": b"a: mine\n", "production/old.yaml": b"mine\n"}
    commit(bench, {"staging/values.yaml": VALUES, "staging/app.yaml": b"a: 1\n", **ours})
    bench.settle()
    (pull,) = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")
    assert (
        "**Overwrites** whatever people changed by hand in `production/`, in the files above "
        "(1 at `~` and 1 at `-`): no copy to it before this one is known."
    ) in pull.body
    bench.merge("production")
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    pull = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0]
    assert (pull.state, "**Overwrites**" in pull.body) == (PullRequestState.OPEN, False)


@pytest.mark.parametrize(
    ("standing", "running", "told"),
    [
        pytest.param({}, [], "nothing → 1.0.0", id="an empty directory"),
        pytest.param({"production/values.yaml": b"replicas: 2\n"}, [], "unknown → 1.0.0", id="nobody tells"),
        pytest.param(
            {"production/values.yaml": b"replicas: 2\n"},
            ["0.9.0"],
            "0.9.0 → 1.0.0",
            id="Argo CD tells what runs",
        ),
        pytest.param(
            {"production/values.yaml": b"replicas: 2\n"},
            ["0.9.0", "0.8.0"],
            "unknown → 1.0.0",
            id="two versions run",
        ),
    ],
)
def test_the_first_copy_says_what_is_known_to_be_there(
    standing: Mapping[str, bytes], running: Sequence[str], told: str
) -> None:
    application = Application("argocd", "shop-production")
    bench = Bench((STAGING, replace(PRODUCTION, merge=Merge.MANUAL, applications=(application,))))
    argocd = MemoryDeployments()
    argocd.put(application, {"status": {"summary": {"images": [f"{WEB}:{tag}" for tag in running]}}})
    bench.world = replace(bench.world, deployments={"argocd": argocd})
    commit(bench, {"staging/values.yaml": VALUES, **standing})
    bench.settle()
    (pull,) = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")
    assert pull.title == f"shop production: web {told}, 1 file of staging/"
    old, new = told.split(" → ")
    assert f"| `{old}` | [`{new}`]" in pull.body or f"| `{old}` | `{new}`" in pull.body


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


def test_a_store_that_was_lost_finds_the_copy_again() -> None:
    bench = directory_bench()
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    fresh = Bench((STAGING, PRODUCTION))
    fresh.forge, fresh.ledger = bench.forge, bench.ledger
    fresh.world = replace(fresh.world, forges={"forge": bench.forge})
    fresh.settle()
    fresh.look()
    assert fresh.status("production").state is State.LIVE
    commit(fresh, {"production/app.yaml": b"hot\n"})
    fresh.look()
    assert fresh.status("production").state is State.BLOCKED
