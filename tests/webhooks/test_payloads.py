"""The recorded and documented payloads beside the project, and the hostile ones: all, of every sender.

`PAYLOADS_DIR` names the folder (default: `../shared/payloads`); without it nothing here runs.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bot.domain.fact import Fact, identity
from bot.domain.proof import Proof
from bot.webhooks import auth
from bot.webhooks.git import clone_address
from bot.webhooks.identity import google_identity
from bot.webhooks.reader import Endpoint, Identity, Reading, Rejected, Request, Secret
from bot.webhooks.senders import SENDERS, read
from tests.webhooks.deliveries import SECRET, outcome

FOLDER = Path(os.environ.get("PAYLOADS_DIR") or Path(__file__).parents[3] / "shared" / "payloads")
if not FOLDER.is_dir():
    pytest.skip(f"no payloads at {FOLDER}; PAYLOADS_DIR names them", allow_module_level=True)

WITHOUT_READER: frozenset[str] = frozenset()
"""Senders whose payloads are known and that Tagboat cannot read yet."""

# What the README of the payloads says that the endpoints of hostile ones are configured with.
REGISTRIES = frozenset(
    {
        *("docker.io", "harbor.example.com", "registry.example.com", "quay.io", "myregistry.azurecr.io"),
        *("123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-docker.pkg.dev", "example.jfrog.io"),
    }
)
REPOSITORIES = frozenset({"https://github.com/o/r"})
UNNAMED = "registry.unnamed.example.com"
"""The endpoint's own registry, where the body names none."""
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

_TOKENS = json.loads((FOLDER / "auth-vectors" / "pubsub_oidc.json").read_bytes())
_IDENTITY = Identity(_TOKENS["expected"]["audience"], _TOKENS["expected"]["email"])
_KEYS = {key["kid"]: key for key in _TOKENS["jwks"]["keys"]}
_VALID_TOKEN = next(each["headers"] for each in _TOKENS["cases"] if each["name"] == "valid")


def _paths() -> list[Path]:
    metas = sorted(FOLDER.glob("*/*.meta.json"))
    return [meta for meta in metas if json.loads(meta.read_bytes())["sender"] not in WITHOUT_READER]


def _name(meta: Path) -> str:
    return f"{meta.parent.name}/{meta.name.removesuffix('.meta.json')}"


every_payload = pytest.mark.parametrize("path", _paths(), ids=_name)


def _expected(meta: dict[str, Any]) -> list[dict[str, Any]]:
    expect = meta["expect"]
    return expect if isinstance(expect, list) else [expect]


def _addresses(expect: Mapping[str, Any], body: bytes) -> frozenset[str]:
    """Where the expected repository is: `expect` has its path, and its address or that of a page below it."""
    path = re.escape(f"/{expect.get('repository')}")
    urls = re.findall(
        rf"https?://[^/\s\"]+{path}(?=[./\"])", f'"{expect.get("clone_url")}" "{expect.get("url")}"'
    )
    named = re.findall(rf'"(https?://[^/"]+{path})\.git"', body.decode(errors="replace"))
    return frozenset(filter(None, map(clone_address, urls or named)))


def _endpoint(meta: dict[str, Any], body: bytes, *, is_hostile: bool) -> Endpoint:
    """Configured with what the sample's `expect` names, or, for a hostile one, with what it attacks."""
    expect = _expected(meta)
    named = frozenset(each["registry"] or UNNAMED for each in expect if "registry" in each)
    scheme = meta.get("auth", {}).get("scheme")
    return Endpoint(
        meta["sender"],
        (Secret.of(meta.get("secret", SECRET)),),
        registries=REGISTRIES if is_hostile else named,
        repositories=REPOSITORIES
        if is_hostile
        else frozenset().union(*(_addresses(each, body) for each in expect)),
        registry=UNNAMED if UNNAMED in named else None,
        header=_header(meta),
        proof=Proof.ADDRESS if scheme == "url-secret" else Proof.SIGNATURE,
        identity=_IDENTITY,
    )


def _header(meta: dict[str, Any]) -> str:
    """The header that the sender was told to send, as it is configured."""
    named: str = meta.get("auth", {}).get("header", "Authorization")
    return "X-Api-Key" if meta["sender"] == "ecr" else named


