"""A policy is checked when it is built, and its mistakes are told with the fix."""

from __future__ import annotations

import pytest

from bot.domain.policy import SelectionPolicy, Strategy


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        ("semver", Strategy.SEMVER),
        ("newest-build", Strategy.NEWEST_BUILD),
        ("latest", Strategy.NEWEST_BUILD),
        ("digest", Strategy.DIGEST),
        ("alphabetical", Strategy.ALPHABETICAL),
        ("name", Strategy.ALPHABETICAL),
        (" SemVer ", Strategy.SEMVER),
        ("numerical", Strategy.NUMERICAL),
        ("calver", Strategy.CALVER),
        ("docker", Strategy.DOCKER),
        ("patch", Strategy.PATCH),
        ("minor", Strategy.MINOR),
        ("Major", Strategy.MAJOR),
        ("all", Strategy.ALL),
    ],
)
def test_a_strategy_is_known_by_its_name_and_alias(text: str, strategy: Strategy) -> None:
    assert Strategy.parse(text) is strategy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("semvar", r"'semvar' is not a strategy \(did you mean semver\?\)"),
        ("newest_build", r"did you mean newest-build\?"),
        ("lastest", r"did you mean latest\?"),
        ("", r"use one of semver, newest-build, digest, alphabetical"),
        ("zzz", r"use one of semver, newest-build, digest, alphabetical"),
    ],
)
def test_an_unknown_strategy_names_the_closest(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Strategy.parse(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"constraint": ">=foo"}, "'>=foo' is not a version constraint", id="constraint"),
        pytest.param({"strategy": Strategy.DIGEST}, "'' is not a tag: digest follows one tag", id="no tag"),
        pytest.param(
            {"strategy": Strategy.DIGEST, "constraint": ">=1 <2"},
            "'>=1 <2' is not a tag",
            id="range for a tag",
        ),
        pytest.param({"allow_tags": "^v"}, "allow_tags '.v' is not a tag pattern", id="no regexp: before it"),
        pytest.param({"allow_tags": "regexp:("}, "does not compile: missing", id="regexp"),
        pytest.param({"ignore_tags": ("*", "[a")}, r"'\[a' is not a glob", id="glob"),
        pytest.param({"platforms": ("linux",)}, "'linux' is not a platform", id="platform"),
        pytest.param(
            {"platforms": ("linux/aarch64",)}, "write linux/arm64", id="another name of an architecture"
        ),
    ],
)
def test_a_bad_policy_is_refused_when_built(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SelectionPolicy(**fields)  # type: ignore[arg-type]


def test_a_policy_is_a_plain_value() -> None:
    policy = SelectionPolicy(constraint=">=1", ignore_tags=("*-rc*",))
    assert policy == SelectionPolicy(constraint=">=1", ignore_tags=("*-rc*",))
    assert hash(policy) == hash(SelectionPolicy(constraint=">=1", ignore_tags=("*-rc*",)))
