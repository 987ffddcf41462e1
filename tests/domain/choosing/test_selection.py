"""The best tag is chosen, every other one is told why not, and doubt never makes an older tag win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.choosing.selection import (
    Choice,
    Direction,
    Jump,
    MovedTags,
    NeedsDetails,
    SelectionPolicy,
    Strategy,
    TagDetails,
    Unreadable,
    choose,
    is_downgrade,
)
from bot.domain.choosing.strategies.names import LEVELS
from bot.domain.image import ImageName, ImageRef

NAME = ImageName("ghcr.io", "acme/web")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NOW = EPOCH + timedelta(days=30)
SEMVER = SelectionPolicy()
NEWEST = SelectionPolicy(Strategy.NEWEST_BUILD)
DIGEST = SelectionPolicy(Strategy.DIGEST, "latest")
ALPHABETICAL = SelectionPolicy(Strategy.ALPHABETICAL)
BOTH = ("linux/amd64", "linux/arm64")
ON_BOTH = SelectionPolicy(platforms=BOTH)

Details = Mapping[str, TagDetails | Unreadable]


def digest(digit: str) -> str:
    return f"sha256:{digit * 64}"


def built(day: int | None, *platforms: str, name: str = "a") -> TagDetails:
    """Details of an image that was built so many days after the epoch."""
    created = None if day is None else EPOCH + timedelta(days=day)
    return TagDetails(digest(name), created, platforms)


def running(tag: str | None, name: str | None = None) -> ImageRef:
    return ImageRef(NAME, tag, digest(name) if name else None)


def chosen(
    policy: SelectionPolicy,
    tags: Sequence[str],
    details: Details | None = None,
    current: ImageRef | None = None,
) -> Choice:
    answer = choose(policy, tags, details=details or {}, current=current, now=NOW)
    assert isinstance(answer, Choice), answer
    return answer


def reasons(choice: Choice) -> dict[str, str]:
    assert len({verdict.tag for verdict in choice.verdicts}) == len(choice.verdicts)
    return {verdict.tag: verdict.reason for verdict in choice.verdicts}


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


@pytest.mark.parametrize(
    ("policy", "known", "asked"),
    [
        pytest.param(SEMVER, {}, None, id="semver needs none"),
        pytest.param(ALPHABETICAL, {}, None, id="alphabetical needs none"),
        pytest.param(NEWEST, {}, ("1.0", "2.0", "latest"), id="newest-build needs all"),
        pytest.param(
            NEWEST, {"2.0": built(1)}, ("1.0", "latest"), id="newest-build asks for what is missing"
        ),
        pytest.param(
            SelectionPolicy(Strategy.NEWEST_BUILD, ignore_tags=("l*",)),
            {},
            ("1.0", "2.0"),
            id="all that is kept",
        ),
        pytest.param(DIGEST, {}, ("latest",), id="digest needs its tag"),
        pytest.param(ON_BOTH, {}, ("2.0",), id="platforms need the best candidate"),
        pytest.param(ON_BOTH, {"2.0": built(1, "linux/amd64")}, ("1.0",), id="then the next best"),
        pytest.param(ON_BOTH, {"2.0": built(1, *BOTH)}, None, id="and no more than that"),
    ],
)
def test_details_are_asked_for_only_where_they_are_needed(
    policy: SelectionPolicy, known: Details, asked: tuple[str, ...] | None
) -> None:
    answer = choose(policy, ["1.0", "2.0", "latest"], details=known, current=None, now=NOW)
    assert (answer.tags if isinstance(answer, NeedsDetails) else None) == asked


def test_many_candidates_without_the_platform_are_asked_for_in_few_rounds() -> None:
    tags = [f"1.0.{patch}" for patch in range(1000)]
    known: dict[str, TagDetails | Unreadable] = {}
    rounds = 0
    while isinstance(answer := choose(ON_BOTH, tags, details=known, current=None, now=NOW), NeedsDetails):
        known |= dict.fromkeys(answer.tags, built(1, "linux/amd64"))
        rounds += 1
    assert answer.tag is None
    assert rounds < 15


def test_newest_build_asks_about_what_runs_even_if_it_is_filtered_out() -> None:
    policy = SelectionPolicy(Strategy.NEWEST_BUILD, allow_tags="regexp:^r")
    answer = choose(policy, ["r1", "main"], details={"r1": built(1)}, current=running("main"), now=NOW)
    assert answer == NeedsDetails(("main",))
    choice = chosen(policy, ["r1", "main"], {"r1": built(1), "main": built(2)}, running("main"))
    assert choice.tag is None
    assert choice.reason.startswith("main runs and is newer than r1")


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


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        pytest.param(["linux/amd64"], "no linux/arm64 image", id="one is missing"),
        pytest.param([], "no linux/amd64 and no linux/arm64 image", id="none is known"),
        pytest.param(["linux/amd64", "linux/arm/v7"], "no linux/arm64 image", id="another architecture"),
    ],
)
def test_a_candidate_without_every_platform_is_passed_over(offered: list[str], reason: str) -> None:
    known = {"2.0": built(2, *offered), "1.0": built(1, "linux/amd64", "linux/arm64/v8")}
    for policy in (
        ON_BOTH,
        SelectionPolicy(Strategy.ALPHABETICAL, platforms=BOTH),
        SelectionPolicy(Strategy.NEWEST_BUILD, platforms=BOTH),
    ):
        choice = chosen(policy, ["1.0", "2.0"], known)
        assert choice.tag == "1.0"
        assert choice.details == known["1.0"]
        assert reasons(choice)["2.0"] == reason
        assert "with linux/amd64, linux/arm64" in choice.reason


def test_the_digest_strategy_wants_every_platform_too() -> None:
    policy = SelectionPolicy(Strategy.DIGEST, "latest", platforms=BOTH)
    choice = chosen(policy, ["latest"], {"latest": built(1, "linux/amd64")})
    assert choice.tag is None
    assert reasons(choice) == {"latest": "no linux/arm64 image"}


def test_lacking_platforms_are_no_reason_to_go_back() -> None:
    known = {"2.0": built(2, "linux/amd64"), "1.0": built(1, *BOTH)}
    choice = chosen(ON_BOTH, ["1.0", "2.0"], known, running("1.5"))
    assert choice.tag is None
    assert reasons(choice) == {"2.0": "no linux/arm64 image", "1.0": "older than 1.5, which runs"}


OUTAGE = Unreadable("registry answered 503")


@pytest.mark.parametrize(
    ("policy", "known", "current"),
    [
        pytest.param(ON_BOTH, {"3.0": OUTAGE}, None, id="the best version"),
        pytest.param(
            ON_BOTH, {"3.0": built(3, "linux/amd64"), "2.0": OUTAGE}, None, id="the best that is left"
        ),
        pytest.param(SEMVER, {"3.0": OUTAGE}, None, id="the best version, though nothing of it was needed"),
        pytest.param(
            NEWEST, {"3.0": built(3), "2.0": OUTAGE, "1.0": built(1)}, None, id="any build may be newest"
        ),
        pytest.param(
            SelectionPolicy(Strategy.DIGEST, "2.0"), {"2.0": OUTAGE}, running("2.0"), id="the followed tag"
        ),
        pytest.param(
            NEWEST, {"3.0": built(3), "2.0": OUTAGE, "1.0": built(1)}, running("2.0"), id="what runs"
        ),
    ],
)
def test_a_tag_that_cannot_be_read_makes_the_choice_wait(
    policy: SelectionPolicy, known: Details, current: ImageRef | None
) -> None:
    choice = chosen(policy, ["1.0", "2.0", "3.0"], known, current)
    assert (choice.tag, choice.is_waiting) == (None, True)
    assert "cannot be read: registry answered 503 (looked at again soon" in choice.reason
    assert len(reasons(choice)) == 3
    assert sum("cannot be read: registry answered 503" in reason for reason in reasons(choice).values()) == 1
    assert not any(verdict.is_chosen for verdict in choice.verdicts)


@pytest.mark.parametrize(
    ("policy", "known", "current", "best"),
    [
        pytest.param(
            ON_BOTH, {"3.0": built(3, *BOTH), "2.0": OUTAGE}, None, "3.0", id="a version below the best"
        ),
        pytest.param(
            SelectionPolicy(Strategy.NEWEST_BUILD, ignore_tags=("2.*",)),
            {"3.0": built(3), "2.0": OUTAGE, "1.0": built(1)},
            None,
            "3.0",
            id="an ignored tag",
        ),
        pytest.param(
            NEWEST,
            {"3.0": built(3), "2.0": built(2), "1.0": built(1), "gone": OUTAGE},
            running("gone"),
            "3.0",
            id="what runs, when it is listed no more",
        ),
        pytest.param(ON_BOTH, {"3.0": OUTAGE}, running("3.1"), None, id="a version older than what runs"),
    ],
)
def test_a_tag_that_could_not_be_chosen_holds_nothing_up(
    policy: SelectionPolicy, known: Details, current: ImageRef | None, best: str | None
) -> None:
    choice = chosen(policy, ["1.0", "2.0", "3.0"], known, current)
    assert (choice.tag, choice.is_waiting) == (best, False)


BUILDS = {"1.0": built(1), "2.0": built(2), "9.9": built(9)}


@pytest.mark.parametrize(
    ("policy", "current", "tag", "words"),
    [
        pytest.param(SEMVER, None, "2.0", "2.0 is the highest version in *", id="nothing runs"),
        pytest.param(SEMVER, running(None), "2.0", "2.0 is the highest version in *", id="nothing is named"),
        pytest.param(SEMVER, running("1.0"), "2.0", "; 1.0 runs", id="older"),
        pytest.param(SEMVER, running("2.0"), "2.0", ", and runs already", id="the same"),
        pytest.param(SEMVER, running("v2.0.0"), "2.0", "; v2.0.0 runs", id="the same by another name"),
        pytest.param(
            SEMVER, running("9.9"), None, "9.9 runs and is newer than 2.0, the best candidate", id="newer"
        ),
        pytest.param(SEMVER, running("9.9"), None, "it is not listed any more", id="newer and gone"),
        pytest.param(SEMVER, running("2.0.1-rc.1"), None, "2.0.1-rc.1 runs", id="newer pre-release"),
        pytest.param(SEMVER, running("main"), "2.0", "main runs and does not compare", id="no version"),
        pytest.param(
            SEMVER, running(None, "b"), "2.0", "bbbbbbbbbbbb runs and does not compare", id="a bare digest"
        ),
        pytest.param(SEMVER, running("a\x1b[0m"), "2.0", r"'a\x1b[0m' runs and does not", id="hostile text"),
        pytest.param(NEWEST, running("1.0"), "2.0", "; 1.0 runs", id="older build"),
        pytest.param(NEWEST, running("2.0", "a"), "2.0", ", and runs already", id="same build"),
        pytest.param(NEWEST, running("2.0", "b"), "2.0", ", and now names aaaaaaaaaaaa", id="pushed again"),
        pytest.param(NEWEST, running("9.9"), None, "9.9 runs and is newer than 2.0", id="newer build, gone"),
        pytest.param(ALPHABETICAL, running("3"), None, "3 runs and is newer than 2.0", id="later name"),
        pytest.param(ALPHABETICAL, running("0"), "2.0", "; 0 runs", id="earlier name"),
    ],
)
def test_a_choice_is_held_against_what_runs(
    policy: SelectionPolicy, current: ImageRef | None, tag: str | None, words: str
) -> None:
    choice = chosen(policy, ["1.0", "2.0"], BUILDS, current)
    assert (choice.tag, choice.is_waiting) == (tag, False)
    assert words in choice.reason


@pytest.mark.parametrize("policy", [SEMVER, NEWEST, ALPHABETICAL])
def test_going_back_is_done_when_asked(policy: SelectionPolicy) -> None:
    back = SelectionPolicy(policy.strategy, allow_downgrade=True)
    choice = chosen(back, ["1.0", "2.0"], BUILDS, running("9.9"))
    assert choice.tag == "2.0"
    assert reasons(chosen(policy, ["1.0", "2.0"], BUILDS, running("9.9")))["2.0"].endswith("9.9, which runs")


def test_what_runs_is_not_asked_about_when_going_back_is_allowed() -> None:
    back = SelectionPolicy(Strategy.NEWEST_BUILD, allow_downgrade=True)
    assert chosen(back, ["1.0"], {"1.0": built(1)}, running("gone")).tag == "1.0"


@pytest.mark.parametrize(
    ("policy", "current", "wanted", "expected"),
    [
        (SEMVER, "2.0", "1.9", True),
        (SEMVER, "1.9", "2.0", False),
        (SEMVER, "v2.0.0", "2.0", False),
        (SEMVER, "2.0", "2.0-rc.1", True),
        (SEMVER, "main", "1.0", False),
        (SEMVER, "1.0", "main", False),
        (SEMVER, None, "1.0", False),
        (SEMVER, "1.0", None, False),
        (SelectionPolicy(constraint="<1"), "2.0", "1.9", True),
        (SelectionPolicy(allow_downgrade=True), "2.0", "1.9", False),
        (ALPHABETICAL, "b", "a", True),
        (ALPHABETICAL, "a", "b", False),
        (NEWEST, "b", "a", False),
        (DIGEST, "latest", "latest", False),
        (DIGEST, "latest", "1.0", False),
    ],
)
def test_a_step_back_is_seen_where_names_compare(
    policy: SelectionPolicy, current: str | None, wanted: str | None, expected: bool
) -> None:
    assert is_downgrade(policy, current=running(current), wanted=running(wanted)) is expected


versions = st.builds(
    "{}{}.{}.{}{}".format,
    st.sampled_from(["", "v"]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["", "", "-rc.1", "-alpine"]),
)
names = versions | st.sampled_from(["latest", "main", "1.0", "1", "v1", "bad tag", "", "sha-abc", "\x1b[0m"])
tag_lists = st.lists(names, min_size=1, max_size=12)
shared = {
    "allow_tags": st.sampled_from(["", "regexp:^v", "regexp:[0-9]"]),
    "ignore_tags": st.sampled_from([(), ("*-rc*",), ("latest", "v0*")]),
    "platforms": st.sampled_from([(), ("linux/amd64",)]),
    "min_age": st.sampled_from([timedelta(0), timedelta(days=28)]),
    "moved_tags": st.sampled_from(list(MovedTags)),
    "pattern": st.sampled_from(["", "^v?([0-9])"]),
}
downgrades = st.booleans()
policies = st.one_of(
    st.builds(
        SelectionPolicy,
        constraint=st.sampled_from(["", "*-0", ">=1 <3", "~2"]),
        max_jump=st.none() | st.sampled_from(list(Jump)),
        allow_downgrade=downgrades,
        **shared,
    ),
    st.builds(SelectionPolicy, st.just(Strategy.NEWEST_BUILD), allow_downgrade=downgrades, **shared),
    st.builds(
        SelectionPolicy,
        st.sampled_from([Strategy.ALPHABETICAL, Strategy.NUMERICAL]),
        order=st.none() | st.sampled_from(list(Direction)),
        allow_downgrade=downgrades,
        **shared,
    ),
    st.builds(SelectionPolicy, st.just(Strategy.DOCKER), allow_downgrade=downgrades, **shared),
    st.builds(
        SelectionPolicy,
        st.just(Strategy.CALVER),
        format=st.just("YY[.MINOR][.MICRO]"),
        allow_downgrade=downgrades,
        **shared,
    ),
    st.builds(SelectionPolicy, st.sampled_from(sorted(LEVELS)), **shared),
    st.just(DIGEST),
)
some_details = st.builds(
    built, st.integers(0, 4) | st.none(), st.sampled_from(["linux/amd64", "linux/arm64"])
) | st.just(OUTAGE)
World = tuple[SelectionPolicy, list[str], dict[str, TagDetails | Unreadable], ImageRef | None]
worlds: st.SearchStrategy[World] = st.tuples(
    policies, tag_lists, st.dictionaries(names, some_details), st.none() | names.map(running)
)


def settled(
    policy: SelectionPolicy, tags: Sequence[str], details: Details, current: ImageRef | None
) -> Choice:
    """Answer every question with what is known; what is not, was built today for everything."""
    known = dict(details)
    while isinstance(answer := choose(policy, tags, details=known, current=current, now=NOW), NeedsDetails):
        assert not set(answer.tags) & known.keys()
        known |= dict.fromkeys(answer.tags, built(2, "linux/amd64"))
    assert isinstance(answer, Choice)
    return answer


@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_tags_and_repeats_change_nothing(world: World, random: Random) -> None:
    policy, tags, details, current = world
    shuffled = [*tags, *tags[:3]]
    random.shuffle(shuffled)
    given_order = list(shuffled)
    assert choose(policy, shuffled, details=details, current=current, now=NOW) == choose(
        policy, tags, details=details, current=current, now=NOW
    )
    assert shuffled == given_order
    assert settled(policy, shuffled, details, current) == settled(policy, tags, details, current)


@given(worlds)
def test_every_tag_has_one_verdict_and_the_choice_is_one_of_them(world: World) -> None:
    policy, tags, details, current = world
    choice = settled(policy, tags, details, current)
    assert sorted(verdict.tag for verdict in choice.verdicts) == sorted(set(tags))
    assert [verdict.tag for verdict in choice.verdicts if verdict.is_chosen] == (
        [choice.tag] if choice.tag is not None else []
    )
    assert choice.tag is None or not choice.is_waiting
    assert choice.reason.isprintable()
    assert all(verdict.reason.isprintable() for verdict in choice.verdicts)


@given(worlds)
def test_a_choice_is_never_older_than_what_runs_unless_asked(world: World) -> None:
    policy, tags, details, current = world
    choice = settled(policy, tags, details, current)
    if choice.tag is None or current is None or policy.allow_downgrade:
        return
    assert not is_downgrade(policy, current=current, wanted=running(choice.tag))
    before, after = details.get(current.tag or ""), choice.details
    if policy.strategy is Strategy.NEWEST_BUILD and isinstance(before, TagDetails) and before.created:
        assert after is not None
        assert after.created is not None
        assert after.created >= before.created


@given(worlds, names)
def test_a_tag_that_becomes_unreadable_never_makes_another_one_win(world: World, tag: str) -> None:
    policy, tags, details, current = world
    before = settled(policy, tags, details, current)
    during = settled(policy, tags, {**details, tag: OUTAGE}, current)
    is_unlisted_current = current is not None and current.tag == tag and tag not in tags
    if not is_unlisted_current:
        assert during.is_waiting or during.tag == before.tag or before.is_waiting
