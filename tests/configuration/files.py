"""Small configurations for tests, and the problems of bad ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.configuration.build import load
from bot.configuration.problems import ConfigurationError, ConfigurationProblem
from bot.configuration.settings import Settings

SIGNING_SECRET = "whsec_dGFnYm9hdC1zaWduaW5nLWtleS1vZi0zMi1ieXRlcyE="
"""A secret of Standard Webhooks."""

NEWCOMER = """\
# yaml-language-server: $schema=./tagboat.schema.json
forges:
  github: {kind: github, token: "${GITHUB_TOKEN}", webhook_secret: "${GITHUB_WEBHOOK_SECRET}"}
argocd:
  main: {url: https://argocd.example.com, token: "${ARGOCD_TOKEN}"}
notify:
  - {kind: slack, token: "${SLACK_BOT_TOKEN}", channel: "#deploys"}

pipelines:
  homepage:
    repository: github:acme/infra
    images:
      web: {image: ghcr.io/acme/homepage, strategy: semver, constraint: ">=1.0 <2"}
    environments:
      dev:     {values: envs/dev/values.yaml, merge: auto, argocd: homepage-dev}
      staging: {after: dev, values: envs/staging/values.yaml, merge: auto, argocd: homepage-staging}
      prod:
        after: staging
        soak: 2h
        values: envs/prod/values.yaml
        merge: manual
        windows:
          - {kind: deny, schedule: "0 16 * * 5", duration: 64h, time_zone: Europe/Paris, reason: weekend}
        argocd: [homepage-prod-eu, homepage-prod-us]
"""
"""What a newcomer writes: the example of the README."""

NEWCOMERS_ENVIRONMENT = {
    "GITHUB_TOKEN": "gh-token",
    "GITHUB_WEBHOOK_SECRET": "hook-secret",
    "ARGOCD_TOKEN": "argo-token",
    "SLACK_BOT_TOKEN": "xoxb-token",
}

SMALL = """\
forges: {git: {kind: git}, github: {kind: github, token: t}}
argocd: {demo: {kind: simulated}}
pipelines:
  web:
    repository: git:/srv/git/infra.git
    images: {web: acme/web}
    environments: {dev: {values: dev.yaml, argocd: web-dev}}
"""
"""A good configuration of a few lines, for tests that add to it or change a word of it."""


def changed(*changes: tuple[str, str]) -> str:
    """SMALL with texts replaced; every one of them must be there."""
    text = SMALL
    for old, new in changes:
        if old not in text:
            raise LookupError(old)
        text = text.replace(old, new)
    return text


def load_text(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """Load one file with this text."""
    file = folder / "tagboat.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, {} if environ is None else environ)


def problems(
    folder: Path, text: str, environ: Mapping[str, str] | None = None
) -> tuple[ConfigurationProblem, ...]:
    """The problems of one file with this text; none when it can be loaded."""
    try:
        load_text(folder, text, environ)
    except ConfigurationError as error:
        return error.problems
    return ()


def told(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The problems as `line:column key: what (fix)`."""
    return [
        str(each).removeprefix(f"{folder / 'tagboat.yaml'}:").replace(": ", " ", 1)
        for each in problems(folder, text, environ)
    ]
