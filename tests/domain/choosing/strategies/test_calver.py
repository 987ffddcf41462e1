"""Calendar versions are read by one format, checked against the calendar, and ordered from the left."""

from __future__ import annotations

import pytest

from bot.domain.choosing.strategies.calver import CalverOrder
from bot.domain.choosing.strategies.calver_format import parse_format
from tests.domain.choosing.strategies.orders import best_first, refusals


def order(text: str) -> CalverOrder:
    return CalverOrder(parse_format(text))


@pytest.mark.parametrize(
    ("text", "values", "tiers"),
    [
        pytest.param(
            "YYYY.0M.0D",
            ["2024.01.31", "2023.12.31", "2024.1.31", "2024.01.31.1", "24.01.31", "v2024.01.31"],
            [["2024.01.31"], ["2023.12.31"]],
            id="padded",
        ),
        pytest.param("YYYY.MM.DD", ["2024.9.1", "2024.10.1", "2024.09.1"], [["2024.10.1"], ["2024.9.1"]],
                     id="not padded"),
        pytest.param("YY.0M", ["24.04", "6.10", "106.01", "2024.04"], [["106.01"], ["24.04"], ["6.10"]],
                     id="short year"),
        pytest.param("0Y.0M", ["24.04", "06.10", "6.10"], [["24.04"], ["06.10"]], id="short padded year"),
        pytest.param("YYYY-0W", ["2024-09", "2024-53", "2024-54", "2024-00"], [["2024-53"], ["2024-09"]],
                     id="weeks"),
        pytest.param("YYYY.WW.MICRO", ["2024.9.10", "2024.9.9", "2024.10.0"],
                     [["2024.10.0"], ["2024.9.10"], ["2024.9.9"]], id="week and number"),
        pytest.param("YYYY0M0D.MICRO", ["20240131.2", "20240131.10", "20240230.1"],
                     [["20240131.10"], ["20240131.2"]], id="without dots"),
        pytest.param("YYYY.0M[.MICRO]", ["2024.05", "2024.05.0", "2024.05.1", "2024.04.9"],
                     [["2024.05.1"], ["2024.05.0"], ["2024.05"], ["2024.04.9"]], id="the absent is lowest"),
        pytest.param("YY.0M[.MICRO][-MODIFIER]", ["24.05-rc2", "24.05-rc10", "24.05", "24.05.1-rc1"],
                     [["24.05.1-rc1"], ["24.05"], ["24.05-rc10"], ["24.05-rc2"]], id="modifiers come before"),
        pytest.param("YYYY.MM[.MINOR[.MICRO]][-MODIFIER]", ["2024.5.1.2", "2024.5.1-a", "2024.5"],
                     [["2024.5.1.2"], ["2024.5.1-a"], ["2024.5"]], id="brackets within brackets"),
        pytest.param("MAJOR.YYYY.0M", ["2.2023.01", "1.2024.01"], [["2.2023.01"], ["1.2024.01"]],
                     id="from the left"),
        pytest.param("release-YYYY.0M", ["release-2024.01", "2024.01"], [["release-2024.01"]], id="letters"),
        pytest.param("YYYY.0M.0D", ["2024.02.29", "2023.02.29"], [["2024.02.29"]], id="leap years"),
        pytest.param("YY.0M.0D", ["24.02.29", "23.02.29"], [["24.02.29"]], id="leap years in short"),
        pytest.param("YYYY.MICRO", ["2024.007", "2024.7", "2024." + "9" * 65], [["2024.007", "2024.7"]],
                     id="equal numbers"),
    ],
)  # fmt: skip
def test_the_latest_is_the_best(text: str, values: list[str], tiers: list[list[str]]) -> None:
    assert best_first(order(text), values) == tiers


def test_every_other_tag_has_its_reason() -> None:
    assert refusals(order("YYYY.0M.0D"), ["2024.02.30", "2024.13.01", "latest", "2024.02.28"]) == {
        "2024.02.30": "names a day that is in no calendar",
        "2024.13.01": "not of the format YYYY.0M.0D",
        "latest": "not of the format YYYY.0M.0D",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "1 to 100 characters", id="empty"),
        pytest.param("Y" * 101, "1 to 100 characters", id="too long"),
        pytest.param("%Y.%m", "it has no word '%Y.%m' .*its words are YYYY", id="strftime"),
        pytest.param("YYYY.HH", "it has no word 'HH'", id="hours"),
        pytest.param("MAJOR.MINOR.MICRO", "it names no year", id="no date"),
        pytest.param("YYYY.0M.MM", "names one part twice", id="twice"),
        pytest.param("YYYY.YY", "names one part twice", id="two years"),
        pytest.param("0D.0M.YYYY", "a smaller unit stands before a greater one", id="from the right"),
        pytest.param("YYYY.0D", "a day needs its month", id="a day alone"),
        pytest.param("YYYY.0W.0D", "a day needs its month, and a week stands alone", id="a week's day"),
        pytest.param("YYYY.0M.0W", "a week stands alone", id="month and week"),
        pytest.param("YYYY-MODIFIER.0M", "MODIFIER would take what follows", id="a modifier within"),
        pytest.param("YYYYMM.MICROMINOR", "nobody can tell where MICRO ends and MINOR begins", id="glued"),
        pytest.param("YYMM", "nobody can tell where YY ends and MM begins", id="glued dates"),
        pytest.param("YYYY[.0M]", "brackets stand around numbers and MODIFIER", id="a date in brackets"),
        pytest.param("YYYY[.MICRO].MINOR", "brackets stand around", id="brackets within"),
        pytest.param("YYYY].MICRO[", "brackets stand around", id="brackets the wrong way"),
        pytest.param("YYYY[.MICRO", "a bracket is not closed", id="half a bracket"),
    ],
)
def test_a_bad_format_is_refused_at_load(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"is not a format of calendar versions: .*{message}"):
        parse_format(text)
