"""The table of senders: which reader reads whose webhooks."""

from __future__ import annotations

from collections.abc import Mapping

from bot.webhooks import distribution, dockerhub, github
from bot.webhooks.reader import Endpoint, Reader, Reading, Rejected, Request

SENDERS: Mapping[str, Reader] = {
    "distribution": distribution.read,
    "dockerhub": dockerhub.read,
    "ghcr": github.read,
    "github": github.read,
}


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read a request with the reader of the endpoint's sender; raises KeyError for a sender that is none."""
    return SENDERS[endpoint.sender](request, endpoint)
