"""What the configuration says of merging: short, long, and what would do nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.pipeline import Environment, Merge, MergeMethod, MergeRules
from bot.wiring.forges import permissions
from tests.configuration.files import load_text, problems

_FILE = """\
forges: {{git: {{kind: git}}, github: {{kind: github, token: t}}}}
pipelines:
  web:
    repository: {repository}
    images: {{web: acme/web}}
    environments: {{dev: {{values: dev.yaml, {merge}}}}}
"""
_DEV = "pipelines.web.environments.dev.merge"


def text(merge: str, repository: str = "github:acme/infra") -> str:
    """A configuration of one environment."""
    return _FILE.format(merge=merge, repository=repository)


def dev(folder: Path, merge: str) -> Environment:
    """The environment."""
    return load_text(folder, text(merge)).pipelines["web"].environment("dev")


@pytest.mark.parametrize(
    ("merge", "mode", "rules"),
    [
        ("soak: 0s", Merge.MANUAL, MergeRules()),
        ("merge: auto", Merge.AUTO, MergeRules()),
        ("merge: direct", Merge.DIRECT, MergeRules()),
        ("merge: {mode: auto, approvals: 2}", Merge.AUTO, MergeRules(approvals=2)),
        ("merge: {mode: auto, checks: ci}", Merge.AUTO, MergeRules(checks=("ci",))),
        (
            'merge: {mode: auto, checks: [ci/build, "lint*", ci/build], method: squash, platform: true}',
            Merge.AUTO,
            MergeRules(checks=("ci/build", "lint*"), method=MergeMethod.SQUASH, platform=True),
        ),
        (
            "merge: {method: rebase, delete_branch: true}",
            Merge.MANUAL,
            MergeRules(method=MergeMethod.REBASE, delete_branch=True),
        ),
        ("merge: auto, group: live", Merge.AUTO, MergeRules()),
        (
            "merge: {mode: auto, method: merge}, group: live",
            Merge.AUTO,
            MergeRules(method=MergeMethod.MERGE),
        ),
    ],
)
def test_it_may_be_written_in_short_or_in_full(
    tmp_path: Path, merge: str, mode: Merge, rules: MergeRules
) -> None:
    found = dev(tmp_path, merge)
    assert (found.merge, found.merging) == (mode, rules)


@pytest.mark.parametrize(
    ("merge", "key", "what"),
    [
        ("merge: atuo", "", "is not one of"),
        ("merge: {approvals: 2}", ".approvals", "says nothing where the mode is manual"),
        ("merge: {checks: ci}", ".checks", "says nothing where the mode is manual"),
        ("merge: {mode: manual, platform: true}", ".platform", "says nothing where the mode is manual"),
        ("merge: {mode: direct, method: squash}", ".method", "says nothing where the mode is direct"),
        ("merge: {mode: direct, delete_branch: true}", ".delete_branch", "the mode is direct"),
        ("merge: {mode: auto, approvals: 0}", ".approvals", "how many humans"),
        ('merge: {mode: auto, checks: "lint["}', ".checks", "lint["),
        ("merge: {mode: auto, method: fast}", ".method", "is not one of"),
        ("merge: {mode: auto, aprovals: 1}", ".aprovals", ""),
    ],
)
def test_a_mistake_is_told_at_its_key(tmp_path: Path, merge: str, key: str, what: str) -> None:
    (problem,) = problems(tmp_path, text(merge))
    assert problem.key == f"{_DEV}{key}"
    assert what in str(problem)


def test_a_group_has_no_pull_request_to_share_where_the_mode_is_direct(tmp_path: Path) -> None:
    found = {each.key: str(each) for each in problems(tmp_path, text("merge: direct, group: live"))}
    assert "there is none where the mode is direct" in found[_DEV]


@pytest.mark.parametrize(
    ("merge", "key"),
    [
        ("merge: {mode: auto, approvals: 1}", "approvals"),
        ("merge: {mode: auto, checks: ci}", "checks"),
        ("merge: {mode: auto, platform: true}", "platform"),
        ("merge: {mode: auto, method: rebase}", "method"),
    ],
)
def test_what_plain_git_never_has_is_not_waited_for(tmp_path: Path, merge: str, key: str) -> None:
    (problem,) = problems(tmp_path, text(merge, "git:/srv/git/infra.git"))
    assert problem.key == f"{_DEV}.{key}"


def test_plain_git_squashes_and_commits_directly(tmp_path: Path) -> None:
    for merge in ("merge: {mode: auto, method: squash, delete_branch: true}", "merge: direct"):
        assert load_text(tmp_path, text(merge, "git:/srv/git/infra.git")).pipelines


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("merge: auto", {}),
        ("merge: {mode: auto, checks: ci}", {"checks": "read", "statuses": "read"}),
        ("allow_workflows: true", {"workflows": "write"}),
    ],
)
def test_an_app_is_asked_for_what_its_environments_need(
    tmp_path: Path, merge: str, expected: dict[str, str]
) -> None:
    settings = load_text(tmp_path, text(merge))
    assert permissions("github", settings) == expected
    assert permissions("git", settings) == {}
