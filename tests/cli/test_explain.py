"""`tagboat explain`: why a tag, why no other, and what would be written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.domain.errors import Unreachable
from tests.cli.verbs import Answer
from tests.flow.worlds import WEB, Bench

Tagboat = Callable[..., Answer]


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
        ("registry.example:5000/acme/wbe:1.0", "did you mean registry.example:5000/acme/web"),
        ("\x1b[2J", "see `tagboat status`"),
        ("", "see `tagboat status`"),
    ],
    ids=["misspelt", "with a tag", "controls", "empty"],
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
