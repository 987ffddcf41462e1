"""Each strategy chooses its best tag, and every other tag is told why it is not chosen."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.domain.choosing.selection import SelectionPolicy, TagDetails
from tests.domain.choosing.selections import (
    ALPHABETICAL,
    DIGEST,
    NEWEST,
    SEMVER,
    built,
    chosen,
    digest,
    reasons,
    running,
)


@pytest.mark.parametrize(
    ("constraint", "tags", "best"),
    [
        pytest.param("", ["1.2.0", "1.10.0", "1.9.0"], "1.10.0", id="numbers, not text"),
        pytest.param("", ["1.0.0", "2.0.0-rc.1"], "1.0.0", id="no constraint means releases"),
        pytest.param("*-0", ["1.0.0", "2.0.0-rc.1"], "2.0.0-rc.1", id="pre-releases when named"),
        pytest.param("~1.4", ["1.3.9", "1.4.7", "1.5.0"], "1.4.7", id="inside the constraint"),
        pytest.param("", ["v1.2.0", "1.1.0", "latest"], "v1.2.0", id="the tag's own spelling"),
        pytest.param("", ["1.0", "v1.0.0", "1.0.0"], "v1.0.0", id="a tie goes to the last name"),
        pytest.param("", ["1.27", "1.27.0", "1"], "1.27.0", id="a tie goes to the more exact name"),
        pytest.param("", ["latest", "main"], None, id="no version at all"),
        pytest.param(">=3", ["1.0.0", "2.0.0"], None, id="none in the constraint"),
    ],
)
def test_semver_takes_the_highest_version(constraint: str, tags: list[str], best: str | None) -> None:
    choice = chosen(SelectionPolicy(constraint=constraint), tags)
    assert choice.tag == best
    assert not choice.is_waiting


@pytest.mark.parametrize(
    ("days", "best"),
    [
        pytest.param({"b": 1, "a": 2, "c": 0}, "a", id="the latest build"),
        pytest.param({"b": 1, "a": 1}, "b", id="a tie goes to the last name"),
        pytest.param({"b": 1, "sig": None}, "b", id="what has no build time is no candidate"),
        pytest.param({"sig": None}, None, id="no build time at all"),
    ],
)
def test_newest_build_takes_the_latest_build(days: dict[str, int | None], best: str | None) -> None:
    choice = chosen(NEWEST, list(days), {tag: built(day) for tag, day in days.items()})
    assert choice.tag == best
    assert not choice.is_waiting


def test_a_build_time_without_zone_is_utc() -> None:
    naive = TagDetails(digest("a"), datetime(2026, 1, 3))
    assert chosen(NEWEST, ["a", "b"], {"a": naive, "b": built(1)}).tag == "a"


@pytest.mark.parametrize(
    ("tags", "best"),
    [
        pytest.param(["v9", "v10", "v8"], "v9", id="byte order"),
        pytest.param(["a", "B", "A"], "a", id="capitals first"),
        pytest.param(["2026-01-02", "2026-01-10"], "2026-01-10", id="dates"),
    ],
)
def test_alphabetical_takes_the_last_name(tags: list[str], best: str) -> None:
    assert chosen(ALPHABETICAL, tags).tag == best


def test_digest_takes_its_one_tag_with_its_digest() -> None:
    choice = chosen(DIGEST, ["latest", "1.0"], {"latest": built(1)}, running("latest", "f"))
    assert choice.tag == "latest"
    assert choice.details == built(1)
    assert choice.reason == (
        "latest is the tag that the constraint names, and now names aaaaaaaaaaaa; ffffffffffff runs"
    )
    assert reasons(choice)["1.0"] == "not 'latest', the tag that the constraint names"


def test_digest_chooses_nothing_when_its_tag_is_not_listed() -> None:
    choice = chosen(DIGEST, ["1.0", "2.0"])
    assert choice.tag is None
    assert choice.reason.startswith("none of the tags (2) can be chosen: 2 × not 'latest'")


VERDICTS = SelectionPolicy(
    constraint=">=1.0 <2", allow_tags="regexp:^v?[0-9]|^latest$", ignore_tags=("*-debug", "1.3.*")
)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("1.4.2", "the highest version in >=1.0 <2"),
        ("1.4.1", "older than 1.4.2"),
        ("1.4.02", "the same version as 1.4.2, which sorts after it"),
        ("2.0.0", "outside >=1.0 <2"),
        ("1.5.0-rc.1", "pre-release; the constraint names none"),
        ("latest", "not a semantic version"),
        ("main", "does not match allow_tags 'regexp:^v?[0-9]|^latest$'"),
        ("1.4.9-debug", "matches ignore_tags '*-debug'"),
        ("main-debug", "matches ignore_tags '*-debug'"),
        ("1.3.9", "matches ignore_tags '1.3.*'"),
        ("-1.0", "'-1.0' is not a tag by the OCI grammar"),
        ("1.9\x1b[31m", r"'1.9\x1b[31m' is not a tag by the OCI grammar"),
        ("1.9\u202e", r"'1.9\u202e' is not a tag by the OCI grammar"),
        ("1.9\n", r"'1.9\n' is not a tag by the OCI grammar"),
        ("\udc80", r"'\udc80' is not a tag by the OCI grammar"),
        ("1.9+meta", "'1.9+meta' is not a tag by the OCI grammar"),
        ("", "'' is not a tag by the OCI grammar"),
        ("9" * 200, f"'{'9' * 80}' is not a tag by the OCI grammar"),
    ],
)
def test_every_tag_gets_one_verdict_with_its_reason(tag: str, reason: str) -> None:
    tags = ["1.4.2", "1.4.1", tag, tag]
    choice = chosen(VERDICTS, tags)
    assert choice.tag == "1.4.2"
    assert reasons(choice).keys() == set(tags)
    assert reasons(choice)[tag] == reason
    assert [verdict.tag for verdict in choice.verdicts if verdict.is_chosen] == ["1.4.2"]


def test_verdicts_come_best_first() -> None:
    choice = chosen(SelectionPolicy(constraint="<3"), ["latest", "1.0", "3.0", "2.0", "1.5"])
    assert [verdict.tag for verdict in choice.verdicts] == ["2.0", "1.5", "1.0", "3.0", "latest"]


def test_the_verdicts_of_other_strategies_say_what_they_compare() -> None:
    builds = chosen(
        NEWEST, ["a", "b", "c", "d"], {"a": built(1), "b": built(2), "c": built(2), "d": built(None)}
    )
    assert reasons(builds) == {
        "c": "the newest build",
        "b": "built at the same time as c, which sorts after it",
        "a": "built before c",
        "d": "its build time is not known",
    }
    assert reasons(chosen(ALPHABETICAL, ["a", "b"]))["a"] == "sorts before b"


def test_nothing_fits_is_told_with_the_commonest_reasons() -> None:
    choice = chosen(SelectionPolicy(constraint=">=3"), ["1.0", "2.0", "latest"])
    assert choice.reason == (
        "none of the tags (3) can be chosen: 2 × outside >=3, 1 × not a semantic version"
    )


@pytest.mark.parametrize("policy", [SEMVER, NEWEST, DIGEST, ALPHABETICAL])
def test_an_empty_list_is_a_fault_to_wait_out(policy: SelectionPolicy) -> None:
    choice = chosen(policy, [], current=running("1.0"))
    assert (choice.tag, choice.is_waiting, choice.verdicts) == (None, True, ())


@pytest.mark.parametrize("policy", [SEMVER, ALPHABETICAL, NEWEST, DIGEST])
def test_ignoring_everything_pauses(policy: SelectionPolicy) -> None:
    paused = SelectionPolicy(policy.strategy, policy.constraint, ignore_tags=("*",))
    choice = chosen(paused, ["1.0", "latest"], current=running("0.9"))
    assert (choice.tag, choice.is_waiting) == (None, False)
    assert reasons(choice) == dict.fromkeys(["1.0", "latest"], "matches ignore_tags '*'")
