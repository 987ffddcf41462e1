"""Laws that hold for whatever policy, tags, details and running image: doubt never makes an older tag win."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

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
from bot.domain.image import ImageRef
from tests.domain.choosing.selections import DIGEST, NOW, OUTAGE, Details, built, running

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
