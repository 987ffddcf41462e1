"""Marks: what a pull request says of itself survives every writing and reading."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pull_request.mark import Mark, marks, withdrawn
from tests.domain.deciding.situations import pull_request

KEY = "0123456789ab"
names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
keys = st.from_regex(r"[0-9a-f]{12}", fullmatch=True)
any_mark = st.builds(
    Mark,
    key=keys,
    pipeline=names,
    environment=names,
    before=st.just("") | keys,
    version=st.text(max_size=40),
    supersedes=st.lists(st.text(min_size=1, max_size=20), max_size=12).map(tuple),
    is_withdrawn=st.booleans(),
)


@given(any_mark)
def test_a_mark_is_read_back_whatever_its_versions_are(mark: Mark) -> None:
    (found,) = marks(f"text\n\n{mark.text}")
    assert replace(found, version="", supersedes=()) == replace(mark, version="", supersedes=())
    assert found.text == Mark(**{name: getattr(found, name) for name in Mark.__slots__}).text
    assert mark.text.count("<!--") == mark.text.count("-->") == 1


@given(st.lists(any_mark, max_size=5))
def test_withdrawing_changes_every_mark_and_nothing_else(found: list[Mark]) -> None:
    body = "before\n" + "\n".join(mark.text for mark in found) + "\nafter"
    changed = withdrawn(body)
    assert all(mark.is_withdrawn for mark in marks(changed))
    assert [mark.key for mark in marks(changed)] == [mark.key for mark in marks(body)]
    assert changed.startswith("before\n")
    assert changed.endswith("\nafter")


def test_the_mark_of_older_pull_requests_is_still_read() -> None:
    assert marks(f"<!-- tagboat release={KEY} -->") == (Mark(KEY),)
    assert marks(f"<!-- tagboat release={KEY} withdrawn -->") == (Mark(KEY, is_withdrawn=True),)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- tagboat release=xyz -->",
        f"<!-- tagboat release={KEY}",
        f"<!--tagboat release={KEY}-->",
        f"<!-- tagboat release={KEY} pipeline=a -->",
        f'<!-- tagboat release={KEY} version="-->" -->',
    ],
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    assert marks(text) == ()


def test_of_a_shared_pull_request_each_sees_its_own() -> None:
    body = "\n".join(Mark(key * 12, name, "prod").text for key, name in (("a", "api"), ("b", "shop")))
    pull = pull_request("1.1.0", body=body)
    assert replace(pull, pipeline="api", environment="prod").release_key == "a" * 12
    assert replace(pull, pipeline="shop", environment="prod").release_key == "b" * 12
    assert replace(pull, pipeline="shop", environment="dev").release_key is None


def test_a_mark_without_a_place_is_for_whoever_looks() -> None:
    pull = pull_request("1.1.0", body=Mark(KEY).text, pipeline="shop", environment="prod")
    assert pull.release_key == KEY


@pytest.mark.parametrize(
    ("earlier", "supersedes"),
    [
        pytest.param(None, (), id="nothing before"),
        pytest.param(Mark("a" * 12, version="1.0.1"), ("1.0.1",), id="one before"),
        pytest.param(Mark("a" * 12, version="1.0.2", supersedes=("1.0.1",)), ("1.0.1", "1.0.2"), id="two"),
        pytest.param(Mark(KEY, version="1.1.0", supersedes=("1.0.1",)), ("1.0.1",), id="written anew"),
        pytest.param(
            Mark("a" * 12, version="1.2.0", supersedes=("1.1.0",)), ("1.2.0",), id="back to an older one"
        ),
        pytest.param(
            Mark("a" * 12, version="20", supersedes=tuple(map(str, range(20)))),
            tuple(map(str, range(11, 21))),
            id="the last ten",
        ),
    ],
)
def test_what_was_proposed_before_is_remembered_once(
    earlier: Mark | None, supersedes: tuple[str, ...]
) -> None:
    assert Mark(KEY, version="1.1.0").after(earlier).supersedes == tuple(dict.fromkeys(supersedes))


def test_writing_the_same_again_changes_nothing() -> None:
    first = Mark(KEY, "shop", "prod", "b" * 12, "1.1.0").after(Mark("a" * 12, version="1.0.1"))
    assert Mark(KEY, "shop", "prod", "b" * 12, "1.1.0").after(first) == first
