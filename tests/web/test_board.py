"""The board shows every state in words, escapes all that comes from outside, and says what to do next."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from bot.domain.errors import Unreachable
from bot.domain.status import ApplicationStatus, EnvironmentStatus, PullRequestSummary, State
from bot.web.board import clock, relative
from tests.flow.worlds import START
from tests.kit.stores import NOW, notice, told
from tests.web.site import Site, environment, every_state, show, shown

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202etxt\"'&"
_VOID = {"meta", "link", "img", "input"}


class _Balance(HTMLParser):
    """Reads a page and keeps which elements are open, and every id."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(*environments: EnvironmentStatus, problem: str = "") -> str:
    """The page that shows these environments."""
    site = Site()
    show(site.bench.store, shown(*environments, problem=problem))
    answer = site.client().get("/")
    assert answer.status_code == 200
    return answer.text


def read(text: str) -> _Balance:
    """Parse a page; it must be balanced."""
    found = _Balance()
    found.feed(text)
    assert not found.open
    return found


def test_every_state_is_shown_in_its_word_and_counted() -> None:
    text = page(*every_state())
    for state in State:
        assert re.search(rf'<p class="pill {str(state).replace(" ", "-")}">{state}</p>', text)
        assert re.search(rf"<b>1</b> {state}</li>", text)


def test_the_page_is_balanced_and_its_ids_are_unique() -> None:
    found = read(page(*every_state()))
    assert len(found.ids) == len(set(found.ids))


def test_an_environment_says_what_runs_what_comes_and_why() -> None:
    text = page(*every_state())
    card = text.partition('id="shop.load"')[2].partition('</li>\n<li class="environment')[0]
    for expected in ("1.4.2", "1.5.0", "dev soaks until 11:00 UTC", "20 Nov 11:00 UTC", "in 2 h", "3 d ago"):
        assert expected in card


def test_a_version_that_stays_is_not_announced_as_coming() -> None:
    text = page(environment("dev", running={"web": "1.0.0"}, next={"web": "1.0.0"}))
    assert text.count("1.0.0") == 1


def test_applications_show_their_verdict_and_what_the_environment_did_not_say() -> None:
    said = ApplicationStatus("shop-eu", "Degraded", "container web crashes")
    other = ApplicationStatus("shop-us", "SyncFailed", "the hook failed")
    text = page(
        environment("prod", State.DEGRADED, reason="container web crashes", applications=(said, other))
    )
    assert text.count("container web crashes") == 1
    assert text.count("the hook failed") == 1
    assert "SyncFailed" in text


def test_whatever_comes_from_outside_is_escaped() -> None:
    pull = PullRequestSummary(1, HOSTILE, "https://git.example/1", "a" * 40)
    hostile = environment(
        "dev",
        State.BLOCKED,
        reason=HOSTILE,
        running={"web": HOSTILE},
        pull_request=pull,
        applications=(ApplicationStatus(HOSTILE, HOSTILE, HOSTILE),),
    )
    text = page(hostile, problem=HOSTILE)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert read(text).tags <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "link",
            "noscript",
            "script",
            "body",
            "a",
            "header",
            "h1",
            "img",
            "p",
        ),
        *(
            "label",
            "input",
            "main",
            "ul",
            "li",
            "b",
            "section",
            "h2",
            "time",
            "span",
            "bdi",
            "ol",
            "div",
            "h3",
        ),
        *("dl", "dt", "dd", "code", "form", "button"),
    }


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://git.example/acme/infra/pull/12", True),
        ("http://git.lan/12", True),
        ("javascript:alert(1)", False),
        ("//git.example/12", False),
        ("", False),
    ],
)
def test_only_addresses_of_http_become_links(url: str, is_link: bool) -> None:
    pull = PullRequestSummary(12, "the title", url, "a" * 40)
    text = page(environment("dev", State.PROPOSED, pull_request=pull))
    assert (f'href="{url}"' in text) is is_link
    assert "the title" in text


def test_the_merge_is_offered_only_where_tagboat_keeps_the_pull_request() -> None:
    text = page(*every_state())
    assert re.findall(r'action="([^"]*)"', text) == ["pipelines/shop/environments/qa/merge"]


def test_a_board_without_pipelines_says_how_to_get_one() -> None:
    site = Site()
    site.bench.world = replace(site.bench.world, pipelines={})
    text = Site(site.bench).client().get("/").text
    assert "No pipelines yet" in text
    assert "<code>pipelines:</code>" in text


def test_a_pipeline_that_nobody_looked_at_says_what_to_check() -> None:
    text = Site().client().get("/").text
    assert "Nobody has looked at it yet" in text
    assert text.count("not looked at yet") == 3


def test_a_problem_is_shown_above_what_was_seen_before() -> None:
    text = page(environment("dev"), problem="git.example refused the token (give a new one)")
    assert text.index("git.example refused the token") < text.index('id="shop.dev"')


def test_what_keeps_people_from_being_told_is_shown_harmlessly() -> None:
    site = Site()
    show(site.bench.store, shown(environment("dev")))
    told(site.bench.store, notice("opened", pipeline="shop"))
    (pending,) = site.bench.store.outbox(now=NOW, limit=1)
    site.bench.store.failed(pending, error=f"Slack refused the token {HOSTILE}", retry_at=NOW)
    text = site.client().get("/").text
    assert "<b>People are not told.</b> <bdi>Slack refused the token" in text
    assert "<script>alert" not in text


def test_a_store_that_does_not_answer_is_said_in_a_page_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()

    def fail() -> int:
        raise Unreachable("the store does not answer", fix="start it")

    monkeypatch.setattr(site.bench.store, "revision", fail)
    answer = site.client().get("/", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 503
    assert "the store does not answer (start it)" in answer.text
    read(answer.text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (-59, "just now"),
        (-60, "1 min ago"),
        (-3599, "59 min ago"),
        (-3600, "1 h ago"),
        (-86400 * 3, "3 d ago"),
        (1, "in seconds"),
        (59, "in seconds"),
        (60, "in 1 min"),
        (7200, "in 2 h"),
        (86400, "in 1 d"),
    ],
)
def test_times_are_said_relative_to_now(seconds: int, text: str) -> None:
    assert relative(START + timedelta(seconds=seconds), START) == text


def test_times_are_shown_in_utc_whatever_their_zone() -> None:
    east = datetime.fromisoformat("2026-03-01T01:30:00+02:00")
    assert clock(east) == clock(east.astimezone(UTC)) == "28 Feb 23:30 UTC"
