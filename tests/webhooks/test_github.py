"""GitHub: the configured repositories, the shapes that are refused, and forms."""

from __future__ import annotations

import pytest

from bot.webhooks.reader import Reading, Rejected, Request
from bot.webhooks.senders import read
from tests.webhooks.deliveries import authentic, changed, endpoint, outcome, sample, signature

HEADERS = {"Content-Type": "application/json", "X-GitHub-Event": "push"}
EVENTS = [
    *("push", "pull_request_opened", "check_suite_completed", "check_run_completed", "status"),
    *("pull_request_review_submitted", "merge_group_checks_requested"),
]
NOT_CONFIGURED = "clone_url is not a configured repository"


def _read(name: str, path: str, value: object) -> Reading | Rejected:
    given = sample(f"github_{name}")
    return read(given.request(changed(given.name, {path: value})), endpoint("github"))


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://github.com/acme/other.git", NOT_CONFIGURED),
        ("https://github.com.evil.example.com/acme/infra.git", NOT_CONFIGURED),
        ("http://github.com/acme/infra.git", NOT_CONFIGURED),
        ("http://169.254.169.254/acme/infra.git", NOT_CONFIGURED),
        ("file:///etc", NOT_CONFIGURED),
        ("--upload-pack=id", NOT_CONFIGURED),
        ("https://token:x@github.com/acme/infra.git", "clone_url carries credentials"),
        ("https://token@github.com/acme/infra.git", "clone_url carries credentials"),
        (None, "clone_url is not text"),
        (..., "missing repository.clone_url"),
    ],
)
def test_an_event_of_a_repository_that_is_not_configured_is_refused(
    event: str, url: object, reason: str
) -> None:
    assert _read(event, "repository.clone_url", url) == Rejected(400, reason)


def test_the_name_of_a_repository_must_be_that_of_its_address() -> None:
    assert _read("push", "repository.full_name", "evil/infra") == Rejected(
        400, "full_name and clone_url disagree"
    )


def test_a_letter_that_only_looks_like_another_in_lower_case_makes_no_name() -> None:
    given = sample("github_push")
    repository = {"clone_url": "https://github.com/acme/kube.git", "full_name": "acme/\u212aube"}
    request = given.request(changed(given.name, {"repository": repository}))
    known = endpoint("github", repositories=frozenset({"https://github.com/acme/kube"}))
    assert read(request, known) == Rejected(400, "full_name and clone_url disagree")


BAD = {
    "ref missing": ("push", "ref", ..., "missing ref"),
    "ref is an option": ("push", "ref", "--upload-pack=id", "ref is not a ref"),
    "before is a name": ("push", "before", "main", "before is not a commit id"),
    "after in capitals": ("push", "after", "A" * 40, "after is not a commit id"),
    "created is a text": ("push", "created", "yes", "created is not true or false"),
    "commits is a text": ("push", "commits", "x", "commits is not a list"),
    "a commit is null": ("push", "commits", [None], "an item of commits is not an object"),
    "a path is null": ("push", "commits", [{"added": [None]}], "a path is not text"),
    "action is a list": ("pull_request_opened", "action", [], "action is not text"),
    "no pull request": ("pull_request_opened", "pull_request", ..., "missing pull_request"),
    "number is true": ("pull_request_opened", "pull_request.number", True, "number is not a whole number"),
    "number is huge": ("pull_request_opened", "pull_request.number", 2**63, "number is out of range"),
    "number is negative": ("pull_request_opened", "pull_request.number", -1, "number is out of range"),
    "head is no branch": ("pull_request_opened", "pull_request.head.ref", "-x", "ref is not a ref"),
    "no base": ("pull_request_opened", "pull_request.base", None, "base is not an object"),
    "title is null": ("pull_request_opened", "pull_request.title", None, "title is not text"),
    "sha is zeros": ("status", "sha", "0" * 40, "sha is not a commit id"),
    "head_sha missing": ("check_suite_completed", "check_suite.head_sha", ..., "missing head_sha"),
    "pull requests are numbers": (
        "check_run_completed",
        "check_run.pull_requests",
        [1],
        "an item of pull_requests is not an object",
    ),
}


@pytest.mark.parametrize(("event", "path", "value", "reason"), BAD.values(), ids=BAD)
def test_a_body_of_the_wrong_shape_is_refused(event: str, path: str, value: object, reason: str) -> None:
    assert _read(event, path, value) == Rejected(400, reason)


def test_a_body_that_does_not_fit_the_named_event_is_refused() -> None:
    given = sample("ghcr_registry_package_published")
    request = Request({**given.request().headers, "X-GitHub-Event": "push"}, given.request().body)
    assert read(request, endpoint("github")) == Rejected(400, "missing ref")


def test_packages_come_to_the_same_endpoint_as_git_events() -> None:
    given = sample("ghcr_package_published")
    assert outcome(read(given.request(), endpoint("github"))) == given.expect


