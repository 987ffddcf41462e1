"""`tagboat plan`: shows all that would be done, and does none of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.domain.errors import Unreachable
from tests.cli.verbs import Answer
from tests.flow.worlds import REPOSITORY, WEB, Bench

Tagboat = Callable[..., Answer]


def _traces(bench: Bench) -> tuple[object, ...]:
    """All that a reconcile could leave behind."""
    ours = [f"tagboat/shop/{name}" for name in ("dev", "staging", "prod")]
    heads = [bench.forge.head(REPOSITORY, branch) for branch in ("main", *ours)]
    return (
        *heads,
        bench.ledger.of_repository(REPOSITORY),
        bench.store.load("shop"),
        bench.store.board(),
        bench.store.revision(),
        len(bench.queue.pipelines),
        bench.told(),
    )


def test_a_pull_request_is_shown_and_nothing_is_touched(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    before = _traces(bench)
    answer = tagboat("plan", "shop")
    assert answer.code == 0
    assert "would open a pull request from tagboat/shop/dev" in answer.out
    assert "-  tag: 1.0.0\n" in answer.out
    assert "+  tag: 1.1.0\n" in answer.out
    assert "shop dev: web 1.0.0 → 1.1.0" in answer.out
    assert "Brings **dev** of **shop** to `1.1.0`." in answer.out
    assert _traces(bench) == before


def test_json_holds_the_same(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    (shown,) = tagboat("plan", "--json").json
    assert (shown["pipeline"], shown["problem"]) == ("shop", "")
    dev, staging, prod = shown["environments"]
    (action,) = dev["actions"]
    assert (action["action"], action["branch"]) == ("open", "tagboat/shop/dev")
    (file,) = action["files"]
    assert file["path"] == "envs/dev/values.yaml"
    assert file["diff"][-2:] == ["-  tag: 1.0.0", "+  tag: 1.1.0"]
    assert action["title"] == "shop dev: web 1.0.0 → 1.1.0"
    assert (dev["running"], dev["next"]) == ({"web": "1.0.0"}, {"web": "1.1.0"})
    assert [staging["actions"], prod["actions"]] == [[], []]


def test_what_the_plan_shows_is_what_the_loop_does(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.registry.push(WEB, "1.2.0")
    planned = [
        (each["environment"], action["action"])
        for each in tagboat("plan", "--json").json[0]["environments"]
        for action in each["actions"]
    ]
    bench.look()
    told = [(each.environment, each.text) for each in bench.told()]
    assert planned == [("dev", "open")]
    assert any(name == "dev" and "1.2.0" in text for name, text in told)


def test_an_open_pull_request_of_an_older_release_would_be_updated(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.registry.push(WEB, "1.2.0")
    bench.look()
    prod = {each["environment"]: each for each in tagboat("plan", "--json").json[0]["environments"]}["prod"]
    assert prod["state"] == "proposed"
    assert "waits for a human" in prod["reason"]


def test_nothing_to_do_is_shown_as_live(tagboat: Tagboat) -> None:
    answer = tagboat("plan")
    assert answer.code == 0
    assert "would" not in answer.out
    assert answer.out.count("live") == 3


def test_a_pipeline_that_cannot_be_looked_at_is_named_and_exits_with_1(
    bench: Bench, tagboat: Tagboat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def head(repository: str, branch: str) -> str | None:
        raise Unreachable("the forge does not answer", why="timeout \x1b[2J")

    monkeypatch.setattr(bench.forge, "head", head)
    answer = tagboat("plan")
    assert answer.code == 1
    assert r"cannot be looked at: the forge does not answer: timeout \x1b[2J" in answer.out


def test_an_unknown_pipeline_is_a_wrong_command_line(tagboat: Tagboat) -> None:
    answer = tagboat("plan", "shopp")
    assert answer.code == 2
    assert "there is no pipeline 'shopp' (one of shop)" in answer.err


def test_the_exit_code_says_that_a_human_is_awaited(bench: Bench, tagboat: Tagboat) -> None:
    assert tagboat("plan", "--exit-code").code == 0
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert tagboat("plan", "--exit-code").code == 3
    assert tagboat("plan").code == 0
