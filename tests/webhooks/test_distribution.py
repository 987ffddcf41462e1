"""Distribution registries: poison is accepted from a known sender, and one event never harms another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.domain.image import ImageName
from bot.webhooks.reader import Reading, Rejected
from bot.webhooks.senders import read
from tests.webhooks.deliveries import authentic, endpoint, outcome, sample

TYPE = {"Content-Type": "application/vnd.docker.distribution.events.v2+json"}
WEB = ImageName("registry.example.com:5000", "library/web")


def _event(**changed: Any) -> dict[str, Any]:
    event: dict[str, Any] = sample("distribution_push_index").body["events"][0]
    return {**event, **changed}


def _target(**changed: Any) -> dict[str, Any]:
    target = {**_event()["target"], **changed}
    return {key: value for key, value in target.items() if value is not None}


def _read(body: object, **changed: Any) -> Reading | Rejected:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(authentic("distribution", raw, headers=TYPE), endpoint("distribution", **changed))


def _reason(event: object) -> str:
    reading = _read({"events": [event]})
    assert isinstance(reading, Rejected)
    assert reading.status == 202
    return reading.reason


BODIES = {
    "not JSON": (b"junk", "not JSON"),
    "no events": ({}, "missing events"),
    "events is null": ({"events": None}, "events is not a list"),
    "events is an object": ({"events": {}}, "events is not a list"),
    "an event is null": ({"events": [None]}, "event is not an object"),
    "too many events": ({"events": [{}] * 1001}, "too many events"),
    "too large": (b" " * 2**21, "body too large"),
}
EVENTS = {
    "no action": ({}, "missing action"),
    "action is a number": (_event(action=1), "action is not text"),
    "no target": ({"action": "push"}, "missing target"),
    "target is null": (_event(target=None), "target is not an object"),
    "media type is a list": (_event(target=_target(mediaType=[])), "mediaType is not text"),
    "no request": (_event(request={}), "missing request.host"),
    "host is null": (_event(request={"host": None}), "host is not text"),
    "host of the cloud": (
        _event(request={"host": "169.254.169.254"}),
        "registry host is not a configured registry",
    ),
    "host without its port": (
        _event(request={"host": "registry.example.com"}),
        "registry host is not a configured registry",
    ),
    "host is an address": (_event(request={"host": "http://[::1]/"}), "registry host is not valid"),
    "no repository": (_event(target=_target(repository=None)), "missing repository"),
    "repository in capitals": (
        _event(target=_target(repository="Team/App")),
        "repository is not a valid repository name",
    ),
    "tag is a digest": (_event(target=_target(tag="sha256:" + "a" * 64)), "tag is not a valid tag"),
    "tag is too long": (_event(target=_target(tag="1" * 129)), "tag is not a valid tag"),
    "tag is true": (_event(target=_target(tag=True)), "tag is not text"),
}


@pytest.mark.parametrize(("body", "reason"), BODIES.values(), ids=BODIES)
def test_a_poisoned_envelope_is_accepted_so_that_it_does_not_come_back(body: object, reason: str) -> None:
    assert _read(body) == Rejected(202, reason)


@pytest.mark.parametrize(("event", "reason"), EVENTS.values(), ids=EVENTS)
def test_a_poisoned_event_is_refused_with_a_reason(event: object, reason: str) -> None:
    assert _reason(event) == reason


@pytest.mark.parametrize(("event", "reason"), EVENTS.values(), ids=EVENTS)
def test_a_poisoned_event_leaves_the_others_of_its_envelope_alone(event: object, reason: str) -> None:
    found = outcome(_read({"events": [event, _event()]}))
    assert [each["kind"] for each in found] == ["ignored", "image_pushed"]
    assert found[0]["reason"] == reason


@pytest.mark.parametrize("action", ["pull", "mount", "delete", "proxy"])
def test_only_pushes_count_and_other_actions_are_not_looked_into(action: str) -> None:
    assert outcome(_read({"events": [{"action": action, "target": None}]})) == [
        {"kind": "ignored", "reason": f"action {action}"}
    ]


def test_an_action_is_shown_harmlessly() -> None:
    (found,) = outcome(_read({"events": [{"action": "\u202e\n<b>" + "x" * 1000}]}))
    assert found["reason"].startswith("action \\u202e\\n<b>xxx")
    assert len(found["reason"]) < 100


BLOBS = {
    "a blob": {"mediaType": "application/octet-stream"},
    "neither type nor tag": {"mediaType": "", "tag": None},
}


@pytest.mark.parametrize("target", BLOBS.values(), ids=BLOBS)
def test_what_is_no_manifest_is_ignored(target: dict[str, Any]) -> None:
    found = outcome(_read({"events": [_event(target=_target(**target))]}))
    assert found == [{"kind": "ignored", "reason": "not a manifest"}]


@pytest.mark.parametrize("media_type", ["", None])
def test_what_has_a_tag_is_a_manifest_even_where_its_type_is_left_out(media_type: str | None) -> None:
    (found,) = outcome(_read({"events": [_event(target=_target(mediaType=media_type))]}))
    assert (found["kind"], found["tag"]) == ("image_pushed", _event()["target"]["tag"])


def test_a_configured_registry_stands_for_the_inner_name_that_the_body_has() -> None:
    event = _event(request={"host": "registry.svc.cluster.local:5000"})
    (found,) = outcome(_read({"events": [event]}, registry="registry.example.com:5000"))
    assert found["registry"] == "registry.example.com:5000"


def test_the_default_port_of_a_host_does_not_count() -> None:
    event = _event(request={"host": "Registry.Example.com:443"})
    (found,) = outcome(_read({"events": [event]}, registries=frozenset({"registry.example.com"})))
    assert found["registry"] == "registry.example.com"


def test_a_letter_that_only_looks_like_another_in_lower_case_makes_no_host() -> None:
    event = _event(request={"host": "\u212aube.example.com"})
    reading = _read({"events": [event]}, registries=frozenset({"kube.example.com"}))
    assert reading == Rejected(202, "registry host is not valid")


@pytest.mark.parametrize(
    ("images", "kind"),
    [(None, "image_pushed"), (frozenset({WEB}), "image_pushed"), (frozenset(), "ignored")],
    ids=["all are watched", "this one is watched", "it is not watched"],
)
def test_an_image_that_nobody_watches_is_ignored(images: frozenset[ImageName] | None, kind: str) -> None:
    (found,) = outcome(_read({"events": [_event()]}, images=images))
    assert (found["kind"], found["repository"]) == (kind, "library/web")


def _key(*ids: object) -> str:
    reading = _read({"events": [_event(id=each) for each in ids]})
    assert isinstance(reading, Reading)
    return reading.delivery_key


def test_the_delivery_key_is_made_of_the_ids_of_all_events() -> None:
    assert _key("one") == "one"
    keys = [_key("one"), _key("two"), _key("one", "two"), _key("two", "one"), _key("one", "two", "three")]
    assert len(set(keys)) == len(keys)
    assert _key("one", "two") == _key("one", "two")


@pytest.mark.parametrize("bad", [None, 1, "", "a b", "x" * 1000, ["one"], "\ud800"], ids=ascii)
def test_without_usable_ids_the_body_is_the_key(bad: object) -> None:
    assert _key(bad).startswith("sha256:")
    assert _key("one", bad).startswith("sha256:")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml"])
def test_another_content_type_is_not_read(content_type: str) -> None:
    request = authentic("distribution", b'{"events": []}', headers={"Content-Type": content_type})
    assert read(request, endpoint("distribution")) == Rejected(202, "content type not accepted")
