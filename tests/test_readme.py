"""The README and its page of keys cannot drift: what they name and show is held to the program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from pydantic import BaseModel
from starlette.routing import Mount
from typer.testing import CliRunner

from bot.cli import exit_codes
from bot.cli.app import app
from bot.configuration.build import load
from bot.configuration.endpoint_sections import EndpointSection
from bot.configuration.merge_sections import MergeSection
from bot.configuration.pipeline_sections import (
    CosignSection,
    EnvironmentSection,
    IdentitySection,
    ImageSection,
    WriteSection,
)
from bot.configuration.promote_sections import PromoteSection
from bot.configuration.proposal_sections import PullRequestSection
from bot.configuration.registry_sections import DistributionSection
from bot.configuration.sections import ConfigurationSection
from bot.domain.choosing.selection import Strategy
from bot.domain.pipeline import Deadlines
from bot.domain.status import State
from bot.web.app import application
from bot.web.metrics import Metrics
from bot.webhooks.senders import SENDERS
from tests.configuration.files import NEWCOMER, SIGNING_SECRET
from tests.web.site import Site, settings

ROOT = Path(__file__).parents[1]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "config/README.md")}
COMMANDS = typer.main.get_command(app)

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TOP = ("bot/", "workers/", "config/", "tests/", ".ci/")

_OF_OTHERS = ({"data"}, {"notifications"})
"""Top-level keys of the YAML that is not Tagboat's: Argo CD's ConfigMaps, and the registry's own settings."""

_AROUND = """\
registries: {"registry.local:5000": {}}
forges: {github: {kind: github, token: dummy}}
pipelines:
  homepage:
    repository: github:acme/infra
    images: {web: ghcr.io/acme/homepage}
    environments: {dev: {values: envs/dev/values.yaml}}
"""
"""What a fragment stands in: it takes the place of the keys that it has."""


@dataclass(frozen=True)
class Block:
    """A fenced block, with the page and the line at which it begins."""

    language: str
    text: str
    page: str
    line: int

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


BLOCKS = [
    Block(found[1], found[2], name, page.count("\n", 0, found.start()) + 1)
    for name, page in PAGES.items()
    for found in _FENCE.finditer(page)
]
TEXTS = {name: _FENCE.sub("", page) for name, page in PAGES.items()}
"""The pages without their fenced blocks."""
PROSE = "\n".join(TEXTS.values())
SPANS = _SPAN.findall(PROSE)


def _is_of_others(block: Block) -> bool:
    return any(set(document) in _OF_OTHERS for document in yaml.safe_load_all(block.text))


CONFIGURATIONS = [each for each in BLOCKS if each.language == "yaml" and not _is_of_others(each)]


def _command_lines(blocks: Collection[Block]) -> Iterator[tuple[str, str]]:
    """Each line of a shell block, and each line behind a prompt elsewhere, with the place it stands at."""
    for block in blocks:
        joined = block.text.replace("\\\n", " ")
        for line in joined.splitlines():
            if block.language == "sh" or line.startswith("$ "):
                yield line.removeprefix("$ "), str(block)


def _table(first: str) -> Mapping[str, tuple[str, ...]]:
    """The rows of the one table whose head begins so; by the first cell, without its backquotes."""
    tables = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PROSE, re.MULTILINE)
    rows = [tuple(cell.strip() for cell in row.strip("|").split(" | ")) for row in tables[0].splitlines()]
    return {row[0].strip().strip("`"): row[1:] for row in rows}


def _keys_below(heading: str) -> list[set[str]]:
    """The first columns of the tables of keys below a heading."""
    section = re.split(r"^#+ ", PROSE.partition(f" {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    tables = re.findall(r"^\| key \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", section, re.MULTILINE)
    return [set(re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)) for table in tables]


def _leaves(command: Any, words: tuple[str, ...] = ("tagboat",)) -> Iterator[tuple[str, Any]]:
    for name, each in getattr(command, "commands", {}).items():
        yield from _leaves(each, (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command


def _parse(words: list[str]) -> None:
    """Parse a command line as the shell would hand it over, and run nothing."""
    command: Any = COMMANDS
    context = command.make_context("tagboat", words)
    while hasattr(command, "commands"):
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, words, parent=context)


def test_help_stands_there_word_for_word() -> None:
    """Commands, their meaning, global options and exit codes."""
    done = CliRunner().invoke(app, ["--help"], prog_name="tagboat", terminal_width=80)
    assert done.exit_code == 0
    shown = [each.text for each in BLOCKS if each.text.startswith("Usage: tagboat")]
    assert shown == [done.stdout]


def test_exit_codes_are_those_of_the_program() -> None:
    codes = {exit_codes.OK, exit_codes.FAILED, exit_codes.MISUSED, exit_codes.WAITS}
    shown = next(each.text for each in BLOCKS if "Exit codes:" in each.text)
    assert {int(code) for code in re.findall(r"^    (\d)  ", shown, re.MULTILINE)} == codes


def test_every_command_is_listed_with_all_its_options() -> None:
    shared = {"--config", "--help"}
    expected = {
        name: {option for each in command.params for option in each.opts if option.startswith("--")} - shared
        for name, command in _leaves(COMMANDS)
    }
    rows = _table("command")
    assert {
        name: set(re.findall(r"`(--[a-z-]+)`", "".join(cells))) for name, cells in rows.items()
    } == expected


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=f"{place}-{line[:40]}")
        for line, place in _command_lines(BLOCKS)
        if line.split()[0] == "tagboat"
    ],
)
def test_every_tagboat_command_line_parses(line: str) -> None:
    _parse(shlex.split(line, comments=True)[1:])


