"""What people get wrong: each mistake at its line and key, with the fix; and all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.configuration.build import load
from bot.configuration.problems import ConfigurationError
from bot.domain.errors import Permanent
from tests.configuration.files import SMALL, changed, problems

TWO_IMAGES = (
    "{web: acme/web}",
    "{web: {image: acme/web, write: {tag: web.tag}}, api: {image: acme/api, write: {tag: api.tag}}}",
)
ENVIRONMENTS = "{dev: {values: dev.yaml, argocd: web-dev}}"
IMAGE = "{web: acme/web}"


def environments(text: str) -> tuple[str, str]:
    return (ENVIRONMENTS, text)


P = "pipelines.web"
E = f"{P}.environments.dev"
I = f"{P}.images.web"  # noqa: E741

MISTAKES = yaml.load((Path(__file__).parent / "mistakes.yaml").read_bytes(), yaml.CSafeLoader)


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{each['tells']['key']}: {each['tells']['what']}" for each in MISTAKES]
)
def test_a_mistake_is_named_at_its_place_with_the_fix(mistake: Mapping[str, Any], tmp_path: Path) -> None:
    text = changed((mistake["replace"], mistake["by"]))
    (problem,) = problems(tmp_path, text)
    tells = mistake["tells"]
    assert (problem.key, problem.file) == (tells["key"], tmp_path / "tagboat.yaml")
    assert tells["what"] in problem.what
    assert tells["fix"] in problem.fix
    assert problem.fix
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line not in SMALL.splitlines()]
    assert problem.line == tells.get("line", lines[0])


def test_the_shared_good_file_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, SMALL) == ()


SEVERAL_IMAGES = [
    (
        [(IMAGE, "{web: acme/web, api: acme/api}")],
        {I: "`write` is missing", f"{P}.images.api": "`write` is missing"},
    ),
    (
        [TWO_IMAGES, ("values: dev.yaml", "values: {file: a.yaml, write: {tag: t}}")],
        {f"{E}.values.write": "which of the images"},
    ),
    (
        [TWO_IMAGES, ("values: dev.yaml", "values: {file: a.yaml, image: web}")],
        {f"{P}.images.api": "no environment writes this image"},
    ),
    (
        [(IMAGE, "{web: {image: a/w, write: {tag: t}}, api: {image: a/a, write: {reference: t}}}")],
        {f"{E}.values": "written by environment dev of pipeline web (image web)"},
    ),
    (
        [
            TWO_IMAGES,
            environments("{dev: {values: {file: a.yaml, image: web}}, prod: {after: dev, values: b.yaml}}"),
        ],
        {f"{P}.environments.prod.values": "api cannot come from dev"},
    ),
]


@pytest.mark.parametrize(("changes", "expected"), SEVERAL_IMAGES)
def test_several_images_need_a_place_each(
    changes: list[tuple[str, str]], expected: dict[str, str], tmp_path: Path
) -> None:
    found = {each.key: each.what for each in problems(tmp_path, changed(*changes))}
    assert found.keys() == expected.keys()
    assert all(what in found[key] for key, what in expected.items())


def test_a_circle_is_told_once_by_its_way(tmp_path: Path) -> None:
    text = changed(
        environments(
            "{a: {values: a.yaml}, b: {values: b.yaml, after: [a, d]}, "
            "c: {values: c.yaml, after: b}, d: {values: d.yaml, after: c}}"
        )
    )
    (problem,) = problems(tmp_path, text)
    assert problem.key.endswith(".after")
    steps = problem.what.removesuffix(" is a circle").split(" → ")
    assert (set(steps), steps[0]) == ({"b", "c", "d"}, steps[-1])


def test_two_pipelines_that_write_one_key_would_fight(tmp_path: Path) -> None:
    _, _, one = SMALL.partition("pipelines:\n")
    (problem,) = problems(tmp_path, SMALL + one.replace("  web:", "  shop:"))
    assert problem.key == "pipelines.shop.environments.dev.values"
    assert "by environment dev of pipeline web (image web)" in problem.what


def test_one_file_on_two_branches_is_two_places(tmp_path: Path) -> None:
    _, _, one = SMALL.partition("pipelines:\n")
    other = one.replace("  web:", "  shop:").replace("    images:", "    branch: next\n    images:")
    assert problems(tmp_path, SMALL + other) == ()


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "a.lock", "/a", "a/", "tagboat/web", "a~1", "@{x"])
def test_a_branch_is_one_that_git_takes_and_people_own(branch: str, tmp_path: Path) -> None:
    text = changed(("    images:", f'    branch: "{branch}"\n    images:'))
    (problem,) = problems(tmp_path, text)
    assert problem.key == "pipelines.web.branch"


def test_a_forges_webhooks_have_their_name_to_themselves(tmp_path: Path) -> None:
    text = changed(("token: t}", "token: t, webhook_secret: s}"))
    (problem,) = problems(tmp_path, text + "webhooks: {github: {sender: github, secret: s}}\n")
    assert (problem.key, problem.line) == ("webhooks.github", 8)


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
poll: 300
forges:
  github: {kind: github, token: "${NOT_SET}"}
  gitlab: {kind: gitlap, token: t}
pipelines:
  web:
    repository: gihub:acme/infra
    images:
      web: {image: acme/web, strategy: smever}
    environments:
      dev: {values: dev.yaml, argocd: web-dev}
      prod: {values: prod.yaml, after: [dev, stagin], windows: [{kind: deny, schedule: x, duration: 1h}]}
  shop:
    repository: github:acme/shop
    environments: {dev: {valeus: dev.yaml}}
"""
    found = [(each.line, each.key) for each in problems(tmp_path, text)]
    assert found == [
        (1, "poll"),
        (3, "forges.github.token"),
        (4, "forges.gitlab.kind"),
        (7, "pipelines.web.repository"),
        (9, "pipelines.web.images.web.strategy"),
        (11, "pipelines.web.environments.dev.argocd"),
        (12, "pipelines.web.environments.prod.after[1]"),
        (12, "pipelines.web.environments.prod.windows[0].schedule"),
        (13, "pipelines.shop.images"),
        (15, "pipelines.shop.environments.dev.valeus"),
    ]


