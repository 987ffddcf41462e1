"""The words of a pull request: title, commit message and body, for people who decide by reading it.

Everything here is what the changes say; times are moments and not lengths from now. So a text stays true
after it was written, and is written anew with a new commit alone. What comes from images is made harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.domain.harmless import code, harmless
from bot.domain.image import ImageRef, short_digest
from bot.domain.people.command import HELP
from bot.domain.pull_request.body import link, origins_text
from bot.domain.pull_request.change import Change
from bot.domain.pull_request.gates import gates_text
from bot.domain.pull_request.moment import minute
from bot.domain.pull_request.pages import image_page, tag_page
from bot.domain.pull_request.policy import CommitPolicy, CommitStyle
from bot.domain.pull_request.source import Origin
from bot.domain.pull_request.thread import thread_text
from bot.domain.pull_request.upstream import upstream_text

_MOST_NAMED = 3
_MOST_ROWS = 100
_MOST_LINES = 300


def title(changes: Sequence[Change], commit: CommitPolicy) -> str:
    """`homepage prod: web 1.2.0 → 1.3.0`, or a count where more than three images move.

    The group's name stands for several environments; the scope of a conventional title is either.
    """
    place, what = _place(changes), _summary(changes)
    if commit.style is CommitStyle.CONVENTIONAL:
        scope = changes[0].environment.group or changes[0].environment.name
        pipeline = f"{changes[0].pipeline.name} " if len(changes) == 1 else ""
        return f"{commit.type}({scope}): {pipeline}{what}"
    return f"{place}: {what}"


def message(changes: Sequence[Change], commit: CommitPolicy) -> str:
    """The commit message: the title, then each image with where it comes from, then what was proved.

    A group's has a paragraph for each change, and is alike whoever wrote last: without digests and the
    commits that were proved, of which each knows its own alone.
    """
    paragraphs = ["\n".join(_said(change, is_alone=len(changes) == 1)) for change in changes]
    lines = "\n\n".join([title(changes, commit), *filter(None, paragraphs)]).split("\n")
    rest = len(lines) - _MOST_LINES
    return "\n".join([*lines[:_MOST_LINES], *([f"… and {rest} more lines."] if rest > 0 else []), ""])


def body(changes: Sequence[Change]) -> str:
    """The pull request's text in Markdown."""
    parts = [
        _heading(changes),
        _table(changes),
        f"**Changes** only these values in {_files(changes)}." if _files(changes) else "",
        *(change.copy.text for change in changes if change.copy),
        *(_supersedes(change, is_alone=len(changes) == 1) for change in changes),
        origins_text(_sources(changes)),
        upstream_text(changes),
        gates_text(changes),
        _next(changes),
        thread_text(changes),
        _commands(changes),
    ]
    return "\n\n".join(part for part in parts if part)


def _said(change: Change, *, is_alone: bool) -> Iterator[str]:
    """The lines of a commit message that are about one change."""
    if not is_alone:
        yield f"{change.pipeline.name} {change.environment.name}:"
    for alias, old, new in change.moved:
        yield f"{alias}: {new.name} {_step(change, old, new)}"
        if is_alone and new.digest:
            yield f"  {new.digest}"
    for proof in change.proofs:
        commit = f" (commit {proof.commit[:12]})" if is_alone and proof.commit else ""
        yield f"Live in {proof.environment} since {minute(proof.live_since)}{commit}."


def _place(changes: Sequence[Change]) -> str:
    first = changes[0]
    if len(changes) == 1:
        return f"{first.pipeline.name} {first.environment.name}"
    return f"group {first.environment.group}"


def _summary(changes: Sequence[Change]) -> str:
    moved = [(change, *each) for change in changes for each in change.moved]
    if len(moved) > _MOST_NAMED:
        pipelines = len({change.pipeline.name for change in changes})
        of_them = f" of {pipelines} pipelines" if pipelines > 1 else ""
        return f"{len(moved)} images{of_them}"
    is_alone = len(changes) == 1
    images = [
        f"{alias if is_alone else _named(change, alias)} {_step(change, old, new)}"
        for change, alias, old, new in moved
    ]
    return ", ".join([*images, *(change.copy.summary for change in changes if change.copy)])


