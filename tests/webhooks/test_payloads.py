"""The recorded and documented payloads beside the project, and the hostile ones.

`PAYLOADS_DIR` names the folder (default: `../shared/payloads`); without it nothing here runs.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bot.domain.fact import Fact, identity
from bot.webhooks.auth import hub_signature, static_header
from bot.webhooks.git import clone_address
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request, Secret
from bot.webhooks.senders import SENDERS, read
from tests.webhooks.deliveries import SECRET, outcome

FOLDER = Path(os.environ.get("PAYLOADS_DIR") or Path(__file__).parents[3] / "shared" / "payloads")
if not FOLDER.is_dir():
    pytest.skip(f"no payloads at {FOLDER}; PAYLOADS_DIR names them", allow_module_level=True)

# What the README of the payloads says that the endpoints of hostile ones are configured with.
REGISTRIES = frozenset({"docker.io", "harbor.example.com", "registry.example.com", "quay.io"})
REPOSITORIES = frozenset({"https://github.com/o/r"})


def _ours(folder: Path) -> list[Path]:
    metas = sorted(folder.glob("*/*.meta.json"))
    return [meta for meta in metas if json.loads(meta.read_bytes())["sender"] in SENDERS]


def _name(meta: Path) -> str:
    return f"{meta.parent.name}/{meta.name.removesuffix('.meta.json')}"


def _expected(meta: dict[str, Any]) -> list[dict[str, Any]]:
    expect = meta["expect"]
    return expect if isinstance(expect, list) else [expect]


def _endpoint(meta: dict[str, Any], *, is_hostile: bool) -> Endpoint:
    """Configured with what the sample's `expect` names, or, for a hostile one, with what it attacks."""
    expect = _expected(meta)
    urls = [each.get("clone_url") or f"https://github.com/{each.get('repository')}.git" for each in expect]
    named = frozenset(each["registry"] for each in expect if each.get("registry"))
    return Endpoint(
        meta["sender"],
        (Secret.of(meta.get("secret", SECRET)),),
        registries=REGISTRIES if is_hostile else named,
        repositories=REPOSITORIES if is_hostile else frozenset(filter(None, map(clone_address, urls))),
    )


def _read(path: Path) -> Reading | Rejected:
    meta = json.loads(path.read_bytes())
    body = (path.parent / meta["body"]).read_bytes()
    request = Request(meta["headers"], body, meta.get("auth", {}).get("query", {}))
    return read(request, _endpoint(meta, is_hostile=path.parent.name == "hostile"))


def _differences(path: Path) -> list[str]:
    """Each key of `expect` that came out otherwise."""
    expect, found = _expected(json.loads(path.read_bytes())), outcome(_read(path))
    if len(expect) != len(found):
        return [f"{len(found)} facts instead of {len(expect)}: {found}"]
    return [
        f"{key}: {got.get(key, 'nothing')!r} instead of {value!r}"
        for want, got in zip(expect, found, strict=True)
        for key, value in want.items()
        if key not in got or got[key] != value or type(got[key]) is not type(value)
    ]


@pytest.mark.parametrize("path", _ours(FOLDER), ids=_name)
def test_a_payload_gives_its_facts_or_its_refusal(path: Path) -> None:
    assert _differences(path) == []


@pytest.mark.parametrize("path", _ours(FOLDER), ids=_name)
def test_the_delivery_key_is_the_id_that_the_sender_gives(path: Path) -> None:
    delivery = json.loads(path.read_bytes()).get("delivery_id", {})
    reading = _read(path)
    if isinstance(reading, Reading) and isinstance(delivery.get("value"), str):
        assert reading.delivery_key == delivery["value"]
    elif isinstance(reading, Reading):
        assert reading.delivery_key.startswith("sha256:")


@pytest.mark.parametrize("path", _ours(FOLDER), ids=_name)
def test_a_changed_expectation_is_noticed(path: Path, tmp_path: Path) -> None:
    meta = json.loads(path.read_bytes())
    copy = tmp_path / path.parent.name / path.name
    copy.parent.mkdir()
    (copy.parent / meta["body"]).write_bytes((path.parent / meta["body"]).read_bytes())
    for index, each in enumerate(_expected(meta)):
        for key in each:
            # `registry` and `clone_url` of the expectation also configure the endpoint: then all differs.
            altered = json.loads(path.read_bytes())
            _expected(altered)[index][key] = "altered.example.com"
            copy.write_text(json.dumps(altered))
            assert _differences(copy), f"{key} is not compared"


def test_reading_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a reader opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for path in _ours(FOLDER):
        _read(path)


def _vectors(name: str) -> list[Any]:
    vectors = json.loads((FOLDER / "auth-vectors" / f"{name}.json").read_bytes())
    return [pytest.param({**vectors, **case}, id=case["name"]) for case in vectors["cases"]]


def _request(case: dict[str, Any]) -> Request:
    return Request(case["headers"], case["body"].encode())


@pytest.mark.parametrize("case", _vectors("github_hmac_sha256"))
def test_signature_vectors_of_github_hold(case: dict[str, Any]) -> None:
    refusal = hub_signature(_request(case), (Secret.of(case["secret"]),))
    assert (refusal is None) is case["valid"]
    assert refusal is None or refusal.status == 401


@pytest.mark.parametrize("case", _vectors("gitlab_token"))
def test_vectors_of_a_shared_token_hold(case: dict[str, Any]) -> None:
    refusal = static_header(_request(case), case["header"], (Secret.of(case["secret"]),))
    assert (refusal is None) is case["valid"]


def _scenarios() -> list[Any]:
    stored = json.loads((FOLDER / "scenarios.json").read_bytes())
    return [
        pytest.param(each, id=each["name"])
        for each in stored
        if all(isinstance(name, str) and name.split("/")[0] in SENDERS for name in each["deliveries"])
    ]


@pytest.mark.parametrize("scenario", _scenarios())
def test_a_scenario_comes_to_its_number_of_distinct_events(scenario: dict[str, Any]) -> None:
    deliveries: set[str] = set()
    events: dict[str, Fact] = {}
    for name in scenario["deliveries"]:
        reading = _read(FOLDER / f"{name}.meta.json")
        assert isinstance(reading, Reading)
        if reading.delivery_key not in deliveries:
            deliveries.add(reading.delivery_key)
            known = (fact for fact in reading.facts if fact.kind in ("image_pushed", "git_push"))
            events |= {identity(fact) or f"{reading.delivery_key} {fact}": fact for fact in known}
    wanted = scenario["image_events"] if "image_events" in scenario else scenario["git_events"]
    if isinstance(wanted, int):
        assert len(events) == wanted
    else:
        found = outcome(Reading("", tuple(events.values())))
        assert [{key: each[key] for key in wanted[0]} for each in found] == wanted
