"""Amazon ECR: events of EventBridge, from an API destination, an input transformer or an SNS topic.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
What proves the sender is the header set on the connection, or a secret in the address. The host is made from
account and region. Nothing that a body names is ever requested: people confirm a subscription to a topic.
"""

from __future__ import annotations

import re

from bot.domain.fact import Fact, Ignored
from bot.webhooks import images
from bot.webhooks.auth import header_or_address
from bot.webhooks.body import Json, decode
from bot.webhooks.ecr_hosts import hosts
from bot.webhooks.fields import mapping, optional_clean_text, optional_text, text, word
from bot.webhooks.reader import (
    Endpoint,
    Reading,
    Rejected,
    Request,
    Unreadable,
    attempt,
    delivery_key,
    refuse_bounds,
)

_CONTENT_TYPES = frozenset({"application/json", "application/cloudevents+json"})
# SNS sends JSON as text.
_TOPIC_TYPES = frozenset({"text/plain", "application/json"})
_TOPIC = "x-amz-sns-message-type"
_PUSHES = {"ECR Image Action": "PUSH", "ECR Replication Action": "REPLICATE"}
_CLOUD_EVENT = re.compile(r"com\.amazon\.ecr\.(?:[a-z]+\.)*push(?:ed)?")
_SOURCE = re.compile(r"(?:urn|arn):aws[a-z-]{0,20}:ecr:(?P<region>[^:]*):(?P<account>[^:]*):.*")
_TOKEN = re.compile(r"[0-9a-zA-Z]{1,600}")
_TOPIC_NAME = re.compile(r"arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,30}:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event: the push of a tag, or its arrival by replication, is a fact; all else is ignored."""
    types = _TOPIC_TYPES if request.header(_TOPIC) else _CONTENT_TYPES
    return (
        header_or_address(request, endpoint)
        or refuse_bounds(request, endpoint, types)
        or attempt(_parse, request, endpoint)
    )


def _parse(request: Request, endpoint: Endpoint) -> Reading:
    body = decode(request.body)
    if "TopicArn" not in body:
        return Reading(delivery_key(optional_text(body, "id"), request), (_event_fact(body, endpoint),))
    key = delivery_key(optional_text(body, "MessageId"), request)
    return Reading(key, (_topic_fact(body, endpoint),))


def _topic_fact(body: Json, endpoint: Endpoint) -> Fact:
    kind = text(body, "Type")
    if kind == "SubscriptionConfirmation":
        return Ignored(reason=_to_confirm(body))
    if kind != "Notification":
        return Ignored(reason=f"message {word(kind)}")
    return _event_fact(decode(text(body, "Message").encode(errors="replace")), endpoint)


def _to_confirm(body: Json) -> str:
    """What the operator needs to confirm it: https://docs.aws.amazon.com/cli/latest/reference/sns/confirm-subscription.html"""
    topic, token = text(body, "TopicArn"), text(body, "Token")
    if not _TOPIC_NAME.fullmatch(topic) or not _TOKEN.fullmatch(token):
        raise Unreadable("subscription confirmation without a topic and a token")
    return f"confirm by hand: aws sns confirm-subscription --topic-arn {topic} --token {token}"


def _event_fact(body: Json, endpoint: Endpoint) -> Fact:
    if "specversion" in body:
        return cloud_event_fact(body, endpoint)
    wanted = _PUSHES.get(text(body, "detail-type"))
    if text(body, "source") != "aws.ecr" or wanted is None:
        return Ignored(reason="not a push event")
    detail = mapping(body, "detail")
    action, result = text(detail, "action-type"), text(detail, "result")
    if action != wanted:
        return Ignored(reason=f"action {word(action)}")
    if result != "SUCCESS":
        return Ignored(reason=f"result {word(result)}")
    names = hosts(account=text(body, "account"), region=text(body, "region"))
    return images.pushed(
        images.located_first(names, text(detail, "repository-name"), endpoint),
        optional_text(detail, "image-tag"),
        endpoint,
        digest_given=optional_text(detail, "image-digest"),
        media_type=optional_clean_text(detail, "manifest-media-type"),
    )


def cloud_event_fact(body: Json, endpoint: Endpoint) -> Fact:
    """The fact of an ECR event that an input transformer of EventBridge made a CloudEvent of.

    `repositoryName`, `imageTag`, `imageDigest` and `registryId` are in its data; subject and source stand in
    for the first two and for the last.
    """
    if not _CLOUD_EVENT.fullmatch(text(body, "type")):
        return Ignored(reason="not a push event")
    source = _SOURCE.fullmatch(text(body, "source"))
    if source is None:
        raise Unreadable("source is not a registry of ECR")
    data = mapping(body, "data")
    named, _, tagged = (optional_text(body, "subject") or "").partition(":")
    account = optional_text(data, "registryId") or source["account"]
    names = hosts(account=account, region=source["region"])
    return images.pushed(
        images.located_first(names, optional_text(data, "repositoryName") or named, endpoint),
        optional_text(data, "imageTag") or tagged or None,
        endpoint,
        digest_given=optional_text(data, "imageDigest"),
    )
