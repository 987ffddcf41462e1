"""Platforms are compared exactly, with one fallback for variants."""

from __future__ import annotations

import pytest

from bot.domain.choosing.platform import check_platform, missing_platforms


@pytest.mark.parametrize(
    ("wanted", "offered", "missing"),
    [
        pytest.param([], [], (), id="nothing wanted"),
        pytest.param(["linux/amd64"], ["linux/amd64", "linux/arm64"], (), id="exact"),
        pytest.param(["linux/arm64"], ["linux/amd64"], ("linux/arm64",), id="missing"),
        pytest.param(["linux/amd64"], [], ("linux/amd64",), id="nothing offered"),
        pytest.param(["linux/arm64"], ["linux/arm64/v8"], (), id="any variant will do"),
        pytest.param(
            ["linux/arm64/v8"], ["linux/arm64"], ("linux/arm64/v8",), id="a wanted variant is exact"
        ),
        pytest.param(["linux/arm/v6"], ["linux/arm/v7"], ("linux/arm/v6",), id="another variant"),
        pytest.param(["windows/amd64"], ["linux/amd64"], ("windows/amd64",), id="another system"),
        pytest.param(
            ["a/b", "linux/amd64", "c/d"], ["linux/amd64"], ("a/b", "c/d"), id="all that are missing"
        ),
    ],
)
def test_what_an_image_does_not_offer(
    wanted: list[str], offered: list[str], missing: tuple[str, ...]
) -> None:
    assert missing_platforms(wanted, offered=offered) == missing


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm/v7", "windows/amd64", "wasip1/wasm", "linux/386"])
def test_a_platform_in_gos_words_is_accepted(text: str) -> None:
    check_platform(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a platform"),
        ("linux", "write os/arch"),
        ("linux/", "write os/arch"),
        ("linux/arm/v7/x", "write os/arch"),
        ("Linux/amd64", "write os/arch"),
        ("linux/amd64\n", "write os/arch"),
        ("linux/x86_64", "write linux/amd64"),
        ("linux/aarch64", "write linux/arm64"),
        ("linux/armhf", "write linux/arm/v7"),
    ],
)
def test_another_platform_is_refused_with_the_fix(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_platform(text)
