"""How the Image Updater is set up is carried over or told, and no secret of it is shown."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from bot.configuration.settings import RegistrySettings
from bot.importing.draft import rendered
from tests.importing.samples import application, carry, loaded

_WATCHED = application("web", {"image-list": "web=ghcr.io/acme/web", "write-back-method": "git"})
_NAME = "argocd-image-updater-config"


def _config(**data: str) -> str:
    head = f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {_NAME}, namespace: argocd}}\n"
    return f"{head}data: {json.dumps(data)}\n"


def _registries(text: str) -> str:
    return _config(**{"registries.conf": f"registries:\n{textwrap.dedent(text)}"})


def test_the_author_of_commits_is_carried_over(tmp_path: Path) -> None:
    done = carry(_WATCHED, _config(**{"git.user": "Bot", "git.email": "bot@example.com"}))
    author = loaded(done.draft, tmp_path).author
    assert (author.name, author.email, done.lost) == ("Bot", "bot@example.com", ())


def test_registries_are_carried_over(tmp_path: Path) -> None:
    done = carry(
        _WATCHED,
        _registries(
            """
            - {name: Mine, prefix: reg.example.com, api_url: 'https://api.example.com', limit: 20,
               credentials: 'pullsecret:argocd/mine', ping: no}
            - {name: Hub, api_url: 'https://registry-1.docker.io', prefix: docker.io}
            """
        ),
    )
    assert done.lost == ()
    registry = loaded(done.draft, tmp_path).registries["reg.example.com"]
    assert isinstance(registry, RegistrySettings)
    assert registry.url == "https://api.example.com"
    assert registry.pull_secret is not None
    assert registry.rate is not None


def test_the_login_of_an_image_goes_before_that_of_its_registry(tmp_path: Path) -> None:
    watched = application(
        "web",
        {
            "image-list": "web=ghcr.io/acme/web",
            "write-back-method": "git",
            "web.pull-secret": "pullsecret:argocd/own",
        },
    )
    done = carry(watched, _registries("- {prefix: ghcr.io, credentials: 'env:ALL', limit: 5}\n"))
    registry = loaded(done.draft, tmp_path).registries["ghcr.io"]
    assert isinstance(registry, RegistrySettings)
    assert registry.pull_secret is not None
    assert registry.username == ""
    assert registry.rate is not None


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (
            _config(**{"git.commit-message-template": "x"}),
            "template: write one under pull_request, as message",
        ),
        (_config(**{"git.commit-sign-off": "true"}), "git.commit-sign-off: write {commit: {sign_off: true}}"),
        (_config(**{"git.commit-signing-key": "x"}), "git.commit-signing-key: the host signs"),
        (_config(**{"git.commit-signing-method": "x"}), "git.commit-signing-method: the host signs"),
        (_config(interval="2m"), "interval: webhooks wake Tagboat"),
        (_config(**{"log.level": "debug"}), "log.level: it is about the Image Updater's own process"),
        (_config(**{"registries.conf": "["}), "registries.conf: it is no YAML"),
        (_registries("- {name: x}\n"), "registries.conf: x: nothing says its host"),
        (_registries("- {prefix: a.b, insecure: yes}\n"), "a.b: insecure: certificates are always checked"),
        (_registries("- {prefix: a.b, credsexpire: 10h}\n"), "a.b: credsexpire: logins are read again"),
        (
            _registries("- {prefix: a.b, tagsortmode: latest-first}\n"),
            "a.b: tagsortmode: tags are put in order",
        ),
        (
            _registries("- {prefix: a.b, default: true}\n"),
            "a.b: default: an image without a host is on Docker Hub",
        ),
        (_registries("- {prefix: a.b, defaultns: library}\n"), "a.b: defaultns: write the namespace"),
        (_registries("- {prefix: a.b, x: y}\n"), "a.b: x: it is no setting that is known here"),
        (_registries("- {prefix: a.b, credentials: 'secret:s#f'}\n"), "a.b: credentials: set A_B_USERNAME"),
    ],
)
def test_what_of_it_has_no_place_is_told(document: str, says: str, tmp_path: Path) -> None:
    done = carry(_WATCHED, document)
    assert [line for line in done.lost if says in line], done.lost
    assert loaded(done.draft, tmp_path).pipelines


def test_secrets_are_named_and_never_shown(tmp_path: Path) -> None:
    secret = (
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: argocd-image-updater-secret}\n"
        "data: {webhook.ghcr-secret: Y2FuYXJ5, argocd.token: Y2FuYXJ5}\nstringData: {other: canary}\n"
    )
    done = carry(_WATCHED, secret)
    assert done.draft is not None
    assert loaded(done.draft, tmp_path).pipelines
    assert [line.partition(": ")[2] for line in done.lost] == [
        "argocd.token: write a token of Argo CD's under argocd",
        "other: it is about the Image Updater's own process",
        "webhook.ghcr-secret: write it as the secret of an endpoint under webhooks",
    ]
    assert "canary" not in rendered(done.draft)
    assert "Y2FuYXJ5" not in rendered(done.draft)