def test_a_wrong_command_line_would_be_noticed() -> None:
    for line in ("pr merge homepage", "status --jsn", "nosuch", "check a b"):
        with pytest.raises(Exception, match=r"(?i)missing|no such|unexpected"):
            _parse(line.split())


def test_every_command_in_a_sentence_exists() -> None:
    commands = {name for name, _ in _leaves(COMMANDS)} | {"tagboat pr", "tagboat"}
    named = {span.partition(" --")[0] for span in SPANS if span.split()[0] == "tagboat"}
    assert named <= commands
    assert len(named) > 10


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for line, _ in _command_lines(BLOCKS)] + SPANS
    named = {line.split()[1] for line in lines if line.split()[:1] == ["make"] and len(line.split()) > 1}
    assert named <= targets
    assert {"demo", "test"} <= named


def test_every_path_exists() -> None:
    arguments = (word for line, _ in _command_lines(BLOCKS) for word in re.split(r"[ =]", line))
    files = {"pyproject.toml", "docker-compose.yml", "requirements.lock"} & {*SPANS}
    named = {each for each in (*SPANS, *arguments) if each.startswith(_TOP)} | files
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []
    assert len(named) > 20


def _anchors(page: str) -> set[str]:
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in _HEADING.findall(page)}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    links = [link.partition("#") for link in _LINK.findall(TEXTS[name]) if not link.startswith("http")]
    assert links
    for path, _, anchor in links:
        there = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert there.exists(), path
        if anchor:
            page = str(there.relative_to(ROOT.resolve()))
            assert anchor in _anchors(TEXTS[page]), f"{path}#{anchor}"


def test_a_newcomer_sees_the_configuration_that_the_tests_know() -> None:
    assert NEWCOMER in [each.text for each in CONFIGURATIONS]


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=str)
def test_every_configuration_loads(block: Block, tmp_path: Path) -> None:
    for key in ("app.pem", "signing-key"):
        (tmp_path / key).write_text("-----BEGIN PRIVATE KEY-----\n", encoding="utf-8")
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    (tmp_path / "cosign.pub").write_bytes((ROOT / "tests/flow/signed/keys/p256.pub").read_bytes())
    environ = {name: f"dummy-{name}" for name in re.findall(r"\$\{([A-Z_]+)", block.text)}
    environ |= {
        "TAGBOAT_STORE": "postgresql://tagboat@postgres/tagboat",
        "TAGBOAT_BROKER": "redis://redis:6379",
    }
    environ |= {"PIPELINE_WEBHOOK_SECRET": SIGNING_SECRET}
    written = yaml.safe_load(block.text.replace("/run/secrets/", f"{tmp_path}/"))
    file = tmp_path / "tagboat.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(_AROUND) | written), encoding="utf-8")
    assert set(written) <= set(ConfigurationSection.model_fields)
    assert load(file, environ).pipelines


@pytest.mark.parametrize(
    ("heading", "sections"),
    [
        ("The configuration, key by key", [ConfigurationSection]),
        ("Images", [ImageSection, WriteSection]),
        ("Registries", [DistributionSection]),
        ("Signatures", [CosignSection, IdentitySection]),
        ("Environments", [EnvironmentSection]),
        ("Directories", [PromoteSection]),
        ("Merging", [MergeSection]),
        ("Pull requests", [PullRequestSection]),
        ("Webhooks", [EndpointSection]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tables_of_keys_are_complete(heading: str, sections: list[type[BaseModel]]) -> None:
    assert _keys_below(heading) == [set(each.model_fields) for each in sections]


def test_defaults_are_those_of_the_program() -> None:
    environment, image = _table_below("Environments"), _table_below("Images")
    limits = Deadlines()
    minutes = [
        f"`{each.total_seconds() / 60:.0f}m`" for each in (limits.refresh, limits.sync, limits.rollout)
    ]
    fields = EnvironmentSection.model_fields
    assert environment["deadlines"][0] == ", ".join(minutes)
    assert environment["settle"][0] == f"`{fields['settle'].default.total_seconds():.0f}s`"
    assert environment["merge"][0] == f"`{MergeSection().mode}`"
    assert image["strategy"][0] == f"`{ImageSection.model_fields['strategy'].default}`"
    assert image["allow_tags"][0] == f"`{ImageSection.model_fields['allow_tags'].default}`"


def _table_below(heading: str) -> Mapping[str, tuple[str, ...]]:
    section = PROSE.partition(f" {heading}\n")[2]
    rows = re.findall(r"^\| `([a-z_]+)` \| ([^|]*) \| (.*) \|$", section, re.MULTILINE)
    return {key: (default, meaning) for key, default, meaning in reversed(rows)}


def test_states_are_all_there() -> None:
    assert list(_table("state")) == [str(each) for each in State]


def test_strategies_are_all_there() -> None:
    assert list(_table("strategy")) == [str(each) for each in Strategy]


def test_senders_are_all_there() -> None:
    assert set(_table("sender")) == set(SENDERS)


def test_metrics_are_those_that_are_served() -> None:
    registry = Metrics(Site().world)._registry
    served = {
        f"{each.name}_total" if each.type == "counter" else each.name
        for each in registry.collect()
        if each.name.startswith("tagboat_")
    }
    # The age of the oldest look is only told once there was a look.
    assert set(_table("metric")) == served | {"tagboat_oldest_look_timestamp_seconds"}


def test_addresses_are_those_that_are_served() -> None:
    site = Site()
    routes = application(site.world, settings(site.bench)).routes
    served = {route.path for route in routes if not isinstance(route, Mount) and "{" not in route.path}  # type: ignore[attr-defined]
    assert set(_table("path")) == served
