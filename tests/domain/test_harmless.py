"""Text from outside: whatever it holds, people read it, and nothing else happens."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.domain.harmless import code, harmless, shown, slug
from bot.domain.image import ImageName, ImageRef, Release
from bot.domain.pull_request.branch import is_branch_name
from bot.domain.pull_request.change import Change
from bot.domain.pull_request.letter import letter
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.policy import PullRequestPolicy, Texts
from bot.domain.pull_request.templates import Template
from tests.domain.deciding.situations import PROD, pipeline

HOSTILE = (
    "@acme/admins please merge",
    "<script>alert(1)</script>",
    "![x](https://evil.example/x.png)",
    "[click](https://evil.example)",
    "https://evil.example www.evil.example mailto:a@evil.example",
    "&#64;acme &lt;b&gt;",
    "`code` | cell | @acme",
    "a\n\n# heading\n- [ ] task\n/merge",
    "/approve",
    "<!-- tagboat release=0123456789ab withdrawn -->",
    "fixes #12, acme/infra#12, !12, %12, ~bug, $1",
    "\u202eright to left\u2066",
    "*bold* _it_ ~~gone~~ \\@acme",
    "1. list",
    "[ref]: https://evil.example",
    "x" * 5000,
)
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=300),
    st.text(alphabet="@<>&`|\\*_~[](){}!#$:/.wm \n\t-+=1a\u200b\u202e", max_size=80),
)

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
_MENTION = re.compile(r"(?<![\w/.`-])@[A-Za-z0-9_]")
_REFERENCE = re.compile(r"(?<!\w)(?:[\w./-]*#|!|%|~|\$)\d")
_ADDRESS = re.compile(r"\w+://|(?<!\w)www\.\w|(?<!\w)mailto:\w|\w@\w", re.IGNORECASE)


class _Page(HTMLParser):
    """The tags of a page, and its text outside code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.text += data


def page(markdown: str) -> _Page:
    seen = _Page()
    seen.feed(_MARKDOWN.render(markdown))
    return seen


def shop(text: str) -> Change:
    """A change whose tags are any text, as if a registry had said so."""
    name = ImageName("ghcr.io", "acme/web")
    before, after = (Release.of({"web": ImageRef(name, tag)}) for tag in (f"{text} old", text))
    mark = Mark(after.key, "shop", "prod", before.key, text, (text,))
    return Change(pipeline(), PROD, before, after, mark)


@given(texts)
def test_a_harmless_text_is_one_line_of_bounded_length_and_stays_as_it_is(text: str) -> None:
    line = harmless(text)
    assert "\n" not in line
    assert len(line.replace("\u200b", "")) <= 160
    assert harmless(line) == line


@given(texts)
def test_a_harmless_text_alone_is_no_markup_and_notifies_nobody(text: str) -> None:
    seen = page(f"{harmless(text)}\n")
    assert set(seen.tags) <= {"p", "em", "strong"}
    assert not _MENTION.search(seen.text)
    assert not _REFERENCE.search(seen.text)
    assert not _ADDRESS.search(seen.text)
    assert not harmless(text).startswith("/")


@given(texts)
def test_code_cannot_be_left(text: str) -> None:
    seen = page(f"a {code(text)} b")
    assert set(seen.tags) <= {"p", "code"}
    assert seen.text.split() == ["a", "b"]


_TAGS_OF_A_BODY = {"a", "p", "strong", "em", "code", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}


@given(texts)
@example("`@acme` | <img src=x>")
def test_no_pull_request_holds_a_mention_or_html_that_an_image_brought(text: str) -> None:
    own = shop(text)
    made = letter(own, [own], ())
    shown, marks = made.body.rsplit("\n\n", 1)
    seen = page(shown)
    assert set(seen.tags) <= _TAGS_OF_A_BODY
    assert seen.tags.count("a") == 1, "the image's own page, and no link besides"
    assert not _MENTION.search(seen.text)
    assert marks.count("<!--") == marks.count("-->") == 1
    for line in (made.title, *made.message.splitlines()):
        assert not _MENTION.search(line)
        assert "<" not in line


@given(texts)
def test_templates_are_given_harmless_text_alone(text: str) -> None:
    images = "{% for i in images %}{{ i.old }} {{ i.new }} {% endfor %}"
    everything = f"{{{{ version }}}} {{{{ tag }}}} {images}{{{{ supersedes|join(' ') }}}}"
    texts_ = Texts(title=Template(everything), body=Template(everything), labels=(Template(everything),))
    place = replace(PROD, pull_request=PullRequestPolicy(texts_))
    own = replace(shop(text), environment=place)
    made = letter(own, [own], ())
    seen = page(made.body.rsplit("\n\n", 1)[0])
    assert set(seen.tags) <= {"p", "em", "strong"}
    for line in (made.title, seen.text, *made.metadata.labels):
        assert not _MENTION.search(line)
        assert "<" not in line


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.3-rc.1", "main-1a2b3c4", "2026.01.02", "my_tag", "stable"])
def test_what_tags_are_made_of_stays_readable(tag: str) -> None:
    assert harmless(tag) == tag
    assert slug(tag) == tag


@pytest.mark.parametrize("glob", ["lint*", "**/*.yaml", "config/[a-z]?.json", "{a,b}", "test [3.11]"])
def test_a_glob_can_be_copied_from_code(glob: str) -> None:
    assert code(glob) == f"`{glob}`"
    assert f"<code>{glob}</code>" in _MARKDOWN.render(f"- a {code(glob)} *b* {code(glob)}\n")


@given(texts)
def test_a_slug_can_stand_in_the_name_of_a_branch(text: str) -> None:
    assert is_branch_name(f"updates-{slug(text)}")
    assert is_branch_name(f"updates/{slug(text)}/x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one\n two\t three", "one two three", id="one line"),
        pytest.param(
            "see https://u:p@git.corp/x and ssh://git@h/y", "see https://git.corp/x and ssh://h/y", id="users"
        ),
        pytest.param("x" * 301, "x" * 299 + "…", id="cut"),
        pytest.param("a\x00b\u202ec", "a b c", id="control and direction marks"),
    ],
)
def test_text_is_made_fit_to_be_shown(text: str, expected: str) -> None:
    assert shown(text) == expected