def _request(meta: dict[str, Any], body: bytes) -> Request:
    headers = dict(meta["headers"])
    clock = meta.get("clock")
    if meta["sender"] == "gar":
        headers |= _VALID_TOKEN
        clock = _TOKENS["clock"]
    return Request(
        headers,
        body,
        meta.get("auth", {}).get("query", {}),
        path=meta.get("path", "").strip("/"),
        received_at=NOW if clock is None else datetime.fromtimestamp(clock, UTC),
        keys=_KEYS,
    )


def _read(path: Path, change: Callable[[Request], Request] = lambda request: request) -> Reading | Rejected:
    meta = json.loads(path.read_bytes())
    body = (path.parent / meta["body"]).read_bytes()
    return read(change(_request(meta, body)), _endpoint(meta, body, is_hostile=path.parent.name == "hostile"))


def _differences(path: Path) -> list[str]:
    """Each key of `expect` that came out otherwise."""
    expect, found = _expected(json.loads(path.read_bytes())), outcome(_read(path))
    if len(expect) != len(found):
        return [f"{len(found)} facts instead of {len(expect)}: {found}"]
    return [
        f"{key}: {got.get(key, 'nothing')!r} instead of {value!r}"
        for want, got in zip(expect, found, strict=True)
        for key, value in _told(want).items()
        if key not in got or got[key] != value or type(got[key]) is not type(value)
    ]


def _told(want: dict[str, Any]) -> dict[str, Any]:
    """A registry that the body does not say is the endpoint's."""
    return {**want, "registry": UNNAMED} if want.get("registry", "") is None else want


def test_every_payload_is_walked() -> None:
    senders = {json.loads(meta.read_bytes())["sender"] for meta in FOLDER.glob("*/*.meta.json")}
    assert senders - set(SENDERS) == WITHOUT_READER
    assert len(_paths()) > 100


@every_payload
def test_a_payload_gives_its_facts_or_its_refusal(path: Path) -> None:
    assert _differences(path) == []


def _own_id(meta: dict[str, Any]) -> str | None:
    """The id that the sender gave, in its header or its body."""
    delivery = meta.get("delivery_id", {})
    place, _, name = (delivery.get("from") or "").partition(" ")
    value = delivery.get("value") or (meta["headers"].get(name) if place == "header" else None)
    return value if isinstance(value, str) else None


@every_payload
def test_the_delivery_key_is_the_id_that_the_sender_gives(path: Path) -> None:
    own = _own_id(json.loads(path.read_bytes()))
    reading = _read(path)
    if isinstance(reading, Reading) and own:
        assert reading.delivery_key == own
    elif isinstance(reading, Reading):
        assert reading.delivery_key.startswith("sha256:")


@every_payload
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
    for path in _paths():
        _read(path)


def _vectors(name: str) -> list[Any]:
    vectors = json.loads((FOLDER / "auth-vectors" / f"{name}.json").read_bytes())
    return [pytest.param({"body": "", **vectors, **case}, id=case["name"]) for case in vectors["cases"]]


def _refusal(case: dict[str, Any], check: Callable[..., Rejected | None], *given: Any) -> Rejected | None:
    """What a check says to a vector: none for a valid one, and else 401."""
    clock = case.get("clock")
    at = None if clock is None else datetime.fromtimestamp(clock, UTC)
    refusal = check(Request(case["headers"], case["body"].encode(), received_at=at, keys=_KEYS), *given)
    assert refusal is None or refusal.status == 401
    return refusal


def _secrets(case: dict[str, Any]) -> tuple[Secret]:
    return (Secret.of(case["secret"]),)


@pytest.mark.parametrize("case", _vectors("github_hmac_sha256"))
def test_signature_vectors_of_github_hold(case: dict[str, Any]) -> None:
    assert (_refusal(case, auth.hub_signature, _secrets(case)) is None) is case["valid"]


@pytest.mark.parametrize("case", _vectors("gitlab_token"))
def test_vectors_of_a_shared_token_hold(case: dict[str, Any]) -> None:
    assert (_refusal(case, auth.static_header, case["header"], _secrets(case)) is None) is case["valid"]


@pytest.mark.parametrize("case", _vectors("gitlab_signing_token"))
def test_vectors_of_standard_webhooks_hold(case: dict[str, Any]) -> None:
    assert (_refusal(case, auth.standard_signature, _secrets(case)) is None) is case["valid"]


