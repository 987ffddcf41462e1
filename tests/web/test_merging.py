"""The merge button merges what was shown, for who pressed it on our own page, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from httpx2 import Response

from bot.domain.pipeline import Environment
from bot.domain.status import PullRequestSummary, State
from bot.domain.window import Window, WindowKind
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment
from tests.web.site import HERE, Site, show, shown, watched
from tests.web.site import environment as shown_environment

ADDRESS = "/pipelines/shop/environments/prod/merge"
TOKEN = "A" * 32


def proposed(*, prod: Environment | None = None) -> Site:
    """A site with an open pull request for prod."""
    bench = Bench((prod or environment("prod"),))
    bench.registry.push(WEB, "1.1.0")
    bench.settle()
    return Site(watched(bench))


def pull_of(site: Site) -> PullRequestSummary:
    """The open pull request for prod."""
    found = site.bench.status("prod").pull_request
    assert found is not None
    return found


@dataclass(frozen=True)
class Press:
    """One press of the button; what is not given is as the page has it."""

    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookie: str = TOKEN
    address: str = ADDRESS

    def on(self, site: Site) -> Response:
        """Send the form."""
        pull = pull_of(site)
        form = {"number": str(pull.number), "head": pull.head, "token": TOKEN, **self.form}
        client = site.client(cookies={"tagboat_token": self.cookie} if self.cookie else {})
        return client.post(self.address, data=form, headers={"Origin": HERE, **self.headers})


def test_the_button_merges_and_leads_back_to_the_board() -> None:
    site = proposed()
    answer = Press().on(site)
    assert (answer.status_code, answer.headers["Location"]) == (303, "../../../../#shop.prod")
    assert "1.1.0" in (site.bench.file("prod") or b"").decode()
    assert list(site.bench.queue.pipelines) == ["shop"]


def test_the_form_of_the_page_is_one_that_is_taken() -> None:
    site = proposed()
    client = site.client()
    text = client.get("/").text
    fields = {
        name: text.partition(f'name="{name}" value="')[2].partition('"')[0]
        for name in ("number", "head", "token")
    }
    answer = client.post(ADDRESS, data=fields, headers={"Origin": HERE})
    assert answer.status_code == 303


def test_a_token_stays_with_its_browser_and_no_script_or_other_site_gets_it() -> None:
    client = Site().client()
    first = client.get("/").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= set(first.split("; "))
    assert client.get("/").headers["Set-Cookie"] == first
    assert Site().client().get("/").headers["Set-Cookie"] != first


def test_a_token_that_is_none_of_ours_is_replaced() -> None:
    site = Site()
    answer = site.client(cookies={"tagboat_token": "<b>planted</b>"}).get("/")
    assert "planted" not in answer.headers["Set-Cookie"]
    assert "planted" not in answer.text


def test_the_cookie_insists_on_tls_behind_a_proxy_that_has_it() -> None:
    site = Site(web={"public_url": "https://deploys.example.com"})
    client = site.client()
    assert "Secure" in client.get("/", headers={"Host": "deploys.example.com"}).headers["Set-Cookie"]
    assert "Secure" not in client.get("/").headers["Set-Cookie"]


REFUSED = {
    "no origin": (403, Press(headers={"Origin": ""})),
    "another site": (403, Press(headers={"Origin": "https://evil.example"})),
    "another local program": (403, Press(headers={"Origin": "http://127.0.0.1:9999"})),
    "no cookie": (403, Press(cookie="")),
    "another token": (403, Press(form={"token": "B" * 32})),
    "no token at all": (403, Press(form={"token": ""}, cookie="")),
    "a token outside ASCII": (403, Press(form={"token": "é" * 32})),
    "no number": (400, Press(form={"number": ""})),
    "a number that is none": (400, Press(form={"number": "²"})),
    "a number beyond bounds": (400, Press(form={"number": "9" * 50})),
    "no head": (400, Press(form={"head": ""})),
    "another pull request": (409, Press(form={"number": "99"})),
    "a head that was not shown": (409, Press(form={"head": "0" * 40})),
    "too large": (413, Press(form={"more": "x" * 5000})),
    "not a form": (415, Press(headers={"Content-Type": "text/plain"})),
    "no such environment": (404, Press(address="/pipelines/shop/environments/none/merge")),
    "no such pipeline": (404, Press(address="/pipelines/none/environments/prod/merge")),
}


@pytest.mark.parametrize(("status", "press"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_press_of_our_button_merges_nothing(status: int, press: Press) -> None:
    site = proposed()
    answer = press.on(site)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert "1.0.0" in (site.bench.file("prod") or b"").decode()
    assert pull_of(site)


def test_a_window_that_is_shut_is_said_to_people_in_a_page() -> None:
    shut = Window(WindowKind.DENY, "0 0 * * *", timedelta(days=2), reason="freeze")
    site = proposed(prod=environment("prod", windows=(shut,)))
    answer = Press(headers={"Accept": "text/html"}).on(site)
    assert answer.status_code == 409
    assert "freeze" in answer.text
    assert 'href="../../../../"' in answer.text
    assert "1.0.0" in (site.bench.file("prod") or b"").decode()


def test_what_another_host_keeps_is_not_merged_here() -> None:
    site = proposed()
    pull = replace(pull_of(site), url="https://git.example/1")
    show(site.bench.store, shown(shown_environment("prod", State.PROPOSED, pull_request=pull)))
    answer = Press().on(site)
    assert answer.status_code == 409
    assert "1.0.0" in (site.bench.file("prod") or b"").decode()


def test_a_second_press_is_told_and_merges_nothing_more() -> None:
    site = proposed()
    Press().on(site)
    head = site.bench.forge.head(REPOSITORY, "main")
    assert Press().on(site).status_code in {303, 409}
    assert site.bench.forge.head(REPOSITORY, "main") == head
