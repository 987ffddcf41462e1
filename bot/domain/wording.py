"""The words of a pull request: branch, title, commit message and body, for people who decide by reading it.

Everything here depends only on the release and what was proved, never on the time of writing, so that the
same proposal has the same text and an unchanged one needs no edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.image import ImageRef, Release, short_digest
from bot.domain.pipeline import Environment, Merge, Pipeline
from bot.domain.promotion import Proof
from bot.domain.proposal import marker

BRANCH_PREFIX = "tagboat/"
"""Every branch that Tagboat writes begins so; forges refuse to write any other."""


def branch_of(pipeline: Pipeline, environment: Environment) -> str:
    """The one branch of a pipeline and environment: the same name finds the same proposal after a crash."""
    return f"{BRANCH_PREFIX}{pipeline.name}/{environment.name}"


def title(pipeline: Pipeline, environment: Environment, *, before: Release, after: Release) -> str:
    """`homepage prod: web 1.2.0 → 1.3.0`, or a count where more than three images move."""
    moved = _moved(before, after)
    if len(moved) > 3:
        return f"{pipeline.name} {environment.name}: {len(moved)} images"
    changes = ", ".join(f"{alias} {_step(old, new)}" for alias, old, new in moved)
    return f"{pipeline.name} {environment.name}: {changes}"


def message(
    pipeline: Pipeline,
    environment: Environment,
    *,
    before: Release,
    after: Release,
    proofs: Sequence[Proof],
) -> str:
    """The commit message: the title, then each image with where it comes from, then what was proved."""
    lines = [title(pipeline, environment, before=before, after=after), ""]
    for alias, old, new in _moved(before, after):
        lines.append(f"{alias}: {new.name} {_step(old, new)}")
        lines.extend([f"  {new.digest}"] if new.digest else [])
    lines.extend(
        f"Live in {proof.environment} since {_minute(proof)} (commit {proof.commit[:12]})."
        for proof in proofs
    )
    return "\n".join(lines) + "\n"


def body(
    pipeline: Pipeline,
    environment: Environment,
    *,
    before: Release,
    after: Release,
    proofs: Sequence[Proof],
) -> str:
    """The pull request's text in Markdown, ending with the marker that names the release."""
    rows = [_row(alias, old, new) for alias, old, new in _moved(before, after)]
    files = ", ".join(f"`{path}`" for path in environment.files)
    parts = [
        f"Brings **{environment.name}** of **{pipeline.name}** to {_code(after.version)}.",
        "\n".join(
            ["| image | from registry | now | then | digest |", "| --- | --- | --- | --- | --- |", *rows]
        ),
        f"**Changes** only these values in {files}.",
        _proved_text(environment, proofs),
        _next_text(environment),
        marker(after.key),
    ]
    return "\n\n".join(part for part in parts if part)


def span(length: timedelta) -> str:
    """A length of time as the configuration writes it: `2h`, `1d12h`, `90s` is `1m30s`."""
    rest, text = int(length.total_seconds()), ""
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _moved(before: Release, after: Release) -> list[tuple[str, ImageRef, ImageRef]]:
    old = dict(before.images)
    return [(alias, old[alias], new) for alias, new in after.images if not _is_same(old[alias], new)]


def _row(alias: str, old: ImageRef, new: ImageRef) -> str:
    cells = (alias, str(new.name), old.version, new.version, short_digest(new.digest))
    return f"| {' | '.join(map(_code, cells))} |"


def _is_same(old: ImageRef, new: ImageRef) -> bool:
    digests = {old.digest, new.digest} - {None}
    return (old.name, old.tag) == (new.name, new.tag) and len(digests) < 2


def _step(old: ImageRef, new: ImageRef) -> str:
    if old.version == new.version:
        return f"{new.version} ({short_digest(old.digest)} → {short_digest(new.digest)})"
    return f"{old.version} → {new.version}"


def _proved_text(environment: Environment, proofs: Sequence[Proof]) -> str:
    if not proofs:
        return ""
    soak = f", soaked for at least {span(environment.soak)}" if environment.soak else ""
    lines = [
        f"- {each.environment}: live since {_minute(each)} at commit {each.commit[:12]}{soak}"
        for each in proofs
    ]
    return "\n".join(["**Proved upstream**", "", *lines])


def _next_text(environment: Environment) -> str:
    who = "Tagboat merges this" if environment.merge is Merge.AUTO else "A human merges this"
    when = " inside its windows" if environment.windows else ""
    if not environment.applications:
        return f"**Next** {who}{when}; the release counts as live once merged."
    names = ", ".join(f"`{each.name}`" for each in environment.applications)
    return f"**Next** {who}{when}; then Argo CD is followed until {names} is synced and healthy."


def _minute(proof: Proof) -> str:
    return f"{proof.live_since:%Y-%m-%d %H:%M} UTC"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
