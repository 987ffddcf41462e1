"""The line that leads from a pull request to the thread of its release."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.notice import Link, thread_of
from bot.domain.pull_request.change import Change, new_mark
from bot.domain.pull_request.thread import MOST_THREADS, thread_text, threads_wanted, with_threads
from tests.domain.deciding.situations import PROD, pipeline, release

URL = "https://acme.slack.com/archives/C0/p1"
LINKS = (Link("slack", URL),)


def change(name: str = "shop", *links: Link) -> Change:
    owner, old, new = replace(pipeline(), name=name), release("1.0.0"), release("1.1.0")
    return Change(owner, PROD, old, new, new_mark(owner, PROD, before=old, after=new), links=links)


def test_a_thread_that_is_known_is_linked_at_once() -> None:
    text = thread_text([change("shop", *LINKS)])
    assert text == f"**Thread** of `shop`: [slack]({URL})"
    assert threads_wanted(text) == ()


def test_one_that_is_not_begun_keeps_its_place_without_being_seen() -> None:
    text = thread_text([change()])
    name = thread_of("shop", release("1.1.0"))
    assert text == f"<!-- tagboat thread={name} -->"
    assert threads_wanted(text) == (name,)


def test_the_link_takes_the_place_once_and_all_else_stays() -> None:
    text = f"Mine.\n\n{thread_text([change(), change('api')])}\n\n- [x] announced"
    known = {change().thread: LINKS}
    revised = with_threads(text, known)
    assert revised.startswith(f"Mine.\n\n**Thread** of `shop`: [slack]({URL})\n\n<!-- tagboat thread=api/")
    assert revised.endswith("- [x] announced")
    assert with_threads(revised, known) == revised


def test_a_text_without_the_place_stays_as_it_is() -> None:
    assert with_threads("all mine", {change().thread: LINKS}) == "all mine"


def test_two_chats_are_both_linked() -> None:
    links = (Link("ops", URL), Link("slack", f"{URL}2"))
    assert thread_text([change("shop", *links)]) == f"**Thread** of `shop`: [ops]({URL}), [slack]({URL}2)"


def test_what_is_no_address_of_the_web_is_no_link() -> None:
    assert "(" not in thread_text([change("shop", Link("slack", "javascript:alert(1)"))])


def test_not_more_than_some_threads_are_wanted() -> None:
    many = "\n".join(f"<!-- tagboat thread=p{number}/{'a' * 12} -->" for number in range(100))
    assert len(threads_wanted(many)) == MOST_THREADS


def test_files_that_move_along_do_not_change_the_thread() -> None:
    each = change()
    copied = replace(each, after=replace(each.after, tree="a" * 40))
    assert copied.thread == each.thread
