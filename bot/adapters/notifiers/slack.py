"""Slack through slack_sdk: one thread per release, its first message kept up to date.

Slack has no key that makes a post happen once, so every message carries metadata that names it: after a
lost answer or a crash the channel is read before anything is posted again. A bot that may not read the
channel posts all the same, and may then repeat one line.

Rights that the bot needs: `chat:write`; to look first also `channels:history` and `channels:read` (public
channels) or `groups:history` and `groups:read` (private ones).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.adapters.cache import Cache
from bot.adapters.notifiers import mrkdwn
from bot.adapters.notifiers.slack_client import BoundedClient
from bot.domain.errors import Denied, Limited, NotFound, Refused, TagboatError, Unreachable
from bot.domain.notice import Notice

_TIMEOUT_SECONDS = 10
_PAGES = 3
_PAGE = 200
_CHANNEL_PAGE = 1000
_PAUSE = timedelta(seconds=30)
_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
_LINK = re.compile(r"https?://[^\s<>()\[\]|\\`\"]{4,500}", re.ASCII)
_MOST_LINKS = 1000
_CODE = re.compile(r"[a-z_]{1,60}")
_EVENT_TYPE = "tagboat"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_BAD_TOKENS = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "no_permission"}
    | {"missing_scope", "not_allowed_token_type", "ekm_access_denied", "org_login_required", "access_denied"}
)
_NO_CHANNEL = frozenset({"channel_not_found", "not_in_channel", "is_archived"})
_OUTAGES = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
_LIMITS = frozenset({"ratelimited", "rate_limited"})
_CANNOT_LOOK = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "thread_not_found"})
_GONE = frozenset({"message_not_found", "channel_not_found"})
_HEADLINE_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

_log = structlog.get_logger(__name__)


class SlackNotifier:
    """The port `Notifier` on one Slack channel, named `#deploys` or by its id.

    A message id is `CHANNEL_ID:TIMESTAMP`, so that a thread is found again when the channel is renamed.

    Raises:
        Refused: `base_url` would send the token over a connection that anyone can read.
    """

    def __init__(self, *, token: str, channel: str, base_url: str = "https://slack.com/api/") -> None:
        address = urlsplit(base_url)
        is_local = address.scheme == "http" and address.hostname in _LOOPBACK
        if address.scheme != "https" and not is_local:
            raise Refused("the Slack token is not sent over plain http", fix="give base_url as https://…")
        # No retry handler: the SDK's own would post again after a cut connection, and sleep on a limit.
        self._client = BoundedClient(
            token=token, base_url=base_url, timeout=_TIMEOUT_SECONDS, retry_handlers=[]
        )
        self._channel = channel
        self._links: Cache[str, str] = Cache(_MOST_LINKS)

    def __repr__(self) -> str:
        return f"SlackNotifier({self._channel})"

    def find(self, notice: Notice) -> str | None:
        """The first message of the notice's thread among the channel's latest, or None."""
        channel = self._channel_id()
        if channel is None:
            _log.warning("slack_channel_unknown", channel=self._channel)
            return None
        for message in self._messages(self._client.conversations_history, channel=channel):
            if _payload(message).get("thread") == notice.thread:
                return f"{channel}:{message['ts']}"
        return None

    def begin(self, notice: Notice) -> str:
        """Post the thread's first message and return its id."""
        answer = self._call(
            self._client.chat_postMessage,
            channel=self._channel,
            text=mrkdwn.escape(notice.headline),
            metadata=_metadata(thread=notice.thread),
            unfurl_links=False,
            unfurl_media=False,
        )
        channel, ts = answer.get("channel"), answer.get("ts")
        if not (isinstance(channel, str) and isinstance(ts, str)):
            raise Unreachable("Slack has a fault of its own", why="its answer does not name the message")
        return f"{channel}:{ts}"

    def permalink(self, thread: str) -> str | None:
        """The address of the thread's first message, asked for once: it never changes."""
        known = self._links.get(thread)
        if known is not None:
            return known
        channel, ts = _place(thread)
        answer = self._call(self._client.chat_getPermalink, _GONE, channel=channel, message_ts=ts)
        link = answer.get("permalink")
        if not (isinstance(link, str) and _LINK.fullmatch(link)):
            return None
        self._links.put(thread, link)
        return link

    def has_reply(self, thread: str, notice: Notice) -> bool:
        """Whether the thread shows this very notice."""
        channel, ts = _place(thread)
        replies = self._messages(self._client.conversations_replies, channel=channel, ts=ts)
        return any(_payload(message).get("key") == notice.key for message in replies)

    def reply(self, thread: str, notice: Notice) -> None:
        """Add the notice to the thread."""
        channel, ts = _place(thread)
        self._call(
            self._client.chat_postMessage,
            channel=channel,
            thread_ts=ts,
            text=mrkdwn.line(notice),
            metadata=_metadata(thread=notice.thread, key=notice.key),
            unfurl_links=False,
            unfurl_media=False,
        )

    def revise(self, thread: str, notice: Notice) -> None:
        """Change the first message; where a human deleted it there is nothing left to change."""
        channel, ts = _place(thread)
        answer = self._call(
            self._client.chat_update,
            _HEADLINE_GONE,
            channel=channel,
            ts=ts,
            text=mrkdwn.escape(notice.headline),
            metadata=_metadata(thread=notice.thread),
        )
        if not answer:
            _log.info("slack_headline_gone", channel=self._channel, thread=notice.thread)

    def _channel_id(self) -> str | None:
        """The id of the channel; reading, unlike posting, takes no name."""
        if _ID.fullmatch(self._channel):
            return self._channel
        name = self._channel.removeprefix("#")
        kinds = "public_channel,private_channel"
        channels = self._pages(
            self._client.conversations_list,
            "channels",
            types=kinds,
            exclude_archived=True,
            limit=_CHANNEL_PAGE,
        )
        return next((str(channel["id"]) for channel in channels if channel.get("name") == name), None)

    def _messages(self, method: Callable[..., Any], **arguments: str) -> Iterator[Mapping[str, Any]]:
        return self._pages(method, "messages", include_all_metadata=True, limit=_PAGE, **arguments)

    def _pages(self, method: Callable[..., Any], items: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        """The items of a few pages: far more than were posted since the try that is looked for."""
        cursor: str | None = None
        for _ in range(_PAGES):
            answer = self._call(method, _CANNOT_LOOK, cursor=cursor, **arguments)
            if not answer:
                _log.warning("slack_cannot_look", channel=self._channel)
                return
            yield from (item for item in answer.get(items) or () if isinstance(item, dict))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def _call(
        self, method: Callable[..., Any], tolerated: frozenset[str] = frozenset(), **arguments: Any
    ) -> Mapping[str, Any]:
        """Slack's answer; empty where it is one of the tolerated errors."""
        try:
            answer: Mapping[str, Any] = method(**arguments).data
        except _FAULTS as error:
            if _code(error) in tolerated:
                return {}
            raise self._translated(error) from error
        return answer

    def _translated(self, error: Exception) -> TagboatError:
        what, code = f"Slack did not take a message for {self._channel}", _code(error)
        if not isinstance(error, SlackApiError):
            return Unreachable("Slack does not answer", why=type(error).__name__)
        status = error.response.status_code
        if status == 429 or code in _LIMITS:
            return Limited("Slack asks to slow down", retry_after=_retry_after(error))
        if status >= 500 or code in _OUTAGES or not code:
            return Unreachable("Slack has a fault of its own", why=code or f"HTTP {status}")
        if code in _BAD_TOKENS:
            return Denied(what, why=code, fix="check the bot's token and its rights (chat:write)")
        if code in _NO_CHANNEL:
            return NotFound(
                what, why=code, fix="name a channel that exists and invite the bot there: /invite"
            )
        return Refused(what, why=code)


# Besides its own errors the SDK lets through those of urllib, and stumbles over JSON that is no object.
_FAULTS = (SlackClientError, OSError, HTTPException, ValueError, LookupError, AttributeError)


def _code(error: Exception) -> str:
    """Slack's word for the error, or nothing where the answer is none of Slack's."""
    data = error.response.data if isinstance(error, SlackApiError) else None
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _retry_after(error: SlackApiError) -> timedelta:
    text = str(error.response.headers.get("Retry-After", ""))
    return timedelta(seconds=int(text)) if re.fullmatch(r"[0-9]{1,5}", text) else _PAUSE


def _metadata(**payload: str) -> Mapping[str, Any]:
    return {"event_type": _EVENT_TYPE, "event_payload": payload}


def _payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != _EVENT_TYPE:
        return {}
    payload = metadata.get("event_payload")
    return payload if isinstance(payload, dict) else {}


def _place(thread: str) -> tuple[str, str]:
    channel, colon, ts = thread.partition(":")
    if not colon:
        raise Refused(f"{thread[:80]!r} is no message of Slack", why="it has no channel")
    return channel, ts
