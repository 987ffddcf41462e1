"""The JSON schema for editors: current, helpful, and of one mind with the loader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import SecretStr

from bot.configuration.build import load
from bot.configuration.outline import Outline
from bot.configuration.schema import schema, text
from bot.configuration.sections import ConfigurationSection
from bot.domain.choosing.selection import Strategy
from bot.webhooks.senders import SENDERS
from tests.configuration.files import (
    NEWCOMER,
    NEWCOMERS_ENVIRONMENT,
    SIGNING_SECRET,
    SMALL,
    changed,
    problems,
)

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
MISTAKES = yaml.load((Path(__file__).parent / "mistakes.yaml").read_bytes(), yaml.CSafeLoader)

EXAMPLES_ENVIRONMENT = {
    name: f"{name}-value"
    for name in (
        *("GHCR_TOKEN", "GITHUB_TOKEN", "GITHUB_WEBHOOK_SECRET", "GIT_TOKEN", "ARGOCD_TOKEN"),
        *("SLACK_BOT_TOKEN", "HUB_SECRET", "GHCR_WEBHOOK_SECRET", "REGISTRY_WEBHOOK_TOKEN"),
        *("ECR_API_KEY", "NEXUS_WEBHOOK_SECRET", "GITLAB_TOKEN", "GITLAB_WEBHOOK_SECRET"),
        *("FORGEJO_TOKEN", "FORGEJO_WEBHOOK_SECRET"),
        *("BITBUCKET_TOKEN", "BITBUCKET_WEBHOOK_SECRET", "STASH_TOKEN", "STASH_WEBHOOK_SECRET"),
    )
} | {"PIPELINE_WEBHOOK_SECRET": SIGNING_SECRET}


def errors(document: str) -> list[str]:
    found = VALIDATOR.iter_errors(yaml.load(document, yaml.CSafeLoader))
    return [f"{each.json_path}: {each.message}" for each in found]


def test_the_file_in_config_is_current() -> None:
    assert (CONFIG / "tagboat.schema.json").read_text(encoding="utf-8") == text(), (
        "run: python -m bot.configuration.schema > config/tagboat.schema.json"
    )


def test_the_schema_is_one_by_its_own_standard() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_example_loads_and_fits() -> None:
    file = CONFIG / "tagboat.example.yaml"
    found = load(file, EXAMPLES_ENVIRONMENT)
    assert list(found.pipelines) == ["homepage", "shop"]
    assert [each.name for each in found.pipelines["shop"].environments] == ["test", "canary", "live"]
    assert found.store.get_secret_value() == f"sqlite:///{CONFIG}/tagboat.db"
    assert errors(file.read_text(encoding="utf-8")) == []


def test_the_example_names_every_key() -> None:
    """Optional keys that exclude others stand in comments."""
    written = (CONFIG / "tagboat.example.yaml").read_text(encoding="utf-8")
    assert {key for key in Outline(SCHEMA).words if f"{key}:" not in written} == set()


GOOD = {
    "newcomer": NEWCOMER,
    "small": SMALL,
    "substitution": changed(
        ("{kind: git}", '{kind: git, allow_http: "${A:-true}"}'),
        ("token: t}", 'app: {id: "${B:-1}", private_key: "-----BEGIN PRIVATE KEY-----"}}'),
        ("values: dev.yaml", 'values: "${C:-dev.yaml}", settle: "${D:-1m}"'),
    ),
    "lists": changed(
        ("values: dev.yaml, argocd: web-dev", "values: [dev.yaml], argocd: [web-dev], after: []")
    ),
    "mappings": changed(("values: dev.yaml, argocd: web-dev", "values: {file: a.yaml}, argocd: {name: x}")),
    "number": changed(("web: acme/web", "web: {image: acme/web, strategy: digest, constraint: 1.10}")),
    "alias": changed(("web: acme/web", "web: {image: acme/web, strategy: latest}")),
    "signatures": changed(
        (
            "web: acme/web",
            "web: {image: acme/web, verify: {cosign: {identities: {issuer: https://h, subject: a}}}}",
        )
    ),
    "room": "x-any: [thing]\n" + SMALL,
    "registry": SMALL + "registries: {r.local:5000: {plain_http: true}}\n",
    "webhook": SMALL + "webhooks: {a: {sender: distribution, authorization: [b, c]}}\n",
    "several proofs": SMALL + "webhooks: {a: {sender: acr, secret: s}, b: {sender: acr, authorization: t}}\n",
    "an identity": SMALL + "webhooks: {a: {sender: gar, audience: b, email: c@d.e}}\n",
    "prefixes": SMALL + "webhooks: {a: {sender: nexus, secret: s, prefixes: {hosted: docker.io/acme}}}\n",
    "rotation": SMALL + f"webhooks: {{a: {{sender: standard, signing_secret: [{SIGNING_SECRET}]}}}}\n",
}


@pytest.mark.parametrize("document", GOOD.values(), ids=GOOD)
def test_what_is_good_for_the_loader_is_good_for_the_schema(document: str, tmp_path: Path) -> None:
    assert problems(tmp_path, document, NEWCOMERS_ENVIRONMENT) == ()
    assert errors(document) == []


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{each['tells']['key']}: {each['tells']['what']}" for each in MISTAKES]
)
def test_the_schema_refuses_what_it_can_tell(mistake: Mapping[str, Any]) -> None:
    """That the loader refuses each is shown beside the messages; `only` marks what needs it."""
    found = errors(changed((mistake["replace"], mistake["by"])))
    assert bool(found) != (mistake.get("only") == "loader")


def _sections(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _sections(each)


def test_every_key_has_help_and_no_section_takes_others() -> None:
    sections = list(_sections(SCHEMA))
    assert len(sections) > 15
    for section in sections:
        assert section["additionalProperties"] is False
        assert [key for key, each in section["properties"].items() if not each.get("description")] == []


def test_no_key_may_be_null() -> None:
    assert '"null"' not in json.dumps(SCHEMA)


def test_choices_are_those_of_the_code() -> None:
    outline = Outline(SCHEMA)
    image = ("pipelines", "p", "images", "i")
    assert set(outline.choices((*image, "strategy"))) == {*Strategy, "latest", "name"}
    assert set(outline.choices(("webhooks", "w", "sender"))) == set(SENDERS)


def _secret_keys(model: Any) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if SecretStr.__name__ in str(field):
            yield name


def test_every_secret_is_marked_so_that_it_is_never_shown() -> None:
    outline = Outline(SCHEMA)
    assert list(_secret_keys(ConfigurationSection)) == ["store", "broker"]
    for trail in (
        *(("store",), ("broker",), ("forges", "f", "token"), ("forges", "f", "app", "private_key")),
        *(("forges", "f", "webhook_secret"), ("forges", "f", "webhook_secret", 0), ("argocd", "a", "token")),
        *(("registries", "r", "password"), ("notify", 0, "token")),
        *(("webhooks", "w", "secret"), ("webhooks", "w", "authorization", 1)),
        *(("webhooks", "w", "signing_secret"), ("webhooks", "w", "signing_secret", 0)),
    ):
        assert not outline.is_public(trail), trail
    assert outline.is_public(("forges", "f", "url"))
    assert not outline.is_public(("forges", "f"))
    assert not outline.is_public(("no", "such", "key"))
