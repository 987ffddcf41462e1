"""Argo CD: three forms of one message, and what their words come to."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.webhooks.reader import Reading, Rejected, Request
from bot.webhooks.senders import read
from tests.webhooks.deliveries import NOW, endpoint, outcome, sample


@pytest.mark.parametrize(
    ("sync", "health", "phase", "state"),
    [
        ("Synced", "Healthy", "Succeeded", "success"),
        ("Synced", "Healthy", None, "success"),
        ("Synced", "Progressing", "Succeeded", "pending"),
        ("Synced", "Degraded", "Succeeded", "failure"),
        ("Synced", "Suspended", "Succeeded", "pending"),
        ("Synced", "Missing", "Succeeded", "pending"),
        ("OutOfSync", "Healthy", "Succeeded", "pending"),
        ("OutOfSync", "Healthy", "Failed", "failure"),
        ("OutOfSync", "Healthy", "Error", "failure"),
        ("OutOfSync", "Degraded", "Running", "pending"),
        ("Synced", "Healthy", "Terminating", "pending"),
        ("Unknown", "Unknown", None, "pending"),
        (None, None, None, "pending"),
    ],
)
def test_words_of_argo_cd_come_to_one_state(
    sync: str | None, health: str | None, phase: str | None, state: str
) -> None:
    body = {
        "application": "shop-dev",
        "sync_status": sync,
        "health_status": health,
        "operation_phase": phase,
    }
    (fact,) = outcome(read(sample("argocd_state").request(body), endpoint("argocd")))
    assert fact["state"] == state


@pytest.mark.parametrize(
    ("word", "state"),
    [("success", "success"), ("failure", "failure"), ("error", "failure"), ("pending", "pending")],
)
def test_states_of_a_commit_status_are_understood(word: str, state: str) -> None:
    given = sample("argocd_commit_status")
    (fact,) = outcome(read(given.request({**given.body, "state": word}), endpoint("argocd")))
    assert fact["state"] == state


@pytest.mark.parametrize(
    "path",
    ["", "repos/acme/infra/statuses/main", "repos/acme/infra/statuses/" + "A" * 40, "statuses/" + "2e" * 19],
)
def test_an_address_without_a_commit_names_none(path: str) -> None:
    given = sample("argocd_commit_status")
    (fact,) = outcome(read(replace(given.request(), path=path), endpoint("argocd")))
    assert (fact["application"], fact["revision"]) == ("shop-dev", None)


def test_without_a_page_the_application_is_the_last_word_of_the_context() -> None:
    given = sample("argocd_commit_status")
    body = {**given.body, "target_url": None, "context": "continuous-delivery/shop-prod"}
    (fact,) = outcome(read(given.request(body), endpoint("argocd")))
    assert fact["application"] == "shop-prod"


@pytest.mark.parametrize("name", ["", "Shop", "a b", "-x", "a/b", "x" * 300, "\u0441hop", "a\n"])
def test_what_cannot_be_an_applications_name_is_refused(name: str) -> None:
    body = {"application": name, "sync_status": "Synced"}
    assert read(sample("argocd_state").request(body), endpoint("argocd")) == Rejected(
        400, "application is not the name of one"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "missing application"),
        ({"application": None}, "application is not text"),
        ({"application": "a", "images": "x"}, "images is not a list"),
        ({"application": "a", "images": [1]}, "an image is not text"),
        ({"app": []}, "app is not an object"),
        ({"metadata": {}}, "application is not text"),
        ({"context": "x"}, "missing state"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(body: object, reason: str) -> None:
    assert read(sample("argocd_state").request(body), endpoint("argocd")) == Rejected(400, reason)


def _key(request: Request) -> str:
    reading = read(request, endpoint("argocd"))
    assert isinstance(reading, Reading)
    return reading.delivery_key


def test_a_repeat_of_seconds_is_one_delivery_and_the_same_state_later_is_another() -> None:
    request = sample("argocd_state").request()
    soon = replace(request, received_at=NOW + timedelta(seconds=5))
    later = replace(request, received_at=NOW + timedelta(minutes=5))
    assert _key(request) == _key(soon) != _key(later)


def test_the_commit_in_the_address_belongs_to_what_was_said() -> None:
    request = sample("argocd_commit_status").request()
    other = replace(request, path=f"repos/acme/infra/statuses/{'3d' * 20}")
    assert _key(request) != _key(other)


def test_images_are_bounded() -> None:
    body = {"application": "shop-dev", "images": ["x" * 2000] * 300}
    (fact,) = outcome(read(sample("argocd_state").request(body), endpoint("argocd")))
    assert (len(fact["images"]), len(fact["images"][0])) == (200, 1000)


def test_the_template_of_the_readme_says_what_a_whole_application_says() -> None:
    page = Path(__file__).parents[2].joinpath("config", "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    block = next(each for each in blocks if "template.tagboat" in each)
    template = yaml.safe_load(yaml.safe_load(block)["data"]["template.tagboat"])["webhook"]["tagboat"]["body"]
    given = sample("argocd_application")

    def rendered(found: re.Match[str]) -> str:
        here: Any = given.body["app"]
        for name in found[1].split("."):
            here = here[name]
        return json.dumps(here)

    body = json.loads(re.sub(r"\{\{toJson \.app\.([\w.]+)\}\}", rendered, template))
    assert outcome(read(given.request(body), endpoint("argocd"))) == given.expect
