"""Parts of GitLab's one answer that fail, do not fit, or are odd: the others are believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.adapters.forges.gitlab.gitlab_world import GitLabWorld
from tests.adapters.forges.gitlab.survey_steps import (
    ABSENT,
    COMPARE,
    answered,
    left_by,
)
from tests.adapters.forges.host_world import DEV

_UNTOLD = (*ABSENT, f"GET /repository/files/{DEV}", COMPARE)
_ALL = (
    "GET /merge_requests",
    "GET /repository/branches",
    *[f"GET /repository/files/{DEV}"] * 2,
    COMPARE,
    "GET /api/v4/user",
)
PARTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "our branch": ("h0", _UNTOLD),
    "our branch the second time": ("h0Again", _UNTOLD),
    "files at the base": ("files", [f"GET /repository/files/{DEV}"]),
    "files at our branch": ("f0", [f"GET /repository/files/{DEV}"]),
    "the past of the base": ("baseAgain", _ALL),
    "the merge requests": ("mergeRequests", ["GET /merge_requests"]),
}


@pytest.mark.parametrize(("part", "left"), PARTS.values(), ids=PARTS)
def test_a_part_that_fails_leaves_the_others(world: GitLabWorld, part: str, left: Sequence[str]) -> None:
    world.open()
    answer = answered(world)
    project = answer["data"]["project"]
    holder, path = (project, []) if part in project else (project["repository"], ["repository"])
    holder[part] = None
    answer["errors"] = [{"message": "no", "path": ["project", *path, part, "nodes", 0]}]
    assert left_by(world, answer) == list(left)


DOUBTS: Mapping[str, tuple[Sequence[str | int], str | None, Sequence[str]]] = {
    "a branch that moved in between": (("h0Again", "nodes", 0, "sha"), "a" * 40, _UNTOLD),
    "bytes of another blob": (
        ("files", "nodes", 0, "oid"),
        "a" * 40,
        [f"GET /repository/files/{DEV}"],
    ),
    "a base that moved in between": (("baseAgain", "nodes", 0, "sha"), "a" * 40, _ALL),
    "no place of our branch": (("h0", "lastCommit"), None, _UNTOLD),
}


@pytest.mark.parametrize(("where", "what", "left"), DOUBTS.values(), ids=DOUBTS)
def test_what_does_not_fit_is_not_believed(
    world: GitLabWorld, where: Sequence[str | int], what: str | None, left: Sequence[str]
) -> None:
    world.open()
    answer = answered(world)
    *way, last = where
    place = answer["data"]["project"]["repository"]
    for name in way:
        place = place[name]
    place[last] = what
    assert left_by(world, answer) == list(left)


_LISTED = ("GET /merge_requests",)
_AT_BASE = (f"GET /repository/files/{DEV}",)
ODDITIES: Mapping[str, tuple[Callable[[Any], None], Sequence[str]]] = {
    "no merge requests": (lambda told: told.update(mergeRequests=None), _LISTED),
    "a merge request that is none": (lambda told: told["mergeRequests"]["nodes"].append(None), _LISTED),
    "no status": (lambda told: _pull_of(told).update(detailedMergeStatus=None), _LISTED),
    "no project": (lambda told: _pull_of(told).update(targetProjectId=None), _LISTED),
    "no address": (lambda told: _pull_of(told).update(webUrl=None), _LISTED),
    "a number that is none": (lambda told: _pull_of(told).update(iid=float("inf")), _LISTED),
    "no end": (lambda told: told["mergeRequests"]["pageInfo"].update(hasNextPage=None), _LISTED),
    "no list of open ones": (lambda told: told.update(opened=None), ()),
    "an open one that is none": (lambda told: told["opened"]["nodes"].append(None), ()),
    "a file that is none": (lambda told: told["repository"]["files"]["nodes"].insert(0, None), ()),
    "half a character": (lambda told: _file_of(told).update(rawTextBlob="\ud800"), _AT_BASE),
    "bytes that are no text": (lambda told: _file_of(told).update(rawTextBlob=["a"]), _AT_BASE),
    "a commit that is none": (lambda told: told["repository"]["baseAgain"]["nodes"].append(None), ()),
}


def _pull_of(project: Any) -> Any:
    return project["mergeRequests"]["nodes"][0]


def _file_of(project: Any) -> Any:
    return project["repository"]["files"]["nodes"][0]


@pytest.mark.parametrize(("change", "left"), ODDITIES.values(), ids=ODDITIES)
def test_what_is_null_or_odd_is_left_to_the_rest_api_alone(
    world: GitLabWorld, change: Callable[[Any], None], left: Sequence[str]
) -> None:
    world.open()
    answer = answered(world)
    change(answer["data"]["project"])
    assert left_by(world, answer) == list(left)
