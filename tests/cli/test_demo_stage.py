"""The demo's folder: all in one place, apart from the user's settings, and usable as it stands."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from bot.adapters.registries.layout import LayoutRegistry
from bot.cli import demo_stage
from bot.cli.demo_stage import DISTRACTORS, HOST, IMAGE, NEW, OLD, PIPELINE, Stage
from bot.configuration.build import load
from bot.domain.edit.targets import read_target
from bot.domain.errors import Refused
from bot.domain.image import ImageName
from bot.domain.pipeline import Merge


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage in a folder of the test."""
    return demo_stage.build(tmp_path / "demo")


def test_the_configuration_is_one_that_tagboat_takes(stage: Stage) -> None:
    settings = load(stage.configuration, {})
    pipeline = settings.pipelines[PIPELINE]
    assert [each.name for each in pipeline.environments] == ["dev", "staging", "prod"]
    assert [each.merge for each in pipeline.environments] == [Merge.AUTO, Merge.AUTO, Merge.MANUAL]
    assert pipeline.repository.path == str(stage.repository)
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", stage.port)
    (endpoint,) = settings.endpoints.values()
    assert [each.get_secret_value() for each in endpoint.secrets] == [stage.authorization]


def test_everything_that_it_names_is_in_the_folder(stage: Stage) -> None:
    settings = load(stage.configuration, {})
    places = [
        Path(settings.store.get_secret_value().removeprefix("sqlite:///")),
        settings.cache,
        stage.repository,
    ]
    assert all(place.is_relative_to(stage.folder) for place in places)


def test_every_environment_holds_the_old_release_in_its_own_style(stage: Stage) -> None:
    name = ImageName(HOST, IMAGE)
    lines = set()
    for environment in load(stage.configuration, {}).pipelines[PIPELINE].environments:
        (target,) = environment.targets
        text = stage.git("show", f"main:{target.file}")
        assert read_target(text.encode(), target, name).tag == OLD
        assert isinstance(yaml.safe_load(text), dict)
        lines.add(next(line for line in text.splitlines() if OLD in line))
    assert len(lines) == 3


def test_the_registry_holds_the_old_release_and_distractors(stage: Stage) -> None:
    registry = LayoutRegistry(root=stage.folder / "images")
    assert set(registry.listing(ImageName(HOST, IMAGE)).tags) == {OLD, *DISTRACTORS}
    digest = stage.publish(NEW)
    assert registry.digest(ImageName(HOST, IMAGE), NEW) == digest


def test_the_secret_of_the_webhook_is_for_its_owner_alone(stage: Stage) -> None:
    assert stat.S_IMODE(stage.configuration.stat().st_mode) == 0o600
    assert stage.authorization in stage.configuration.read_text()


def test_two_stages_share_nothing(tmp_path: Path, stage: Stage) -> None:
    other = demo_stage.build(tmp_path / "other")
    assert other.authorization != stage.authorization
    assert other.folder != stage.folder


def test_the_history_begins_with_one_commit_and_leaves_nothing_beside(stage: Stage) -> None:
    assert stage.git("rev-list", "--count", "main").strip() == "1"
    assert {each.name for each in stage.folder.iterdir()} == {"images", "infra.git", "tagboat.yaml"}


def test_git_settings_of_the_user_have_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {home}\n[commit]\n\tgpgSign = true\n[user]\n\tname = someone else\n"
    )
    hook = home / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(home / "elsewhere"))
    made = demo_stage.build(tmp_path / "demo")
    assert made.git("log", "--format=%an", "main").strip() == "Ada of the web team"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    with pytest.raises(Refused, match="is not empty"):
        demo_stage.build(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["kept.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(Refused, match="cannot be used"):
        demo_stage.build(file)


def test_without_git_the_next_step_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Refused, match="install Git"):
        demo_stage.build(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_what_git_refuses_is_told_with_its_reason(stage: Stage) -> None:
    with pytest.raises(Refused, match=r"failed: .*nowhere"):
        stage.git("show", "nowhere:file")


def test_any_git_can_clone_it(stage: Stage, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(stage.repository), str(clone)], check=True, timeout=30)
    assert (clone / "envs" / "prod" / "values.yaml").is_file()
