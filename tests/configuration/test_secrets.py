"""No secret and nothing from outside the file is ever repeated: not in messages, lines or tracebacks."""

from __future__ import annotations

import copy
import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.configuration.build import load
from bot.configuration.problems import ConfigurationError
from bot.configuration.settings import GitHubSettings
from tests.configuration.files import NEWCOMER, SMALL, changed, load_text

CANARY = "CANARY7f3a"
MISTAKES = yaml.load((Path(__file__).parent / "mistakes.yaml").read_bytes(), yaml.CSafeLoader)
EXAMPLE = Path(__file__).parents[2] / "config" / "tagboat.example.yaml"

_SECRET = re.compile(r"\b(token|password|secret|webhook_secret|authorization|private_key): \w+\b")


class Everything(dict[str, str]):
    """An environment in which every variable is set to the same text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def get(self, key: str, default: Any = None) -> Any:
        return self._text

    def __contains__(self, key: object) -> bool:
        return True


def all_that_is_shown(path: Path, environ: Mapping[str, str]) -> str:
    """Whatever a failed load could bring to a log, a terminal or a page; empty when it does not fail."""
    try:
        load(path, environ)
    except ConfigurationError as error:
        words = [str(error), repr(error), repr(error.problems), *traceback.format_exception(error)]
        return "\n".join([*words, *(f"{each}\n{each.excerpt}" for each in error.problems)])
    return ""


def _written(folder: Path, text: str) -> Path:
    file = folder / "tagboat.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("secret", [CANARY, f'"{CANARY}"', "${VARIABLE}", "${file:secret}"])
@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{each['tells']['key']}: {each['tells']['what']}" for each in MISTAKES]
)
def test_no_mistake_brings_a_secret_to_light(mistake: Mapping[str, Any], secret: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(CANARY)
    text = changed((mistake["replace"], mistake["by"]))
    text = _SECRET.sub(lambda found: f"{found[1]}: {secret}", text)
    shown = all_that_is_shown(_written(tmp_path, text), {"VARIABLE": CANARY})
    assert CANARY not in shown


SLIPS = [
    "{kind: github, tokn: CANARY}",
    "{kind: github, token:CANARY}",
    "{kind: github, token: [CANARY]}",
    "{kind: github, token: {CANARY: CANARY}}",
    "{kind: github, token: !CANARY x}",
    "{kind: github, token: &CANARY }",
    "{kind: github, token: *CANARY }",
    "{kind: gihub, token: CANARY}",
    "{kind: github, token: CANARY, token: CANARY}",
    "{kind: github, token: CANARY, app: {id: CANARY, private_key: CANARY}}",
    "{kind: github, app: {id: 1, private_key: CANARY}}",
    "{kind: github, token: CANARY, url: 'https://CANARY:CANARY@h'}",
    "{kind: github, token: CANARY, url: 'https://h/?CANARY'}",
    "{kind: github, webhook_secret: [CANARY, {a: CANARY}], allow: [CANARY]}",
    "{kind: git, allow_http: x} # CANARY",
    "{kind: git, allow_http: x, token: CANARY",
    "token:CANARY",
    "CANARY",
    "[CANARY]",
    "\n    kind: github\n    token:\n      CANARY:\n",
    "\n    kind: git\n    tokens: |\n      CANARY\n      CANARY\n    allow_http: x\n",
    '\n    kind: git\n    token: "CAN\n      CANARY" # CANARY\n    usrname: "CAN\n      CANARY"\n',
]


@pytest.mark.parametrize("slip", SLIPS)
def test_no_slip_of_the_pen_brings_a_secret_to_light(slip: str, tmp_path: Path) -> None:
    text = f"forges:\n  {{name}}: {slip}\n".replace("{name}", "git").replace("CANARY", CANARY)
    shown = all_that_is_shown(_written(tmp_path, text + SMALL.partition("\n")[2]), {})
    assert shown
    assert CANARY not in shown


STORES = ["mysql://u:CANARY@h/d", "sqlite:/CANARY", "CANARY", "postgres//u:CANARY@h", "[CANARY]"]


@pytest.mark.parametrize("key", ["store", "broker"])
@pytest.mark.parametrize("url", STORES)
def test_the_urls_of_store_and_broker_are_secrets(key: str, url: str, tmp_path: Path) -> None:
    shown = all_that_is_shown(_written(tmp_path, f"{key}: {url}\n{SMALL}".replace("CANARY", CANARY)), {})
    assert f"{key}: " in shown
    assert CANARY not in shown


def test_a_login_in_the_url_of_a_repository_is_not_repeated(tmp_path: Path) -> None:
    url = f"https://bot:{CANARY}@git.example.com/infra.git"
    shown = all_that_is_shown(_written(tmp_path, changed(("git:/srv/git/infra.git", f"gti:{url}"))), {})
    assert "pipelines.web.repository" in shown
    assert CANARY not in shown


def _leaves(value: Any, trail: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(child, (*trail, key))
    else:
        yield trail


EXAMPLE_VALUE = yaml.load(EXAMPLE.read_text(encoding="utf-8"), yaml.CSafeLoader)


@pytest.mark.parametrize("value", [f"{CANARY} §\n", f"{CANARY.lower()}/x:1"])
@pytest.mark.parametrize("leaf", [*_leaves(EXAMPLE_VALUE)], ids=lambda leaf: ".".join(map(str, leaf)))
def test_no_value_from_the_environment_is_repeated(leaf: tuple[Any, ...], value: str, tmp_path: Path) -> None:
    parent = document = copy.deepcopy(EXAMPLE_VALUE)
    for step in leaf[:-1]:
        parent = parent[step]
    parent[leaf[-1]] = "${VARIABLE}"
    text = (
        yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)
        .replace("${TAGBOAT_STORE", "${UNSET")
        .replace("${TAGBOAT_BROKER", "${UNSET")
    )
    text = re.sub(r"\$\{(?!VARIABLE|UNSET)[A-Z_]+\}", "literal", text)
    shown = all_that_is_shown(_written(tmp_path, text), {"VARIABLE": value})
    assert CANARY.lower() not in shown.lower()


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    urls = "store: postgresql://u:${A}@h/d\nbroker: redis://:${A}@h\n"
    more = "registries: {r.io: {username: u, password: ${A}}}\nwebhooks: {h: {sender: ghcr, secret: ${A}}}\n"
    settings = load_text(tmp_path, urls + NEWCOMER + more.replace("${A}", '"${A}"'), Everything(CANARY))
    github = settings.forges["github"]
    assert isinstance(github, GitHubSettings)
    assert github.token is not None
    assert github.token.get_secret_value() == CANARY
    assert CANARY not in f"{settings!r} {settings} {vars(type(settings))}"
