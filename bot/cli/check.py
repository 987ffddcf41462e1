"""`tagboat check`: every problem of a configuration at once, for people, editors and CI."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from json import dumps
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.configuration.build import load
from bot.configuration.problems import ConfigurationError, ConfigurationProblem
from bot.configuration.settings import Settings

OK = 0
PROBLEMS = 2


def check(file: Path, json: bool) -> int:
    """Check a configuration file or folder and print what is wrong with it.

    One line per problem (`file:line:column: key: what (fix)`), on a terminal with the place below it; with
    `json` a list of objects. Gives the exit code: 0 without problems, else 2.
    """
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    try:
        settings = load(file, os.environ)
    except ConfigurationError as error:
        _print_problems(console, error.problems, json=json)
        return PROBLEMS
    console.print("[]" if json else f"{file}: {_summary(settings)}")
    return OK


def _print_problems(console: Console, problems: Iterable[ConfigurationProblem], *, json: bool) -> None:
    if json:
        console.print(dumps([_fields(problem) for problem in problems], indent=2))
        return
    for problem in problems:
        console.print(str(problem), style="bold" if console.is_terminal else None)
        if console.is_terminal and problem.excerpt:
            line, _, caret = problem.excerpt.partition("\n")
            console.print(Text(f"  {line}\n  ").append(caret, style="red"))


def _fields(problem: ConfigurationProblem) -> dict[str, str | int]:
    fields = asdict(problem) | {"file": str(problem.file)}
    del fields["excerpt"]
    return fields


def _summary(settings: Settings) -> str:
    pipelines = settings.pipelines.values()
    counts = {
        "pipeline": len(pipelines),
        "environment": sum(len(each.environments) for each in pipelines),
        "image": len({image.name for each in pipelines for image in each.images}),
    }
    words = (f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    return f"no problems: {', '.join(words)}"
