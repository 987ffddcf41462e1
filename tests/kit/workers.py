"""Workers that begin at the same moment: threads of this process, and processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

_Place = TypeVar("_Place")
_Result = TypeVar("_Result")


def together(places: Sequence[_Place], work: Callable[[_Place, int], _Result]) -> list[_Result]:
    """Do the work once at each place, in threads that begin at the same moment."""
    barrier = Barrier(len(places))

    def begins(number: int) -> _Result:
        barrier.wait(30)
        return work(places[number], number)

    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(begins, range(len(places))))


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python program of its own."""
    command = [sys.executable, "-c", program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def line(process: subprocess.Popen[str]) -> str:
    """The next line that it says."""
    assert process.stdout
    return process.stdout.readline().strip()


def say(process: subprocess.Popen[str], text: str) -> None:
    """Tell it a line."""
    assert process.stdin
    process.stdin.write(text + "\n")
    process.stdin.flush()


def ended(process: subprocess.Popen[str]) -> str:
    """What else it said until it ended well."""
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    return output


def killed(process: subprocess.Popen[str]) -> None:
    """Kill it, at whatever it does."""
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -9
