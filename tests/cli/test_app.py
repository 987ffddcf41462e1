"""`tagboat` itself: help that answers at once, exit codes, and where the configuration is found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import demo_stage, opening
from bot.cli.app import app
from bot.configuration.problems import ConfigurationError, ConfigurationProblem
from bot.domain.errors import Refused, TagboatError, Unreachable
from bot.flow.world import World
from tests.cli.verbs import Answer, in_a_process

VERBS = (
    *("demo", "init", "check", "up", "web", "worker", "beat", "plan", "status", "explain", "pr", "import"),
    *("hold", "resume", "skip", "rebase", "promote", "rollback", "overwrite", "orders"),
)
PR_VERBS = ("list", "show", "merge", "close")
HEAVY = (
    "alembic",
    "celery",
    "docker",
    "github",
    "jinja2",
    "kubernetes",
    "msgspec",
    "pydantic",
    "redis",
    "requests",
    "slack_sdk",
    "sqlalchemy",
    "starlette",
    "structlog",
    "urllib3",
    "uvicorn",
    "bot.adapters",
    "bot.configuration",
    "bot.flow",
    "bot.web",
    "bot.wiring",
    "workers",
)


def test_help_loads_nothing_that_only_a_verb_needs() -> None:
    code = (
        "import sys\n"
        "from bot.cli.app import app\n"
        "try:\n    app(['--help'])\n"
        "except SystemExit as done:\n    assert done.code == 0\n"
        "print('LOADED', *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    text, _, loaded = done.stdout.rpartition("LOADED")
    assert "Commands:" in text
    assert "bot.cli.app" in loaded.split()
    assert [name for name in HEAVY if name in loaded.split()] == []


def test_help_names_every_verb_with_a_whole_sentence(tagboat: Callable[..., Answer]) -> None:
    answer = tagboat("--help")
    assert answer.code == 0
    commands = answer.out.partition("Commands:")[2].strip().splitlines()
    assert sorted(line.split()[0] for line in commands) == sorted(VERBS)
    assert all(line.endswith(".") and not line.endswith("...") for line in commands)


@pytest.mark.parametrize("code", ["0", "1", "2", "3"])
def test_help_says_what_each_exit_code_means(tagboat: Callable[..., Answer], code: str) -> None:
    lines = [line.split() for line in tagboat("--help").out.partition("Exit codes:")[2].splitlines()]
    assert code in {words[0] for words in lines if words}


@pytest.mark.parametrize(
    "words", [(verb,) for verb in VERBS] + [("pr", verb) for verb in PR_VERBS], ids=" ".join
)
def test_every_verb_has_help(tagboat: Callable[..., Answer], words: tuple[str, ...]) -> None:
    answer = tagboat(*words, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: tagboat {' '.join(words)} ")
    assert answer.err == ""


@pytest.mark.parametrize(
    "words", [("nothing",), ("plan", "--nothing"), ("pr", "merge", "shop")], ids=" ".join
)
def test_a_wrong_command_line_exits_with_2(tagboat: Callable[..., Answer], words: tuple[str, ...]) -> None:
    answer = tagboat(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert "Error: " in answer.err


@pytest.mark.parametrize(
    ("words", "variable", "found"),
    [
        (("plan",), None, "tagboat.yaml"),
        (("plan",), "env.yaml", "env.yaml"),
        (("plan", "-c", "after.yaml"), "env.yaml", "after.yaml"),
        (("-c", "before.yaml", "plan"), "env.yaml", "before.yaml"),
        (("--config", "before.yaml", "plan"), None, "before.yaml"),
        (("-c", "before.yaml", "plan", "-c", "after.yaml"), "env.yaml", "after.yaml"),
        (("-c", "before.yaml", "pr", "list"), "env.yaml", "before.yaml"),
    ],
    ids=["default", "variable", "after the verb", "before the verb", "long", "both", "verb of pr"],
)
def test_the_configuration_is_found(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], variable: str | None, found: str
) -> None:
    asked: list[Path] = []

    def world(config: Path) -> World:
        asked.append(config)
        raise Refused("enough seen")

    monkeypatch.setattr(opening, "world", world)
    if variable is None:
        monkeypatch.delenv("TAGBOAT_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TAGBOAT_CONFIG", variable)
    CliRunner().invoke(app, list(words))
    assert asked == [Path(found)]


@pytest.mark.parametrize(
    "error",
    [
        Refused("it was refused", why="because", fix="do this"),
        Unreachable("nobody answers", why="\x1b[2Jgone\nTagboat: all is well \u202e"),
    ],
    ids=["permanent", "transient with controls"],
)
def test_an_error_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, error: TagboatError
) -> None:
    def world(config: Path) -> World:
        raise error

    monkeypatch.setattr(opening, "world", world)
    done = CliRunner().invoke(app, ["plan"])
    assert done.exit_code == 1
    assert done.stdout == ""
    (line,) = done.stderr.split("\n")[:-1]
    assert line.isprintable()
    assert line.startswith(f"tagboat: {error.what}: ")


def test_every_problem_of_the_configuration_is_told_with_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [
        ConfigurationProblem(Path("tagboat.yaml"), 3, 1, "pipelines", "it is empty", "add one"),
        ConfigurationProblem(Path("tagboat.yaml"), 9, 5, "forges.x.kind", "unknown", "use git"),
    ]

    def world(config: Path) -> World:
        raise ConfigurationError(config, problems)

    monkeypatch.setattr(opening, "world", world)
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [f"tagboat: {each}" for each in problems]


def test_a_missing_configuration_exits_with_2_and_a_next_step(tmp_path: Path) -> None:
    answer = in_a_process("status", "-c", str(tmp_path / "none.yaml"))
    assert answer.code == 2
    assert answer.out == ""
    assert "none.yaml" in answer.err
    assert "Traceback" not in answer.err


def test_letters_that_the_terminal_does_not_know_are_escaped(tmp_path: Path) -> None:
    stage = demo_stage.build(tmp_path / "dev→prod")
    answer = in_a_process("check", str(stage.configuration), env={"PYTHONIOENCODING": "ascii"})
    assert answer.code == 0
    assert r"dev\u2192prod" in answer.out


def test_the_version_is_shown(tagboat: Callable[..., Answer]) -> None:
    answer = tagboat("--version")
    assert answer.code == 0
    assert answer.out.startswith("tagboat 0.")
