"""What every catalog promises (port `Catalog`): nothing announced is lost, no first sight is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.image import ImageName
from bot.ports import Catalog, ImageEntry, Pointer, Unusable
from tests.kit.stores import DAY, HOUR, KINDS, MINUTE, NOW, opened_catalogs

_WEB = ImageName("ghcr.io", "acme/web")
_API = ImageName("ghcr.io", "acme/api")
_ONE, _TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
_LISTING = Listing(("1.0.0", "latest", "0.9.0"), '"v1"', {"1.0.0": _ONE})
_ENTRY = ImageEntry(_LISTING, NOW)
_DETAILS = TagDetails(_ONE, NOW - DAY, ("linux/amd64", "linux/arm/v7"), {"title": "\0 é"})


@pytest.fixture(params=KINDS)
def catalogs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Catalog, Catalog]]:
    with opened_catalogs(request.param, request, tmp_path) as catalogs:
        yield catalogs


@pytest.fixture
def catalog(catalogs: tuple[Catalog, Catalog]) -> Catalog:
    return catalogs[0]


@pytest.fixture
def other(catalogs: tuple[Catalog, Catalog]) -> Catalog:
    """The same catalog, as another process has it."""
    return catalogs[1]


# Lists


def test_an_image_never_listed_has_no_entry(catalog: Catalog) -> None:
    catalog.announce({_WEB: ["1.0.0"]}, now=NOW)
    catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    catalog.point(_WEB, {"1.0.0": Pointer(_ONE, NOW)})
    assert catalog.entry(_WEB) is None
    assert catalog.entry(_API) is None


@pytest.mark.parametrize(
    "entry",
    [
        _ENTRY,
        ImageEntry(Listing(()), NOW),
        ImageEntry(_LISTING, NOW, doubtful=Listing(("1.0.0",)), doubtful_since=NOW - HOUR),
        ImageEntry(_LISTING, NOW, doubtful=_LISTING, doubtful_since=NOW),
        ImageEntry(Listing(tuple(f"1.0.{number}" for number in range(50_000))), NOW),
    ],
    ids=["plain", "empty", "doubtful", "doubtful-the-same", "50,000-tags"],
)
def test_an_entry_is_found_as_it_was_kept(catalog: Catalog, other: Catalog, entry: ImageEntry) -> None:
    for image in (_WEB, _API):
        catalog.keep(image, entry)
    for _ in range(2):
        assert [view.entry(_WEB) for view in (catalog, other)] == [entry, entry]


def test_the_last_entry_wins_everywhere(catalog: Catalog, other: Catalog) -> None:
    doubtful = replace(_ENTRY, doubtful=Listing(("1.0.0",)), doubtful_since=NOW)
    accepted = ImageEntry(Listing(("1.0.0",)), NOW + HOUR)
    for view, entry in [(catalog, _ENTRY), (other, doubtful), (catalog, accepted), (other, _ENTRY)]:
        view.keep(_WEB, entry)
        assert [each.entry(_WEB) for each in (other, catalog)] == [entry, entry]


def test_a_list_that_only_was_confirmed_is_younger(catalog: Catalog, other: Catalog) -> None:
    catalog.keep(_WEB, _ENTRY)
    catalog.keep(_WEB, replace(_ENTRY, listed_at=NOW + HOUR))
    assert other.entry(_WEB) == replace(_ENTRY, listed_at=NOW + HOUR)


# Claims


def test_one_of_two_may_ask(catalog: Catalog, other: Catalog) -> None:
    assert catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    assert not other.claim(_WEB, now=NOW, ttl=MINUTE)
    assert other.claim(_API, now=NOW, ttl=MINUTE)


@pytest.mark.parametrize(
    ("after", "is_free"),
    [(MINUTE - timedelta(microseconds=1), False), (MINUTE, True), (HOUR, True), (-MINUTE, False)],
    ids=["just-before", "at-its-end", "later", "by-a-slow-clock"],
)
def test_a_claim_ends_by_itself(catalog: Catalog, after: timedelta, is_free: bool) -> None:
    catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    assert catalog.claim(_WEB, now=NOW + after, ttl=MINUTE) is is_free


def test_a_claim_of_a_wrong_clock_holds_nobody_up(catalog: Catalog) -> None:
    assert catalog.claim(_WEB, now=NOW + DAY, ttl=MINUTE)
    assert catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    assert not catalog.claim(_WEB, now=NOW, ttl=MINUTE)


def test_keeping_gives_the_claim_back(catalog: Catalog, other: Catalog) -> None:
    catalog.claim(_WEB, now=NOW, ttl=MINUTE)
    catalog.keep(_WEB, _ENTRY)
    assert other.claim(_WEB, now=NOW, ttl=MINUTE)


# Announcements


def test_what_was_announced_before_the_first_list_is_told_with_it(catalog: Catalog) -> None:
    catalog.announce({_WEB: ["1.1.0"], _API: ["2.0.0", "latest"]}, now=NOW)
    catalog.keep(_API, _ENTRY)
    assert _entry(catalog, _API) == replace(_ENTRY, announced=("2.0.0", "latest"), heard=2)


def test_announcements_come_in_their_order_and_a_repeat_moves_to_the_end(catalog: Catalog) -> None:
    catalog.keep(_WEB, _ENTRY)
    for tags in (["b", "a"], ["c"], ["b"], []):
        catalog.announce({_WEB: tags}, now=NOW)
    assert _entry(catalog).announced == ("a", "c", "b")


def test_the_announcements_that_an_entry_names_stay(catalog: Catalog, other: Catalog) -> None:
    catalog.keep(_WEB, _ENTRY)
    catalog.announce({_WEB: ["1", "2", "3"], _API: ["1"]}, now=NOW)
    catalog.keep(_API, _ENTRY)
    catalog.keep(_WEB, replace(_entry(catalog), announced=("2",)))
    assert _entry(other).announced == ("2",)
    assert _entry(other, _API).announced == ("1",)


@pytest.mark.parametrize("tag", ["2", "1"], ids=["another-tag", "the-same-tag-again"])
def test_what_is_announced_while_the_list_is_asked_for_stays(
    catalog: Catalog, other: Catalog, tag: str
) -> None:
    catalog.keep(_WEB, _ENTRY)
    catalog.announce({_WEB: ["1"]}, now=NOW)
    seen = _entry(catalog)
    other.announce({_WEB: [tag]}, now=NOW)
    catalog.keep(_WEB, replace(seen, announced=()))
    assert _entry(catalog).announced == (tag,)
    catalog.keep(_WEB, replace(_entry(catalog), announced=()))
    assert _entry(other).announced == ()


def test_an_entry_made_anew_forgets_no_announcement(catalog: Catalog) -> None:
    catalog.announce({_WEB: ["1"]}, now=NOW)
    catalog.keep(_WEB, ImageEntry(_LISTING, NOW))
    assert _entry(catalog).announced == ("1",)


def test_of_a_flood_the_last_thousand_are_remembered(catalog: Catalog) -> None:
    catalog.keep(_WEB, _ENTRY)
    tags = [f"1.0.{number}" for number in range(1500)]
    catalog.announce({_WEB: tags[:700]}, now=NOW)
    catalog.announce({_WEB: tags[700:]}, now=NOW)
    assert _entry(catalog).announced == tuple(tags[500:])


# Pointers and first sights


def test_pointers_are_found_by_tag(catalog: Catalog, other: Catalog) -> None:
    pointers = {"1.0.0": Pointer(_ONE, NOW), "gone": Pointer(None, NOW - HOUR)}
    catalog.point(_WEB, pointers)
    assert other.pointers(_WEB, ["gone", "1.0.0", "never"]) == pointers
    assert other.pointers(_WEB, ["1.0.0"]) == {"1.0.0": Pointer(_ONE, NOW)}
    assert other.pointers(_WEB, []) == other.pointers(_API, ["1.0.0"]) == {}


def test_thousands_of_pointers_go_in_one_call(catalog: Catalog, other: Catalog) -> None:
    pointers = {f"1.0.{number}": Pointer(f"sha256:{number:064}", NOW) for number in range(2000)}
    seen = catalog.point(_WEB, pointers)
    assert seen == {pointer.digest: NOW for pointer in pointers.values()}
    assert other.pointers(_WEB, [*pointers, "never"]) == pointers


@pytest.mark.parametrize(
    ("later", "expected"),
    [(MINUTE, _TWO), (timedelta(0), _TWO), (-MINUTE, _ONE), (-HOUR, _TWO)],
    ids=["newer", "at-once", "overtaken", "after-a-wrong-clock"],
)
def test_an_answer_that_was_overtaken_replaces_nothing(
    catalog: Catalog, later: timedelta, expected: str
) -> None:
    catalog.point(_WEB, {"latest": Pointer(_ONE, NOW)})
    catalog.point(_WEB, {"latest": Pointer(_TWO, NOW + later)})
    assert catalog.pointers(_WEB, ["latest"])["latest"].digest == expected


def test_a_digest_is_first_seen_once(catalog: Catalog, other: Catalog) -> None:
    assert catalog.point(_WEB, {"1.0.0": Pointer(_ONE, NOW)}) == {_ONE: NOW}
    later = {"1.0.0": Pointer(_TWO, NOW + HOUR), "latest": Pointer(_ONE, NOW + 3 * DAY)}
    assert other.point(_WEB, later) == {_ONE: NOW, _TWO: NOW + HOUR}
    assert other.point(_API, {"1.0.0": Pointer(_ONE, NOW + HOUR)}) == {_ONE: NOW + HOUR}


def test_a_digest_met_twice_in_one_look_is_first_seen_at_the_earlier_moment(catalog: Catalog) -> None:
    pointers = {"latest": Pointer(_ONE, NOW), "1.0.0": Pointer(_ONE, NOW - MINUTE)}
    assert catalog.point(_WEB, pointers) == {_ONE: NOW - MINUTE}


def test_first_sights_are_told_without_a_new_look(catalog: Catalog, other: Catalog) -> None:
    many = {f"1.0.{number}": Pointer(f"sha256:{number:064}", NOW) for number in range(1200)}
    catalog.point(_WEB, many)
    catalog.point(_WEB, {"latest": Pointer(_ONE, NOW + HOUR)})
    digests = [f"sha256:{number:064}" for number in range(1200)]
    assert other.first_seen(_WEB, [*digests, _ONE, _TWO]) == dict.fromkeys(digests, NOW) | {_ONE: NOW + HOUR}
    assert other.first_seen(_API, [_ONE]) == other.first_seen(_WEB, []) == {}


def test_first_sights_are_told_without_asking_anybody(catalog: Catalog, other: Catalog) -> None:
    catalog.point(_WEB, {"1.0.0": Pointer(_ONE, NOW)})
    catalog.point(_WEB, {"1.0.0": Pointer(_TWO, NOW + HOUR)})
    assert other.first_seen(_WEB, [_TWO, _ONE, "sha256:never"]) == {_ONE: NOW, _TWO: NOW + HOUR}
    assert other.first_seen(_API, [_ONE]) == {}
    assert other.pointers(_WEB, ["1.0.0"])["1.0.0"].asked_at == NOW + HOUR, "looking changes nothing"


def test_a_tag_that_is_not_there_has_no_first_sight(catalog: Catalog) -> None:
    assert catalog.point(_WEB, {"gone": Pointer(None, NOW)}) == {}
    assert catalog.point(_WEB, {}) == {}


# Contents


def test_contents_are_found_by_digest_and_platforms(catalog: Catalog, other: Catalog) -> None:
    contents: dict[str, TagDetails | Unusable] = {_ONE: _DETAILS, _TWO: Unusable("it is a Helm chart")}
    catalog.keep_contents(_WEB, ["linux/amd64", "linux/arm64"], contents)
    asked = ["linux/arm64", "linux/amd64", "linux/arm64"]
    assert other.contents(_WEB, [_TWO, _ONE, "sha256:never"], asked) == contents
    assert other.contents(_WEB, [_ONE], asked) == {_ONE: _DETAILS}
    assert other.contents(_WEB, [_ONE], []) == other.contents(_API, [_ONE], asked) == {}
    assert other.contents(_WEB, [], asked) == {}


def test_contents_may_be_kept_again_and_by_the_thousand(catalog: Catalog, other: Catalog) -> None:
    many = {f"sha256:{number:064}": Unusable(f"{number}") for number in range(1200)}
    catalog.keep_contents(_WEB, [], many)
    other.keep_contents(_WEB, [], many)
    other.keep_contents(_WEB, [], {})
    assert catalog.contents(_WEB, list(many), []) == many


# Tidy


@pytest.mark.parametrize("is_asked", [True, False], ids=["asked-for", "forgotten"])
def test_an_image_is_forgotten_when_nobody_asks_for_it(
    catalog: Catalog, other: Catalog, is_asked: bool
) -> None:
    _know(catalog, _WEB)
    if is_asked:
        catalog.claim(_WEB, now=NOW + 2 * DAY, ttl=MINUTE)
    assert (other.tidy(now=NOW + 31 * DAY) > 3) is not is_asked
    assert other.tidy(now=NOW + 31 * DAY) == 0
    known = (_listing(catalog), catalog.pointers(_WEB, ["1.0.0"]), catalog.contents(_WEB, [_ONE], []))
    everything = (_LISTING, {"1.0.0": Pointer(_ONE, NOW)}, {_ONE: _DETAILS})
    assert known == (everything if is_asked else (None, {}, {}))
    seen = NOW if is_asked else NOW + 31 * DAY
    assert catalog.point(_WEB, {"1.0.0": Pointer(_ONE, NOW + 31 * DAY)}) == {_ONE: seen}


def test_an_image_of_which_only_digests_are_asked_stays(catalog: Catalog) -> None:
    for day in range(0, 120, 10):
        seen = catalog.point(_WEB, {"latest": Pointer(_ONE, NOW + day * DAY)})
        catalog.tidy(now=NOW + day * DAY)
    assert seen == {_ONE: NOW}


def test_contents_of_an_image_never_asked_for_go(catalog: Catalog) -> None:
    catalog.keep_contents(_WEB, [], {_ONE: _DETAILS})
    assert catalog.tidy(now=NOW) == 1
    assert catalog.contents(_WEB, [_ONE], []) == {}


@pytest.mark.parametrize(("age", "expected"), [(7 * DAY, ("1.1.0",)), (7 * DAY + MINUTE, ())])
def test_an_announcement_waits_for_a_week(
    catalog: Catalog, age: timedelta, expected: tuple[str, ...]
) -> None:
    catalog.keep(_WEB, _ENTRY)
    catalog.announce({_WEB: ["1.1.0"]}, now=NOW)
    catalog.tidy(now=NOW + age)
    assert _entry(catalog).announced == expected


def test_a_first_sight_is_kept_as_long_as_its_tag_is_listed(catalog: Catalog) -> None:
    later = NOW + 400 * DAY
    _know(catalog, _WEB)
    catalog.claim(_WEB, now=later, ttl=MINUTE)
    catalog.tidy(now=later)
    assert catalog.point(_WEB, {"1.0.0": Pointer(_ONE, later)}) == {_ONE: NOW}


@pytest.mark.parametrize(("days", "is_kept"), [(89, True), (91, False)])
def test_a_digest_is_forgotten_some_time_after_its_tag_is_gone(
    catalog: Catalog, days: int, is_kept: bool
) -> None:
    later = NOW + days * DAY
    _know(catalog, _WEB)
    catalog.claim(_WEB, now=later, ttl=MINUTE)
    catalog.keep(_WEB, ImageEntry(Listing(("latest",)), later))
    catalog.tidy(now=later)
    assert bool(catalog.pointers(_WEB, ["1.0.0"])) is is_kept
    assert bool(catalog.contents(_WEB, [_ONE], [])) is is_kept
    assert catalog.point(_WEB, {"latest": Pointer(_ONE, later)}) == {_ONE: NOW if is_kept else later}


def test_a_digest_that_its_tag_left_is_forgotten_after_the_last_look_at_it(catalog: Catalog) -> None:
    """A nightly tag that moves every day leaves a digest behind every day."""
    catalog.keep(_WEB, _ENTRY)
    for day in range(100):
        catalog.point(_WEB, {"latest": Pointer(f"sha256:{day:064}", NOW + day * DAY)})
    assert catalog.tidy(now=NOW + 99 * DAY) == 9
    assert _again(catalog, 0, NOW + 99 * DAY) == NOW + 99 * DAY
    assert _again(catalog, 99, NOW + 99 * DAY) == NOW + 99 * DAY
    assert _again(catalog, 50, NOW + 99 * DAY) == NOW + 50 * DAY


def _again(catalog: Catalog, number: int, now: datetime) -> datetime:
    """When this digest was first seen, now that a tag points to it again."""
    (seen,) = catalog.point(_WEB, {"again": Pointer(f"sha256:{number:064}", now)}).values()
    return seen


def _know(catalog: Catalog, image: ImageName) -> None:
    """All that can be known of an image."""
    catalog.keep(image, _ENTRY)
    catalog.announce({image: ["1.0.0"]}, now=NOW)
    catalog.point(image, {"1.0.0": Pointer(_ONE, NOW)})
    catalog.keep_contents(image, [], {_ONE: _DETAILS})


def _entry(catalog: Catalog, image: ImageName = _WEB) -> ImageEntry:
    found = catalog.entry(image)
    assert found is not None
    return found


def _listing(catalog: Catalog) -> Listing | None:
    found = catalog.entry(_WEB)
    return found.listing if found else None
