"""Whatever is in the file, there are settings or a list of problems; nothing else is ever raised."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.configuration.build import load
from bot.configuration.problems import ConfigurationError
from tests.configuration.files import SMALL

ANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_MARKS = st.text("{}[]:,-#&*!|>'\"%@` \n\t?<~$\r\u2028\ufeffaé0", max_size=60)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    (
        *(
            "store",
            "broker",
            "poll",
            "web",
            "registries",
            "forges",
            "argocd",
            "notify",
            "webhooks",
            "pipelines",
        ),
        *("kind", "url", "token", "app", "repository", "images", "environments", "values", "after", "write"),
    )
)
_DOCUMENTS = st.recursive(
    _VALUES,
    lambda inner: st.dictionaries(_KEYS, inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=25,
)


def _holds(folder: pytest.TempPathFactory, content: bytes) -> None:
    file = folder.getbasetemp() / "hostile.yaml"
    file.write_bytes(content)
    try:
        load(file, {})
        found = None
    except ConfigurationError as error:
        found = error.problems
    assert found != ()
    for problem in found or ():
        assert problem.what
        assert problem.fix
        assert f"{problem.what}{problem.fix}{problem.key}".isprintable()


@ANY
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _holds(tmp_path_factory, content)


@ANY
@given(st.text(max_size=100) | _MARKS)
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    _holds(tmp_path_factory, text.encode(errors="surrogatepass"))


@ANY
@given(_DOCUMENTS)
def test_any_document(tmp_path_factory: pytest.TempPathFactory, document: Any) -> None:
    _holds(tmp_path_factory, yaml.safe_dump(document, allow_unicode=True).encode(errors="surrogatepass"))


@ANY
@given(st.data(), _VALUES)
def test_any_value_in_any_place_of_a_good_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, value: Any
) -> None:
    document = yaml.safe_load(SMALL)
    parent: Any = document
    while isinstance(parent, dict) and parent:
        key = data.draw(st.sampled_from(sorted(parent)))
        if not isinstance(parent[key], dict) or data.draw(st.booleans()):
            parent[key] = value
            break
        parent = parent[key]
    _holds(tmp_path_factory, yaml.safe_dump(document, allow_unicode=True).encode(errors="surrogatepass"))


@ANY
@given(st.data(), _MARKS)
def test_any_damage_to_a_good_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, marks: str
) -> None:
    start = data.draw(st.integers(0, len(SMALL)))
    end = data.draw(st.integers(start, min(len(SMALL), start + 20)))
    _holds(tmp_path_factory, (SMALL[:start] + marks + SMALL[end:]).encode())
