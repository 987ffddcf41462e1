"""GHCR: where an image is said to be, and which digest counts."""

from __future__ import annotations

from typing import Any

import pytest

from bot.webhooks.reader import Reading, Rejected
from bot.webhooks.senders import read
from tests.webhooks.deliveries import endpoint, outcome, sample

GIVEN = sample("ghcr_package_published")
GOOD, OTHER = "sha256:" + "a1" * 32, "sha256:" + "b2" * 32


def _read(version: dict[str, Any], **package: Any) -> Reading | Rejected:
    """The sample with fields of its version and package set; `...` takes one out."""
    given = GIVEN.body["package"]
    merged = {**given["package_version"], **version}
    kept = {key: value for key, value in merged.items() if value is not ...}
    return read(
        GIVEN.request({**GIVEN.body, "package": {**given, "package_version": kept, **package}}),
        endpoint("ghcr"),
    )


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("ghcr.io/acme/web:1.4.2", "acme/web"),
        ("ghcr.io/Acme/Web:", "acme/web"),
        ("GHCR.IO/acme/nested/web", "acme/nested/web"),
        (f"ghcr.io/acme/web@{GOOD}", "acme/web"),
        (f"ghcr.io/acme/web:1.4.2@{GOOD}", "acme/web"),
    ],
)
def test_the_image_is_where_it_is_pulled_from(url: str, repository: str) -> None:
    (found,) = outcome(_read({"package_url": url}))
    assert (found["registry"], found["repository"]) == ("ghcr.io", repository)


@pytest.mark.parametrize(
    ("version", "reason", "status"),
    [
        ({"package_url": "evil.example.com/a/b:1"}, "registry host is not a configured registry", 403),
        ({"package_url": "169.254.169.254/a/b:1"}, "registry host is not a configured registry", 403),
        ({"package_url": "https://ghcr.io/a/b"}, "registry host is not valid", 403),
        ({"package_url": "ghcr.io"}, "repository is not a valid repository name", 400),
        ({"package_url": "ghcr.io/a//b:1"}, "repository is not a valid repository name", 400),
        ({"package_url": "ghcr.io/acme/\u212aube:1"}, "repository is not a valid repository name", 400),
        ({"package_url": 1}, "package_url is not text", 400),
        ({"package_url": ..., "installation_command": "x"}, "missing package_version.package_url", 400),
        ({"package_url": ..., "installation_command": ...}, "missing package_version.package_url", 400),
        ({"container_metadata": {"tag": {"name": "a b"}}}, "tag is not a valid tag", 400),
        ({"container_metadata": {"tag": {"name": 1}}}, "name is not text", 400),
        ({"container_metadata": []}, "container_metadata is not an object", 400),
    ],
)
def test_a_forged_or_broken_version_is_refused(version: dict[str, Any], reason: str, status: int) -> None:
    assert _read(version) == Rejected(status, reason)


@pytest.mark.parametrize(
    ("tag", "manifest", "version", "digest"),
    [
        (GOOD, OTHER, OTHER, GOOD),
        ("", GOOD, OTHER, GOOD),
        (None, None, GOOD, GOOD),
        ("sha256:short", GOOD, GOOD, None),
        (None, None, "1.4.2", None),
        (None, None, None, None),
    ],
    ids=["of the tag", "of the manifest", "of the version", "malformed", "version is no digest", "none"],
)
def test_the_digest_is_that_of_the_tag_or_else_of_the_manifest_or_the_version(
    tag: str | None, manifest: str | None, version: str | None, digest: str | None
) -> None:
    metadata = {"tag": {"name": "1.4.2", "digest": tag}, "manifest": {"digest": manifest}}
    (found,) = outcome(_read({"version": version, "container_metadata": metadata}))
    assert (found["kind"], found["digest"]) == ("image_pushed", digest)


def test_without_metadata_a_push_is_untagged() -> None:
    (found,) = outcome(_read({"container_metadata": None}))
    assert (found["kind"], found["reason"], found["digest"]) == ("ignored", "untagged", GOOD)


@pytest.mark.parametrize(
    ("package", "kind"),
    [
        ({"registry": {"type": "CONTAINER"}, "package_type": "npm"}, "image_pushed"),
        ({"registry": {"type": "docker"}}, "image_pushed"),
        ({"registry": {"type": "maven"}, "package_type": "container"}, "ignored"),
        ({"registry": None, "package_type": "container"}, "image_pushed"),
        ({"registry": None, "package_type": "npm"}, "ignored"),
        ({"registry": None, "package_type": None}, "ignored"),
    ],
)
def test_the_registry_decides_what_is_a_container(package: dict[str, Any], kind: str) -> None:
    (found,) = outcome(_read({}, **package))
    assert found["kind"] == kind


def test_an_image_that_nobody_watches_is_ignored() -> None:
    (found,) = outcome(read(GIVEN.request(), endpoint("ghcr", images=frozenset())))
    assert (found["kind"], found["reason"]) == ("ignored", "image is not configured")