def test_what_follows_from_a_mistake_is_not_told_as_well(tmp_path: Path) -> None:
    """A forge, an image and an environment that are wrong in themselves are there all the same."""
    text = changed(
        ("{kind: git}", "{kind: git, allow_http: maybe}"),
        (IMAGE, "{web: {image: acme/web, platforms: [x]}}"),
        environments("{dev: {values: ../x}, prod: {values: prod.yaml, after: dev, soak: 1h}}"),
    )
    assert [each.key for each in problems(tmp_path, text)] == [
        "forges.git.allow_http",
        f"{I}.platforms[0]",
        f"{E}.values",
    ]


def test_the_error_is_permanent_and_one_sentence_names_everything(tmp_path: Path) -> None:
    (tmp_path / "tagboat.yaml").write_text(changed(("kind: git}", "kind: gti}"), ("dev.yaml", "/x")))
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "tagboat.yaml", {})
    assert isinstance(caught.value, Permanent)
    text = str(caught.value)
    assert text.startswith(f"the configuration {tmp_path / 'tagboat.yaml'} has 2 problems: ")
    assert "forges.git.kind" in text
    assert f"{E}.values" in text


def test_a_long_list_is_cut_in_the_sentence_and_whole_beside_it(tmp_path: Path) -> None:
    (tmp_path / "tagboat.yaml").write_text("".join(f"k{number}: 1\n" for number in range(30)) + SMALL)
    with pytest.raises(ConfigurationError, match=r"has 30 problems.*and 10 more") as caught:
        load(tmp_path / "tagboat.yaml", {})
    assert len(caught.value.problems) == 30


def test_a_file_full_of_mistakes_takes_bounded_time_and_room(tmp_path: Path) -> None:
    text = "".join(f"k{number}: 1\n" for number in range(20_000)) + SMALL
    assert len(problems(tmp_path, text)) == 1_000
