"""The fake GitHub's webhooks: what happened is told in order, and signed as GitHub signs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.git_repository import NOTHING
from tests.fakes.github import FakeGitHub
from tests.fakes.http_host import HttpHost, Response

SECRET = "s3cret"


@pytest.fixture
def receiver() -> Iterator[HttpHost]:
    server = HttpHost(lambda request: Response(202))
    server.start()
    yield server
    server.stop()


def test_a_pull_requests_life_is_told_in_order(tmp_path: Path, receiver: HttpHost) -> None:
    with FakeGitHub(tmp_path) as github:
        infra = github.host.create("acme/infra", {"values.yaml": b"tag: 1\n"})
        hooks = github.add_hook(f"{receiver.url}/hook", SECRET)
        first = infra.commit("change", {"values.yaml": b"tag: 2\n"})
        infra.open_pull(infra, "change", "main", title="Change")
        second = infra.commit("change", {"values.yaml": b"tag: 3\n"})
        merged = infra.merge_pull(1)
        infra.delete_branch("change")
        hooks.settle()
    told = [(request.headers["x-github-event"], request.data) for request in receiver.requests]
    assert [(event, data.get("action") or data["after"]) for event, data in told] == [
        ("push", first),
        ("pull_request", "opened"),
        ("push", second),
        ("pull_request", "synchronize"),
        ("push", merged),
        ("pull_request", "closed"),
        ("push", NOTHING),
    ]
    assert told[0][1]["head_commit"]["modified"] == ["values.yaml"]
    assert told[5][1]["pull_request"]["merge_commit_sha"] == merged
    assert {sent.status for sent in hooks.sent} == {202}


def test_a_delivery_is_signed_and_keeps_its_id_when_sent_again(tmp_path: Path, receiver: HttpHost) -> None:
    with FakeGitHub(tmp_path) as github:
        hooks = github.add_hook(f"{receiver.url}/hook", SECRET)
        github.host.create("acme/infra", {"a": b"1"})
        hooks.settle()
        hooks.redeliver(hooks.sent[0])
        hooks.settle()
    first, again = receiver.requests
    digest = hmac.new(SECRET.encode(), first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-hub-signature-256"] == f"sha256={digest}"
    assert again.headers["x-github-delivery"] == first.headers["x-github-delivery"]
    assert again.body == first.body


def test_a_receiver_that_is_away_gets_nothing_and_harms_nothing(tmp_path: Path) -> None:
    with FakeGitHub(tmp_path) as github:
        hooks = github.add_hook("http://127.0.0.1:1/hook", SECRET)
        github.host.create("acme/infra", {"a": b"1"})
        hooks.settle()
        assert [sent.status for sent in hooks.sent] == [0]
