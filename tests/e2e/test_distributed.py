"""The main job on real parts: docker-registry with notifications, Redis, PostgreSQL, GitHub's API over a
real bare repository, Slack's API by the emulator, and an Argo CD that follows the repository.

The parts of Tagboat are processes of their own. In the second test the worker is killed with SIGKILL at
each kind of step that the forge sees, inside the request itself, before the worker hears of its success.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.adapters.stores.rules import CLAIM
from tests.e2e.stage import (
    ENVIRONMENTS,
    IMAGE,
    REGISTRY_TOKEN,
    Board,
    Part,
    files,
    images_at,
    parts,
    pipeline,
    push_image,
    until,
    values,
    values_at,
)
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.git_host import HostedRepository
from tests.fakes.git_host_model import Event, Pull, PullChanged
from tests.fakes.github import BOT, TOKEN, FakeGitHub
from tests.kit.emulate import emulator
from tests.kit.process import free_port
from tests.kit.registry import docker_registry

pytestmark = pytest.mark.servers

_HOOK_SECRET = "hook-secret"
_SLACK_TOKEN = "xoxb-test"
_CHANNEL = "C000000001"
_FATAL = frozenset({"dev opened", "staging closed", "prod opened"})
"""The steps at which the worker dies."""
_UNTIL_TOLD = CLAIM.total_seconds() + 90
"""Seconds: who died while it told a notice keeps it for that long."""
_SEED = {"slack": {"users": [{"name": "tagboat"}], "tokens": [{"token": _SLACK_TOKEN, "user": "tagboat"}]}}


@dataclass
class Stage:
    """A running Tagboat with everything around it."""

    registry: str
    github: FakeGitHub
    repository: HostedRepository
    slack: WebClient
    board: Board
    running: dict[str, Part]

    def pulls(self, environment: str) -> list[Pull]:
        """Every pull request of the environment, oldest first."""
        branch = f"tagboat/shop/{environment}"
        return [pull for _, pull in sorted(self.repository.pulls.items()) if pull.branch == branch]

    def file(self, environment: str, revision: str = "main") -> bytes | None:
        """The environment's values file."""
        commit = self.repository.git.branch(revision)
        return values_at(self.repository.git, commit or revision, environment)

    def thread(self, version: str) -> list[str]:
        """What the thread of a release says, first message first; there must be one at the most."""
        messages = self.slack.conversations_history(channel=_CHANNEL)["messages"]
        roots = [each for each in messages if f"shop {version} " in each["text"]]
        assert len(roots) <= 1, [each["text"] for each in roots]
        if not roots:
            return []
        answer = self.slack.conversations_replies(channel=_CHANNEL, ts=roots[0]["ts"])
        return [each["text"] for each in answer["messages"]]


