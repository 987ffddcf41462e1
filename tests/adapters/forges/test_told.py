"""What a thread was told serves its next question: once, while it is fresh, and no other thread's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.adapters.forges import told
from bot.adapters.forges.told import Told


@pytest.fixture
def heads() -> Told[str, str | None]:
    answers: Told[str, str | None] = Told()
    answers.put("main", "told")
    answers.put("gone", None)
    return answers


def test_it_is_given_out_once(heads: Told[str, str | None]) -> None:
    assert [heads.take("main", lambda: "asked") for _ in range(2)] == ["told", "asked"]


def test_that_there_is_nothing_is_an_answer_too(heads: Told[str, str | None]) -> None:
    assert heads.take("gone", lambda: "asked") is None


def test_what_was_changed_is_asked_for(heads: Told[str, str | None]) -> None:
    heads.forget("main")
    assert heads.take("main", lambda: "asked") == "asked"


def test_what_is_old_is_asked_for(heads: Told[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_SAME_LOOK", 0.0)
    assert heads.take("main", lambda: "asked") == "asked"


def test_another_thread_asks_for_itself(heads: Told[str, str | None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(heads.take, "main", lambda: "asked").result() == "asked"


def test_what_is_only_seen_stays(heads: Told[str, str | None]) -> None:
    assert [heads.see("main"), heads.see("main"), heads.see("other")] == ["told", "told", None]
    assert heads.take("main", lambda: "asked") == "told"
    assert heads.see("main") is None


def test_nothing_that_was_told_before_a_change_is_believed() -> None:
    changes = iter([0, 0, 0, 1, 1])
    answers: Told[str, str] = Told(lambda: next(changes))
    answers.put("main", "told")
    assert answers.see("main") == "told"
    assert answers.see("main") == "told"
    assert answers.see("main") is None
    assert answers.take("main", lambda: "asked") == "asked"


def test_a_look_that_begins_believes_nothing_of_the_last(heads: Told[str, str | None]) -> None:
    heads.clear()
    assert heads.take("main", lambda: "asked") == "asked"
