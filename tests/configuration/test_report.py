"""What is shown of a line: the keys, the place, and a value only when nothing in it can be a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration.source import shown_key
from tests.configuration.files import changed, problems


def _excerpt(folder: Path, text: str) -> list[str]:
    (problem,) = problems(folder, text, {"WRONG": "shown-nowhere"})
    return problem.excerpt.split("\n")


def test_a_public_value_is_shown_with_a_caret_below_it(tmp_path: Path) -> None:
    text = changed(("values: dev.yaml", "values: dev.yaml, merge: atuo"))
    assert _excerpt(tmp_path, text) == [
        "    environments: {dev: {values: …, merge: atuo, argocd: …}}",
        "                                           ^",
    ]


def test_a_value_from_the_environment_is_not_shown(tmp_path: Path) -> None:
    text = changed(("values: dev.yaml", 'values: dev.yaml, merge: "${WRONG}"'))
    assert _excerpt(tmp_path, text) == [
        "    environments: {dev: {values: …, merge: …, argocd: …}}",
        "                                    ^",
    ]
    (problem,) = problems(tmp_path, text, {"WRONG": "shown-nowhere"})
    assert problem.what == "the value, which is not shown here, is not accepted"
    assert problem.fix.startswith("expected: Who merges the pull request")


def test_a_misspelled_key_is_shown_and_its_value_is_not(tmp_path: Path) -> None:
    text = changed(("token: t}", "token: t, secrets: hidden}")).replace(
        "\nargocd", " # hidden too\nargocd", 1
    )
    assert _excerpt(tmp_path, text) == [
        "forges: {…: {kind: …}, github: {kind: …, token: …, secrets: …}}",
        "                                                   ^",
    ]


def test_a_value_over_several_lines_is_not_shown(tmp_path: Path) -> None:
    text = changed(("web: acme/web", '"web":\n      "acme\n      web"'))
    line, caret = _excerpt(tmp_path, text)
    assert (line, caret) == ("      …", "      ^")


def test_a_line_that_is_too_long_for_its_caret_has_no_excerpt(tmp_path: Path) -> None:
    words = ", ".join("a" * 60)
    assert _excerpt(
        tmp_path, changed(("web: acme/web", f"web: {{ignore_tags: [{words}], imago: x, image: a}}"))
    ) == [""]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("tokn", "tokn"),
        ("registry.local:5000", "registry.local:5000"),
        ("ghcr.io", "ghcr.io"),
        ("x/y", "x/y"),
        ("<<", "<<"),
        ("token:ghp_abc", "token…"),
        ("token:123456", "token…"),
        ("token ghp_abc", "token…"),
        ("\x1b[31m", "…"),
        ("", "…"),
        ("a" * 200, "a" * 100 + "…"),
    ],
)
def test_a_key_is_shown_as_far_as_it_is_one(key: str, expected: str) -> None:
    assert shown_key(key) == expected


def test_what_could_steer_a_terminal_is_written_out(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, changed(("dev.yaml", '"\\e[2J\\u202e.yaml"')))
    assert f"{problem}{problem.excerpt.replace(chr(10), '')}".isprintable()
