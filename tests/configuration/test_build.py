"""What a configuration becomes: defaults, short forms, addresses and order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.configuration.settings import (
    AcrLoginSettings,
    ArgoCDSettings,
    CloudLoginSettings,
    EcrLoginSettings,
    EndpointSettings,
    GarLoginSettings,
    GitHubSettings,
    GitSettings,
    LayoutSettings,
    LogNotifierSettings,
    PullSecretSettings,
    RegistrySettings,
    SimulatedArgoCDSettings,
    SlackSettings,
    WebSettings,
)
from bot.domain.choosing.selection import Strategy
from bot.domain.image import ImageName
from bot.domain.pipeline import Application, Deadlines, Merge, Repository, Target
from bot.domain.place import HelmValues
from bot.domain.proof import Proof
from bot.domain.window import WindowKind
from bot.ports import Rate
from tests.configuration.files import (
    NEWCOMER,
    NEWCOMERS_ENVIRONMENT,
    SMALL,
    changed,
    load_text,
)

PASSWORD = SecretStr("p")
ENVIRONMENTS = "{dev: {values: dev.yaml, argocd: web-dev}}"


def test_what_a_newcomer_writes_becomes_settings(tmp_path: Path) -> None:
    found = load_text(tmp_path, NEWCOMER, NEWCOMERS_ENVIRONMENT)
    assert found.store.get_secret_value() == f"sqlite:///{tmp_path}/tagboat.db"
    assert found.broker.get_secret_value() == "memory://"
    assert (found.cache, found.poll) == (tmp_path / ".tagboat-cache", timedelta(minutes=5))
    assert found.web == WebSettings("127.0.0.1", 8080, "")
    assert found.registries == {"ghcr.io": RegistrySettings("ghcr.io", "https://ghcr.io")}
    hook = (SecretStr("hook-secret"),)
    assert found.forges == {
        "github": GitHubSettings("github", token=SecretStr("gh-token"), webhook_secrets=hook)
    }
    assert found.argocd == {
        "main": ArgoCDSettings("main", "https://argocd.example.com", SecretStr("argo-token"))
    }
    assert found.notifiers == {"slack": SlackSettings("slack", SecretStr("xoxb-token"), "#deploys")}
    assert found.endpoints == {"github": EndpointSettings("github", "github", hook)}


def test_the_newcomers_pipeline_goes_through_three_environments(tmp_path: Path) -> None:
    pipeline = load_text(tmp_path, NEWCOMER, NEWCOMERS_ENVIRONMENT).pipelines["homepage"]
    assert pipeline.repository == Repository("github", "acme/infra")
    assert pipeline.repository_urls == ("https://github.com/acme/infra.git",)
    assert pipeline.branch is None
    (image,) = pipeline.images
    assert (image.alias, image.name) == ("web", ImageName("ghcr.io", "acme/homepage"))
    assert (image.policy.strategy, image.policy.constraint) == (Strategy.SEMVER, ">=1.0 <2")
    assert [each.name for each in pipeline.environments] == ["dev", "staging", "prod"]
    prod = pipeline.environment("prod")
    assert prod.targets == (Target("web", "envs/prod/values.yaml", HelmValues(tag="image.tag")),)
    assert (prod.after, prod.soak, prod.merge) == (("staging",), timedelta(hours=2), Merge.MANUAL)
    assert prod.applications == (
        Application("main", "homepage-prod-eu"),
        Application("main", "homepage-prod-us"),
    )
    (window,) = prod.windows
    assert (window.kind, window.duration, window.reason) == (WindowKind.DENY, timedelta(hours=64), "weekend")
    assert pipeline.environment("dev").merge is Merge.AUTO


def test_defaults_are_careful(tmp_path: Path) -> None:
    found = load_text(tmp_path, SMALL)
    (dev,) = found.pipelines["web"].environments
    assert (dev.merge, dev.settle, dev.deadlines) == (Merge.MANUAL, timedelta(seconds=15), Deadlines())
    assert found.notifiers == {"log": LogNotifierSettings("log")}
    assert found.endpoints == {}
    assert found.argocd == {"demo": SimulatedArgoCDSettings("demo", timedelta(seconds=4))}
    (image,) = found.pipelines["web"].images
    assert (image.policy.strategy, image.policy.allow_downgrade) == (Strategy.SEMVER, False)
    assert found.registries == {"docker.io": RegistrySettings("docker.io", "https://registry-1.docker.io")}


_ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def _cloud(host: str, login: CloudLoginSettings) -> RegistrySettings:
    return RegistrySettings(host, f"https://{host}", login=login)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "ghcr.io: {username: u, password: p}",
            RegistrySettings("ghcr.io", "https://ghcr.io", "u", PASSWORD),
        ),
        ("r:50: {plain_http: true}", RegistrySettings("r:50", "http://r:50", plain_http=True)),
        (
            "r.local: {plain_http: true, url: 'http://10.0.0.5:5000/'}",
            RegistrySettings("r.local", "http://10.0.0.5:5000", plain_http=True),
        ),
        (
            "r.local: {url: 'http://127.0.0.1:5000'}",
            RegistrySettings("r.local", "http://127.0.0.1:5000", plain_http=True),
        ),
        ("docker.io: {}", RegistrySettings("docker.io", "https://registry-1.docker.io")),
        (
            "r.io: {token_hosts: [a.io], docker_credentials: false}",
            RegistrySettings("r.io", "https://r.io", docker_credentials=False, token_hosts=("a.io",)),
        ),
        (
            "r.io: {mirrors: [https://m.io/], poll: 1h, rate: {per_second: 0.5, burst: 40}, connections: 4}",
            RegistrySettings(
                *("r.io", "https://r.io"),
                mirrors=("https://m.io",),
                poll=timedelta(hours=1),
                rate=Rate(0.5, 40),
                connections=4,
            ),
        ),
        (
            "h.io: {username: 'robot$library+ci', password: p}",
            RegistrySettings("h.io", "https://h.io", "robot$library+ci", PASSWORD),
        ),
        ("r.io: {proxy: environment}", RegistrySettings("r.io", "https://r.io", proxy="environment")),
        (
            "r.io: {proxy: 'http://u:p@proxy:3128'}",
            RegistrySettings("r.io", "https://r.io", proxy=SecretStr("http://u:p@proxy:3128")),
        ),
        (
            "docker.io: {hub_api: true, connections: 1}",
            RegistrySettings("docker.io", "https://registry-1.docker.io", hub_api=True, connections=1),
        ),
        (
            "r.io: {pull_secret: cd/pull-secret}",
            RegistrySettings("r.io", "https://r.io", pull_secret=PullSecretSettings("cd", "pull-secret")),
        ),
        (
            "r.io: {pull_secret: {secret: cd/pull, context: prod}}",
            RegistrySettings(
                "r.io", "https://r.io", pull_secret=PullSecretSettings("cd", "pull", None, "prod")
            ),
        ),
        ("eu.gcr.io: {login: gar}", _cloud("eu.gcr.io", GarLoginSettings())),
        (
            "acme.azurecr.io: {login: {kind: acr, client_id: id, tenant: t}}",
            _cloud("acme.azurecr.io", AcrLoginSettings("id", "t")),
        ),
        (f"{_ECR}: {{login: ecr}}", _cloud(_ECR, EcrLoginSettings("eu-central-1"))),
        (
            f"{_ECR}: {{login: {{kind: ecr, role: 'arn:aws:iam::1:role/pull', profile: prod}}}}",
            _cloud(_ECR, EcrLoginSettings("eu-central-1", profile="prod", role="arn:aws:iam::1:role/pull")),
        ),
        (
            "vpce-1.example.com: {login: {kind: ecr, region: eu-west-1}}",
            _cloud("vpce-1.example.com", EcrLoginSettings("eu-west-1")),
        ),
        (
            "public.ecr.aws: {login: ecr}",
            _cloud("public.ecr.aws", EcrLoginSettings("us-east-1", is_public=True)),
        ),
    ],
)
def test_a_registry_answers_at_its_host_unless_told_otherwise(
    line: str, expected: RegistrySettings, tmp_path: Path
) -> None:
    found = load_text(tmp_path, f"{SMALL}registries: {{{line}}}\n").registries
    assert found[expected.host] == expected
    assert "docker.io" in found


def test_paths_are_relative_to_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-")
    text = changed(
        ("git:/srv/git/infra.git", "git:repositories/infra.git"),
        ("{kind: simulated}", "{url: https://a.example.com/argo/, token: t, ca_file: ca.pem}"),
    )
    more = "store: sqlite:///state/tagboat.db\ncache: /var/cache/tagboat\n"
    (tmp_path / "sa.json").write_text("-")
    (tmp_path / "kube.yaml").write_text("-")
    registries = (
        "registries:\n"
        "  images.local: {kind: oci-layout, path: ./images}\n"
        "  quay.io: {docker_config: docker/config.json}\n"
        "  gcr.io: {login: {kind: gar, key_file: sa.json}}\n"
        "  r.io: {pull_secret: {secret: cd/pull, kubeconfig: kube.yaml}}\n"
    )
    found = load_text(tmp_path, text + more + registries)
    assert found.registries["quay.io"] == RegistrySettings(
        "quay.io", "https://quay.io", docker_config=tmp_path / "docker/config.json"
    )
    assert found.registries["gcr.io"] == _cloud("gcr.io", GarLoginSettings(tmp_path / "sa.json"))
    assert found.registries["r.io"] == RegistrySettings(
        "r.io", "https://r.io", pull_secret=PullSecretSettings("cd", "pull", tmp_path / "kube.yaml")
    )
    assert found.store.get_secret_value() == f"sqlite:///{tmp_path}/state/tagboat.db"
    assert found.cache == Path("/var/cache/tagboat")
    assert found.registries["images.local"] == LayoutSettings("images.local", tmp_path / "images")
    argocd = found.argocd["demo"]
    assert isinstance(argocd, ArgoCDSettings)
    assert (argocd.url, argocd.ca_file) == ("https://a.example.com/argo", tmp_path / "ca.pem")
    pipeline = found.pipelines["web"]
    assert pipeline.repository.path == f"{tmp_path}/repositories/infra.git"
    assert pipeline.repository_urls == (pipeline.repository.path,)


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ("sqlite:////var/lib/t.db", "sqlite:////var/lib/t.db"),
        ("sqlite:///t.db?timeout=3", "sqlite:///{folder}/t.db?timeout=3"),
        ("postgresql://u:p@h:5432/t", "postgresql://u:p@h:5432/t"),
    ],
)
def test_the_store_is_a_file_or_a_server(store: str, expected: str, tmp_path: Path) -> None:
    found = load_text(tmp_path, f"store: {store}\n{SMALL}").store.get_secret_value()
    assert found == expected.format(folder=tmp_path)


@pytest.mark.parametrize(
    "broker", ["redis://h", "rediss://u:p@h:6380/1", "sentinel://a:26379;sentinel://b:26379"]
)
def test_the_broker_may_be_redis(broker: str, tmp_path: Path) -> None:
    assert load_text(tmp_path, f"broker: {broker}\n{SMALL}").broker.get_secret_value() == broker


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ("https://api.github.com", "https://github.com/acme/infra.git"),
        ("https://github.corp.example/api/v3", "https://github.corp.example/acme/infra.git"),
        ("https://github.corp.example/api/v3/", "https://github.corp.example/acme/infra.git"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/acme/infra.git"),
        ("http://127.0.0.1:4001", "http://127.0.0.1:4001/acme/infra.git"),
    ],
)
def test_argocd_knows_a_repository_by_its_clone_address(api: str, expected: str, tmp_path: Path) -> None:
    text = changed(
        ("git:/srv/git/infra.git", "github:acme/infra\n    argocd_urls: [git@github.com:acme/infra]"),
        ("token: t}", f"token: t, url: {api}}}"),
    )
    assert load_text(tmp_path, text).pipelines["web"].repository_urls == (
        expected,
        "git@github.com:acme/infra",
    )


@pytest.mark.parametrize(
    "path",
    [
        "https://git.example.com/infra.git",
        "ssh://git@h:22/infra",
        "git@h:acme/infra.git",
        "file:///srv/i.git",
    ],
)
def test_plain_git_takes_urls_as_well_as_paths(path: str, tmp_path: Path) -> None:
    pipeline = load_text(tmp_path, changed(("git:/srv/git/infra.git", f"git:{path}"))).pipelines["web"]
    assert (pipeline.repository.path, pipeline.repository_urls) == (path, (path,))


def test_http_is_for_those_who_allow_it(tmp_path: Path) -> None:
    text = changed(("{kind: git}", "{kind: git, allow_http: true}"), ("git:/srv/git", "git:http://h"))
    found = load_text(tmp_path, text)
    assert found.forges["git"] == GitSettings("git", allow_http=True)
    assert found.pipelines["web"].repository.path == "http://h/infra.git"


def test_several_images_stand_where_each_says(tmp_path: Path) -> None:
    images = (
        "{web: {image: acme/web, write: {tag: web.tag, digest: web.digest}}, "
        "api: {image: acme/api, write: {reference: api.image}}}"
    )
    values = "[a.yaml, {file: b.yaml, image: api, write: {tag: api.tag}}, {file: c.yaml, image: web}]"
    text = changed(("{web: acme/web}", images), ("values: dev.yaml", f"values: {values}"))
    (dev,) = load_text(tmp_path, text).pipelines["web"].environments
    assert dev.targets == (
        Target("web", "a.yaml", HelmValues(tag="web.tag", digest="web.digest")),
        Target("api", "a.yaml", HelmValues(reference="api.image")),
        Target("api", "b.yaml", HelmValues(tag="api.tag")),
        Target("web", "c.yaml", HelmValues(tag="web.tag", digest="web.digest")),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("main/web", Application("main", "web")),
        ("[demo/web]", Application("demo", "web")),
        (
            "{instance: main, name: web, namespace: apps, project: shop}",
            Application("main", "web", "apps", "shop"),
        ),
        ("{name: main/web}", Application("main", "web")),
    ],
)
def test_an_application_names_its_argocd(written: str, expected: Application, tmp_path: Path) -> None:
    text = changed(
        ("{demo: {kind: simulated}}", "{demo: {kind: simulated}, main: {url: https://a, token: t}}"),
        ("argocd: web-dev", f"argocd: {written}"),
    )
    assert load_text(tmp_path, text).pipelines["web"].environments[0].applications == (expected,)


def test_an_environment_may_go_without_argocd(tmp_path: Path) -> None:
    text = changed((", argocd: web-dev", ""), ("argocd: {demo: {kind: simulated}}", "poll: 1m"))
    assert load_text(tmp_path, text).pipelines["web"].environments[0].applications == ()


def test_webhooks_have_endpoints(tmp_path: Path) -> None:
    text = changed(("token: t}", "token: t, webhook_secret: [new, old]}")) + (
        "webhooks:\n"
        "  hub: {sender: dockerhub, secret: s}\n"
        "  own: {sender: distribution, authorization: Bearer b, registry: docker.io}\n"
    )
    assert load_text(tmp_path, text).endpoints == {
        "github": EndpointSettings("github", "github", (SecretStr("new"), SecretStr("old"))),
        "hub": EndpointSettings("hub", "dockerhub", (SecretStr("s"),), proof=Proof.ADDRESS),
        "own": EndpointSettings(
            "own", "distribution", (SecretStr("Bearer b"),), "docker.io", proof=Proof.TOKEN
        ),
    }


def test_a_github_app_takes_the_place_of_a_token(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n")
    app = 'app: {id: "${ID}", private_key: "${file:app.pem}", installation_id: 7}}'
    found = load_text(tmp_path, changed(("token: t}", app)), {"ID": "12"}).forges["github"]
    assert isinstance(found, GitHubSettings)
    assert (found.app_id, found.installation_id, found.token) == (12, 7, None)
    assert found.private_key is not None
    assert found.private_key.get_secret_value().endswith("END RSA PRIVATE KEY-----")


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("0.0.0.0:80", "0.0.0.0", 80), ("'[::1]:8080'", "::1", 8080), ("localhost:65535", "localhost", 65535)],
)
def test_the_page_listens_where_it_is_told(listen: str, host: str, port: int, tmp_path: Path) -> None:
    web = load_text(tmp_path, f"{SMALL}web: {{listen: {listen}, url: 'https://t.example.com/'}}\n").web
    assert web == WebSettings(host, port, "https://t.example.com")


@pytest.mark.parametrize(
    ("alias", "strategy"), [("latest", Strategy.NEWEST_BUILD), ("name", Strategy.ALPHABETICAL)]
)
def test_strategies_of_argocd_image_updater_are_known(alias: str, strategy: Strategy, tmp_path: Path) -> None:
    text = changed(("web: acme/web", f"web: {{image: acme/web, strategy: {alias}}}"))
    assert load_text(tmp_path, text).pipelines["web"].images[0].policy.strategy is strategy


@st.composite
def _graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Environments in any order of the file; each comes after some of a hidden order's earlier ones."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
    graph = {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        for place, name in enumerate(names)
    }
    return {name: graph[name] for name in draw(st.permutations(names))}


@settings(max_examples=40, deadline=None)
@given(_graphs())
def test_environments_come_upstream_first_and_else_as_written(
    tmp_path_factory: pytest.TempPathFactory, graph: dict[str, list[str]]
) -> None:
    written = ", ".join(
        f"{name}: {{values: {name}.yaml, after: [{', '.join(after)}]}}" for name, after in graph.items()
    )
    text = changed((ENVIRONMENTS, f"{{{written}}}"))
    folder = tmp_path_factory.mktemp("graph")
    ordered = [each.name for each in load_text(folder, text).pipelines["web"].environments]
    assert sorted(ordered) == sorted(graph)
    assert all(ordered.index(up) < ordered.index(name) for name, after in graph.items() for up in after)
    # Of those that could come next, the one written first does.
    for place, name in enumerate(ordered):
        free = [
            each for each in graph if each not in ordered[:place] and set(graph[each]) <= set(ordered[:place])
        ]
        assert name == free[0]