def test_free_text_can_be_stored_and_is_cut() -> None:
    (found,) = outcome(_read("pull_request_opened", "pull_request.title", "a\x00b\ud800c" + "x" * 5000))
    assert found["title"].startswith("a\ufffdb\ufffdcxxx")
    assert len(found["title"]) == 1000


def test_more_commits_than_a_push_lists_make_its_paths_incomplete() -> None:
    commits = [{"added": [f"file-{number}"]} for number in range(2048)]
    (found,) = outcome(_read("push", "commits", commits))
    assert (found["commits"], found["changed_paths_complete"]) == (2048, False)
    (found,) = outcome(_read("push", "commits", commits[:2047]))
    assert "changed_paths_complete" not in found


def test_what_can_be_long_is_cut_or_refused() -> None:
    assert _read("push", "commits", [{}] * 10_001) == Rejected(400, "commits is too long")
    many = [str(number) for number in range(6000)]
    commits = [{"added": many}, {"removed": [f"old/{path}" for path in many]}]
    (found,) = outcome(_read("push", "commits", commits))
    assert (len(found["changed_paths"]), found["changed_paths_complete"]) == (10_000, False)
    (found,) = outcome(_read("pull_request_edited", "changes", dict.fromkeys(many)))
    assert len(found["edited_fields"]) == 50


def test_an_absent_flag_is_false() -> None:
    (found,) = outcome(_read("pull_request_opened", "pull_request.draft", ...))
    assert found["draft"] is False


@pytest.mark.parametrize("raw_action", ["converted_to_draft", "assigned", "auto_merge_enabled", "dequeued"])
def test_every_other_action_is_an_edit(raw_action: str) -> None:
    (found,) = outcome(_read("pull_request_labeled", "action", raw_action))
    assert (found["action"], found["raw_action"]) == ("edited", raw_action)
    assert "edited_fields" not in found


@pytest.mark.parametrize("delivery", [None, "", "a b", "x" * 1000, "\u20ac"], ids=ascii)
def test_without_a_usable_delivery_id_the_body_is_the_key(delivery: str | None) -> None:
    request = sample("github_push").request()
    headers = {**request.headers, "X-GitHub-Delivery": delivery or ""}
    reading = read(Request(headers, request.body), endpoint("github"))
    assert isinstance(reading, Reading)
    assert reading.delivery_key == request.body_hash


def test_an_event_must_be_named() -> None:
    request = authentic("github", b"{}", headers={"Content-Type": "application/json"})
    assert read(request, endpoint("github")) == Rejected(400, "no X-GitHub-Event header")


def test_an_unknown_event_is_ignored_and_named_harmlessly() -> None:
    request = authentic("github", b"{}", headers={**HEADERS, "X-GitHub-Event": "<b>\n" + "x" * 1000})
    (found,) = outcome(read(request, endpoint("github")))
    assert found["kind"] == "ignored"
    assert found["reason"].startswith("event <b>\\nxxx")
    assert len(found["reason"]) < 100


def test_the_signature_of_a_form_covers_the_form() -> None:
    request = sample("github_push_form").request()
    resigned = {**request.headers, "X-Hub-Signature-256": signature(b"{}")}
    assert isinstance(read(request, endpoint("github")), Reading)
    assert read(Request(resigned, request.body), endpoint("github")) == Rejected(
        401, "signature does not match"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"a=1", "missing payload"),
        (b"payload={}&payload={}", "payload given twice"),
        (b"payload=%5B%5D", "body is not an object"),
        (b"payload=", "body is empty"),
    ],
)
def test_a_form_carries_exactly_one_payload(body: bytes, reason: str) -> None:
    headers = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert read(authentic("github", body, headers=headers), endpoint("github")) == Rejected(400, reason)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Encoding": " Identity "}, None),
        ({"Content-Type": "Application/JSON; charset=utf-8"}, None),
        ({"Content-Type": ""}, None),
    ],
)
def test_only_plain_json_and_forms_are_read(changed: dict[str, str], status: int | None) -> None:
    request = sample("github_push").request()
    reading = read(Request({**request.headers, **changed}, request.body), endpoint("github"))
    assert (reading.status if isinstance(reading, Rejected) else None) == status


def test_a_body_over_the_limit_is_refused_even_when_it_was_cut() -> None:
    request = Request({**HEADERS, "X-Hub-Signature-256": signature(b"x" * 1000)}, b"x" * 101)
    assert read(request, endpoint("github", body_limit=100)) == Rejected(413, "body too large")


@pytest.mark.parametrize("field", ["base_ref", "head_ref"])
@pytest.mark.parametrize("ref", ["main", "refs/heads/--upload-pack=id", "refs/heads/a..b", "refs/heads/a\nb"])
def test_a_merge_group_of_what_git_would_not_take_is_refused(field: str, ref: str) -> None:
    answer = _read("merge_group_checks_requested", f"merge_group.{field}", ref)
    assert answer == Rejected(400, "ref is not a ref")


def test_a_review_of_what_is_no_commit_is_refused() -> None:
    answer = _read("pull_request_review_submitted", "review.commit_id", "HEAD")
    assert answer == Rejected(400, "commit_id is not a commit id")
