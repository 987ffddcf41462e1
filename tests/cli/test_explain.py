"""`tagboat explain`: why a tag, why no other, and what would be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.choosing.selection import Hold, SelectionPolicy, Strategy
from bot.domain.errors import Malformed, Unreachable
from bot.domain.image import ImageName
from bot.domain.pipeline import PipelineImage
from tests.cli.verbs import Answer
from tests.flow.worlds import START, WEB, Bench

Tagboat = Callable[..., Answer]
OTHER = ImageName("registry.example:5000", "acme/other")


def _choosing_by(bench: Bench, policy: SelectionPolicy) -> None:
    """Let the bench's pipeline choose so."""
    pipeline = replace(bench.pipeline, images=(PipelineImage("web", WEB, policy),))
    bench.world = replace(bench.world, pipelines={"shop": pipeline})


@pytest.mark.parametrize(
    "name",
    ["shop/web", f"{WEB}", "Registry.EXAMPLE:5000/acme/web", f"{WEB}:1.0.0"],
    ids=["alias", "name", "capitals", "with a tag"],
)
def test_an_image_is_found_by_alias_and_by_name(tagboat: Tagboat, name: str) -> None:
    (shown,) = tagboat("explain", name, "--json").json
    assert (shown["pipeline"], shown["alias"], shown["image"]) == ("shop", "web", str(WEB))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("shop/wbe", "did you mean shop/web"),
        ("\x1b[2J", "see `tagboat status`"),
        ("", "see `tagboat status`"),
    ],
    ids=["misspelt", "controls", "empty"],
)
def test_an_unknown_image_is_a_wrong_command_line(tagboat: Tagboat, name: str, hint: str) -> None:
    answer = tagboat("explain", name)
    assert answer.code == 2
    assert hint in answer.err
    assert "\x1b" not in answer.err


def test_every_tag_has_a_reason_and_the_change_is_shown(bench: Bench, tagboat: Tagboat) -> None:
    for tag in ("1.1.0", "0.9.0", "nightly"):
        bench.registry.push(WEB, tag)
    answer = tagboat("explain", "shop/web")
    assert answer.code == 0
    reasons = {
        words[0]: " ".join(words[1:])
        for line in answer.out.splitlines()
        if (words := line.replace("✓", " ").split())
    }
    assert "highest version" in reasons["1.1.0"]
    assert "older" in reasons["1.0.0"]
    assert "outside" in reasons["0.9.0"]
    assert "not a semantic version" in reasons["nightly"]
    assert "image.tag: 1.0.0 → 1.1.0" in answer.out
    assert "+  tag: 1.1.0" in answer.out
    assert "holds 1.0.0; follows what is proved in dev" in answer.out


def test_json_holds_the_same(bench: Bench, tagboat: Tagboat) -> None:
    digest = bench.registry.push(WEB, "1.1.0")
    (shown,) = tagboat("explain", "shop/web", "--json").json
    (choice,) = shown["choices"]
    assert (choice["environment"], choice["tag"], choice["digest"]) == ("dev", "1.1.0", digest)
    assert [each["tag"] for each in choice["tags"] if each["chosen"]] == ["1.1.0"]
    dev, staging, _ = shown["places"]
    assert (dev["file"], dev["keys"]) == ("envs/dev/values.yaml", ["image.tag"])
    assert dev["now"] == f"{WEB}:1.0.0"
    assert dev["diff"][-2:] == ["-  tag: 1.0.0", "+  tag: 1.1.0"]
    assert staging["diff"] == []


def test_the_loop_chooses_what_was_explained(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "1.1.0")
    (shown,) = tagboat("explain", "shop/web", "--json").json
    bench.look()
    assert bench.status("dev").running == {"web": shown["choices"][0]["tag"]}


def test_what_stands_there_already_is_said(tagboat: Tagboat) -> None:
    assert "image.tag: holds 1.0.0 already" in tagboat("explain", "shop/web").out