@pytest.mark.parametrize("case", _vectors("nexus_hmac_sha1"))
def test_signature_vectors_of_nexus_hold(case: dict[str, Any]) -> None:
    def check(request: Request, secrets: tuple[Secret]) -> Rejected | None:
        return auth.hex_signature(request, case["header"], secrets, algorithm="sha1")

    assert (_refusal(case, check, _secrets(case)) is None) is case["valid"]


def _is_let_in(case: dict[str, Any], sender: str, **configured: Any) -> bool:
    """Whether the sender's own reader takes the delivery for authentic, whatever it makes of it."""
    headers = {"Content-Type": case.get("content_type", "application/json"), **case["headers"]}
    clock = case.get("clock")
    at = None if clock is None else datetime.fromtimestamp(clock, UTC)
    request = Request(headers, case["body"].encode(), received_at=at)
    reading = read(request, Endpoint(sender, _secrets(case), **configured))
    return not isinstance(reading, Rejected) or reading.status != 401


@pytest.mark.parametrize("case", _vectors("gitea_hmac_sha256"))
def test_signature_vectors_of_gitea_and_forgejo_hold(case: dict[str, Any]) -> None:
    sender = "forgejo" if "X-Forgejo-Signature" in case["headers"] else "gitea"
    assert _is_let_in(case, sender) is case["valid"]


@pytest.mark.parametrize("case", _vectors("gitlab_signing_token"))
def test_signature_vectors_of_gitlab_hold(case: dict[str, Any]) -> None:
    assert _is_let_in(case, "gitlab") is case["valid"]


@pytest.mark.parametrize("case", _vectors("slack_v0"))
def test_signature_vectors_of_slack_hold(case: dict[str, Any]) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert _is_let_in({**form, **case}, "slack") is case["valid"]


@pytest.mark.parametrize("case", _vectors("artifactory"))
def test_vectors_of_artifactory_hold_and_no_mode_takes_the_other(case: dict[str, Any]) -> None:
    proof = Proof.TOKEN if case["mode"] == "token" else Proof.SIGNATURE
    assert _is_let_in(case, "artifactory", proof=proof) is case["valid"]


@pytest.mark.parametrize("case", _vectors("pubsub_oidc"))
def test_vectors_of_pub_sub_hold(case: dict[str, Any]) -> None:
    assert (_refusal(case, google_identity, _IDENTITY) is None) is case["valid"]


def _steps(scenario: dict[str, Any]) -> list[dict[str, Any]]:
    return [each if isinstance(each, dict) else {"meta": each} for each in scenario["deliveries"]]


def _scenarios() -> list[Any]:
    stored = json.loads((FOLDER / "scenarios.json").read_bytes())
    return [
        pytest.param(scenario, id=scenario["name"])
        for scenario in stored
        if not WITHOUT_READER & {step["meta"].split("/")[0] for step in _steps(scenario)}
    ]


def _delivered(step: dict[str, Any]) -> Reading:
    def change(request: Request) -> Request:
        at = (request.received_at or NOW) + timedelta(seconds=step.get("after_seconds", 0))
        headers = {**request.headers, **step.get("replace_headers", {})}
        return replace(request, headers=headers, received_at=at)

    reading = _read(FOLDER / f"{step['meta']}.meta.json", change)
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize("scenario", _scenarios())
def test_a_scenario_comes_to_its_number_of_distinct_events(scenario: dict[str, Any]) -> None:
    deliveries: set[str] = set()
    events: dict[str, Fact] = {}
    for step in _steps(scenario):
        reading = _delivered(step)
        if reading.delivery_key not in deliveries:
            deliveries.add(reading.delivery_key)
            known = (fact for fact in reading.facts if fact.kind not in ("ignored", "ping"))
            events |= {identity(fact) or f"{reading.delivery_key} {fact}": fact for fact in known}
    wanted = scenario["image_events"] if "image_events" in scenario else scenario["git_events"]
    if isinstance(wanted, int):
        assert len(events) == wanted
    else:
        found = outcome(Reading("", tuple(events.values())))
        assert [{key: each[key] for key in wanted[0]} for each in found] == wanted
