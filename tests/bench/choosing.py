"""What choosing among 50,000 tags costs, beside one pass that parses each of them by an expression.

The floor and the choice alternate, each time over tags that were never seen, so that no cache helps; what is
compared is CPU time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from statistics import median

from bot.domain.choosing.selection import Choice, SelectionPolicy, choose
from bot.domain.image import ImageName, ImageRef

TAGS = 50_000
ROUNDS = 9
LIMIT = 3.0
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_NAME = ImageName("ghcr.io", "acme/web")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?")
_Tags = Callable[[Random], str]


def mixed(random: Random) -> str:
    """What a busy repository holds: releases, candidates and variants of forty major versions."""
    prefix = random.choice(("", "", "", "v"))
    suffix = random.choice(("", "", "", "", f"-rc.{random.randrange(20)}", "-alpine"))
    return f"{prefix}{random.randrange(40)}.{random.randrange(60)}.{random.randrange(1000)}{suffix}"


def narrow(random: Random) -> str:
    """All of one major version, as repositories are that release at every commit."""
    return f"1.{random.randrange(200)}.{random.randrange(100_000)}"


def patches(random: Random) -> str:
    """All of one minor version."""
    return f"1.0.{random.randrange(1_000_000)}"


def builds(random: Random) -> str:
    """A number a build, each of them a major version."""
    return str(random.randrange(10**9))


SHAPES: dict[str, tuple[_Tags, str]] = {
    "forty majors, any": (mixed, ""),
    "forty majors, >=10 <12": (mixed, ">=10 <12"),
    "forty majors, pre-releases": (mixed, "*-0"),
    "one major": (narrow, ""),
    "one minor": (patches, ""),
    "build numbers": (builds, ""),
    "build numbers, <10000000": (builds, "<10000000"),
}


def ratio(shape: str) -> tuple[float, float, float]:
    """Seconds of the floor, seconds of the choice, and how many times as much that is."""
    make, constraint = SHAPES[shape]
    policy = SelectionPolicy(constraint=constraint)
    random = Random(shape)
    floors: list[float] = []
    choices: list[float] = []
    for _ in range(ROUNDS):
        floors.append(_timed(_parse, [make(random) for _ in range(TAGS)]))
        choices.append(_timed(lambda tags: _choose(policy, tags), [make(random) for _ in range(TAGS)]))
    return median(floors), median(choices), median(choices) / median(floors)


def run() -> None:
    """Print what each shape of repository costs."""
    for shape in SHAPES:
        floor, ours, times = ratio(shape)
        verdict = "within" if times < LIMIT else "ABOVE"
        print(  # noqa: T201
            f"choosing among {TAGS:,} tags, {shape}: floor {floor * 1000:.1f} ms,"
            f" choice {ours * 1000:.1f} ms, {times:.2f} times: {verdict} the limit of {LIMIT:.0f}"
        )


def _parse(tags: Sequence[str]) -> None:
    parse = _VERSION.fullmatch
    for tag in tags:
        parse(tag)


def _choose(policy: SelectionPolicy, tags: Sequence[str]) -> None:
    current = ImageRef(_NAME, "1.0.0")
    answer = choose(policy, tags, details={}, current=current, now=_NOW)
    assert isinstance(answer, Choice)
    assert answer.tag is not None


def _timed(work: Callable[[Sequence[str]], None], tags: Sequence[str]) -> float:
    began = time.process_time()
    work(tags)
    return time.process_time() - began


if __name__ == "__main__":
    run()
