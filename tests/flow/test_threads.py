"""Pull requests lead to the thread in which their release is told of: once, and in nobody's way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.domain.errors import TagboatError, Unreachable
from bot.domain.pipeline import Merge, MergeRules
from bot.domain.pull_request.policy import PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.pull_request.templates import Template
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment

TWO = (environment("dev", merge=Merge.AUTO), environment("prod", after=("dev",)))
PLACE, LINK = "<!-- tagboat thread=shop/", "**Thread** of `shop`: [chat](https://chat.example/message-1)"


@dataclass
class Asked:
    """A look at what the chat was asked, which can fail."""

    bench: Bench
    error: TagboatError | None = None
    messages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._permalink = self.bench.chat.permalink
        self.bench.chat.permalink = self._ask

    def _ask(self, thread: str) -> str | None:
        self.messages.append(thread)
        if self.error:
            raise self.error
        return self._permalink(thread)


@pytest.fixture
def shop() -> Bench:
    made = Bench((environment("dev"),))
    made.settle()
    return made


def pull(bench: Bench) -> PullRequest:
    return bench.ledger.of_repository(REPOSITORY)[0]


def test_the_link_comes_with_the_look_after_the_thread_was_begun(shop: Bench) -> None:
    shop.registry.push(WEB, "1.1.0")
    shop.look()
    assert PLACE in pull(shop).body
    assert LINK not in pull(shop).body
    shop.look()
    assert LINK in pull(shop).body
    assert PLACE not in pull(shop).body
    assert pull(shop).mark is not None


def test_the_text_is_revised_once_and_what_people_wrote_stays(
    shop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.registry.push(WEB, "1.1.0")
    shop.look()
    before = pull(shop)
    shop.forge.revise(REPOSITORY, before.number, title="Mine", body=f"- [x] announced\n\n{before.body}")
    asked = Asked(shop)
    shop.look()
    assert (pull(shop).title, pull(shop).body.split("\n")[0]) == ("Mine", "- [x] announced")
    assert asked.messages == ["message-1"]
    monkeypatch.setattr(shop.forge, "revise", lambda *_, **__: pytest.fail("it was edited again"))
    shop.clock.pass_by(timedelta(minutes=10))
    shop.look()
    assert asked.messages == ["message-1"]


def test_a_thread_that_was_begun_before_is_linked_when_it_is_opened() -> None:
    bench = Bench(TWO)
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.look()
    body = pull(bench).body
    assert bench.status("prod").pull_request is not None
    assert "**Thread** of `shop`: [chat](https://chat.example/" in body


def test_who_takes_the_place_out_is_not_asked_again(shop: Bench) -> None:
    silent = replace(shop.environments[0], pull_request=PullRequestPolicy(Texts(body=Template("Mine."))))
    shop.world = replace(shop.world, pipelines={"shop": replace(shop.pipeline, environments=(silent,))})
    asked = Asked(shop)
    shop.registry.push(WEB, "1.1.0")
    shop.look()
    shop.look()
    assert pull(shop).body.startswith("Mine.")
    assert asked.messages == []


def test_a_chat_that_does_not_answer_is_left_alone_for_a_while_and_holds_nothing_up(shop: Bench) -> None:
    asked = Asked(shop, Unreachable("the chat is away"))
    shop.registry.push(WEB, "1.1.0")
    shop.look()
    shop.look()
    assert shop.status("dev").reason == f"pull request {pull(shop).number} waits for a human to merge it"
    shop.look()
    assert asked.messages == ["message-1"]
    asked.error = None
    shop.clock.pass_by(timedelta(minutes=6))
    shop.look()
    assert LINK in pull(shop).body


def test_a_newer_release_leads_to_its_own_thread(shop: Bench) -> None:
    for version in ("1.1.0", "1.2.0"):
        shop.registry.push(WEB, version)
        shop.look()
        shop.look()
    assert "[chat](https://chat.example/message-2)" in pull(shop).body
    assert "message-1" not in pull(shop).body


def test_auto_merge_of_the_host_is_not_taken_back_for_a_link() -> None:
    bench = Bench((environment("dev", merge=Merge.AUTO, merging=MergeRules(platform=True)),))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    bench.forge.disarm = lambda *_, **__: pytest.fail("it was taken back")  # type: ignore[method-assign]
    bench.look()
    assert LINK in pull(bench).body