def _heading(changes: Sequence[Change]) -> str:
    first = changes[0]
    if len(changes) == 1:
        place = f"**{first.environment.name}** of **{first.pipeline.name}**"
        return f"Brings {place} to {code(first.after.version)}."
    places = _listed(f"**{each.environment.name}** of **{each.pipeline.name}**" for each in changes)
    return f"Brings the group **{first.environment.group}** up to date: {places}."


def _table(changes: Sequence[Change]) -> str:
    """One table over all. That of a group shows no digests: files may not keep those of fellows."""
    is_alone = len(changes) == 1
    common = ("image", "from registry", "now", "then")
    head = (*common, "digest") if is_alone else ("pipeline", "environment", *common)
    rows = [
        [
            *([] if is_alone else map(code, change.place)),
            code(alias),
            link(code(str(new.name)), image_page(new.name)),
            code(change.version_of(old)),
            link(code(new.version), tag_page(new)),
            *([code(_short(new))] if is_alone else []),
        ]
        for change in changes
        for alias, old, new in change.moved
    ]
    if not rows:
        return ""
    lines = [_line(head), _line(["---"] * len(head)), *map(_line, rows[:_MOST_ROWS])]
    rest = len(rows) - _MOST_ROWS
    return "\n".join(lines) + (f"\n\n… and {rest} more images." if rest > 0 else "")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _files(changes: Sequence[Change]) -> str:
    return _listed(
        code(path) for path in sorted({path for each in changes for path in each.environment.files})
    )


def _listed(items: Iterable[str]) -> str:
    every = list(dict.fromkeys(items))
    shown, rest = every[:_MOST_ROWS], len(every) - _MOST_ROWS
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def _supersedes(change: Change, *, is_alone: bool) -> str:
    if not change.mark.supersedes:
        return ""
    place = "" if is_alone else f" in {change.environment.name} of {change.pipeline.name}"
    return f"**Supersedes** {', '.join(map(code, change.mark.supersedes))}{place}."


def _sources(changes: Sequence[Change]) -> list[tuple[str, Origin]]:
    """What is known of the source of the images, by the names that the table has for them."""
    is_alone = len(changes) == 1
    return [
        (alias if is_alone else _named(change, alias), origin)
        for change in changes
        for alias, origin in change.sources
    ]


def _named(change: Change, alias: str) -> str:
    """What an image of a group is called: by its pipeline too, unless that has the same name."""
    return alias if alias == change.pipeline.name else f"{change.pipeline.name} {alias}"


def _next(changes: Sequence[Change]) -> str:
    environments = [change.environment for change in changes]
    is_by_itself = all(change.is_merged_by_tagboat for change in changes)
    who = "Tagboat merges this" if is_by_itself else "A human merges this"
    when = " inside its windows" if any(each.windows for each in environments) else ""
    names = [link(code(each.name), each.url) for place in environments for each in place.applications]
    if not names:
        return f"**Next** {who}{when}; the release counts as live once merged."
    verb = "is" if len(set(names)) == 1 else "are"
    return f"**Next** {who}{when}; then Argo CD is followed until {_listed(names)} {verb} synced and healthy."


def _commands(changes: Sequence[Change]) -> str:
    """What may be told in comments, folded away; nothing where nobody listens."""
    if not changes[0].environment.pull_request.commands:
        return ""
    return f"<details>\n<summary>What may be told Tagboat in a comment</summary>\n\n{HELP}\n\n</details>"


def _step(change: Change, old: ImageRef, new: ImageRef) -> str:
    if old.version == new.version:
        return f"{harmless(new.version)} ({_short(old)} → {_short(new)})"
    return f"{harmless(change.version_of(old))} → {harmless(new.version)}"


def _short(ref: ImageRef) -> str:
    return short_digest(ref.digest)
