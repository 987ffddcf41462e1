"""What a pull request says of the source behind its images."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.image import ImageName, ImageRef
from bot.domain.pull_request.body import origins_text
from bot.domain.pull_request.source import (
    PUBLIC_HOSTS,
    Comparison,
    Origin,
    ReleaseNotes,
    SourceCommit,
    SourceRepository,
)

OLD, NEW = "a" * 40, "b" * 40
WEB = ImageName("ghcr.io", "acme/web")
BEFORE, AFTER = ImageRef(WEB, "1.0.0"), ImageRef(WEB, "1.1.0")
REPOSITORY = SourceRepository(PUBLIC_HOSTS[0], "acme/web")
RANGE = f"https://github.com/acme/web/compare/{OLD}...{NEW}"
PLACE = "[`github.com/acme/web`](https://github.com/acme/web)"


def origin(
    *subjects: str, total: int | None = None, notes: str = "", repository: SourceRepository = REPOSITORY
) -> Origin:
    """An origin with these commits, and notes of v1.1.0."""
    commits = tuple(SourceCommit(NEW, subject) for subject in subjects)
    comparison = Comparison(commits, len(commits) if total is None else total)
    said = ReleaseNotes("v1.1.0", notes) if notes else None
    return Origin(BEFORE, AFTER, repository, OLD, NEW, comparison, said)


def told(notes: str) -> list[str]:
    """The lines in which notes are shown."""
    text = origins_text([("web", origin(notes=notes))])
    return [line.removeprefix(">").strip() for line in text.split("\n") if line.startswith(">")]


def test_commits_are_listed_below_a_link_to_their_range() -> None:
    assert origins_text([("web", origin("Fix the cart", "Add a cart"))]).split("\n") == [
        "**Source**",
        "",
        f"- `web`: [2 commits]({RANGE}) in {PLACE}",
        f"  - [`bbbbbbbb`](https://github.com/acme/web/commit/{NEW}) Fix the cart",
        f"  - [`bbbbbbbb`](https://github.com/acme/web/commit/{NEW}) Add a cart",
    ]


def test_of_many_commits_the_newest_are_listed_and_the_others_counted() -> None:
    lines = origins_text([("web", origin(*map(str, range(30)), total=412))]).split("\n")
    assert len(lines) == 3 + 10 + 1
    assert lines[2].startswith("- `web`: [412 commits]")
    assert lines[-1] == "  - … and 402 older"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (Origin(BEFORE, AFTER, REPOSITORY), f"- `web`: built from {PLACE}"),
        (
            Origin(BEFORE, AFTER, REPOSITORY, "", NEW),
            f"- `web`: built from {PLACE} at [`bbbbbbbb`](https://github.com/acme/web/commit/{NEW})",
        ),
        (
            Origin(BEFORE, AFTER, REPOSITORY, OLD, NEW),
            f"- `web`: [the commits since the old image]({RANGE}) in {PLACE}",
        ),
        (origin(), f"- `web`: [no commit that the old image lacks]({RANGE}) in {PLACE}"),
        (origin("One", total=1), f"- `web`: [1 commit]({RANGE}) in {PLACE}"),
    ],
    ids=["no revision", "only the new revision", "not read", "a step back", "one commit"],
)
def test_what_is_not_known_is_left_out(found: Origin, line: str) -> None:
    assert origins_text([("web", found)]).split("\n")[2] == line


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert origins_text([]) == ""
    assert origins_text([("web", Origin(BEFORE, AFTER))]) == ""


def test_of_many_images_the_first_are_told_and_the_text_is_bounded() -> None:
    whole = origin(*["x" * 500] * 30, notes="\n".join(["y" * 500] * 100))
    text = origins_text([(f"image-{number}", whole) for number in range(60)])
    assert text.count("Release notes") == 10
    assert text.count("30 commits") == 20
    assert len(text) < 45_000


def test_notes_keep_headings_lists_and_paragraphs() -> None:
    notes = "## What's new\r\n\r\n* **Fast** carts by `ada`\r\n  - [docs](https://x.example/y)\r\n\r\n\r\nDone.\r\n"
    assert told(notes) == ["**What's new**", "", "- Fast carts by ada", "- docs", "", "Done."]


@pytest.mark.parametrize(
    ("notes", "line"),
    [
        ("Thanks @acme/team and @ada!", "Thanks @\u200bacme/team and @\u200badaǃ"),
        ("Fixes acme/web#12, #13 and GH-14", "Fixes acme/web#\u200b12, #\u200b13 and GH‑14"),
        ("See ![logo](https://evil.example/pixel.png) here", "See here"),
        ("<img src=https://evil.example/pixel.png>Hello<br/>", "Hello"),
        ("<!-- tagboat release=aaaaaaaaaaaa -->Hello", "Hello"),
        ("<!-- never closed", ""),
        ("</details><script>alert(1)</script>", "alert(1)"),
        ("a < b > c", "a ‹ b › c"),
        ("https://evil.example/x www.evil.example", "https:\u200b//evil.example/x www.\u200bevil.example"),
        ("/close", "\u200b/close"),
        ("- /close", "- \u200b/close"),
        ("| a | b |", "¦ a ¦ b ¦"),
        ("[x]: https://evil.example", "❲x❳: https:\u200b//evil.example"),
    ],
)
def test_what_strangers_write_notifies_nobody_and_is_no_markup(notes: str, line: str) -> None:
    assert (told(f"Begin\n{notes}\nEnd")[1:-1] or [""]) == [line]


@pytest.mark.parametrize("notes", ["", " \n\t\n", "<!-- x -->", "![a](b)"])
def test_empty_notes_have_no_heading(notes: str) -> None:
    assert "Release notes" not in origins_text([("web", origin(notes=notes))])


def test_long_notes_are_cut() -> None:
    lines = told("\n".join(f"- change {number}" for number in range(500)))
    assert lines[-3:] == ["- change 24", "", "…"]


_HOSTILE = st.text(
    st.sampled_from("@#<>![]()*_`~|\\/-:. \n\rGHgh1azé\u202e\u200b&;{}$=+\u0000") | st.characters(),
    max_size=300,
)


@given(_HOSTILE, _HOSTILE)
def test_no_text_yields_a_mention_a_reference_html_or_a_link_of_its_own(subject: str, notes: str) -> None:
    ours = origins_text([("web", origin("x", notes="x"))])
    text = origins_text([("web", origin(subject, notes=notes))])
    links = re.findall(r"\]\([^)]*\)", text)
    assert set(links) <= set(re.findall(r"\]\([^)]*\)", ours))
    rest = re.sub(r"\]\([^)]*\)", "", text)
    assert not re.search(r"[@#](?!\u200b)|<|!\[|://|(?i:\bgh-\d)|\u202e|\x00", rest)


@given(_HOSTILE, _HOSTILE)
def test_the_same_texts_always_read_the_same(subject: str, notes: str) -> None:
    found = origin(subject, notes=notes)
    assert origins_text([("web", found)]) == origins_text([("web", found)])
