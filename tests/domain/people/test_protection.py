"""Which files are protected, and what a pull request that touches them is told."""

from __future__ import annotations

import pytest

from bot.domain.people.protection import Override, Protection, Ruling, Touched, rule

LABEL = "tagboat-override"
IMAGES = Protection(("**/values-images.yaml",), LABEL)
TOUCHES = Touched(("README.md", "envs/prod/values-images.yaml"))
OTHERS = Touched(("README.md",))


@pytest.mark.parametrize(
    ("pattern", "path", "is_protected"),
    [
        ("**/values-images.yaml", "values-images.yaml", True),
        ("**/values-images.yaml", "envs/prod/eu/values-images.yaml", True),
        ("**/values-images.yaml", "envs/my-values-images.yaml", False),
        ("**/values-images.yaml", "values-images.yaml/x", False),
        ("envs/*/values.yaml", "envs/prod/values.yaml", True),
        ("envs/*/values.yaml", "envs/prod/eu/values.yaml", False),
        ("envs/**", "envs/prod/eu/values.yaml", True),
        ("envs/**", "envs", False),
        ("envs/**/x.yaml", "envs/x.yaml", True),
        ("v?.yaml", "v1.yaml", True),
        ("v?.yaml", "v/.yaml", False),
        ("a.yaml", "a-yaml", False),
        ("envs/[a].yaml", "envs/[a].yaml", True),
        ("envs/[a].yaml", "envs/a.yaml", False),
        ("**", "any/thing", True),
        ("*.yaml", "a\nb.yaml", True),
        ("müsli/*.yaml", "müsli/é.yaml", True),
        ("*.yaml", "\udc80.yaml", True),
    ],
)
def test_patterns_name_paths(pattern: str, path: str, is_protected: bool) -> None:
    assert Protection((pattern,)).touches([path]) == ([path] if is_protected else [])


@pytest.mark.parametrize("pattern", ["", "/a", "a/", "a//b", "../a", "./a", "a**", "a\\b", "x\n", "x" * 301])
def test_what_is_no_pattern_is_refused_with_a_fix(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"is not a pattern of paths \(write"):
        Protection((pattern,))


def test_others_files_are_fine() -> None:
    ruling = rule(IMAGES, OTHERS)
    assert ruling == Ruling(passes=True, reason="No file that only Tagboat changes is touched.")


def test_a_protected_file_fails_with_the_way_out() -> None:
    assert rule(IMAGES, TOUCHES) == Ruling(
        passes=False,
        reason="Only Tagboat may change envs/prod/values-images.yaml "
        "(change Tagboat's configuration instead, "
        "or set the label tagboat-override).",
    )


def test_without_a_label_none_is_offered() -> None:
    assert "label" not in rule(Protection(IMAGES.patterns), TOUCHES).reason


def test_tagboats_own_changes_are_fine() -> None:
    assert rule(IMAGES, TOUCHES, is_tagboats=True).passes


def test_what_cannot_be_read_whole_fails_closed() -> None:
    ruling = rule(IMAGES, Touched(("README.md",), is_complete=False))
    assert not ruling.passes
    assert ruling.reason.startswith("It changes too many files to look at (split it into smaller ones")


@pytest.mark.parametrize(
    ("override", "passes", "said"),
    [
        (Override(), True, "overridden with the label tagboat-override."),
        (Override("ada"), True, "overridden with the label tagboat-override by ada."),
        (Override("mallory", may_write=False), False, "set by mallory, who may not write"),
    ],
    ids=["by nobody known", "by somebody", "by somebody who may not"],
)
@pytest.mark.parametrize("touched", [TOUCHES, Touched((), is_complete=False)], ids=["touched", "unread"])
def test_the_label_overrides_and_says_who(
    override: Override, passes: bool, said: str, touched: Touched
) -> None:
    ruling = rule(IMAGES, touched, override=override)
    assert ruling.passes is passes
    assert said in ruling.reason


def test_many_files_are_counted_and_names_are_harmless() -> None:
    paths = tuple(f"{name}/values-images.yaml" for name in ("@ops", "b", "c", "d", "e"))
    reason = rule(IMAGES, Touched(paths)).reason
    assert "and 2 more" in reason
    assert "@ops" not in reason
