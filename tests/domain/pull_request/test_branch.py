"""Branches of proposals: their names, and whose they are."""

from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from bot.domain.pipeline import Environment
from bot.domain.pull_request.branch import branch_of, has_branch_per_release, is_branch_name, prefix_of
from bot.domain.pull_request.policy import PullRequestPolicy, Texts
from bot.domain.pull_request.templates import Template
from tests.domain.deciding.situations import environment, pipeline, release


def place(template: str | None, **changes: object) -> Environment:
    texts = Texts(branch=Template(template) if template else None)
    return environment("prod", pull_request=PullRequestPolicy(texts), **changes)


@pytest.mark.parametrize(
    ("made", "branch", "prefix", "per_release"),
    [
        pytest.param(place(None), "tagboat/shop/prod", "tagboat/", False, id="our own"),
        pytest.param(place(None, group="live"), "tagboat/groups/live", "tagboat/", False, id="of a group"),
        pytest.param(
            place("updates-{{ tag }}", group="live"),
            "tagboat/groups/live",
            "tagboat/",
            False,
            id="group first",
        ),
        pytest.param(place("updates/{{ environment }}"), "updates/prod", "updates/", False, id="rolling"),
        pytest.param(
            place("automated-value-files-updates-{{ tag }}"),
            "automated-value-files-updates-1.1.0",
            "automated-value-files-updates-",
            True,
            id="as another tool names it",
        ),
        pytest.param(
            place("bump/{{ pipeline }}/{{ version }}-{{ release }}"),
            f"bump/shop/1.1.0-{release('1.1.0').key}",
            "bump/",
            True,
            id="by its release",
        ),
    ],
)
def test_a_branch_is_named(made: Environment, branch: str, prefix: str, per_release: bool) -> None:
    assert branch_of(pipeline(), made, release("1.1.0")) == branch
    assert prefix_of(made) == prefix
    assert has_branch_per_release(made) is per_release


def test_the_same_release_always_has_the_same_branch_and_another_has_another() -> None:
    made = place("updates-{{ tag }}")
    names = {branch_of(pipeline(), made, release(tag)) for tag in ("1.1.0", "1.1.0", "1.2.0")}
    assert names == {"updates-1.1.0", "updates-1.2.0"}


@pytest.mark.parametrize(
    "template", ["updates {{ tag }}", "updates-{{ tag }}.lock", "a..{{ tag }}", "up/{{ nope }}"]
)
def test_a_template_that_gives_no_branch_is_refused_with_a_sentence(template: str) -> None:
    with pytest.raises(Refused, match="template of the branch"):
        branch_of(pipeline(), place(template), release("1.1.0"))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "/x",
        "x/",
        "x.",
        "a..b",
        "a b",
        "a~1",
        "a:b",
        "@",
        "x.lock",
        "a//b",
        ".x",
        "a" * 201,
        "f" * 40,
    ],
)
def test_what_git_does_not_take_is_no_branch(name: str) -> None:
    assert not is_branch_name(name)
