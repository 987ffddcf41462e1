"""The board shows every configured pipeline, and is the same in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.pipeline import Merge
from bot.domain.status import PipelineStatus, State
from bot.domain.window import Window, WindowKind
from bot.flow.status import board, status_json
from tests.flow.worlds import START, Bench, environment


def _only(shown: Any) -> Any:
    (each,) = shown
    return each


def test_a_pipeline_that_nobody_looked_at_is_shown_with_its_environments() -> None:
    shown: PipelineStatus = _only(board(Bench().world))
    assert [(each.name, each.state, each.after) for each in shown.environments] == [
        ("dev", State.UNKNOWN, ()),
        ("staging", State.UNKNOWN, ("dev",)),
        ("prod", State.UNKNOWN, ("staging",)),
    ]
    assert shown.looked_at is None


def test_a_pipeline_that_is_not_configured_any_more_is_not_shown() -> None:
    bench = Bench()
    bench.settle()
    assert board(replace(bench.world, pipelines={})) == []


@pytest.mark.parametrize(
    ("url", "offered"),
    [
        pytest.param("", True, id="Tagboat keeps it"),
        pytest.param("https://git.example/acme/infra/pull/1", False, id="another host keeps it"),
    ],
)
def test_the_merge_is_offered_for_pull_requests_without_an_address(
    url: str, offered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench((environment("prod"),))
    bench.registry.push(bench.pipeline.images[0].name, "1.1.0")
    bench.settle()
    kept = _only(bench.store.board())
    prod = _only(kept.environments)
    assert prod.pull_request is not None
    named = replace(prod, pull_request=replace(prod.pull_request, url=url, mergeable_here=False))
    monkeypatch.setattr(bench.store, "board", lambda: [replace(kept, environments=(named,))])
    shown = _only(_only(board(bench.world)).environments)
    assert shown.pull_request.mergeable_here is offered


def test_no_merge_is_offered_where_tagboat_merges_by_itself() -> None:
    shut = Window(WindowKind.DENY, "0 0 * * *", timedelta(hours=24), reason="freeze")
    bench = Bench((environment("dev", merge=Merge.AUTO, windows=(shut,)),))
    bench.registry.push(bench.pipeline.images[0].name, "1.1.0")
    bench.settle()
    shown = _only(_only(board(bench.world)).environments)
    assert shown.pull_request is not None
    assert shown.pull_request.mergeable_here is False


def test_json_holds_every_field_by_its_name() -> None:
    bench = Bench((environment("prod"),))
    bench.registry.push(bench.pipeline.images[0].name, "1.1.0")
    bench.settle()
    found = _only(status_json(board(bench.world)))
    assert json.loads(json.dumps(found)) == found
    assert found["looked_at"] == START.isoformat()
    prod = _only(found["environments"])
    assert (prod["state"], prod["running"], prod["next"]) == ("proposed", {"web": "1.0.0"}, {"web": "1.1.0"})
    assert set(prod["pull_request"]) == {"number", "title", "url", "head", "mergeable_here"}
    assert type(prod["state"]) is str
