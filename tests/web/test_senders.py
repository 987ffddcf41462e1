"""Laws over the whole application: whatever an authenticated sender sends, nothing of ours breaks.

Not the endpoint (no 5xx), and no worker that looks at what was woken.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import hypothesis
import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from bot import wiring
from bot.adapters.registries.memory import MemoryRegistry
from bot.configuration.senders import SENDERS as KEYS_OF
from bot.configuration.senders import Sender
from bot.configuration.settings import EndpointSettings, GitSettings
from bot.domain.choosing.selection import SelectionPolicy
from bot.domain.image import ImageName
from bot.domain.pipeline import Pipeline, PipelineImage, Repository
from bot.flow.reconcile import reconcile
from bot.web.app import application
from bot.webhooks.reader import Request
from bot.webhooks.senders import SENDERS
from tests.flow.worlds import REPOSITORY, Bench
from tests.web.site import HERE, settings
from tests.webhooks import tokens
from tests.webhooks.deliveries import SECRET, Sample, authentic, endpoint, samples

NAMES = sorted(SENDERS)
SIGNED_BY_STANDARD = {"cloudevents", "standard"}
EVENT_HEADERS = ("X-GitHub-Event", "X-Gitea-Event", "X-Event-Key")
EVENTS = (
    *("push", "create", "delete", "pull_request", "status", "issue_comment", "package", "check_suite"),
    *("repo:push", "repo:refs_changed", "pullrequest:created", "pr:merged", "pr:comment:added"),
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=15,
)
unhurried = hypothesis.settings(deadline=None)


class _Keys:
    """The identity provider's keys, without the provider."""

    def key(self, key_id: str) -> Mapping[str, str] | None:
        return tokens.public_keys().get(key_id)


class Whole:
    """An application with an endpoint for every sender, and a pipeline for every image of our samples."""

    def __init__(self) -> None:
        self.bench = Bench()
        images = {
            ImageName(fact["registry"], fact["repository"])
            for each in samples()
            for fact in each.expect
            if fact["kind"] == "image_pushed"
        }
        pipelines = {each.name: each for each in self._pipelines(images)}
        self.world = replace(
            self.bench.world,
            pipelines=pipelines,
            registries={image.registry: MemoryRegistry() for image in images},
            forges=dict.fromkeys(NAMES, self.bench.forge),
        )
        self.bench.world = self.world
        self.app = self._application()

    def _pipelines(self, images: set[ImageName]) -> Iterator[Pipeline]:
        urls = tuple(f"{address}.git" for address in sorted(endpoint("github").repositories))
        for number, (image, sender) in enumerate(
            (image, sender) for image in sorted(images, key=str) for sender in NAMES
        ):
            watched = PipelineImage("web", image, SelectionPolicy())
            repository = Repository(sender, REPOSITORY)
            yield Pipeline(
                f"p{number}", repository, (watched,), self.bench.environments, repository_urls=urls
            )

    def _application(self) -> Starlette:
        made = settings(self.bench)
        made = replace(
            made,
            forges={name: GitSettings(name) for name in NAMES},
            endpoints={name: _endpoint(name) for name in NAMES},
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(wiring, "signing_keys", lambda clock: _Keys())
            return application(self.world, made)

    def send(self, sender: str, request: Request) -> int:
        """Send a delivery and let the workers look at what it woke; the status of the answer."""
        with capture_logs() as logs:
            answer = self._post(sender, request)
            for name in list(self.bench.queue.pipelines)[:3]:
                reconcile(self.world, name)
            self.bench.queue.pipelines.clear()
        assert not {"pipeline_broke", "request_broke"} & {each["event"] for each in logs}
        return answer.status_code

    def woken(self, sender: str, request: Request) -> list[str]:
        """Send a delivery; the pipelines that the answer names."""
        names: list[str] = self._post(sender, request).json()["woken"]
        return names

    def _post(self, sender: str, request: Request) -> Response:
        address = f"/webhooks/{sender}/{request.path}".rstrip("/")
        headers = [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in request.headers.items()
        ]
        client = TestClient(self.app, base_url=HERE, raise_server_exceptions=False)
        return client.post(address, content=request.body, headers=headers, params=dict(request.query))


def _endpoint(name: str) -> EndpointSettings:
    secret = tokens.SIGNING_SECRET if name in SIGNED_BY_STANDARD else SECRET
    like = endpoint(name)
    return EndpointSettings(
        name,
        name,
        (SecretStr(secret),),
        registry=like.registry or "",
        proof=next(iter(KEYS_OF[Sender(name)].proofs)),
        audience=tokens.IDENTITY.audience,
        email=tokens.IDENTITY.email,
    )


@cache
def whole() -> Whole:
    """The application; its store forgets nothing between deliveries, like a real one."""
    return Whole()


def _paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(found for key, child in children for found in _paths(child, (*path, key)))]


def _put(body: object, path: tuple[Any, ...], value: object) -> object:
    if not path:
        return value
    changed: Any = copy.deepcopy(body)
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return changed


@pytest.mark.parametrize("sender", NAMES)
@unhurried
@given(value=ANY_JSON, event=st.sampled_from(EVENTS))
def test_no_json_of_an_authentic_sender_breaks_anything(sender: str, value: object, event: str) -> None:
    headers = {**dict.fromkeys(EVENT_HEADERS, event), "Content-Type": "application/json"}
    assert whole().send(sender, authentic(sender, json.dumps(value).encode(), headers=headers)) < 500


@unhurried
@given(data=st.data())
def test_no_change_of_a_real_delivery_breaks_anything(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(samples()))
    path = data.draw(st.sampled_from(_paths(sample.body)))
    changed = _put(sample.body, path, data.draw(ANY_JSON))
    assert whole().send(sample.sender, sample.request(changed)) < 500


@unhurried
@given(data=st.data())
def test_no_two_deliveries_grown_together_break_anything(data: st.DataObject) -> None:
    """A part of one sender's body within another's: right types, wrong places."""
    one, other = (data.draw(st.sampled_from(samples())) for _ in range(2))
    graft = _get(other.body, data.draw(st.sampled_from(_paths(other.body))))
    changed = _put(one.body, data.draw(st.sampled_from(_paths(one.body))), graft)
    assert whole().send(one.sender, one.request(changed)) < 500


def _get(body: object, path: tuple[Any, ...]) -> object:
    here: Any = body
    for step in path:
        here = here[step]
    return here


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_real_delivery_is_taken_and_the_same_again_is_known(sample: Sample) -> None:
    first, again = (whole().send(sample.sender, sample.request()) for _ in range(2))
    assert first in {200, 202}
    assert again == 200


@pytest.mark.parametrize("sender", ["github", "gitlab", "gitea", "forgejo", "bitbucket"])
def test_every_git_host_wakes_the_pipelines_of_its_repository_and_no_others(sender: str) -> None:
    made = Whole()
    woken: set[str] = set()
    for sample in samples():
        if sample.sender == sender and any(fact["kind"] == "git_push" for fact in sample.expect):
            woken |= set(made.woken(sender, sample.request()))
    ours = {name for name, each in made.world.pipelines.items() if each.repository.forge == sender}
    assert woken == ours
