"""The stage of one process: `tagboat up` with plain Git, docker-registry and an Argo CD that follows Git."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.stage import (
    ENVIRONMENTS,
    REGISTRY_TOKEN,
    Board,
    Part,
    files,
    images_at,
    parts,
    pipeline,
    push_image,
    values_at,
)
from tests.fakes.argocd import FakeArgoCD
from tests.fakes.git_repository import GitRepository, Person
from tests.kit.process import free_port
from tests.kit.registry import docker_registry


@dataclass
class Stage:
    """A running Tagboat, its repository and what people see."""

    registry: str
    repository: GitRepository
    board: Board
    tagboat: Part
    stop_registry: Callable[[], None]

    def file(self, environment: str) -> bytes | None:
        """The environment's values file on the base branch."""
        return values_at(self.repository, self.repository.branch("main") or "", environment)

    def command(self, *arguments: str, fails: bool = False) -> str:
        """Run another `tagboat` command over the same configuration, as a person does; gives what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", *arguments, "--config", "tagboat.yaml"],
            cwd=self.tagboat.folder,
            env=self.tagboat.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr if fails else done.stdout


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Start everything and wait until Tagboat has seen what was there before."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        shop = stack.enter_context(ExitStack())
        registry = shop.enter_context(docker_registry(f"{address}/webhooks/registry", REGISTRY_TOKEN))
        argocd = stack.enter_context(FakeArgoCD())
        push_image(registry, "1.0.0")
        path = folder / "infra.git"
        repository = GitRepository(path)
        changes = [
            (name, "100644", repository.write_blob(content))
            for name, content in files(registry, "1.0.0").items()
        ]
        tree = repository.write_tree(None, changes)
        begin = repository.write_commit(tree, [], "Begin", author=Person())
        repository.move("main", begin, old="0" * 40)
        for name in ENVIRONMENTS:
            argocd.app(
                f"shop-{name}",
                repo_url=f"file://{path}",
                branch="main",
                path=f"envs/{name}",
                head=lambda: repository.branch("main") or "",
                images=images_at(repository, name),
                rollout_seconds=0.5,
            )
        config = {
            "poll": "1h",
            "web": {"listen": f"127.0.0.1:{port}", "url": address},
            "registries": {registry: {"url": f"http://{registry}", "plain_http": True}},
            "forges": {"local": {"kind": "git"}},
            "argocd": {"main": {"url": argocd.url, "token": argocd.token, "plain_http": True}},
            "notify": [{"kind": "log"}],
            "webhooks": {"registry": {"sender": "distribution", "authorization": f"Bearer {REGISTRY_TOKEN}"}},
            "pipelines": {"shop": pipeline(registry, f"local:{path}")},
        }
        running = stack.enter_context(parts(["up"], config=config))
        board = Board(address)
        for name in ENVIRONMENTS:
            board.wait(name, state="live", version="1.0.0")
        yield Stage(registry, repository, board, running["up"], shop.close)
