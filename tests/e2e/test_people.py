"""People on GitHub and a running `tagboat up`: comments are answered and obeyed, an approval merges, and a
change of what only Tagboat changes gets a failing check. GitHub is the fake one over a real repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.registries.layout_writer import publish
from bot.domain.people.protection import CHECK
from tests.e2e.stage import Board, Part, parts, until, values
from tests.fakes.git_host import HostedRepository
from tests.fakes.github import BOT, TOKEN, FakeGitHub
from tests.kit.process import free_port

pytestmark = pytest.mark.servers

REGISTRY = "registry.local"
FILE = "envs/dev/values.yaml"
SECRET = "webhook-secret"


@dataclass
class Scene:
    """A running Tagboat on a GitHub where ada may write and mallory may not."""

    github: FakeGitHub
    infra: HostedRepository
    board: Board
    tagboat: Part

    def comment(self, number: int, body: str, *, by: str) -> str:
        """Comment as a person does, and wait for Tagboat's answer."""
        before = len(self.answers(number))
        self.github.community.say(self.infra, number, body, by=by)
        self.github.hooks[0].comment(self.infra, number, body, by=by)
        until(lambda: len(self.answers(number)) > before, f"an answer to {body}")
        return self.answers(number)[before]

    def answers(self, number: int) -> list[str]:
        """What Tagboat said below a pull request, without its hidden keys."""
        said = self.infra.pull(number).comments
        return [each.body.partition("\n\n<!--")[0] for each in said if each.author == BOT]

    def approve(self, number: int) -> None:
        """Ada approves."""
        self.github.consent.review(self.infra, number, "APPROVED", by="ada")
        self.github.hooks[0].review(self.infra, number, "APPROVED", by="ada")

    def label(self, number: int, name: str) -> None:
        """Ada sets a label."""
        self.github.community.label(self.infra, number, name, by="ada")
        self.infra.edit_pull(number)

    def has_check(self, number: int, state: str) -> bool:
        """Whether the check of protected files on a pull request says so."""
        return self.infra.statuses.get(self.infra.pull(number).head, {}).get(CHECK) == state

    def shows(self, state: str, words: str) -> bool:
        """Whether the board shows the environment in that state, for a reason with these words."""
        seen = self.board.environment("dev")
        return seen.get("state") == state and words in seen.get("reason", "")


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Start all of it with release 1.0.0 live and 1.1.0 pushed."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    images = folder / "images"
    for tag in ("1.0.0", "1.1.0"):
        publish(images, "acme/web", tag, created=datetime.now(UTC))
    with ExitStack() as stack:
        github = stack.enter_context(FakeGitHub(folder))
        infra = github.host.create("acme/infra", {FILE: values(REGISTRY, "1.0.0")})
        config = {
            "poll": "1h",
            "web": {"listen": f"127.0.0.1:{port}", "url": address},
            "registries": {REGISTRY: {"kind": "oci-layout", "path": str(images)}},
            "forges": {
                "github": {
                    "kind": "github",
                    "url": github.url,
                    "token": TOKEN,
                    "webhook_secret": SECRET,
                    "commands": True,
                    "protect": ["**/values.yaml"],
                }
            },
            "notify": [{"kind": "log"}],
            "pipelines": {
                "shop": {
                    "repository": "github:acme/infra",
                    "images": {"web": {"image": f"{REGISTRY}/acme/web", "constraint": ">=1.0"}},
                    "environments": {
                        "dev": {"values": FILE, "merge": {"mode": "auto", "approvals": 1}, "settle": "0s"}
                    },
                }
            },
        }
        running = stack.enter_context(parts(["up"], config=config))
        made = Scene(github, infra, Board(address), running["up"])
        until(lambda: made.shows("proposed", "0 of 1 approvals"), "1.1.0 should be proposed")
        github.add_hook(f"{address}/webhooks/github", SECRET)
        yield made


def test_people_hold_resume_approve_and_override(tmp_path: Path) -> None:
    with scene(tmp_path) as on:
        refused = on.comment(1, "/tagboat hold", by="mallory")
        assert refused == "Not done: mallory may not write to acme/infra (ask somebody who may)."
        assert "is held until" in on.comment(1, "/tagboat hold 3d the migration runs", by="ada")
        until(lambda: on.shows("proposed", "by ada: the migration runs"), "dev should be held")
        assert on.comment(1, "/tagboat resume", by="ada") == "`shop/dev` goes on."

        on.infra.commit("feature", {FILE: values(REGISTRY, "6.6.6")})
        foreign = on.infra.open_pull(on.infra, "feature", "main", title="By hand").number
        until(lambda: on.has_check(foreign, "failure"), "somebody else's change should fail the check")
        on.label(foreign, "tagboat-override")
        until(lambda: on.has_check(foreign, "success"), "the label should override the check")
        assert on.has_check(1, "success")

        on.approve(1)
        on.board.wait("dev", state="live", version="1.1.0")
        assert on.infra.pull(1).state == "merged"
        log = on.tagboat.log
        assert TOKEN not in log
        assert SECRET not in log
        told = [json.loads(line) for line in log.splitlines() if '"order_' in line]
        assert [(each["event"], each["who"]) for each in told] == [
            ("order_refused", "mallory"),
            ("order_taken", "ada"),
            ("order_taken", "ada"),
        ]
