"""What a verb answers, and a configuration file for those that read one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 60
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """Exit code and both outputs of one run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The standard output, read as one JSON document."""
        return json.loads(self.out)


def in_a_process(*args: str, env: Mapping[str, str] | None = None) -> Answer:
    """Run `python -m bot.cli` as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *args],
        cwd=_ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
