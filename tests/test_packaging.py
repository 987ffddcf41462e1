"""What is delivered: the wheel holds all that runs, and the composed form is right."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from bot.configuration.build import load
from bot.configuration.settings import Settings
from bot.configuration.substitution import substitute

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "workers")
COMPOSE = ROOT / "docker-compose.yml"

_SECONDS = 120
_COMPOSE_PROGRAMS = (("docker", "compose"), ("docker-compose",))
_PIPELINES = """
forges: {github: {kind: github, token: dummy}}
pipelines:
  homepage:
    repository: github:acme/infra
    images: {web: ghcr.io/acme/homepage}
    environments: {dev: {values: envs/dev/values.yaml}}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy with what is installed already: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--wheel-dir", str(folder), str(source))  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    """Templates, styles, migrations and `py.typed` are easily left out, tests easily taken along."""
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files
    assert {"bot/py.typed", "bot/web/templates/board.html", "bot/web/static/board.css"} <= names
    assert any(name.startswith("bot/adapters/stores/migrations/versions/v0001") for name in names)


def test_the_wheel_carries_command_license_and_description(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        kept = {name.partition(".dist-info/")[2]: name for name in archive.namelist()}
        points, metadata = (archive.read(kept[name]).decode() for name in ("entry_points.txt", "METADATA"))
        assert archive.read(kept["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()
    assert points.split() == ["[console_scripts]", "tagboat", "=", "bot.cli:main"]
    assert "License-Expression: Apache-2.0" in metadata
    assert (ROOT / "README.md").read_text(encoding="utf-8").strip() in metadata


def test_what_the_wheel_holds_runs_by_itself(wheel: Path, tmp_path: Path) -> None:
    """Out of an empty folder, with the wheel's own files first: migrations, templates and all."""
    place = tmp_path / "installed"
    with ZipFile(wheel) as archive:
        archive.extractall(place)
    (tmp_path / "tagboat.yaml").write_text(_PIPELINES, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(place)!r}); import bot.cli\n"
        f"assert bot.cli.__file__.startswith({str(place)!r}), bot.cli.__file__\n"
        "bot.cli.main()"
    )
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert _run(sys.executable, "-c", code, "--version", folder=tmp_path) == f"tagboat {version}\n"
    assert "homepage" in _run(sys.executable, "-c", code, "status", folder=tmp_path)
    page = f"import sys; sys.path.insert(0, {str(place)!r}); import bot.web.app, workers.embedded"
    assert _run(sys.executable, "-c", page, folder=tmp_path) == ""


@pytest.fixture(scope="module")
def services() -> Mapping[str, Any]:
    """The services of the composed form, as they are written."""
    found: Mapping[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def test_the_composed_form_has_all_parts(services: Mapping[str, Any]) -> None:
    assert set(services) == {"web", "worker", "beat", "redis", "postgres"}
    assert {name: services[name]["command"] for name in ("web", "worker", "beat")} == {
        name: [name] for name in ("web", "worker", "beat")
    }


def test_only_loopback_is_published(services: Mapping[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8080:8080"]


def test_tagboats_own_parts_run_with_few_rights(services: Mapping[str, Any]) -> None:
    for name in ("web", "worker", "beat"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert dockerfile.index("USER tagboat") < dockerfile.index("ENTRYPOINT")


def test_the_lines_that_its_head_asks_for_are_a_configuration(
    services: Mapping[str, Any], tmp_path: Path
) -> None:
    """They load with the environment that the services are given, and name its own services."""
    settings = _composed(services, tmp_path)
    hosts = [url.get_secret_value().partition("@")[2] or url.get_secret_value() for url in
             (settings.store, settings.broker)]  # fmt: skip
    assert hosts == ["postgres:5432/tagboat", "redis://redis:6379/0"]
    assert {"postgres", "redis"} <= set(services)
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 8080)


def test_what_is_written_in_a_container_is_on_its_volume(services: Mapping[str, Any], tmp_path: Path) -> None:
    """The rest of the file system is read-only there."""
    settings = _composed(services, tmp_path)
    volumes = [each.partition(":")[2] for each in services["worker"]["volumes"] if isinstance(each, str)]
    assert [each for each in volumes if settings.cache.is_relative_to(each)] == ["/var/lib/tagboat"]
    assert "--home-dir /var/lib/tagboat" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_configuration_is_mounted_where_the_image_looks_for_it(services: Mapping[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in ("web", "worker", "beat"):
        (mounted,) = (each for each in services[name]["volumes"] if isinstance(each, dict))
        assert f"TAGBOAT_CONFIG={mounted['target']}\n" in dockerfile
        assert mounted["read_only"] is True


def test_compose_itself_takes_the_file() -> None:
    program = next((each for each in _COMPOSE_PROGRAMS if _answers(each)), None)
    if program is None:
        pytest.skip("no docker compose is installed")
    shown = _run(*program, "-f", str(COMPOSE), "config")
    assert set(yaml.safe_load(shown)["services"]) == {"web", "worker", "beat", "redis", "postgres"}


def test_every_folder_that_the_image_copies_is_there_and_not_ignored() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        word
        for line in dockerfile.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert set(PACKAGES) <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists() or name in ignored] == []


def _composed(services: Mapping[str, Any], folder: Path) -> Settings:
    """The configuration of the head's lines, with the environment as Compose would fill it."""
    head = COMPOSE.read_text(encoding="utf-8").partition("name: tagboat")[0]
    lines = "".join(f"{line[4:]}\n" for line in head.splitlines() if line.startswith("#   "))
    file = folder / "tagboat.yaml"
    file.write_text(lines + _PIPELINES, encoding="utf-8")
    given = services["worker"]["environment"]
    return load(file, {name: substitute(text, environ={}, base=folder) for name, text in given.items()})


def _answers(program: Sequence[str]) -> bool:
    """Whether the program is there; Docker's own command may lack `compose`."""
    if shutil.which(program[0]) is None:
        return False
    done = subprocess.run([*program, "version"], capture_output=True, timeout=_SECONDS)
    return done.returncode == 0


def _run(*command: str, folder: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout
