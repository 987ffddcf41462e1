"""Templates: what they may say, that they reach nothing else, and that mistakes are found with their line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.pull_request.templates import LONGEST_SOURCE, Template, TemplateError, rendered

VARIABLES = {
    "pipeline": "shop",
    "tag": "1.2.0",
    "images": [{"alias": "web", "new": "1.2.0"}, {"alias": "api", "new": "2.0.0"}],
    "supersedes": ["1.1.0", "1.1.1"],
    "empty": [],
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("{{ pipeline }}-{{ tag }}", "shop-1.2.0"),
        ("{{ images[0].new }} {{ images[1]['alias'] }}", "1.2.0 api"),
        ("{% for i in images %}{{ i.alias }}{{ ', ' if not loop.last }}{% endfor %}", "web, api"),
        ("{% for i in images if i.alias == 'api' %}{{ loop.index }}{% endfor %}", "1"),
        ("{% for i in empty %}x{% else %}nothing{% endfor %}", "nothing"),
        ("{{ supersedes|join(', ')|upper }} {{ images|length }}", "1.1.0, 1.1.1 2"),
        ("{{ tag|replace('.', '-')|truncate(4) }}", "1-2…"),
        ("{% if supersedes %}{{ supersedes|first }}{% endif %}", "1.1.0"),
        ("{{ missing|default('none') }}", "none"),
        ("a\n{% if tag %}\nb\n{% endif %}\nc", "a\nb\nc"),
        ("{% raw %}{{ tag }}{% endraw %}", "{{ tag }}"),
    ],
)
def test_a_template_says(source: str, text: str) -> None:
    assert Template(source).render(VARIABLES, longest=100) == text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ range(9) }}", "call is not allowed"),
        ("{{ tag.upper() }}", "call is not allowed"),
        ("{{ 'a' * 1000000000 }}", "mul is not allowed"),
        ("{{ 9 ** 9999999 }}", "pow is not allowed"),
        ("{% set x = 1 %}", "assign is not allowed"),
        ("{% macro m() %}{% endmacro %}", "macro is not allowed"),
        ("{% include 'x' %}", "include is not allowed"),
        ("{% extends 'x' %}", "extends is not allowed"),
        ("{% for a in images recursive %}{% endfor %}", "must not be recursive"),
        (
            "{% for a in b %}{% for c in d %}{% for e in f %}{% endfor %}{% endfor %}{% endfor %}",
            "three deep",
        ),
        ("{{ tag|map('x') }}", "there is no filter 'map'"),
        ("{{ tag|attr('x') }}", "there is no filter 'attr'"),
        ("{{ images|' bounded' }}", "expected token"),
        ("{{ tag is callable }}", "there is no test 'callable'"),
        ("{{ [1, 2] }}", "list is not allowed"),
        ("{{", "unexpected"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"),
        ("{{a}}" * 1100, "too long"),
        ("x" * (LONGEST_SOURCE + 1), "more than 8000 characters"),
    ],
)
def test_a_template_may_not_hold(source: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        Template(source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ tags }}", "'tags' is undefined"),
        ("{{ images[7].new }}", "no element 7"),
        ("{{ images[0].tag }}", "no attribute 'tag'"),
        ("{{ tag.__class__ }}", "no attribute '__class__'"),
        ("{{ images.append }}", "no attribute 'append'"),
        ("{{ images[0].items }}", "no attribute 'items'"),
        ("{{ images }}", "a list cannot be written"),
        ("{% for letter in tag %}{% endfor %}", "goes through one of the lists"),
        ("{% for key in images[0] %}{% endfor %}", "goes through one of the lists"),
        ("{% for key in nothing %}{% endfor %}", "'nothing' is undefined"),
        ("{{ tag|replace('', '" + "x" * 7000 + "') }}", "more than 20000 characters"),
        (
            "{% for a in images %}{% for b in images %}" + "x" * 50 + "{% endfor %}{% endfor %}",
            "more than 100",
        ),
        ("{{ tag|truncate('x') }}", "not supported"),
    ],
)
def test_a_template_cannot_do(source: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        Template(source).render(VARIABLES, longest=100)


@pytest.mark.parametrize(
    ("source", "line"), [("a\n\n{{ tags }}", 3), ("a\n{{ images[0].x }}\n", 2), ("{{ x }}", 1)]
)
def test_a_mistake_is_told_with_its_line(source: str, line: int) -> None:
    with pytest.raises(TemplateError, match=f"line {line} of the template") as caught:
        Template(source).render(VARIABLES, longest=100)
    assert caught.value.line == line


def test_a_mistake_that_shows_late_is_a_stop_with_a_sentence() -> None:
    with pytest.raises(Refused, match="the template of the title cannot be used: line 1 of the template"):
        rendered(Template("{{ nope }}"), {}, what="title", longest=10)


def test_it_tells_what_it_uses_and_how_it_begins() -> None:
    template = Template("updates-{{ tag }}{% if group %}{{ group }}{% endif %}")
    assert template.names == {"tag", "group"}
    assert template.beginning == "updates-"
    assert Template("{{ tag }}-updates").beginning == ""


@given(st.text(alphabet="{}%()[]'|.,_ab1*+-~ \nforinset", max_size=60))
def test_no_text_breaks_more_than_itself(source: str) -> None:
    try:
        text = Template("{{ " + source).render(VARIABLES, longest=500)
    except TemplateError:
        return
    assert len(text) <= 500
