"""What an environment keeps for itself: globs of files, and keys in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.directories.keep import DirectoryPromotion, Keep
from bot.domain.edit.keypath import KeyPath


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("values.yaml", ["values.yaml"], ["a/values.yaml", "values.yaml.bak", "valuesXyaml"]),
        ("config/*.yaml", ["config/a.yaml", "config/.yaml"], ["config/a/b.yaml", "a.yaml", "config/a.yml"]),
        ("secrets/**", ["secrets/a", "secrets/a/b/c"], ["secret/a", "a/secrets/b"]),
        ("**/values.yaml", ["values.yaml", "a/values.yaml", "a/b/values.yaml"], ["a/values.yaml/b"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/x", "b", "x/a/b"]),
        ("**", ["a", "a/b/c"], []),
        ("**/**/a", ["a", "x/y/a"], ["a/b"]),
        ("[ab]?.txt", ["ax.txt", "bß.txt"], ["cx.txt", "a.txt", "a/.txt"]),
        (r"\*", ["*"], ["a"]),
    ],
)
def test_globs_stay_in_a_folder_unless_they_have_two_stars(
    glob: str, matching: list[str], other: list[str]
) -> None:
    rule = Keep.parse(glob)
    assert [path for path in [*matching, *other] if rule.matches(path)] == matching


def test_a_rule_may_name_a_key_and_is_written_as_it_was_read() -> None:
    rule = Keep.parse("config/*.yaml:ingress.host")
    assert rule == Keep("config/*.yaml", KeyPath.parse("ingress.host"))
    assert str(rule) == "config/*.yaml:ingress.host"
    assert str(Keep.parse("secrets/**")) == "secrets/**"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no files"),
        ("/etc", "names no files"),
        ("a//b", "names no files"),
        ("../a", "names no files"),
        ("a/", "names no files"),
        ("/".join("a" * 40), "names no files"),
        ("a**/b", "beside other characters"),
        ("[a", "is not a glob"),
        ("a.yaml:", "not a key path"),
        ("a.yaml:a..b", "not a key path"),
    ],
)
def test_a_rule_that_cannot_be_one_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Keep.parse(text)


def test_whole_files_and_keys_are_told_apart() -> None:
    rules = tuple(map(Keep.parse, ["secrets/**", "*.yaml:replicas", "values.yaml:host"]))
    promotion = DirectoryPromotion("staging", "production", rules)
    assert promotion.keeps("secrets/a")
    assert not promotion.keeps("values.yaml")
    assert [str(key) for key in promotion.keys("values.yaml")] == ["replicas", "host"]
    assert not promotion.keys("secrets/a")


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**", "?"]), min_size=1, max_size=6), st.text("ab/", max_size=14)
)
def test_a_glob_matches_as_its_meaning_says(glob: list[str], path: str) -> None:
    def means(parts: list[str], names: list[str]) -> bool:
        if not parts:
            return not names
        if parts[0] == "**":
            return means(parts[1:], names) or (bool(names) and means(parts, names[1:]))
        fits = bool(names) and (parts[0] in {"*", names[0]} or (parts[0] == "?" and len(names[0]) == 1))
        return fits and means(parts[1:], names[1:])

    assert Keep.parse("/".join(glob)).matches(path) == means(glob, path.split("/"))


def test_many_stars_are_matched_at_once() -> None:
    rule = Keep.parse("/".join(["**", "a"] * 16))
    assert not rule.matches("/".join(["a"] * 400 + ["b"]))
