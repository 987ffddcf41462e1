"""What the demo plays on: a repository, a registry and a configuration, all in one folder."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import Refused

HOST = "registry.demo"
IMAGE = "acme/homepage"
PIPELINE = "homepage"
OLD, NEW = "1.0.0", "1.1.0"
DISTRACTORS = ("latest", "1.1.0-rc.1", "2.0.0")
"""Tags that a careless bot would take: `tagboat explain` says why none of them is chosen."""

_GIT_SECONDS = 30

# Three people wrote these three files, each in their own style: only the value itself may change.
_DEV = """\
# Homepage, development. Owned by the web team.
replicaCount: 1

image:
  repository: registry.demo/acme/homepage
  tag: 1.0.0        # Tagboat writes here
  pullPolicy: IfNotPresent

ingress:
  enabled: true
  hosts: [homepage.dev.acme.example]
"""
_STAGING = """\
replicaCount: 2
image:
    repository: "registry.demo/acme/homepage"
    tag: "1.0.0"
    pullPolicy: "IfNotPresent"
resources:
    requests: { cpu: 100m, memory: 128Mi }   # measured in spring
"""
_PROD = """\
---
# Homepage, production. Changes go through review, please.
defaults: &defaults
  pullPolicy: IfNotPresent

replicaCount: 6
image: {<<: *defaults, repository: 'registry.demo/acme/homepage', tag: '1.0.0'}  # live

autoscaling:
  enabled: yes
  minReplicas: 6
"""
_VALUES: Mapping[str, str] = {"dev": _DEV, "staging": _STAGING, "prod": _PROD}
_CONFIGURATION = """\
# Written by `tagboat demo`. Everything is here: a Git repository and a registry as folders beside this file.
web: {{listen: "127.0.0.1:{port}"}}
registries:
  registry.demo: {{kind: oci-layout, path: images}}
forges:
  local: {{kind: git}}
argocd:
  demo: {{kind: simulated, rollout: 2s}}   # no cluster: nothing is deployed
notify:
  - {{kind: log}}                          # with Slack: {{kind: slack, token: ..., channel: "#deploys"}}
webhooks:
  registry: {{sender: distribution, authorization: "{authorization}", registry: registry.demo}}

pipelines:
  homepage:
    repository: local:./infra.git
    images:
      web: {{image: registry.demo/acme/homepage, strategy: semver, constraint: ">=1.0 <2"}}
    environments:
      dev: {{values: envs/dev/values.yaml, merge: auto, argocd: homepage-dev, settle: 1s}}
      staging:
        after: dev
        values: envs/staging/values.yaml
        merge: auto
        argocd: homepage-staging
        settle: 1s
      prod:
        after: staging
        soak: 5s        # two hours, where it is not a demo
        values: envs/prod/values.yaml
        merge: manual
        argocd: homepage-prod
        settle: 1s
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """The demo's folder and what is in it. `authorization` is what the registry's webhook shows."""

    folder: Path
    port: int
    authorization: str

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.folder / "tagboat.yaml"

    @property
    def repository(self) -> Path:
        """The bare Git repository."""
        return self.folder / "infra.git"

    def publish(self, tag: str) -> str:
        """Put an image into the registry's folder and return its digest."""
        from bot.adapters.registries.layout_writer import publish

        labels = {"org.opencontainers.image.version": tag}
        return publish(self.folder / "images", IMAGE, tag, created=datetime.now(UTC), labels=labels)

    def git(self, *args: str, work_tree: Path | None = None) -> str:
        """Run Git on the repository, apart from the user's own Git settings, and return what it says.

        Raises:
            Refused: Git is not installed, or says no.
        """
        place = [f"--git-dir={self.repository}"] + ([f"--work-tree={work_tree}"] if work_tree else [])
        return _git([*place, *args])


def build(folder: Path | None) -> Stage:
    """Set the stage in an empty folder, or in a fresh temporary one.

    Raises:
        Refused: the folder holds something already, or Git is missing.
    """
    if shutil.which("git") is None:
        raise Refused("the demo cannot start", why="there is no `git` command", fix="install Git")
    place = Path(tempfile.mkdtemp(prefix="tagboat-demo-")) if folder is None else _empty(folder)
    stage = Stage(place.resolve(), _free_port(), f"Bearer {secrets.token_hex(16)}")
    _plant_repository(stage)
    for tag in (OLD, *DISTRACTORS):
        stage.publish(tag)
    text = _CONFIGURATION.format(port=stage.port, authorization=stage.authorization)
    stage.configuration.touch(mode=0o600)
    stage.configuration.write_text(text, encoding="utf-8")
    return stage


def _empty(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise Refused(f"the folder {folder} cannot be used", why=error.strerror or str(error)) from error
    if not is_empty:
        raise Refused(
            f"the folder {folder} is not empty", why="the demo touches nothing else", fix="name a new one"
        )
    return folder


def _plant_repository(stage: Stage) -> None:
    _git(["init", "--quiet", "--bare", "--initial-branch=main", str(stage.repository)])
    with tempfile.TemporaryDirectory(dir=stage.folder) as name:
        work_tree = Path(name)
        for environment, text in _VALUES.items():
            file = work_tree / "envs" / environment / "values.yaml"
            file.parent.mkdir(parents=True)
            file.write_text(text, encoding="utf-8")
        stage.git("add", "--all", work_tree=work_tree)
        stage.git("commit", "--quiet", "--message", f"Run homepage {OLD} everywhere", work_tree=work_tree)


def _git(args: Sequence[str]) -> str:
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ada of the web team"), ("EMAIL", "ada@acme.example"))
    }
    # Hooks, signing and aliases of the user have no place in a demo.
    apart = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(  # noqa: S603 - fixed words and paths of ours, no shell
        ["git", *args],  # noqa: S607 - the user's own Git, wherever it is
        env={**kept, **identity, **apart},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_GIT_SECONDS,
        check=False,
    )
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()
        raise Refused(f"git {' '.join(args[-2:])} failed", why=why[-500:])
    return done.stdout.decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
