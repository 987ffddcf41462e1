"""GitLab, Gitea, Forgejo and Bitbucket: whose repository it is, and the shapes that are refused."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.domain.proof import Proof
from bot.webhooks.reader import Reading, Rejected, Request, Secret
from bot.webhooks.senders import read
from tests.webhooks import tokens
from tests.webhooks.deliveries import NOW, SECRET, authentic, changed, endpoint, outcome, sample, signature

NOT_CONFIGURED = "is not a configured repository"
PLACES = {
    "gitlab_push": "project.git_http_url",
    "gitlab_merge_request_open": "project.git_http_url",
    "gitlab_pipeline": "project.git_http_url",
    "gitlab_note_commit": "project.git_http_url",
    "gitea_push": "repository.clone_url",
    "gitea_pull_request_synchronized": "repository.clone_url",
    "gitea_create_tag": "repository.clone_url",
    "gitea_delete_branch": "repository.clone_url",
    "gitea_status": "repository.clone_url",
    "gitea_comment": "repository.clone_url",
    "forgejo_push": "repository.clone_url",
    "bitbucket_push": "repository.links.html.href",
    "bitbucket_pullrequest_created": "repository.links.html.href",
    "bitbucket_status": "repository.links.html.href",
    "bitbucket_comment": "repository.links.html.href",
    "bitbucket_refs_changed": "repository.slug",
    "bitbucket_pr_opened": "pullRequest.toRef.repository.slug",
    "bitbucket_pr_comment": "pullRequest.toRef.repository.slug",
}


def _read(name: str, path: str, value: object) -> Reading | Rejected:
    given = sample(name)
    return read(given.request(changed(name, {path: value})), endpoint(given.sender))


@pytest.mark.parametrize(("name", "path"), PLACES.items(), ids=PLACES)
@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.example.com/acme/other.git",
        "https://gitlab.example.com.evil.example.com/acme/infra.git",
        "http://169.254.169.254/acme/infra.git",
        "file:///etc",
        "--upload-pack=id",
        "../infra",
        "",
    ],
)
def test_an_event_of_a_repository_that_is_not_configured_is_refused(name: str, path: str, url: str) -> None:
    reading = _read(name, path, url)
    assert isinstance(reading, Rejected)
    assert reading.status == 400
    assert reading.reason.endswith(NOT_CONFIGURED)


@pytest.mark.parametrize(
    ("name", "path"), [each for each in PLACES.items() if "url" in each[1] or "href" in each[1]]
)
def test_an_address_with_a_login_is_refused_before_it_is_shown_anywhere(name: str, path: str) -> None:
    reading = _read(name, path, "https://token:canary@gitlab.example.com/acme/infra.git")
    assert isinstance(reading, Rejected)
    assert reading.reason.endswith("carries credentials")
    assert "canary" not in reading.reason


BAD = {
    "gitlab: ref is an option": ("gitlab_push", "ref", "--upload-pack=id", "ref is not a ref"),
    "gitlab: path of another project": (
        "gitlab_push",
        "project.path_with_namespace",
        "acme/other",
        "path_with_namespace and git_http_url disagree",
    ),
    "gitlab: no kind": ("gitlab_merge_request_open", "object_kind", ..., "missing event_name"),
    "gitlab: a request without a state": (
        "gitlab_merge_request_open", "object_attributes.state", ..., "missing state",
    ),
    "gitlab: iid is a text": (
        "gitlab_merge_request_open", "object_attributes.iid", "12", "iid is not a whole number",
    ),
    "gitlab: a pipeline without a commit": (
        "gitlab_pipeline", "object_attributes.sha", "0" * 40, "sha is not a commit id",
    ),
    "gitea: kind of ref unknown": ("gitea_create_tag", "ref_type", "note", "ref is not a ref"),
    "gitea: ref climbs": ("gitea_delete_branch", "ref", "../../config", "ref is not a ref"),
    "gitea: a path is a number": ("gitea_push", "commits", [{"added": [1]}], "a path is not text"),
    "gitea: package without a page": (
        "gitea_package", "package.html_url", "javascript:x", "registry host is not valid",
    ),
    "gitea: package at another host": (
        "gitea_package", "package.html_url", "https://evil.example.com/x",
        "registry host is not a configured registry",
    ),
    "gitea: package of a name that is none": (
        "gitea_package", "package.name", "a\nb", "repository is not a valid repository name",
    ),
    "bitbucket: no changes": ("bitbucket_push", "push.changes", [], "no changes"),
    "bitbucket: too many changes": ("bitbucket_push", "push.changes", [{}] * 101, "too many changes"),
    "bitbucket: changes are numbers": ("bitbucket_push", "push.changes", [1], "a change is not an object"),
    "bitbucket: status of no commit": (
        "bitbucket_status", "commit_status.links", {}, "missing commit_status.commit.hash",
    ),
    "bitbucket: head is no branch": (
        "bitbucket_pr_opened", "pullRequest.fromRef.id", "HEAD", "ref is not a ref",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "path", "value", "reason"), BAD.values(), ids=BAD)
def test_a_body_of_the_wrong_shape_is_refused(name: str, path: str, value: object, reason: str) -> None:
    reading = _read(name, path, value)
    assert isinstance(reading, Rejected)
    assert reading.reason == reason


def test_a_bad_change_does_not_take_the_others_of_its_push_with_it() -> None:
    facts = outcome(_read("bitbucket_push", "push.changes.1.new.name", "a..b"))
    assert [fact["kind"] for fact in facts] == ["git_push", "ignored", "git_push"]
    assert facts[1]["reason"] == "ref is not a ref"


class TestGitLab:
    def _signed(self, **headers: str) -> Request:
        body = json.dumps(sample("gitlab_push").body).encode()
        signed = tokens.standard_headers(body, at=NOW)
        return Request({"Content-Type": "application/json", **signed, **headers}, body, received_at=NOW)

    def _endpoint(self, *secrets: str, **changed: Any) -> Any:
        return endpoint("gitlab", secrets=tuple(map(Secret.of, secrets)), **changed)

    def test_a_signing_token_is_checked_and_its_id_is_the_deliverys(self) -> None:
        request = self._signed()
        reading = read(request, self._endpoint(tokens.SIGNING_SECRET))
        assert isinstance(reading, Reading)
        assert reading.delivery_key == request.header("webhook-id")

    def test_once_a_signing_token_is_set_a_plain_token_lets_nobody_in(self) -> None:
        request = authentic(
            "gitlab", json.dumps(sample("gitlab_push").body).encode(), headers=sample("gitlab_push").headers
        )
        both = self._endpoint(SECRET, tokens.SIGNING_SECRET)
        assert read(request, self._endpoint(SECRET)) != Rejected(401, "no signature")
        assert read(request, both) == Rejected(401, "no signature")
        assert read(request, self._endpoint(SECRET, proof=Proof.STANDARD)) == Rejected(401, "no signature")

    def test_a_recorded_request_is_refused(self) -> None:
        old = self._signed()
        late = Request(old.headers, old.body, received_at=NOW + timedelta(minutes=6))
        assert read(late, self._endpoint(tokens.SIGNING_SECRET)) == Rejected(401, "timestamp too old")

    def test_a_signing_token_is_never_taken_for_the_registrys_header(self) -> None:
        given = sample("gitlab_registry")
        body = given.request().body
        headers = {**given.headers, "Authorization": tokens.SIGNING_SECRET}
        assert read(Request(headers, body), self._endpoint(tokens.SIGNING_SECRET)) == Rejected(
            401, "token does not match"
        )

    def test_what_the_registry_cannot_make_right_is_answered_so_that_it_is_not_sent_again(self) -> None:
        given = sample("gitlab_registry")
        request = Request({**given.headers, "Authorization": SECRET}, b"{}")
        assert read(request, self._endpoint(SECRET)) == Rejected(202, "missing events")

    def test_a_registry_that_names_no_host_is_known_by_the_endpoints(self) -> None:
        body = {"events": [{"action": "push", "target": {"tag": "1.1.0", "repository": "acme/web"}}]}
        request = sample("gitlab_registry").request(body)
        (fact,) = outcome(read(request, endpoint("gitlab", registry="registry.gitlab.example.com")))
        assert (fact["registry"], fact["repository"], fact["tag"]) == (
            "registry.gitlab.example.com",
            "acme/web",
            "1.1.0",
        )

    @pytest.mark.parametrize(
        ("number", "state"), [(1, "opened"), (2, "closed"), (3, "merged"), (9, "unknown")]
    )
    def test_an_older_one_tells_the_state_by_its_number(self, number: int, state: str) -> None:
        body = changed("gitlab_merge_request_approved", {"object_attributes.state": ...})
        body["object_attributes"]["state_id"] = number
        (fact,) = outcome(read(sample("gitlab_push").request(body), endpoint("gitlab")))
        assert (fact["state"], fact["merged"], fact["action"]) == (state, state == "merged", "edited")

    def test_a_repeat_keeps_its_id_though_the_attempt_has_a_new_one(self) -> None:
        given = sample("gitlab_push")
        request = given.request()
        again = Request(
            {**request.headers, "x-gitlab-webhook-uuid": "another"}, request.body, received_at=NOW
        )
        keys = {self._key(each) for each in (request, again)}
        assert keys == {given.delivery_key}

    def _key(self, request: Request) -> str:
        reading = read(request, endpoint("gitlab"))
        assert isinstance(reading, Reading)
        return reading.delivery_key


class TestGitea:
    def _post(self, headers: dict[str, str], body: bytes = b'{"a": 1}') -> Reading | Rejected:
        return read(Request({"X-Gitea-Event": "wiki", **headers}, body), endpoint("gitea"))

    @pytest.mark.parametrize(
        ("header", "prefix"),
        [("X-Gitea-Signature", ""), ("X-Gogs-Signature", ""), ("X-Hub-Signature-256", "sha256=")],
    )
    def test_any_one_of_its_signatures_is_enough(self, header: str, prefix: str) -> None:
        digest = signature(b'{"a": 1}').removeprefix("sha256=")
        assert isinstance(self._post({header: prefix + digest}), Reading)
        assert self._post({header: prefix + "0" * 64}) == Rejected(401, "signature does not match")

    def test_a_wrong_one_is_not_made_good_by_another(self) -> None:
        good = signature(b'{"a": 1}')
        assert self._post({"X-Gitea-Signature": "0" * 64, "X-Hub-Signature-256": good}) == Rejected(
            401, "signature does not match"
        )

    def test_the_empty_header_of_a_hook_without_a_secret_lets_nobody_in(self) -> None:
        assert self._post({"X-Gitea-Signature": ""}) == Rejected(401, "no signature")

    def test_the_signature_of_a_form_covers_the_text_within(self) -> None:
        body = urlencode({"payload": '{"a": 1}'}).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        digest = signature(b'{"a": 1}').removeprefix("sha256=")
        over_the_form = signature(body).removeprefix("sha256=")
        assert isinstance(self._post({**form, "X-Gitea-Signature": digest}, body), Reading)
        assert self._post({**form, "X-Gitea-Signature": over_the_form}, body) == Rejected(
            401, "signature does not match"
        )

    @pytest.mark.parametrize(
        ("body", "reason"), [(b"a=1", "missing payload"), (b"payload=1&payload=1", "payload given twice")]
    )
    def test_a_form_carries_exactly_one_payload(self, body: bytes, reason: str) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Gitea-Signature": "0" * 64}
        assert self._post(headers, body) == Rejected(400, reason)

    def test_an_event_must_be_named(self) -> None:
        request = Request({"X-Gitea-Signature": signature(b"{}").removeprefix("sha256=")}, b"{}")
        assert read(request, endpoint("gitea")) == Rejected(400, "no X-Gitea-Event header")


class TestForgejo:
    def test_its_own_headers_come_before_the_old_ones(self) -> None:
        given = sample("forgejo_push")
        request = given.request()
        headers = {**request.headers, "X-Gitea-Event": "wiki", "X-Gitea-Delivery": "another"}
        headers["X-Forgejo-Signature"] = headers.pop("x-gitea-signature")
        reading = read(Request(headers, request.body), endpoint("forgejo"))
        assert isinstance(reading, Reading)
        assert (outcome(reading), reading.delivery_key) == (given.expect, given.delivery_key)

    def test_it_is_read_by_the_old_headers_alone_too(self) -> None:
        given = sample("gitea_push")
        body = json.dumps(given.body).replace("gitea.example", "forgejo.example").encode()
        request = authentic("forgejo", body, headers=given.headers)
        (fact,) = outcome(read(request, endpoint("forgejo")))
        assert (fact["kind"], fact["provider"]) == ("git_push", "forgejo")


class TestBitbucket:
    def test_the_digits_that_cloud_gives_of_a_commit_are_no_commit_id(self) -> None:
        whole = "1f" * 20
        reading = _read("bitbucket_pullrequest_created", "pullrequest.source.commit.hash", whole)
        (fact,) = outcome(reading)
        assert (fact["head_sha"], fact["base_sha"]) == (whole, None)

    def test_a_path_that_two_addresses_end_with_is_nobodys(self) -> None:
        two = frozenset({"https://one.example.com/scm/acme/infra", "https://two.example.com/scm/acme/infra"})
        request = sample("bitbucket_refs_changed").request()
        assert read(request, endpoint("bitbucket", repositories=two)) == Rejected(
            400, "repository is not a configured repository"
        )

    def test_sha_1_is_no_signature(self) -> None:
        request = Request({"X-Event-Key": "diagnostics:ping", "X-Hub-Signature": "sha1=" + "0" * 40}, b"{}")
        assert read(request, endpoint("bitbucket")) == Rejected(401, "signature does not match")

    def test_an_event_must_be_named(self) -> None:
        assert read(authentic("bitbucket", b"{}"), endpoint("bitbucket")) == Rejected(
            400, "no X-Event-Key header"
        )
