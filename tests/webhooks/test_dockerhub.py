"""Docker Hub: names, tags and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.webhooks.reader import Reading, Rejected, Request
from bot.webhooks.senders import read
from tests.webhooks.deliveries import SECRET, authentic, endpoint, outcome

TYPE = {"Content-Type": "application/json"}
REPOSITORY = {"name": "app", "namespace": "team", "repo_name": "team/app"}
BAD_NAME = "repository is not a valid repository name"
BAD_TAG = "tag is not a valid tag"


def _read(push_data: object, repository: object, **changed: Any) -> Reading | Rejected:
    body = json.dumps({"push_data": push_data, "repository": repository}).encode()
    return read(authentic("dockerhub", body, headers=TYPE), endpoint("dockerhub", **changed))


NAMES = {
    "both names": ({"repo_name": "team/app", "namespace": "x", "name": "y"}, "team/app"),
    "empty repo_name": ({"repo_name": "", "namespace": "team", "name": "app"}, "team/app"),
    "null repo_name": ({"repo_name": None, "namespace": "team", "name": "app"}, "team/app"),
    "one part": ({"repo_name": "app"}, "library/app"),
    "library": ({"repo_name": "library/app"}, "library/app"),
    "dots in the name": ({"repo_name": "team/app.v2_x-y"}, "team/app.v2_x-y"),
}
BAD_REPOSITORIES = {
    "null": (None, "repository is not an object"),
    "nothing in it": ({}, "repository is empty"),
    "empty names": ({"repo_name": "", "namespace": "", "name": ""}, "repository is empty"),
    "a number": ({"repo_name": 1}, "repo_name is not text"),
    "absolute": ({"repo_name": "/etc/passwd"}, BAD_NAME),
    "parent": ({"repo_name": "../app"}, BAD_NAME),
    "double slash": ({"repo_name": "team//app"}, BAD_NAME),
    "three parts": ({"repo_name": "team/app/x"}, BAD_NAME),
    "host": ({"repo_name": "evil.example.com/app"}, BAD_NAME),
    "host and port": ({"repo_name": "localhost:5000/app"}, BAD_NAME),
    "capitals": ({"repo_name": "Team/App"}, BAD_NAME),
    "newline": ({"repo_name": "team/app\n"}, BAD_NAME),
    "look-alike": ({"repo_name": "team/\u0430pp"}, BAD_NAME),
    "tag in it": ({"repo_name": "team/app:1"}, BAD_NAME),
    "too long": ({"repo_name": "a" * 300}, BAD_NAME),
    "blank name": ({"namespace": "team", "name": ""}, None),
}
BAD_TAGS = {
    "empty": ("", BAD_TAG),
    "digest": ("sha256:" + "a" * 64, BAD_TAG),
    "with a digest": ("1.0@sha256:" + "a" * 64, BAD_TAG),
    "dash first": ("-x", BAD_TAG),
    "blank first": (" 1.0", BAD_TAG),
    "newline last": ("1.0\n", BAD_TAG),
    "full-width digits": ("\uff11.0", BAD_TAG),
    "lone surrogate": ("1\ud800", BAD_TAG),
    "mark-up": ("[x](http://e)", BAD_TAG),
    "too long": ("1" * 129, BAD_TAG),
    "list": (["1.0"], "tag is not text"),
    "true": (True, "tag is not text"),
    "null": (None, "tag is not text"),
    "number": (1.0, "tag is not text"),
}


@pytest.mark.parametrize(("repository", "path"), NAMES.values(), ids=NAMES)
def test_the_name_is_repo_name_or_else_its_parts(repository: object, path: str) -> None:
    (found,) = outcome(_read({"tag": "1.0"}, repository))
    assert (found["registry"], found["repository"]) == ("docker.io", path)


@pytest.mark.parametrize(("repository", "reason"), BAD_REPOSITORIES.values(), ids=BAD_REPOSITORIES)
def test_a_bad_name_is_refused(repository: object, reason: str | None) -> None:
    if reason is None:
        (found,) = outcome(_read({"tag": "1.0"}, repository))
        assert found["repository"] == "library/team"
    else:
        assert _read({"tag": "1.0"}, repository) == Rejected(400, reason)


@pytest.mark.parametrize(("tag", "reason"), BAD_TAGS.values(), ids=BAD_TAGS)
def test_a_bad_tag_is_refused(tag: object, reason: str) -> None:
    assert _read({"tag": tag}, REPOSITORY) == Rejected(400, reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "missing push_data"),
        ({"push_data": {}}, "missing push_data.tag"),
        ({"push_data": "x"}, "push_data is not an object"),
        ({"push_data": {"tag": "1"}}, "missing repository"),
    ],
)
def test_what_is_missing_is_named_by_its_path(body: object, reason: str) -> None:
    request = authentic("dockerhub", json.dumps(body).encode(), headers=TYPE)
    assert read(request, endpoint("dockerhub")) == Rejected(400, reason)


def test_an_image_that_nobody_watches_is_ignored() -> None:
    (found,) = outcome(_read({"tag": "1.0"}, REPOSITORY, images=frozenset()))
    assert found == {
        "kind": "ignored",
        "reason": "image is not configured",
        "registry": "docker.io",
        "repository": "team/app",
    }


def test_two_pushes_of_one_tag_are_two_deliveries() -> None:
    first, second = (_read({"tag": "1.0", "pushed_at": at}, REPOSITORY) for at in (1, 2))
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert first.delivery_key != second.delivery_key


def test_a_compressed_body_is_refused_unopened() -> None:
    headers = {**TYPE, "Content-Encoding": "gzip"}
    refusal = read(authentic("dockerhub", b"\x1f\x8b", headers=headers), endpoint("dockerhub"))
    assert refusal == Rejected(415, "content encoding not accepted")


@pytest.mark.parametrize(("size", "status"), [(100, 400), (101, 413)], ids=["at the limit", "over the limit"])
def test_a_body_over_the_limit_is_refused(size: int, status: int) -> None:
    refusal = read(authentic("dockerhub", b"x" * size, headers=TYPE), endpoint("dockerhub", body_limit=100))
    assert isinstance(refusal, Rejected)
    assert refusal.status == status


def test_the_secret_counts_in_the_address_only() -> None:
    request = Request({"Authorization": SECRET, "Content-Type": "application/json"}, b"{}")
    assert read(request, endpoint("dockerhub")) == Rejected(401, "no secret in the address")
