"""Names and paths that Tagboat may touch, held against Git's own opinion of names."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.forges.rules import (
    LARGEST_FILE,
    is_commit,
    require_branch,
    require_own_branch,
    require_path,
    require_size,
)
from bot.domain.errors import Refused

_PIECES = st.sampled_from([*"aab//.@{}~^:?*[\\ -", "..", ".lock", "ü", "\x7f", "\t"])
_TRICKY = st.lists(_PIECES, max_size=6).map("".join)


def _is_allowed(branch: str) -> bool:
    try:
        require_branch(branch)
    except Refused:
        return False
    return True


@given(_TRICKY)
@settings(max_examples=60, deadline=None)
def test_what_is_allowed_as_a_branch_is_what_git_allows(name: str) -> None:
    if name.startswith("-"):
        assert not _is_allowed(name)  # Git itself would take it for an option
        return
    judged = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    # "@" alone is a ref name, and no branch name for any command that reads revisions.
    assert _is_allowed(name) == (judged.returncode == 0 and name != "@")


@pytest.mark.parametrize("branch", ["a" * 40, "a" * 64], ids=["SHA-1", "SHA-256"])
def test_a_branch_that_looks_like_a_commit_is_refused(branch: str) -> None:
    with pytest.raises(Refused):
        require_branch(branch)


@pytest.mark.parametrize("branch", ["tagboat/homepage/dev", "tagboat/ü/1.2.3"])
def test_branches_under_the_prefix_are_ours(branch: str) -> None:
    require_own_branch(branch)


@pytest.mark.parametrize("branch", ["main", "tagboat", "tagboats/x", "Tagboat/x", "x/tagboat/y", "tagboat/"])
def test_any_other_branch_is_not_ours(branch: str) -> None:
    with pytest.raises(Refused):
        require_own_branch(branch)


def test_paths_are_judged_by_the_one_rule_of_the_domain() -> None:
    require_path("envs/dev/values.yaml")
    require_path(".gitlab-ci.yml", allow_workflows=True)
    for path in (".gitlab-ci.yml", "../x", ".git/config"):
        with pytest.raises(Refused):
            require_path(path)


def test_the_largest_file_is_still_allowed() -> None:
    require_size("values.yaml", LARGEST_FILE)
    with pytest.raises(Refused, match="too large"):
        require_size("values.yaml", LARGEST_FILE + 1)


@pytest.mark.parametrize("text", ["a" * 39, "A" * 40, "a" * 41, "", "HEAD", f"{'a' * 40}\n", "g" * 40])
def test_only_a_full_id_in_lower_case_is_a_commit(text: str) -> None:
    assert not is_commit(text)
    assert is_commit("0" * 40)
