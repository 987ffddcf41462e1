"""Directories that are promoted, as they are written."""

from __future__ import annotations

from pathlib import Path

from bot.domain.directories.keep import DirectoryPromotion, Keep
from tests.configuration.files import changed, load_text

_PLACE = "{dev: {values: dev.yaml, argocd: web-dev}}"


def _loaded(folder: Path, environments: str) -> dict[str, DirectoryPromotion | None]:
    text = changed((_PLACE, environments))
    (pipeline,) = load_text(folder, text).pipelines.values()
    return {each.name: each.promote for each in pipeline.environments}


def test_slashes_at_the_end_are_left_out_and_rules_are_read(tmp_path: Path) -> None:
    found = _loaded(
        tmp_path,
        "{dev: {values: dev.yaml}, prod: {after: dev, promote:"
        " {directory: dev/, to: envs/prod/, keep: ['v.yaml:a.b', 's/**'], overwrite: true}}}",
    )
    rules = (Keep.parse("v.yaml:a.b"), Keep.parse("s/**"))
    assert found == {"dev": None, "prod": DirectoryPromotion("dev", "envs/prod", rules, overwrite=True)}


def test_an_environment_may_have_values_and_a_directory(tmp_path: Path) -> None:
    found = _loaded(
        tmp_path,
        "{dev: {values: dev/v.yaml}, prod:"
        " {after: dev, values: prod/v.yaml, promote: {directory: dev, to: prod, keep: secret}}}",
    )
    assert found["prod"] == DirectoryPromotion("dev", "prod", (Keep.parse("secret"),))


def test_images_that_come_with_a_directory_may_be_promoted_further(tmp_path: Path) -> None:
    found = _loaded(
        tmp_path,
        "{dev: {values: dev/v.yaml}, prod: {after: dev, promote: {directory: dev, to: prod}},"
        " last: {after: prod, values: last/v.yaml}}",
    )
    assert list(found) == ["dev", "prod", "last"]


def test_others_may_write_what_is_kept(tmp_path: Path) -> None:
    found = _loaded(
        tmp_path,
        "{dev: {values: dev/v.yaml}, prod: {after: dev, promote:"
        " {directory: dev, to: prod, keep: [us.yaml, 'eu.yaml:image.tag']}},"
        " us: {after: dev, values: prod/us.yaml}, eu: {after: dev, values: prod/eu.yaml}}",
    )
    assert list(found) == ["dev", "prod", "us", "eu"]
