"""All Applications, read once, from the API or from the cluster; errors say what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.argocd.connection import Connection
from bot.adapters.argocd.survey import by_api, by_cluster
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable
from tests.adapters.argocd.raw_server import answer, raw_server
from tests.adapters.registries.hostile import Reply
from tests.adapters.registries.logins.cluster import Cluster, cluster
from tests.fakes.argocd import FakeArgoCD

_APP = {"kind": "Application", "metadata": {"name": "web"}}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as found:
        yield found


def test_the_api_shows_every_application() -> None:
    with FakeArgoCD() as argocd:
        for name in ("web", "api"):
            argocd.app(name, repo_url="https://git.example.com/infra", head=lambda: "1" * 40)
        found = by_api(Connection(argocd.url, token=argocd.token))
    assert [each["metadata"]["name"] for each in found["items"]] == ["web", "api"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer("401 Unauthorized"), Denied),
        (answer("503 Unavailable"), Unreachable),
        (answer("200 OK", b"<html>"), Malformed),
        (answer("200 OK", b"[]"), Malformed),
    ],
)
def test_an_answer_of_the_api_that_is_none_is_an_error(reply: bytes, error: type[TagboatError]) -> None:
    with raw_server(reply) as server, pytest.raises(error, match="all Applications"):
        by_api(Connection(server.url, token="canary-token"))


def test_the_cluster_shows_every_kind_that_it_knows(here: Cluster) -> None:
    here.lists = {"applications": [_APP], "imageupdaters": [{"kind": "ImageUpdater"}]}
    found = by_cluster(kubeconfig=here.kubeconfig(), context="")
    assert [each["items"] for each in found] == [[_APP], [{"kind": "ImageUpdater"}]]
    assert [call.path for call in here.server.calls] == [
        "/apis/argoproj.io/v1alpha1/applications",
        "/apis/argoproj.io/v1alpha1/applicationsets",
        "/apis/argocd-image-updater.argoproj.io/v1alpha1/imageupdaters",
    ]


def test_what_may_not_be_listed_is_told_with_its_kind(here: Cluster) -> None:
    here.lists = {"applications": [], "applicationsets": None}
    with pytest.raises(Denied, match="may list applicationsets in all namespaces"):
        by_cluster(kubeconfig=here.kubeconfig(), context="")


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(500), Unreachable), (Reply(200, b"[]"), Malformed), (Reply(200, b"<html>"), Malformed)],
)
def test_an_answer_of_the_cluster_that_is_none_is_an_error(
    reply: Reply, error: type[TagboatError], here: Cluster
) -> None:
    here.reply = reply
    with pytest.raises(error):
        by_cluster(kubeconfig=here.kubeconfig(), context="")


def test_a_cluster_that_is_not_there_is_told(here: Cluster, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="the cluster does not answer"):
        by_cluster(kubeconfig=here.kubeconfig(), context="nowhere")
    with pytest.raises(Denied, match="leads to no cluster"):
        by_cluster(kubeconfig=tmp_path / "absent", context="")
