"""A policy is checked when it is built, and its mistakes are told with the fix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.choosing.policy import Hold, Pin, PolicyFault, SelectionPolicy
from bot.domain.choosing.strategies.names import Direction, Strategy
from bot.domain.choosing.strategies.reach import Jump


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
    ("fields", "key", "message"),
    [
        pytest.param({"order": Direction.ASC}, "order", "order means nothing to semver: its highest is the"
                     r" best \(leave it out, or use alphabetical or numerical\)", id="order of semver"),
        pytest.param({"strategy": Strategy.NEWEST_BUILD, "constraint": ">=1"}, "constraint",
                     "constraint means nothing to newest-build", id="constraint of newest-build"),
        pytest.param({"strategy": Strategy.ALPHABETICAL, "max_jump": Jump.MINOR}, "max_jump",
                     "use docker or semver", id="jump of alphabetical"),
        pytest.param({"strategy": Strategy.ALL, "match_prerelease": False}, "match_prerelease",
                     "use major or minor or patch", id="pre-releases of all"),
        pytest.param({"strategy": Strategy.PATCH, "allow_downgrade": True}, "allow_downgrade",
                     "it never goes back", id="downgrade of a level"),
        pytest.param({"strategy": Strategy.NEWEST_BUILD, "pattern": "(a)", "extract": "$1"}, "extract",
                     "extract means nothing to newest-build", id="extract of newest-build"),
        pytest.param({"format": "YYYY"}, "format", "use calver", id="format of semver"),
        pytest.param({"strategy": Strategy.CALVER}, "format", "a format has 1 to 100", id="no format"),
        pytest.param({"strategy": Strategy.CALVER, "format": "MM"}, "format", "names no year", id="no year"),
        pytest.param({"pattern": "("}, "pattern", "does not compile", id="pattern"),
        pytest.param({"extract": "$1"}, "extract", "has no pattern to take from", id="no pattern"),
        pytest.param({"pattern": "a", "extract": "$1"}, "extract", "names the group", id="no such group"),
        pytest.param({"min_age": timedelta(days=-1)}, "min_age", "less than nothing", id="age"),
        pytest.param({"pin": Pin("a b", "why")}, "pin", "'a b' is not the tag of an image", id="pin"),
        pytest.param({"pin": Pin(f"sha256-{'a' * 64}.sig", "why")}, "pin", "is not the tag of an image",
                     id="pinned signature"),
        pytest.param({"strategy": Strategy.DIGEST, "constraint": "a", "pin": Pin("b", "why")}, "pin",
                     "pin means nothing to digest: its constraint names the tag", id="pin of digest"),
        pytest.param({"pin": Pin("a", "why"), "hold": Hold("why")}, "pin", "exclude each other", id="both"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_meant_is_named(fields: dict[str, object], key: str, message: str) -> None:
    with pytest.raises(PolicyFault, match=message) as fault:
        SelectionPolicy(**fields)  # type: ignore[arg-type]
    assert fault.value.key == key


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
