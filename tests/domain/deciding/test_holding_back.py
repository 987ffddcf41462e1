"""What holds a choice back: age, jumps, signatures, moved tags, a hold and a pin; and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.choosing.selection import (
    Choice,
    Direction,
    Hold,
    Jump,
    MovedTags,
    NeedsDetails,
    NeedsSignature,
    Pin,
    SelectionPolicy,
    Strategy,
    TagDetails,
    Unreadable,
    choose,
    is_downgrade,
)
from bot.domain.image import ImageName, ImageRef
from bot.domain.signing.signature import Identity, SignaturePolicy

NAME = ImageName("ghcr.io", "acme/web")
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
AGED = SelectionPolicy(min_age=3 * DAY)
TAGS = ["1.0.0", "1.1.0", "1.2.0"]


def digest(digit: str) -> str:
    return f"sha256:{digit * 64}"


def seen(days: float | None, name: str = "a", refusal: str | None = None) -> TagDetails:
    """Details of a digest that was first seen so many days ago."""
    first = None if days is None else NOW - days * DAY
    return TagDetails(digest(name), first_seen=first, refusal=refusal)


def running(tag: str | None, name: str | None = None) -> ImageRef:
    return ImageRef(NAME, tag, digest(name) if name else None)


def chosen(
    policy: SelectionPolicy,
    tags: Sequence[str] = TAGS,
    details: Mapping[str, TagDetails | Unreadable] | None = None,
    current: ImageRef | None = None,
    now: datetime = NOW,
) -> Choice:
    answer = choose(policy, tags, details=details or {}, current=current, now=now)
    assert isinstance(answer, Choice), answer
    return answer


def reasons(choice: Choice) -> dict[str, str]:
    return {verdict.tag: verdict.reason for verdict in choice.verdicts}


def test_the_best_that_is_old_enough_is_taken_until_a_better_one_is() -> None:
    known = {"1.2.0": seen(1), "1.1.0": seen(4)}
    choice = chosen(AGED, details=known)
    assert (choice.tag, choice.wake_at) == ("1.1.0", NOW + 2 * DAY)
    assert reasons(choice)["1.2.0"] == "younger than min_age until 2026-02-02 12:00 UTC"
    assert "; 1.2.0 is passed over: younger than min_age" in choice.reason
    later = chosen(AGED, details=known, now=NOW + 2 * DAY)
    assert (later.tag, later.wake_at) == ("1.2.0", None)


def test_the_first_of_several_to_ripen_wakes() -> None:
    known = {"1.2.0": seen(1), "1.1.0": seen(2), "1.0.0": seen(0)}
    choice = chosen(AGED, details=known)
    assert (choice.tag, choice.wake_at) == (None, NOW + DAY)
    assert choice.reason.startswith("none of the tags (3) can be chosen")


def test_what_was_never_seen_is_as_young_as_can_be() -> None:
    choice = chosen(AGED, ["1.0.0"], {"1.0.0": seen(None)})
    assert (choice.tag, choice.wake_at) == (None, NOW + 3 * DAY)


def test_what_runs_need_not_ripen_again() -> None:
    known = {"1.2.0": seen(1, "b"), "1.1.0": seen(1, "a")}
    choice = chosen(AGED, details=known, current=running("1.1.0", "a"))
    assert (choice.tag, choice.wake_at) == ("1.1.0", NOW + 2 * DAY)
    assert ", and runs already; 1.2.0 is passed over" in choice.reason


def test_youth_is_no_reason_to_go_back() -> None:
    known = {"1.2.0": seen(1), "1.1.0": seen(9), "1.0.0": seen(9)}
    choice = chosen(AGED, ["1.0.0", "1.2.0"], known, running("1.1.0", "a"))
    assert (choice.tag, choice.wake_at) == (None, NOW + 2 * DAY)
    assert "1.1.0 runs and is newer than 1.0.0" in choice.reason


def test_age_is_asked_for_few_at_a_time_and_not_for_ever() -> None:
    tags = [f"1.0.{patch}" for patch in range(1000)]
    known: dict[str, TagDetails] = {}
    rounds = 0
    while isinstance(answer := choose(AGED, tags, details=known, current=None, now=NOW), NeedsDetails):
        known |= dict.fromkeys(answer.tags, seen(1))
        rounds += 1
    assert answer.tag is None
    assert rounds < 10
    assert len(known) < 200
    assert answer.reason.startswith("the best 100 candidates are younger than min_age; 1.0.999: younger")
    assert reasons(answer)["1.0.0"] == "not looked at: the best 100 are younger than min_age"
    assert len(reasons(answer)) == 1000
    assert answer.wake_at == NOW + 2 * DAY


@pytest.mark.parametrize(
    ("policy", "contents", "digests"),
    [
        pytest.param(SelectionPolicy(), False, False, id="semver"),
        pytest.param(AGED, False, True, id="age"),
        pytest.param(SelectionPolicy(Strategy.DIGEST, "latest"), False, True, id="digest"),
        pytest.param(SelectionPolicy(Strategy.NEWEST_BUILD), True, True, id="newest-build"),
        pytest.param(SelectionPolicy(platforms=("linux/amd64",)), True, True, id="platforms"),
        pytest.param(SelectionPolicy(max_jump=Jump.MINOR), False, False, id="jump"),
    ],
)
def test_a_policy_says_what_must_be_read(policy: SelectionPolicy, contents: bool, digests: bool) -> None:
    assert (policy.reads_contents, policy.reads_digest) == (contents, digests)
    answer = choose(policy, ["1.0", "latest"], details={}, current=None, now=NOW)
    assert isinstance(answer, NeedsDetails) == digests


def test_what_is_refused_by_its_signature_is_passed_over() -> None:
    known = {"1.2.0": seen(9, refusal="not signed by acme"), "1.1.0": seen(9)}
    choice = chosen(SelectionPolicy(), details=known, current=running("1.0.0"))
    assert choice.tag == "1.1.0"
    assert reasons(choice)["1.2.0"] == "not signed by acme"
    assert choice.reason.endswith("; 1.2.0 is passed over: not signed by acme")


ANYBODY = SignaturePolicy(identities=(Identity("https://issuer.example.com", "ci@example.com"),))
SIGNED = SelectionPolicy(verify=ANYBODY, platforms=("linux/amd64",))


def test_only_the_best_that_fits_is_asked_for_its_signature() -> None:
    fits = TagDetails(digest("a"), platforms=("linux/amd64",))
    known = {"1.2.0": TagDetails(digest("b")), "1.1.0": fits, "1.0.0": fits}
    assert choose(SIGNED, TAGS, details=known, current=None, now=NOW) == NeedsSignature("1.1.0")
    refused = {**known, "1.1.0": replace(fits, refusal="not signed")}
    assert choose(SIGNED, TAGS, details=refused, current=None, now=NOW) == NeedsSignature("1.0.0")
    accepted = {**refused, "1.0.0": replace(fits, refusal="")}
    assert chosen(SIGNED, details=accepted).tag == "1.0.0"


def test_a_tag_that_is_too_young_is_not_asked_for_its_signature() -> None:
    policy = replace(SIGNED, platforms=(), min_age=2 * DAY)
    known = {"1.2.0": seen(1), "1.1.0": seen(9)}
    assert choose(policy, TAGS, details=known, current=None, now=NOW) == NeedsSignature("1.1.0")


MOVED = {"1.2.0": seen(1, "b")}


@pytest.mark.parametrize(
    ("policy", "tag", "words"),
    [
        pytest.param(
            SelectionPolicy(),
            "1.2.0",
            "and now names bbbbbbbbbbbb; aaaaaaaaaaaa runs and stays: moved_tags is ignore",
            id="ignored",
        ),
        pytest.param(
            SelectionPolicy(moved_tags=MovedTags.FOLLOW),
            "1.2.0",
            "and now names bbbbbbbbbbbb; aaaaaaaaaaaa runs",
            id="followed",
        ),
        pytest.param(AGED, "1.2.0", "runs and stays", id="ignored, so it need not ripen"),
        pytest.param(
            replace(AGED, moved_tags=MovedTags.FOLLOW), None, "1.2.0 is passed over", id="followed when ripe"
        ),
    ],
)
def test_a_tag_that_was_pushed_again(policy: SelectionPolicy, tag: str | None, words: str) -> None:
    known = {**MOVED, "1.1.0": seen(9), "1.0.0": seen(9)}
    choice = chosen(policy, details=known, current=running("1.2.0", "a"))
    assert choice.tag == tag
    assert words in choice.reason


def test_nothing_is_read_of_what_runs_and_stays() -> None:
    asked = choose(AGED, TAGS, details={}, current=running("1.2.0", "a"), now=NOW)
    assert isinstance(asked, Choice)
    assert asked.tag == "1.2.0"
    bare = choose(AGED, TAGS, details={}, current=running("1.2.0"), now=NOW)
    assert bare == NeedsDetails(("1.2.0",))


UNTIL = NOW + DAY
HELD = SelectionPolicy(hold=Hold("the migration runs", UNTIL))
PINNED = SelectionPolicy(pin=Pin("1.0.0", "1.1 is slow", UNTIL), min_age=9 * DAY, constraint=">=1.1")


def test_a_hold_keeps_what_runs_and_says_until_when() -> None:
    choice = chosen(HELD, current=running("1.0.0"))
    assert (choice.tag, choice.is_waiting, choice.wake_at) == (None, False, UNTIL)
    assert choice.reason == "held until 2026-02-01 12:00 UTC: the migration runs"
    assert reasons(choice) == dict.fromkeys(TAGS, choice.reason)


def test_a_hold_without_end_ends_with_the_configuration() -> None:
    choice = chosen(SelectionPolicy(hold=Hold("broken")), now=NOW + 3650 * DAY)
    assert (choice.tag, choice.reason, choice.wake_at) == (None, "held: broken", None)


def test_a_hold_that_ended_counts_no_more_and_is_named() -> None:
    choice = chosen(HELD, now=UNTIL)
    assert (choice.tag, choice.wake_at) == ("1.2.0", None)
    assert choice.reason.endswith("; the hold ended 2026-02-01 12:00 UTC")


def test_a_pin_runs_its_tag_also_when_it_is_older_and_young() -> None:
    choice = chosen(PINNED, details={"1.0.0": seen(0)}, current=running("1.2.0", "b"))
    assert (choice.tag, choice.wake_at) == ("1.0.0", UNTIL)
    assert choice.reason.startswith("1.0.0 is the pinned tag until 2026-02-01 12:00 UTC: 1.1 is slow; 1.2.0")
    assert reasons(choice)["1.2.0"].startswith("not '1.0.0', the pinned tag")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        pytest.param(seen(9, refusal="not signed"), "1 × not signed", id="signature"),
        pytest.param(TagDetails(digest("a")), "1 × no linux/arm64 image", id="platform"),
    ],
)
def test_a_pin_does_not_make_an_image_fit(known: TagDetails, reason: str) -> None:
    policy = replace(PINNED, platforms=() if known.refusal else ("linux/arm64",))
    choice = chosen(policy, details={"1.0.0": known})
    assert (choice.tag, choice.wake_at) == (None, UNTIL)
    assert reason in choice.reason


def test_a_pinned_tag_that_is_gone_is_named() -> None:
    choice = chosen(PINNED, ["1.1.0"], current=running("1.1.0"))
    assert (choice.tag, choice.is_waiting, choice.wake_at) == (None, False, UNTIL)
    assert "1.0.0, the pinned tag" in choice.reason
    assert "it is not listed (push it, or name another tag)" in choice.reason


def test_a_pinned_tag_that_cannot_be_read_is_waited_for() -> None:
    choice = chosen(replace(PINNED, platforms=("linux/amd64",)), details={"1.0.0": Unreadable("503")})
    assert (choice.tag, choice.is_waiting, choice.wake_at) == (None, True, UNTIL)


def test_a_pin_that_ended_counts_no_more_and_is_named() -> None:
    choice = chosen(replace(PINNED, min_age=timedelta(0)), now=UNTIL)
    assert choice.tag == "1.2.0"
    assert choice.reason.endswith("; the pin ended 2026-02-01 12:00 UTC")


def test_no_tag_but_the_pinned_one_is_asked_about() -> None:
    policy = SelectionPolicy(Strategy.NEWEST_BUILD, pin=Pin("1.0.0", "why"))
    assert choose(policy, TAGS, details={}, current=None, now=NOW) == NeedsDetails(("1.0.0",))


@pytest.mark.parametrize(
    ("policy", "tags", "best"),
    [
        pytest.param(
            SelectionPolicy(Strategy.NUMERICAL, pattern="-([0-9]+)$", extract="$1"),
            ["b-2", "a-10", "main", "c-9"], "a-10", id="the tag is chosen, its value is ordered",
        ),
        pytest.param(
            SelectionPolicy(Strategy.NUMERICAL, pattern="-([0-9]+)$", extract="$1"),
            ["b-7", "a-7", "c-07", "d-6"], "c-07", id="a tie goes to the last name",
        ),
        pytest.param(
            SelectionPolicy(
                Strategy.NUMERICAL, pattern="-([0-9]+)$", extract="$1", order=Direction.DESC
            ),
            ["b-7", "a-7", "d-8"], "b-7", id="also when the smallest is wanted",
        ),
        pytest.param(
            SelectionPolicy(pattern="^web-(.*)$", extract="$1", constraint="<2"),
            ["web-1.9.0", "api-1.9.9", "web-2.0.0", "1.9.5"], "web-1.9.0", id="semver",
        ),
        pytest.param(
            SelectionPolicy(Strategy.ALPHABETICAL, pattern="^[a-z]+-(.*)$", extract="$1"),
            ["z-a", "a-z"], "a-z", id="alphabetical",
        ),
        pytest.param(
            SelectionPolicy(Strategy.CALVER, format="YYYY.0M", pattern="^r(.*)", extract="$1"),
            ["r2024.01", "r2023.12", "2024.09"], "r2024.01", id="calver",
        ),
        pytest.param(SelectionPolicy(Strategy.NEWEST_BUILD, pattern="^r"), ["m"], None, id="a filter alone"),
        pytest.param(
            SelectionPolicy(Strategy.ALPHABETICAL, pattern="(.*)", extract="$1", ignore_tags=("z*",)),
            ["z", "y"], "y", id="names are filtered too",
        ),
    ],
)  # fmt: skip
def test_what_is_extracted_is_put_in_order(
    policy: SelectionPolicy, tags: list[str], best: str | None
) -> None:
    assert chosen(policy, tags).tag == best
    assert chosen(policy, tags[::-1]).tag == best


def test_what_runs_is_compared_by_what_is_extracted() -> None:
    policy = SelectionPolicy(Strategy.NUMERICAL, pattern="-([0-9]+)$", extract="$1")
    choice = chosen(policy, ["z-9", "a-10"], current=running("b-11"))
    assert choice.tag is None
    assert choice.reason.startswith("b-11 runs and is newer than a-10")
    assert "does not compare" in chosen(policy, ["z-9"], current=running("main")).reason
    assert reasons(chosen(policy, ["z-9", "main"]))["main"] == "does not match pattern '-([0-9]+)$'"


def test_levels_are_measured_from_what_is_extracted() -> None:
    policy = SelectionPolicy(Strategy.MINOR, pattern="^web-(.*)$", extract="$1")
    tags = ["web-1.5.0", "web-2.0.0", "api-1.9.0"]
    assert chosen(policy, tags, current=running("web-1.4.0")).tag == "web-1.5.0"
    assert chosen(policy, tags, current=running("1.4.0")).tag is None


PATTERNED = SelectionPolicy(Strategy.NUMERICAL, pattern="-([0-9]+)$", extract="$1")


@pytest.mark.parametrize(
    ("policy", "current", "wanted", "expected"),
    [
        (PATTERNED, "a-10", "b-9", True),
        (PATTERNED, "a-9", "b-10", False),
        (PATTERNED, "main", "b-10", False),
        (replace(PATTERNED, order=Direction.DESC), "a-9", "b-10", True),
        (SelectionPolicy(Strategy.ALPHABETICAL, order=Direction.DESC), "a", "b", True),
        (SelectionPolicy(Strategy.CALVER, format="YYYY.0M"), "2024.02", "2024.01", True),
        (SelectionPolicy(Strategy.CALVER, format="YYYY.0M"), "2024.02", "latest", False),
        (SelectionPolicy(Strategy.DOCKER), "3.9-alpine", "3.8-alpine", True),
        (SelectionPolicy(Strategy.DOCKER), "3.9-alpine", "3.8-slim", False),
        (SelectionPolicy(Strategy.PATCH), "1.1.0", "1.0.0", True),
        (SelectionPolicy(Strategy.ALL), "latest", "1.0.0", False),
        (SelectionPolicy(pin=Pin("1.0.0", "why")), "1.1.0", "1.0.0", False),
        (SelectionPolicy(pin=Pin("1.0.0", "why")), "1.1.0", "1.0.1", True),
        (SelectionPolicy(pin=Pin("1.0.0", "why", UNTIL)), "1.1.0", "1.0.0", False),
        (SelectionPolicy(pin=Pin("1.0.0", "why", NOW)), "1.1.0", "1.0.0", True),
    ],
)
def test_a_step_back_is_seen_by_every_strategy(
    policy: SelectionPolicy, current: str, wanted: str, expected: bool
) -> None:
    assert is_downgrade(policy, current=running(current), wanted=running(wanted), now=NOW) is expected


SIGNATURE = f"sha256-{'a' * 64}.sig"


def test_a_signature_is_never_chosen() -> None:
    choice = chosen(SelectionPolicy(Strategy.ALPHABETICAL), [SIGNATURE, "1.0"])
    assert choice.tag == "1.0"
    assert reasons(choice)[SIGNATURE] == "signature of another image, and no image"
