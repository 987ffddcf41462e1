"""Tags are let through or refused by name, with ignore before allow."""

from __future__ import annotations

import time

import pytest

from bot.domain.choosing.tag_filter import TagFilter

TAGS = ["1.0.0", "1.0.0-rc.1", "latest", "v2", "nightly-v3"]


@pytest.mark.parametrize(
    ("allow", "ignore", "kept"),
    [
        pytest.param("", [], TAGS, id="no patterns"),
        pytest.param("any", [], TAGS, id="any"),
        pytest.param("regexp:^v", [], ["v2"], id="anchored"),
        pytest.param("regexp:v", [], ["v2", "nightly-v3"], id="unanchored"),
        pytest.param("regexp:", [], TAGS, id="an empty expression is everywhere"),
        pytest.param(r"regexp:^\d+\.\d+\.\d+$", [], ["1.0.0"], id="class"),
        pytest.param("", ["*-rc*", "latest"], ["1.0.0", "v2", "nightly-v3"], id="globs"),
        pytest.param("", ["1.0"], TAGS, id="globs match the whole tag"),
        pytest.param("regexp:.", ["*"], [], id="a star ignores everything"),
        pytest.param("regexp:^v", ["v*"], [], id="ignore wins over allow"),
    ],
)
def test_names_are_filtered(allow: str, ignore: list[str], kept: list[str]) -> None:
    names = TagFilter(allow_tags=allow, ignore_tags=ignore)
    assert [tag for tag in TAGS if not names.refusal(tag)] == kept


def test_the_reason_names_the_very_pattern() -> None:
    names = TagFilter(allow_tags="regexp:^1", ignore_tags=["beta-*", "*-rc*"])
    assert {tag: names.refusal(tag) for tag in ["1.0-rc1", "beta-1", "2.0", "1.0", "no tag"]} == {
        "1.0": "",
        "1.0-rc1": "matches ignore_tags '*-rc*'",
        "beta-1": "matches ignore_tags 'beta-*'",
        "2.0": "does not match allow_tags 'regexp:^1'",
        "no tag": "'no tag' is not a tag by the OCI grammar",
    }


HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        (f"sha256-{HEX}.sig", "signature of another image, and no image"),
        (f"sha256-{HEX}.att", "attestation of another image, and no image"),
        (f"sha256-{HEX}.sbom", "bill of materials of another image, and no image"),
        (f"sha256-{HEX}", "list of artefacts of another image, and no image"),
        (f"sha512-{HEX}", "list of artefacts of another image, and no image"),
        (f"sha256-{HEX}.tar", ""),
        (f"sha256-{HEX[1:]}.sig", ""),
        (f"sha256-{HEX.upper()}.sig", ""),
        (f"v1-sha256-{HEX}", ""),
    ],
)
def test_what_is_stored_beside_an_image_is_never_a_candidate(tag: str, reason: str) -> None:
    assert TagFilter(allow_tags="regexp:sha", ignore_tags=[]).refusal(tag) == reason


@pytest.mark.parametrize(
    ("allow", "ignore", "message"),
    [
        pytest.param("v.*", [], "write any, or for example regexp:", id="neither any nor regexp"),
        pytest.param("Any", [], "not a tag pattern", id="any in capitals"),
        pytest.param("regexp:(?=a)", [], "RE2 has no lookaround", id="lookaround"),
        pytest.param(r"regexp:(a)\1", [], "does not compile", id="backreference"),
        pytest.param("regexp:a{1001}", [], "does not compile: invalid repetition size", id="repetition"),
        pytest.param("regexp:" + "a" * 1024, [], "longer than 1024", id="too long an expression"),
        pytest.param("", ["a" * 1025], "longer than 1024", id="too long a glob"),
        pytest.param("", ["ok", "a[", "ok"], r"'a\[' is not a glob", id="a bad glob among good ones"),
    ],
)
def test_a_bad_pattern_is_refused_at_load(allow: str, ignore: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TagFilter(allow_tags=allow, ignore_tags=ignore)


def test_no_pattern_makes_a_tag_cost_more_than_linear_time() -> None:
    """Either pattern needs minutes on such tags with a backtracking engine."""
    names = TagFilter(allow_tags="regexp:^(a+)+$", ignore_tags=["*a" * 40 + "*b"])
    began = time.process_time()
    assert all(names.refusal(f"{'a' * 120}{end}") for end in "!-_.")
    assert time.process_time() - began < 1
