"""Every folder under `cases/` is one file before and after an edit, or one that is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.domain import errors
from bot.domain.edit.keypath import KeyPath
from tests.domain.edit.yaml_values import read_value, set_values

_CASES = sorted(path.parent for path in Path(__file__).parent.glob("cases/*/case.json"))
_EDITED = [case for case in _CASES if (case / "after.yaml").exists()]
_REFUSED = [case for case in _CASES if case not in _EDITED]


def _assignments(case: Path) -> list[tuple[KeyPath, str]]:
    spec = json.loads((case / "case.json").read_text())
    return [(KeyPath.parse(path), text) for path, text in spec["set"].items()]


def test_the_cases_are_there() -> None:
    assert len(_EDITED) >= 50
    assert len(_REFUSED) >= 30


@pytest.mark.parametrize("case", _EDITED, ids=lambda case: case.name)
def test_only_the_wanted_values_change(case: Path) -> None:
    assignments = _assignments(case)
    after = set_values((case / "before.yaml").read_bytes(), assignments)
    assert after == (case / "after.yaml").read_bytes()
    assert [(path, read_value(after, path)) for path, _ in assignments] == assignments
    assert set_values(after, assignments) == after


@pytest.mark.parametrize("case", _REFUSED, ids=lambda case: case.name)
def test_what_is_not_one_value_of_its_own_is_refused_with_a_reason(case: Path) -> None:
    spec = json.loads((case / "case.json").read_text())
    with pytest.raises(getattr(errors, spec["error"])) as caught:
        set_values((case / "before.yaml").read_bytes(), _assignments(case))
    assert spec["says"] in str(caught.value)
