"""Proof: what shows who sent a delivery. A sender has at most a few; an endpoint is configured with one."""

from __future__ import annotations

from enum import StrEnum


class Proof(StrEnum):
    """How a delivery is known to come from its sender. There is no falling back from one to another."""

    SIGNATURE = "signature"
    """An HMAC over the raw body, by the sender's own scheme."""
    STANDARD = "standard"
    """The signature of Standard Webhooks, which holds for minutes: https://www.standardwebhooks.com"""
    TOKEN = "token"  # noqa: S105 - the word for it, no token
    """A header that the sender was told to send."""
    ADDRESS = "address"
    """A secret in the address, for senders that sign nothing and send no header."""
    IDENTITY = "identity"
    """A token that an identity provider signed for the sender's account and for this address."""
