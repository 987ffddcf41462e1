"""What the configuration says of pull requests: inherited, tried at once, and kept apart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.pipeline import Environment
from bot.domain.pull_request.branch import branch_of
from bot.domain.pull_request.policy import CommitStyle
from bot.domain.pull_request.templates import Template
from tests.configuration.files import load_text, told

_TWO = """\
forges: {{git: {{kind: git}}}}
pipelines:
  api:
    repository: git:/srv/git/infra.git
    images: {{web: acme/api}}
    pull_request: {{{shared}}}
    environments: {{prod: {{values: api.yaml, {api}}}}}
  shop:
    repository: git:/srv/git/{repository}.git
    images: {{web: acme/shop}}
    environments: {{prod: {{values: shop.yaml, {shop}}}}}
"""


def two(*, shared: str = "", api: str = "", shop: str = "", repository: str = "infra") -> str:
    return _TWO.format(shared=shared, api=api, shop=shop, repository=repository)


def environment(folder: Path, **texts: str) -> Environment:
    return load_text(folder, two(**texts)).pipelines["api"].environment("prod")


def test_what_the_environment_says_goes_before_what_the_pipeline_says(tmp_path: Path) -> None:
    found = environment(
        tmp_path,
        shared="commit: conventional, labels: [all], debounce: 2m, draft: true, reviewers: ada",
        api="pull_request: {labels: ['env/{{ environment }}'], draft: false}",
    ).pull_request
    assert [each.text for each in found.texts.labels] == ["env/{{ environment }}"]
    assert found.commit.style is CommitStyle.CONVENTIONAL
    assert (found.metadata.draft, found.metadata.reviewers) == (False, ("ada",))
    assert (found.pace.debounce, found.pace.patience) == (timedelta(minutes=2), timedelta(minutes=10))


def test_nothing_said_is_what_it_was(tmp_path: Path) -> None:
    found = load_text(tmp_path, two()).pipelines["api"]
    assert found.environment("prod").pull_request == Environment("any", ()).pull_request
    assert branch_of(found, found.environment("prod")) == "tagboat/api/prod"


def test_a_group_shares_a_branch(tmp_path: Path) -> None:
    pipelines = load_text(tmp_path, two(api="group: live", shop="group: live")).pipelines
    branches = {branch_of(each, each.environment("prod")) for each in pipelines.values()}
    assert branches == {"tagboat/groups/live"}


def test_who_commits_can_be_said(tmp_path: Path) -> None:
    author = load_text(tmp_path, "author: {name: Ship, email: ship@example.com}\n" + two()).author
    assert (author.name, author.email) == ("Ship", "ship@example.com")


@pytest.mark.parametrize(
    ("texts", "key", "words"),
    [
        pytest.param(
            {"shared": "title: '{{ tags }}'"},
            "pipelines.api.pull_request.title",
            "'tags' is undefined",
            id="name",
        ),
        pytest.param(
            {"api": "pull_request: {body: '{{ images.x }}'}"},
            "pipelines.api.environments.prod.pull_request.body",
            "line 1 of the template: 'list object' has no attribute 'x'",
            id="key",
        ),
        pytest.param(
            {"shared": "message: '{{ range(9) }}'"},
            "pipelines.api.pull_request.message",
            "call is not",
            id="call",
        ),
        pytest.param(
            {"shared": "labels: [fine, '{{ nope }}']"},
            "pipelines.api.pull_request.labels",
            "'nope'",
            id="label",
        ),
        pytest.param(
            {"shared": "branch: '{{ tag }}-updates'"},
            "pipelines.api.pull_request.branch",
            "begins with a variable",
            id="any branch",
        ),
        pytest.param(
            {"shared": "branch: 'updates {{ tag }}'"},
            "pipelines.api.pull_request.branch",
            "is not the name of one",
            id="no branch",
        ),
        pytest.param(
            {"shared": "branch: 'updates-{{ upstream }}'"},
            "pipelines.api.pull_request.branch",
            "'upstream' is undefined",
            id="variable of texts in a branch",
        ),
        pytest.param(
            {
                "api": "pull_request: {branch: 'updates-{{ tag }}'}",
                "shop": "pull_request: {branch: 'updates-{{ tag }}'}",
            },
            "pipelines.shop.environments.prod.pull_request.branch",
            "environment prod of pipeline api has the same branch",
            id="one branch for two",
        ),
        pytest.param(
            {"api": "group: live", "shop": "group: live", "repository": "other"},
            "pipelines.shop.environments.prod.group",
            "in another repository",
            id="group over repositories",
        ),
        pytest.param(
            {"api": "group: live", "shop": "group: live, merge: direct"},
            "pipelines.shop.environments.prod.group",
            "without a pull request",
            id="nothing to share",
        ),
        pytest.param(
            {"api": "group: live, pull_request: {branch: updates}"},
            "pipelines.api.environments.prod.group",
            "a branch of its own",
            id="group with a branch",
        ),
        pytest.param(
            {"shared": "reviewers: ['a b']"}, "pipelines.api.pull_request.reviewers", "", id="no account"
        ),
    ],
)
def test_a_mistake_is_told_at_its_key(tmp_path: Path, texts: dict[str, str], key: str, words: str) -> None:
    problems = told(tmp_path, two(**texts))
    assert [each for each in problems if f" {key}" in each and words in each], problems


def test_a_base_branch_is_never_the_branch_of_a_proposal(tmp_path: Path) -> None:
    text = two(shared="branch: 'release-{{ tag }}'").replace(
        "    images: {web: acme/api}", "    branch: release-1.2.3\n    images: {web: acme/api}"
    )
    (problem,) = told(tmp_path, text)
    assert "the base branch begins in the same way" in problem


@pytest.mark.parametrize("name", ["a <b>", '"\\t"'])
def test_an_author_that_git_cannot_write_down_is_told(tmp_path: Path, name: str) -> None:
    (problem,) = told(tmp_path, f"author: {{name: {name}}}\n" + two())
    assert "author.name" in problem


def test_templates_are_tried_with_images_that_move(tmp_path: Path) -> None:
    message = "{{ images[0].alias }} from {{ images[0].old }}"
    found = environment(tmp_path, shared=f"message: '{message}'").pull_request
    assert found.texts.message == Template(message)


_CHAIN = """\
forges: {git: {kind: git}}
pipelines:
  api:
    repository: git:/srv/git/infra.git
    images: {web: acme/api}
    environments:
      dev: {values: dev.yaml}
      prod: {after: dev, %s}
"""
_PROVED = "pull_request: {title: '{{ upstream[0].environment }} since {{ upstream[0].since }}'}"


@pytest.mark.parametrize(
    "own",
    [
        pytest.param("values: prod.yaml", id="a file"),
        pytest.param("promote: {directory: dev, to: prod}", id="a directory"),
    ],
)
def test_templates_are_tried_with_an_upstream_where_there_is_one(tmp_path: Path, own: str) -> None:
    load_text(tmp_path, _CHAIN % f"{own}, {_PROVED}")
    (problem,) = told(tmp_path, _CHAIN % f"{own}, {_PROVED.replace('[0]', '[1]')}")
    assert "pipelines.api.environments.prod.pull_request.title" in problem
    assert "has no element 1" in problem
