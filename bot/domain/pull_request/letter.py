"""Letters: a proposal's words and company, Tagboat's own or those of the configuration's templates.

In a group the policy of the first environment, by pipeline and name, speaks for all, in the pull request and
in its commit, so that the words do not depend on who wrote last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.deciding.promotion import Proof
from bot.domain.harmless import harmless
from bot.domain.image import Release
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request import wording
from bot.domain.pull_request.branch import branch_of, prefix_of
from bot.domain.pull_request.change import Change
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.moment import minute
from bot.domain.pull_request.proposal import Metadata, Proposal
from bot.domain.pull_request.templates import MOST_ITEMS, Template, rendered

LONGEST_TITLE = 200
LONGEST_BODY = 60_000
LONGEST_LABEL = 50
_GAP = "\n\n"
_LONGEST_MESSAGE = 20_000
_LONGEST_VERSION = 300
_TRIED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def letter(own: Change, changes: Sequence[Change], files: tuple[tuple[str, bytes | None], ...]) -> Proposal:
    """The proposal of `own`, in a pull request that holds all `changes` (`own` among them).

    Raises:
        Refused: a template of the configuration cannot be used.
    """
    every = sorted(changes, key=lambda change: change.place)
    policy = every[0].environment.pull_request
    title = _text("title", policy.texts.title, every, wording.title(every, policy.commit), _LONGEST_MESSAGE)
    said = _cut(wording.message(every, policy.commit), _LONGEST_MESSAGE)
    message = _text("message", policy.texts.message, every, said, _LONGEST_MESSAGE)
    return Proposal(
        branch=branch_of(own.pipeline, own.environment, own.after),
        files=files,
        message=f"{message.rstrip()}\n",
        title=_one_line(title),
        body=_body(every),
        metadata=_metadata(every),
        prefix=prefix_of(own.environment),
        sign_off=policy.commit.sign_off,
        allow_workflows=all(change.environment.allow_workflows for change in every),
    )


def check_templates(pipeline: Pipeline, environment: Environment, release: Release) -> None:
    """Try every template on a release that is made up: every image moves, and was proved upstream.

    Raises:
        Refused: one of them cannot be used; the message says which, why, and where it knows the line.
    """
    before = Release.of({alias: replace(ref, tag="0", digest=None) for alias, ref in release})
    mark = Mark(release.key, pipeline.name, environment.name)
    proofs = tuple(Proof(name, _TRIED_AT, "0" * 40) for name in environment.after)
    change = Change(pipeline, environment, before, release, mark, proofs)
    letter(change, [change], ())


def _text(what: str, template: Template | None, changes: Sequence[Change], default: str, longest: int) -> str:
    if template is None:
        return default
    return rendered(template, _variables(changes, default), what=what, longest=longest)


def _body(changes: Sequence[Change]) -> str:
    """The text, and the marks that find it again; those are never cut off."""
    marks = "\n".join(change.mark.text for change in changes)
    room = max(LONGEST_BODY - len(_GAP) - len(marks), 0)
    template = changes[0].environment.pull_request.texts.body
    text = _text("body", template, changes, wording.body(changes), LONGEST_BODY)
    return f"{_cut(text, room).rstrip()}{_GAP}{marks}"


def _metadata(changes: Sequence[Change]) -> Metadata:
    policy = changes[0].environment.pull_request
    labels = [
        rendered(each, _variables(changes, ""), what="label", longest=_LONGEST_MESSAGE)
        for each in policy.texts.labels
    ]
    lines = [" ".join(label.split())[:LONGEST_LABEL].strip() for label in labels]
    return replace(policy.metadata, labels=tuple(dict.fromkeys(line for line in lines if line)))


def _variables(changes: Sequence[Change], default: str) -> Mapping[str, Any]:
    first = changes[0]
    versions = dict.fromkeys(change.after.version for change in changes)
    version = harmless(", ".join(versions), longest=_LONGEST_VERSION)
    return {
        "pipeline": first.pipeline.name,
        "environment": first.environment.name,
        "group": first.environment.group,
        "tag": harmless(next((ref.version for _, ref in first.after), "")),
        "version": version,
        "release": first.after.key,
        "images": [image for change in changes for image in _images(change)][:MOST_ITEMS],
        "upstream": [each for change in changes for each in _upstream(change)][:MOST_ITEMS],
        "supersedes": [harmless(each) for change in changes for each in change.mark.supersedes][:MOST_ITEMS],
        "files": sorted({path for change in changes for path in change.environment.files})[:MOST_ITEMS],
        "default": default,
    }


def _images(change: Change) -> list[Mapping[str, str]]:
    return [
        {
            "pipeline": change.pipeline.name,
            "environment": change.environment.name,
            "alias": alias,
            "name": harmless(str(new.name), longest=_LONGEST_VERSION),
            "old": harmless(change.version_of(old)),
            "new": harmless(new.version),
            "digest": new.digest or "",
        }
        for alias, old, new in change.moved
    ]


def _upstream(change: Change) -> list[Mapping[str, str]]:
    """Every environment before this one, proved or not: what a template names must not fail in a rollback."""
    proofs = {proof.environment: proof for proof in change.proofs}
    return [_proof(name, proofs.get(name)) for name in change.environment.after]


def _proof(name: str, proof: Proof | None) -> Mapping[str, str]:
    since = minute(proof.live_since) if proof else ""
    return {"environment": name, "since": since, "commit": proof.commit if proof else ""}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: max(longest - 1, 0)]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TITLE]
