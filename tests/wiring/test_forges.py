"""Each kind of forge that can be configured is built, with all that is said of it, and hears its webhooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import wiring
from bot.adapters.forges.bitbucket.cloud.forge import BitbucketCloudForge
from bot.adapters.forges.bitbucket.data_center.forge import BitbucketDataCenterForge
from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.gitea.forge import GiteaForge
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.gitlab.forge import GitLabForge
from bot.configuration.build import load
from bot.domain.proof import Proof
from bot.webhooks import senders

_AROUND = """\
store: sqlite:///{folder}/tagboat.db
forges: {{host: {{{forge}}}}}
pipelines:
  web:
    repository: host:{repository}
    images: {{web: ghcr.io/acme/web}}
    environments: {{dev: {{values: dev.yaml}}}}
"""
_KINDS: dict[str, tuple[type, str, str]] = {
    "github": (GitHubForge, "kind: github, token: t, webhook_secret: s", "acme/infra"),
    "gitlab": (GitLabForge, "kind: gitlab, token: t, webhook_secret: s, squash: true", "acme/platform/infra"),
    "gitea": (GiteaForge, "kind: gitea, url: 'https://h.test', token: t, webhook_secret: s", "acme/infra"),
    "forgejo": (
        GiteaForge,
        "kind: forgejo, url: 'https://h.test', token: t, webhook_secret: s",
        "acme/infra",
    ),
    "bitbucket": (BitbucketCloudForge, "kind: bitbucket, token: t, webhook_secret: s", "acme/infra"),
    "bitbucket-data-center": (
        BitbucketDataCenterForge,
        "kind: bitbucket-data-center, url: 'https://h.test', token: t, webhook_secret: s",
        "OPS/infra",
    ),
    "git": (GitForge, "kind: git", "/srv/git/infra.git"),
}


def _file(folder: Path, kind: str) -> Path:
    _, forge, repository = _KINDS[kind]
    file = folder / "tagboat.yaml"
    file.write_text(_AROUND.format(folder=folder, forge=forge, repository=repository), encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", _KINDS)
def test_each_kind_is_built(kind: str, tmp_path: Path) -> None:
    built = wiring.world(load(_file(tmp_path, kind), {}))
    assert type(built.forges["host"]) is _KINDS[kind][0]


@pytest.mark.parametrize("kind", [kind for kind in _KINDS if kind != "git"])
def test_each_hosts_webhooks_are_read_by_its_own_reader(kind: str, tmp_path: Path) -> None:
    endpoint = wiring.endpoints(load(_file(tmp_path, kind), {}))["host"]
    assert endpoint.sender == kind.removesuffix("-data-center")
    assert endpoint.sender in senders.SENDERS
    assert endpoint.proof is (Proof.TOKEN if kind == "gitlab" else Proof.SIGNATURE)
    assert len(endpoint.repositories) == 1
