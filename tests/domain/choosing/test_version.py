"""Versions are ordered by Semantic Versioning; constraints admit what Masterminds/semver v3.4 admits."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.choosing.version import Version, parse_constraint, parse_version

CASES = Path(os.environ.get("CASES_DIR", Path(__file__).parents[4] / "shared" / "cases"))


def version(text: str) -> Version:
    found = parse_version(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.2.3", (1, 2, 3)),
        ("v1.2.3", (1, 2, 3)),
        ("1.2", (1, 2, 0)),
        ("1", (1, 0, 0)),
        ("v0", (0, 0, 0)),
        ("20240131", (20240131, 0, 0)),
        ("2025.02.03", (2025, 2, 3)),
        ("1.2.3-rc.1", (1, 2, 3)),
        ("1.2-alpine", (1, 2, 0)),
        ("1-0", (1, 0, 0)),
        ("1.2.3+build.7", (1, 2, 3)),
        ("1.2.3-rc.1+build.007", (1, 2, 3)),
        ("1.2.3--", (1, 2, 3)),
        ("18446744073709551616.0.0", (2**64, 0, 0)),
    ],
)
def test_a_version_is_read_with_missing_parts_as_zero(text: str, numbers: tuple[int, int, int]) -> None:
    assert version(text)[:3] == numbers
    assert version(text).is_prerelease == ("-" in text)


@pytest.mark.parametrize(
    "text",
    [
        "", "v", "V1.2.3", "1.2.3.4", "1.", ".1", "1..2", "1.2.3-", "1.2.3+", "1.2.3-rc..1", "1.2.3-01",
        "1.2.3-rc.01", "rel-1.2.3", "latest", " 1.2.3", "1.2.3\n", "1.2.x", "1,2", "1.2.3-rc_1", "١.٢.٣",
        "1.2.3-é", "-1", "vv1", "9" * 257, "1.0.0-" + "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse_version(text) is None


ASCENDING = [
    "0.0.0-0", "0.0.0", "0.0.1", "0.9.9", "0.10.0", "1.0.0-0", "1.0.0-1", "1.0.0-2.9", "1.0.0-2.10",
    "1.0.0-10", "1.0.0--", "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.1.0", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0-alpha", "1.2.0",
    "1.10.0", "2.0.0",
]  # fmt: skip


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING)))
def test_precedence_is_that_of_semantic_versioning(lower: str, higher: str) -> None:
    assert version(lower) < version(higher)
    assert version(lower) != version(higher)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1.0.0"),
        ("v1", "1.0.0"),
        ("1.0.0+a", "1.0.0+b"),
        ("01.2.3", "1.2.3"),
        ("v1-rc.1", "1.0.0-rc.1+7"),
    ],
)
def test_spelling_and_build_metadata_make_no_difference(one: str, other: str) -> None:
    assert version(one) == version(other)
    assert hash(version(one)) == hash(version(other))


# Per constraint: versions that it admits, and versions that it does not. From the grammar of
# https://github.com/Masterminds/semver#checking-version-constraints.
RELEASES = {
    "1.2.3": ("1.2.3 v1.2.3 1.2.3+meta", "1.2.4 1.2.2 1.2.3-rc.1"),
    "=1.2.3": ("1.2.3", "1.2.4"),
    "v1.2.3": ("1.2.3 v1.2.3", "1.2.4"),
    "= v1.2": ("1.2.0 1.2.9", "1.3.0"),
    "1.2": ("1.2.0 1.2.9", "1.1.9 1.3.0 1.2.1-rc.1"),
    "1.2.x": ("1.2.0 1.2.9", "1.3.0"),
    "1.2.X": ("1.2.9", "1.3.0"),
    "1.2.*": ("1.2.9", "1.3.0"),
    "1": ("1.0.0 1.9.9", "0.9.9 2.0.0"),
    "1.x.x": ("1.0.0 1.9.9", "2.0.0"),
    "*": ("0.0.0 9.9.9", "1.0.0-rc.1"),
    "x": ("0.0.0 9.9.9", "1.0.0-rc.1"),
    "*-0": ("1.0.0-0 1.0.0 0.0.0-0", ""),
    "1.x-0": ("1.0.0-0 1.5.0-rc.1 1.9.9", "2.0.0-rc.1 2.0.0"),
    "1.2.3-rc.1": ("1.2.3-rc.1", "1.2.3 1.2.3-rc.2"),
    "0.0.0": ("0.0.0", "0.0.1"),
    "!=1.2.3": ("1.2.4 1.2.2", "1.2.3 1.2.3+meta 1.2.4-rc.1"),
    "!=1.2": ("1.1.0 1.3.0 2.2.0", "1.2.0 1.2.9"),
    "!=1": ("0.9.0 2.0.0", "1.0.0 1.9.9"),
    "!=1.2-rc.1": ("1.2.3-rc.2 1.2.3 1.3.0-rc.1", "1.2.0-rc.1 1.2.7-rc.1"),
    "!=*": ("0.0.1 1.0.0", "0.0.0"),
    ">1.2.3": ("1.2.4 2.0.0", "1.2.3 1.2.2 1.2.4-rc.1"),
    ">1.2.3-rc.1": ("1.2.3-rc.2 1.2.3 2.0.0-0", "1.2.3-rc.1 1.2.3-beta"),
    ">11": ("12.0.0", "11.0.0 11.9.9"),
    ">11.1": ("11.2.0 12.0.0", "11.1.0 11.1.9"),
    ">11-0": ("12.0.0-rc.1", "11.9.9"),
    ">*": ("0.0.1 1.0.0", "0.0.0"),
    "<1.2.3": ("1.2.2 0.0.0", "1.2.3 1.2.3-rc.1 1.2.2-rc.1"),
    "<1.2.3-rc.2": ("1.2.3-rc.1 1.2.2-zz", "1.2.3-rc.2 1.2.3"),
    "<1.x": ("0.9.9", "1.0.0 1.5.0"),
    "<11": ("10.9.9", "11.0.0 11.1.0"),
    "<2-0": ("1.9.9 1.9.9-rc.1", "2.0.0-0 2.0.0"),
    ">=1.2": ("1.2.0 9.0.0", "1.1.9"),
    "=>1.2": ("1.2.0", "1.1.9"),
    ">=1.2.3": ("1.2.3", "1.2.2 1.2.3-rc.1"),
    ">=1.0-0": ("1.0.0-0 1.0.0-rc.1 2.0.0-rc.1 1.0.0", "0.9.9"),
    "<=11": ("11.0.0 11.9.9 1.0.0", "12.0.0"),
    "<=1.1": ("1.1.9 0.1.0", "1.2.0"),
    "=<1.1.1": ("1.1.1", "1.1.2"),
    "<=2.0.0-beta": ("2.0.0-alpha 1.9.9-rc.1", "2.0.0 2.0.0-rc"),
    "<=*": ("0.0.0 0.0.9", "0.1.0 1.0.0"),
    "~1.2.3": ("1.2.3 1.2.9", "1.2.2 1.3.0 1.2.4-rc.1"),
    "~>1.2.3": ("1.2.9", "1.3.0"),
    "~ 1.2": ("1.2.0 1.2.9", "1.3.0 1.1.9"),
    "~1": ("1.0.0 1.9.9", "2.0.0"),
    "~0": ("0.0.0 0.9.9", "1.0.0"),
    "~0.0": ("0.0.0 0.0.9", "0.1.0"),
    "~0.0.0": ("0.0.0 1.2.3", "1.2.3-rc.1"),
    "~0.0.1": ("0.0.1 0.0.9", "0.1.0 1.0.0"),
    "~*": ("0.0.0 1.2.3", "1.0.0-rc.1"),
    "~1.2.3-beta.2": ("1.2.3-beta.4 1.2.4-beta.2 1.2.3", "1.2.3-beta.1 1.3.0-beta.3"),
    "^1.2.3": ("1.2.3 1.9.9", "1.2.2 2.0.0 2.0.0-rc.1"),
    "^1.2": ("1.2.0 1.9.9", "1.1.9 2.0.0"),
    "^1": ("1.0.0 1.9.9", "2.0.0"),
    "^0.2.3": ("0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0"),
    "^0.2": ("0.2.0 0.2.9", "0.3.0"),
    "^0.0.3": ("0.0.3", "0.0.2 0.0.4 0.1.0"),
    "^0.0.0": ("0.0.0", "0.0.1 1.2.3"),
    "^0.0": ("0.0.0 0.0.9", "0.1.0 1.0.0"),
    "^0": ("0.0.0 0.9.9", "1.0.0"),
    "^*": ("0.0.0 1.2.3", "1.0.0-rc.1"),
    "^1.2.0-alpha.0": ("1.2.0-alpha.0 1.2.1-alpha.0 1.9.0", "1.1.9 2.0.0-alpha"),
    ">=1.1 <2": ("1.1.0 1.9.9", "2.0.0 1.0.9"),
    ">=1.1,<2": ("1.1.0", "2.0.0"),
    ">=1.1 , <2": ("1.1.0", "2.0.0"),
    ">=1.1, <2, !=1.2.3": ("1.2.4", "1.2.3 2.0.0"),
    ">= 1.1 <2 !=1.2.3 || > 3": ("1.2.4 4.0.0", "1.2.3 3.0.0 3.1.2"),
    "1.x||3.x": ("1.5.0 3.5.0", "2.5.0"),
    ">=1.0.0 <=2.0.0-beta": ("1.0.1-beta 1.5.0", "2.0.0"),
    ">=2.0.0-0 || 1.x": ("2.0.0-rc.1 1.5.0", "1.5.0-rc.1"),
    "1.1 - 2": ("1.1.0 2.9.9", "1.0.9 3.0.0"),
    "1.0.0 - 2.0.0 <=1.5.0": ("1.5.0", "1.5.1"),
    "1 - 2 || 4 - 5": ("1.0.0 5.9.9", "3.0.0"),
    "1 - 2||4 - 5": ("1.0.0 5.9.9", "3.0.0"),
    "1.1-3": ("1.1.0-3 1.1.0-4 1.1.9", "1.1.0-2 1.2.0 2.0.0"),
    "  >=1.0  ": ("1.0.0", "0.9.0"),
    ">2 <1": ("", "0.5.0 1.5.0 3.0.0"),
}  # fmt: skip


@pytest.mark.parametrize("text", RELEASES)
def test_a_constraint_admits_what_its_grammar_says(text: str) -> None:
    constraint = parse_constraint(text)
    admitted, refused = (set(part.split()) for part in RELEASES[text])
    assert {each for each in admitted | refused if constraint.admits(version(each))} == admitted


@pytest.mark.parametrize(
    ("text", "admitted", "refused"),
    [
        ("*", "1.0.0-rc.1 0.0.0", "0.0.0-rc.1"),
        ("^1.1", "1.1.1-alpha 1.1.0", "1.1.0-alpha 2.0.0-alpha"),
        ("<1.1", "1.1.0-alpha 0.1.0-alpha", "1.1.0"),
        ("!=1.1", "1.1.0-alpha 1.2.0-alpha", "1.1.0"),
        ("!=1", "2.0.0-alpha", "1.1.0-alpha"),
        ("<=1", "1.9.9-rc.1", "2.0.0-rc.1"),
        ("1.2.3", "1.2.3", "1.2.3-rc.1"),
        (">=1 <2 || 3.x", "1.5.0-rc.1 3.1.0-rc.1", "2.5.0-rc.1"),
    ],
)
def test_pre_releases_can_be_included_everywhere(text: str, admitted: str, refused: str) -> None:
    constraint = parse_constraint(text, include_prerelease=True)
    assert [each for each in admitted.split() if not constraint.admits(version(each))] == []
    assert [each for each in refused.split() if constraint.admits(version(each))] == []


@pytest.mark.parametrize(
    ("text", "each", "reason"),
    [
        (">=1.0 <2", "2.0.0", "outside >=1.0 <2"),
        (">=1.0 <2", "1.5.0", ""),
        (">=1.0 <2", "1.5.0-rc.1", "pre-release; the constraint names none"),
        (">=1.0 <2", "2.5.0-rc.1", "outside >=1.0 <2"),
        (">=1.0-0 <2", "1.5.0-rc.1", ""),
    ],
)
def test_a_refusal_says_why(text: str, each: str, reason: str) -> None:
    assert parse_constraint(text).refusal(version(each)) == reason


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "||", "1.0 ||", "|| 1.0", "1.0 | 2.0", ">=", ">= >=1", "> = 1", "==1.0", "<>1", "1.2.3.4",
        "1..2", "1.2.", "1.0,", ",1.0", "1.0,,2.0", "1.0 -2.0 -", ">=1.0 - 2.0", "foo", "1.x1", "xx",
        "1.2.3-01", "1.2-rc..1", "~~1", "^^1", "V1", "1.0;2.0", ">=1.0<2.0", "1.2.3 rc", "1.0 and 2.0", "١.٠",
        "1.0 - ",
    ],
)  # fmt: skip
def test_what_breaks_the_grammar_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a version constraint: .+ \(write for example"):
        parse_constraint(text)


def test_an_endless_constraint_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 1024"):
        parse_constraint("1.0 || " * 200 + "2.0")


def test_every_conformity_case_holds() -> None:
    """Every row of the table, where the table is at hand."""
    path = CASES / "semver_constraints.json"
    if not path.is_file():
        pytest.skip(f"no conformity cases at {path}")
    rows = json.loads(path.read_text())["cases"]
    wrong = [row for row in rows if _admits(row) is not row["matches"]]
    assert rows
    assert wrong == []


def _admits(row: dict[str, str]) -> bool:
    include = {"release": False, "include_prerelease": True}[row["mode"]]
    return parse_constraint(row["constraint"], include_prerelease=include).admits(version(row["version"]))


numbers = st.integers(0, 12)
identifiers = st.sampled_from(["0", "1", "2", "10", "11", "alpha", "beta", "rc", "A", "-", "0a"])
texts = st.builds(
    lambda core, pre: ".".join(map(str, core)) + ("-" + ".".join(pre) if pre else ""),
    st.tuples(numbers, numbers, numbers),
    st.lists(identifiers, max_size=3),
)


@given(texts, texts)
def test_the_order_is_that_of_the_reference_implementation(one: str, other: str) -> None:
    expected = semver.Version.parse(one).compare(other)
    left, right = version(one), version(other)
    assert ((left > right) - (left < right)) == expected
    assert (left == right) == (expected == 0)


@given(st.lists(texts, min_size=3, max_size=3).map(sorted))
def test_the_order_is_total_and_transitive(three: list[str]) -> None:
    first, second, third = sorted(map(version, three))
    assert first <= second <= third
    assert first <= third
    assert not (third < first)
    assert (first < third) or (first == second == third)


operators = st.sampled_from(["", "=", "!=", ">", "<", ">=", "<=", "~", "^"])
partials = st.builds(
    lambda parts, pre: ".".join(parts) + (f"-{pre}" if pre else ""),
    st.lists(st.integers(0, 3).map(str) | st.just("x"), min_size=1, max_size=3),
    st.sampled_from(["", "0", "rc.1"]),
)
members = st.builds(str.__add__, operators, partials)


@given(st.lists(st.lists(members, min_size=1, max_size=3), min_size=1, max_size=3), texts)
def test_or_and_and_are_logic(groups: list[list[str]], text: str) -> None:
    """With pre-releases included, a constraint is the plain combination of its members."""
    constraint = parse_constraint(" || ".join(", ".join(group) for group in groups), include_prerelease=True)
    expected = any(all(_member_admits(member, text) for member in group) for group in groups)
    assert constraint.admits(version(text)) == expected


def _member_admits(member: str, text: str) -> bool:
    return parse_constraint(member, include_prerelease=True).admits(version(text))


@given(st.lists(members, min_size=1, max_size=3), texts)
def test_a_release_is_admitted_alike_in_both_modes(group: list[str], text: str) -> None:
    joined = " ".join(group)
    if not version(text).is_prerelease or "-" in joined:
        admits = parse_constraint(joined).admits(version(text))
        assert admits == parse_constraint(joined, include_prerelease=True).admits(version(text))
    else:
        assert not parse_constraint(joined).admits(version(text))


@given(partials, texts)
def test_not_equal_is_the_opposite_of_equal_for_full_versions(partial: str, text: str) -> None:
    full = f"{version(partial.replace('x', '0')).major}.1.2"
    equal = parse_constraint(full, include_prerelease=True).admits(version(text))
    differs = parse_constraint(f"!={full}", include_prerelease=True).admits(version(text))
    assert equal != differs