def test_nothing_chosen_leaves_the_file_as_it_is(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.push(WEB, "0.1.0")
    bench.registry.delete(WEB, "1.0.0")
    answer = tagboat("explain", "shop/web")
    assert answer.code == 0
    assert "dev → nothing" in answer.out
    assert "holds 1.0.0; nothing is chosen, so it stays" in answer.out


def test_an_empty_registry_is_not_yet(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.delete(WEB, "1.0.0")
    (shown,) = tagboat("explain", "shop/web", "--json").json
    (choice,) = shown["choices"]
    assert (choice["tag"], choice["waiting"]) == (None, True)
    assert "dev → not yet" in tagboat("explain", "shop/web").out


def test_a_registry_that_does_not_answer_is_an_error(bench: Bench, tagboat: Tagboat) -> None:
    bench.registry.fail(Unreachable("registry.example does not answer", why="timeout"))
    answer = tagboat("explain", "shop/web")
    assert answer.code == 1
    assert answer.err == "tagboat: registry.example does not answer: timeout\n"


def test_an_image_that_no_pipeline_carries_is_chosen_by_what_is_asked(bench: Bench, tagboat: Tagboat) -> None:
    for tag in ("1.0.0", "2.0.0", "nightly"):
        bench.registry.push(OTHER, tag)
    (shown,) = tagboat("explain", str(OTHER), "--json").json
    assert (shown["pipeline"], shown["alias"], shown["places"]) == (None, None, [])
    assert shown["choices"][0]["tag"] == "2.0.0"
    (shown,) = tagboat("explain", str(OTHER), "--constraint", "<2", "--json").json
    assert shown["choices"][0]["tag"] == "1.0.0"
    answer = tagboat("explain", f"{OTHER}:1.0.0", "--strategy", "alphabetical")
    assert "in no pipeline; by alphabetical" in answer.out
    assert "→ nightly" in answer.out


def test_a_misspelt_image_is_asked_for_and_what_may_be_meant_is_named(tagboat: Tagboat) -> None:
    answer = tagboat("explain", "registry.example:5000/acme/wbe:1.0")
    assert answer.code == 1
    assert "acme/wbe is not there (did you mean registry.example:5000/acme/web?)" in answer.err


def test_a_strategy_that_there_is_not_is_a_wrong_command_line(tagboat: Tagboat) -> None:
    answer = tagboat("explain", str(OTHER), "--strategy", "semvre")
    assert answer.code == 2
    assert "did you mean semver?" in answer.err


def test_a_tag_that_is_too_young_is_shown_with_its_age_and_its_time(bench: Bench, tagboat: Tagboat) -> None:
    _choosing_by(bench, SelectionPolicy(min_age=timedelta(hours=2)))
    bench.clock.pass_by(timedelta(days=1))
    digest = bench.registry.push(WEB, "1.1.0", content="new")
    answer = tagboat("explain", "shop/web")
    assert "first seen" in answer.out
    assert "looked at again by itself at 2026-11-21 11:00 UTC" in answer.out
    (shown,) = tagboat("explain", "shop/web", "--json").json
    (choice,) = shown["choices"]
    young = next(each for each in choice["tags"] if each["tag"] == "1.1.0")
    assert (young["digest"], young["first_seen"]) == (digest, "2026-11-21T09:00:00+00:00")
    assert "younger than min_age" in young["reason"]
    assert choice["wake_at"] == "2026-11-21T11:00:00+00:00"


def test_a_hold_is_shown_with_its_end(bench: Bench, tagboat: Tagboat) -> None:
    _choosing_by(bench, SelectionPolicy(hold=Hold("release freeze", START + timedelta(days=3))))
    bench.registry.push(WEB, "1.1.0")
    answer = tagboat("explain", "shop/web")
    assert "release freeze" in answer.out
    assert "looked at again by itself at 2026-11-23 09:00 UTC" in answer.out
    assert "holds 1.0.0; nothing is chosen, so it stays" in answer.out


def test_a_tag_that_is_no_image_is_shown_with_the_reason(bench: Bench, tagboat: Tagboat) -> None:
    _choosing_by(bench, SelectionPolicy(Strategy.NEWEST_BUILD))
    bench.registry.push(WEB, "whole", created=START)
    digest = bench.registry.push(WEB, "broken", created=START + timedelta(hours=1))
    bench.registry.cannot_read(digest, Malformed("it has schema 1"))
    (shown,) = tagboat("explain", "shop/web", "--json").json
    (choice,) = shown["choices"]
    reasons = {each["tag"]: each["reason"] for each in choice["tags"]}
    assert choice["tag"] == "whole"
    assert reasons["broken"] == "cannot run: it has schema 1"


def test_a_list_that_lost_its_tags_is_doubted_aloud(bench: Bench, tagboat: Tagboat) -> None:
    bench.look()
    bench.registry.delete(WEB, "1.0.0")
    answer = tagboat("explain", "shop/web")
    assert "lists none of the 1 tags that it had: taken for a fault" in answer.out


def test_reading_goes_on_until_everything_is_read(bench: Bench, tagboat: Tagboat) -> None:
    _choosing_by(bench, SelectionPolicy(Strategy.NEWEST_BUILD))
    for number in range(150):
        bench.registry.push_silently(WEB, f"b{number}", created=START + timedelta(minutes=number))
    bench.registry.takes(timedelta(seconds=1), bench.clock)
    (shown,) = tagboat("explain", "shop/web", "--json").json
    assert shown["choices"][0]["tag"] == "b149"
    reads = [each for each in bench.registry.take_asked() if each.startswith("GET b")]
    assert len(reads) == 150
