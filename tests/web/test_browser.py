"""The board in a real browser: what it shows, how it follows the store, and that it stays on this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from bot.domain.errors import Unreachable
from bot.domain.status import State
from bot.web.board import relative
from tests.flow.worlds import START, WEB, Bench
from tests.flow.worlds import environment as configured
from tests.web.site import Site, environment, every_state, served, show, shown, watched

pytestmark = [
    pytest.mark.servers,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium: apt-get install chromium"),
]

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watch:
    """What a page did on the side: complaints of its console, and the hosts that it asked."""

    complaints: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def follow(self, page: Page) -> Page:
        """Watch this page from now on."""
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        return page

    def _asked(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).hostname)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests here."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own, which must not complain and must ask nobody but this machine."""
    context = browser.new_context()
    watch = Watch()
    yield watch.follow(context.new_page())
    context.close()
    assert watch.complaints == []
    assert watch.hosts <= {"127.0.0.1"}


@pytest.fixture
def bench() -> Bench:
    """A bench whose pipeline has an environment in every state."""
    made = watched(Bench())
    show(made.store, shown(*every_state()))
    return made


@pytest.fixture
def address(bench: Bench) -> Iterator[str]:
    """Where the bench's board is served."""
    with served(Site(bench).app) as found:
        yield found


def following(page: Page, address: str) -> Page:
    """Open the board and wait until it follows the store."""
    page.goto(address)
    expect(page.get_by_text("Following changes")).to_be_visible()
    return page


def test_the_board_shows_every_state_by_word_and_its_environments_by_heading(
    page: Page, address: str
) -> None:
    following(page, address)
    for status in every_state():
        card = page.get_by_role("listitem").filter(
            has=page.get_by_role("heading", name=status.name, exact=True, level=3)
        )
        expect(card.get_by_text(str(status.state), exact=True)).to_be_visible()
        expect(card).to_contain_text(status.reason)


def test_the_board_follows_the_store_without_a_reload(page: Page, address: str, bench: Bench) -> None:
    following(page, address)
    page.evaluate("window.isStillTheSamePage = true")
    show(bench.store, shown(environment("dev", State.BLOCKED, reason="somebody must look")))
    expect(page.get_by_text("somebody must look")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("shop dev: blocked")
    assert page.evaluate("window.isStillTheSamePage")


def test_focus_and_filter_stay_where_they_are_when_the_board_changes(
    page: Page, address: str, bench: Bench
) -> None:
    following(page, address)
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_role("heading", name="shop", exact=True)).to_be_hidden()
    page.get_by_role("searchbox").fill("SHOP degraded")
    expect(page.get_by_role("heading", name="shop", exact=True)).to_be_visible()
    button = page.get_by_role("button", name="Merge pull request 3 into qa of shop")
    button.focus()
    show(bench.store, shown(*every_state()[1:]))
    expect(page.get_by_role("heading", name="dev", exact=True)).to_have_count(0)
    expect(button).to_be_focused()
    show(bench.store, shown(environment("dev")))
    expect(page.get_by_role("heading", name="shop", exact=True)).to_be_hidden()


def test_everything_that_can_be_done_is_reached_by_keyboard_in_order(page: Page, address: str) -> None:
    following(page, address)
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["skip", "filter", "shop.qa.merge", "shop.prod-eu.pull", "shop.prod-us.pull"]


@pytest.mark.parametrize("comes_later", [False, True], ids=["on the first page", "sent while watching"])
def test_the_merge_button_merges_and_the_board_shows_it(page: Page, comes_later: bool) -> None:
    """A form that came by an event has no token of its own: the page's script gives it the browser's."""
    bench = watched(Bench((configured("prod"),)))
    bench.registry.push(WEB, "1.1.0")
    if not comes_later:
        bench.settle()
    with served(Site(bench).app) as address:
        following(page, address)
        if comes_later:
            bench.settle()
        page.get_by_role("button", name="Merge").press("Enter")
        expect(page).to_have_url(re.compile(r"/#shop\.prod$"))
        bench.look()
        expect(page.locator("#shop\\.prod").get_by_text("live", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Merge")).to_have_count(0)
    assert "1.1.0" in (bench.file("prod") or b"").decode()


def test_a_board_that_is_out_of_date_says_so_until_it_is_not(
    page: Page, bench: Bench, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    following(page, address)
    with monkeypatch.context() as lost:
        lost.setattr(bench.store, "revision", _lost)
        expect(page.get_by_role("alert")).to_have_text("Not up to date: the store does not answer")
    expect(page.get_by_role("alert")).to_be_hidden()


def _lost() -> int:
    raise Unreachable("the store does not answer")


def test_the_script_says_times_as_the_server_does(page: Page, bench: Bench, address: str) -> None:
    moments = [START + timedelta(seconds=each) for each in (0, -59, -61, -7300, -200_000, 30, 61, 7300)]
    statuses = (environment(f"e{at}", live_since=moment) for at, moment in enumerate(moments))
    show(bench.store, shown(*statuses))
    bench.clock.pass_by(timedelta(days=9))
    page.clock.set_fixed_time(START)
    following(page, address)
    said = page.locator(".environment .ago").all_text_contents()
    assert said == [relative(moment, START) for moment in moments]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_board_fits_and_can_be_read(
    browser: Browser, address: str, scheme: Literal["light", "dark"], width: int
) -> None:
    """Nothing is wider than the screen, and every text stands out from its ground by 4.5 to 1 (WCAG AA)."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = following(context.new_page(), address)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    button = page.get_by_role("button").bounding_box()
    faint = page.evaluate(CONTRAST)
    context.close()
    assert faint == []
    assert button is not None
    assert button["height"] < 40, "the word of the button is broken in two"


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = color.map((each) => linear(each / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgb(getComputedStyle(each).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!speaks || element.closest("[hidden], noscript, .arrow")) continue;
    const lights = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    if (ratio < 4.5) faint.push(`${element.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


def test_without_scripts_the_page_shows_the_same_and_reloads_itself(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("button", name="Merge")).to_be_visible()
    expect(page.get_by_text("rolling out", exact=True)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_count(0)
    assert '<meta http-equiv="refresh" content="30">' in page.content()
    context.close()