@contextmanager
def stage(folder: Path, redis_url: str, postgres_url: str) -> Iterator[Stage]:
    """Start everything and wait until Tagboat has seen what was there before."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        notify = f"{address}/webhooks/registry"
        registry = stack.enter_context(docker_registry(notify, REGISTRY_TOKEN))
        github = stack.enter_context(FakeGitHub(folder))
        argocd = stack.enter_context(FakeArgoCD())
        slack = stack.enter_context(emulator(["slack"], _SEED))["slack"] + "/api/"
        push_image(registry, "1.0.0")
        repository = github.host.create("acme/infra", files(registry, "1.0.0"))
        clone_url = f"{github.url}/acme/infra.git"
        for name in ENVIRONMENTS:
            argocd.app(
                f"shop-{name}",
                repo_url=clone_url,
                branch="main",
                path=f"envs/{name}",
                head=lambda: repository.git.branch("main") or "",
                images=images_at(repository.git, name),
                rollout_seconds=0.5,
            )
        config = {
            "store": postgres_url,
            "broker": redis_url,
            "poll": "1h",
            "web": {"listen": f"127.0.0.1:{port}", "url": address},
            "registries": {registry: {"url": f"http://{registry}", "plain_http": True}},
            "forges": {
                "github": {
                    "kind": "github",
                    "url": github.url,
                    "token": "${GITHUB_TOKEN}",
                    "webhook_secret": "${GITHUB_WEBHOOK_SECRET}",
                }
            },
            "argocd": {"main": {"url": argocd.url, "token": "${ARGOCD_TOKEN}", "plain_http": True}},
            "notify": [{"kind": "slack", "token": "${SLACK_TOKEN}", "channel": _CHANNEL, "url": slack}],
            "webhooks": {"registry": {"sender": "distribution", "authorization": "Bearer ${REGISTRY_TOKEN}"}},
            "pipelines": {
                "shop": {**pipeline(registry, "github:acme/infra"), "argocd_urls": [clone_url]},
            },
        }
        secrets = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_WEBHOOK_SECRET": _HOOK_SECRET,
            "ARGOCD_TOKEN": argocd.token,
            "SLACK_TOKEN": _SLACK_TOKEN,
            "REGISTRY_TOKEN": REGISTRY_TOKEN,
        }
        running = stack.enter_context(parts(["web", "worker", "beat"], config=config, environment=secrets))
        board = Board(address)
        for name in ENVIRONMENTS:
            board.wait(name, state="live", version="1.0.0")
        github.add_hook(f"{address}/webhooks/github", _HOOK_SECRET)
        client = WebClient(token=_SLACK_TOKEN, base_url=slack)
        yield Stage(registry, github, repository, client, board, running)
        logs = "".join(part.log for part in running.values())
        assert not [name for name, secret in secrets.items() if secret in logs]


def _story(name: str, number: int) -> list[str]:
    return [
        f"{name}: pull request {number} proposes",
        f"{name}: .* merged as",
        f"{name}: Argo CD has synced",
        f"{name}: .* is live",
    ]


def _tells(thread: list[str], story: list[str]) -> bool:
    return len(thread) == len(story) and all(
        re.search(pattern, text) for pattern, text in zip(story, thread, strict=True)
    )


def test_a_push_reaches_production_through_three_pull_requests_and_one_thread(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    with stage(tmp_path, redis_url, postgres_url) as on:
        push_image(on.registry, "1.1.0")
        on.board.wait("dev", state="live", version="1.1.0")
        on.board.wait("staging", state="live", version="1.1.0")
        on.board.wait("prod", state="proposed", version="1.0.0")
        (first,) = on.pulls("prod")
        assert "web 1.0.0 → 1.1.0" in first.title
        assert on.file("prod") == values(on.registry, "1.0.0")

        push_image(on.registry, "1.2.0")
        on.board.wait("staging", state="live", version="1.2.0")
        until(lambda: "→ 1.2.0" in on.pulls("prod")[0].title, "the open pull request should propose 1.2.0")
        (pull,) = on.pulls("prod")
        assert (pull.number, pull.state) == (first.number, "open")
        assert on.file("prod", pull.head) == values(on.registry, "1.2.0")

        on.repository.merge_pull(pull.number)
        on.board.wait("prod", state="live", version="1.2.0")
        for name in ENVIRONMENTS:
            assert on.file(name) == values(on.registry, "1.2.0")
        assert [(pull.state, pull.author) for pull in on.pulls("dev")] == [("merged", BOT)] * 2
        numbers = {name: on.pulls(name)[-1].number for name in ENVIRONMENTS}
        story = ["shop 1.2.0 — dev: live · staging: live · prod: live"]
        story += [line for name in ENVIRONMENTS for line in _story(name, numbers[name])]
        until(lambda: _tells(on.thread("1.2.0"), story), f"the thread should tell the story: {story}")


def test_a_worker_killed_at_each_kind_of_step_ends_in_the_same_state(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    with stage(tmp_path, redis_url, postgres_url) as on:
        struck: set[str] = set()

        def strike(repository: HostedRepository, event: Event) -> None:
            del repository
            if isinstance(event, PullChanged) and event.by == BOT:
                step = f"{event.pull.branch.rpartition('/')[2]} {event.action}"
                if step in _FATAL - struck:
                    struck.add(step)
                    on.running["worker"].kill()

        on.github.host.listeners.append(strike)
        push_image(on.registry, "1.1.0")
        on.board.wait("prod", state="proposed", version="1.0.0")
        until(lambda: "prod opened" in struck, "the pull request for prod should be opened")
        _until_told(on, 9)
        on.repository.merge_pull(on.pulls("prod")[0].number)
        on.running["worker"].kill()
        on.board.wait("prod", state="live", version="1.1.0")

        assert struck == _FATAL
        assert on.running["worker"].deaths >= len(_FATAL) + 1
        for name in ENVIRONMENTS:
            assert on.file(name) == values(on.registry, "1.1.0")
            assert len(on.pulls(name)) == 1, name
        story = [line for name in ENVIRONMENTS for line in _story(name, on.pulls(name)[0].number)]
        _until_told(on, len(story))
        told = on.thread("1.1.0")[1:]
        assert len(told) == len(set(told)) == len(story)
        assert f"{on.registry}/{IMAGE}".encode() in (on.file("prod") or b"")


def _until_told(on: Stage, lines: int) -> None:
    until(lambda: len(on.thread("1.1.0")) > lines, f"{lines} lines should be told", patience=_UNTIL_TOLD)
