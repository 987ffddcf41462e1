"""Facts that come from a chat: what people typed and pressed, and the chat's own trial of an address.

They name people and places by the chat's ids. `response_url` and `trigger_id` let their holder answer for
some minutes: they are kept out of logs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven:
    """Somebody typed a command, such as `/tagboat status`; `text` is what follows it."""

    kind: ClassVar[str] = "slash_command"
    command: str
    text: str
    user_id: str
    user_name: str | None
    team_id: str | None
    channel_id: str | None
    response_url: str | None = field(repr=False)
    trigger_id: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pressed:
    """One thing that was pressed or chosen: `value` is the button's, or that of the chosen option."""

    action_id: str
    block_id: str | None
    type: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interacted:
    """Somebody used a message or a form; `message_ts` is the message's id in its channel."""

    kind: ClassVar[str] = "interaction"
    type: str
    user_id: str
    team_id: str | None
    channel_id: str | None
    message_ts: str | None
    response_url: str | None = field(repr=False)
    trigger_id: str | None = field(repr=False)
    actions: tuple[Pressed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenged:
    """The chat asks whether the address is ours: it is answered with the very text, and nothing is kept."""

    kind: ClassVar[str] = "challenge"
    challenge: str
