"""What is wrong with a configuration: each problem with its place, and all of them as one error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import Permanent, sentence

_SHOWN = 20


@dataclass(frozen=True, slots=True, order=True)
class ConfigurationProblem:
    """One thing to correct. No text in it holds a secret or a value that came from outside the file.

    `line` and `column` count from 1; both are 0 where the problem has no place in a file. `key` is a key
    path (`pipelines.homepage.images.web.strategy`), or empty. `excerpt` is the line with a caret below it.
    """

    file: Path
    line: int
    column: int
    key: str
    what: str
    fix: str
    excerpt: str = ""

    def __str__(self) -> str:
        """`file:line:column: key: what (fix)`, as editors and people jump to it."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else f"{self.file}"
        key = f"{self.key}: " if self.key else ""
        return f"{place}: {key}{sentence(self.what, fix=self.fix)}"


class ConfigurationError(Permanent):
    """The configuration cannot be used; `problems` are all of its problems by file, line and column."""

    def __init__(self, path: Path, problems: Iterable[ConfigurationProblem]) -> None:
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        more = f"; and {count - _SHOWN} more" if count > _SHOWN else ""
        super().__init__(
            f"the configuration {path} has {count} problem{'s' if count > 1 else ''}",
            why="; ".join(str(problem) for problem in self.problems[:_SHOWN]) + more,
            fix="correct what is named; until then nothing of it is used",
        )
