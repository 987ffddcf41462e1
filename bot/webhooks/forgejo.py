"""Forgejo: the bodies of Gitea under headers of its own name, beside the old ones.

https://forgejo.org/docs/latest/user/webhooks/
"""

from __future__ import annotations

from bot.webhooks import gitea
from bot.webhooks.reader import Endpoint, Reading, Rejected, Request

_FORGEJO = gitea.Dialect("forgejo", ("Forgejo", "Gitea", "Gogs"))


def read(request: Request, endpoint: Endpoint) -> Reading | Rejected:
    """Read one event, sent as JSON or as a form."""
    return gitea.read(request, endpoint, dialect=_FORGEJO)
