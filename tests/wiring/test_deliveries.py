"""Wiring: which webhooks of GitHub are taken for ours when lost deliveries are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import wiring
from bot.configuration.settings import EndpointSettings, GitHubSettings, GitSettings, Settings, WebSettings
from tests.fakes.github import FakeGitHub
from tests.flow.worlds import REPOSITORY, Bench
from tests.web.site import settings as site_settings

ADMIN = "ghp_admin"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with FakeGitHub(tmp_path) as fake:
        fake.accounts.add_token(ADMIN, "admin", can_see_hooks=True)
        fake.host.create(REPOSITORY, {"a": b"0"})
        yield fake


def _settings(github: FakeGitHub, folder: Path, public_url: str = "") -> Settings:
    return replace(
        site_settings(Bench()),
        store=SecretStr(f"sqlite:///{folder}/tagboat.db"),
        web=WebSettings(public_url=public_url),
        forges={"github": GitHubSettings("github", url=github.url, token=SecretStr(ADMIN))},
        endpoints={"github": EndpointSettings("github", "github", (SecretStr("s"),))},
        pipelines={},
    )


@pytest.mark.parametrize(
    ("public_url", "hook", "is_ours"),
    [
        ("https://tagboat.example.com", "https://tagboat.example.com/webhooks/github", True),
        ("https://tagboat.example.com", "https://TAGBOAT.example.com/webhooks/github/", True),
        ("https://tagboat.example.com/bot/", "https://tagboat.example.com/bot/webhooks/github", True),
        ("https://tagboat.example.com", "https://tagboat.example.com/webhooks/other", False),
        ("https://tagboat.example.com", "https://other.example.com/webhooks/github", False),
        ("https://tagboat.example.com/bot", "https://tagboat.example.com/webhooks/github", False),
        ("", "https://anywhere.example.com/prefix/webhooks/github", True),
        ("", "https://anywhere.example.com/webhooks/github2", False),
        ("", "https://[broken/webhooks/github", False),
    ],
)
def test_a_webhook_is_ours_by_its_address(
    github: FakeGitHub, tmp_path: Path, public_url: str, hook: str, is_ours: bool
) -> None:
    hooks = github.add_hook(hook, "s")
    world = wiring.world(_settings(github, tmp_path, public_url))
    found = world.redeliveries["github"].hooks(REPOSITORY)
    assert found == ([f"{REPOSITORY}#{hooks.number}"] if is_ours else [])


def test_without_an_endpoint_of_its_own_a_forge_has_no_deliveries(github: FakeGitHub, tmp_path: Path) -> None:
    made = _settings(github, tmp_path)
    world = wiring.world(replace(made, endpoints={}, forges={**made.forges, "git": GitSettings("git")}))
    assert world.redeliveries == {}
